#!/usr/bin/env python3
"""What runs take of memory beside what Graft estimates: `graft train --memory` and then the run, two optimiser steps of it.

usage: memory.py MODEL_DIR [--only "NAME;..."] [--length 256] [--batch 8]

Rows are longer than --length, so that a micro-batch is as wide as the estimate takes it, and differ from their first
word on: of a common beginning, memory is taken once. Measured is the trainer's largest
anonymous memory, which cannot be given back to the system, sampled every 20 ms; beside it the largest resident memory,
which has the mapped files, too. Ends with 1 if a run takes more than was estimated. Linux only.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

GRAFT = pathlib.Path(__file__).resolve().parent.parent / "bin/graft"
LORA = {"peft": {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": "all-linear"}}
NF4 = {"quantization": {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True}}
CASES = {
    "lora": (LORA, {}),
    "lora, dropout": ({"peft": dict(LORA["peft"], lora_dropout=0.1)}, {}),
    "lora, checkpointing": (LORA, {"gradient_checkpointing": True}),
    "lora, bf16": (LORA, {"bf16": True}),
    "qlora": (dict(LORA, **NF4), {}),
    "lora, lm_head": ({"peft": dict(LORA["peft"], target_modules=["q_proj", "v_proj", "lm_head"])}, {}),
    "lora, dropout, rows at a time": ({"peft": dict(LORA["peft"], lora_dropout=0.1)}, {"gradient_checkpointing": "auto"}),
    "dora": ({"peft": dict(LORA["peft"], use_dora=True)}, {}),
    "pissa": ({"peft": dict(LORA["peft"], init_lora_weights="pissa_niter_4")}, {}),
    "loftq": ({"peft": dict(LORA["peft"], init_lora_weights="loftq", loftq_config={"loftq_bits": 4})}, {}),
    "vera": ({"peft": {"peft_type": "VERA", "r": 256, "target_modules": "all-linear", "vera_dropout": 0.1}}, {}),
    "adalora": ({"peft": {"peft_type": "ADALORA", "init_r": 12, "target_r": 8, "total_step": 100, "target_modules": "all-linear",
                          "lora_dropout": 0.1}}, {}),
    "trainable tokens": ({"peft": dict(LORA["peft"], trainable_token_indices=[5, 6])}, {}),
    "prompt": ({"peft": {"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 20}}, {}),
    "full": ({"method": {"type": "full"}}, {}),
    "full, checkpointing": ({"method": {"type": "full"}}, {"gradient_checkpointing": True}),
}


def write(a, directory, adapter, training):
    encoder = "bert" in json.loads((pathlib.Path(a.model) / "config.json").read_text())["model_type"]
    words = " ".join(f"word{i % 97}" for i in range(2 * a.length))
    rows = [{"text": f"{i} {words}", "label": "ab"[i % 2]} if encoder else {"text": f"{i} {words}"} for i in range(4 * a.batch)]
    (directory / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = dict(adapter, training=dict({"max_length": a.length, "per_device_train_batch_size": a.batch, "max_steps": 2,
                                            "save_steps": 0, "save_minutes": 0}, **training))
    if encoder:
        settings["objective"] = "classification"
    path = directory / "spec.json"
    path.write_text(json.dumps({"base_model": a.model, "training_file": str(directory / "rows.jsonl"), "adapter": settings}))
    return path


def children(pid):
    out = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout.split()
    return [int(pid)] + [p for child in out for p in children(child)]


def status(pid, field):
    try:
        found = re.search(field + r":\s*(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())
        return int(found.group(1)) * 1024 if found else 0
    except OSError:
        return 0


def measure(command):
    # The heap that a worker gives its trainers.
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                           env=dict(os.environ, GRAFT_JAVA_OPTIONS="-Xmx512m -XX:MaxNewSize=16m"))
    anonymous = resident = 0
    while run.poll() is None:
        for pid in children(run.pid):
            anonymous = max(anonymous, status(pid, "RssAnon"))
            resident = max(resident, status(pid, "VmHWM"))
        time.sleep(0.02)
    if run.returncode:
        raise SystemExit(f"{command}: {run.stderr.read()[-2000:]}")
    return anonymous, resident


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--only", default="", help="names, separated by semicolons")
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--batch", type=int, default=8)
    a = parser.parse_args()
    wanted = [name for name in a.only.split(";") if name] or list(CASES)
    good = True
    for name in wanted:
        with tempfile.TemporaryDirectory(prefix="graft-memory-") as scratch:
            directory = pathlib.Path(scratch)
            train = [str(GRAFT), "train", str(write(a, directory, *CASES[name])), "--out", str(directory / "out")]
            estimate = int(subprocess.run(train + ["--memory"], check=True, capture_output=True, text=True).stdout)
            # with more memory than that a run may hold weights twice
            anonymous, resident = measure(train + ["--memory-budget", f"{estimate >> 20}m"])
            good &= anonymous <= estimate
            print(json.dumps({"case": name, "estimate_mb": estimate // 10**6, "anonymous_mb": anonymous // 10**6,
                              "resident_mb": resident // 10**6, "ratio": round(estimate / anonymous, 2)}), flush=True)
    sys.exit(not good)


if __name__ == "__main__":
    main()
