# SPDX-License-Identifier: Apache-2.0
"""The rows that stand beside the peers: shapes, bars, and which mode measures them.

A bar: at least so many times llama.cpp ("llama"), the faster peer ("best") or OpenVINO ("openvino"),
at least this share of the roof ("roof"). Where "enough" is given, that share of the roof and no less
than the best peer count as met, too. "most": no more rounds than these, of long runs.
"""
MODELS = {
    "135M Q4_1": "small", "0.5B Q4_K_M": "medium", "1.5B Q4_K_M": "large",
    "1B Q4_0": "llama-1b-q4_0", "1B Q4_K_M": "llama-1b-q4_k_m", "1B Q8_0": "llama-1b-q8_0",
    "1B BF16": "llama-1b-bf16", "8B Q4_K_M": "llama-8b-q4_k_m",
}
RANDOM = {name for name in MODELS.values() if name.startswith("llama-")}

SMALL, MEDIUM, LARGE = "135M Q4_1", "0.5B Q4_K_M", "1.5B Q4_K_M"
ALL, USUAL, FULL = ("quick", "usual", "full"), ("usual", "full"), ("full",)
GROUPS = 0.60 # enough where products go in groups of 32, or in sixteen bits
MATRICES = 0.70 # enough in prefill of K-quants
HALF_A_MINUTE = 3 # rounds are enough where one is longer than that


def short(model):
    """The model's part of a row's id."""
    return model.lower().replace(" ", "-")


def speed(model, modes, shape, bar, minutes, most=None):
    """@p minutes: of five rounds on two cores, a guess until the row has been measured once."""
    return {"kind": "speed", "id": f"{short(model)}/{slug(shape)}", "model": model, "modes": modes,
            "shape": shape, "bar": bar, "minutes": minutes, "most": most}


def decode(model, modes, bar, minutes, depth=0, tokens=32, most=None, **more):
    return speed(model, modes, {"what": "decode", "depth": depth, "tokens": tokens} | more,
                 bar | {"enough": 0.93}, minutes, most)


def prefill(model, modes, tokens, bar, minutes, enough=MATRICES, most=None, **more):
    return speed(model, modes, {"what": "prefill", "tokens": tokens} | more, bar | {"enough": enough},
                 minutes, most)


def slug(shape):
    words = [shape["what"]]
    if shape["what"] == "prefill":
        words.append(str(shape["tokens"]))
    elif shape["what"] == "users":
        words.append(str(shape["users"]))
    elif shape["depth"]:
        words.append(str(shape["depth"]))
    if "tier" in shape:
        words.append(shape["tier"])
    return "-".join(words)


def label(shape):
    what = {"decode": "decode {tokens}", "prefill": "prefill {tokens}",
            "users": "{users} users, {tokens} each"}[shape["what"]].format(**shape)
    return what + (f", {shape['tier']} tier" if shape.get("tier") else "")


LARGE_FIRST = [
    decode(LARGE, ALL, {"best": 1.6, "roof": 0.85}, 1),
    prefill(LARGE, ALL, 512, {"llama": 3, "best": 1.5}, 2),
    prefill(LARGE, USUAL, 2048, {"llama": 3, "best": 1.4}, 4),
]
SMALL_ROWS = [
    decode(SMALL, ALL, {"best": 1.6}, 0.5, tokens=64),
    prefill(SMALL, ALL, 781, {"best": 1.1}, 0.6, GROUPS),
]
USERS = speed(LARGE, ALL, {"what": "users", "users": 8, "depth": 512, "tokens": 16},
              {"llama": 3, "openvino": 1.5}, 6, most=HALF_A_MINUTE)
DEEP = decode(LARGE, USUAL, {"best": 1.6}, 6, depth=4096, most=HALF_A_MINUTE)
AVX2 = [decode(LARGE, USUAL, {"llama": 1.2}, 1, tier="avx2"),
        prefill(LARGE, USUAL, 512, {"llama": 1.2}, 2, tier="avx2")]
LONG = prefill(LARGE, USUAL, 8192, {"llama": 3, "best": 1.2}, 12, most=HALF_A_MINUTE)

RANDOM_ROWS = []
for _model, _first, _second, _decode, _enough in (
        ("1B Q4_K_M", {"llama": 3, "best": 1.5}, {"llama": 3, "best": 1.4},
         {"best": 1.6, "roof": 0.85}, MATRICES),
        ("1B Q4_0", {"llama": 2.3, "best": 1.3}, {"llama": 2.3, "best": 1.3},
         {"best": 1.6, "roof": 0.85}, GROUPS),
        ("1B Q8_0", {"llama": 6, "best": 1.2}, {"llama": 6, "best": 1.2},
         {"best": 1.6, "roof": 0.85}, GROUPS),
        ("1B BF16", {"llama": 2, "best": 1.0}, {"llama": 2, "best": 1.0},
         {"llama": 1.15, "openvino": 1.0}, GROUPS)):
    RANDOM_ROWS += [decode(_model, USUAL, _decode, 1), prefill(_model, USUAL, 512, _first, 1.5, _enough),
                    prefill(_model, USUAL, 2048, _second, 3, _enough)]
HUGE = [decode("8B Q4_K_M", FULL, {"best": 1.6, "roof": 0.85}, 3, tokens=16),
        prefill("8B Q4_K_M", FULL, 512, {"llama": 3, "best": 1.5}, 6)]
