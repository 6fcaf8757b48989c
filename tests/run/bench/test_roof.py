# SPDX-License-Identifier: Apache-2.0
"""roof.py on the shapes of published models, against figures reckoned by hand."""
import copy
import pathlib
import types
import unittest
from unittest import mock

import support

import roof

# Bytes of a block, and its elements.
BLOCKS = {"Q4_K": (144, 256), "Q6_K": (210, 256), "Q4_1": (20, 32), "Q8_0": (34, 32), "BF16": (2, 1),
          "F32": (4, 1)}


def inspected(metadata, tensors):
    """A model whose file `cloister-model inspect` describes so."""
    lines = [f"arch.{key} = {value}" for key, value in metadata.items()]
    lines += [f"{name}  {kind}  {' x '.join(map(str, dims))}" for name, kind, dims in tensors]
    for type_of in dict.fromkeys(kind for _, kind, _ in tensors):
        of = [roof.product(dims) for _, kind, dims in tensors if kind == type_of]
        size, elements = BLOCKS[type_of]
        lines.append(f"{type_of}: {len(of)} tensors, {sum(of) * size // elements} bytes")
    out = "\n".join(["GGUF version 3", *lines, "tokenizer.ggml.eos_token_id = 151645", ""])
    with mock.patch.object(roof.subprocess, "run", return_value=types.SimpleNamespace(stdout=out)):
        return roof.Model("x", pathlib.Path("folder/x-bf16.gguf"), "cloister-model")


def transformer(layers, width, inner, heads, kv_heads, vocabulary, kind_of, tied=True, bias=False):
    """@p kind_of: type of a matrix, by its name and layer."""
    head = width // heads
    kv = kv_heads * head
    tensors = [("token_embd.weight", kind_of("token_embd", 0), [width, vocabulary]),
               ("output_norm.weight", "F32", [width])]
    if not tied:
        tensors.append(("output.weight", kind_of("output", 0), [width, vocabulary]))
    for n in range(layers):
        for name, dims in (("attn_q", [width, width]), ("attn_k", [width, kv]), ("attn_v", [width, kv]),
                           ("attn_output", [width, width]), ("ffn_gate", [width, inner]),
                           ("ffn_up", [width, inner]), ("ffn_down", [inner, width])):
            tensors.append((f"blk.{n}.{name}.weight", kind_of(name, n), dims))
        vectors = {"attn_norm.weight": width, "ffn_norm.weight": width}
        if bias:
            vectors |= {"attn_q.bias": width, "attn_k.bias": kv, "attn_v.bias": kv}
        tensors += [(f"blk.{n}.{name}", "F32", [size]) for name, size in vectors.items()]
    return inspected({"block_count": layers, "embedding_length": width, "attention.head_count": heads,
                      "attention.head_count_kv": kv_heads}, tensors)


def mixed(name, layer):
    """Q4_K_M of 28 layers: six bits for the embedding and, in every second layer, for two matrices."""
    wide = layer < 3 or layer >= 24 or (layer - 3) % 3 == 2
    return "Q6_K" if name == "token_embd" or (wide and name in ("attn_v", "ffn_down")) else "Q4_K"


QWEN = transformer(28, 1536, 8960, 12, 2, 151936, mixed, bias=True)
SMOLLM = transformer(30, 576, 1536, 9, 3, 49152, lambda name, layer: "Q4_1")
MATRICES = 28 * (2 * 1536 * 1536 + 2 * 1536 * 256 + 3 * 1536 * 8960) # of Qwen 1.5B, without the output
OUTPUT = 1536 * 151936
KV = 28 * 2 * (128 * 2 + 128 * 1 + 2) # bytes of a position: float16 keys, int8 values, their scale


def decode(depth, tokens=32):
    return {"what": "decode", "depth": depth, "tokens": tokens}


def prefill(tokens):
    return {"what": "prefill", "tokens": tokens}


class Numbers(unittest.TestCase):
    def test_bytes_per_token_are_those_of_the_tensors_read(self):
        # 736,985,088 as Q4_K, 51,093,504 more for Q6_K, 191,439,360 of the output, 579,584 of float32.
        self.assertEqual(QWEN.token_bytes(), 980_097_536)

    def test_an_embedding_beside_an_output_is_not_read(self):
        both = transformer(1, 64, 128, 2, 1, 1000, lambda name, layer: "BF16", tied=False)
        matrices = 2 * 64 * 64 + 2 * 64 * 32 + 3 * 64 * 128
        self.assertEqual(both.token_bytes(), 2 * (matrices + 64 * 1000) + 4 * (3 * 64))
        self.assertEqual(sum(n for _, n in both.matrices(True)), matrices + 64 * 1000)
        self.assertEqual(sum(n for _, n in both.matrices(False)), matrices)

    def test_keys_and_values_of_every_kind(self):
        # Elements of 28 layers, 2 heads and 10 positions of 128 each.
        n = 28 * 2 * 10
        self.assertEqual(QWEN.kv_bytes(10, "f16"), n * 128 * 4)
        self.assertEqual(QWEN.kv_bytes(10, "bf16"), n * 128 * 4)
        self.assertEqual(QWEN.kv_bytes(10, "f16-int8"), n * (128 * 3 + 2))
        self.assertEqual(QWEN.kv_bytes(10, "int8"), n * (128 + 8 + 128 + 2))

    def test_what_else_a_file_says(self):
        self.assertEqual((QWEN.heads, QWEN.kv_heads, QWEN.head, QWEN.layers), (12, 2, 128, 28))
        self.assertEqual((QWEN.vocabulary, QWEN.end_of_turn), (151936, 151645))
        self.assertEqual(QWEN.path_without_bfloats(), "folder/x-f16.gguf")

    def test_operations_by_arithmetic_with_the_output_where_it_is_wanted(self):
        self.assertEqual(roof.operations(QWEN, 1, 0), {"int8_gops": 2 * MATRICES}) # 2.62 GOP
        self.assertEqual(roof.operations(QWEN, 5, 1), {"int8_gops": 2 * (5 * MATRICES + OUTPUT)})
        floats = transformer(1, 64, 128, 2, 1, 1000, lambda name, layer: "F32" if name == "token_embd"
                             else "BF16")
        matrices = 2 * 64 * 64 + 2 * 64 * 32 + 3 * 64 * 128
        self.assertEqual(roof.operations(floats, 2, 2),
                         {"bf16_gflops": 4 * matrices, "f32_gflops": 4 * 64 * 1000})


class Speed(unittest.TestCase):
    """With 82 GB/s, 1,960 GOPS of int8 and 980 GFLOPS of bfloat16."""

    def speed(self, model, shape, kv="f16-int8"):
        return roof.Roof(support.ROOFS).speed(roof.work(model, shape, kv))

    def test_decode_is_bounded_by_what_is_read(self):
        self.assertEqual(round(self.speed(QWEN, decode(0))), 84)
        # Half way through 32 tokens behind 4,096: 4,112 positions of 21,616 bytes.
        self.assertAlmostEqual(self.speed(QWEN, decode(4096)), 82e9 / (980_097_536 + 4112 * KV), 9)
        self.assertEqual(round(self.speed(QWEN, decode(4096))), 77)
        self.assertEqual(round(self.speed(QWEN, decode(4096), "f16")), 75)

    def test_products_alone_allow_748_tokens_of_qwen(self):
        todo = {"tokens": 1, "bytes": 0, "operations": roof.operations(QWEN, 1, 0)}
        self.assertEqual(round(roof.Roof(support.ROOFS).speed(todo)), 748)

    def test_prompts_with_their_attention(self):
        for tokens, published in ((512, 724), (2048, 659), (8192, 486)):
            self.assertAlmostEqual(self.speed(QWEN, prefill(tokens)), published, delta=1)
        self.assertAlmostEqual(self.speed(SMOLLM, prefill(781)), 7360, delta=5)

    def test_several_users_share_the_weights_and_each_wants_logits(self):
        shape = {"what": "users", "users": 8, "depth": 512, "tokens": 16}
        read = (980_097_536 + 8 * 520 * KV) / 82e9 # 13.05 ms
        products = 8 * 2 * (MATRICES + OUTPUT) / 1960e9 # 12.60 ms
        self.assertAlmostEqual(self.speed(QWEN, shape), 8 / (read + products), 9)
        self.assertEqual(round(self.speed(QWEN, shape)), 312)

    def test_a_shape_that_nothing_is_defined_for_has_no_work(self):
        self.assertIsNone(roof.work(QWEN, {"what": "guess", "tokens": 1}, "f16"))

    def test_the_tier_that_is_named_and_all_threads_count(self):
        self.assertEqual(roof.Roof(support.ROOFS).peak("int8_gops"), 1960e9)
        self.assertEqual(roof.Roof(support.ROOFS, "generic").peak("int8_gops"), 100e9)
        # No bfloat16 there: float32 instead.
        self.assertEqual(roof.Roof(support.ROOFS, "generic").peak("bf16_gflops"), 40e9)
        self.assertEqual(roof.Roof(support.ROOFS).peak("bf16_gflops"), 980e9)
        self.assertEqual(roof.Roof(support.ROOFS).read, 82e9)


class Higher(unittest.TestCase):
    def test_the_most_of_every_figure_is_kept(self):
        now = copy.deepcopy(support.ROOFS)
        now["read_gb_per_s"] = [70.0, 50.0]
        now["tiers"][1]["int8_gops"] = [100.0, 2000.0]
        kept = roof.higher(now, support.ROOFS)
        self.assertEqual(kept["read_gb_per_s"], [70.0, 82.0])
        self.assertEqual(kept["tiers"][1]["int8_gops"], [980.0, 2000.0])
        self.assertEqual(kept["tiers"][0], support.ROOFS["tiers"][0])

    def test_roofs_of_other_tiers_or_threads_are_not_compared(self):
        self.assertEqual(roof.higher(support.ROOFS, None), support.ROOFS)
        other = copy.deepcopy(support.ROOFS)
        other["tiers"][1]["name"] = "avx2"
        other["tiers"][1]["int8_gops"] = [9000.0, 9000.0]
        self.assertEqual(roof.higher(support.ROOFS, other), support.ROOFS)
        one = {"threads": 1, "read_mib": 512, "read_gb_per_s": [90.0],
               "tiers": [{key: value if key == "name" else value[:1] for key, value in tier.items()}
                         for tier in support.ROOFS["tiers"]]}
        self.assertEqual(roof.higher(support.ROOFS, one), support.ROOFS)


if __name__ == "__main__":
    unittest.main()
