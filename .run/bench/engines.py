# SPDX-License-Identifier: Apache-2.0
"""The three engines. Each has measure(model, shape, setting): tokens per second of one run.

A shape is a dict: "what" prefill (of "tokens"), decode ("tokens" after "depth") or users ("users" at
once, "tokens" each after "depth"); "tier" where one is forced.
"""
import json
import pathlib
import sys

from llama_server import LlamaServer
from machine import Talker, run

HERE = pathlib.Path(__file__).parent
# So many tokens are read once before the clock runs; more would only cost time.
WARM_UP = 1024
# Our tiers, and which backend of llama.cpp has the same instructions.
BACKENDS = {None: "best", "avx2": "haswell"}


class NotYet(Exception):
    """The engine cannot do this shape."""


class Ours:
    name = "cloister"

    def __init__(self, program, threads):
        self.program, self.threads = str(program), threads
        self.help = run([self.program, "--help"])
        self.kv = "f16-int8" # of the last run
        self.roofs_beside = [] # measured just before and just after it

    def measure(self, model, shape, setting):
        prompt, generate = shape["tokens"], 0
        if shape["what"] != "prefill":
            prompt, generate = generate, prompt
        command = [self.program, "bench", str(model.path), "--threads", str(self.threads),
                   "--repeat", "1", "--json", "--roofs", "--prompt", str(prompt), "--generate", str(generate),
                   "--depth", str(shape.get("depth", 0))]
        for option in ("tier", "users"):
            if option in shape:
                if f"[--{option} " not in self.help:
                    raise NotYet(f"bench --{option}")
                command += [f"--{option}", str(shape[option])]
        result = json.loads(run(command))
        self.kv = result.get("kv", self.kv)
        phase = result["prefill" if prompt else "decode"]
        self.roofs_beside = phase["roofs"]
        return phase["tokens_per_second"]

    def roofs(self):
        """What the machine can do now, with every number of threads in every tier."""
        return json.loads(run([self.program, "roofs", "--json", "--threads", str(self.threads)]))


class Llama:
    name = "llama.cpp"
    start = {"repack": 1, "fa": "on", "ub": 512, "threads": 2, "wait": "", "mask": "", "kv": "f16"}

    def __init__(self, root, threads):
        self.root, self.start = root, self.start | {"threads": threads}

    def command(self, shape, setting, *words):
        environment = [f"OMP_WAIT_POLICY={setting['wait']}"] if setting["wait"] else []
        return [str(HERE / "peer.sh"), str(self.root), BACKENDS[shape.get("tier")], "env",
                *environment, *words]

    def measure(self, model, shape, setting):
        if shape["what"] == "users":
            return self.users(model, shape, setting)
        prompt, generate = shape["tokens"], 0
        if shape["what"] == "decode":
            prompt, generate = generate, prompt
        options = ["-p", prompt, "-n", generate, "-d", shape.get("depth", 0), "-r", 1,
                   "-t", setting["threads"], "-fa", setting["fa"], "-ub", setting["ub"],
                   "--repack", setting["repack"], "-ctk", setting["kv"], "-ctv", setting["kv"]]
        if setting["mask"]:
            options += ["-C", setting["mask"], "--cpu-strict", 1]
        if prompt > WARM_UP:
            options.append("--no-warmup")
        out = run(self.command(shape, setting, "llama-bench", "-m", str(model.path),
                               *map(str, options), "-o", "json"))
        return json.loads(out)[0]["avg_ts"]

    def users(self, model, shape, setting):
        """llama-server with a slot for each user."""
        room = 2 * shape["depth"] + shape["tokens"] + 64 # the first to begin write until the last have
        options = ["-np", shape["users"], "-c", shape["users"] * room, "-t", setting["threads"],
                   "-fa", setting["fa"], "-ub", setting["ub"], "-ctk", setting["kv"], "-ctv",
                   setting["kv"], "--repack" if setting["repack"] else "--no-repack"]
        if setting["mask"]:
            options += ["-C", setting["mask"], "--cpu-strict", 1]
        server = LlamaServer(self.command(shape, setting, "llama-server", "-m", str(model.path),
                                          *map(str, options)))
        try:
            return server.speed(shape["users"], shape["depth"], shape["tokens"], model.vocabulary)
        finally:
            server.end()


class OpenVino:
    name = "OpenVINO"
    start = {}

    def __init__(self, packages, threads):
        self.packages, self.start = packages, {"INFERENCE_NUM_THREADS": threads}
        self.worker = self.loaded = None

    def measure(self, model, shape, setting):
        if shape.get("tier"):
            raise NotYet("a forced tier")
        self.load(model, setting, shape["what"] == "users")
        question = {"do": shape["what"], "tokens": shape["tokens"]}
        for key in ("depth", "users"):
            if key in shape:
                question[key] = shape[key]
        return self.ask(question)

    def load(self, model, setting, together):
        key = (model.path_without_bfloats(), json.dumps(setting), together)
        if key == self.loaded:
            return
        self.unload()
        self.worker = Talker([sys.executable, str(HERE / "openvino_worker.py"), str(key[0]), key[1],
                              str(model.vocabulary)], {"PYTHONPATH": str(self.packages)})
        self.loaded = key
        # The first run compiles; what it measures is thrown away.
        if together:
            self.ask({"do": "users", "users": 2, "depth": 64, "tokens": 2})
        else:
            self.ask({"do": "prefill", "tokens": 512})

    def ask(self, question):
        try:
            answer = self.worker.ask(question)
        except RuntimeError:
            self.unload() # the next question starts another
            raise
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["speed"]

    def unload(self):
        if self.worker:
            self.worker.end()
        self.worker = self.loaded = None
