#!/usr/bin/env python3
"""Trains a classifier of sentences through a running Graft, a job a seed, and prints its held-out accuracy.

usage: classify.py DATA_DIR sst2|banking77 [--model minilm-l6] [--seeds 0 1 2]

The settings are those of reference_classify.py. The service and the key come from OPENAI_BASE_URL and OPENAI_API_KEY;
needs the `openai` package only. Prints one JSON line a seed and one with mean and standard deviation.
"""
import argparse
import json
import statistics
import sys
import time

import openai

from classification_data import EPOCHS, SAMPLING, TASKS, rows


def adapter(task):
    return {
        "objective": "classification",
        "peft": {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "lora_dropout": 0.0, "target_modules": ["query", "value"]},
        "training": {
            "learning_rate": 1e-3, "lr_scheduler_type": "linear", "warmup_ratio": 0.06, "num_train_epochs": EPOCHS[task],
            "per_device_train_batch_size": 32, "gradient_accumulation_steps": 1, "weight_decay": 0.0,
            "max_grad_norm": 1.0, "max_length": 64, "dataloader_drop_last": True, "save_steps": 1000,
            "train_sampling_strategy": SAMPLING[task],
        },
    }


def upload(client, name, pairs):
    lines = "".join(json.dumps({"text": text, "label": label}, ensure_ascii=False) + "\n" for text, label in pairs)
    return client.files.create(file=(name, lines.encode()), purpose="fine-tune").id


def last_measures(client, job_id):
    """The measures of the last evaluation among the job's metrics events."""
    found = [event.data for event in client.fine_tuning.jobs.list_events(job_id, limit=100)
             if event.data and event.data.get("valid_accuracy") is not None]
    return max(found, key=lambda data: data["step"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--model", default="minilm-l6")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments = parser.parse_args()
    client = openai.OpenAI()
    train = upload(client, f"{arguments.task}_train.jsonl", rows(arguments.data, arguments.task, "train"))
    dev = upload(client, f"{arguments.task}_dev.jsonl", rows(arguments.data, arguments.task, "dev"))
    got = []
    for seed in arguments.seeds:
        start = time.monotonic()
        job = client.fine_tuning.jobs.create(
            model=arguments.model, training_file=train, validation_file=dev, suffix=arguments.task, seed=seed,
            extra_body={"adapter": adapter(arguments.task)})
        print("job", job.id, file=sys.stderr)
        while job.status not in ("succeeded", "failed", "cancelled"):
            time.sleep(2)
            job = client.fine_tuning.jobs.retrieve(job.id)
        if job.status != "succeeded":
            sys.exit(f"job {job.id} {job.status}: {job.error}")
        measures = last_measures(client, job.id)
        got.append(measures["valid_accuracy"])
        print(json.dumps({"task": arguments.task, "seed": seed, "job": job.id, "accuracy": got[-1],
                          "valid_loss": measures["valid_loss"], "seconds": round(time.monotonic() - start, 1)}), flush=True)
    print(json.dumps({"task": arguments.task, "mean": statistics.mean(got),
                      "std": statistics.stdev(got) if len(got) > 1 else None}))


if __name__ == "__main__":
    main()
