#!/usr/bin/env python3
"""Checks that a GGUF file means as a base model of Graft what it means in transformers.

usage: gguf_base.py FILE.gguf OUT --model NAME [--graft bin/graft]

The running service has the base model NAME, made of FILE (`graft models add NAME --from FILE.gguf`). A LoRA job is trained on it, whose
loss must fall, and one that learns nothing: its merged export is the base as Graft has it, tokenizer and all. Then, beside
transformers, which loads FILE by itself:

- the tokenizer cuts 500 texts (lines of the documentation, and random ones of many scripts) as that of transformers, or as llama.cpp.
- the logits of three prompts are those of `graft logits`, within 1e-3.

The service and the key come from OPENAI_BASE_URL and OPENAI_API_KEY; needs torch, transformers, gguf and xllamacpp.
"""
import argparse
import json
import pathlib
import random
import sys
import urllib.request

from exports import PROMPTS, ROWS, call, export, largest_difference, llama_server, train, upload
from transformers import AutoTokenizer

DOCUMENTATION = pathlib.Path(__file__).resolve().parent.parent / "docs"
# first and last character: Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari, Thai, kana, Chinese, Hangul, symbols, emoji
SCRIPTS = [(0x20, 0x7E), (0xC0, 0x17F), (0x391, 0x3C9), (0x410, 0x44F), (0x5D0, 0x5EA), (0x621, 0x64A), (0x905, 0x939), (0xE01, 0xE30),
           (0x3042, 0x30F6), (0x4E00, 0x9FA5), (0xAC00, 0xD7A3), (0x2190, 0x21FF), (0x1F600, 0x1F64F)]


def texts(seed):
    draw = random.Random(seed)
    lines = sorted({line for page in DOCUMENTATION.glob("*.md") for line in page.read_text().splitlines() if line})
    chosen = draw.sample(lines, 300)
    while len(chosen) < 500:
        words = []
        for _ in range(draw.randint(1, 8)):
            first, last = draw.choice(SCRIPTS)
            words.append("".join(chr(draw.randint(first, last)) for _ in range(draw.randint(1, 9))))
        chosen.append(draw.choice([" ", "  ", "\n", "\t"]).join(words) + draw.choice(["", " ", "\n", f" {draw.randint(0, 99999)}"]))
    return chosen


def llama_tokenizer(file):
    server = llama_server(file)

    def cut(text):
        body = json.dumps({"content": text, "add_special": True, "parse_special": True}).encode()
        request = urllib.request.Request(server.listening_address + "/tokenize", body, {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request))["tokens"]

    return cut


def same_tokens(file, base):
    """transformers overlooks what some files say of the way they cut, such as tokenizer.ggml.pre smollm; llama.cpp never does."""
    loaded = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    mine = AutoTokenizer.from_pretrained(base)
    asked = texts(7)
    good = False
    for name, cut in ("transformers", lambda text: loaded(text)["input_ids"]), ("llama.cpp", llama_tokenizer(file)):
        other = [text for text in asked if mine(text)["input_ids"] != cut(text)]
        for text in other[:3]:
            print(f"  {text!r}: {mine(text)['input_ids']}, not {cut(text)}")
        print(f"tokenizer: {len(asked) - len(other)} of {len(asked)} texts are cut as {name} cuts them", flush=True)
        good |= not other
    return good


def same_logits(graft, file, base, nothing):
    largest = largest_difference(graft, base, nothing, pretrained_model_name_or_path=file.parent, gguf_file=file.name)
    print(f"largest difference of a logit: {largest:.2e}, of {PROMPTS[:3]}", flush=True)
    return largest <= 1e-3


def learns(adapter):
    events = call("GET", f"/fine_tuning/jobs/{adapter['job_id']}/events?limit=100")["data"]
    steps = {event["data"]["step"]: event["data"]["train_loss"] for event in events if event["type"] == "metrics"}
    first, last = steps[min(steps)], steps[max(steps)]
    print(f"a LoRA job of {max(steps)} steps: loss {first:.3f} at its first step, {last:.3f} at its last", flush=True)
    return last < first


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--graft", default="bin/graft", help="the command, in words")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    rows = upload(ROWS)
    training = {"learning_rate": 1e-3, "per_device_train_batch_size": 4, "max_length": 32}
    trained = train(asked.model, rows, {"peft": {"r": 8}, "training": {**training, "max_steps": 12}})
    nothing = train(asked.model, rows, {"peft": {"r": 8}, "training": {**training, "max_steps": 1, "learning_rate": 1e-12}})
    base = export(nothing, asked.out, form="merged")
    plain = export(nothing, asked.out, form="plain_lora")
    good = [learns(trained), same_tokens(asked.file, str(base)),
            same_logits(asked.graft.split(), asked.file, str(base), str(plain))]
    sys.exit(not all(good))


if __name__ == "__main__":
    main()
