#!/usr/bin/env python3
"""Training within a memory budget beside training without one: `graft bench train` in turn, fresh processes.

usage: memory_budget.py MODEL_DIR [--budget 2384m] [--batch 4] [--length 256] [--steps 5] [--rounds 5]

Ends with 1 if the largest resident memory of a process, loading and mapped files included, is above the budget, or the median
round is more than 30 % slower than without budget. Losses of both must be equal. Keep the machine idle. Linux only.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

GRAFT = pathlib.Path(__file__).resolve().parent.parent / "bin/graft"
SLOWEST = 1.3


def bench(a, *more):
    command = [str(GRAFT), "bench", "train", "--json", "--model", a.model, "--batch", str(a.batch), "--length", str(a.length),
               "--steps", str(a.steps), *more]
    # The heap that a worker gives its trainers.
    out = subprocess.run(command, check=True, capture_output=True, text=True, env=dict(os.environ, GRAFT_JAVA_OPTIONS="-Xmx512m -XX:MaxNewSize=16m"))
    return json.loads(out.stdout.splitlines()[-1])


def megabytes(size):
    return float(size[:-1]) * {"m": 1 << 20, "g": 1 << 30}[size[-1].lower()] / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--budget", default="2384m", help="2.5 GB; powers of 1024")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    a = parser.parse_args()
    ratios = []
    peak = 0
    for number in range(a.rounds):
        free = bench(a)
        planned = bench(a, "--checkpointing", "auto", "--memory-budget", a.budget)
        differences = [abs(x - y) for x, y in zip(free["losses"], planned["losses"])]
        if max(differences) > 1e-3:
            raise SystemExit(f"losses differ: {free['losses']} {planned['losses']}")
        ratios.append(free["tokens_per_second"] / planned["tokens_per_second"])
        peak = max(peak, planned["peak_rss_mb"])
        print(json.dumps({"round": number + 1, "plan": planned["plan"], "slower": round(ratios[-1], 3),
                          "peak_rss_mb": planned["peak_rss_mb"], "without_budget_mb": free["peak_rss_mb"]}), flush=True)
    median = statistics.median(ratios)
    good = median <= SLOWEST and peak <= megabytes(a.budget)
    print(json.dumps({"slower": round(median, 3), "peak_rss_mb": peak, "budget_mb": megabytes(a.budget), "good": good}))
    sys.exit(not good)


if __name__ == "__main__":
    main()
