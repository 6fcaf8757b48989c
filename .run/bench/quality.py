# SPDX-License-Identifier: Apache-2.0
"""How far the engine's distributions are from the float32 reference, beside llama.cpp's distance
(../shared/data/real/README.md), and from its own --exact on our documents."""
import math
import pathlib
import re
import subprocess
import tempfile

import numpy as np

TOP = 128
POSITION = np.dtype([("log_sum", "<f4"), ("ids", "<u4", TOP), ("logits", "<f4", TOP)])
MODELS = {"135M Q4_1": "small", "0.5B Q4_K_M": "medium", "1.5B Q4_K_M": "large"}
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
    """Without the first position: it carries outliers that say nothing."""
    kept = np.asarray(divergences[1:])
    return {"mean": float(kept.mean()), "p99": float(np.quantile(kept, 0.99)),
            "same": float(np.mean(same[1:])), "positions": len(kept)}


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
    return summary(divergences, same)


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
    def __init__(self, ours, folder):
        self.ours, self.folder = ours, pathlib.Path(folder)

    def logits(self, model, ids, *options):
        out = self.folder / f"{len(list(self.folder.iterdir()))}.f32"
        subprocess.run([self.ours.program, "logits", str(model.path), "--tokens",
                        ",".join(map(str, ids)), "--out", str(out), "--threads",
                        str(self.ours.threads), *options], check=True)
        return np.memmap(out, "<f4", "r").reshape(len(ids), -1)

    def tokens(self, model, text):
        out = subprocess.run([self.ours.program, "tokenize", str(model.path)], input=text.encode(),
                             check=True, capture_output=True).stdout
        return [int(word) for word in out.split()][:OWN_TOKENS]

    def kv_kinds(self):
        """What --kv takes, as the help names it; none where there is no choice yet."""
        words = re.search(r"--kv ([\w|-]+)", self.ours.help)
        return words.group(1).split("|") if words and "|" in words.group(1) else [None]


def note_rows(runner, model, stem, shared, known):
    ids = [int(word) for word in (shared / f"{stem}.note_a.ids").read_text().split()]
    reference = np.fromfile(shared / f"{stem}.note_a.top", POSITION)
    for kv in runner.kv_kinds():
        for kind in KINDS:
            logits = runner.logits(model, ids, "--kind", kind, *(["--kv", kv] if kv else []))
            row = against_reference(reference, logits) | known.get(stem, {})
            if "peer_mean" in row:
                row["ratio"] = row["mean"] / row["peer_mean"]
            yield row | {"model": model.name, "text": "note_a", "kind": kind, "kv": kv or "default"}


def own_rows(runner, model, text):
    ids = runner.tokens(model, text)
    exact = runner.logits(model, ids, "--exact")
    for kv in runner.kv_kinds():
        for kind in KINDS:
            logits = runner.logits(model, ids, "--kind", kind, *(["--kv", kv] if kv else []))
            yield against_exact(exact, logits) | {"model": model.name, "text": "our documents",
                                                  "kind": kind, "kv": kv or "default"}


def verdicts(rows):
    """The bar, for each kind of rows and of keys and values."""
    words = []
    for kv in dict.fromkeys(row["kv"] for row in rows):
        for kind in KINDS:
            of = [row for row in rows if row["kv"] == kv and row["kind"] == kind and "ratio" in row]
            if not of:
                continue
            mean = math.exp(sum(math.log(row["ratio"]) for row in of) / len(of))
            tail = max(row["p99"] / row["peer_p99"] for row in of)
            lost = 100 * (sum(row["peer_same"] for row in of) - sum(row["same"] for row in of)) / len(of)
            worst = max(row["ratio"] for row in of)
            met = mean <= 1.25 and worst <= 1.5 and tail <= 2 and lost <= 1
            words.append(f"{kind} rows, KV {kv}: mean KL {mean:.2f}x llama.cpp's (bar 1.25), worst file "
                         f"{worst:.2f}x (1.5), p99 at most {tail:.2f}x (2), same first choice "
                         f"{lost:+.2f} points lost (1): {'met' if met else 'not met'}.")
    return words


def all_of(args, ours, models, say):
    shared = args.checkout.parent / "shared/data/real"
    rows, text = [], own_text(args.checkout)
    known = peers(shared / "README.md") if shared.exists() else {}
    for name in MODELS:
        if args.only and args.only not in name:
            continue
        model = models.real(name, MODELS[name])
        with tempfile.TemporaryDirectory(dir=args.checkout / "build") as folder:
            runner = Runner(ours, folder)
            if shared.exists():
                say(f"{name}: against the reference …")
                rows += note_rows(runner, model, model.path.stem, shared, known)
        with tempfile.TemporaryDirectory(dir=args.checkout / "build") as folder:
            say(f"{name}: our documents against --exact …")
            rows += own_rows(Runner(ours, folder), model, text)
    return {"rows": rows, "words": verdicts(rows)}
