"""Rows become the tokens that TRL makes of them: the data-path cases of the golden set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import PARITY, needs_parity
from graft_ray.examples import Example, _example
from graft_ray.protocol import BadRun
from graft_ray.rows import RowTokenizer
from graft_ray.settings import Data
from transformers import AutoTokenizer

LOSSES: dict[str, dict[str, Any]] = {
    "assistant": {"assistant_only_loss": True},
    "last-assistant": {"mask_history": True},
    "all": {"assistant_only_loss": False, "completion_only_loss": False},
    "completion": {"completion_only_loss": True},
}
# ShareGPT's rows; texts that TRL takes and Graft refuses; errors, which are one a file here.
OTHER = {"chat-from-value-all"}


def cases() -> list[dict[str, Any]]:
    if not PARITY.exists():
        return []
    said = json.loads((PARITY / "data-path.json").read_text())
    return [
        dict(case, text=said["templates"][case["settings"]["template"]])
        for case in said["cases"]
        if case["kind"] == "sft" and "rows" in case["expected"] and case["name"] not in OTHER
    ]


@needs_parity
@pytest.mark.parametrize("case", cases(), ids=lambda case: str(case["name"]))
def test_rows_are_those_of_trl(case: dict[str, Any]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(PARITY.parent / "models" / "smollm2-135m-instruct")
    tokenizer.chat_template = case["text"]
    settings = case["settings"]
    options = Data(allow_special_tokens=True, **LOSSES[settings["loss"]])
    rows = RowTokenizer(
        tokenizer, options, settings.get("max_length"), settings.get("truncation_mode", "keep_start")
    )
    made = [rows.tokenize(i, example(row)) for i, row in enumerate(case["rows"])]
    kept = [row for row in made if row.trains()]
    expected = case["expected"]["rows"]
    assert [row.line for row in kept] == [row["row"] for row in expected]
    assert [row.ids for row in kept] == [row["input_ids"] for row in expected]
    assert [row.labels for row in kept] == [row["labels"] for row in expected]


def example(row: dict[str, Any]) -> Example:
    return _example(row)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[1]", "is not a JSON object"),
        ("{", "is not a row of a known format"),
        ('{"chosen": "a", "rejected": "b"}', "reads no other rows"),
        ('{"messages": [{"role": "boss", "content": "a"}]}', "messages[0].role must be"),
        ('{"messages": [{"role": "user", "content": 1}]}', "messages[0].content must be"),
        ('{"prompt": "a", "completion": "<e>"}', "holds <e>, which is a control token"),
    ],
)
def test_a_bad_row_is_told_by_its_line(
    line: str, said: str, tokenizer_dir: Path, tmp_path: Path
) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"prompt": "a", "completion": "b"}\n\n' + line + "\n")
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_dir)
    with pytest.raises(BadRun) as refused:
        RowTokenizer(tokenizer, Data()).read(file, "training_file")
    assert str(refused.value).startswith("training_file, line 3 ")
    assert said in str(refused.value)
