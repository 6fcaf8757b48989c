# SPDX-License-Identifier: Apache-2.0
"""settings.py: the best setting of a peer is found once and kept."""
import json
import pathlib
import tempfile
import types
import unittest
from unittest import mock

import support

import settings
from engines import NotYet

START = {"repack": 1, "fa": "on", "ub": 512, "threads": 2, "wait": "", "mask": "", "kv": "f16"}
PREFILL = {"what": "prefill", "tokens": 512}
DECODE = {"what": "decode", "depth": 0, "tokens": 32}
DEEP = {"what": "decode", "depth": 2048, "tokens": 32}
USERS = {"what": "users", "users": 8, "depth": 512, "tokens": 16}
MODEL = types.SimpleNamespace(name="x", path=pathlib.Path("x.gguf"), file_bytes=lambda: 1e9)


class Peer:
    """An engine as fast as @p speed says of a setting and a shape."""
    name, start = "llama.cpp", START

    def __init__(self, speed):
        self.speed, self.asked = speed, []

    def measure(self, model, shape, setting):
        self.asked.append((shape, setting))
        return self.speed(setting, shape)


class Found(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "settings.json"
        steadily = mock.patch.object(settings, "steadily", lambda take: (take(), 0.0))
        steadily.start()
        self.addCleanup(steadily.stop)

    def settings(self, search=True):
        return settings.Settings(self.path, lambda text: None, search)

    def test_the_best_setting_is_kept_and_not_looked_for_again(self):
        peer = Peer(lambda setting, _: 10 + 5 * (setting["fa"] == "off") + 3 * (setting["ub"] == 256))
        best = self.settings().best(peer, MODEL, PREFILL)
        self.assertEqual(best, START | {"fa": "off", "ub": 256})
        again = Peer(lambda setting, shape: self.fail("measured"))
        self.assertEqual(self.settings().best(again, MODEL, PREFILL), best)
        self.assertTrue(self.settings().searched(again, MODEL, PREFILL))

    def test_each_choice_stands_on_the_best_so_far(self):
        # Without flash attention 256 is faster; with it, slower.
        peer = Peer(lambda setting, _: 10 + 5 * (setting["fa"] == "off") +
                    (3 if setting["fa"] == "off" else -3) * (setting["ub"] == 256))
        self.assertEqual(self.settings().best(peer, MODEL, PREFILL)["ub"], 256)

    def test_what_was_tried_is_remembered_with_its_figure_or_its_error(self):
        def speed(setting, shape):
            if setting["repack"] == 0:
                raise RuntimeError("no such buffer")
            return 10.0

        self.settings().best(Peer(speed), MODEL, DECODE)
        kept = json.loads(self.path.read_text())["llama.cpp x.gguf decode"]
        self.assertEqual(kept["setting"], START)
        self.assertEqual(kept["tried"][:2], [{"setting": START, "tokens_per_second": 10.0},
                                             {"setting": START | {"repack": 0}, "error": "no such buffer"}])
        self.assertEqual([entry["setting"] for entry in kept["tried"][2:]],
                         [START | change for change in ({"fa": "off"}, {"threads": 1}, {"wait": "active"},
                                                        {"wait": "passive"}, {"mask": "0x3"})])

    def test_noise_is_not_better(self):
        for factor, value in ((1.019, "on"), (1.021, "off")):
            self.path.unlink(missing_ok=True)
            peer = Peer(lambda setting, _: 10 * (factor if setting["fa"] == "off" else 1))
            self.assertEqual(self.settings().best(peer, MODEL, DECODE)["fa"], value)

    def test_a_hopeless_setting_is_measured_once_another_twice(self):
        peer = Peer(lambda setting, _: {"off": 8.4}.get(setting["fa"], 10) - 1.4 * (setting["repack"] == 0))
        self.settings().best(peer, MODEL, DECODE)
        of = lambda change: sum(setting == START | change for _, setting in peer.asked)
        self.assertEqual((of({}), of({"fa": "off"}), of({"repack": 0})), (2, 1, 2))

    def test_the_start_setting_wins_where_its_first_run_was_disturbed(self):
        def speed(setting, shape):
            if setting == START:
                return 5 if len(peer.asked) <= 2 else 20
            return 10 + (setting["fa"] == "off")

        peer = Peer(speed)
        self.assertEqual(self.settings().best(peer, MODEL, DECODE), START)
        calm = Peer(lambda setting, _: 5 if setting == START else 10 + (setting["fa"] == "off"))
        self.path.unlink()
        self.assertEqual(self.settings().best(calm, MODEL, DECODE), START | {"repack": 0, "fa": "off"})

    def test_where_every_setting_fails_nothing_is_kept(self):
        def speed(setting, shape):
            raise RuntimeError("cannot read the file")

        with self.assertRaisesRegex(RuntimeError, "cannot read the file"):
            self.settings().best(Peer(speed), MODEL, DECODE)
        self.assertFalse(self.path.exists())

    def test_what_the_peer_cannot_do_ends_the_search(self):
        peer = Peer(mock.Mock(side_effect=NotYet("a forced tier")))
        with self.assertRaises(NotYet):
            self.settings().best(peer, MODEL, DECODE | {"tier": "avx2"})
        self.assertEqual(len(peer.asked), 1)

    def test_without_a_search_the_start_setting_holds_and_is_called_unsearched(self):
        peer = Peer(lambda setting, shape: self.fail("measured"))
        kept = self.settings(search=False)
        self.assertEqual(kept.best(peer, MODEL, PREFILL), START)
        self.assertFalse(kept.searched(peer, MODEL, PREFILL))
        self.assertFalse(self.path.exists())

    def test_without_a_search_the_nearest_kind_stands_in(self):
        found = START | {"fa": "off"}
        self.path.write_text(json.dumps({"llama.cpp x.gguf decode": {"setting": found}}))
        peer, kept = Peer(lambda setting, shape: self.fail("measured")), self.settings(search=False)
        for shape in (DECODE, DEEP, USERS, DECODE | {"tier": "avx2"}):
            self.assertEqual(kept.best(peer, MODEL, shape), found)
        self.assertEqual(kept.best(peer, MODEL, PREFILL), START)
        self.assertEqual([kept.searched(peer, MODEL, shape)
                          for shape in (DECODE, DEEP, USERS, DECODE | {"tier": "avx2"})],
                         [True, False, False, False])

    def test_a_kind_is_looked_for_at_a_short_shape_of_its_own(self):
        self.assertEqual([settings.kind_of(shape) for shape in
                          (PREFILL, DECODE, DECODE | {"depth": 2047}, DEEP, USERS)],
                         ["prefill", "decode", "decode", "deep", "users"])
        peer = Peer(lambda setting, shape: 10 + (setting["kv"] == "q8_0"))
        best = self.settings().best(peer, MODEL, DEEP | {"tier": "avx2"})
        self.assertEqual(best["kv"], "q8_0") # tried only where keys and values are what is read
        self.assertEqual(peer.asked[0][0], {"what": "decode", "depth": 1024, "tokens": 12, "tier": "avx2"})
        self.assertEqual(self.settings().best(peer, MODEL, DECODE)["kv"], "f16")


if __name__ == "__main__":
    unittest.main()
