#!/usr/bin/env python3
"""A model of Llama 3.2 1B's shape with random weights in bf16, and the tokenizer of another: large.py MODEL_DIR OUT [--layers 16]

MODEL_DIR is a Hugging Face directory with a tokenizer of as many tokens as --vocabulary says, at most. Weights are random, so that
nothing needs to be fetched: speed and memory are those of a trained model. --width, --layers and --vocabulary make it smaller, to see that everything runs.
"""
import argparse
import pathlib
import shutil

import torch
from transformers import LlamaConfig, LlamaForCausalLM

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("model", type=pathlib.Path)
parser.add_argument("out", type=pathlib.Path)
parser.add_argument("--layers", type=int, default=16)
parser.add_argument("--width", type=int, default=2048)
parser.add_argument("--vocabulary", type=int, default=128256)
a = parser.parse_args()
torch.manual_seed(42)
heads = max(a.width // 64, 4)
config = LlamaConfig(hidden_size=a.width, num_hidden_layers=a.layers, num_attention_heads=heads, num_key_value_heads=max(heads // 4, 1),
                     intermediate_size=4 * a.width, vocab_size=a.vocabulary, max_position_embeddings=8192, rope_theta=500000.0,
                     tie_word_embeddings=True, bos_token_id=0, eos_token_id=0)
LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(a.out)
for file in a.model.glob("*token*"):
    shutil.copy(file, a.out)
for file in [*a.model.glob("*.jinja"), *a.model.glob("merges.txt"), *a.model.glob("vocab.json")]:
    shutil.copy(file, a.out)
