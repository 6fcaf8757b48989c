#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""OpenVINO GenAI with one model at one setting, answering a line of JSON for each line of JSON.

usage: openvino_worker.py MODEL SETTING VOCABULARY

SETTING: JSON; keys in capitals go to the plugin, "chunk" is the scheduler's tokens per step, "backend"
PA or SDPA. Commands: {"do": "prefill", "tokens"}, {"do": "decode", "depth", "tokens"}, {"do": "users",
"users", "depth", "tokens"}; each answer is {"speed": tokens per second} or {"error"}. The prefix
cache is off, and every prompt is a fresh one.
"""
import json
import sys
import time

import numpy as np
import openvino
import openvino_genai as genai

CACHE_GB = 2


def scheduler(setting):
    config = genai.SchedulerConfig()
    config.enable_prefix_caching = False
    config.cache_size = CACHE_GB
    config.max_num_batched_tokens = setting.get("chunk", 256)
    config.max_num_seqs = 16
    return config


class Engine:
    def __init__(self, model, setting, vocabulary):
        self.model, self.setting, self.vocabulary = model, setting, vocabulary
        self.random = np.random.default_rng()
        self.plugin = {k: v for k, v in setting.items() if k.isupper()}
        self.pipeline = self.batches = None

    def single(self):
        if self.pipeline is None:
            backend = self.setting.get("backend", "PA")
            more = {"scheduler_config": scheduler(self.setting)} if backend == "PA" else {}
            self.pipeline = genai.LLMPipeline(self.model, "CPU", ATTENTION_BACKEND=backend, **more,
                                              **self.plugin)
        return self.pipeline

    def together(self):
        if self.batches is None:
            self.pipeline = None # not twice in memory
            self.batches = genai.ContinuousBatchingPipeline(self.model, scheduler(self.setting),
                                                            "CPU", self.plugin)
        return self.batches

    def prompt(self, tokens):
        ids = self.random.integers(0, self.vocabulary - 300, (1, max(1, tokens)))
        return openvino.Tensor(ids.astype(np.int64))

    def limits(self, tokens):
        config = genai.GenerationConfig()
        config.max_new_tokens, config.ignore_eos, config.do_sample = tokens, True, False
        return config

    def prefill(self, tokens):
        metrics = self.single().generate(self.prompt(tokens), self.limits(1)).perf_metrics
        return tokens * 1000 / metrics.get_ttft().mean

    def decode(self, depth, tokens):
        metrics = self.single().generate(self.prompt(depth), self.limits(tokens + 1)).perf_metrics
        return 1000 / metrics.get_tpot().mean

    def users(self, users, depth, tokens):
        """All together, counted only while every one of them generates."""
        pipeline = self.together()
        handles = [pipeline.add_request(n, self.prompt(depth), self.limits(tokens + depth))
                   for n in range(users)]
        begun = [0] * users
        started, counted = None, 0
        while counted < users * tokens:
            pipeline.step()
            for n, handle in enumerate(handles):
                if not handle.can_read():
                    continue
                new = sum(len(out.generated_ids) for out in handle.read().values())
                begun[n] += new
                counted += new if started else 0
            if started is None and all(begun):
                started = time.monotonic()
        speed = counted / (time.monotonic() - started)
        for handle in handles:
            handle.stop()
        while pipeline.has_non_finished_requests():
            pipeline.step()
        return speed


def main():
    engine = Engine(sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]))
    for line in sys.stdin:
        command = json.loads(line)
        try:
            speed = getattr(engine, command.pop("do"))(**command)
            answer = {"speed": speed}
        except Exception as error: # whatever the library throws is told, not hidden
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
        print("ANSWER " + json.dumps(answer), flush=True)


main()
