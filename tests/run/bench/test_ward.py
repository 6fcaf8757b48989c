# SPDX-License-Identifier: Apache-2.0
"""ward.py: the gaps and times of a made-up engine, whose clock is told beforehand."""
import unittest
from unittest import mock

import support

import ward

CHART = 3 # the request behind two users


class Engine:
    def __init__(self, events):
        self.events, self.asked, self.users = list(events), 0, []

    def words(self, tokens):
        return f"{tokens} words"

    def first_token(self, user, prompt):
        return 5.0

    def generate(self, user, prompt, tokens):
        self.asked += 1
        self.users.append((user, prompt))
        return self.asked

    def event(self):
        return self.events.pop(0)


def chart_among_users(gaps, waits=0.0, start=10.0, silent=False):
    """Two users have a token after each of @p gaps (the second one not after the last, where it is
    @p silent); the chart has its own @p waits later."""
    events = [(ward.TOKEN, 1, start), (ward.TOKEN, 2, start)]
    now = start
    for gap in gaps:
        now += gap
        events += [(ward.TOKEN, 1, now), (ward.TOKEN, 2, now), (ward.FINISHED, 9, now)]
    if silent:
        events.remove((ward.TOKEN, 2, now))
    events.append((ward.TOKEN, CHART, now + waits))
    with mock.patch.object(ward.time, "monotonic", return_value=start):
        return ward.chart_among_users(Engine(events), 2, 8192)


class Chart(unittest.TestCase):
    def test_the_times_of_the_chart(self):
        _, chart, alone = chart_among_users([0.1] * 60, waits=0.5)
        self.assertAlmostEqual(chart, 6.5)
        self.assertEqual(alone, 5.0)

    def test_the_99th_percentile_leaves_out_one_gap_in_a_hundred(self):
        # Of 1,002 gaps 2 are long, then 22.
        self.assertAlmostEqual(chart_among_users([0.1] * 499 + [9.0], waits=0.1)[0], 0.1)
        self.assertAlmostEqual(chart_among_users([0.1] * 489 + [9.0] * 11, waits=0.1)[0], 9.0)

    def test_who_waits_when_the_chart_begins_has_a_gap_too(self):
        self.assertAlmostEqual(chart_among_users([0.1] * 10, waits=4.0)[0], 4.0)

    def test_few_gaps_have_no_percentile_beyond_the_longest(self):
        # 0.1, 0.1, 0.2, 0.2, 0.5, 1.0 and 1.5: drawn on, it would be 1.96.
        self.assertAlmostEqual(chart_among_users([0.1, 0.2, 0.5], waits=1.0, silent=True)[0], 1.5)
        self.assertAlmostEqual(chart_among_users([], waits=2.0)[0], 2.0)


class Prefix(unittest.TestCase):
    def test_the_same_beginning_first_cold_then_warm(self):
        engine = Engine([])
        seen = []
        engine.first_token = lambda user, prompt: seen.append((user, prompt)) or 10.0 / len(seen)
        self.assertEqual(ward.read_before(engine, 2000, 90), (5.0, 10.0))
        self.assertEqual(seen, 2 * [(95, "1800 words 200 words")])


if __name__ == "__main__":
    unittest.main()
