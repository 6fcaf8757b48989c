#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the demo's three patients as FHIR R4 bundles beside this file. Everyone in them is
invented. Run again after a change and commit what it wrote; `--out DIR` writes elsewhere."""

import argparse
import pathlib

import anna_testfield
import bertram_samplewood
import clara_mockridge

PATIENTS = {
    "anna-testfield.json": anna_testfield,
    "bertram-samplewood.json": bertram_samplewood,
    "clara-mockridge.json": clara_mockridge,
}


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, default=here)
    folder = parser.parse_args().out
    for name, story in PATIENTS.items():
        story.record().write(folder / name)


if __name__ == "__main__":
    main()
