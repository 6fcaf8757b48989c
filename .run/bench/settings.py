# SPDX-License-Identifier: Apache-2.0
"""Finds each peer's best setting for a model and a kind of shape, once, and keeps it in the cache
with the figures that it was chosen by."""
import json
import os

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
# Of several users: a server's start each.
USERS = {"llama.cpp": [("repack", [0]), ("fa", ["off"]), ("wait", ["active", "passive"])],
         "OpenVINO": [("chunk", [65536]), ("KV_CACHE_PRECISION", ["f16"]),
                      ("INFERENCE_PRECISION_HINT", ["f32"])]}
# Whose setting stands in where a kind was not looked for.
NEXT = {"users": "decode", "deep": "decode"}
ONLY_PREFILL = {"ub", "chunk"}
CLEARLY = 1.02 # less than this is noise
HOPELESS = 0.85 # of the best so far: not worth a second try


def kind_of(shape):
    if shape["what"] == "decode" and shape["depth"] >= 2048:
        return "deep"
    return shape["what"]


def choices(engine, kind):
    if kind == "users":
        return USERS[engine]
    more = DEEP[engine] if kind == "deep" else []
    return [(name, values) for name, values in CHOICES[engine] + more
            if kind == "prefill" or name not in ONLY_PREFILL]


def probe(kind, model):
    """A short stand-in for the shapes of a kind."""
    large = model.file_bytes() > 3e9
    if kind == "prefill":
        return {"what": "prefill", "tokens": 256 if large else 512}
    if kind == "users":
        return {"what": "users", "users": 8, "depth": 64, "tokens": 12}
    if kind == "deep":
        return {"what": "decode", "depth": 1024, "tokens": 12}
    return {"what": "decode", "depth": 0, "tokens": 16 if large else 32}


def key_of(engine, model, kind, tier):
    return f"{engine.name} {model.path.name} {kind}" + (f" {tier}" if tier else "")


class Settings:
    def __init__(self, path, say, search):
        self.path, self.say, self.search_wanted = path, say, search

    @property
    def known(self):
        return json.loads(self.path.read_text()) if self.path.exists() else {}

    def best(self, engine, model, shape):
        kind, tier = kind_of(shape), shape.get("tier", "")
        found = self.found(engine, model, kind, tier)
        if found is None and self.search_wanted:
            found = self.search(engine, model, kind, tier)
            part = self.path.with_suffix(".new")
            part.write_text(json.dumps(self.known | {key_of(engine, model, kind, tier): found}, indent=1)
                            + "\n")
            os.replace(part, self.path)
        for other in (kind, NEXT.get(kind)):
            found = found or self.found(engine, model, other, "")
        return found["setting"] if found else engine.start

    def searched(self, engine, model, shape):
        """Whether what best() gives was looked for with this model and this kind of shape."""
        found = self.found(engine, model, kind_of(shape), shape.get("tier", ""))
        return found is not None and "from" not in found

    def found(self, engine, model, kind, tier):
        return self.known.get(key_of(engine, model, kind, tier))

    def search(self, engine, model, kind, tier):
        self.say(f"Finding the best setting of {engine.name} for {model.name}, {kind} {tier} (once) …")
        shape, tried = probe(kind, model) | ({"tier": tier} if tier else {}), []

        def speed(setting, fastest):
            # Twice, the better one: what disturbs only ever slows down.
            try:
                found, _ = steadily(lambda: engine.measure(model, shape, setting))
                if found > HOPELESS * fastest:
                    found = max(found, steadily(lambda: engine.measure(model, shape, setting))[0])
            except NotYet:
                raise
            except Exception as error: # of this setting; another may do
                tried.append({"setting": setting, "error": str(error)})
                return 0
            tried.append({"setting": setting, "tokens_per_second": round(found, 2)})
            return found

        best = dict(engine.start)
        fastest = speed(best, 0)
        for name, values in choices(engine.name, kind):
            for value in values:
                changed = best | {name: value}
                found = speed(changed, fastest)
                if found > fastest * CLEARLY:
                    best, fastest = changed, found
        if not fastest:
            raise RuntimeError(tried[-1]["error"])
        # Had the first run been disturbed, anything would have looked better.
        if best != engine.start and speed(engine.start, 0) > fastest:
            best = dict(engine.start)
        return {"setting": best, "shape": shape, "tried": tried}
