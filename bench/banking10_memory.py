#!/usr/bin/env python3
"""Peak memory of training beside Hugging Face PEFT: the same rows, the same settings, a few optimiser steps of each.

usage: banking10_memory.py MODEL_DIR DATA_DIR [--steps 3]

Runs `quality/reference_sft.py` (torch, transformers, peft in this Python) and `bin/graft train`. Measured is the largest anonymous
memory of a process, which cannot be given back to the system, and the largest resident memory, which has the mapped files too.
It does not depend on what else the machine does. Linux only.
"""
import argparse
import json
import pathlib
import sys
import tempfile

import banking10_speed
import memory


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("--steps", type=int, default=3)
    a = parser.parse_args()
    reference = str(banking10_speed.HERE / "quality/reference_sft.py")
    measured = {"peft": memory.measure([sys.executable, reference, a.model, a.data, "--steps", str(a.steps), "--train-only"])}
    with tempfile.TemporaryDirectory() as directory:
        spec = banking10_speed.write_spec(a, directory)
        out = str(pathlib.Path(directory) / "out")
        measured["graft"] = memory.measure([str(memory.GRAFT), "train", str(spec), "--out", out])
    for name, (anonymous, resident) in measured.items():
        print(json.dumps({"program": name, "anonymous_mb": anonymous // 10**6, "resident_mb": resident // 10**6}))
    print(json.dumps({"ratio": round(measured["graft"][0] / measured["peft"][0], 2)}))


if __name__ == "__main__":
    main()
