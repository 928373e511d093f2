#!/usr/bin/env python3
"""Loads what Graft trained in the golden runs with Hugging Face `peft`, and what it merged with transformers alone.

usage: peft_loads.py CASES ADAPTERS PARITY [--graft COMMAND] [--only CASE ...]

CASES holds the golden runs, ADAPTERS and PARITY are what `bin/graft parity CASES --adapters ADAPTERS > PARITY` wrote.
Prints the table of docs/compatibility.md, a row a case: the largest difference of a loss of Graft's training from the
reference's, and the largest difference of a logit between the reference's own model after training and (a) Graft's
result in `peft` (a whole model in transformers), (b) the form that lies beside it in `peft` where there is one, (c) what `graft merge`
makes of it in transformers. Exits with 1 when one is above the case's tolerance.
"""
import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

warnings.filterwarnings("ignore")
transformers.utils.logging.disable_progress_bar()
torch.set_num_threads(1)

NO_PEFT = {"full": "whole model", "freeze": "whole model", "bottleneck": "not in peft"}
NOT_MERGEABLE = ("prompt_tuning", "p_tuning", "prefix_tuning", "bottleneck")


def model(directory, case):
    auto = AutoModelForSequenceClassification if case["task"] == "sequence-classification" else AutoModelForCausalLM
    loaded = auto.from_pretrained(directory, dtype=torch.float32, attn_implementation="eager").eval()
    loaded.config.use_cache = False
    return loaded


def base_of(run, case):
    """The base; of a quantised run with the numbers that training saw."""
    base = model((run / case["model"]).resolve(), case)
    if "quantization" in case:
        modules = dict(base.named_modules())
        for key, value in load_file(run / "quantized.safetensors").items():
            if key.endswith(".dequantized"):
                modules[key.removesuffix(".dequantized")].weight.data.copy_(value)
    return base


def in_peft(run, case, adapter):
    from peft import PeftModel
    if NO_PEFT.get(case["method"]["type"]) == "whole model":
        return model(adapter, case)
    return PeftModel.from_pretrained(base_of(run, case), str(adapter)).eval()


@torch.no_grad()
def difference(loaded, probe):
    """Largest |logit - reference logit| over real tokens; virtual ones come first and are cut off."""
    ids, mask = probe["input_ids"].long(), probe["attention_mask"].long()
    logits, expected = loaded(input_ids=ids, attention_mask=mask).logits, probe["logits_after"]
    if logits.dim() == 3:
        logits, expected = logits[:, -ids.shape[1]:][mask.bool()], expected[mask.bool()]
    return (logits.double() - expected.double()).abs().max().item()


def merged(run, case, adapter, graft):
    out = tempfile.mkdtemp()
    try:
        command = graft + ["merge", "--model", str((run / case["model"]).resolve()), "--adapter", str(adapter), "--out", out]
        quantization = case.get("quantization")
        if quantization:
            command += ["--quantization", quantization["type"] + ("_double" if quantization["double"] else "")]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return model(out, case)
    finally:
        shutil.rmtree(out)


def cell(value, limit, failures, name):
    if isinstance(value, str):
        return value
    if not value <= limit:
        failures.append(name)
        return f"**{value:.1e}**"
    return f"{value:.1e}"


def trained(parity, name):
    """Largest difference of a loss, from the line of `graft parity`."""
    line = re.search(rf"^{re.escape(name)} .* loss ([0-9.e+-]+)/", parity, re.MULTILINE)
    return line[1] if line else "**no**"


def row(run, adapter, parity, graft, failures):
    case = json.loads((run / "case.json").read_text())
    probe, kind = load_file(run / "probe.safetensors"), case["method"]["type"]
    limit, name = case["tolerance"]["logits_after"], case["name"]
    loads = merges = NO_PEFT.get(kind, "")
    if loads != "not in peft":
        loads = difference(in_peft(run, case, adapter), probe)
    beside = [adapter / form for form in ("plain_lora", "trained_form") if (adapter / form).exists()]
    other = max((difference(in_peft(run, case, each), probe) for each in beside), default="")
    if kind in NOT_MERGEABLE:
        merges = "no such form"
    elif kind not in NO_PEFT and graft:
        merges = difference(merged(run, case, adapter, graft), probe)
    cells = [f"`{case['family']}`", name, trained(parity, name)] + [cell(v, limit, failures, name) for v in (loads, other, merges)]
    print("|", " | ".join(cells), "|", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=Path)
    parser.add_argument("adapters", type=Path)
    parser.add_argument("parity", type=Path)
    parser.add_argument("--graft", default="bin/graft", help="the graft command; empty: merge nothing")
    parser.add_argument("--only", nargs="*", default=[])
    args = parser.parse_args()
    failures = []
    parity = args.parity.read_text()
    print("| base | run | trains: loss | `peft` loads: logit | other form: logit | merged: logit |\n|---|---|---|---|---|---|")
    for adapter in sorted(args.adapters.iterdir()):
        if not args.only or adapter.name in args.only:
            row(args.cases / adapter.name, adapter, parity, shlex.split(args.graft), failures)
    if failures:
        print("beyond the tolerance:", *failures, file=sys.stderr)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
