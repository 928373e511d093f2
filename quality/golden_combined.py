#!/usr/bin/env python3
"""Makes golden combinations of LoRA adapters, for CombinedFormTests.

usage: golden_combined.py MODEL OUT

MODEL is a tiny base as golden_run.py writes it. OUT gets three adapters with random factors, saved by peft, and for each case of
`add_weighted_adapter` the factors that peft gives, drawing from `torch.manual_seed(seed)`: NAME.safetensors, with cases.json.
"""
import json
import sys
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import model as lora_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

ADAPTERS = {
    "a": LoraConfig(r=4, lora_alpha=6, target_modules=["q_proj", "down_proj"], task_type="CAUSAL_LM"),
    "b": LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"], use_rslora=True, task_type="CAUSAL_LM"),
    "c": LoraConfig(r=2, lora_alpha=4, target_modules=["q_proj"], task_type="CAUSAL_LM"),
}
PRUNED = {"density": 0.5}
CASES = {
    "svd": (["a", "b"], [1.0, 0.5], {}),
    "svd-rank": (["a", "c", "b"], [0.7, -0.4, 1.2], {"svd_rank": 3}),
    "linear": (["a", "b"], [0.5, 0.5], {}),
    "linear-negative": (["a", "b"], [1.0, -0.6], {}),
    "cat": (["a", "b", "c"], [1.0, 0.3, -2.0], {}),
    "ties": (["a", "b"], [1.0, 0.8], PRUNED),
    "ties-frequency": (["b", "a"], [1.0, -0.8], PRUNED | {"majority_sign_method": "frequency"}),
    "ties-all": (["a", "b"], [1.0, 1.0], {"density": 1.0}),
    "ties_svd": (["a", "b", "c"], [1.0, 0.8, 0.6], PRUNED),
    "ties_svd-frequency": (["a", "c"], [1.0, -0.8], {"density": 0.3, "majority_sign_method": "frequency", "svd_rank": 5}),
    "dare_linear": (["a", "b"], [0.6, 0.4], PRUNED),
    "dare_linear-seed": (["a", "b"], [0.6, -0.4], {"density": 0.2, "seed": 7}),
    "dare_ties": (["a", "b"], [1.0, 0.5], PRUNED),
    "dare_ties-frequency": (["a", "b"], [1.0, 0.5], {"density": 0.7, "majority_sign_method": "frequency", "seed": 3}),
    "dare_linear_svd": (["a", "c"], [1.0, 0.5], PRUNED),
    "dare_ties_svd": (["c", "b"], [1.0, 0.5], PRUNED | {"seed": 5}),
    "magnitude_prune": (["a", "b"], [1.0, 0.5], {"density": 0.4}),
    "magnitude_prune_svd": (["a", "b", "c"], [1.0, 0.5, -0.5], {"density": 0.1}),
}


def base_of(path):
    return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)


def save_adapter(path, out, name):
    model = get_peft_model(base_of(path), ADAPTERS[name])
    for key, parameter in model.named_parameters():
        if "lora_" in key:
            torch.nn.init.normal_(parameter, std=0.3)
    model.peft_config["default"].base_model_name_or_path = f"models/{path.name}"
    model.save_pretrained(out / name)
    (out / name / "README.md").unlink()


def seed_the_draws(seed):
    """Not before add_weighted_adapter: the new adapter's layers are filled with random numbers first, as many as its init takes."""

    def freeze(model, name):
        original(model, name)
        torch.manual_seed(seed)

    original = getattr(lora_model._freeze_adapter, "original", lora_model._freeze_adapter)
    freeze.original = original
    lora_model._freeze_adapter = freeze


def main():
    path, out = Path(sys.argv[1]), Path(sys.argv[2])
    torch.manual_seed(17)
    torch.set_num_threads(1)
    for name in ADAPTERS:
        save_adapter(path, out, name)
    cases = {}
    for name, (adapters, weights, options) in CASES.items():
        model = PeftModel.from_pretrained(base_of(path), out / adapters[0], adapter_name=adapters[0])
        for each in adapters[1:]:
            model.load_adapter(out / each, adapter_name=each)
        kind, seed = name.split("-")[0], options.get("seed", 0)
        seed_the_draws(seed)
        model.add_weighted_adapter(adapters, weights, "combined", kind, **{k: v for k, v in options.items() if k != "seed"})
        factors = {key.replace(".combined", ""): value.detach().contiguous()
                   for key, value in model.state_dict().items() if "lora_" in key and ".combined." in key}
        save_file(factors, out / f"{name}.safetensors")
        cases[name] = {"combination_type": kind, "adapters": adapters, "weights": weights} | options
    (out / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
