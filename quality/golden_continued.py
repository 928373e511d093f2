#!/usr/bin/env python3
"""Makes golden runs that continue from a saved adapter, for `bin/graft parity`.

usage: golden_continued.py MODEL OUT [NAME ...]

MODEL is a tiny base as golden_run.py writes it. For each method below peft trains an adapter for some steps and saves
it; then a new process's worth of objects loads base and adapter (`PeftModel.from_pretrained(..., is_trainable=True)`),
makes a new optimiser and trains on: OUT/NAME has the run from there, whose start `init` is the saved adapter.
"""
import sys
from pathlib import Path

import torch
from golden_run import STEPS, record, rows, train
from peft import LoraConfig, PeftModel, VeraConfig, get_peft_model
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
        record(run, model, name, path.name, vocabulary)


if __name__ == "__main__":
    main()
