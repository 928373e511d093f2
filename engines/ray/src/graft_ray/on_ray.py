"""The entry point of a Ray job: ``python -m graft_ray.on_ray --run DIRECTORY --workers N``.

The directory is one that the job and whoever submitted it both see: ``graft_ray.supervisor`` says
what is in it. Ray Train starts a process for each device, sets torch.distributed up, and ends all
when one fails; whether to try again is Graft's to say, not Ray's.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from graft_ray.ending import guarded
from graft_ray.protocol import Exit, read_request
from graft_ray.supervisor import RunDirectory


KILLED = 128 + 9
"""As of a process that SIGKILL ended."""

_PEER = ("Connection closed by peer", "Connection reset", "Broken pipe", "NCCL", "gloo")
"""What torch says in the processes that are left when one of them dies."""


def in_worker(config: dict[str, Any]) -> None:
    """One process of the run, on a device that Ray gave it."""
    import ray.train

    context = ray.train.get_context()
    os.environ["LOCAL_RANK"] = str(context.get_local_rank())
    rank = int(context.get_world_rank())
    supervisor = RunDirectory(Path(config["run"]), float(config["patience"]))

    def work() -> Exit:
        from graft_ray.group import Group
        from graft_ray.training import run

        request = read_request((supervisor.directory / supervisor.REQUEST).read_text())
        try:
            return run(request, Group(), supervisor, sharded=bool(config["fsdp"]))
        except Exception as e:
            peer.append(any(text in str(e) for text in _PEER))
            raise

    said: list[Any] = []
    peer: list[bool] = []
    status = guarded(work, said.append)
    if said:
        failed = supervisor.directory / f"failed-{rank}.json"
        failed.write_text(json.dumps({"event": said[-1], "peer": peer[-1:] == [True]}))
        raise RuntimeError(f"rank {rank} ended with {status.name}")
    if rank == 0:
        supervisor.end(status)


def main() -> None:
    """Runs the processes, and tells how they ended if they did not themselves."""
    options = argparse.ArgumentParser(prog="graft_ray.on_ray", description=__doc__)
    options.add_argument("--run", type=Path, required=True)
    options.add_argument("--workers", type=int, required=True)
    options.add_argument("--gpu", action="store_true", help="a GPU for each process, not a CPU")
    options.add_argument("--fsdp", action="store_true")
    options.add_argument("--patience", type=float, default=900)
    said = options.parse_args()
    directory = RunDirectory(said.run, said.patience)
    if (said.run / RunDirectory.END).exists():
        return
    try:
        _fit(said)
    except Exception as e:  # Ray Train wraps what its workers raised
        print(f"ray_train_failed: {e}", file=sys.stderr)
    if not (said.run / RunDirectory.END).exists():
        directory.end(_failure(directory))


def _fit(said: argparse.Namespace) -> None:
    import ray
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    ray.init(address="auto", log_to_driver=True)
    TorchTrainer(
        in_worker,
        train_loop_config={"run": str(said.run), "patience": said.patience, "fsdp": said.fsdp},
        torch_config=TorchConfig(backend="nccl" if said.gpu else "gloo"),
        scaling_config=ScalingConfig(num_workers=said.workers, use_gpu=said.gpu),
        run_config=RunConfig(
            name="train",
            storage_path=str((said.run / "ray").absolute()),
            failure_config=FailureConfig(max_failures=0),
        ),
    ).fit()


def _failure(directory: RunDirectory) -> int:
    """What the processes that failed said.

    Those that only lost another tell nothing of the run. Where no other is left one was killed from
    outside: no verdict on the job.
    """
    files = sorted(directory.directory.glob("failed-*.json"))
    said = [json.loads(file.read_text()) for file in files]
    own = [each["event"] for each in said if not each["peer"]]
    if not own:
        return KILLED
    own.sort(key=lambda event: event["failure"] == "transient")
    directory.tell(own[0])
    return Exit[own[0]["failure"].upper()]


if __name__ == "__main__":
    main()
