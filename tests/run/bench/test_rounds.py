# SPDX-License-Identifier: Apache-2.0
"""rounds.py: what is concluded from the speeds of the rounds, and how they are judged."""
import itertools
import types
import unittest
from unittest import mock

import support

import engines
import machine
import rounds


def concluded(*arguments, **more):
    return rounds.conclude(support.measured(*arguments, **more))


def verdict(*arguments, **more):
    return rounds.judge(concluded(*arguments, **more))


class Conclude(unittest.TestCase):
    def test_a_ratio_is_the_median_of_the_rounds_ratios(self):
        result = concluded({}, roofs=[100, 100, 40], ours=[30, 60, 20], llama=[10, 30, 20],
                           openvino=[15, 10, 40])
        peer = result["engines"]["llama.cpp"]
        self.assertEqual(peer["ratios"], [3, 2, 1])
        self.assertEqual(peer["ratio"], 2) # that of the medians is 1.5
        self.assertEqual(peer["median"], 20)
        self.assertEqual(result["engines"]["OpenVINO"]["ratio"], 2) # 2, 6, 0.5; of the medians, too
        self.assertEqual(result["share"], 0.5) # 0.3, 0.6, 0.5; of the medians 0.3

    def test_a_shape_without_a_roof_has_no_share(self):
        self.assertNotIn("share", concluded({}, roofs=[None]))
        self.assertEqual(concluded({}, roofs=[60.0])["share"], 0.5)

    def test_only_more_than_the_limit_is_disturbed(self):
        self.assertFalse(concluded({}, stolen=machine.MOST_STOLEN)["disturbed"])
        self.assertTrue(concluded({}, stolen=machine.MOST_STOLEN + 0.001)["disturbed"])

    def test_without_our_own_figure_the_row_failed_and_says_why(self):
        result = concluded({"llama": 1}, ours="bench ended with 1: no room")
        self.assertEqual(result["failed"], "bench ended with 1: no room")
        self.assertNotIn("ratio", result["engines"]["llama.cpp"])
        self.assertIsNone(rounds.judge(result))


class Judge(unittest.TestCase):
    # 30 tokens/s are 2x llama.cpp, 3x OpenVINO and 0.3 of the roof.
    def test_each_bar_is_met_where_it_is_reached_and_missed_above(self):
        for key, reached in (("llama", 2), ("openvino", 3), ("best", 2), ("roof", 0.3)):
            with self.subTest(key):
                self.assertIs(verdict({key: reached}), True)
                self.assertIs(verdict({key: reached + 0.01}), False)

    def test_every_bar_counts(self):
        reached = {"llama": 2, "openvino": 3, "best": 2, "roof": 0.3}
        self.assertIs(verdict(reached), True)
        for key in reached:
            self.assertIs(verdict(reached | {key: reached[key] + 0.01}), False, key)

    def test_the_best_peer_is_the_one_with_the_smaller_ratio(self):
        self.assertIs(verdict({"best": 2}, llama=[10], openvino=[15]), True)
        self.assertIs(verdict({"best": 2}, llama=[10], openvino=[16]), False)
        self.assertIs(verdict({"best": 2}, llama=[16], openvino=[10]), False)
        result = concluded({"llama": 1}, llama=[10], openvino=[20])
        rounds.judge(result)
        self.assertEqual(result["best"], 1.5) # the table shows it where it is no bar, too

    def test_enough_of_the_roof_counts_where_no_peer_is_faster(self):
        bar = {"llama": 3, "best": 1.5, "enough": 0.7}
        near = {"roofs": [40.0], "openvino": [30]} # 0.75 of the roof, 1x the best peer
        self.assertIs(verdict(bar, **near), True)
        self.assertIs(verdict(bar | {"enough": 0.76}, **near), False)
        self.assertIs(verdict(bar, **near | {"openvino": [31]}), False)
        self.assertIs(verdict(bar, **near | {"roofs": [None]}), False)
        self.assertIs(verdict({"llama": 3, "best": 1.5}, **near), False) # no such bar

    def test_what_is_missing_leaves_open_what_needs_it(self):
        ended = "it ended with -9"
        self.assertIsNone(verdict({"best": 1}, llama=ended))
        self.assertIsNone(verdict({"best": 1}, openvino=ended))
        self.assertIsNone(verdict({"openvino": 1}, openvino=ended))
        self.assertIsNone(verdict({"roof": 0.1}, roofs=[None]))
        # The controls: what isn't needed.
        self.assertIs(verdict({"llama": 2}, openvino=ended), True)
        self.assertIs(verdict({"llama": 2.01}, openvino=ended), False)

    def test_enough_of_the_roof_is_open_while_a_peer_that_may_be_faster_is_missing(self):
        bar = {"llama": 3, "best": 2, "enough": 0.7}
        near = {"roofs": [40.0], "openvino": "it ended"}
        self.assertIsNone(verdict(bar, **near))
        alone = {"llama": 3, "enough": 0.7} # no other peer is asked for
        self.assertIs(verdict(alone, **near), True)
        self.assertIs(verdict(alone, **near | {"roofs": [50.0]}), False) # 0.6: not enough anyhow
        self.assertIs(verdict(alone, **near | {"llama": [31]}), False) # it is faster

    def test_a_peer_at_its_start_setting_shows_only_what_is_missed(self):
        self.assertIsNone(verdict({"best": 2}, searched=False))
        self.assertIs(verdict({"best": 2.01}, searched=False), False)
        near = {"roofs": [40.0], "searched": False}
        self.assertIsNone(verdict({"best": 2.01, "enough": 0.7}, **near))
        self.assertIs(verdict({"best": 2.01, "enough": 0.76}, **near), False)

    def test_a_disturbed_row_is_judged_like_any_other(self):
        for stolen in (0.0, 0.5): # the table marks it
            self.assertIs(verdict({"best": 2}, stolen=stolen), True)
            self.assertIs(verdict({"best": 2.01}, stolen=stolen), False)


class Scripted:
    """An engine whose runs are told beforehand: speeds, or what it raises."""

    def __init__(self, name, runs, log):
        self.name, self.runs, self.log = name, list(runs), log

    def measure(self, model, shape, setting):
        self.log.append((self.name, setting))
        run = self.runs.pop(0)
        if isinstance(run, Exception):
            raise run
        if self.name == "cloister":
            self.roofs_beside = f"beside {run}"
        return run


class Measure(unittest.TestCase):
    ROW = {"model": "1.5B Q4_K_M", "shape": {"what": "decode", "depth": 0, "tokens": 32},
           "bar": {"best": 1.5}}

    def measure(self, ours, llama, openvino, stolen=(0.0,)):
        self.log, settings = [], mock.Mock()
        settings.best.side_effect = lambda engine, model, shape: f"best of {engine.name}"
        settings.searched.return_value = True
        shares = itertools.chain(stolen, itertools.repeat(0.0))

        def roof(model, shape, beside):
            return {"beside 30": 100.0, "beside 40": 80.0}[beside]

        with mock.patch.object(rounds, "steadily", lambda take: (take(), next(shares))):
            return rounds.measure(
                self.ROW, types.SimpleNamespace(name="x"),
                [Scripted(support.NAMES[key], runs, self.log)
                 for key, runs in (("ours", ours), ("llama", llama), ("openvino", openvino))],
                settings, 2, lambda text: None, roof)

    def test_the_engines_take_turns_and_the_roof_is_that_beside_ours(self):
        result = self.measure([30, 40], [10, 20], [15, 10])
        turn = [("cloister", None), ("llama.cpp", "best of llama.cpp"),
                ("OpenVINO", "best of OpenVINO")]
        self.assertEqual(self.log, turn + turn)
        self.assertEqual(result["engines"]["llama.cpp"]["ratios"], [3, 2])
        self.assertEqual(result["roofs"], [100.0, 80.0])
        self.assertIs(rounds.judge(result), True)

    def test_a_peer_that_ends_once_is_started_once_more(self):
        result = self.measure([30, 30], [RuntimeError("out of memory"), 10, 10], [15, 15])
        self.assertEqual(result["engines"]["llama.cpp"]["speeds"], [10, 10])

    def test_a_peer_that_ends_twice_has_no_figure_at_all(self):
        result = self.measure([30, 30], [10, RuntimeError("x"), RuntimeError("out of memory")],
                              [15, 15])
        self.assertEqual(result["engines"]["llama.cpp"]["missing"], "out of memory")
        self.assertNotIn("ratio", result["engines"]["llama.cpp"])
        self.assertEqual(result["engines"]["OpenVINO"]["ratio"], 2)
        self.assertIsNone(rounds.judge(result))

    def test_what_a_peer_cannot_do_is_not_tried_again(self):
        self.measure([30, 30], [engines.NotYet("users")], [15, 15])
        self.assertEqual([name for name, _ in self.log].count("llama.cpp"), 1)

    def test_the_most_that_was_stolen_of_any_run_counts(self):
        # Of the third run of the first round; all others have less.
        result = self.measure([30, 30], [10, 10], [15, 15], stolen=(0.0, 0.002, 0.03, 0.001))
        self.assertEqual(result["stolen"], 0.03)
        self.assertTrue(result["disturbed"])
        self.assertFalse(self.measure([30, 30], [10, 10], [15, 15], stolen=(0.009,))["disturbed"])


class Steadily(unittest.TestCase):
    def steadily(self, *stolen):
        """Of runs of 1,000 ticks each, of which so many were stolen: what counts, and how many ran."""
        times, now = [], [0, 0]
        for ticks in stolen:
            times.append(tuple(now))
            now = [now[0] + ticks, now[1] + 1000]
            times.append(tuple(now))
        runs = itertools.count()
        with mock.patch.object(machine, "cpu_times", side_effect=times):
            return *machine.steadily(lambda: next(runs)), next(runs)

    def test_a_calm_run_is_the_only_one(self):
        self.assertEqual(self.steadily(10), (0, 0.01, 1))

    def test_a_disturbed_run_is_made_again(self):
        self.assertEqual(self.steadily(11, 3), (1, 0.003, 2))

    def test_of_disturbed_runs_the_calmest_counts(self):
        self.assertEqual(self.steadily(50, 20, 30, 40), (1, 0.02, machine.TRIES))


if __name__ == "__main__":
    unittest.main()
