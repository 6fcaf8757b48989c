# SPDX-License-Identifier: Apache-2.0
"""The rows that compare the engine with itself or with a fixed figure: no peers."""
import json
import multiprocessing
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import tempfile

import loss
from engines import NotYet
from machine import Started, steadily
from shapes import ALL, HALF_A_MINUTE, LARGE, MEDIUM, SMALL, USUAL, short
from ward import Engine, chart_among_users, read_before

MEGABYTE = 10 ** 6
PROMPTS = pathlib.Path(__file__).parent / "prompts"  # made up; answers quote them, or don't
# About 20 tokens.
PROMPT = "The patient was admitted with chest pain and shortness of breath. Potassium was 5.1 this morning."
HOURS = 2 * 3600 # longer than all answers take on a slow machine
LONG_ANSWER = 100 # tokens; a shorter one says little of its speed


def alone(name, model, label, bar, take, minutes, modes=ALL, most=None):
    return {"kind": "alone", "id": f"{short(model)}/{name}", "model": model, "label": label, "bar": bar,
            "take": take, "minutes": minutes, "modes": modes, "most": most}


ALL_PROMPTS = 30 # of each kind


def seen(text, met, **more):
    return {"value": text, "met": met} | more


def generate(ours, model, folder, tokens):
    """The command that continues PROMPT; packed, where the program takes a folder for packs."""
    prompt = pathlib.Path(folder) / "prompt.txt"
    prompt.write_text(PROMPT)
    more = ["--pack-folder", folder] if "--pack-folder " in ours.help else []
    return [ours.program, "generate", str(model.path), "--prompt-file", str(prompt), "--max-tokens",
            str(tokens), "--threads", str(ours.threads), *more]


def starts(desk, model, count, tokens):
    """The first start and @p count more: [(seconds to the first token, VmHWM)]."""
    with tempfile.TemporaryDirectory(dir=desk.checkout / "build") as folder:
        command = generate(desk.ours, model, folder, tokens)
        return [Started(command).ended() for _ in range(1 + count)]


def packed(desk):
    return "" if "--pack-folder " in desk.ours.help else " (cloister-model takes no pack)"


def memory(desk, model, count):
    """VmHWM of the first and the second start."""
    tokens = 16
    peaks = [peak for _, peak in starts(desk, model, 1, tokens)]
    kv = model.kv_bytes(64 + tokens, desk.ours.kv)
    most = 1.1 * model.file_bytes() + kv + 150 * MEGABYTE
    text = " / ".join(f"{peak / MEGABYTE:,.0f}" for peak in peaks)
    return seen(f"{text} MB, at most {most / MEGABYTE:,.0f}{packed(desk)}", max(peaks) <= most,
                figures=peaks)


def start(desk, model, count):
    """Process start to the first token; everything is in the page cache after the first start."""
    first, *later = (seconds for seconds, _ in starts(desk, model, count, 1))
    seconds = statistics.median(later)
    return seen(f"{seconds:.2f} s (first start {first:.2f} s){packed(desk)}", seconds <= 0.5,
                figures=later)


def spin(core, told):
    """Another program: as much of one core as it gets. Tells its share of the time on a word."""
    os.sched_setaffinity(0, {core})
    told.send("begun")
    while not told.poll():
        for _ in range(100_000):
            pass
    usage = resource.getrusage(resource.RUSAGE_SELF)
    told.send(usage.ru_utime + usage.ru_stime)


def half_core(desk, model, count):
    """Decode beside a program of the same priority that never rests and may use one core only, so
    that the kernel gives it half of that core; against decode alone, by turns."""
    shape = {"what": "decode", "depth": 0, "tokens": 96}
    take = lambda: desk.ours.measure(model, shape, None)
    ratios = []
    for _ in range(count):
        idle, _ = steadily(take)
        ours, theirs = multiprocessing.Pipe()
        other = multiprocessing.Process(target=spin, args=(max(os.sched_getaffinity(0)), theirs),
                                        daemon=True)
        other.start()
        try:
            ours.recv()
            ratios.append(take() / idle)
        finally:
            ours.send("end")
            other.join(5)
            other.kill()
    share = statistics.median(ratios)
    return seen(f"{share:.0%} of idle", share >= 0.6, figures=ratios)


def on_engine(desk, model, count, take):
    """@p take of a fresh engine, as often as there are rounds."""
    results = []
    for _ in range(count):
        engine = Engine(pathlib.Path(desk.ours.program).with_name("cloister-engine"), model,
                        desk.ours.threads)
        try:
            results.append(take(engine))
        finally:
            engine.end()
    return results


def ward(desk, model, count):
    """A long chart arrives while 4 users decode."""
    taken = on_engine(desk, model, count, lambda engine: chart_among_users(engine, 4, 8192))
    gap = statistics.median(gap for gap, _, _ in taken)
    slower = statistics.median(chart / alone for _, chart, alone in taken)
    most = max(gap for gap, _, _ in taken)
    return seen(f"p99 gap {1000 * gap:.0f} ms (worst round {1000 * most:.0f}), chart {slower:.2f}x alone",
                gap <= 0.12 and slower <= 1.6, figures=taken)


def prefix(desk, model, count):
    """A prompt of which 90 % was read before, for the same user and patient."""
    taken = on_engine(desk, model, count, lambda engine: read_before(engine, 2000, 90))
    share = statistics.median(warm / cold for warm, cold in taken)
    warm, cold = taken[-1]
    return seen(f"{share:.1%} of the cold time (last: {warm:.2f} of {cold:.2f} s)", share <= 0.15,
                figures=taken)


def drafted(desk, model, count):
    """Guesses of a smaller model of the same vocabulary, too."""
    if "--draft " not in desk.ours.help:
        raise NotYet("cloister-model guesses takes no draft model")
    return guesses(desk, model, count, "--draft", str(desk.models[MEDIUM].path))


def guesses(desk, model, count, *options):
    """Answers with guessed tokens against the same answers without, by turns."""
    # All of them take more than half an hour.
    most = 2 if desk.mode == "quick" else 5 if desk.args.within else ALL_PROMPTS
    repeat = 1 if desk.mode == "quick" else 3
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("quote", "free"):
            for file in sorted(PROMPTS.glob(f"{kind}-*.txt"))[:most]:
                shutil.copy(file, folder)
        out = subprocess.run(
            [desk.ours.program, "guesses", str(model.path), "--prompts", folder, "--repeat",
             str(repeat), "--threads", str(desk.ours.threads), "--json", *options], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, timeout=HOURS)
    # What it said before it ended is still worth something, but for a line that it did not end.
    answers = [json.loads(line) for line in out.stdout.rpartition("\n")[0].splitlines()]
    long = [answer for answer in answers if answer["tokens"] >= LONG_ANSWER]
    quoting, free = ([answer["ratio"] for answer in long if answer["question"].startswith(kind)]
                     for kind in ("quote", "free"))
    if out.returncode != 0:
        raise RuntimeError(f"after {len(answers)} answers: " + (out.stderr.splitlines() or ["?"])[-1])
    if not quoting or not free:
        raise RuntimeError(f"no answer of {LONG_ANSWER} tokens")
    # Some of the prompts can show that the bar is missed, not that it is met.
    good = statistics.median(quoting) >= 1.3 and min(free) >= 0.97
    return seen(f"{len(quoting)} that quote: median {statistics.median(quoting):.2f}x (least "
                f"{min(quoting):.2f}x); {len(free)} that don't: least {min(free):.2f}x, median "
                f"{statistics.median(free):.2f}x", good if most == ALL_PROMPTS or not good else None,
                figures=answers)


WARD = alone("ward", LARGE, "8,192 tokens arrive while 4 users decode",
             "p99 gap at most 120 ms, chart at most 1.6x alone", ward, 6, most=HALF_A_MINUTE)
PREFIX = alone("prefix", LARGE, "prompt of 2,000 tokens, 90 % read before",
               "first token in at most 15 % of the cold time", prefix, 1.5, most=HALF_A_MINUTE)
GUESSES = alone("guesses", LARGE, "guessed tokens, answers of 100 tokens and more",
                "at least 1.3x where they quote, never below 0.97x", guesses, 10)
DRAFTED = alone("draft", LARGE, "the same with drafts of the 0.5B Q4_K_M file",
                "at least 1.3x where they quote, never below 0.97x", drafted, 10, USUAL)
STARTS = [alone("start", model, "second start to first token of 20 tokens",
                "at most 0.5 s with the pack", start, 0.5) for model in (LARGE, SMALL)]
MEMORIES = [alone("memory", model, "VmHWM, first / second start",
                  "at most weights + keys and values + 10 % + 150 MB", memory, 0.3)
            for model in (LARGE, SMALL)]
HALF_CORE = alone("half-core", LARGE, "decode 96, one core half taken", "at least 60 % of idle",
                  half_core, 2)
SOCKET = alone("socket", LARGE, "one client through cloisterd's socket", "at most 3 % loss",
               loss.through_the_socket, 3, USUAL)
