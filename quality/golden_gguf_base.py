#!/usr/bin/env python3
"""Makes the golden file of GgufTensorsTests: random blocks of each type that is read, and what they say.

usage: golden_gguf_base.py

Needs `pip install gguf numpy`, the package of llama.cpp's repository: numbers are those of gguf.quants.dequantize, names
those of gguf.get_tensor_name_map. Writes src/test/resources/dev/graft/weights/gguf/base.json.
"""
import base64
import json
from pathlib import Path

import gguf
import numpy

OUT = Path(__file__).resolve().parent.parent / "src/test/resources/dev/graft/weights/gguf/base.json"
BLOCKS = 3
# where the scales of F16 lie in a block
SCALES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
    "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
}  # fmt: skip
ARCHITECTURES = {
    "llama": [], "qwen2": [], "qwen3": ["q_norm"], "granite": [], "smollm3": [], "gemma": [],
    "gemma2": ["sandwich"], "gemma3": ["q_norm", "sandwich"], "olmo2": ["q_norm", "post"],
}  # fmt: skip


def blocks(name: str, random: numpy.random.Generator) -> dict:
    kind = gguf.GGMLQuantizationType[name]
    size, width = gguf.GGML_QUANT_SIZES[kind]
    data = random.integers(0, 256, (BLOCKS, width), dtype=numpy.uint8)
    for at in SCALES[name]:
        scales = random.normal(0, 0.1, (BLOCKS, 1)).astype(numpy.float16)
        data[:, at : at + 2] = scales.view(numpy.uint8)
    numbers = gguf.quants.dequantize(data, kind).astype("<f4")
    assert numbers.shape == (BLOCKS, size)
    return {
        "blocks": base64.b64encode(data.tobytes()).decode(),
        "numbers": base64.b64encode(numbers.tobytes()).decode(),
    }


def names(architecture: str, has: list[str]) -> dict:
    kind = next(each for each, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture)
    known = gguf.get_tensor_name_map(kind, 2)
    attention = ["q_proj", "k_proj", "v_proj", "o_proj"] + (["q_norm", "k_norm"] if "q_norm" in has else [])
    layer = [f"self_attn.{each}" for each in attention]
    layer += [f"mlp.{each}" for each in ("gate_proj", "up_proj", "down_proj")] + ["post_attention_layernorm"]
    layer += [] if "post" in has else ["input_layernorm"]
    layer += ["post_feedforward_layernorm"] if {"post", "sandwich"} & set(has) else []
    layer += ["pre_feedforward_layernorm"] if "sandwich" in has else []
    modules = ["model.embed_tokens", "model.norm", "lm_head"]
    modules += [f"model.layers.{i}.{each}" for i in range(2) for each in layer]
    named = {each: known.get_name(each) for each in modules}
    return {f"{each}.weight": f"{name}.weight" for each, name in named.items() if name}


if __name__ == "__main__":
    random = numpy.random.default_rng(7)
    golden = {
        "types": {name: blocks(name, random) for name in SCALES},
        "names": {name: names(name, has) for name, has in ARCHITECTURES.items()},
    }
    OUT.write_text(json.dumps(golden, indent=1, sort_keys=True) + "\n")
