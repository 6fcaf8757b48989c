# SPDX-License-Identifier: Apache-2.0
"""Finds each peer's best setting for a model and a kind of shape, once, and keeps it in the cache
with the figures that it was chosen by."""
import json

from engines import NotYet
from machine import steadily

# One after the other, each tried on top of what was best so far.
CHOICES = {
    "llama.cpp": [("repack", [0]), ("fa", ["off"]), ("ub", [256]), ("threads", [1]),
                  ("wait", ["active", "passive"]), ("mask", ["0x3"])],
    # Every one of these is a start of 10 to 25 seconds.
    "OpenVINO": [("chunk", [65536]), ("KV_CACHE_PRECISION", ["f16"]),
                 ("INFERENCE_PRECISION_HINT", ["f32"]),
                 ("DYNAMIC_QUANTIZATION_GROUP_SIZE", ["0", "128"]), ("backend", ["SDPA"])],
}
# Tried also where keys and values are what is read.
DEEP = {"llama.cpp": [("kv", ["q8_0"])], "OpenVINO": []}
ONLY_PREFILL = {"ub", "chunk"}
CLEARLY = 1.02 # less than this is noise
HOPELESS = 0.85 # of the best so far: not worth a second try


def probe(kind, model):
    """A short stand-in for the shapes of a kind."""
    large = model.file_bytes() > 3e9
    if kind == "prefill":
        return {"what": "prefill", "tokens": 256 if large else 512}
    if kind == "deep":
        return {"what": "decode", "depth": 1024, "tokens": 12}
    return {"what": "decode", "depth": 0, "tokens": 16 if large else 32}


class Settings:
    def __init__(self, path, say, search):
        self.path, self.say, self.search_wanted = path, say, search
        self.known = json.loads(path.read_text()) if path.exists() else {}

    def best(self, engine, model, shape):
        kind = "prefill" if shape["what"] == "prefill" else \
            "deep" if shape.get("depth", 0) >= 2048 else "decode"
        key = f"{engine.name} {model.path.name} {kind}"
        if key not in self.known:
            if not self.search_wanted:
                return engine.start
            self.known[key] = self.search(engine, model, kind)
            self.path.write_text(json.dumps(self.known, indent=1) + "\n")
        return self.known[key]["setting"]

    def search(self, engine, model, kind):
        self.say(f"Finding the best setting of {engine.name} for {model.name}, {kind} (once) …")
        shape, tried = probe(kind, model), []

        def speed(setting, fastest):
            # Twice, the better one: what disturbs only ever slows down.
            try:
                found, _ = steadily(lambda: engine.measure(model, shape, setting))
                if found > HOPELESS * fastest:
                    found = max(found, steadily(lambda: engine.measure(model, shape, setting))[0])
            except (RuntimeError, NotYet) as error:
                tried.append({"setting": setting, "error": str(error)})
                return 0
            tried.append({"setting": setting, "tokens_per_second": round(found, 2)})
            return found

        best = dict(engine.start)
        fastest = speed(best, 0)
        for name, values in CHOICES[engine.name] + (DEEP[engine.name] if kind == "deep" else []):
            if name in ONLY_PREFILL and kind != "prefill":
                continue
            for value in values:
                changed = best | {name: value}
                found = speed(changed, fastest)
                if found > fastest * CLEARLY:
                    best, fastest = changed, found
        # Had the first run been disturbed, anything would have looked better.
        if best != engine.start and speed(engine.start, 0) > fastest:
            best = dict(engine.start)
        return {"setting": best, "shape": shape, "tried": tried}
