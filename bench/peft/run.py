#!/usr/bin/env python3
"""Training of Graft beside Hugging Face PEFT: same base, same rows in the same order, same settings, on an idle machine.

usage: run.py --model DIR --encoder DIR --banking10 DIR --sst2 TSV [--rounds 5] [--only NAME,...] [--graft COMMAND] [--out FILE]
       run.py --device cuda:0 --model DIR --large DIR --out FILE

--model: SmolLM2-135M-Instruct; --encoder: MiniLM-L6; --large: what `large.py` makes; all as Hugging Face directories. --banking10: what
`quality/make_data.py` makes. With a GPU the cases for it are measured: the memory is the GPU's, as `nvidia-smi` tells it, and the number is its
place there.
--sst2: lines of text, tab, label. A case without its data is left out, and so is bf16 on a processor without AVX-512, whose libtorch
has only a plain loop for it. Needs torch, transformers and peft in this Python. Linux only.

Each case (see cases.py) is `graft bench train --spec ... --compare reference.py`: fresh processes in turn, --rounds of them, the first
steps of each not counted. FILE (results.json beside this, unless said) gets what was measured after each case; others in it
stay. Then `page.py` makes docs/performance.md and its plots of it. Ends with 1 if a bound was missed.
"""
import argparse
import json
import os
import pathlib
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

import cases
import gpu

HERE = pathlib.Path(__file__).resolve().parent
MB = 1_000_000


def environment():
    """The heap is that which a worker gives its trainers; GPUs are counted as nvidia-smi does."""
    return {"GRAFT_JAVA_OPTIONS": "-Xmx512m -XX:MaxNewSize=16m"} | os.environ | {"HF_HUB_OFFLINE": "1", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


def graft(a, *arguments):
    """Standard output."""
    command = [*shlex.split(a.graft), *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment()).stdout


def last_line(text):
    return json.loads(text.splitlines()[-1])


def write(a, case, directory, adapter, name):
    rows = directory / "file.jsonl"
    if not rows.exists():
        rows.write_text("".join(json.dumps(row) + "\n" for row in case.rows(a)))
    spec = directory / name
    spec.write_text(json.dumps({"base_model": getattr(a, case.model), "training_file": str(rows), "seed": 42, "adapter": adapter}))
    return spec


def command(a, case, directory, spec, steps):
    """Of the other side."""
    if case.against == "itself":
        plain = {key: value for key, value in case.adapter().items() if key != "quantization"}
        other = write(a, case, directory, plain, "plain.json")
        return f"{a.graft} bench train --spec {shlex.quote(str(other))} {steps} --device {a.device} --json"
    rows = directory / "rows.jsonl"
    count = len((directory / "file.jsonl").read_text().splitlines())
    rows.write_text(graft(a, "train", spec, "--out", directory / "none", "--preview", "--rows", count, "--json"))
    batch = f" --batch {case.batch}" if case.packed else ""
    return f"{shlex.join([sys.executable, str(HERE / 'reference.py')])} {{spec}} {shlex.quote(str(rows))} {steps}{batch} --device {a.device}"


def linear_parameters(model):
    """Those that NF4 holds: matrices of layers, which is all but the token table."""
    with open(pathlib.Path(model) / "model.safetensors", "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    shapes = {name: tensor["shape"] for name, tensor in header.items() if name != "__metadata__"}
    size = lambda shape: shape[0] * (shape[1] if len(shape) > 1 else 1)
    every = sum(size(shape) for shape in shapes.values())
    return sum(size(shape) for name, shape in shapes.items() if len(shape) == 2 and ".layers." in name), every


def weights_ratio(a, report):
    """Bytes of the linear weights in NF4 by those in bf16; the others lie in f32."""
    linear, every = linear_parameters(a.model)
    return (report["weights_mb"] * MB - 4 * (every - linear)) / (2 * linear)


def measure(a, case):
    steps = f"--steps {case.steps} --warmup {case.warmup}"
    with tempfile.TemporaryDirectory(prefix="graft-bench-") as scratch:
        directory = pathlib.Path(scratch)
        spec = write(a, case, directory, case.adapter(), "spec.json")
        arguments = ["bench", "train", "--spec", spec, *steps.split(), "--device", a.device, "--json"]
        if case.against == "nothing":
            return {"rounds": [{"graft": last_line(graft(a, *arguments))} for _ in range(a.rounds)]}
        other = command(a, case, directory, spec, steps)
        if a.device != "cpu":
            ours = [*shlex.split(a.graft), *map(str, arguments)]
            return gpu.rounds(ours, other.replace("{spec}", shlex.quote(str(spec))), a.rounds, index(a), environment())
        return last_line(graft(a, *arguments, "--rounds", a.rounds, "--compare", other))


def index(a):
    """Of the GPU, as nvidia-smi counts."""
    return int(a.device.removeprefix("cuda:"))


def summary(a, case, measured):
    """The numbers that have bounds, as medians of the rounds, and every round's ratios."""
    rounds = measured["rounds"]
    ours = [each["graft"] for each in rounds]
    median = lambda field, side=ours: statistics.median(each[field] for each in side)
    told = {"title": case.title, "rounds": len(rounds), "steps": case.steps, "tokens_per_step": ours[0]["tokens_per_step"],
            "graft": {field: median(field) for field in ("tokens_per_second", "seconds_per_step", "peak_rss_mb", "peak_anonymous_mb",
                                                         "peak_mapped_mb", "estimate_mb", "gflop_per_second", "gemm_bound_share",
                                                         "first_step_seconds")}}
    told["graft"]["time_percent"] = {part: statistics.median(each["time"][part]["percent"] for each in ours) for part in ours[0]["time"]}
    told["graft"]["libtorch"] = ours[0]["libtorch"]
    if case.against != "nothing":
        theirs = [each["reference"] for each in rounds]
        told["reference"] = {field: median(field, theirs) for field in ("tokens_per_second", "seconds_per_step", "peak_rss_mb")}
        if "peak_device_mb" in theirs[0]:
            told["graft"]["peak_device_mb"] = median("peak_device_mb")
            told["reference"]["peak_device_mb"] = median("peak_device_mb", theirs)
        told["against"] = case.against
        told["speed_ratios"] = [round(each["speed_ratio"], 3) for each in rounds]
        told["memory_ratios"] = [round(each["memory_ratio"], 3) for each in rounds]
        told["speed_ratio"] = measured["speed_ratio"]["median"]
        told["memory_ratio"] = measured["memory_ratio"]["median"]
        told["loss_difference"] = measured["loss_difference"]
    if case.weights:
        told["weights_ratio"] = weights_ratio(a, ours[0])
    told["bounds"] = bounds(case, told)
    return told


def bounds(case, told):
    """Each bound: what it is of, the limit, what was measured, and whether it is met."""
    at_least = [("speed_ratio", case.speed), ("gemm_bound_share", case.gemm)]
    same_loss = case.same_loss if case.against == "peft" else None
    at_most = [("loss_difference", same_loss), ("memory_ratio", case.memory), ("weights_ratio", case.weights),
               ("first_step_seconds", case.seconds)]
    value = lambda name: told.get(name, told["graft"].get(name))
    return ([{"of": name, "at_least": limit, "measured": value(name), "met": value(name) >= limit} for name, limit in at_least if limit]
            + [{"of": name, "at_most": limit, "measured": value(name), "met": value(name) <= limit} for name, limit in at_most if limit])


def machine(a):
    import peft
    import torch
    import transformers
    info = pathlib.Path("/proc/cpuinfo").read_text()
    line = lambda field: next((each.split(":", 1)[1].strip() for each in info.splitlines() if each.startswith(field)), "")
    wanted = {"avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "avx512bw"}
    found = {} if a.device == "cpu" else {"gpu": gpu.name(index(a))}
    return found | {"processor": line("model name"), "cores": len(os.sched_getaffinity(0)), "flags": sorted(wanted & set(line("flags").split())),
            "kernel": platform.release(), "python": platform.python_version(), "torch": torch.__version__,
            "transformers": transformers.__version__, "peft": peft.__version__, "date": time.strftime("%Y-%m-%d")}


def left_out(name, case, a, flags):
    if not a.only and case.gpu != (a.device != "cpu"):
        return "it is for a GPU" if case.gpu else "it is for the CPU"
    if not getattr(a, case.model):
        return f"needs --{case.model}"
    if name.startswith("banking10") and not a.banking10:
        return "needs --banking10"
    if name == "classification" and not a.sst2:
        return "needs --sst2"
    if case.training.get("bf16") and a.device == "cpu" and "avx512f" not in flags and not a.only:
        return "the processor has no AVX-512"
    return None


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("model", "encoder", "large", "banking10", "sst2"):
        parser.add_argument("--" + name)
    parser.add_argument("--device", default="cpu", help="cpu or cuda:N")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, help="instead of each case's own, with one step before them: to see that it runs")
    parser.add_argument("--only", default="", help="names, separated by commas: " + ", ".join(cases.CASES))
    parser.add_argument("--graft", default=str(HERE.parent.parent / "bin/graft"), help="command line of Graft")
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "results.json")
    a = parser.parse_args()
    if a.device != "cpu" and not (a.device.startswith("cuda:") and a.device[5:].isdecimal()):
        parser.error(f"--device {a.device} is not cpu or a GPU, such as cuda:0")
    unknown = set(filter(None, a.only.split(","))) - set(cases.CASES)
    if unknown:
        parser.error("unknown case: " + ", ".join(sorted(unknown)))
    return a


def main():
    a = arguments()
    of = machine(a)
    results = json.loads(a.out.read_text()) if a.out.exists() else {"cases": {}}
    good = True
    for name, case in cases.CASES.items():
        if a.only and name not in a.only.split(","):
            continue
        why = left_out(name, case, a, of["flags"])
        if why:
            print(f"{name}: left out, {why}", flush=True)
            continue
        if a.steps:
            case.steps, case.warmup = a.steps, 1
        began = time.time()
        told = summary(a, case, measure(a, case))
        told["machine"] = of
        results["cases"][name] = told
        results["cases"] = {each: results["cases"][each] for each in cases.CASES if each in results["cases"]}
        a.out.write_text(json.dumps(results, indent=1) + "\n")
        for bound in told["bounds"]:
            good &= bound["met"]
            print(f"{name}: {bound['of']} {bound['measured']:.4g}, wanted at {'least' if 'at_least' in bound else 'most'} "
                  f"{bound.get('at_least', bound.get('at_most')):.4g}: {'good' if bound['met'] else 'MISSED'}", flush=True)
        print(f"{name}: {time.time() - began:.0f} s", flush=True)
    sys.exit(not good)


if __name__ == "__main__":
    main()
