#!/usr/bin/env python3
"""HF PEFT reference for sentence classification with a BERT-family encoder.

usage: reference_classify.py MODEL_DIR DATA_DIR sst2|banking77 [--seeds 0 1 2] [--threads N]

LoRA r8 alpha16 dropout 0 on query,value; classifier as modules_to_save; AdamW lr 1e-3, `linear` schedule with 6 % warm-up,
batch 32, incomplete last batch dropped, 3 epochs (sst2) or 10 (banking77, rows of like length together), max length 64, the base's dropouts off.
Prints held-out accuracy a seed, then mean and standard deviation.
"""
import argparse
import json
import statistics
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForSequenceClassification, AutoTokenizer, get_scheduler
from transformers.trainer_pt_utils import LengthGroupedSampler

from classification_data import EPOCHS, SAMPLING, TASKS, rows


def run(model_dir, data, task, seed):
    torch.manual_seed(seed)
    train, dev = rows(data, task, "train"), rows(data, task, "dev")
    classes = sorted({label for _, label in train})
    tok = AutoTokenizer.from_pretrained(model_dir)
    model = AutoModelForSequenceClassification.from_pretrained(model_dir, num_labels=len(classes))
    model = get_peft_model(model, LoraConfig(r=8, lora_alpha=16, lora_dropout=0.0, target_modules=["query", "value"],
                                             task_type="SEQ_CLS"))
    params = [p for p in model.parameters() if p.requires_grad]
    steps = EPOCHS[task] * (len(train) // 32)
    opt = torch.optim.AdamW(params, lr=1e-3, weight_decay=0.0)
    sched = get_scheduler("linear", opt, num_warmup_steps=int(steps * 0.06), num_training_steps=steps)
    encode = lambda part: tok([t for t, _ in part], padding=True, truncation=True, max_length=64, return_tensors="pt")
    labels = lambda part: torch.tensor([classes.index(label) for _, label in part])
    lengths = [len(ids) for ids in tok([t for t, _ in train], truncation=True, max_length=64).input_ids]
    start = time.time()
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    for _ in range(EPOCHS[task]):
        if SAMPLING[task] == "group_by_length":
            order = list(LengthGroupedSampler(32, lengths=lengths))
        else:
            order = torch.randperm(len(train)).tolist()
        for i in range(0, len(train) - 31, 32):
            part = [train[j] for j in order[i:i + 32]]
            model(**encode(part), labels=labels(part)).loss.backward()
            torch.nn.utils.clip_grad_norm_(params, 1.0)
            opt.step(); sched.step(); opt.zero_grad()
    seconds = time.time() - start
    model.eval()
    good = 0
    with torch.no_grad():
        for i in range(0, len(dev), 64):
            part = dev[i:i + 64]
            good += int((model(**encode(part)).logits.argmax(-1) == labels(part)).sum())
    return good / len(dev), seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    got = []
    for seed in arguments.seeds:
        accuracy, seconds = run(arguments.model, arguments.data, arguments.task, seed)
        got.append(accuracy)
        print(json.dumps({"task": arguments.task, "seed": seed, "accuracy": accuracy, "train_seconds": round(seconds, 1)}), flush=True)
    print(json.dumps({"task": arguments.task, "mean": statistics.mean(got),
                      "std": statistics.stdev(got) if len(got) > 1 else None}))


if __name__ == "__main__":
    main()
