#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""./run bench, inside our root: measures, prints one table, writes build/bench/latest.json and the
page and plot of docs/performance.

usage: main.py --checkout DIR --cache DIR --program FILE [--mode quick|usual|full|quality]
               [--only TEXT[,TEXT…]] [--rounds N] [--within MINUTES] [--resume] [--list] [--defaults]

A row is measured, or says why not, and is written down before the next begins; rows that a run leaves
out stay as they were seen last. --only: rows whose ids hold a TEXT. --resume: not those that are
written down. --within: no row that would not end in time, the ones that matter most first, no more
than three rounds, and peers' settings as far as they were found before. --list: the ids. --defaults:
nothing is looked for and no pages are written.
"""
import argparse
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import time

import extras
import plan
import plot
import quality_rows
import report
import rounds
from book import Book
from engines import Llama, OpenVino, Ours
from roof import Model, Roof, higher, work
from settings import Settings
from shapes import MODELS, RANDOM

HERE = pathlib.Path(__file__).parent
PACKAGES = "bench-python-1"
PEER = "peer-forky-2"
RANDOM_MODELS = "bench-models-1"
ROUNDS, FEW_ROUNDS = 5, 3


def say(text):
    print(text, file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(prog="./run bench", allow_abbrev=False)
    for name in ("checkout", "cache", "program"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--mode", choices=["quick", "usual", "full", "quality"], default="usual")
    parser.add_argument("--only")
    parser.add_argument("--within", type=float)
    parser.add_argument("--rounds", type=int)
    for name in ("resume", "list", "defaults"):
        parser.add_argument(f"--{name}", action="store_true")
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
                if file in RANDOM else self.made(HERE.parent / "models.py", "models", name, files)
        return self.known[name]

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


class Desk:
    """What rows are measured with."""

    def __init__(self, args, book):
        self.args, self.book, self.say = args, book, say
        self.checkout, self.mode = args.checkout, args.mode
        self.packages = args.cache / PACKAGES
        self.ours = Ours(args.program, len(os.sched_getaffinity(0)))
        self.llama = Llama(args.cache / PEER, self.ours.threads)
        self.openvino = OpenVino(self.packages, self.ours.threads)
        self.models = Models(args)
        # A search takes minutes, which a run within minutes has not.
        self.settings = Settings(args.cache / "bench-settings-1.json", say,
                                 search=not args.defaults and not args.within)
        self.packed = set()

    def pack(self, model):
        """The engine packs a model when it first runs it; that is not to fall on the first round."""
        if model.name not in self.packed:
            self.packed.add(model.name)
            self.ours.measure(model, {"what": "decode", "depth": 0, "tokens": 1}, None)
            os.sync()

    def look_at_roofs(self):
        """What else runs on the host may halve them for minutes: the highest are kept."""
        self.book.set("roofs", higher(self.ours.roofs(), self.book.kept.get("roofs")))

    def rounds_of(self, row):
        if row["kind"] == "quality":
            return 1 # the same bits every time
        few = self.args.within or self.mode == "quick"
        wanted = self.args.rounds or (FEW_ROUNDS if few else ROUNDS)
        most = 1 if row.get("most") and self.mode == "quick" else row.get("most")
        return min(wanted, most or wanted)

    def measure(self, row):
        """The row's result."""
        model, count = self.models[row["model"]], self.rounds_of(row)
        if row["kind"] == "quality":
            self.openvino.unload()
            return quality_rows.measure(self, row, model)
        if row["kind"] == "alone":
            self.openvino.unload() # its threads and its memory are the row's
            return row["take"](self, model, count)
        self.pack(model)
        self.look_at_roofs()
        result = rounds.measure(row, model, [self.ours, self.llama, self.openvino], self.settings,
                                count, say, self.roof_beside)
        result["kv"] = self.ours.kv
        return result | {"met": rounds.judge(result)}

    def roof_beside(self, model, shape, roofs):
        """Tokens per second that the machine would have allowed at most, as fast as it was then; None
        where nothing is defined."""
        todo = work(model, shape, self.ours.kv)
        return statistics.mean(Roof(each).speed(todo) for each in roofs) if todo else None


def expected(desk, row):
    """Seconds that the row takes, from the last time or by the plan's guess."""
    count = desk.rounds_of(row)
    before = desk.book[row["id"]]
    if before.get("seconds"):
        return before["seconds"] * count / before["count"]
    return row["minutes"] * 60 * (1 if row["kind"] == "quality" else count / ROUNDS)


def measure_all(desk, rows, end):
    for row in rows:
        known = desk.book[row["id"]]
        if desk.args.resume and known and "failed" not in known:
            continue
        if time.monotonic() + expected(desk, row) > end:
            say(f"{row['id']}: left out, {expected(desk, row) / 60:.1f} minutes are not left")
            continue
        start = time.monotonic()
        try:
            result = desk.measure(row)
        except Exception as reason: # whatever it is, the other rows are still wanted
            word = f"{reason}".splitlines() or [type(reason).__name__]
            result = {"failed": word[0][:200], "met": None}
        result |= {"kind": row["kind"], "model": row["model"], "id": row["id"],
                   "count": desk.rounds_of(row), "seconds": round(time.monotonic() - start, 1)}
        if row["kind"] != "quality":
            result |= {"bar": row["bar"]}
        if row["kind"] == "speed":
            result |= {"shape": row["shape"]}
        desk.book.put(row["id"], result)
        say(report.line(desk.book[row["id"]]))


def write_pages(args, book):
    folder = args.checkout / "docs/performance"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(report.markdown(book, plan.ROWS))
    (folder / "bench.svg").write_text(plot.svg(book, plan.ROWS))


def main():
    args = arguments()
    start = time.monotonic()
    book = Book(args.checkout / "build/bench/latest.json")
    desk = Desk(args, book)
    rows = list(plan.wanted(args.mode, args.only))
    if not rows:
        sys.exit(f"bench: no row's id holds {args.only}")
    if args.list:
        for row in rows:
            print(f"{row['id']:32} {expected(desk, row) / 60:5.1f} min  {report.bars_of(row)}")
        print(f"{sum(expected(desk, row) for row in rows) / 60:.0f} minutes in all")
        return
    if book.kept.get("machine") != machine_name():
        book.kept.pop("roofs", None)
        book.set("machine", machine_name())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        measure_all(desk, rows, start + args.within * 60 if args.within else float("inf"))
    finally: # stopped by hand: what is written down is shown all the same
        desk.openvino.unload()
        print(report.terminal(book, rows))
        if book.kept.get("roofs") and not args.defaults:
            write_pages(args, book)
    say(f"{(time.monotonic() - start) / 60:.1f} minutes")


if __name__ == "__main__": # the tests import what is above
    main()
