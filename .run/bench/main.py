#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""./run bench, inside our root: measures, prints one table, writes build/bench/latest.json and the
page and plot of docs/performance.

usage: main.py --checkout DIR --cache DIR --program FILE [--mode quick|usual|full|quality]
               [--only TEXT] [--rounds N] [--defaults]

What a mode does not measure stays as it was in latest.json. --only: the models whose names hold TEXT,
and no pages written. --defaults: the peers as they come, nothing is looked for; no pages either.
"""
import argparse
import datetime
import json
import os
import pathlib
import subprocess
import sys
import time

import extras
import plot
import report
import rounds
from engines import Llama, OpenVino, Ours
from machine import run
from roof import Model, Roof
from settings import Settings
from shapes import MODELS, QUICK_USERS_ROUNDS, RANDOM, ROWS

HERE = pathlib.Path(__file__).parent
PACKAGES = "bench-python-1"
PEER = "peer-forky-2"
RANDOM_MODELS = "bench-models-1"


def say(text):
    print(text, file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(prog="./run bench", allow_abbrev=False)
    for name in ("checkout", "cache", "program"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--mode", choices=["quick", "usual", "full", "quality"],
                        default="usual")
    parser.add_argument("--only")
    parser.add_argument("--defaults", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


class Models:
    """Files by the name in MODELS, fetched or made when first wanted."""

    def __init__(self, args):
        self.args, self.known = args, {}

    def __getitem__(self, name):
        if name not in self.known:
            file = MODELS[name]
            # The F16 file is what OpenVINO reads instead of the BF16 one.
            files = [file, file.replace("-bf16", "-f16")] if file.endswith("-bf16") else [file]
            self.known[name] = self.made(HERE / "random_model.py", RANDOM_MODELS, name, files) \
                if file in RANDOM else self.real(name, file)
        return self.known[name]

    def real(self, name, file):
        return self.made(HERE.parent / "models.py", "models", name, [file])

    def made(self, script, folder, name, files):
        out = subprocess.run(
            [sys.executable, str(script), str(self.args.cache / folder), *files], check=True,
            stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": str(self.args.cache / PACKAGES)}).stdout
        return Model(name, pathlib.Path(out.splitlines()[0]), self.args.program)


def machine_name():
    with open("/proc/cpuinfo") as info:
        name = next(line.split(":")[1].strip() for line in info if line.startswith("model name"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    return f"{os.cpu_count()} cores ({name}), {memory} GiB"


def wanted_rows(args):
    for row in ROWS:
        if args.mode in row["modes"] and (not args.only or args.only in row["model"]):
            yield row


def measure_rows(args, bench, models, ours):
    threads = ours.threads
    peers = [Llama(args.cache / PEER, threads), OpenVino(args.cache / PACKAGES, threads)]
    settings = Settings(args.cache / "bench-settings-1.json", say, search=not args.defaults)
    for row in wanted_rows(args):
        model = models[row["model"]]
        few = args.mode == "quick" and row["shape"]["what"] == "users"
        count = min(args.rounds, QUICK_USERS_ROUNDS) if few else args.rounds
        result = rounds.measure(row, model, [ours, *peers], settings, count, say)
        roof = Roof(bench["roofs"], row["shape"].get("tier"))
        result["kv"] = ours.kv
        result["roof"] = roof.speed(model, row["shape"], ours.kv)
        median = result["engines"]["cloister"].get("median")
        if median and result["roof"]:
            result["share"] = median / result["roof"]
        result["met"] = rounds.judge(result)
        bench["rows"].append(result)
        keep(args, bench)
    peers[1].unload()


def keep(args, bench):
    """After every row: an interrupted bench has what it measured."""
    folder = args.checkout / "build/bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "latest.json").write_text(json.dumps(bench, indent=1) + "\n")


def write_pages(args, bench):
    folder = args.checkout / "docs/performance"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(report.markdown(bench))
    (folder / "bench.svg").write_text(plot.svg(bench))


def before(args):
    path = args.checkout / "build/bench/latest.json"
    return json.loads(path.read_text()) if path.exists() else {}


def main():
    args = arguments()
    start = time.monotonic()
    ours = Ours(args.program, len(os.sched_getaffinity(0)))
    models = Models(args)
    bench = before(args)
    if args.mode == "quality":
        import quality # wants numpy, the other modes do not
        bench["quality"] = quality.all_of(args, ours, models, say)
        shown = {"quality": bench["quality"]}
    else:
        bench |= {"date": datetime.date.today().isoformat(), "machine": machine_name(),
                  "mode": args.mode, "rounds": args.rounds, "rows": [], "extras": []}
        say("Measuring the roofs …")
        bench["roofs"] = json.loads(run([ours.program, "roofs", "--json"]))
        measure_rows(args, bench, models, ours)
        if not args.only:
            bench["extras"] = extras.all_of(ours, models["135M Q4_1"], models["1.5B Q4_K_M"],
                                            args.mode, say)
        shown = {key: value for key, value in bench.items() if key != "quality"}
    keep(args, bench)
    print(report.terminal(shown))
    say(f"{(time.monotonic() - start) / 60:.1f} minutes")
    if bench.get("rows") and not args.only and not args.defaults:
        write_pages(args, bench)


main()
