# SPDX-License-Identifier: Apache-2.0
"""report.py: what the terminal and the page say of a row."""
import pathlib
import tempfile
import unittest

import support

import plan
import quality_rows
import report
import rounds
from book import Book

DECODE, PREFILL = "1.5b-q4_k_m/decode", "1.5b-q4_k_m/prefill-512"


def row(bar, stolen=0.0, **more):
    """As main.py puts a speed row into the book."""
    result = rounds.conclude(support.measured(bar, stolen=stolen, **more))
    return result | {"met": rounds.judge(result), "kind": "speed", "id": DECODE, "count": 5,
                     "kv": "f16-int8"}


def failed(kind="speed", **more):
    return {"failed": "bench ended with 1: no room", "met": None, "kind": kind, "model": "1.5B Q4_K_M",
            "count": 5} | more


class Line(unittest.TestCase):
    def test_a_row_that_is_met_and_one_that_is_missed(self):
        seen = "30.0 tokens/s, 2.00x llama.cpp, 3.00x OpenVINO, 30% of roof"
        self.assertEqual(report.line(row({"best": 2, "roof": 0.3})),
                         f"{DECODE}: {seen}; bar: 2x best peer, 30% of roof: met")
        self.assertEqual(report.line(row({"best": 2.01, "enough": 0.93})),
                         f"{DECODE}: {seen}; bar: 2.01x best peer (or 93% of roof at 1x best peer): missed")

    def test_a_row_with_a_missing_peer_names_it_and_its_reason(self):
        self.assertEqual(report.line(row({"best": 2}, openvino="it ended with -9")),
                         f"{DECODE}: 30.0 tokens/s, 2.00x llama.cpp, OpenVINO: it ended with -9, 30% of roof; "
                         "bar: 2x best peer: open")

    def test_a_row_that_failed_says_why(self):
        for kind, bar, words in (("speed", {"best": 2}, "2x best peer"),
                                 ("alone", "at most 3 % loss", "at most 3 % loss"),
                                 ("quality", None, quality_rows.BAR)):
            self.assertEqual(report.line(failed(kind, id="x", bar=bar)),
                             f"x: not seen: bench ended with 1: no room; bar: {words}: open")

    def test_a_row_that_was_seen_before_says_why_it_was_not_seen_again(self):
        self.assertTrue(report.line(row({"best": 2}) | {"again": "out of memory"})
                        .endswith(": met (not seen again: out of memory)"))

    def test_a_row_without_peers(self):
        self.assertEqual(report.line({"kind": "alone", "id": "x", "value": "4.0% loss", "met": False,
                                      "bar": "at most 3 % loss"}),
                         "x: 4.0% loss; bar: at most 3 % loss: missed")


class Pages(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.book = Book(pathlib.Path(folder.name) / "latest.json")
        self.book.set("roofs", support.ROOFS)
        self.book.set("machine", "2 cores (made up), 8 GiB")

    def cells(self, text, start):
        found = [line for line in text.splitlines() if line.startswith(f"| 1.5B Q4_K_M | {start}")]
        self.assertEqual(len(found), 1, found)
        return [cell.strip() for cell in found[0].replace("\\|", "/").strip("|").split("|")]

    def page(self):
        return report.markdown(self.book, plan.ROWS)

    def test_every_row_has_its_figures_and_its_verdict(self):
        self.book.put(DECODE, row({"best": 2, "roof": 0.3}))
        expected = ["1.5B Q4_K_M", "decode 32", "0", "f16-int8", "30.0", "15.0", "10.0", "2.00", "2.00",
                    "30%", "2x best peer, 30% of roof", "met", "5"]
        self.assertEqual(self.cells(self.page(), "decode")[:-1], expected)
        self.book.put(DECODE, row({"best": 2.01}))
        self.assertEqual(self.cells(self.page(), "decode")[-3], "missed")
        self.assertIn("OpenVINO, 1.5B Q4_K_M, decode 32: threads 2", self.page())

    def test_a_disturbed_row_is_marked(self):
        self.book.put(DECODE, row({"best": 2}, stolen=0.02))
        self.assertEqual(self.cells(self.page(), "decode")[1], "decode 32 *")
        self.assertIn("* more than 1 %", report.terminal(self.book, plan.ROWS))
        self.book.put(DECODE, row({"best": 2}))
        self.assertEqual(self.cells(self.page(), "decode")[1], "decode 32")
        self.assertNotIn("* more than 1 %", report.terminal(self.book, plan.ROWS))

    def test_a_missing_peer_has_a_dash(self):
        self.book.put(DECODE, row({"best": 2}, openvino="it ended"))
        self.assertEqual(self.cells(self.page(), "decode")[6:12],
                         ["–", "2.00", "–", "30%", "2x best peer", "open"])

    def test_a_failed_row_keeps_its_line_whatever_the_reason_holds(self):
        shape = {"what": "prefill", "tokens": 512}
        self.book.put(PREFILL, failed(id=PREFILL, bar={"llama": 3}, shape=shape) |
                      {"failed": "--kv wants f16|bf16"})
        cells = self.cells(self.page(), "prefill")
        self.assertEqual(len(cells), 14)
        self.assertEqual((cells[4], cells[10], cells[11]), ("--kv wants f16/bf16", "3x llama.cpp", "open"))

    def test_the_terminal_counts_the_verdicts(self):
        self.book.put(DECODE, row({"best": 2}))
        self.book.put(PREFILL, row({"best": 2.01}) | {"id": PREFILL})
        self.book.put("1.5b-q4_k_m/socket", {"kind": "alone", "id": "1.5b-q4_k_m/socket", "value": "4.0% loss",
                                             "model": "1.5B Q4_K_M", "met": False, "bar": "x", "count": 5})
        self.book.put("1.5b-q4_k_m/ward", failed("alone", id="1.5b-q4_k_m/ward", bar="x"))
        text = report.terminal(self.book, plan.ROWS)
        self.assertIn("1 bars met, 2 missed, 1 open", text)
        self.assertIn("2 threads read 82.0 GB/s; avx512: int8 1960 GOPS, bfloat16 980 and float32 490 GFLOPS; "
                      "generic: int8 100 GOPS, float32 40 GFLOPS", text)
        self.assertIn("4.0% loss", self.page())
        self.assertIn("not seen: bench ended with 1: no room", self.page())

    def test_an_empty_book_says_so(self):
        self.assertIn("Not measured yet.", self.page())
        self.assertIn("None was looked for.", self.page())


class Plan(unittest.TestCase):
    def test_every_row_has_an_id_of_its_own_and_a_bar_to_say(self):
        ids = [row["id"] for row in plan.ROWS]
        self.assertEqual(len(ids), len(set(ids)))
        for row in plan.ROWS:
            self.assertTrue(report.bars_of(row), row["id"])

    def test_a_mode_and_words_choose_rows(self):
        ids = lambda mode, only: [row["id"] for row in plan.wanted(mode, only)]
        self.assertIn(DECODE, ids("quick", None))
        self.assertNotIn("8b-q4_k_m/decode", ids("usual", None))
        self.assertIn("8b-q4_k_m/decode", ids("full", None))
        self.assertEqual(ids("quick", "8B-q4_k_m/dec,no-such"), ["8b-q4_k_m/decode"])
        self.assertEqual(ids("quick", "no-such"), [])


if __name__ == "__main__":
    unittest.main()
