"""What tests share: a tiny tokenizer and model, made here, and where the golden runs are."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM

RESOURCES = Path(__file__).resolve().parents[3] / "src" / "test" / "resources" / "parity"
PARITY = Path(os.environ.get("GRAFT_PARITY", "/nonexistent"))
"""The whole golden set (GRAFT_PARITY); the repository has a part of it, RESOURCES."""

needs_parity = pytest.mark.skipif(not PARITY.exists(), reason="GRAFT_PARITY names no golden set")

torch.set_num_threads(1)
LETTERS = "abcdefghijklmnopqrstuvwxyz .,:?0123456789"


@pytest.fixture(scope="session")
def tokenizer_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("base")
    write_tokenizer(directory)
    return directory


def write_tokenizer(directory: Path) -> None:
    vocabulary = {"<pad>": 0, "<e>": 1} | {letter: 2 + i for i, letter in enumerate(LETTERS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.add_special_tokens(["<e>", "<pad>"])
    tokenizer.save(str(directory / "tokenizer.json"))
    (directory / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<e>"})
    )


@pytest.fixture(scope="session")
def base_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of two layers, from a seed."""
    directory = tmp_path_factory.mktemp("base")
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=2 + len(LETTERS),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        eos_token_id=1,
        bos_token_id=None,
        pad_token_id=0,
    )
    LlamaForCausalLM(config).save_pretrained(directory)
    write_tokenizer(directory)
    return directory
