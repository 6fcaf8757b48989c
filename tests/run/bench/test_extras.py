# SPDX-License-Identifier: Apache-2.0
"""extras.py and loss.py: the judges of the rows without peers, given what was measured."""
import json
import types
import unittest
from unittest import mock

import support

import extras
import loss
from engines import NotYet

MEGABYTE = 10 ** 6


def model(file_megabytes=1000, kv_megabytes=50):
    return types.SimpleNamespace(path="x.gguf", file_bytes=lambda: file_megabytes * MEGABYTE,
                                 kv_bytes=lambda depth, kv: kv_megabytes * MEGABYTE)


class Given(unittest.TestCase):
    """What is measured is given; the judges see nothing else."""

    def judged(self, judge, what, given, of=None):
        with mock.patch.object(extras, what, return_value=given):
            return judge(support.desk(), of or model(), len(given))

    def test_memory_is_the_weights_a_tenth_more_keys_and_values_and_150_mb(self):
        # 1,100 + 50 + 150.
        for first, second, met in ((1300, 900, True), (1301, 900, False), (900, 1301, False)):
            peaks = [(1.0, first * MEGABYTE), (0.1, second * MEGABYTE)]
            result = self.judged(extras.memory, "starts", peaks)
            self.assertIs(result["met"], met)
            self.assertIn(f"{first:,} / {second:,} MB, at most 1,300", result["value"])
        self.assertIs(self.judged(extras.memory, "starts", [(1.0, 1300 * MEGABYTE)], model(999))["met"], False)
        self.assertIs(self.judged(extras.memory, "starts", [(1.0, 1300 * MEGABYTE)],
                                  model(1000, 49))["met"], False)

    def test_a_start_is_the_median_of_all_but_the_first(self):
        starts = lambda *seconds: [(second, 0) for second in seconds]
        result = self.judged(extras.start, "starts", starts(9.0, 0.5, 0.9, 0.1))
        self.assertEqual((result["value"], result["met"]), ("0.50 s (first start 9.00 s)", True))
        self.assertIs(self.judged(extras.start, "starts", starts(0.1, 0.51, 0.9, 0.1))["met"], False)

    def test_the_ward_waits_at_most_120_ms_and_the_chart_1_6_times_as_long(self):
        # (p99 gap, chart, chart alone) of each round: medians of the gaps and of the ratios.
        rounds = [(0.12, 16, 10), (0.50, 30, 10), (0.01, 10, 10)]
        result = self.judged(extras.ward, "on_engine", rounds)
        self.assertIs(result["met"], True)
        self.assertEqual(result["value"], "p99 gap 120 ms (worst round 500), chart 1.60x alone")
        self.assertIs(self.judged(extras.ward, "on_engine", [(0.121, 16, 10), *rounds[1:]])["met"], False)
        self.assertIs(self.judged(extras.ward, "on_engine", [(0.12, 16.1, 10), *rounds[1:]])["met"], False)

    def test_a_known_prefix_leaves_15_percent_of_the_time(self):
        rounds = [(1.5, 10), (9, 10), (0.2, 2)] # warm, cold: 15 %, 90 %, 10 %
        result = self.judged(extras.prefix, "on_engine", rounds)
        self.assertIs(result["met"], True)
        self.assertIn("15.0% of the cold time", result["value"])
        self.assertIs(self.judged(extras.prefix, "on_engine", [(1.51, 10), *rounds[1:]])["met"], False)


class HalfCore(unittest.TestCase):
    def judged(self, *speeds):
        """Idle and beside the other program, by turns."""
        desk = support.desk()
        desk.ours.measure = mock.Mock(side_effect=speeds)
        with mock.patch.object(extras, "multiprocessing") as processes, \
                mock.patch.object(extras, "steadily", lambda take: (take(), 0.0)):
            processes.Pipe.return_value = mock.Mock(), mock.Mock()
            result = extras.half_core(desk, model(), len(speeds) // 2)
            self.assertEqual(processes.Process.return_value.kill.call_count, len(speeds) // 2)
        return result

    def test_60_percent_of_idle_is_the_median_of_the_rounds(self):
        result = self.judged(100, 60, 50, 10, 10, 9)
        self.assertEqual((result["value"], result["met"]), ("60% of idle", True))
        self.assertEqual(result["figures"], [0.6, 0.2, 0.9])
        self.assertIs(self.judged(100, 59, 50, 10, 10, 9)["met"], False)


class Socket(unittest.TestCase):
    def judged(self, pairs):
        """Of (alone, through the socket) of every round."""
        service = mock.Mock()
        service.speed.side_effect = [1.0, *(through for _, through in pairs)] # the first one is thrown away
        with mock.patch.object(loss, "Service", return_value=service), \
                mock.patch.object(loss, "direct", side_effect=[alone for alone, _ in pairs]), \
                mock.patch.object(loss, "steadily", lambda take: (take(), 0.0)):
            result = loss.through_the_socket(support.desk(), model(), len(pairs))
        service.end.assert_called_once_with()
        return result

    def test_3_percent_may_be_lost(self):
        result = self.judged([(100, 50), (100, 97.1), (50, 50)])
        self.assertEqual((result["value"], result["met"]), ("2.9% loss (160 tokens)", True))
        self.assertIs(self.judged([(100, 50), (100, 96.9), (50, 50)])["met"], False)


class Guesses(unittest.TestCase):
    def judged(self, answers, code=0, mode="usual", within=None, rest=""):
        """@p answers: (question, tokens, ratio)."""
        out = "".join(json.dumps({"question": question, "tokens": tokens, "ratio": ratio}) + "\n"
                      for question, tokens, ratio in answers) + rest
        desk = support.desk(checkout=None)
        desk.mode, desk.args.within = mode, within
        done = types.SimpleNamespace(stdout=out, stderr="one\nkilled\n", returncode=code)
        with mock.patch.object(extras.subprocess, "run", return_value=done):
            return extras.guesses(desk, model(), 1)

    GOOD = [("quote-01", 100, 1.0), ("quote-02", 160, 1.3), ("quote-03", 160, 2.0), ("free-01", 100, 0.97),
            ("free-02", 100, 1.43)]

    def changed(self, at, ratio):
        answers = list(self.GOOD)
        answers[at] = (*answers[at][:2], ratio)
        return answers

    def test_quoting_answers_count_by_their_median_the_others_by_their_least(self):
        result = self.judged(self.GOOD)
        self.assertIs(result["met"], True)
        self.assertEqual(result["value"], "3 that quote: median 1.30x (least 1.00x); 2 that don't: least "
                                          "0.97x, median 1.20x")
        self.assertIs(self.judged(self.changed(1, 1.29))["met"], False)
        self.assertIs(self.judged(self.changed(3, 0.96))["met"], False)

    def test_short_answers_do_not_count(self):
        self.assertIs(self.judged([*self.GOOD, ("free-03", 99, 0.1)])["met"], True)
        self.assertIs(self.judged([*self.GOOD, ("free-03", 100, 0.1)])["met"], False)
        with self.assertRaisesRegex(RuntimeError, "no answer of 100 tokens"):
            self.judged([("free-03", 100, 1.0), ("quote-01", 99, 2.0)])

    def test_some_of_the_prompts_show_only_what_is_missed(self):
        for some in ({"mode": "quick"}, {"within": 30.0}):
            self.assertIsNone(self.judged(self.GOOD, **some)["met"])
            self.assertIs(self.judged(self.changed(1, 1.29), **some)["met"], False)

    def test_a_program_that_ends_early_says_how_far_it_came(self):
        for rest in ("", '{"question": "free-03", "tok'):
            with self.assertRaisesRegex(RuntimeError, "^after 5 answers: killed$"):
                self.judged(self.GOOD, code=-9, rest=rest)

    def test_drafts_need_a_program_that_takes_them(self):
        desk = support.desk()
        desk.ours.help = "guesses FILE"
        with self.assertRaises(NotYet):
            extras.drafted(desk, model(), 1)


if __name__ == "__main__":
    unittest.main()
