# SPDX-License-Identifier: Apache-2.0
"""main.py: which rows are measured, how often, and what is written down of one that fails."""
import pathlib
import tempfile
import types
import unittest
from unittest import mock

import support

import main
from book import Book

SPEED = {"kind": "speed", "id": "a", "model": "x", "bar": {"best": 2}, "minutes": 10, "most": None,
         "shape": {"what": "decode", "depth": 0, "tokens": 32}}
ALONE = {"kind": "alone", "id": "b", "model": "x", "bar": "at most 3 % loss", "minutes": 5, "most": 3}
QUALITY = {"kind": "quality", "id": "c", "model": "x", "minutes": 8}


class Desk:
    """main.Desk without its programs."""
    rounds_of = main.Desk.rounds_of

    def __init__(self, book, results, mode="usual", within=None, rounds=None, resume=False):
        self.book, self.results, self.mode, self.measured = book, results, mode, []
        self.args = types.SimpleNamespace(within=within, rounds=rounds, resume=resume)

    def measure(self, row):
        self.measured.append(row["id"])
        result = self.results[row["id"]]
        if isinstance(result, Exception):
            raise result
        return dict(result)


class Rows(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.book = Book(pathlib.Path(folder.name) / "latest.json")
        self.said = []
        say = mock.patch.object(main, "say", self.said.append)
        say.start()
        self.addCleanup(say.stop)

    def measure(self, rows, results, end=float("inf"), **more):
        desk = Desk(self.book, results, **more)
        main.measure_all(desk, rows, end)
        return desk

    def test_a_row_that_fails_says_why_and_the_next_is_measured(self):
        met = {"value": "1.0% loss", "met": True}
        self.measure([SPEED, ALONE], {"a": RuntimeError("bench ended with 1: no room\nmore"), "b": met})
        row = self.book["a"]
        self.assertEqual((row["failed"], row["met"]), ("bench ended with 1: no room", None))
        self.assertEqual((row["kind"], row["bar"], row["shape"]), ("speed", {"best": 2}, SPEED["shape"]))
        self.assertEqual((self.book["b"]["value"], self.book["b"]["met"]), ("1.0% loss", True))
        self.assertEqual(self.said, ["a: not seen: bench ended with 1: no room; bar: 2x best peer: open",
                                     "b: 1.0% loss; bar: at most 3 % loss: met"])

    def test_a_failure_without_a_word_is_told_by_its_name(self):
        self.measure([ALONE], {"b": KeyError()})
        self.assertEqual(self.book["b"]["failed"], "KeyError")

    def test_a_missed_row_is_said_to_be_missed(self):
        self.measure([ALONE], {"b": {"value": "4.0% loss", "met": False}})
        self.assertEqual(self.said, ["b: 4.0% loss; bar: at most 3 % loss: missed"])

    def test_resume_measures_what_was_never_seen(self):
        met = {"value": "1.0% loss", "met": True}
        results = {"a": RuntimeError("x"), "b": met}
        self.measure([SPEED, ALONE], results)
        self.assertEqual(self.measure([SPEED, ALONE], results, resume=True).measured, ["a"])
        self.assertEqual(self.measure([SPEED, ALONE], results).measured, ["a", "b"])

    def test_a_row_that_would_not_end_in_time_is_left_out(self):
        # By the plan: 10 minutes, 3 rounds of 5; 5 minutes, 3 of 5.
        with mock.patch.object(main.time, "monotonic", return_value=1000.0):
            results = {"a": RuntimeError("x"), "b": {"value": "1.0% loss", "met": True}}
            self.assertEqual(self.measure([SPEED, ALONE], results, 1359.0, within=6).measured, ["b"])
            self.assertEqual(self.measure([SPEED, ALONE], results, 1360.0, within=6).measured, ["a", "b"])

    def test_a_row_takes_as_long_as_it_took_for_each_round(self):
        desk = Desk(self.book, {}, rounds=4)
        self.assertEqual(main.expected(desk, SPEED), 480)
        self.assertEqual(main.expected(desk, QUALITY), 480)
        self.book.put("a", {"seconds": 50.0, "count": 5})
        self.assertEqual(main.expected(desk, SPEED), 40)

    def test_rounds_by_mode_time_and_row(self):
        of = lambda row, **more: Desk(self.book, {}, **more).rounds_of(row)
        self.assertEqual([of(SPEED), of(SPEED, mode="quick"), of(SPEED, within=30), of(SPEED, rounds=7)],
                         [5, 3, 3, 7])
        self.assertEqual([of(ALONE), of(ALONE, mode="quick"), of(ALONE, rounds=7), of(ALONE, rounds=2)],
                         [3, 1, 3, 2])
        self.assertEqual(of(QUALITY, rounds=7), 1)


if __name__ == "__main__":
    unittest.main()
