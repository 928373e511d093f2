"""Golden runs of PEFT: one process makes each step's loss, norm and rate of the golden run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import PARITY, RESOURCES
from graft_ray.batch import Batch
from graft_ray.group import Group
from graft_ray.model import load
from graft_ray.protocol import BadRun, RunRequest
from graft_ray.schedule import learning_rates
from graft_ray.settings import read_settings
from graft_ray.step import Optimiser
from safetensors.torch import load_file

FROM = PARITY if PARITY.exists() else RESOURCES


def cases() -> list[Path]:
    return sorted(file.parent for file in FROM.glob("*/case.json"))


def adapter(case: dict[str, Any]) -> dict[str, Any]:
    """The request that the case is a run of."""
    training, method = case["training"], case["method"]
    optimizer, schedule = training["optimizer"], training["schedule"]
    said: dict[str, Any] = {
        "objective": {"causal-lm": "sft", "sequence-classification": "classification"}.get(
            case["task"], case["task"]
        ),
        "training": {
            "learning_rate": optimizer["lr"],
            "adam_beta1": optimizer["betas"][0],
            "adam_beta2": optimizer["betas"][1],
            "adam_epsilon": optimizer["eps"],
            "weight_decay": optimizer["weight_decay"],
            "lr_scheduler_type": schedule["type"],
            "warmup_steps": schedule["warmup_steps"],
            "max_steps": training["steps"],
            "per_device_train_batch_size": training.get("batch_size", 1),
            "gradient_accumulation_steps": training["gradient_accumulation"],
            "max_grad_norm": training["max_grad_norm"],
            "label_smoothing_factor": training["label_smoothing"],
            "bf16": training["base_dtype"] == "bfloat16",
            "packing": case["packed"],
            "max_length": None,
        },
    }
    if optimizer["groups"] == "loraplus":
        said["training"]["loraplus_lr_ratio"] = 16
    if case["method"]["type"] in ("full", "freeze", "bottleneck"):
        said["method"] = {"type": method["type"]}
    else:
        config = method["config"]
        kept = ("peft_type", "r", "lora_alpha", "init_lora_weights", "use_dora", "use_rslora")
        said["peft"] = {name: config[name] for name in kept if name in config}
    if "quantization" in case or "quantization" in training:
        said["quantization"] = {"load_in_4bit": True}
    return said


def request(directory: Path, case: dict[str, Any], tmp_path: Path) -> RunRequest:
    return RunRequest(
        adapter=adapter(case),
        seed=42,
        base=(directory / case["model"]).resolve(),
        base_name="base",
        training_file=tmp_path,
        validation_file=None,
        output=tmp_path,
        checkpoints=tmp_path,
        resume_from=None,
        parent_name="init",
        parent=directory / "init",
        threads=1,
        least_memory=False,
    )


@pytest.mark.parametrize("directory", cases(), ids=lambda directory: str(directory.name))
def test_a_run_is_the_golden_run(directory: Path, tmp_path: Path) -> None:
    case = json.loads((directory / "case.json").read_text())
    if "losses" not in case:
        pytest.skip("no run")
    if refused(directory, case):
        with pytest.raises(BadRun) as bad:
            read_settings(adapter(case))
        assert bad.value.param is not None and bad.value.param in str(bad.value)
        return
    run = request(directory, case, tmp_path)
    settings = read_settings(run.adapter)
    group = Group()
    optimiser = Optimiser(load(run, settings, group), settings.training, group, run.seed)
    tensors = load_file(directory / "batches.safetensors")
    rates = learning_rates(settings.training, case["training"]["steps"])
    window = case["training"]["gradient_accumulation"]
    tolerance = case["tolerance"]
    for step, expected in enumerate(case["losses"]):
        batches = [batch(tensors, step * window + m) for m in range(window)]
        targets = sum(each.targets() for each in batches)
        sums = [optimiser.gradients(step, m, each, targets) for m, each in enumerate(batches)]
        loss = optimiser.total(sums)
        norm = optimiser.update(rates(step))
        smoothed = loss.mean()
        assert smoothed == pytest.approx(expected, abs=tolerance["loss"]), f"step {step}"
        assert norm == pytest.approx(case["grad_norms"][step], rel=tolerance["grad_norm_relative"])
        assert rates(step) == pytest.approx(case["lrs"][step], rel=1e-9, abs=1e-15)


def batch(tensors: dict[str, torch.Tensor], at: int) -> Batch:
    ids, mask, labels = (
        tensors[name][at].to(torch.int64) for name in ("input_ids", "attention_mask", "labels")
    )
    return Batch(ids, mask, labels)


def refused(directory: Path, case: dict[str, Any]) -> bool:
    """What this trainer does not do; everything else must be equal."""
    config = case["method"]["config"]
    return (
        case["task"] != "causal-lm"
        or case["method"]["type"] != "lora"
        or case["packed"]
        or case["training"]["optimizer"]["groups"] == "loraplus"
        or (directory / "quantized.safetensors").exists()
        or (directory / "init" / "residual_base.safetensors").exists()
        or config.get("init_lora_weights") not in (True, False)
    )
