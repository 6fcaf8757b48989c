# SPDX-License-Identifier: Apache-2.0
"""How far llama.cpp's distributions are from ours of --exact, by its own llama-perplexity.

It compares with a file of distributions that it usually writes itself; what is written here was read off
its source (tools/perplexity/perplexity.cpp): "_logits_", context, vocabulary, chunks, the tokens; then for
each position of a chunk's second half but the last: factor and least of 16-bit logarithms, and these.
"""
import pathlib
import re
import struct
import subprocess

import numpy as np

HERE = pathlib.Path(__file__).parent
LEAST = 16 # what is less likely than e^-16 of the likeliest it leaves out
PATIENCE = 1200 # seconds


def compared(count):
    """The positions that it looks at, of one chunk of @p count tokens."""
    return slice(count // 2, count - 1)


def write_base(path, ids, exact, log_softmax):
    vocabulary = exact.shape[1]
    with open(path, "wb") as out:
        out.write(b"_logits_" + struct.pack("<Iii", len(ids), vocabulary, 1))
        out.write(np.asarray(ids, "<i4").tobytes())
        for row in exact[compared(len(ids))]:
            logs = log_softmax(row[None, :])[0]
            least = max(logs.min(), logs.max() - LEAST)
            factor = (logs.max() - least) / 65535
            steps = np.rint((np.maximum(logs, least) - least) / factor).astype("<u2")
            out.write(struct.pack("<ff", factor, least) + steps.tobytes() + bytes(2 * (vocabulary % 2)))


def of_llama(root, threads, model, ids, base):
    """Its mean, 99th percentile and share of the same first choice."""
    done = subprocess.run(
        [str(HERE / "peer.sh"), root, "best", "llama-perplexity", "-m", model, "--kl-divergence",
         "--kl-divergence-base", str(base), "-c", str(len(ids)), "-t", threads, "-fa", "on"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=PATIENCE)
    found = [re.search(form, done.stdout + done.stderr) for form in (
        r"Mean\s+KLD:\s+([-\d.]+)", r"99\.0%\s+KLD:\s+([-\d.]+)", r"Same top p:\s+([\d.]+)")]
    if done.returncode != 0 or not all(found):
        return {}
    mean, tail, same = (float(match.group(1)) for match in found)
    return {"peer_mean": mean, "peer_p99": tail, "peer_same": same / 100}
