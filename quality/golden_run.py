#!/usr/bin/env python3
"""Makes a tiny random model of a family and a golden run on it, for `bin/graft parity`.

usage: golden_run.py CONFIG.json OUT NAME

CONFIG.json is a `config.json` with tiny sizes, an even vocabulary of special tokens and no dropout. Writes
OUT/models/NAME (the base), OUT/lora-NAME (LoRA on all linear layers, 20 steps, as transformers and peft train it) and
OUT/family/NAME (config.json, tensors.txt, all-linear.txt, as the tests of dev.graft.weights have them).
"""
import json
import sys
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

STEPS, ROWS, WIDTH, RATE, IGNORE = 20, 3, 16, 5e-3, -100


def randomise(model):
    """No norm is the identity and no bias is zero, so that one that is not applied shows."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape)
            if parameter.dim() > 1:
                parameter.copy_(0.25 * noise)
            else:
                parameter.copy_(0.1 * noise if "bias" in name else 1 + 0.2 * noise)


def rows(count, vocabulary):
    """Right padding; the first tokens of a row are a prompt and have no labels."""
    ids = torch.randint(3, vocabulary, (count, ROWS, WIDTH))
    mask, labels = torch.ones_like(ids), ids.clone()
    for row in range(ROWS):
        length = WIDTH - 2 * row
        ids[:, row, length:] = 0
        mask[:, row, length:] = 0
        labels[:, row, length:] = IGNORE
    labels[:, :, :4] = IGNORE
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def loss_of(model, batch):
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits[:, :-1].float()
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch["labels"][:, 1:].flatten(), ignore_index=IGNORE)


def train(model, batches):
    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=RATE, weight_decay=0.0)
    losses, norms = [], []
    for step in range(STEPS):
        loss = loss_of(model, {k: v[step] for k, v in batches.items()})
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(trained, 1.0).item())
        losses.append(loss.item())
        optimiser.step()
        optimiser.zero_grad()
    return losses, norms


@torch.no_grad()
def logits_of(model, probe):
    return model(input_ids=probe["input_ids"], attention_mask=probe["attention_mask"]).logits


def int32(tensors):
    return {k: v.int().contiguous() for k, v in tensors.items()}


def record(run, model, name, family, vocabulary):
    """Trains the model from the adapter saved in run/init and writes the golden run: batches, probe, final, case.json."""
    batches, probe = rows(STEPS, vocabulary), {k: v[0] for k, v in rows(1, vocabulary).items()}
    before = logits_of(model, probe)
    losses, norms = train(model, batches)
    after = logits_of(model, probe)
    model.save_pretrained(run / "final")
    trained = [p for p in model.parameters() if p.requires_grad]
    save_file(int32(batches), run / "batches.safetensors")
    save_file(
        int32({k: probe[k] for k in ("input_ids", "attention_mask")}) | {"logits_before": before, "logits_after": after},
        run / "probe.safetensors")
    config = json.loads((run / "init/adapter_config.json").read_text())
    case = {
        "name": name, "family": family, "model": f"../models/{family}", "task": "causal-lm",
        "method": {"type": config["peft_type"].lower(), "config": config},
        "training": {"steps": STEPS, "gradient_accumulation": 1, "base_dtype": "float32", "max_grad_norm": 1.0,
                     "label_smoothing": 0.0, "schedule": {"type": "constant", "warmup_steps": 0},
                     "optimizer": {"lr": RATE, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.0, "groups": "all"}},
        "packed": False, "trainable": {"parameters": sum(p.numel() for p in trained), "tensors": len(trained)},
        "losses": losses, "grad_norms": norms, "lrs": [RATE] * STEPS, "cosine_exempt": [],
        "tolerance": {"loss": 2e-5, "grad_norm_relative": 2e-4, "logits_before": 2e-5, "logits_after": 1e-4,
                      "merged": 1e-4, "one_minus_adapter_cosine": 1e-4}}
    (run / "case.json").write_text(json.dumps(case, indent=1) + "\n")


def main():
    source, out, name = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    torch.manual_seed(7)
    torch.set_num_threads(1)
    fields = json.loads(source.read_text())
    config = AutoConfig.for_model(**fields)
    base = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    randomise(base)
    base.config.use_cache = False
    base.save_pretrained(out / "models" / name)
    run, family = out / f"lora-{name}", out / "family" / name
    family.mkdir(parents=True, exist_ok=True)
    stored = load_file(out / "models" / name / "model.safetensors")
    (family / "config.json").write_text((out / "models" / name / "config.json").read_text())
    (family / "tensors.txt").write_text("".join(f"{k} {list(v.shape)}\n" for k, v in sorted(stored.items())))
    model = get_peft_model(base, LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM")).eval()
    linear = sorted(n.removeprefix("base_model.model.") for n, m in model.named_modules() if hasattr(m, "lora_A"))
    (family / "all-linear.txt").write_text("".join(f"{n}\n" for n in linear))
    model.save_pretrained(run / "init")
    record(run, model, f"lora-{name}", name, config.vocab_size)


if __name__ == "__main__":
    main()
