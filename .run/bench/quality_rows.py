# SPDX-License-Identifier: Apache-2.0
"""The rows of quality: what quality.py found for each model and text, and whether that is good enough."""
import json
import math
import os
import pathlib
import subprocess
import sys

from shapes import USUAL, short

HERE = pathlib.Path(__file__).parent
DEFAULT = "f16-int8"
MEAN, WORST, TAIL, LOST = 1.25, 1.5, 2, 1
BAR = (f"mean KL over the files at most {MEAN}x llama.cpp's, each {WORST}x, p99 {TAIL}x, same first choice "
       f"at most {LOST} point lower")
PATIENCE = 1800 # seconds


def note(model):
    """The text of which the reference's distribution is known."""
    return {"kind": "quality", "id": f"{short(model)}/quality", "model": model, "text": "note",
            "modes": (*USUAL, "quality"), "minutes": 1}


def own(model):
    """At least 4,096 tokens of our documents."""
    return {"kind": "quality", "id": f"{short(model)}/quality-own", "model": model, "text": "own",
            "modes": (*USUAL, "quality"), "minutes": 8}


def measure(desk, row, model):
    done = subprocess.run(
        [sys.executable, str(HERE / "quality.py"), str(desk.checkout), desk.ours.program,
         str(desk.ours.threads), str(model.path), row["text"], str(desk.llama.root)],
        capture_output=True, text=True, timeout=PATIENCE,
        env=os.environ | {"PYTHONPATH": str(desk.packages)})
    entries = [json.loads(line) | {"model": model.name} for line in done.stdout.splitlines()]
    if done.returncode != 0 or not entries:
        raise RuntimeError((done.stderr.splitlines() or ["no figure"])[-1])
    return {"entries": entries, "met": good_alone(entries)}


def good_alone(entries):
    """Of the default kind, what one file can show of the bar; None where there is no peer."""
    of = [entry for entry in entries if entry["kv"] == DEFAULT and "ratio" in entry]
    if not of:
        return None
    return all(entry["ratio"] <= WORST and entry["p99"] <= TAIL * entry["peer_p99"] for entry in of)


def seen_text(result):
    words = []
    for entry in result["entries"]:
        if entry["kv"] == DEFAULT:
            ratio = f" ({entry['ratio']:.2f}x)" if "ratio" in entry else " (no peer figure)"
            words.append(f"{entry['kind']} rows KL {entry['mean']:.5f}{ratio}, p99 {entry['p99']:.4f}, same "
                         f"{entry['same']:.1%}")
    return "; ".join(words)


def entries(results):
    return [entry for result in results for entry in result.get("entries", [])]


def verdicts(results):
    """The bar over all files, for each kind of rows and of keys and values."""
    words = [f"{result['id']}: not seen: {result['failed']}" for result in results if "failed" in result]
    rows = [entry for entry in entries(results) if "ratio" in entry]
    for text in dict.fromkeys(entry["text"] for entry in rows):
        for kv in dict.fromkeys(entry["kv"] for entry in rows):
            for kind in dict.fromkeys(entry["kind"] for entry in rows):
                of = [entry for entry in rows
                      if (entry["text"], entry["kv"], entry["kind"]) == (text, kv, kind)]
                if of:
                    words.append(f"{text}, {kind} rows, KV {kv}, {len(of)} files: {verdict(of)}")
    return words


def verdict(of):
    """Over the files of one text, pooled where the bar pools."""
    mean = math.exp(sum(math.log(entry["ratio"]) for entry in of) / len(of))
    worst = max(entry["ratio"] for entry in of)
    tail = max(entry["p99"] / entry["peer_p99"] for entry in of)
    positions = sum(entry["positions"] for entry in of)
    lost = 100 * sum((entry["peer_same"] - entry["same"]) * entry["positions"] for entry in of) / positions
    met = mean <= MEAN and worst <= WORST and tail <= TAIL and lost <= LOST
    return (f"mean KL {mean:.2f}x llama.cpp's (bar {MEAN}), worst file {worst:.2f}x ({WORST}), p99 at most "
            f"{tail:.2f}x ({TAIL}), same first choice {lost:+.2f} points lost ({LOST}): "
            f"{'met' if met else 'missed'}")
