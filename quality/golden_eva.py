#!/usr/bin/env python3
"""Makes golden runs of LoRA that starts from its data (EVA), for `bin/graft parity` and EvaStartTests.

usage: golden_eva.py MODELS OUT [NAME ...]

MODELS has tiny bases as golden_run.py writes them. For each case below peft finds ranks and factors on the batches of
the run, in their order and over again, before it trains on them. OUT/NAME has the run from there, whose start `init` is
what peft found, and asked.json: the configuration before.
"""
import json
import sys
from pathlib import Path

import torch
from golden_continued import base_of
from golden_run import STEPS, record, rows
from peft import EvaConfig, LoraConfig, get_peft_model, initialize_lora_eva_weights

CASES = {
    "eva-llama": ("llama", LoraConfig(
        r=4, lora_alpha=8, target_modules="all-linear", init_lora_weights="eva", task_type="CAUSAL_LM")),
    "eva-gpt2": ("gpt2", LoraConfig(
        r=3, lora_alpha=6, target_modules=["c_attn", "c_fc", "c_proj"], rank_pattern={"c_fc": 5}, alpha_pattern={"c_attn": 9},
        use_rslora=True, init_lora_weights="eva", task_type="CAUSAL_LM",
        eva_config=EvaConfig(rho=1.5, tau=0.97, use_label_mask=False, whiten=True))),
    "eva-dora": ("qwen2", LoraConfig(
        r=2, lora_alpha=8, target_modules=["q_proj", "k_proj", "down_proj", "embed_tokens"],
        use_dora=True, bias="lora_only", init_lora_weights="eva", task_type="CAUSAL_LM",
        eva_config=EvaConfig(rho=3.0, label_mask_value=7, adjust_scaling_factors=False))),
}


def asked(config):
    fields = {k: sorted(v) if isinstance(v, set) else v for k, v in config.to_dict().items()}
    return json.dumps(fields, indent=2, sort_keys=True) + "\n"


def main():
    models, out, names = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:] or list(CASES)
    torch.set_num_threads(1)
    for name in names:
        torch.manual_seed(13)
        family, config = CASES[name]
        base = base_of(models / family)
        run = out / name
        run.mkdir(parents=True, exist_ok=True)
        (run / "asked.json").write_text(asked(config))
        model = get_peft_model(base, config).eval()
        before = torch.get_rng_state()
        batches = rows(STEPS, base.config.vocab_size)
        data = [{k: v[step] for k, v in batches.items()} for step in range(STEPS)]
        initialize_lora_eva_weights(model, data, show_progress_bar=False)
        model.peft_config["default"].base_model_name_or_path = f"models/{family}"
        model.save_pretrained(run / "init")
        torch.set_rng_state(before)  # record draws the same
        record(run, model, name, family, base.config.vocab_size)


if __name__ == "__main__":
    main()
