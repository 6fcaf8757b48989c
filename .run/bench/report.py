# SPDX-License-Identifier: Apache-2.0
"""One measured bench as a table on the terminal and as docs/performance/README.md."""

from shapes import QUICK_USERS_ROUNDS


def number(value, form="{:.1f}"):
    return "–" if value is None else form.format(value)


def speed_of(result, name):
    entry = result["engines"].get(name, {})
    return "not yet" if "missing" in entry and name == "cloister" else number(entry.get("median"))


def bar_text(bar):
    words = []
    for key, name in (("llama", "llama.cpp"), ("openvino", "OpenVINO"), ("best", "best peer")):
        if key in bar:
            words.append(f"{bar[key]}x {name}")
    if "roof" in bar:
        words.append(f"{bar['roof']:.0%} of roof")
    return ", ".join(words)


def met_text(met):
    return {True: "yes", False: "no", None: "open"}[met]


def table(bench):
    """Lists of cells, the head first."""
    rows = [["model", "shape", "depth", "KV", "cloister", "llama.cpp", "OpenVINO", "x llama.cpp",
             "x best", "% of roof", "bar", "met"]]
    for result in bench["rows"]:
        ratio = result["engines"].get("llama.cpp", {}).get("ratio")
        rows.append([result["model"], result["label"] + (" *" if result["disturbed"] else ""),
                     f"{result['depth']:,}", result["kv"], speed_of(result, "cloister"),
                     speed_of(result, "llama.cpp"), speed_of(result, "OpenVINO"),
                     number(ratio, "{:.2f}"), number(result.get("best"), "{:.2f}"),
                     number(result.get("share"), "{:.0%}"), bar_text(result["bar"]),
                     met_text(result["met"])])
    return rows


def text_table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
                     for row in rows)


def markdown_table(rows):
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def extras_table(bench):
    rows = [["model", "what", "depth", "seen", "bar", "met"]]
    for entry in bench["extras"]:
        note = f" ({entry['note']})" if entry["note"] else ""
        rows.append([entry["model"], entry["label"], str(entry["depth"]), entry["value"] + note,
                     entry["bar"], met_text(entry["met"])])
    return rows


def quality_table(bench):
    rows = [["model", "text", "rows", "KV", "mean KL", "llama.cpp's", "ratio", "p99",
             "llama.cpp's", "same first choice", "llama.cpp's"]]
    for entry in bench["quality"]["rows"]:
        rows.append([entry["model"], entry["text"], entry["kind"], entry["kv"],
                     number(entry["mean"], "{:.5f}"), number(entry.get("peer_mean"), "{:.5f}"),
                     number(entry.get("ratio"), "{:.2f}"), number(entry["p99"], "{:.4f}"),
                     number(entry.get("peer_p99"), "{:.4f}"), number(entry["same"], "{:.4f}"),
                     number(entry.get("peer_same"), "{:.4f}")])
    return rows


def roof_text(roofs):
    tier = roofs["tiers"][-1]
    return (f"{roofs['threads']} threads read {roofs['read_gb_per_s'][-1]:.1f} GB/s; {tier['name']}: int8 "
            f"{tier['int8_gops'][-1]:.0f} GOPS, bfloat16 {tier['bf16_gflops'][-1]:.0f} and float32 "
            f"{tier['f32_gflops'][-1]:.0f} GFLOPS")


def setting_lines(bench):
    for result in bench["rows"]:
        for name, entry in result["engines"].items():
            if entry.get("setting"):
                words = ", ".join(f"{key} {value}" for key, value in entry["setting"].items()
                                  if value != "")
                yield f"- {name}, {result['model']}, {result['label']}: {words}"


def terminal(bench):
    parts = [f"Roofs: {roof_text(bench['roofs'])}"] if bench.get("roofs") else []
    if bench.get("rows"):
        parts += [text_table(table(bench)), "tokens per second, medians of "
                  f"{bench['rounds']} rounds; ratios: medians of the rounds' ratios"]
        if any(result["disturbed"] for result in bench["rows"]):
            parts.append("* more than 1 % of the time was stolen by the host in every try")
    if bench.get("extras"):
        parts.append(text_table(extras_table(bench)))
    if bench.get("quality"):
        parts.append(text_table(quality_table(bench)) + "\n" + "\n".join(bench["quality"]["words"]))
    return "\n\n".join(parts)


PAGE = """# Speed and quality
For: whoever chooses hardware or changes a kernel. Written by `./run bench`; do not edit by hand. Figures of {date} on
{machine}.

![ratios]({plot})

## Roofs
{roofs}. Measured in the same run by `cloister-model roofs`: reading {mib} MiB from end to end, and loops that do
nothing but one kind of arithmetic; the best of many passes.

One definition of the roof of a shape: bytes per token = file bytes of the tensors read for it, and its keys and
values; operations leave out the output matrix for all positions of a prompt but the last; time of a prompt =
products / peak of the weights' arithmetic (int8, bfloat16 for BF16 and F16) + attention / peak of bfloat16; time
of a step of several users = bytes / bandwidth + products / peak.

## Beside the peers
The engines take turns on the same files, {rounds} rounds; tokens per second are medians, ratios the medians of the
rounds' ratios. A round in which the host took away more than 1 % of the time is measured again. Each peer runs at
the best setting that was found for it (below). Ratios above 1: Cloister is faster.
1B and 8B hold random weights in the shapes of Llama-3.2-1B and Llama-3.1-8B, without their factors for long
contexts and with a made-up vocabulary of 128,256 entries: speed does not depend on what the weights are.
OpenVINO reads no BF16 out of GGUF: the F16 file there. llama.cpp's figure for several users is llama-batched-bench's,
whose users share one prompt and wait for no requests: no less than its server reaches. With `--quick` several users
are measured in {few} rounds. KV names Cloister's; the peers' is in their settings (llama.cpp `kv`; OpenVINO
`KV_CACHE_PRECISION`, u8 where unnamed).

{table}

## Against itself
{extras}

{quality}## Settings of the peers
{settings}
"""


def markdown(bench):
    quality = ""
    if bench.get("quality"):
        quality = ("## Quality\nKullback-Leibler divergence from the float32 reference (../shared/data/real) "
                   "over all positions but the first, beside llama.cpp's; and from `--exact` on our own "
                   "documents.\n\n" + markdown_table(quality_table(bench)) + "\n\n" +
                   "\n".join(bench["quality"]["words"]) + "\n\n")
    return PAGE.format(date=bench["date"], machine=bench["machine"], plot="bench.svg",
                       roofs=roof_text(bench["roofs"]), mib=bench["roofs"]["read_mib"],
                       rounds=bench["rounds"], few=QUICK_USERS_ROUNDS, table=markdown_table(table(bench)),
                       extras=markdown_table(extras_table(bench)) if bench.get("extras")
                       else "Not measured in this run.", quality=quality,
                       settings="\n".join(setting_lines(bench)) or "None was looked for in this run.")
