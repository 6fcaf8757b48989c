# SPDX-License-Identifier: Apache-2.0
"""Asks cloister-engine as cloisterd does: several users at once, over the inherited socket
(docs/formats/wire.md)."""
import os
import pathlib
import random
import re
import select
import socket
import statistics
import struct
import subprocess
import time

WORDS_OF_THE_WIRE = pathlib.Path(__file__).parents[2] / "inference/wire/messages.h"
# What is sent and read here has been the same in every version so far.
VERSION = int(re.search(r"kVersion = (\d+);", WORDS_OF_THE_WIRE.read_text()).group(1))
GENERATE, COUNT = 1, 2
READY, TOKEN, FINISHED, COUNTED, FAILED = 65, 67, 68, 69, 70
PATIENCE = 900 # seconds without a word: it hangs
WORDS = ("patient reports chest pain after walking uphill; potassium was measured again, ward round "
         "noted fever overnight, blood pressure stable, insulin adjusted, wound dry, discharge planned "
         "follow up in clinic with cardiology and the family agreed to continue treatment").split()


def text(value):
    raw = value.encode()
    return struct.pack("<I", len(raw)) + raw


class Engine:
    def __init__(self, program, model, threads):
        ours, theirs = socket.socketpair()
        file = os.open(model.path, os.O_RDONLY)
        self.socket, self.buffer, self.next_id = ours, b"", 1
        self.never = model.end_of_turn # with this biased away an answer ends by its limit alone
        self.random = random.Random()
        self.process = subprocess.Popen(
            [str(program), f"socket={theirs.fileno()}", f"threads={threads}",
             "processors=" + ",".join(map(str, sorted(os.sched_getaffinity(0))[:threads])),
             f"decode-threads={threads}", f"prefill-threads={threads}", f"answer={file}"],
            pass_fds=(theirs.fileno(), file), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        theirs.close()
        os.close(file)
        if self.event()[0] != READY:
            raise RuntimeError("cloister-engine refused the model")

    def end(self):
        self.socket.close()
        self.process.wait()

    def send(self, kind, fields):
        frame = struct.pack("<BB", VERSION, kind) + fields
        self.socket.sendall(struct.pack("<I", len(frame)) + frame)

    def event(self):
        """(type, id, when)."""
        while True:
            if len(self.buffer) >= 4:
                length, = struct.unpack_from("<I", self.buffer)
                if len(self.buffer) >= 4 + length:
                    frame, self.buffer = self.buffer[4:4 + length], self.buffer[4 + length:]
                    self.frame = frame
                    number = 0 if frame[1] == READY else struct.unpack_from("<Q", frame, 2)[0]
                    if frame[1] == FAILED:
                        raise RuntimeError(f"cloister-engine failed a request with code {frame[10]}")
                    return frame[1], number, time.monotonic()
            if not select.select([self.socket], [], [], PATIENCE)[0]:
                raise RuntimeError("cloister-engine is silent")
            more = self.socket.recv(1 << 16)
            if not more:
                raise RuntimeError("cloister-engine ended")
            self.buffer += more

    def turns(self, prompt):
        return struct.pack("<I", 1) + b"\x01" + text(prompt)

    def generate(self, user, prompt, tokens):
        number, self.next_id = self.next_id, self.next_id + 1
        sampling = struct.pack("<fIfQffffI", 0.0, 0, 1.0, 0, 0.0, 1.0, 0.0, 0.0, 0)
        sampling += struct.pack("<IifBI", 1, self.never, -100.0, 0, 0)
        constraint = b"\x00" + text("") + struct.pack("<I", 0)
        self.send(GENERATE, struct.pack("<QQQ", number, user, user) + self.turns(prompt) +
                  struct.pack("<I", 0) + sampling + struct.pack("<II", tokens, 0) + constraint)
        return number

    def count(self, prompt):
        self.send(COUNT, struct.pack("<Q", 0) + self.turns(prompt))
        while self.event()[0] != COUNTED:
            pass
        return struct.unpack_from("<I", self.frame, 10)[0]

    def words(self, tokens):
        """A fresh text of about so many tokens; the first word is a number nobody else has."""
        words = [str(self.random.getrandbits(40)), *self.random.choices(WORDS, k=tokens)]
        # The words have hardly more than a token each.
        counted = self.count(" ".join(words))
        return " ".join(words[:max(2, len(words) * tokens // counted)])

    def first_token(self, user, prompt):
        """Seconds until the first token of a prompt that is alone."""
        start = time.monotonic()
        self.generate(user, prompt, 1)
        while True:
            kind, _, when = self.event()
            if kind == TOKEN:
                first = when - start
            if kind == FINISHED:
                return first


def chart_among_users(engine, users, tokens):
    """(99th percentile of the users' gaps in seconds, seconds of the chart, the same alone)."""
    alone = engine.first_token(90, engine.words(tokens))
    prompts = [engine.words(256) for _ in range(users)]
    chart = engine.words(tokens)
    # Long enough to last: none may end before the chart has been read.
    last = {engine.generate(n + 1, prompt, 6000): None for n, prompt in enumerate(prompts)}
    while any(when is None for when in last.values()):
        kind, number, when = engine.event()
        if kind == TOKEN:
            last[number] = when
    start = time.monotonic()
    arrived, gaps = engine.generate(91, chart, 1), []
    while True:
        kind, number, when = engine.event()
        if kind != TOKEN:
            continue
        if number == arrived:
            break
        gaps.append(when - last[number])
        last[number] = when
    # Whoever waits while the chart gets its first token has a gap, too.
    gaps += [when - since for since in last.values()]
    # Of fewer than 99 gaps the percentile would be drawn beyond the longest.
    return min(statistics.quantiles(gaps, n=100)[98], max(gaps)), when - start, alone


def read_before(engine, tokens, share):
    """Seconds to the first token of a prompt of which @p share was read for the same user; cold."""
    known = engine.words(tokens * share // 100)
    cold = engine.first_token(95, known + " " + engine.words(tokens - tokens * share // 100))
    warm = engine.first_token(95, known + " " + engine.words(tokens - tokens * share // 100))
    return warm, cold
