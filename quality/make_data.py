"""Builds the quality tasks' files from Banking77 (PolyAI, CC-BY-4.0; not in this repository).

usage: make_data.py DATA OUT    DATA holds banking77_train.csv and banking77_dev.csv

banking10: chat rows for 10 intents of Banking77 (system, user, assistant = intent name), train and dev.
"""
import csv
import json
import pathlib
import sys

INTENTS = ["card_arrival", "lost_or_stolen_card", "exchange_rate", "top_up_failed", "change_pin",
           "refund_not_showing_up", "age_limit", "terminate_account", "virtual_card_not_working", "verify_top_up"]
SYSTEM = "You route customer messages of a bank. Answer with one intent name only."


def rows(data, name):
    with open(pathlib.Path(data) / name, newline="") as f:
        return [r for r in csv.DictReader(f) if r["category"] in INTENTS]


def main(data, out):
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    for source, target in (("banking77_train.csv", "banking10_train.jsonl"), ("banking77_dev.csv", "banking10_dev.jsonl")):
        found = rows(data, source)
        found = [found[i * 389 % len(found)] for i in range(len(found))]  # mixed: the source is sorted by intent
        with open(out / target, "w") as f:
            for r in found:
                f.write(json.dumps({"messages": [
                    {"role": "system", "content": SYSTEM},
                    {"role": "user", "content": r["text"].strip()},
                    {"role": "assistant", "content": r["category"]}]}, ensure_ascii=False) + "\n")
        print(target, len(found))


if __name__ == "__main__":
    main(*sys.argv[1:3])
