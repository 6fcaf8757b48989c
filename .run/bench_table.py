#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns the rounds of ./run bench into one table and latest.json.

usage: bench_table.py FOLDER MODEL…

FOLDER/rounds holds MODEL-ROUND-ours.json (cloister-model bench --json) and MODEL-ROUND-peer.json
(llama-bench -o json).
"""
import json
import pathlib
import statistics
import sys


def ours(text):
    result = json.loads(text)
    return {kind: result[kind]["tokens_per_second"] for kind in ("prefill", "decode")}


def peer(text):
    speeds = {}
    for entry in json.loads(text):
        speeds["prefill" if entry["n_prompt"] else "decode"] = entry["avg_ts"]
    return speeds


def main():
    folder = pathlib.Path(sys.argv[1])
    latest = {}
    print(f"{'model':<8}{'':<9}{'cloister':>12}{'llama.cpp':>12}{'ratio':>8}{'  ratio of each round'}")
    for model in sys.argv[2:]:
        rounds = {"ours": [], "peer": []}
        for side, read in (("ours", ours), ("peer", peer)):
            for file in sorted((folder / "rounds").glob(f"{model}-*-{side}.json")):
                rounds[side].append(read(file.read_text()))
        latest[model] = {}
        for kind in ("prefill", "decode"):
            mine = [speeds[kind] for speeds in rounds["ours"]]
            theirs = [speeds[kind] for speeds in rounds["peer"]]
            a, b = statistics.median(mine), statistics.median(theirs)
            pairs = [x / y for x, y in zip(mine, theirs)]
            latest[model][kind] = {
                "cloister": mine, "llama.cpp": theirs,
                "medians": [a, b], "ratio": statistics.median(pairs),
            }
            each = " ".join(f"{pair:.2f}" for pair in pairs)
            print(f"{model:<8}{kind:<9}{a:>12.1f}{b:>12.1f}{statistics.median(pairs):>8.2f}  {each}")
    print("tokens per second, medians; ratio: median of the rounds' ratios; 2 threads, 512 tokens of"
          " prompt, 64 generated")
    (folder / "latest.json").write_text(json.dumps(latest, indent=1) + "\n")


main()
