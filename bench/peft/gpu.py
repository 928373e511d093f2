"""Programs in turn on one GPU, and the most memory that each has there, as `nvidia-smi` sees it: CUDA's context included."""
import json
import statistics
import subprocess
import threading


def asked(index, field):
    """One number of a GPU; None where nvidia-smi does not tell it."""
    said = subprocess.run(["nvidia-smi", f"--query-gpu={field}", "--format=csv,noheader,nounits", "-i", str(index)],
                          stdout=subprocess.PIPE, text=True).stdout.strip()
    try:
        return float(said)
    except ValueError:
        return None


def name(index):
    return subprocess.run(["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader", "-i", str(index)],
                          stdout=subprocess.PIPE, text=True).stdout.strip()


class Memory:
    """The most that is used while it is open, less what was used before, in MB."""

    def __init__(self, index):
        self.index = index
        self.before = self.most = asked(index, "memory.used")
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def watch(self):
        while not self.over.wait(0.1):
            self.most = max(self.most, asked(self.index, "memory.used") or 0)

    def __enter__(self):
        if self.before is None:
            raise SystemExit(f"nvidia-smi does not tell the memory of GPU {self.index}")
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def mb(self):
        return (self.most - self.before) * 1.048576


def measured(command, index, environment):
    """The line of JSON that it prints last, with peak_device_mb."""
    with Memory(index) as memory:
        out = subprocess.run(command, shell=isinstance(command, str), check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
    line = json.loads([each for each in out.splitlines() if each.startswith("{")][-1])
    return line | {"peak_device_mb": round(memory.mb())}


def rounds(graft, reference, count, index, environment):
    """As `graft bench train --compare` tells it, but memory is that of the GPU."""
    told = []
    for number in range(count):
        pair = {}
        sides = [("graft", graft), ("reference", reference)]
        for side, command in sides if number % 2 == 0 else reversed(sides):
            pair[side] = measured(command, index, environment)
        told.append(pair | {"speed_ratio": pair["graft"]["tokens_per_second"] / pair["reference"]["tokens_per_second"],
                            "memory_ratio": pair["graft"]["peak_device_mb"] / pair["reference"]["peak_device_mb"]})
    median = lambda field: {"median": statistics.median(each[field] for each in told)}
    difference = max(abs(each["graft"]["losses"][0] - each["reference"]["losses"][0]) for each in told)
    return {"speed_ratio": median("speed_ratio"), "memory_ratio": median("memory_ratio"), "loss_difference": difference, "rounds": told}
