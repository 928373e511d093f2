#!/usr/bin/env python3
"""Makes recorded calls of kernels again on fake CUDA tensors: no GPU, no driver and no numbers.

usage: fake_cuda.py DIRECTORY    (of RecordedCalls: calls.jsonl and archives; PyTorch 2.7 or later, any build)

A tensor made on the CPU, a wait for the device (`item`, `nonzero`), tensors of two devices or a result of another element
type or shape than on the CPU is a failure: one line each on standard output, then `N calls, M failures`; ends with 1.
"""

import collections
import concurrent.futures
import json
import pathlib
import sys
import warnings

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

# Autograd and cuDNN ask the driver: those calls are made on the device without one that has no numbers either.
ASKS_THE_DRIVER = ("hasPrimaryContext", "CUDA driver version", "Found no NVIDIA driver")

# Their first argument is memory of the host; the others are called with what is on the device.
MOVES = {"upload", "read"}

# c10::ScalarType
TYPES = {
    0: torch.uint8, 1: torch.int8, 2: torch.int16, 3: torch.int32, 4: torch.int64, 5: torch.float16,
    6: torch.float32, 7: torch.float64, 11: torch.bool, 15: torch.bfloat16,
    29: torch.uint64,
}  # fmt: skip
NUMBERS = {kind: number for number, kind in TYPES.items()}


class OnlyOn(TorchDispatchMode):
    """Every operation gives tensors of the device."""

    def __init__(self, device, moves):
        super().__init__()
        self.device = device
        self.moves = moves
        self.reason = ""  # TorchScript does not hand on what Python says

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        try:
            result = func(*args, **(kwargs or {}))
        except Exception as e:
            self.reason = f"{type(e).__name__}: {e}"
            raise
        for each in tree_leaves(result):
            if isinstance(each, torch.Tensor) and each.device.type != self.device and not self.moves:
                self.reason = f"{func} gave a tensor on the {each.device.type}"
                raise RuntimeError(self.reason)
        return result


def value(written, device):
    if isinstance(written, str):
        return device if written == "cpu" else written
    if not isinstance(written, list):
        return written
    kind, *parts = written
    if kind == "tensor":
        dtype, sizes, strides = parts
        return torch.empty_strided(sizes, strides, dtype=TYPES[dtype], device=device)
    values = [value(part, device) for part in parts]
    return tuple(values) if kind == "tuple" else values


def told(result, device):
    """A result as it would be written, without strides."""
    if isinstance(result, torch.Tensor):
        if result.device.type != device:
            raise RuntimeError(f"the result is on the {result.device.type}")
        return ["tensor", NUMBERS.get(result.dtype, str(result.dtype)), list(result.shape)]
    if isinstance(result, (list, tuple)):
        return ["tuple" if isinstance(result, tuple) else "list", *(told(each, device) for each in result)]
    return result


def expected(written):
    if not isinstance(written, list):
        return written
    if written[0] == "tensor":
        return written[:3]
    return [written[0], *map(expected, written[1:])]


def failure(module, call, device="cuda"):
    only = OnlyOn(device, call["method"] in MOVES)
    try:
        with FakeTensorMode(allow_non_fake_inputs=False), only:
            first = "cpu" if call["method"] in MOVES else device
            arguments = [value(each, device if n else first) for n, each in enumerate(call["arguments"])]
            result = told(getattr(module, call["method"])(*arguments), device)
    except Exception as e:
        if device == "cuda" and any(each in f"{e} {only.reason}" for each in ASKS_THE_DRIVER):
            return failure(module, call, "meta")
        lines = [line.strip() for line in str(e).splitlines() if line.strip()]
        return f"{only.reason or type(e).__name__}: {' | '.join(lines[-6:])}"[:800]
    finally:
        torch.set_grad_enabled(False)
    if result != expected(call["result"]):
        return f"gave {result}, on the CPU {expected(call['result'])}"[:800]
    return None


def failures(archive, calls):
    """What fails of the calls of one archive."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    torch._C._set_graph_executor_optimize(False)
    module = torch.jit.load(str(archive))
    found = ((call["method"], failure(module, call)) for call in map(json.loads, calls))
    return [f"{method}: {wrong}" for method, wrong in found if wrong]


def main(directory):
    by_archive = collections.defaultdict(list)
    with open(directory / "calls.jsonl") as calls:
        for line in calls:
            by_archive[json.loads(line)["archive"]].append(line)
    all_failures = collections.Counter()
    with concurrent.futures.ProcessPoolExecutor() as pool:
        runs = [pool.submit(failures, directory / f"{each}.pt", by_archive[each]) for each in by_archive]
        for run in runs:
            all_failures.update(run.result())
    for wrong, count in all_failures.most_common():
        print(f"{count}x {wrong}")
    print(f"{sum(map(len, by_archive.values()))} calls, {all_failures.total()} failures")
    return 1 if all_failures else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1])))
