"""The ``adapter`` object of a request, resolved or not, as far as this trainer knows it.

What it does not know is refused by its JSON path, never ignored. Names and defaults are Graft's
(docs/settings.md); the server has checked ranges before a job gets here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from graft_ray.protocol import BadRun

PEFT = {
    "peft_type",
    "r",
    "lora_alpha",
    "lora_dropout",
    "target_modules",
    "exclude_modules",
    "layers_to_transform",
    "layers_pattern",
    "modules_to_save",
    "trainable_token_indices",
    "init_lora_weights",
    "use_rslora",
    "use_dora",
    "lora_bias",
    "bias",
    "rank_pattern",
    "alpha_pattern",
    "task_type",
}
"""Fields of PEFT's LoraConfig that are handed to PEFT."""

_INITS = (True, False, "gaussian", "orthogonal")

_ONLY: dict[str, tuple[Any, ...]] = {
    "adapter.objective": ("sft",),
    "adapter.training.packing": (False,),
    "adapter.training.packing_strategy": (None,),
    "adapter.training.neftune_noise_alpha": (0, None),
    "adapter.training.early_stopping_patience": (0,),
    "adapter.training.early_stopping_threshold": (0,),
    "adapter.training.load_best_model_at_end": (False,),
    "adapter.training.held_out": (0,),
    "adapter.training.skip_nonfinite_steps": (False,),
    "adapter.training.loraplus_lr_ratio": (None,),
    "adapter.output.merged": (False,),
    "adapter.output.gguf": (False,),
    "adapter.output.trained_form": (False,),
    "adapter.output.plain_lora": (True, False),
    "adapter.training.fp16": (False,),
    "adapter.training.autocast": (False,),
    "adapter.training.optim": ("adamw_torch",),
}
"""Settings whose other values only Graft's own trainer knows."""


@dataclass(frozen=True)
class Training:
    """``adapter.training``, with Graft's defaults."""

    learning_rate: float = 2e-4
    lr_scheduler_type: str = "linear"
    lr_scheduler_kwargs: Mapping[str, Any] = field(default_factory=dict)
    warmup_steps: int = 0
    warmup_ratio: float = 0.0
    num_train_epochs: float = 3.0
    max_steps: int = 0
    per_device_train_batch_size: int = 8
    gradient_accumulation_steps: int = 1
    weight_decay: float = 0.0
    adam_beta1: float = 0.9
    adam_beta2: float = 0.999
    adam_epsilon: float = 1e-8
    max_grad_norm: float = 1.0
    max_length: int | None = 1024
    truncation_mode: str = "keep_start"
    pad_to_multiple_of: int = 1
    train_sampling_strategy: str = "random"
    dataloader_drop_last: bool = False
    eval_steps: int = 0
    save_steps: int | None = None
    save_minutes: float = 5.0
    label_smoothing_factor: float = 0.0
    disable_dropout: bool = True
    bf16: bool = False
    tf32: bool = False
    loss_spike_guard: bool = True
    gradient_checkpointing: bool | str = False


@dataclass(frozen=True)
class Data:
    """``adapter.data``."""

    assistant_only_loss: bool | None = None
    completion_only_loss: bool | None = None
    mask_history: bool = False
    allow_special_tokens: bool = False


@dataclass(frozen=True)
class Settings:
    """``peft`` has the fields of PEFT's LoraConfig that the request says."""

    peft: Mapping[str, Any]
    training: Training
    data: Data


def read_settings(adapter: Mapping[str, Any]) -> Settings:
    """Raises BadRun for what this trainer does not do."""
    _known(adapter, {"peft", "method", "objective", "training", "data", "output"}, "adapter")
    _only("adapter.objective", adapter.get("objective", "sft"))
    output = _section(adapter, "output")
    _known(output, set(), "adapter.output")
    training = _section(adapter, "training")
    return Settings(
        peft=_peft(adapter),
        training=Training(**_taken(training, Training, "adapter.training")),
        data=Data(**_taken(_section(adapter, "data"), Data, "adapter.data")),
    )


def _peft(adapter: Mapping[str, Any]) -> dict[str, Any]:
    if adapter.get("method") is not None:
        raise _refused("adapter.method", adapter["method"])
    peft: dict[str, Any] = {"peft_type": "LORA", "target_modules": "all-linear", "r": 16}
    said = _section(adapter, "peft")
    peft.update(said)
    if peft["peft_type"] != "LORA":
        raise _refused("adapter.peft.peft_type", peft["peft_type"])
    if peft.get("init_lora_weights", True) not in _INITS:
        raise _refused("adapter.peft.init_lora_weights", peft["init_lora_weights"])
    _known(said, PEFT, "adapter.peft")
    peft.setdefault("lora_alpha", 2 * int(peft["r"]))
    return peft


def _section(adapter: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = adapter.get(name) or {}
    if not isinstance(value, Mapping):
        raise BadRun(f"adapter.{name}", f"adapter.{name} must be an object")
    return value


def _taken(section: Mapping[str, Any], of: type[Training] | type[Data], path: str) -> dict[str, Any]:
    names = {each.name for each in fields(of)}
    _known(section, names, path)
    return {
        name: value
        for name, value in section.items()
        if name in names and not (value is None and name == "lr_scheduler_kwargs")
    }


def _known(section: Mapping[str, Any], names: set[str], path: str) -> None:
    for name, value in section.items():
        if name not in names:
            _only(f"{path}.{name}", value)


def _only(path: str, value: Any) -> None:
    if path not in _ONLY or value not in _ONLY[path]:
        raise _refused(path, value)


def _refused(path: str, value: Any) -> BadRun:
    return BadRun(
        path,
        f"{path} {value!r} is not known to the trainer of jobs larger than one device;"
        " ask for one device",
    )
