"""The result of a run: a PEFT directory with the names that Graft's own trainer gives its files."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peft import PeftModel

from graft_ray.files import fresh, sync
from graft_ray.progress import Progress
from graft_ray.protocol import RunRequest
from graft_ray.settings import Settings

COMPANIONS = (
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "special_tokens_map.json",
    "generation_config.json",
)
"""What chatting with the result needs beside the weights."""

_SETS = ("target_modules", "exclude_modules", "modules_to_save")

CARD = """---
base_model: {name}
library_name: peft
pipeline_tag: text-generation
---

# LoRA adapter for {title}

Load it with `peft`, on top of the base model. `dtype` is the precision of the training.

```python
from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("path or name of the base model", dtype="{dtype}")
model = PeftModel.from_pretrained(base, "this directory")
```

| property | value |
|---|---|
{facts}
"""


def write_adapter(
    directory: Path,
    model: PeftModel,
    request: RunRequest,
    settings: Settings,
    progress: Progress,
    measured: Mapping[str, float],
) -> None:
    """Adapter, its configuration, the card, and the base's tokenizer files."""
    model.save_pretrained(directory, safe_serialization=True)
    saved = directory / "adapter_config.json"
    said: dict[str, Any] = json.loads(saved.read_text())
    said["base_model_name_or_path"] = request.base_name
    for name in _SETS:  # PEFT keeps sets, whose order is another in each process
        if isinstance(said.get(name), list):
            said[name] = sorted(said[name])
    saved.write_text(json.dumps(said, indent=2, sort_keys=True))
    (directory / "README.md").write_text(_card(request, settings, progress, measured))
    for name in COMPANIONS:
        if (request.base / name).exists():
            shutil.copyfile(request.base / name, directory / name)


def write_result(
    model: PeftModel,
    request: RunRequest,
    settings: Settings,
    progress: Progress,
    measured: Mapping[str, float],
) -> None:
    """The weights get their name last: a directory that has them has everything."""
    making = fresh(request.output / ".making")
    write_adapter(making, model, request, settings, progress, measured)
    if measured:
        text = json.dumps(measured, indent=4, sort_keys=True) + "\n"
        (making / "eval_results.json").write_text(text)
    for file in sorted(making.iterdir(), key=lambda each: (each.suffix == ".safetensors", each)):
        sync(file)
        os.replace(file, request.output / file.name)
    making.rmdir()
    sync(request.output)


def _card(
    request: RunRequest, settings: Settings, progress: Progress, measured: Mapping[str, float]
) -> str:
    dtype = "bfloat16" if settings.training.bf16 else "float32"
    facts = {"continues from": request.parent_name} if request.parent_name else {}
    facts |= {
        "optimiser steps": str(progress.step),
        "trained tokens": str(progress.trained_tokens),
        "mean training loss": f"{progress.mean_loss():.4f}",
        "learning rate": f"{settings.training.learning_rate:g}",
        "precision": dtype,
        "seed": str(request.seed),
    }
    facts |= {name: f"{value:.4f}" for name, value in sorted(measured.items())}
    return CARD.format(
        name=json.dumps(request.base_name),
        title=_plain(request.base_name),
        dtype=dtype,
        facts="\n".join(f"| {_plain(name)} | {_plain(value)} |" for name, value in facts.items()),
    )


def _plain(text: str | None) -> str:
    """Names come from users: one line, and nothing that Markdown or HTML would act on."""
    line = "".join(" " if ord(c) < 32 else c for c in str(text)[:500])
    line = line.replace("&", "&amp;").replace("<", "&lt;")
    return "".join("\\" + c if c in "\\`*[]|!#" else c for c in line)
