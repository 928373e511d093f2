#!/usr/bin/env python3
"""Makes golden runs that continue from a saved adapter, for `bin/graft parity`.

usage: golden_continued.py MODEL OUT [NAME ...]

MODEL is a tiny base as golden_run.py writes it. For each method below peft trains an adapter for some steps and saves
it; then a new process's worth of objects loads base and adapter (`PeftModel.from_pretrained(..., is_trainable=True)`),
makes a new optimiser and trains on: OUT/NAME has the run from there, whose start `init` is the saved adapter.
"""
import json
import sys
from pathlib import Path

import torch
from golden_run import RATE, STEPS, int32, logits_of, rows, train
from peft import LoraConfig, PeftModel, VeraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

METHODS = {
    "continued-lora": LoraConfig(r=4, lora_alpha=6, target_modules="all-linear", use_rslora=True, task_type="CAUSAL_LM"),
    "continued-dora": LoraConfig(
        r=4, lora_alpha=8, target_modules=["q_proj", "down_proj"], use_dora=True, bias="lora_only", modules_to_save=["norm"],
        rank_pattern={"down_proj": 2}, trainable_token_indices=[5, 9], task_type="CAUSAL_LM"),
    "continued-pissa": LoraConfig(
        r=2, lora_alpha=4, target_modules=["q_proj", "v_proj"], init_lora_weights="pissa", task_type="CAUSAL_LM"),
    "continued-vera": VeraConfig(r=8, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"),
}


def base_of(path):
    model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, attn_implementation="eager")
    model.config.use_cache = False
    return model


def first_run(path, config, directory, vocabulary):
    """PiSSA is saved as the LoRA that it has become, which needs its start beside it."""
    model = get_peft_model(base_of(path), config).eval()
    pissa = getattr(config, "init_lora_weights", True) == "pissa"
    start = directory / "start"
    if pissa:
        config.init_lora_weights = True
        model.save_pretrained(start)
        config.init_lora_weights = "pissa"
    train(model, rows(STEPS, vocabulary))
    model.peft_config["default"].base_model_name_or_path = f"models/{path.name}"
    model.save_pretrained(directory, **({"path_initial_model_for_weight_conversion": str(start)} if pissa else {}))


def main():
    path, out, names = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:] or list(METHODS)
    torch.manual_seed(11)
    torch.set_num_threads(1)
    for name in names:
        run = out / name
        vocabulary = base_of(path).config.vocab_size
        first_run(path, METHODS[name], run / "init", vocabulary)
        model = PeftModel.from_pretrained(base_of(path), run / "init", is_trainable=True).eval()
        model.peft_config["default"].base_model_name_or_path = f"models/{path.name}"
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
            "name": name, "family": path.name, "model": f"../models/{path.name}", "task": "causal-lm",
            "method": {"type": config["peft_type"].lower(), "config": config},
            "training": {"steps": STEPS, "gradient_accumulation": 1, "base_dtype": "float32", "max_grad_norm": 1.0,
                         "label_smoothing": 0.0, "schedule": {"type": "constant", "warmup_steps": 0},
                         "optimizer": {"lr": RATE, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.0, "groups": "all"}},
            "packed": False, "trainable": {"parameters": sum(p.numel() for p in trained), "tensors": len(trained)},
            "losses": losses, "grad_norms": norms, "lrs": [RATE] * STEPS, "cosine_exempt": [],
            "tolerance": {"loss": 2e-5, "grad_norm_relative": 2e-4, "logits_before": 2e-5, "logits_after": 1e-4,
                          "merged": 1e-4, "one_minus_adapter_cosine": 1e-4}}
        (run / "case.json").write_text(json.dumps(case, indent=1) + "\n")


if __name__ == "__main__":
    main()
