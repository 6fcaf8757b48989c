# SPDX-License-Identifier: Apache-2.0
"""A model's numbers, and the least time that the machine could take for a shape.

One definition (docs/performance says it in words): bytes per token = file bytes of the tensors read
for it + keys and values; operations leave out the output matrix for all positions of a prompt but the
last; time of a prompt = products of weights / peak of their type + attention / peak of bfloat16; time
of a step of several users = bytes / bandwidth + products / peak of their type.
"""
import re
import subprocess

# By the name that --kv has: bytes of a key element, of a value element (a scale of float16 for 32 int8
# keys is in it), and of the one scale that the int8 values of a token and head share.
KV_FORMATS = {"f16": (2, 2, 0), "bf16": (2, 2, 0), "f16-int8": (2, 1, 2), "int8": (1 + 2 / 32, 1, 2)}
FLOATS = {"BF16": "bf16_gflops", "F16": "bf16_gflops", "F32": "f32_gflops"}


class Model:
    def __init__(self, name, path, program):
        self.name, self.path = name, path
        text = subprocess.run([str(program), "inspect", str(path)], check=True, capture_output=True,
                              text=True, errors="replace").stdout
        values = dict(re.findall(r"^\w+\.([\w.]+) = (\d+)$", text, re.M))
        # name, type, elements, columns
        self.tensors = [(name, kind, [int(n) for n in dims.split(" x ")])
                        for name, kind, dims in
                        re.findall(r"^(\S+)  (\w+)  (\d+(?: x \d+)*)$", text, re.M)]
        totals = {kind: int(count) for kind, count in
                  re.findall(r"^(\w+): \d+ tensors, (\d+) bytes$", text, re.M)}
        elements = {}
        for _, kind, dims in self.tensors:
            elements[kind] = elements.get(kind, 0) + product(dims)
        self.bytes_of = {kind: totals[kind] / elements[kind] for kind in totals}
        self.layers = int(values["block_count"])
        self.heads = int(values["attention.head_count"])
        self.kv_heads = int(values.get("attention.head_count_kv", self.heads))
        width = int(values["embedding_length"])
        self.head = int(values.get("attention.key_length", width // self.heads))
        self.has_output = any(name == "output.weight" for name, _, _ in self.tensors)
        end = re.search(r"^tokenizer.ggml.eos_token_id = (\d+)$", text, re.M)
        self.end_of_turn = int(end.group(1)) if end else 0
        self.vocabulary = next(d[1] for name, _, d in self.tensors if name == "token_embd.weight")

    def path_without_bfloats(self):
        """OpenVINO reads no bfloat16 out of GGUF: the same weights as float16 then."""
        return str(self.path).replace("-bf16.", "-f16.")

    def matrices(self, output):
        """(type, elements) of every matrix that a token is multiplied by."""
        last = "output.weight" if self.has_output else "token_embd.weight"
        for name, kind, dims in self.tensors:
            if len(dims) == 2 and (name.startswith("blk.") or (output and name == last)):
                yield kind, product(dims)

    def token_bytes(self):
        """Read for one generated token: everything but the embedding, of which it is one row."""
        last = "output.weight" if self.has_output else "token_embd.weight"
        return sum(product(dims) * self.bytes_of[kind] for name, kind, dims in self.tensors
                   if name != "token_embd.weight" or name == last)

    def kv_bytes(self, depth, kv):
        key, value, scale = KV_FORMATS[kv]
        return depth * self.layers * self.kv_heads * (self.head * (key + value) + scale)

    def file_bytes(self):
        return self.path.stat().st_size


def product(numbers):
    result = 1
    for number in numbers:
        result *= number
    return result


def higher(roofs, before):
    """@p roofs, and where an earlier measurement of this machine saw more, that: what else ran meanwhile
    only ever lowers them."""
    shape = lambda of: (of["threads"], [tier["name"] for tier in of["tiers"]])
    if not before or shape(before) != shape(roofs):
        return roofs
    most = lambda a, b: [max(pair) for pair in zip(a, b)]
    tiers = [{key: value if key == "name" else most(value, old[key]) for key, value in new.items()}
             for new, old in zip(roofs["tiers"], before["tiers"])]
    return roofs | {"tiers": tiers,
                    "read_gb_per_s": most(roofs["read_gb_per_s"], before["read_gb_per_s"])}


class Roof:
    def __init__(self, roofs, tier=None):
        names = [entry["name"] for entry in roofs["tiers"]]
        self.tier = roofs["tiers"][names.index(tier) if tier in names else -1]
        self.read = roofs["read_gb_per_s"][-1] * 1e9

    def peak(self, arithmetic):
        return (self.tier[arithmetic][-1] or self.tier["f32_gflops"][-1]) * 1e9

    def speed(self, work):
        """Tokens per second that the machine allows at most."""
        operations = sum(n / self.peak(arithmetic) for arithmetic, n in work["operations"].items())
        return work["tokens"] / (work["bytes"] / self.read + operations)


def operations(model, rows, outputs):
    """Of the products of @p rows tokens, of which @p outputs want logits: by arithmetic."""
    sums = {}
    for output, factor in ((False, rows - outputs), (True, outputs)):
        for kind, n in model.matrices(output):
            arithmetic = FLOATS.get(kind, "int8_gops")
            sums[arithmetic] = sums.get(arithmetic, 0) + 2 * n * factor
    return sums


def work(model, shape, kv):
    """What the machine has to do at the least for so many tokens; None where nothing is defined."""
    if shape["what"] == "prefill":
        n = shape["tokens"]
        sums = operations(model, n, 1)
        sums["bf16_gflops"] = sums.get("bf16_gflops", 0) + \
            2 * model.heads * model.head * n * n * model.layers
        return {"tokens": n, "bytes": 0, "operations": sums}
    depth = shape.get("depth", 0) + shape["tokens"] / 2
    if shape["what"] == "decode":
        return {"tokens": 1, "bytes": model.token_bytes() + model.kv_bytes(depth, kv), "operations": {}}
    if shape["what"] == "users":
        users = shape["users"]
        return {"tokens": users, "bytes": model.token_bytes() + users * model.kv_bytes(depth, kv),
                "operations": operations(model, users, users)}
    return None
