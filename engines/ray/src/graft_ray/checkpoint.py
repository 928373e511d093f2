"""Checkpoints of one run: a directory each, with the names that Graft's own trainer gives.

They are this trainer's alone: ``format`` tells. A directory gets its name when everything in it is
on disk; the last two are kept.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from graft_ray.files import publish, sha256
from graft_ray.progress import Progress
from graft_ray.protocol import BadRun, RunRequest
from graft_ray.settings import Settings
from graft_ray.step import Optimiser

FORMAT = 1001
"""Graft's own trainer has others, and each refuses the other's."""

WEIGHTS = "trained.safetensors"
MOMENTS = "optimizer.safetensors"
MANIFEST = "checkpoint.json"
KEPT = 2

_FREE = {"eval_steps", "save_steps", "save_minutes", "loss_spike_guard", "gradient_checkpointing"}
"""Settings of training that change no number."""


def identity(request: RunRequest, settings: Settings) -> dict[str, Any]:
    """All that a run is made from; a checkpoint fits exactly the equal run."""
    training = {k: v for k, v in asdict(settings.training).items() if k not in _FREE}
    weights = sorted(request.base.glob("*.safetensors"))
    start = None if request.parent is None else sha256(request.parent / "adapter_model.safetensors")
    return {
        "settings": json.loads(
            json.dumps(
                {
                    "peft": dict(settings.peft),
                    "training": training,
                    "data": asdict(settings.data),
                    "seed": request.seed,
                    "start": start,
                },
                default=dict,
            )
        ),
        "base model": [[file.name, file.stat().st_size] for file in weights],
        "training data": sha256(request.training_file),
    }


class Checkpoints:
    """Those of one run; one process writes, all read."""

    def __init__(self, directory: Path, run: Mapping[str, Any]) -> None:
        self._directory = directory
        self._run = run

    def write(
        self, optimiser: Optimiser, progress: Progress, more: Callable[[Path], None]
    ) -> Path:
        """Returns its directory; ``more`` writes files of other names beside the state."""
        self._directory.mkdir(parents=True, exist_ok=True)
        target = self._directory / f"step-{progress.step:08d}"
        if target.is_dir():
            return target
        making = Path(tempfile.mkdtemp(prefix="making-", dir=self._directory))
        os.chmod(making, 0o755)
        weights = {name: each.detach().cpu() for name, each in optimiser.parameters.items()}
        save_file(weights, making / WEIGHTS)
        save_file(_moments(optimiser), making / MOMENTS)
        more(making)
        manifest = {
            "format": FORMAT,
            "engine": "graft-ray",
            "step": progress.step,
            "progress": asdict(progress),
            "run": self._run,
            "environment": {"torch": torch.__version__},
            "files": {name: sha256(making / name) for name in (WEIGHTS, MOMENTS)},
        }
        (making / MANIFEST).write_text(json.dumps(manifest, indent=2))
        publish(making, target)
        self._prune()
        return target

    def restore(self, checkpoint: Path, optimiser: Optimiser) -> Progress:
        """Puts its state into model and optimiser. Raises BadRun if it is not this run's."""
        manifest = _verified(checkpoint)
        for what in ("settings", "training data", "base model"):
            if manifest["run"].get(what) != self._run[what]:
                raise BadRun("resume_from", f"the checkpoint belongs to a run with other {what}")
        weights, moments = load_file(checkpoint / WEIGHTS), load_file(checkpoint / MOMENTS)
        if weights.keys() != optimiser.parameters.keys():
            raise BadRun("resume_from", "the checkpoint does not fit: other parameters")
        with torch.no_grad():
            for name, parameter in optimiser.parameters.items():
                parameter.copy_(weights[name])
        for name, parameter in optimiser.parameters.items():
            if f"{name}.exp_avg" in moments:
                optimiser.adam.state[parameter] = {
                    "step": moments[f"{name}.step"],
                    "exp_avg": moments[f"{name}.exp_avg"].to(parameter.device),
                    "exp_avg_sq": moments[f"{name}.exp_avg_sq"].to(parameter.device),
                }
        return Progress(**manifest["progress"])

    def _prune(self) -> None:
        found = [each for each in self._directory.iterdir() if re.fullmatch(r"step-\d{8,}", each.name)]
        for old in sorted(found, reverse=True)[KEPT:]:
            shutil.rmtree(old)


def _moments(optimiser: Optimiser) -> dict[str, torch.Tensor]:
    return {
        f"{name}.{key}": value.detach().cpu().contiguous()
        for name, parameter in optimiser.parameters.items()
        for key, value in optimiser.adam.state.get(parameter, {}).items()
    }


def _verified(checkpoint: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((checkpoint / MANIFEST).read_text())
        if manifest["format"] != FORMAT:
            raise BadRun(
                "resume_from", f"the checkpoint has another format: {manifest['format']}"
            )
        for name, digest in manifest["files"].items():
            if sha256(checkpoint / name) != digest:
                raise BadRun("resume_from", f"the checkpoint is damaged: {name}")
    except (OSError, ValueError, KeyError, AttributeError) as e:
        raise BadRun("resume_from", "there is no complete checkpoint") from e
    return manifest
