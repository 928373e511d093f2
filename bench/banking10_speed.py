#!/usr/bin/env python3
"""Training speed of Graft beside Hugging Face PEFT: the same rows, the same settings, run in turn on one machine.

usage: banking10_speed.py MODEL_DIR DATA_DIR [--rounds 5] [--steps 10] [--rules 0]

Each round runs `quality/reference_sft.py` (torch, transformers, peft in this Python) and then `bin/graft train` for the
same number of optimiser steps. Compared is the training loop alone: tokens of the trained rows / seconds from the first
step to the last, as both programs report them. Prints every round and the median ratio. Keep the machine idle.
`--rules N` puts N sentences behind the system turn of every row, as a department with house rules has it; 16 make about 360 tokens of it.
The losses of the first two steps must be equal; later ones differ a little, since each draws its own start of A.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent.parent


def reference(a):
    out = subprocess.run([sys.executable, HERE / "quality/reference_sft.py", a.model, a.data, "--steps", str(a.steps), "--train-only"],
                         check=True, capture_output=True, text=True, env=dict(os.environ, HF_HUB_OFFLINE="1"))
    return json.loads(out.stdout.splitlines()[-1])


def write_spec(a, directory):
    """The reference's settings, as `graft train` reads them."""
    spec = {"base_model": a.model, "training_file": str(pathlib.Path(a.data) / "banking10_train.jsonl"), "seed": 42,
            "adapter": {"peft": {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": "all-linear"},
                        "training": {"learning_rate": 5e-4, "lr_scheduler_type": "linear", "warmup_steps": 5,
                                     "per_device_train_batch_size": 16, "weight_decay": 0.0, "max_steps": a.steps,
                                     "train_sampling_strategy": "sequential", "save_steps": 0, "save_minutes": 0},
                        "data": {"assistant_only_loss": True}}}
    path = pathlib.Path(directory) / "spec.json"
    path.write_text(json.dumps(spec))
    return path


def with_rules(a, directory):
    """The rows with a longer system turn, in another directory."""
    rules = "".join(f" Rule {i}: answer in the words of rule {i} of the house, and nothing else." for i in range(1, a.rules + 1))
    for name in ("banking10_train.jsonl", "banking10_dev.jsonl"):
        rows = [json.loads(line) for line in (pathlib.Path(a.data) / name).read_text().splitlines()]
        for row in rows:
            row["messages"][0]["content"] += rules
        (pathlib.Path(directory) / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return directory


def graft(a, directory):
    path = write_spec(a, directory)
    out = subprocess.run([HERE / "bin/graft", "train", path, "--out", pathlib.Path(directory) / "out", "--json"],
                         check=True, capture_output=True, text=True)
    return [json.loads(line) for line in out.stdout.splitlines() if line.startswith("{")]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rules", type=int, default=0)
    parser.add_argument("--steps", type=int, default=10)
    a = parser.parse_args()
    scratch = tempfile.TemporaryDirectory()
    if a.rules:
        a.data = with_rules(a, scratch.name)
    ratios = []
    for r in range(a.rounds):
        theirs = reference(a)
        with tempfile.TemporaryDirectory() as directory:
            steps = [e for e in graft(a, directory) if e.get("type") == "progress"]
        seconds = sum(n / e["tokens_per_second"] for n, e in zip(theirs["step_tokens"], steps))
        ours = theirs["tokens"] / seconds
        ratios.append(ours / theirs["tokens_per_second"])
        losses = max(abs(x["loss"] - y) for x, y in zip(steps, theirs["losses"]))
        print(f"round {r}: peft {theirs['tokens_per_second']:.0f} tokens/s, graft {ours:.0f} tokens/s, "
              f"ratio {ratios[-1]:.2f}, largest loss difference {losses:.1e}", flush=True)
    print(json.dumps({"median_ratio": round(statistics.median(ratios), 3), "rounds": a.rounds, "steps": a.steps}))


if __name__ == "__main__":
    main()
