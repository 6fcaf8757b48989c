# SPDX-License-Identifier: Apache-2.0
"""The bars that compare the engine with itself or with a fixed figure."""
import multiprocessing
import os
import pathlib
import statistics
import tempfile

from engines import NotYet
from machine import resident, steadily

MEBIBYTE = 1 << 20
PROMPT = ("The patient was admitted with chest pain and shortness of breath. Potassium was 5.1 this "
          "morning. ")


def row(model, label, text, met, bar, depth="", note=""):
    return {"model": model.name, "label": label, "value": text, "met": met, "bar": bar,
            "depth": depth, "note": note}


def generate(ours, model, folder, tokens):
    prompt = pathlib.Path(folder) / "prompt.txt"
    prompt.write_text(PROMPT[:90])
    return [ours.program, "generate", str(model.path), "--prompt-file", str(prompt), "--max-tokens",
            str(tokens), "--threads", str(ours.threads)]


def memory(ours, model):
    """VmHWM of the first and the second start; the context that generate takes is small."""
    most = 1.1 * model.file_bytes() + 150 * MEBIBYTE
    with tempfile.TemporaryDirectory() as folder:
        peaks = [resident(generate(ours, model, folder, 16))[0] for _ in range(2)]
    text = " / ".join(f"{peak / MEBIBYTE:,.0f}" for peak in peaks)
    return row(model, "resident memory, first / second start",
               f"{text} MiB (weights {model.file_bytes() / MEBIBYTE:,.0f})", max(peaks) <= most,
               f"at most weights + keys and values + 10 % + 150 MiB = {most / MEBIBYTE:,.0f} MiB")


def start(ours, model, rounds):
    """Process start to first token; everything is in the page cache after the first."""
    with tempfile.TemporaryDirectory() as folder:
        command = generate(ours, model, folder, 1)
        resident(command)
        seconds = statistics.median(resident(command)[1] for _ in range(rounds))
    return row(model, "start to first token of 20 tokens", f"{seconds:.2f} s", seconds <= 0.5,
               "at most 0.5 s with the pack")


def spin(core):
    os.sched_setaffinity(0, {core})
    while True:
        pass


def half_core(ours, model, rounds):
    """Decode while another program takes its half of one core, against decode alone."""
    shape = {"what": "decode", "depth": 0, "tokens": 32}
    ratios = []
    for _ in range(rounds):
        idle, _ = steadily(lambda: ours.measure(model, shape, None))
        other = multiprocessing.Process(target=spin, args=(max(os.sched_getaffinity(0)),), daemon=True)
        other.start()
        try:
            busy = ours.measure(model, shape, None)
        finally:
            other.kill()
            other.join()
        ratios.append(busy / idle)
    share = statistics.median(ratios)
    return row(model, "decode, one core half taken", f"{share:.0%} of idle", share >= 0.6,
               "at least 60 % of idle", 0)


# What the engine or its programs can't be asked for: the label, the bar.
NOT_YET = [("8,192 tokens arrive while 4 users decode", "p99 gap at most 120 ms, chart at most 1.6x alone"),
           ("prompt of 2,000 tokens, 90 % read before", "first token in at most 15 % of the cold time"),
           ("speculation on 30 + 30 committed prompts", "at least 1.3x / never below 0.97x"),
           ("through cloisterd's socket", "at most 3 % loss")]


def all_of(ours, small, large, mode, say):
    rounds = 3 if mode == "quick" else 5
    rows = []

    def add(text, take):
        say(text)
        try:
            taken = take()
            rows.extend(taken if isinstance(taken, list) else [taken])
        except (NotYet, RuntimeError) as reason:
            rows.append(row(large, text, "not yet", None, "", note=str(reason)))

    for model in (small, large):
        add(f"{model.name}: memory", lambda model=model: memory(ours, model))
        add(f"{model.name}: start", lambda model=model: start(ours, model, rounds))
    add("half a core taken", lambda: half_core(ours, large, rounds))
    return rows + [row(large, label, "not yet", None, bar) for label, bar in NOT_YET]
