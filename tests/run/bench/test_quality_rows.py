# SPDX-License-Identifier: Apache-2.0
"""quality_rows.py: whether distances from the reference are small enough."""
import json
import types
import unittest
from unittest import mock

import support

import quality_rows


def entry(ratio=1.0, p99=0.01, same=0.98, positions=400, **more):
    """Of a file for which llama.cpp's p99 is 0.01 and its same first choice 98 %."""
    return {"ratio": ratio, "mean": 0.002 * ratio, "p99": p99, "same": same, "positions": positions,
            "peer_mean": 0.002, "peer_p99": 0.01, "peer_same": 0.98, "text": "note_a", "kind": "prompt",
            "kv": quality_rows.DEFAULT, "model": "x"} | more


class Verdict(unittest.TestCase):
    def judged(self, *of, word):
        text = quality_rows.verdict(of)
        self.assertTrue(text.endswith(f": {word}"), text)
        return text

    def test_the_mean_over_the_files_is_geometric(self):
        # 1.4 and 1.1: geometric 1.241, arithmetic 1.25; with 1.12 it is 1.2522.
        self.assertIn("mean KL 1.24x", self.judged(entry(1.4), entry(1.1), word="met"))
        self.assertIn("mean KL 1.25x", self.judged(entry(1.4), entry(1.12), word="missed"))
        # Arithmetic it would be missed.
        self.assertIn("mean KL 0.87x", self.judged(entry(1.5), entry(0.5), word="met"))
        self.judged(entry(1.45), entry(1.07), word="met") # arithmetic 1.26

    def test_each_file_has_a_limit(self):
        self.assertIn("worst file 1.50x", self.judged(entry(1.5), entry(0.1), word="met"))
        self.assertIn("worst file 1.51x", self.judged(entry(1.51), entry(0.1), word="missed"))

    def test_the_tail_of_each_file_has_a_limit(self):
        self.assertIn("p99 at most 2.00x", self.judged(entry(p99=0.02), entry(), word="met"))
        self.assertIn("p99 at most 2.10x", self.judged(entry(p99=0.021), entry(), word="missed"))

    def test_the_first_choice_is_pooled_over_the_positions(self):
        # 2 points lost of 400 positions and none of 600: 0.8 points; of 300, 1.14.
        self.assertIn("+0.80 points lost", self.judged(entry(same=0.96), entry(positions=600), word="met"))
        self.assertIn("+1.14 points", self.judged(entry(same=0.96), entry(positions=300), word="missed"))
        self.assertIn("-1.00 points", self.judged(entry(same=0.99), word="met"))
        # What one file gains another may lose.
        self.judged(entry(same=0.96), entry(same=1.0), word="met")

    def test_what_is_no_number_is_missed(self):
        self.judged(entry(float("nan")), word="missed")
        self.judged(entry(p99=float("nan")), word="missed")


class OneFile(unittest.TestCase):
    def test_what_one_file_can_show(self):
        good = entry(1.5, p99=0.02)
        self.assertIs(quality_rows.good_alone([good, good | {"kind": "generated"}]), True)
        self.assertIs(quality_rows.good_alone([good, entry(1.51, kind="generated")]), False)
        self.assertIs(quality_rows.good_alone([good, entry(p99=0.0201)]), False)

    def test_other_kinds_of_keys_and_values_are_only_told(self):
        self.assertIs(quality_rows.good_alone([entry(), entry(9.0, kv="int8")]), True)
        self.assertIs(quality_rows.good_alone([entry(9.0), entry(kv="int8")]), False)

    def test_without_a_peers_figure_it_is_open(self):
        alone = entry()
        for key in ("ratio", "peer_mean", "peer_p99", "peer_same"):
            del alone[key]
        self.assertIsNone(quality_rows.good_alone([alone]))
        self.assertIn("no peer figure", quality_rows.seen_text({"entries": [alone]}))
        self.assertEqual(quality_rows.verdicts([{"id": "x", "entries": [alone]}]), [])


class Verdicts(unittest.TestCase):
    def test_files_are_taken_together_by_text_rows_and_keys_and_values(self):
        results = [{"id": name, "entries": [
            entry(ratio, kind=kind, kv=kv, text=text) for text in ("note_a", "our documents")
            for kv in ("f16-int8", "int8") for kind in ("prompt", "generated")]}
            for name, ratio in (("a", 1.4), ("b", 1.0))]
        words = quality_rows.verdicts(results)
        self.assertEqual(len(words), 8)
        self.assertTrue(words[0].startswith("note_a, prompt rows, KV f16-int8, 2 files: mean KL 1.18x"), words)
        self.assertTrue(all(word.endswith(": met") for word in words))
        results[1]["entries"][0]["ratio"] = 1.6
        words = quality_rows.verdicts(results)
        self.assertEqual([word.endswith(": missed") for word in words], [True] + 7 * [False])

    def test_a_row_that_failed_says_why(self):
        words = quality_rows.verdicts([{"id": "x", "failed": "no figure"}, {"id": "y", "entries": [entry()]}])
        self.assertEqual(words[0], "x: not seen: no figure")
        self.assertEqual(len(words), 2)


class Measure(unittest.TestCase):
    def measure(self, out, code=0, errors=""):
        desk = support.desk(checkout="checkout", packages="packages",
                            llama=types.SimpleNamespace(root="root"))
        done = types.SimpleNamespace(stdout=out, stderr=errors, returncode=code)
        with mock.patch.object(quality_rows.subprocess, "run", return_value=done):
            return quality_rows.measure(desk, quality_rows.note("1.5B Q4_K_M"),
                                        types.SimpleNamespace(name="1.5B Q4_K_M", path="x.gguf"))

    def test_what_the_program_prints_is_judged(self):
        result = self.measure(json.dumps(entry(1.4)) + "\n")
        self.assertIs(result["met"], True)
        self.assertEqual(result["entries"][0]["model"], "1.5B Q4_K_M")
        self.assertIs(self.measure(json.dumps(entry(1.6)) + "\n")["met"], False)

    def test_a_program_that_fails_is_no_figure(self):
        for out, code, errors, reason in ((json.dumps(entry()), 1, "trace\nno room\n", "no room"),
                                          ("", 0, "", "no figure")):
            with self.assertRaisesRegex(RuntimeError, reason):
                self.measure(out, code, errors)


if __name__ == "__main__":
    unittest.main()
