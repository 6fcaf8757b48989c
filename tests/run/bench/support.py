# SPDX-License-Identifier: Apache-2.0
"""What the tests of the bench share. Imported first: it says where the bench's modules are."""
import pathlib
import sys
import types

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / ".run/bench"))

NAMES = {"ours": "cloister", "llama": "llama.cpp", "openvino": "OpenVINO"}
# As `cloister-model roofs --json` tells them, with 1 and 2 threads.
ROOFS = {"threads": 2, "read_mib": 512, "read_gb_per_s": [60.0, 82.0],
         "tiers": [{"name": "generic", "int8_gops": [50.0, 100.0], "bf16_gflops": [0.0, 0.0],
                    "f32_gflops": [20.0, 40.0]},
                   {"name": "avx512", "int8_gops": [980.0, 1960.0], "bf16_gflops": [490.0, 980.0],
                    "f32_gflops": [245.0, 490.0]}]}


def engine(speeds, searched=True):
    """What a row keeps of an engine: its speeds, or (given a text) why there are none."""
    if isinstance(speeds, str):
        return {"missing": speeds}
    return {"setting": {"threads": 2}, "searched": searched, "speeds": list(speeds)}


def measured(bar, roofs=(100.0,), stolen=0.0, searched=True, **speeds):
    """A row as rounds.measure() has it before it concludes; one round of 30, 15 and 10 where nothing else
    is given."""
    speeds = {"ours": [30.0], "llama": [15.0], "openvino": [10.0]} | speeds
    engines = {NAMES[key]: engine(value, searched or key == "ours") for key, value in speeds.items()}
    return {"model": "1.5B Q4_K_M", "label": "decode 32", "depth": 0, "bar": bar,
            "shape": {"what": "decode", "depth": 0, "tokens": 32}, "engines": engines,
            "roofs": list(roofs), "stolen": stolen}


def desk(**more):
    """Of main.Desk what a row of extras.py looks at."""
    return types.SimpleNamespace(
        mode="usual", args=types.SimpleNamespace(within=None, rounds=None, resume=False),
        ours=types.SimpleNamespace(program="cloister-model", threads=2, kv="f16-int8",
                                   help="--pack-folder DIR --draft FILE"), **more)
