"""The base model with its LoRA factors, by transformers and PEFT."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from graft_ray.group import Group
from graft_ray.protocol import BadRun, RunRequest
from graft_ray.settings import Settings


def max_length(base: Path, settings: Settings) -> int | None:
    """Tokens of a row: as the settings say, at most the context of the model."""
    wanted = settings.training.max_length
    context = getattr(_config(base), "max_position_embeddings", None)
    if context is None or context <= 0:
        return wanted
    return int(context) if wanted is None else min(wanted, int(context))


def _config(base: Path) -> Any:
    try:
        return AutoConfig.from_pretrained(base).get_text_config()
    except (OSError, ValueError, KeyError) as e:
        raise BadRun("model", f"the base model cannot be used: {_first_line(e)}") from e


def load(request: RunRequest, settings: Settings, group: Group) -> PeftModel:
    """Base and adapter on the group's device, in training mode; equal in every process."""
    torch.backends.cuda.matmul.allow_tf32 = settings.training.tf32
    base = _base(request.base, settings)
    torch.manual_seed(request.seed)
    if request.parent is not None:
        model = _continued(base, request.parent, settings)
    else:
        try:
            model = get_peft_model(base, LoraConfig(**_lora(settings.peft)))
        except (TypeError, ValueError) as e:
            said = _first_line(e)
            raise BadRun("adapter.peft", f"the adapter does not fit the base model: {said}") from e
    if settings.training.gradient_checkpointing or request.least_memory:
        base.gradient_checkpointing_enable({"use_reentrant": False})
        base.enable_input_require_grads()
    model.to(group.device)
    return model.train()


def _base(directory: Path, settings: Settings) -> PreTrainedModel:
    config = _config(directory)
    if settings.training.disable_dropout:
        for name in vars(config):
            if name.endswith(("dropout", "pdrop", "dropout_prob")):
                if isinstance(getattr(config, name), float):
                    setattr(config, name, 0.0)
    dtype = torch.bfloat16 if settings.training.bf16 else torch.float32
    try:
        model, loaded = AutoModelForCausalLM.from_pretrained(
            directory,
            config=config,
            dtype=dtype,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError) as e:
        raise BadRun("model", f"the base model cannot be used: {_first_line(e)}") from e
    lacking = sorted(loaded["missing_keys"])
    if lacking:  # transformers would make them up
        raise BadRun("model", f"the base model lacks {len(lacking)} tensors, such as {lacking[0]}")
    model.config.use_cache = False
    assert isinstance(model, PreTrainedModel)
    return model


def _continued(base: PreTrainedModel, parent: Path, settings: Settings) -> PeftModel:
    """From an adapter that an earlier run made, with a new optimiser."""
    try:
        said = json.loads((parent / "adapter_config.json").read_text())
    except (OSError, ValueError) as e:
        raise BadRun("model", "what training continues from is no adapter of PEFT") from e
    for name in ("peft_type", "r", "use_dora", "use_rslora"):
        wanted = settings.peft.get(name, said.get(name))
        if wanted != said.get(name):
            raise BadRun(
                f"adapter.peft.{name}", f"is {wanted}, but the model continues from {said.get(name)}"
            )
    return PeftModel.from_pretrained(base, parent, is_trainable=True)


def _lora(peft: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in peft.items() if name not in ("peft_type", "task_type")}
    alpha = said["lora_alpha"]
    if isinstance(alpha, float) and alpha.is_integer():
        said["lora_alpha"] = int(alpha)
    return {**said, "task_type": "CAUSAL_LM"}


def trained(model: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    """What training changes, by name."""
    return {name: each for name, each in model.named_parameters() if each.requires_grad}


def shard(model: PeftModel, group: Group) -> None:
    """Divides the frozen base among the processes, layer by layer (FSDP).

    The factors stay whole in each: they are small, and their gradients are summed as always.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(group.device.type, (group.size,))
    whole = set(trained(model).values())
    kinds = set(getattr(model.base_model.model, "_no_split_modules", None) or [])
    for module in list(model.modules()):
        if type(module).__name__ in kinds:
            fully_shard(module, mesh=mesh, ignored_params=whole)
    fully_shard(model, mesh=mesh, ignored_params=whole)


def _first_line(e: Exception) -> str:
    return str(e).strip().split("\n")[0][:300]
