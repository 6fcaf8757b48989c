# SPDX-License-Identifier: Apache-2.0
"""llama-server with several users at once, over a socket of its own."""
import json
import os
import random
import subprocess
import tempfile
import threading
import time

from unix_http import Connection

PATIENCE = 300 # seconds


class LlamaServer:
    def __init__(self, command):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "llama.sock") # the ending tells it what it is
        self.process = subprocess.Popen([*command, "--host", self.path, "--cache-ram", "0"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > end:
                self.end()
                raise RuntimeError(f"llama-server did not start ({self.process.returncode})")
            time.sleep(0.1)

    def ready(self):
        try:
            connection = Connection(self.path, PATIENCE)
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except OSError:
            return False

    def one(self, prompt, limit, times, stop):
        """One user: appends the moment of every token."""
        connection = Connection(self.path, PATIENCE)
        connection.request("POST", "/completion", json.dumps(
            {"prompt": prompt, "n_predict": limit, "stream": True, "ignore_eos": True,
             "cache_prompt": False, "temperature": 0}), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        for line in answer:
            if stop.is_set():
                break
            if line.startswith(b"data: "):
                chunk = json.loads(line[6:])
                times += [time.monotonic()] * len(chunk.get("tokens") or [0])
        connection.close()

    def speed(self, users, depth, tokens, vocabulary):
        """Tokens per second of all, counted only while every one of them generates."""
        stop = threading.Event()
        times = [[] for _ in range(users)]
        threads = []
        for mine in times:
            prompt = [random.randrange(vocabulary - 300) for _ in range(depth)]
            threads.append(threading.Thread(target=self.one, args=(prompt, tokens + depth, mine, stop),
                                            daemon=True))
        for thread in threads:
            thread.start()
        end = time.monotonic() + PATIENCE
        started = None
        while time.monotonic() < end and any(thread.is_alive() for thread in threads):
            time.sleep(0.02)
            if started is None and all(times):
                started = max(mine[0] for mine in times)
            if started and sum(when > started for mine in times for when in mine) >= users * tokens:
                break
        stop.set()
        if not started:
            raise RuntimeError("llama-server gave no tokens")
        counted = sorted(when for mine in list(times) for when in list(mine) if when > started)
        if len(counted) < users * tokens:
            raise RuntimeError(f"llama-server gave {len(counted)} tokens of {users * tokens}")
        return users * tokens / (counted[users * tokens - 1] - started)

    def end(self):
        self.process.kill() # asked to end it would first answer everybody
        self.process.wait()
        self.folder.cleanup()
