# SPDX-License-Identifier: Apache-2.0
"""book.py: what outlives a run."""
import json
import pathlib
import tempfile
import unittest

import support

from book import LAYOUT, Book


class Kept(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "bench/latest.json"

    def test_rows_outlive_the_run_in_the_order_of_the_plan(self):
        first = Book(self.path)
        first.put("b", {"met": False})
        first.set("machine", "2 cores")
        second = Book(self.path)
        second.put("a", {"met": True})
        third = Book(self.path)
        rows = [{"id": "a"}, {"id": "unseen"}, {"id": "b"}]
        self.assertEqual([(name, row["met"]) for name, row in third.ordered(rows)],
                         [("a", True), ("b", False)])
        self.assertEqual(third.kept["machine"], "2 cores")
        self.assertRegex(third["a"]["when"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d")
        self.assertEqual(third["unseen"], {})

    def test_a_newer_figure_takes_the_place_of_the_older(self):
        book = Book(self.path)
        book.put("a", {"value": 1})
        book.put("a", {"value": 2})
        self.assertEqual(Book(self.path)["a"]["value"], 2)

    def test_a_figure_outlives_a_later_failure_with_its_date(self):
        book = Book(self.path)
        book.put("a", {"value": 1, "met": True})
        book.kept["rows"]["a"]["when"] = "2026-01-01T00:00+00:00"
        book.put("a", {"failed": "out of memory", "met": None})
        row = Book(self.path)["a"]
        self.assertEqual(row, {"value": 1, "met": True, "when": "2026-01-01T00:00+00:00",
                               "again": "out of memory"})
        book.put("a", {"value": 2})
        self.assertNotIn("again", Book(self.path)["a"])

    def test_a_failure_takes_the_place_of_a_failure(self):
        book = Book(self.path)
        book.put("a", {"failed": "first"})
        book.put("a", {"failed": "second"})
        self.assertEqual(Book(self.path)["a"]["failed"], "second")

    def test_a_file_of_another_layout_is_not_read(self):
        self.path.parent.mkdir()
        kept = {"layout": LAYOUT, "rows": {"a": {"value": 1}}}
        self.path.write_text(json.dumps(kept))
        self.assertEqual(Book(self.path)["a"], {"value": 1})
        self.path.write_text(json.dumps(kept | {"layout": LAYOUT - 1}))
        self.assertEqual(Book(self.path)["a"], {})

    def test_a_damaged_file_is_set_aside(self):
        Book(self.path).put("a", {"value": 1})
        whole = self.path.read_bytes()
        for damaged in (whole[:-10], b"", b"\xff" + whole, b"[]", b"null"):
            with self.subTest(damaged[:10]):
                self.path.write_bytes(damaged)
                book = Book(self.path)
                self.assertEqual(book["a"], {})
                self.assertEqual(self.path.with_suffix(".damaged").read_bytes(), damaged)
                book.put("b", {"value": 2})
                self.assertEqual(Book(self.path)["b"]["value"], 2)


if __name__ == "__main__":
    unittest.main()
