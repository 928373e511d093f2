#!/usr/bin/env python3
"""The first steps of a run of Graft, made by Hugging Face PEFT: the other side of `graft bench train --compare`.

usage: reference.py SPEC.json ROWS.jsonl --steps N --warmup N [--batch N] [--device cuda:0]

SPEC.json is that of `graft train`, ROWS.jsonl what `graft train SPEC.json --preview --json` prints of its rows: the tokens, so that
both sides train the same ones in the same order. Prints one JSON line: tokens_per_second (real tokens, without padding),
seconds_per_step, peak_rss_mb and peak_anonymous_mb with loading, losses of all steps. The first --warmup steps do not count.

It is PEFT as its users have it: sdpa attention, no gradient checkpointing, rows padded on the right to the longest of the batch as
the default collators do, the model's own loss, fused AdamW, one thread a core. DPO follows TRL's trainer: chosen and rejected in one
pass, the reference's log-probabilities measured once before the first step, with the adapter switched off.
--batch: rows of a step where SPEC.json packs them and this does not.
On a GPU bf16 is transformers' `bf16=True`: autocast, too. On a CPU that is what `autocast` asks for.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import threading
import time

import torch
from peft import LoraConfig, get_peft_model
from torch.nn import functional
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

MB = 1_000_000
KNOWN = {"per_device_train_batch_size", "max_length", "learning_rate", "lr_scheduler_type", "weight_decay", "train_sampling_strategy",
         "max_steps", "save_steps", "save_minutes", "bf16", "autocast", "packing", "beta"}  # and done as they say


class Memory(threading.Thread):
    """The largest memory of this process: resident as Linux knows it, anonymous as seen every 100 ms, as Graft looks at its own."""

    def __init__(self):
        super().__init__(daemon=True)
        self.anonymous = 0
        self.start()

    @staticmethod
    def status(field):
        found = re.search(field + r":\s*(\d+) kB", pathlib.Path("/proc/self/status").read_text())
        return int(found.group(1)) * 1024

    def run(self):
        while True:
            self.anonymous = max(self.anonymous, self.status("RssAnon"))
            time.sleep(0.1)

    def told(self):
        return {"peak_rss_mb": self.status("VmHWM") // MB, "peak_anonymous_mb": self.anonymous // MB}


def load(spec, rows, device):
    """The base with LoRA on it, in training mode."""
    adapter = spec["adapter"]
    dtype = torch.bfloat16 if adapter["training"].get("bf16") else torch.float32
    common = {"dtype": dtype, "attn_implementation": "sdpa"}
    labels = sorted({row["label"] for row in rows if row["label"] is not None})
    if labels:
        model = AutoModelForSequenceClassification.from_pretrained(spec["base_model"], num_labels=len(labels), **common)
    else:
        model = AutoModelForCausalLM.from_pretrained(spec["base_model"], **common)
        model.config.use_cache = False
    for module in model.modules():  # as Graft, whose disable_dropout is true unless said
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    peft = adapter["peft"]
    config = LoraConfig(r=peft["r"], lora_alpha=peft["lora_alpha"], lora_dropout=0.0, target_modules=peft["target_modules"],
                        task_type="SEQ_CLS" if labels else "CAUSAL_LM")
    return get_peft_model(model, config).to(device).train(), labels


def padded(rows, device):
    """Ids, mask and labels as rectangles."""
    width = max(len(row["tokens"]) for row in rows)
    filled = lambda value, fill: torch.tensor([[value(t) for t in row["tokens"]] + [fill] * (width - len(row["tokens"])) for row in rows],
                                              device=device)
    return {"input_ids": filled(lambda t: t["id"], 0), "attention_mask": filled(lambda t: 1, 0),
            "labels": filled(lambda t: t["id"] if t["trained"] else -100, -100)}


def blocks(rows, length):
    """All texts end to end, cut: every token trains."""
    tokens = [dict(token, trained=True) for row in rows for token in row["tokens"]]
    return [dict(rows[0], tokens=tokens[i:i + length]) for i in range(0, len(tokens), length)]


def token_loss(model, batch, **_):
    return model(**batch, num_items_in_batch=(batch["labels"][:, 1:] != -100).sum()).loss


def label_loss(model, batch, rows, labels, **_):
    del batch["labels"]
    return model(**batch, labels=torch.tensor([labels.index(row["label"]) for row in rows], device=model.device)).loss


def logps(model, batch):
    """Of each row's completion."""
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits[:, :-1]
    labels = batch["labels"][:, 1:]
    each = -functional.cross_entropy(logits.float().transpose(1, 2), labels, ignore_index=-100, reduction="none")
    return each.sum(-1)


def dpo_loss(model, batch, reference, beta, **_):
    chosen, rejected = (logps(model, batch) - reference).chunk(2)
    return -functional.logsigmoid(beta * (chosen - rejected)).mean()


def references(model, batches):
    with torch.no_grad(), model.disable_adapter():
        return [logps(model, padded(rows, model.device)) for rows in batches]


def precision(spec, device):
    training = spec["adapter"]["training"]
    if training.get("bf16") and (device.type == "cuda" or training.get("autocast")):
        return torch.autocast(device.type, torch.bfloat16)
    return contextlib.nullcontext()


def finished(device):
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def cut(rows, a, spec):
    """The rows of each step, in the file's order."""
    training = spec["adapter"]["training"]
    size = a.batch or training["per_device_train_batch_size"]
    if spec["adapter"].get("objective") == "pretraining":
        rows = blocks(rows, training["max_length"])
    if spec["adapter"].get("objective") == "dpo":
        chosen, rejected = rows[0::2], rows[1::2]
        steps = [chosen[i:i + size] + rejected[i:i + size] for i in range(0, len(chosen), size)]
    else:
        steps = [rows[i:i + size] for i in range(0, len(rows), size)]
    if len(steps) < a.warmup + a.steps:
        raise SystemExit(f"{len(steps)} batches of rows for {a.warmup + a.steps} steps")
    return steps[:a.warmup + a.steps]


def training_of(spec):
    """Its settings, all of which this does as Graft does."""
    training = spec["adapter"]["training"]
    unknown = sorted(training.keys() - KNOWN)
    if unknown or training.get("lr_scheduler_type") != "constant" or training.get("train_sampling_strategy") != "sequential":
        raise SystemExit(f"reference.py trains with a constant rate, in the file's order, and does not know {unknown}")
    return training


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec")
    parser.add_argument("rows")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--warmup", type=int, required=True)
    parser.add_argument("--batch", type=int, default=0)
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    a = parser.parse_args()
    memory = Memory()
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.manual_seed(42)
    spec = json.loads(pathlib.Path(a.spec).read_text())
    rows = [json.loads(line) for line in pathlib.Path(a.rows).read_text().splitlines()]
    training = training_of(spec)
    batches = cut(rows, a, spec)
    model, labels = load(spec, rows, a.device)
    params = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(params, lr=training["learning_rate"], weight_decay=0.0, fused=True)
    pairs = spec["adapter"].get("objective") == "dpo"
    known = references(model, batches) if pairs else [None] * len(batches)
    loss_of = dpo_loss if pairs else label_loss if labels else token_loss
    seconds, losses = [], []
    for part, reference in zip(batches, known):
        start = time.perf_counter()
        with precision(spec, a.device):
            loss = loss_of(model, padded(part, a.device), rows=part, labels=labels, reference=reference, beta=training.get("beta", 0.1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        finished(a.device)
        seconds.append(time.perf_counter() - start)
    tokens = sum(len(row["tokens"]) for part in batches[a.warmup:] for row in part)
    took = sum(seconds[a.warmup:])
    print(json.dumps({"tokens_per_second": tokens / took, "seconds_per_step": took / a.steps, "losses": losses, **memory.told()}))


if __name__ == "__main__":
    main()
