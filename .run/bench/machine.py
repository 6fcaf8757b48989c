# SPDX-License-Identifier: Apache-2.0
"""What the machine does beside us, and how programs are run."""
import json
import os
import subprocess
import time

MOST_STOLEN = 0.01  # of the cores' time, while one figure is taken
TRIES = 4


def cpu_times():
    """(stolen, all) in ticks since the machine started."""
    with open("/proc/stat") as stat:
        numbers = [int(word) for word in stat.readline().split()[1:9]]
    return numbers[7], sum(numbers)


def steadily(take):
    """The result of take(), again where the host took the cores away meanwhile; and the share that
    was stolen of the one that counts."""
    best, least = None, None
    for _ in range(TRIES):
        stolen, total = cpu_times()
        result = take()
        after, end = cpu_times()
        share = (after - stolen) / max(1, end - total)
        if least is None or share < least:
            best, least = result, share
        if share <= MOST_STOLEN:
            break
    return best, least


def run(command, **more):
    """Standard output of a program, or an exception with its last words."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, **more)
    if done.returncode != 0:
        words = (done.stderr.strip() or "no word").splitlines()
        raise RuntimeError(f"{os.path.basename(command[0])} ended with {done.returncode}: {words[-1]}")
    return done.stdout


def resident(command):
    """Runs a program; (most bytes that were resident, as VmHWM tells; seconds)."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    return usage.ru_maxrss * 1024, time.monotonic() - start


class Talker:
    """A program that answers every line of JSON by a line "ANSWER {…}"."""

    def __init__(self, command, environment):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True,
                                        env=os.environ | environment)

    def ask(self, question):
        try:
            self.process.stdin.write(json.dumps(question) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass # it is gone: the loop below ends at once
        for line in self.process.stdout:
            if line.startswith("ANSWER "):
                return json.loads(line[7:])
        raise RuntimeError(f"it ended with {self.process.wait()}")

    def end(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()
