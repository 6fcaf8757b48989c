# SPDX-License-Identifier: Apache-2.0
"""What the bench has written down as tables on the terminal and as docs/performance/README.md."""

import quality_rows
from shapes import label


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
    near = f" (or {bar['enough']:.0%} of roof at 1x best peer)" if "enough" in bar else ""
    return ", ".join(words) + near


def met_text(met):
    return {True: "met", False: "missed", None: "open"}[met]


def bars_of(row):
    """Of a row of the plan, or of what was seen of one."""
    if row["kind"] == "quality":
        return quality_rows.BAR
    return bar_text(row["bar"]) if row["kind"] == "speed" else row["bar"]


def seen_text(result):
    if "failed" in result:
        return f"not seen: {result['failed']}"
    if result["kind"] == "quality":
        return quality_rows.seen_text(result)
    if result["kind"] == "alone":
        return result["value"]
    words = [f"{speed_of(result, 'cloister')} tokens/s"]
    for name, entry in result["engines"].items():
        if entry.get("ratio") and name != "cloister":
            words.append(f"{entry['ratio']:.2f}x {name}")
        elif "missing" in entry:
            words.append(f"{name}: {entry['missing'][:100]}")
    if result.get("share"):
        words.append(f"{result['share']:.0%} of roof")
    return ", ".join(words)


def line(result):
    again = f" (not seen again: {result['again']})" if result.get("again") else ""
    return f"{result['id']}: {seen_text(result)}; bar: {bars_of(result)}: {met_text(result['met'])}{again}"


def of_kind(book, rows, kind):
    return [result for _, result in book.ordered(rows) if result["kind"] == kind]


def table(results):
    """Lists of cells, the head first."""
    rows = [["model", "shape", "depth", "KV", "cloister", "llama.cpp", "OpenVINO", "x llama.cpp",
             "x best", "% of roof", "bar", "met", "rounds", "seen"]]
    for result in results:
        if "failed" in result:
            rows.append([result["model"], label(result["shape"]), "", "", result["failed"], "", "", "", "",
                         "", bars_of(result), met_text(None), "", result["when"][:10]])
            continue
        ratio = result["engines"].get("llama.cpp", {}).get("ratio")
        rows.append([result["model"], result["label"] + (" *" if result["disturbed"] else ""),
                     f"{result['depth']:,}", result["kv"], speed_of(result, "cloister"),
                     speed_of(result, "llama.cpp"), speed_of(result, "OpenVINO"),
                     number(ratio, "{:.2f}"), number(result.get("best"), "{:.2f}"),
                     number(result.get("share"), "{:.0%}"), bars_of(result),
                     met_text(result["met"]), str(result["count"]), result["when"][:10]])
    return rows


def text_table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
                     for row in rows)


def markdown_table(rows):
    # A reason may hold the sign between cells.
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def alone_table(results, plan):
    names = {row["id"]: row["label"] for row in plan if row["kind"] == "alone"}
    rows = [["model", "what", "seen", "bar", "met", "rounds", "on"]]
    for result in results:
        rows.append([result["model"], names[result["id"]], seen_text(result), result["bar"],
                     met_text(result["met"]), str(result["count"]), result["when"][:10]])
    return rows


def quality_table(results):
    rows = [["model", "text", "rows", "KV", "mean KL", "llama.cpp's", "ratio", "p99",
             "llama.cpp's", "same first choice", "llama.cpp's"]]
    for entry in quality_rows.entries(results):
        rows.append([entry["model"], entry["text"], entry["kind"], entry["kv"],
                     number(entry["mean"], "{:.5f}"), number(entry.get("peer_mean"), "{:.5f}"),
                     number(entry.get("ratio"), "{:.2f}"), number(entry["p99"], "{:.4f}"),
                     number(entry.get("peer_p99"), "{:.4f}"), number(entry["same"], "{:.4f}"),
                     number(entry.get("peer_same"), "{:.4f}")])
    return rows


def roof_text(roofs):
    words = [f"{roofs['threads']} threads read {roofs['read_gb_per_s'][-1]:.1f} GB/s"]
    for tier in reversed(roofs["tiers"]):
        bfloats = tier["bf16_gflops"][-1]
        words.append(f"{tier['name']}: int8 {tier['int8_gops'][-1]:.0f} GOPS, " +
                     (f"bfloat16 {bfloats:.0f} and " if bfloats else "") +
                     f"float32 {tier['f32_gflops'][-1]:.0f} GFLOPS")
    return "; ".join(words)


def setting_lines(results):
    for result in results:
        for name, entry in result.get("engines", {}).items():
            if entry.get("setting"):
                words = ", ".join(f"{key} {value}" for key, value in entry["setting"].items()
                                  if value != "")
                yield f"- {name}, {result['model']}, {result['label']}: {words}"


def terminal(book, rows):
    """What is known of @p rows, and how many of their bars are met."""
    parts = [f"Roofs: {roof_text(book.kept['roofs'])}"] if book.kept.get("roofs") else []
    speeds, alone, quality = (of_kind(book, rows, kind) for kind in ("speed", "alone", "quality"))
    if speeds:
        parts += [text_table(table(speeds)),
                  "tokens per second, medians of the rounds; ratios: medians of the rounds' ratios"]
        if any(result.get("disturbed") for result in speeds):
            parts.append("* more than 1 % of the time was stolen by the host in every try")
    if alone:
        parts.append(text_table(alone_table(alone, rows)))
    if quality:
        parts.append(text_table(quality_table(quality)) + "\n" +
                     "\n".join(quality_rows.verdicts(quality)))
    counts = {met: sum(result["met"] is met for result in speeds + alone) for met in (True, False, None)}
    parts.append(f"{counts[True]} bars met, {counts[False]} missed, {counts[None]} open, beside those of "
                 "quality")
    return "\n\n".join(parts)


PAGE = """# Speed and quality
For: whoever chooses hardware or changes a kernel. Written by `./run bench`; do not edit by hand. On
{machine}; each row says when it was seen.

![ratios]({plot})

## Roofs
{roofs}. The highest that `cloister-model roofs` saw here: reading {mib} MiB from end to end, and loops that do
nothing but one kind of arithmetic; the best of many passes.

One definition of the roof of a shape: bytes per token = file bytes of the tensors read for it, and its keys and
values; operations leave out the output matrix for all positions of a prompt but the last; time of a prompt =
products / peak of the weights' arithmetic (int8, bfloat16 for BF16 and F16) + attention / peak of bfloat16; time
of a step of several users = bytes / bandwidth + products / peak. Bandwidth and peaks are measured by the engine's
own process just before and just after each of its figures, because the host halves them for seconds: a share of
the roof is the median of the rounds' shares.

## Beside the peers
The engines take turns on the same files; tokens per second are medians, ratios the medians of the
rounds' ratios. A round in which the host took away more than 1 % of the time is measured again. Each peer runs at
the best setting that was found for it (below); where none was looked for yet, at its start setting, and the bar is
open at best. Ratios above 1: Cloister is faster.
1B and 8B hold random weights in the shapes of Llama-3.2-1B and Llama-3.1-8B, without their factors for long
contexts and with a made-up vocabulary of 128,256 entries: speed does not depend on what the weights are.
OpenVINO reads no BF16 out of GGUF: the F16 file there. Several users are llama-server's with a slot for each, and
OpenVINO's continuous batching; counted only while all of them generate. The AVX2 tier stands beside llama.cpp with
its haswell backend alone. KV names Cloister's; the peers' is in their settings (llama.cpp `kv`; OpenVINO
`KV_CACHE_PRECISION`, u8 where unnamed).

{table}

## Against itself
{alone}

One core half taken: a second program of the same priority that never rests and may run on that core only.
Through the socket: the same question to `cloister-model generate` and to the OpenAI-compatible route of a cloisterd,
tokens per second between the first and the last piece of text.

{quality}## Settings of the peers
{settings}
"""


def markdown(book, plan):
    speeds, alone, quality = (of_kind(book, plan, kind) for kind in ("speed", "alone", "quality"))
    words = ""
    if quality:
        words = ("## Quality\nKullback-Leibler divergence from the float32 reference (../shared/data/real) "
                 "over all positions but the first, beside llama.cpp's; and from `--exact` on our own "
                 "documents, there over the second half of the tokens, which is what llama-perplexity "
                 f"compares. Bar: {quality_rows.BAR}.\n\n" + markdown_table(quality_table(quality)) +
                 "\n\n" + "\n".join(f"- {word}" for word in quality_rows.verdicts(quality)) + "\n\n")
    roofs = book.kept["roofs"]
    return PAGE.format(machine=book.kept["machine"], plot="bench.svg", roofs=roof_text(roofs),
                       mib=roofs["read_mib"], table=markdown_table(table(speeds)),
                       alone=markdown_table(alone_table(alone, plan)) if alone else "Not measured yet.",
                       quality=words, settings="\n".join(setting_lines(speeds)) or "None was looked for.")
