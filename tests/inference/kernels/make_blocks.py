# SPDX-License-Identifier: Apache-2.0
"""Writes tests/data/blocks/TYPE.bin for tst_dequantize: blocks of every weight type as a file holds
them, then the float32 values that the gguf package for Python reads from them.

    python3 -m venv venv && venv/bin/pip install gguf==0.19.0 numpy==2.4.6
    venv/bin/python tests/inference/kernels/make_blocks.py tests/data/blocks

Layout: u32 number of values, u32 number of bytes of the blocks, the blocks, the values; little
endian. The bytes are those of Python's own generator from a fixed seed, so that every run writes
the same files. Factors are finite, as in files that a model was saved to; the rest is any bits."""
import pathlib
import random
import struct
import sys

import gguf
import numpy

# Where a block keeps its half-precision factors.
FACTORS = {
    "F16": [0], "BF16": [], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
    "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
    "IQ4_NL": [0], "IQ4_XS": [0], "MXFP4": [],
}
# Zeros, the smallest number, the smallest normal one, 1, an odd one, the largest.
EXTREMES = [0x0000, 0x8000, 0x0001, 0x8001, 0x0400, 0x3C00, 0xB555, 0x7BFF, 0xFBFF]
FILLS = [0x00, 0xFF, 0x80, 0x7F, 0x0F, 0xF0]  # every code and scale at an end of its range


def finiteHalf(source):
    while True:
        bits = source.getrandbits(16)
        if bits & 0x7C00 != 0x7C00:
            return bits


def makeBlock(source, name, index, size):
    fill = FILLS[index % len(FILLS)] if index < 3 * len(FILLS) else None
    block = bytearray(source.randbytes(size) if fill is None else [fill] * size)
    for at in FACTORS[name]:
        extreme = index < 3 * len(EXTREMES)
        bits = EXTREMES[(index + at) % len(EXTREMES)] if extreme else finiteHalf(source)
        struct.pack_into("<H", block, at, bits)
    if name == "BF16" and struct.unpack("<H", block)[0] & 0x7F80 == 0x7F80:
        block[1] ^= 0x40  # not a number, or infinite
    if name == "MXFP4" and index < 32:
        block[0] = index if index < 16 else 255 - (index - 16)  # both ends of the exponents
    return bytes(block)


def make(folder, name):
    kind = gguf.GGMLQuantizationType[name]
    values, size = gguf.GGML_QUANT_SIZES[kind]
    source = random.Random("blocks " + name)
    count = {1: 512, 32: 64}.get(values, 36)
    blocks = b"".join(makeBlock(source, name, i, size) for i in range(count))
    rows = numpy.frombuffer(blocks, dtype=numpy.uint8).reshape(1, -1)
    if name == "F16":
        rows = rows.view(numpy.float16)
    with numpy.errstate(over="ignore"):
        read = gguf.quants.dequantize(rows, kind).astype("<f4").reshape(-1)
    assert read.size == count * values and not numpy.isnan(read).any()
    header = struct.pack("<II", read.size, len(blocks))
    (folder / (name + ".bin")).write_bytes(header + blocks + read.tobytes())


def main():
    assert numpy.__version__ == "2.4.6", numpy.__version__
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in FACTORS:
        make(folder, name)


main()
