#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the models of random weights that ./run bench measures: the shape of a public model, valid
blocks of every type, a made-up vocabulary. Speed does not depend on what the weights are.

usage: random_model.py FOLDER NAME [...]      NAME: llama-1b-q4_0, llama-1b-q4_k_m, …

Needs numpy and gguf. The same name gives the same bytes; a file that is there is kept. Prints the
paths on standard output.
"""
import pathlib
import sys

import numpy as np

SHAPES = {
    # Llama-3.2-1B and Llama-3.1-8B, without their factors for long contexts.
    "llama-1b": {"layers": 16, "width": 2048, "hidden": 8192, "heads": 32, "kv_heads": 8,
                 "head": 64, "tied": True},
    "llama-8b": {"layers": 32, "width": 4096, "hidden": 14336, "heads": 32, "kv_heads": 8,
                 "head": 128, "tied": False},
}
VOCABULARY = 128_256
SPECIALS = 256
CONTEXT = 16_384

# type -> elements and bytes of a block, and where a block holds float16 factors: offset -> value.
# The values make every weight about 1 / sqrt(2048), so that activations stay as in a real model.
BLOCKS = {
    "Q4_0": (32, 18, {0: 0.0048}),
    "Q8_0": (32, 34, {0: 0.0003}),
    "Q4_K": (256, 144, {0: 8.8e-5, 2: 6.6e-4}),
    "Q6_K": (256, 210, {208: 1.6e-5}),
}
# Sixteen-bit types: sign and mantissa at random, exponent -6.
HALVES = {"BF16": (0x807F, 121 << 7), "F16": (0x83FF, 9 << 10)}

FILE_TYPES = {"q4_0": "Q4_0", "q8_0": "Q8_0", "q4_k_m": "Q4_K", "bf16": "BF16", "f16": "F16"}


def tensor_type(kind, name, layer, layers):
    """What llama-quantize chooses: the output matrix finer, and in Q4_K_M half of two kinds."""
    base = FILE_TYPES[kind]
    if kind in ("q4_0", "q4_k_m") and name == "output":
        return "Q6_K"
    if kind == "q4_k_m" and name in ("attn_v", "ffn_down"):
        more = layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2
        return "Q6_K" if more else base
    return base


def weights(random, kind, rows, columns):
    """Bytes of a matrix, [rows, bytes of a row]."""
    if kind in HALVES:
        mask, exponent = HALVES[kind]
        bits = random.integers(0, 1 << 16, (rows, columns), np.uint16)
        return ((bits & mask) | exponent).view(np.uint8)
    elements, size, factors = BLOCKS[kind]
    count = rows * columns // elements
    blocks = random.integers(0, 256, (count, size), np.uint8)
    for offset, value in factors.items():
        blocks[:, offset:offset + 2] = np.full(1, value, np.float16).view(np.uint8)
    return blocks.reshape(rows, columns // elements * size)


def byte_letters():
    """The 256 characters that stand for bytes in byte-level vocabularies."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in kept]
    return [chr(b) for b in kept] + [chr(256 + n) for n in range(len(others))]


def vocabulary():
    """Every pair of bytes, then triples until it is full; each by one merge of what was there."""
    letters = byte_letters()
    pairs = [a + b for a in letters for b in letters]
    merges = [f"{a} {b}" for a in letters for b in letters]
    wanted = VOCABULARY - SPECIALS - len(letters) - len(pairs)
    triples, n = [], 0
    while len(triples) < wanted:
        pair, letter = pairs[n // len(letters)], letters[n % len(letters)]
        triples.append(pair + letter)
        merges.append(f"{pair} {letter}")
        n += 1
    words = letters + pairs + triples
    specials = ["<|begin_of_text|>", "<|end_of_text|>"]
    specials += [f"<|reserved_{n}|>" for n in range(SPECIALS - 2)]
    return words + specials, [1] * len(words) + [3] * SPECIALS, merges


def describe(writer, shape, kind):
    import gguf
    writer.add_name(f"random weights, {kind}")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(shape["width"])
    writer.add_block_count(shape["layers"])
    writer.add_feed_forward_length(shape["hidden"])
    writer.add_head_count(shape["heads"])
    writer.add_head_count_kv(shape["kv_heads"])
    writer.add_key_length(shape["head"])
    writer.add_value_length(shape["head"])
    writer.add_rope_dimension_count(shape["head"])
    writer.add_rope_freq_base(500_000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(VOCABULARY)
    numbers = {"q4_0": 2, "q8_0": 7, "q4_k_m": 15, "bf16": 32, "f16": 1}
    writer.add_file_type(numbers[kind])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    tokens, types, merges = vocabulary()
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(VOCABULARY - SPECIALS)
    writer.add_eos_token_id(VOCABULARY - SPECIALS + 1)


def matrices(shape):
    """(name in the file, what tensor_type knows it as, layer, rows, columns), in the usual order."""
    width, hidden = shape["width"], shape["hidden"]
    queries, keys = shape["heads"] * shape["head"], shape["kv_heads"] * shape["head"]
    yield "token_embd", "output" if shape["tied"] else "token_embd", 0, VOCABULARY, width
    for layer in range(shape["layers"]):
        for name, rows, columns in (("attn_q", queries, width), ("attn_k", keys, width),
                                    ("attn_v", keys, width), ("attn_output", width, queries),
                                    ("ffn_gate", hidden, width), ("ffn_up", hidden, width),
                                    ("ffn_down", width, hidden)):
            yield f"blk.{layer}.{name}", name, layer, rows, columns
    if not shape["tied"]:
        yield "output", "output", 0, VOCABULARY, width


def norms(shape):
    for layer in range(shape["layers"]):
        yield f"blk.{layer}.attn_norm"
        yield f"blk.{layer}.ffn_norm"
    yield "output_norm"


def make(path, shape, kind):
    import gguf
    print(f"Making {path.name} (random weights, once) …", file=sys.stderr, flush=True)
    part = path.with_suffix(".new")
    writer = gguf.GGUFWriter(part, "llama")
    describe(writer, shape, kind)
    random = np.random.default_rng(1)
    for name, role, layer, rows, columns in matrices(shape):
        of = tensor_type(kind, role, layer, shape["layers"])
        writer.add_tensor(f"{name}.weight", weights(random, of, rows, columns),
                          raw_dtype=gguf.GGMLQuantizationType[of])
    for name in norms(shape):
        writer.add_tensor(f"{name}.weight", np.ones(shape["width"], np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    part.chmod(0o444)
    part.rename(path)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:]:
        shape, kind = name.rsplit("-", 1)
        path = folder / f"{name}.gguf"
        if not path.exists():
            make(path, SHAPES[shape], kind)
        print(path)


if __name__ == "__main__":
    main()
