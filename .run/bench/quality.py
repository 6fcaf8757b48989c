#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How far the engine's distributions are from the float32 reference, beside llama.cpp's distance
(../shared/data/real/README.md), and from its own --exact on our documents. Wants numpy, which the rest
of the bench does not: a program of its own, called by quality_rows.py.

usage: quality.py CHECKOUT PROGRAM THREADS MODEL note|own ROOT

ROOT: llama.cpp's. Prints one line of JSON for each kind of rows and of keys and values.
"""
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

import peer_quality

TOP = 128
POSITION = np.dtype([("log_sum", "<f4"), ("ids", "<u4", TOP), ("logits", "<f4", TOP)])
KINDS = ("prompt", "generated")
OWN_TOKENS = 4224
BLOCK = 256 # positions at a time: a row of logits is up to 1 MB


def own_text(checkout):
    """Our documents, the same ones in the same order; longer than any model needs for its tokens."""
    files = [checkout / "README.md", *sorted((checkout / "docs/user").glob("*.md")),
             *sorted((checkout / "docs/formats").glob("*.md"))]
    return "\n".join(file.read_text() for file in files)


def log_softmax(rows):
    rows = rows.astype(np.float64)
    rows -= rows.max(axis=1, keepdims=True)
    return rows - np.log(np.exp(rows).sum(axis=1, keepdims=True))


def summary(divergences, same):
    return {"mean": float(np.mean(divergences)), "p99": float(np.quantile(divergences, 0.99)),
            "same": float(np.mean(same)), "positions": len(same)}


def against_reference(reference, logits):
    """Over the reference's 128 tokens and one bucket for the rest."""
    divergences, same = [], []
    for row, position in zip(logits, reference):
        mine = log_softmax(row[None, :])[0]
        wanted_log = position["logits"].astype(np.float64) - float(position["log_sum"])
        wanted, got_log = np.exp(wanted_log), mine[position["ids"]]
        rest_wanted, rest_got = 1 - wanted.sum(), 1 - np.exp(got_log).sum()
        total = float((wanted * (wanted_log - got_log)).sum())
        if rest_wanted > 1e-9 and rest_got > 1e-12:
            total += rest_wanted * math.log(rest_wanted / rest_got)
        divergences.append(total)
        same.append(int(row.argmax()) == int(position["ids"][0]))
    # Without the first position: it carries outliers that say nothing.
    return summary(divergences[1:], same[1:])


def against_exact(exact, logits):
    divergences, same = [], []
    for first in range(0, len(exact), BLOCK):
        a, b = log_softmax(exact[first:first + BLOCK]), log_softmax(logits[first:first + BLOCK])
        divergences += (np.exp(a) * (a - b)).sum(axis=1).tolist()
        same += (a.argmax(axis=1) == b.argmax(axis=1)).tolist()
    return summary(divergences, same)


def peers(readme):
    """llama.cpp's mean, p99 and same first choice, by the model's name in the table."""
    found = {}
    for line in readme.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if len(cells) == 8 and re.fullmatch(r"\d+", cells[1]):
            found[cells[0]] = {"peer_mean": float(cells[5]), "peer_p99": float(cells[6]),
                               "peer_same": float(cells[7])}
    return found


class Runner:
    def __init__(self, program, threads, model, folder):
        self.program, self.threads, self.model = program, threads, model
        self.out = pathlib.Path(folder) / "logits.f32"
        self.help = subprocess.run([program, "--help"], capture_output=True, text=True).stdout

    def logits(self, ids, *options):
        """Good until the next call."""
        self.out.unlink(missing_ok=True)
        subprocess.run([self.program, "logits", self.model, "--tokens", ",".join(map(str, ids)), "--out",
                        str(self.out), "--threads", self.threads, *options], check=True)
        return np.memmap(self.out, "<f4", "r").reshape(len(ids), -1)

    def tokens(self, text):
        out = subprocess.run([self.program, "tokenize", self.model], input=text.encode(), check=True,
                             capture_output=True).stdout
        return [int(word) for word in out.split()][:OWN_TOKENS]

    def kinds(self):
        """(keys and values, rows), what --kv takes as the help names it; the default first."""
        names = re.search(r"--kv ([\w|-]+)", self.help).group(1).split("|")
        for kv in names:
            for kind in KINDS:
                yield kv, kind


def note_rows(runner, stem, shared):
    ids = [int(word) for word in (shared / f"{stem}.note_a.ids").read_text().split()]
    reference = np.fromfile(shared / f"{stem}.note_a.top", POSITION)
    known = peers(shared / "README.md").get(stem, {})
    for kv, kind in runner.kinds():
        row = against_reference(reference, runner.logits(ids, "--kind", kind, "--kv", kv)) | known
        if known:
            row["ratio"] = row["mean"] / row["peer_mean"]
        yield row | {"text": "note_a", "kind": kind, "kv": kv}


def own_rows(runner, text, root):
    """Over the positions that llama.cpp's program compares: the second half."""
    ids = runner.tokens(text)
    exact = runner.logits(ids, "--exact")
    kept = runner.out.with_suffix(".exact")
    runner.out.rename(kept) # what is mapped goes on being there
    base = runner.out.with_suffix(".base")
    peer_quality.write_base(base, ids, exact, log_softmax)
    known = peer_quality.of_llama(root, runner.threads, runner.model, ids, base)
    base.unlink()
    positions = peer_quality.compared(len(ids))
    for kv, kind in runner.kinds():
        logits = runner.logits(ids, "--kind", kind, "--kv", kv)
        row = against_exact(exact[positions], logits[positions]) | known
        if row.get("peer_mean"):
            row["ratio"] = row["mean"] / row["peer_mean"]
        yield row | {"text": "our documents", "kind": kind, "kv": kv}


def main():
    checkout, program, threads, model, what, root = sys.argv[1:]
    with tempfile.TemporaryDirectory(dir=pathlib.Path(checkout) / "build") as folder:
        runner = Runner(program, threads, model, folder)
        if what == "own":
            rows = own_rows(runner, own_text(pathlib.Path(checkout)), root)
        else:
            shared = pathlib.Path(checkout).parent / "shared/data/real"
            if not shared.exists():
                sys.exit("there is no ../shared/data/real here")
            rows = note_rows(runner, pathlib.Path(model).stem, shared)
        for row in rows:
            print(json.dumps(row), flush=True)


if __name__ == "__main__": # the tests import what is above
    main()
