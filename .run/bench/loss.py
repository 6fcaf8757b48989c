# SPDX-License-Identifier: Apache-2.0
"""What the way through cloisterd costs: the same question to `cloister-model generate --chat` and to
the OpenAI-compatible route of a service of its own, over its socket, tokens per second of the answer."""
import json
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

from machine import steadily
from unix_http import Connection

HERE = pathlib.Path(__file__).parent
QUESTION = ("Explain to a patient in many words what potassium does in the body, why it is measured, what "
            "too much and too little of it do, and what a doctor does about either.")
TOKENS = 160
PATIENCE = 300


class Service:
    """cloisterd with one model and one clinician signed in."""

    def __init__(self, model):
        self.process = subprocess.Popen(["bash", str(HERE / "service.sh"), str(model.path)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        try:
            self.begin(self.process.stdout.readline().split())
        except Exception:
            self.end()
            raise

    def begin(self, words):
        """@p words: "ready", the socket, the user, the passphrase."""
        if words[:1] != ["ready"]:
            raise RuntimeError("cloisterd did not start")
        self.path = words[1]
        self.session = self.post("/cloister/v1/sessions", {"user": words[2], "passphrase": words[3]})
        end = time.monotonic() + PATIENCE
        while self.model_state() != "ready":
            if time.monotonic() > end:
                raise RuntimeError("the service does not get its model ready")
            time.sleep(0.2)

    def model_state(self):
        beat = self.post(f"/cloister/v1/sessions/{self.session['session']}/heartbeat", {"input": True})
        if beat["model"]["state"] in ("none", "unusable"):
            raise RuntimeError(f"the service's model is {beat['model']['state']}")
        return beat["model"]["state"]

    def ask(self, path, body):
        connection = Connection(self.path, PATIENCE)
        headers = {"Content-Type": "application/json"}
        if getattr(self, "session", None):
            headers["Authorization"] = f"Bearer {self.session['token']}"
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        if answer.status >= 300:
            raise RuntimeError(f"{path}: {answer.status} {answer.read().decode()[:120]}")
        return answer

    def post(self, path, body):
        return json.loads(self.ask(path, body).read() or b"{}")

    def speed(self):
        """Tokens per second between the first piece of text and the last."""
        answer = self.ask("/v1/chat/completions", {
            "model": "any", "messages": [{"role": "user", "content": QUESTION}], "stream": True,
            "stream_options": {"include_usage": True}, "max_tokens": TOKENS, "temperature": 0})
        first = last = None
        tokens = 0
        for line in answer:
            if not line.startswith(b"data: {"):
                continue
            chunk = json.loads(line[6:])
            if any(choice.get("delta", {}).get("content") for choice in chunk.get("choices", [])):
                last = time.monotonic()
                first = first or last
            tokens = (chunk.get("usage") or {}).get("completion_tokens", tokens)
        if not first or tokens < 2:
            raise RuntimeError("the service gave no answer")
        return (tokens - 1) / (last - first)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def direct(ours, model, folder):
    """The same, of the engine's own program: between the first piece of text on its output and the last."""
    prompt = pathlib.Path(folder) / "prompt.txt"
    prompt.write_text(QUESTION)
    process = subprocess.Popen(
        [ours.program, "generate", str(model.path), "--prompt-file", str(prompt), "--chat",
         "--max-tokens", str(TOKENS), "--threads", str(ours.threads)], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    first = last = None
    while piece := os.read(process.stdout.fileno(), 1 << 16):
        if piece != b"\n" or first is None: # the newline behind the answer
            last = time.monotonic()
            first = first or last
    figures = process.stderr.read().decode()
    process.stdout.close()
    found = re.search(r"answer (\d+) tokens", figures)
    if process.wait() != 0 or not found:
        raise RuntimeError("cloister-model generate failed")
    return (int(found.group(1)) - 1) / (last - first)


def through_the_socket(desk, model, count):
    service = Service(model)
    ratios = []
    try:
        service.speed() # learns what this machine's steps cost
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(count):
                alone, _ = steadily(lambda: direct(desk.ours, model, folder))
                ratios.append(steadily(service.speed)[0] / alone)
    finally:
        service.end()
    loss = 1 - statistics.median(ratios)
    return {"value": f"{loss:.1%} loss ({TOKENS} tokens)", "met": loss <= 0.03, "figures": ratios}
