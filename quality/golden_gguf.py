#!/usr/bin/env python3
"""Makes the golden files of GgufAdapterTests: what llama.cpp's own script makes of adapters of every family.

usage: golden_gguf.py LLAMA_CPP

LLAMA_CPP is a checkout of llama.cpp (its convert_lora_to_gguf.py, conversion and gguf-py are used; needs torch,
transformers and safetensors). Adapters follow from a formula that the tests know, so that only names, shapes, digests
and fields are kept: src/test/resources/dev/graft/weights/gguf.
"""
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
from safetensors.numpy import save_file

WEIGHTS = Path(__file__).resolve().parent.parent / "src/test/resources/dev/graft/weights"
RANK = 3

GRAFT_CARD = '---\nbase_model: "llama-3.2-1b"\nlibrary_name: peft\npipeline_tag: text-generation\n---\n\n# LoRA\n'
PEFT_CARD = """---
base_model: meta-llama/Llama-3.2-1B-Instruct
library_name: peft
license: [apache-2.0, mit]
license_name: both
datasets:
- org/support-v2
- https://huggingface.co/datasets/org/other
language:
- en
- no
tags:
- lora
- "base_model:adapter:meta-llama/Llama-3.2-1B-Instruct"
model_creator: Someone
pipeline_tag: text-generation
---
"""
MERGED_CARD = """---
base_model:
- https://huggingface.co/org/Model-7b-v0.2
- ./a/path
- name: A name
  repo_url: https://example.org/model
url: https://example.org
description: "says: what\\tit is"
size_label: 7B
---
"""
SAMPLING = {"do_sample": True, "temperature": 0.6, "top_p": 0.95, "top_k": 20, "repetition_penalty": 1.1, "eos_token_id": [2]}

# family: modules beside all linear layers, element type, alpha, name of the directory, card, generation_config.json
CASES = {
    "llama": (["lm_head", "model.embed_tokens"], "f32", 16, "support", GRAFT_CARD, {}),
    "llama31": ([], "f16", 7.5, "Llama-3.1-8B-Instruct-lora", PEFT_CARD, SAMPLING),
    "mistral": ([], "bf16", 6, "mistral-7b-v0.3-chat", MERGED_CARD, {}),
    "qwen2": ([], "f16", 1, "Qwen2.5-1_5b-128k", "# no front matter\n", {"temperature": 1}),
    "qwen3": ([], "f32", 3, "checkpoint-60", "", {}),
    "gemma": ([], "f16", 3, "gemma-2b-it", "", {}),
    "gemma2": ([], "bf16", 3, "a name of words", "", {}),
    "gemma3": ([], "f32", 3, "gemma-3-270m-it-q4_0", "", {}),
    "phi3": (["lm_head"], "f16", 3, "Phi-3-mini-4k-instruct", "", {}),
    "olmo2": ([], "bf16", 3, "OLMo-2-1124-7B", "", {}),
    "granite": ([], "f32", 3, "granite-3.3-8x7b-base", "", {}),
    "smollm3": ([], "f16", 3, "smollm3", "", {}),
    "gpt-neox": (["embed_out", "gpt_neox.embed_in"], "f32", 3, "pythia-70m-deduped", "", {}),
}

NAMES = """llama support Llama-3.2-1B-Instruct org/Mistral-7B-Instruct-v0.3 ./local ../up/there a/b/c Qwen2.5-0.5B qwen3-4b-q4_k_m
bloom-7b1 Phi-3-mini-128k-instruct model-8x7B-chat model-1_5b model-small model-small-7b gemma-3-270m-it v1.0 iter3 1.0 7b
smollm2-135m-lora smollm2-135m-instruct-lora my-adapter checkpoint-60 A-B-C-v2 -leading- trailing- double--dash bf16 model-fp16
x-A14B model-xl-vision LORA-lora 3model-7b under_score-v2 Test-4x model-2K model-3T model-1k mE-v1.2.3-v4""".split() + [
    "a name of words", "org/a name", "tab\there-7b"]


def number(index, count):
    return (((numpy.arange(count, dtype=numpy.int64) * 37 + index * 101) % 2003 - 1001) / 3000.0).astype(numpy.float32)


def adapter(family, more):
    folder = WEIGHTS / "families" / family
    shapes = dict(line.split(" ", 1) for line in (folder / "tensors.txt").read_text().splitlines())
    linear = (folder / "all-linear.txt").read_text().split()  # paths, or where peft shortens them their ends
    paths = [n.removesuffix(".weight") for n in shapes if ("." + n.removesuffix(".weight")).endswith(tuple("." + e for e in linear))]
    factors = {}
    for path in paths + more:
        out, size = json.loads(shapes[path + ".weight"])
        table = path.endswith(("embed_tokens", "embed_in"))
        a, b = ("lora_embedding_A", "lora_embedding_B") if table else ("lora_A.weight", "lora_B.weight")
        factors[f"base_model.model.{path}.{a}"] = (RANK, out if table else size)
        factors[f"base_model.model.{path}.{b}"] = (size if table else out, RANK)
    return {name: number(i, factors[name][0] * factors[name][1]).reshape(factors[name]) for i, name in enumerate(sorted(factors))}


def converted(llama, family, case, work):
    from gguf import GGUFReader
    more, kind, alpha, name, card, generation = case
    base, source, out = work / "base" / family, work / family / name, work / f"{family}.gguf"
    base.mkdir(parents=True)
    source.mkdir(parents=True)
    (base / "config.json").write_bytes((WEIGHTS / "families" / family / "config.json").read_bytes())
    (base / "tokenizer.json").write_text(json.dumps({"model": {"vocab": {str(i): i for i in range(97)}}, "added_tokens": []}))
    (source / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": RANK, "lora_alpha": alpha}))
    if card:
        (source / "README.md").write_text(card)
    if generation:
        (source / "generation_config.json").write_text(json.dumps(generation))
    save_file(adapter(family, more), source / "adapter_model.safetensors", {"format": "pt"})
    script = llama / "convert_lora_to_gguf.py"
    subprocess.run([sys.executable, script, "--base", base, "--outfile", out, "--outtype", kind, source], check=True)
    read = GGUFReader(out)
    fields = [[f.name, f.types[0].name if len(f.types) == 1 else "TEXTS", f.contents()]
              for f in read.fields.values() if not f.name.startswith("GGUF.")]
    tensors = [f"{t.name} {t.tensor_type.name} {[int(n) for n in reversed(t.shape)]} {hashlib.sha256(t.data.tobytes()).hexdigest()}"
               for t in read.tensors]
    return {"family": family, "modules": more, "type": kind, "alpha": alpha, "name": name, "card": card, "generation": generation,
            "sha256": hashlib.sha256(out.read_bytes()).hexdigest(), "fields": fields, "tensors": tensors}


def written(golden):
    lines = {key: "[\n  " + ",\n  ".join(map(json.dumps, golden[key])) + "\n ]" for key in ("fields", "tensors")}
    return "{\n" + ",\n".join(f" {json.dumps(key)}: {lines.get(key) or json.dumps(value)}" for key, value in golden.items()) + "\n}\n"


def main():
    llama = Path(sys.argv[1]).resolve()
    sys.path.insert(0, str(llama / "gguf-py"))
    from gguf import Metadata
    out = WEIGHTS / "gguf"
    out.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        for family, case in CASES.items():
            golden = converted(llama, family, case, Path(work))
            (out / f"{family}.json").write_text(written(golden))
    names = [[name, size, *Metadata.get_model_id_components(name, -size), Metadata.id_to_title(name)]
             for name in NAMES for size in (20000, 6 * 10**9)]
    (out / "names.json").write_text("[\n" + ",\n".join(map(json.dumps, names)) + "\n]\n")


if __name__ == "__main__":
    main()
