# SPDX-License-Identifier: Apache-2.0
"""quality.py: divergences against values of closed form. It wants numpy, which our root does not have
but the bench's packages do: left out elsewhere."""
import importlib.util
import math
import pathlib
import tempfile
import unittest

import support

if importlib.util.find_spec("numpy"):
    import numpy as np

    import quality

TABLE = """# Real models
| model | tokens | vocabulary | perplexity | llama.cpp's | mean KL | p99 | same top-1 |
|---|---|---|---|---|---|---|---|
| x-q4_k_m | 461 | 151936 | 9.0584 | 9.0811 | 0.00186 | 0.0115 | 0.9805 |
| y | 1 | 2 |
"""


@unittest.skipUnless(importlib.util.find_spec("numpy"), "no numpy")
class Quality(unittest.TestCase):
    def reference(self, *likelihoods):
        """Positions whose first tokens are so likely; the other ones hardly at all."""
        positions = np.zeros(len(likelihoods), quality.POSITION)
        for position, likely in zip(positions, likelihoods):
            position["ids"] = np.arange(quality.TOP)
            position["logits"] = -60 - np.arange(quality.TOP)
            position["logits"][:len(likely)] = np.log(likely)
        return positions # log_sum 0: logits are logarithms of likelihoods

    def logits(self, *likelihoods):
        rows = np.full((len(likelihoods), 200), -200.0, np.float32)
        for row, likely in zip(rows, likelihoods):
            row[:len(likely)] = np.log(likely) + 3 # a softmax does not mind
        return rows

    def test_the_same_distribution_has_no_divergence(self):
        seen = quality.against_reference(self.reference(*3 * [[0.75, 0.25]]),
                                         self.logits(*3 * [[0.75, 0.25]]))
        self.assertAlmostEqual(seen["mean"], 0, 6)
        self.assertEqual((seen["same"], seen["positions"]), (1.0, 2))

    def test_divergence_and_first_choice_without_the_first_position(self):
        wanted = [[0.75, 0.25]] * 3
        seen = quality.against_reference(self.reference(*wanted),
                                         self.logits([0.01, 0.99], [0.5, 0.5], [0.25, 0.75]))
        halves = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
        turned = 0.75 * math.log(3) - 0.25 * math.log(3)
        self.assertAlmostEqual(seen["mean"], (halves + turned) / 2, 5)
        self.assertAlmostEqual(seen["p99"], halves + 0.99 * (turned - halves), 5)
        self.assertEqual((seen["same"], seen["positions"]), (0.5, 2))

    def test_what_is_behind_the_128_tokens_is_one_bucket(self):
        reference = self.reference(*2 * [[0.5]]) # the other half is beyond
        logits = self.logits(*2 * [[0.25]])
        logits[:, quality.TOP:quality.TOP + 2] = math.log(0.375) + 3
        seen = quality.against_reference(reference, logits)
        self.assertAlmostEqual(seen["mean"], 0.5 * math.log(2) + 0.5 * math.log(0.5 / 0.75), 5)

    def test_against_exact_every_position_counts(self):
        exact = self.logits(*[[0.75, 0.25]] * 300) # more than a block
        other = exact.copy()
        other[299] = self.logits([0.25, 0.75])[0]
        self.assertAlmostEqual(quality.against_exact(exact, exact)["mean"], 0)
        seen = quality.against_exact(exact, other)
        self.assertAlmostEqual(seen["mean"], 0.5 * math.log(3) / 300, 6)
        self.assertAlmostEqual(seen["same"], 299 / 300)

    def test_the_peers_figures_are_read_by_the_models_name(self):
        with tempfile.TemporaryDirectory() as folder:
            readme = pathlib.Path(folder) / "README.md"
            readme.write_text(TABLE)
            self.assertEqual(quality.peers(readme), {"x-q4_k_m": {
                "peer_mean": 0.00186, "peer_p99": 0.0115, "peer_same": 0.9805}})


if __name__ == "__main__":
    unittest.main()
