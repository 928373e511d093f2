#!/usr/bin/env python3
"""Makes the golden files of ParquetLinesTests: small Parquet files of each writer, beside the JSONL that each must equal.

usage: golden_parquet.py

Needs `pip install pandas pyarrow polars`. Writes src/test/resources/dev/graft/datasets/parquet/NAME.parquet and
NAME.jsonl; bad-NAME.parquet holds what no row of JSON does.
"""
import datetime
import decimal
import json
from pathlib import Path

import pandas
import polars
import pyarrow
import pyarrow.parquet

OUT = Path(__file__).resolve().parent.parent / "src/test/resources/dev/graft/datasets/parquet"

CALL = [{"id": "c1", "type": "function", "function": {"name": "count", "arguments": '{"of": "Äpfel"}'}}]
CHATS = [
    {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4", "weight": 1}]},
    {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Was kostet’s? 🍎"},
                  {"role": "assistant", "content": "", "tool_calls": CALL},
                  {"role": "tool", "content": "3", "tool_call_id": "c1"},
                  {"role": "assistant", "content": "Drei."}], "parallel_tool_calls": False},
    {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "weight": 0},
                  {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}], "parallel_tool_calls": True},
]  # fmt: skip
PAIRS = [{"prompt": f"The capital of {n} is", "completion": f" {n[::-1]}."} for n in ("France", "Fiji", "Fidžiji", "F")]
PREFERENCES = [
    {"prompt": [{"role": "user", "content": f"{i}+{i}?"}], "chosen": [{"role": "assistant", "content": str(2 * i)}],
     "rejected": [{"role": "assistant", "content": str(3 * i)}]} for i in range(5)
]  # fmt: skip
NUMBERS = [{"text": f"row {i % 7} " + "x" * (i % 11), "label": i * i - 400} for i in range(300)]
SCORES = [{"text": f"t{i}", "label": i / 8 - 3} for i in range(40)]
CLASSES = [{"text": f"t{i % 3}", "label": ("even", "odd")[i % 2]} for i in range(200)]
LABELS = [{"text": f"t{i}", "labels": [f"l{j}" for j in range(i % 4)]} for i in range(60)]


def write(name: str, rows: list, to) -> None:
    path = OUT / f"{name}.parquet"
    to(path)
    assert path.stat().st_size < 20_000, path
    (OUT / f"{name}.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def arrow(rows: list, schema=None, **options):
    keys = {key: None for row in rows for key in row}
    table = pyarrow.Table.from_pylist([{key: row.get(key) for key in keys} for row in rows], schema=schema)
    return lambda path: pyarrow.parquet.write_table(table, path, **options)


def pandas_file(rows: list, **options):
    return lambda path: pandas.DataFrame(rows).to_parquet(path, **options)


def polars_file(rows: list, **options):
    return lambda path: polars.DataFrame(rows, infer_schema_length=None).write_parquet(path, **options)


OUT.mkdir(parents=True, exist_ok=True)
text, number = pyarrow.string(), pyarrow.int64()
write("pandas-chat", CHATS, pandas_file(CHATS))
write("pandas-index", PAIRS, lambda path: pandas.DataFrame(PAIRS, index=[3, 1, 4, 9]).to_parquet(path))
write("pandas-gzip", PAIRS, pandas_file(PAIRS, compression="gzip"))
write("pandas-category", CLASSES, lambda path: pandas.DataFrame(CLASSES).astype("category").to_parquet(path))
write("pandas-null", PAIRS, lambda path: pandas.DataFrame(PAIRS).assign(tools=None).to_parquet(path))
write("polars-chat", CHATS, polars_file(CHATS))
write("polars-labels", LABELS, polars_file(LABELS, compression="snappy", row_group_size=25))
write("polars-numbers", NUMBERS, polars_file(NUMBERS, data_page_size=200))
write("polars-scores", SCORES, polars_file(SCORES, compression="uncompressed"))
write("pyarrow-chat-v2", CHATS, arrow(CHATS, data_page_version="2.0", compression="zstd", row_group_size=2))
write("pyarrow-item", PREFERENCES, arrow(PREFERENCES, compression="none", use_dictionary=False, use_compliant_nested_type=False))
write("pyarrow-crc", PREFERENCES, arrow(PREFERENCES, write_page_checksum=True, write_page_index=True, row_group_size=3))
large = pyarrow.schema([("prompt", pyarrow.large_string()), ("completion", pyarrow.string_view())])
write("pyarrow-large", PAIRS, arrow(PAIRS, large, compression="snappy"))
delta = {"text": "DELTA_BYTE_ARRAY", "label": "DELTA_BINARY_PACKED"}
write("pyarrow-delta", NUMBERS, arrow(NUMBERS, use_dictionary=False, column_encoding=delta, data_page_size=900, write_batch_size=64))
lengths = {"prompt": "DELTA_LENGTH_BYTE_ARRAY", "completion": "DELTA_BYTE_ARRAY"}
write("pyarrow-lengths", PAIRS, arrow(PAIRS, use_dictionary=False, column_encoding=lengths, data_page_version="2.0"))
split = {"text": "PLAIN", "label": "BYTE_STREAM_SPLIT"}
write("pyarrow-split", SCORES, arrow(SCORES, use_dictionary=False, column_encoding=split))
floats = pyarrow.schema([("text", text), ("label", pyarrow.float32())])
write("pyarrow-float", SCORES, arrow(SCORES, floats))
small = pyarrow.schema([("text", text), ("label", pyarrow.uint8())])
write("pyarrow-uint", [{"text": "a", "label": 200}, {"text": "b", "label": 3}], arrow([{"text": "a", "label": 200}, {"text": "b", "label": 3}], small))
write("pyarrow-pages", LABELS, arrow(LABELS, data_page_size=64, write_batch_size=8, dictionary_pagesize_limit=40))
words = [{**row, "messages": json.dumps(row["messages"])} for row in CHATS]
write("pyarrow-json", CHATS, arrow(words, pyarrow.schema([("messages", pyarrow.json_()), ("parallel_tool_calls", pyarrow.bool_())])))

when = datetime.datetime(2024, 5, 1, 12, 0)
for name, value in {
    "timestamp": when, "date": when.date(), "time": when.time(), "decimal": decimal.Decimal("1.5"), "bytes": b"\xff",
    "nan": float("nan"),
}.items():  # fmt: skip
    arrow([{"text": "a", "more": value}])(OUT / f"bad-{name}.parquet")
mapped = pyarrow.schema([("text", text), ("more", pyarrow.map_(text, number))])
arrow([{"text": "a", "more": [("k", 1)]}], mapped)(OUT / "bad-map.parquet")
arrow([{"text": "a", "more": when}], use_deprecated_int96_timestamps=True)(OUT / "bad-int96.parquet")
arrow(PAIRS, compression="brotli")(OUT / "bad-brotli.parquet")
# twenty thousand times the same megabyte, in half a kilobyte
megabyte = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * 20_000, pyarrow.int32()), pyarrow.array(["x" * 1_000_000]))
table = pyarrow.Table.from_arrays([megabyte], names=["text"])
pyarrow.parquet.write_table(table, OUT / "bad-inflating.parquet", compression="zstd", dictionary_pagesize_limit=4 << 20)
