"""Types of models that Graft's own kernels lack: each trains as Hugging Face PEFT alone does it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import LETTERS, write_tokenizer
from graft_ray.group import Group
from graft_ray.protocol import BadRun, Directive, Exit, RunRequest
from graft_ray.rows import RowTokenizer
from graft_ray.sampler import BatchPlan
from graft_ray.settings import read_settings
from graft_ray.training import run
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from test_training import TOLERANCE, Trainer, numbers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    get_linear_schedule_with_warmup,
)

JAVA = Path(__file__).resolve().parents[3] / "src" / "main" / "resources" / "dev" / "graft"
TYPES = dict(
    line.split() for line in (JAVA / "weights" / "transformers-types.txt").read_text().splitlines()
)
MIXTURES = ["mixtral", "olmoe", "qwen2_moe"]

TINY: dict[str, Any] = {
    "vocab_size": 2 + len(LETTERS),
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "head_dim": 8,
    "max_position_embeddings": 128,
    "eos_token_id": 1,
    "bos_token_id": None,
    "pad_token_id": 0,
    "attention_dropout": 0.0,
    "residual_dropout": 0.0,
    # of mixtures of experts, by their several names
    "num_experts": 4,
    "num_local_experts": 4,
    "n_routed_experts": 4,
    "moe_num_experts": 4,
    "num_experts_per_tok": 2,
    "moe_k": 2,
    "moe_topk": 2,
    "moe_intermediate_size": 16,
    "shared_expert_intermediate_size": 16,
    "n_shared_experts": 1,
    "first_k_dense_replace": 1,
    "n_group": 1,
    "topk_group": 1,
    # of attention with compressed keys
    "q_lora_rank": 8,
    "kv_lora_rank": 8,
    "qk_nope_head_dim": 8,
    "qk_rope_head_dim": 8,
    "v_head_dim": 8,
}


def write_base(directory: Path, model_type: str) -> Path:
    """A tiny model of the type with random weights, from a seed."""
    torch.manual_seed(11)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(model_type, **TINY))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=0.1)
    model.save_pretrained(directory)
    write_tokenizer(directory)
    return directory


class Listening:
    """A supervisor that only hears."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def tell(self, event: Mapping[str, Any]) -> None:
        self.events.append(dict(event))

    def asked(self) -> Directive | None:
        return None


def request(trainer: Trainer) -> RunRequest:
    """Of seven steps of two micro-batches, three rows each."""
    return RunRequest(
        adapter=trainer.request("")["adapter"],
        seed=5,
        base=trainer.base,
        base_name="tiny",
        training_file=trainer.rows,
        validation_file=None,
        output=trainer.directory / "result",
        checkpoints=trainer.directory / "checkpoints",
        resume_from=None,
        parent_name=None,
        parent=None,
        threads=1,
        least_memory=False,
    )


def alone(asked: RunRequest) -> tuple[list[float], list[float], PeftModel]:
    """Losses, norms and model of the same steps by transformers and PEFT, without this package's."""
    settings = read_settings(asked.adapter)
    tokenizer = AutoTokenizer.from_pretrained(asked.base)
    rows = RowTokenizer(tokenizer, settings.data).read(asked.training_file, "training_file")
    plan = BatchPlan(settings.training, asked.seed, rows.lengths())
    tokenizer.pad_token = "<pad>"
    base = AutoModelForCausalLM.from_pretrained(asked.base, dtype=torch.float32)
    torch.manual_seed(asked.seed)
    config = LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(base, config).train()
    trained = [each for each in model.parameters() if each.requires_grad]
    adam = torch.optim.AdamW(trained, lr=settings.training.learning_rate, weight_decay=0.0)
    rates = get_linear_schedule_with_warmup(adam, 0, plan.total_steps())
    losses, norms = [], []
    for step in range(plan.total_steps()):
        micro = [[rows.rows[row] for row in part] for part in plan.window(step)]
        targets = sum(row.targets() for part in micro for row in part)
        total = 0.0
        for part in micro:
            padded = tokenizer.pad({"input_ids": [row.ids for row in part]}, return_tensors="pt")
            labels = torch.full_like(padded["input_ids"], -100)
            for i, row in enumerate(part):
                labels[i, : len(row.labels)] = torch.tensor(row.labels)
            loss = model(
                input_ids=padded["input_ids"],
                attention_mask=padded["attention_mask"],
                labels=labels,
                num_items_in_batch=targets,
            ).loss
            loss.backward()
            total += float(loss)
        norms.append(float(torch.nn.utils.clip_grad_norm_(trained, 1.0)))
        losses.append(total)
        adam.step()
        rates.step()
        adam.zero_grad()
    return losses, norms, model


@pytest.mark.parametrize("model_type", sorted(TYPES))
def test_a_run_is_that_of_peft_and_its_result_loads_there(model_type: str, tmp_path: Path) -> None:
    base = write_base(tmp_path / "base", model_type)
    said = json.loads((base / "config.json").read_text())
    assert (said["model_type"], said["architectures"]) == (model_type, [TYPES[model_type]])
    names = load_file(base / "model.safetensors")
    assert names["model.embed_tokens.weight"].shape == (TINY["vocab_size"], TINY["hidden_size"])
    asked, supervisor = request(Trainer(base, tmp_path)), Listening()
    assert run(asked, Group(), supervisor) is Exit.DONE
    losses, norms, model = alone(asked)
    assert numbers(supervisor.events, "loss") == pytest.approx(losses, abs=TOLERANCE)
    assert numbers(supervisor.events, "grad_norm") == pytest.approx(norms, rel=1e-3)
    assert losses[-1] < losses[0] - 0.05
    fresh = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    loaded = PeftModel.from_pretrained(fresh, asked.output).eval()
    ids = torch.arange(2, 22).reshape(2, 10)
    with torch.no_grad():
        difference = (loaded(ids).logits - model.eval()(ids).logits).abs().max()
        changed = (loaded(ids).logits - loaded.unload()(ids).logits).abs().max()
    assert float(difference) < 1e-3 < float(changed)


@pytest.mark.parametrize("options", [[], ["--fsdp"]], ids=["ddp", "fsdp"])
@pytest.mark.parametrize("model_type", MIXTURES)
def test_two_processes_train_a_mixture_as_one_does(
    model_type: str, options: list[str], tmp_path: Path
) -> None:
    trainer = Trainer(write_base(tmp_path / "base", model_type), tmp_path)
    status, one = trainer.run(trainer.request("one"))
    assert status == 0
    status, two = trainer.run(trainer.request("two"), *options, processes=2)
    assert status == 0
    for field in ("loss", "grad_norm"):
        assert numbers(two, field) == pytest.approx(numbers(one, field), abs=TOLERANCE)
    first, second = (
        load_file(tmp_path / name / "adapter_model.safetensors") for name in ("one", "two")
    )
    assert first.keys() == second.keys()
    assert max(float((first[name] - second[name]).abs().max()) for name in first) < 1e-3


def test_a_checkpoint_that_lacks_a_tensor_is_refused_and_none_is_made_up(tmp_path: Path) -> None:
    base = write_base(tmp_path / "base", "mixtral")
    weights = load_file(base / "model.safetensors")
    del weights["model.layers.1.self_attn.q_proj.weight"]
    save_file(weights, base / "model.safetensors", {"format": "pt"})
    with pytest.raises(BadRun, match=r"lacks 1 .*layers\.1\.self_attn\.q_proj\.weight") as refused:
        run(request(Trainer(base, tmp_path)), Group(), Listening())
    assert refused.value.param == "model"
