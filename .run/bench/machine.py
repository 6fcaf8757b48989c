# SPDX-License-Identifier: Apache-2.0
"""What the machine does beside us, and how programs are run."""
import json
import os
import subprocess
import threading
import time

MOST_STOLEN = 0.01  # of the cores' time, while one figure is taken
TRIES = 4
PATIENCE = 900 # seconds; a program that takes longer hangs


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
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PATIENCE, **more)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"{os.path.basename(command[0])} did not end") from None
    if done.returncode != 0:
        words = (done.stderr.strip() or "no word").splitlines()
        raise RuntimeError(f"{os.path.basename(command[0])} ended with {done.returncode}: {words[-1]}")
    return done.stdout


class Started:
    """A program whose first byte of output is waited for."""

    def __init__(self, command):
        self.name = command[0]
        start = time.monotonic()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        os.read(self.process.stdout.fileno(), 1)
        self.seconds = time.monotonic() - start

    def ended(self):
        """(seconds to the first byte, most bytes that were resident, as VmHWM tells)"""
        self.process.stdout.read()
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.process.stdout.close()
        if self.process.returncode != 0:
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}")
        return self.seconds, usage.ru_maxrss * 1024


class Talker:
    """A program that answers every line of JSON by a line "ANSWER {…}"."""

    def __init__(self, command, environment):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True,
                                        env=os.environ | environment)

    def ask(self, question):
        # One that hangs is ended, which ends the loop below.
        watch = threading.Timer(PATIENCE, self.process.kill)
        watch.start()
        try:
            self.process.stdin.write(json.dumps(question) + "\n")
            self.process.stdin.flush()
            for line in self.process.stdout:
                if line.startswith("ANSWER "):
                    return json.loads(line[7:])
        except BrokenPipeError:
            pass # it is gone
        finally:
            watch.cancel()
        raise RuntimeError(f"it ended with {self.process.wait()}")

    def end(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
