# SPDX-License-Identifier: Apache-2.0
"""The rows of the table: shapes, bars, and which mode measures them.

A bar: at least so many times llama.cpp ("llama"), the faster peer ("best") or OpenVINO ("openvino"),
at least this share of the roof ("roof"). Where "enough" is given, that share of the roof and no less
than the best peer count as met, too.
"""
MODELS = {
    "135M Q4_1": "small", "1.5B Q4_K_M": "large", "1B Q4_0": "llama-1b-q4_0",
    "1B Q4_K_M": "llama-1b-q4_k_m", "1B Q8_0": "llama-1b-q8_0", "1B BF16": "llama-1b-bf16",
    "8B Q4_K_M": "llama-8b-q4_k_m",
}
RANDOM = {name for name in MODELS.values() if name.startswith("llama-")}


def decode(model, modes, bar, depth=0, tokens=64, **more):
    return {"model": model, "modes": modes, "bar": bar | {"enough": 0.93},
            "shape": {"what": "decode", "depth": depth, "tokens": tokens} | more}


def prefill(model, modes, tokens, bar, enough=0.70, **more):
    return {"model": model, "modes": modes, "bar": bar | {"enough": enough},
            "shape": {"what": "prefill", "tokens": tokens} | more}


ALL, USUAL, FULL = ("quick", "usual", "full"), ("usual", "full"), ("full",)
QUICK_USERS_ROUNDS = 3 # of half a minute and more each
GROUPS = 0.60 # enough where products go in groups of 32, or in sixteen bits

ROWS = [
    decode("135M Q4_1", ALL, {"best": 1.6}),
    prefill("135M Q4_1", ALL, 781, {"best": 1.1}, GROUPS),
    decode("1.5B Q4_K_M", ALL, {"best": 1.6, "roof": 0.85}, tokens=32),
    prefill("1.5B Q4_K_M", ALL, 512, {"llama": 3, "best": 1.5}),
    {"model": "1.5B Q4_K_M", "modes": ALL, "bar": {"llama": 3, "openvino": 1.5},
     "shape": {"what": "users", "users": 8, "depth": 512, "tokens": 16}},
    decode("1.5B Q4_K_M", USUAL, {"best": 1.6}, depth=4096, tokens=32),
    prefill("1.5B Q4_K_M", USUAL, 2048, {"llama": 3, "best": 1.4}),
    prefill("1.5B Q4_K_M", USUAL, 8192, {"llama": 3, "best": 1.2}),
    decode("1.5B Q4_K_M", USUAL, {"llama": 1.2}, tokens=32, tier="avx2"),
    prefill("1.5B Q4_K_M", USUAL, 512, {"llama": 1.2}, tier="avx2"),
]
for _model, _first, _second, _decode, _enough in (
        ("1B Q4_0", {"llama": 2.3, "best": 1.3}, {"llama": 2.3, "best": 1.3},
         {"best": 1.6, "roof": 0.85}, GROUPS),
        ("1B Q4_K_M", {"llama": 3, "best": 1.5}, {"llama": 3, "best": 1.4},
         {"best": 1.6, "roof": 0.85}, 0.70),
        ("1B Q8_0", {"llama": 6, "best": 1.2}, {"llama": 6, "best": 1.2},
         {"best": 1.6, "roof": 0.85}, GROUPS),
        ("1B BF16", {"llama": 2, "best": 1.0}, {"llama": 2, "best": 1.0},
         {"llama": 1.15, "openvino": 1.0}, GROUPS)):
    ROWS += [decode(_model, USUAL, _decode, tokens=32), prefill(_model, USUAL, 512, _first, _enough),
             prefill(_model, USUAL, 2048, _second, _enough)]
ROWS += [decode("8B Q4_K_M", FULL, {"best": 1.6, "roof": 0.85}, tokens=16),
         prefill("8B Q4_K_M", FULL, 512, {"llama": 3, "best": 1.5})]


def label(shape):
    what = {"decode": "decode {tokens}", "prefill": "prefill {tokens}",
            "users": "{users} users, {tokens} each"}[shape["what"]].format(**shape)
    return what + (f", {shape['tier']} tier" if shape.get("tier") else "")
