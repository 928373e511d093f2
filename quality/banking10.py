#!/usr/bin/env python3
"""Fine-tunes a base model on a chat task through a running Graft and scores the adapter on the held-out rows.

usage: banking10.py DATA_DIR [--method lora|lora_bf16|lora_autocast|qlora|ia3|prompt_tuning|full] [--model smollm2-135m-instruct] [--rows N]
                    [--base] [--out adapter.tar.gz]

DATA_DIR holds banking10_train.jsonl and banking10_dev.jsonl: chat rows (system, user, assistant = the intent's name).
The service and the key come from OPENAI_BASE_URL and OPENAI_API_KEY; needs the `openai` package only.
Prints one JSON line: dev loss of base and adapter, dev accuracy (greedy, exact match), with --base also the base's.
"""
import argparse
import json
import pathlib
import sys
import time

import openai

LORA = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "lora_dropout": 0.0, "target_modules": "all-linear"}
# reference_sft.py has the same methods, but autocast, with the same learning rates.
METHODS = {
    "lora": ({"peft": LORA}, 5e-4),
    "lora_bf16": ({"peft": LORA}, 5e-4),
    "lora_autocast": ({"peft": LORA}, 5e-4),
    "qlora": ({"peft": LORA, "quantization": {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}}, 5e-4),
    "ia3": ({"peft": {"peft_type": "IA3"}}, 5e-3),
    "prompt_tuning": ({"peft": {
        "peft_type": "PROMPT_TUNING", "num_virtual_tokens": 20, "prompt_tuning_init": "TEXT",
        "prompt_tuning_init_text": "Name the intent of the customer's message to the bank."}}, 1e-2),
    "full": ({"method": {"type": "full"}}, 5e-5),
}


def settings(name):
    method, learning_rate = METHODS[name]
    return method | {
        "training": {
            "bf16": name.endswith(("_bf16", "_autocast")), "autocast": name.endswith("_autocast"),
            "learning_rate": learning_rate, "lr_scheduler_type": "linear", "warmup_steps": 5, "num_train_epochs": 1,
            "per_device_train_batch_size": 16, "gradient_accumulation_steps": 1, "weight_decay": 0.0,
            "max_grad_norm": 1.0, "train_sampling_strategy": "sequential",
        },
        "data": {"assistant_only_loss": True},
    }


def accuracy(client, model, rows):
    good = 0
    for row in rows:
        answer = client.chat.completions.create(model=model, messages=row["messages"][:-1], max_tokens=16, temperature=0)
        good += answer.choices[0].message.content.strip() == row["messages"][-1]["content"].strip()
    return good / len(rows)


def evaluations(client, job_id):
    """Validation losses by step, from the job's metrics events (newest first on the wire)."""
    found = {}
    for event in client.fine_tuning.jobs.list_events(job_id, limit=100):
        data = event.data or {}
        if data.get("valid_loss") is not None:
            found[data["step"]] = data["valid_loss"]
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--method", choices=list(METHODS), default="lora")
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--rows", type=int, default=0, help="score only the first N held-out rows; 0 = all")
    parser.add_argument("--base", action="store_true", help="ask the base too, which is the same for every method and slow")
    parser.add_argument("--out", default="banking10-adapter.tar.gz")
    arguments = parser.parse_args()
    client = openai.OpenAI()
    upload = lambda name: client.files.create(file=open(arguments.data / name, "rb"), purpose="fine-tune").id
    job = client.fine_tuning.jobs.create(
        model=arguments.model, training_file=upload("banking10_train.jsonl"),
        validation_file=upload("banking10_dev.jsonl"), suffix="banking10", seed=42, extra_body={"adapter": settings(arguments.method)})
    print("job", job.id, file=sys.stderr)
    start = time.monotonic()
    told = None
    while job.status not in ("succeeded", "failed", "cancelled"):
        time.sleep(2)
        job = client.fine_tuning.jobs.retrieve(job.id)
        progress = job.model_extra["progress"]
        if told != (told := (job.status, progress["step"])):
            print(job.status, json.dumps(progress), file=sys.stderr)
    if job.status != "succeeded":
        sys.exit(f"job {job.id} {job.status}: {job.error}")
    seconds = time.monotonic() - start
    adapters = client.get("/adapters", cast_to=object)["data"]
    adapter = next(a for a in adapters if a["job_id"] == job.id)
    pathlib.Path(arguments.out).write_bytes(client.get(f"/adapters/{adapter['id']}/content", cast_to=openai._legacy_response.HttpxBinaryResponseContent).read())
    dev = [json.loads(line) for line in open(arguments.data / "banking10_dev.jsonl")]
    dev = dev[:arguments.rows] if arguments.rows else dev
    losses = evaluations(client, job.id)
    print(json.dumps({
        "method": arguments.method, "job": job.id, "seconds": round(seconds, 1), "trained_tokens": job.trained_tokens,
        "dev_loss_base": losses.get(min(losses)), "dev_loss": losses.get(max(losses)),
        "base_accuracy": accuracy(client, arguments.model, dev) if arguments.base else None,
        "dev_accuracy": accuracy(client, job.fine_tuned_model, dev), "adapter": arguments.out}))


if __name__ == "__main__":
    main()
