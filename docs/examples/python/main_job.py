"""From a data set to an answering adapter, with the unmodified openai SDK.

    export OPENAI_BASE_URL=http://127.0.0.1:8080/v1 OPENAI_API_KEY=<the department's key>
    python main_job.py train.jsonl --model <base model> --ask "What does the X-200 weigh?"

Needs: pip install openai
"""

import argparse
import hashlib
import json
import sys
import time
import urllib.request
from pathlib import Path

from openai import OpenAI

DONE = {"succeeded", "failed", "cancelled"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("training_file", type=Path, help="JSON lines: chat, prompt/completion or text")
    parser.add_argument("--model", help="base model; default: the first one of the server")
    parser.add_argument("--validation-file", type=Path)
    parser.add_argument("--suffix", default="example")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rank", type=int, default=8, help="LoRA rank")
    parser.add_argument("--learning-rate", type=float, default=2e-4)
    parser.add_argument("--system", help="system message of the question")
    parser.add_argument("--ask", default="Hello! Who are you?")
    parser.add_argument("--out", type=Path, default=Path("adapter.tar.gz"))
    return parser.parse_args()


def upload(client, path):
    with path.open("rb") as data:
        file = client.files.create(file=data, purpose="fine-tune")
    file = client.files.wait_for_processing(file.id, poll_interval=0.5)
    if file.status != "processed":
        sys.exit(f"{path}: {file.status_details}")
    print(f"file        {file.id}  {file.bytes} bytes  {file.status}")
    return file.id


def submit(client, options, training_file, validation_file):
    adapter = {
        "peft": {"peft_type": "LORA", "r": options.rank, "lora_alpha": 2 * options.rank, "target_modules": "all-linear"},
        "training": {"learning_rate": options.learning_rate},
    }
    more = {"validation_file": validation_file} if validation_file else {}
    return client.fine_tuning.jobs.create(
        model=options.model,
        training_file=training_file,
        suffix=options.suffix,
        seed=42,
        method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": options.epochs}}},
        extra_body={"adapter": adapter},
        **more,
    )


def follow(client, job):
    """Polls the job and prints its events in the order they happened."""
    seen = set()
    while True:
        job = client.fine_tuning.jobs.retrieve(job.id)
        new = []
        for event in client.fine_tuning.jobs.list_events(job.id, limit=50):
            if event.id in seen:
                break
            new.append(event)
        for event in reversed(new):
            seen.add(event.id)
            print(f"  {event.level:5} {event.message}")
        if job.status in DONE:
            return job
        time.sleep(1)


def download(client, job, target):
    """The adapter as a PEFT directory in a tar.gz; its SHA-256 is in the response headers."""
    adapters = client.get("/adapters", cast_to=object)["data"]
    adapter = next(a for a in adapters if a["job_id"] == job.id)
    request = urllib.request.Request(
        f"{str(client.base_url).rstrip('/')}/adapters/{adapter['id']}/content",
        headers={"Authorization": f"Bearer {client.api_key}"},
    )
    digest = hashlib.sha256()
    with urllib.request.urlopen(request) as response, target.open("wb") as out:
        while chunk := response.read(1 << 20):
            digest.update(chunk)
            out.write(chunk)
        if digest.hexdigest() != response.headers["X-Checksum-SHA256"]:
            sys.exit("the download is damaged; try again")
    print(f"adapter     {adapter['id']}  {target}  {target.stat().st_size} bytes")
    print(f"loads in    {', '.join(l['loader'] for l in adapter['compatibility'] if l['verdict'] == 'loads')}")


def ask(client, model, options):
    messages = [{"role": "system", "content": options.system}] if options.system else []
    messages.append({"role": "user", "content": options.ask})
    answer = client.chat.completions.create(model=model, messages=messages, max_tokens=64, temperature=0)
    choice = answer.choices[0]
    print(f"{model}\n  {choice.message.content!r}  ({choice.finish_reason}, {answer.usage.total_tokens} tokens)")


def main():
    options = arguments()
    client = OpenAI()  # reads OPENAI_BASE_URL and OPENAI_API_KEY
    models = [model.id for model in client.models.list()]
    options.model = options.model or next(model for model in models if not model.startswith("ft:"))

    training_file = upload(client, options.training_file)
    validation_file = upload(client, options.validation_file) if options.validation_file else None
    job = submit(client, options, training_file, validation_file)
    print(f"job         {job.id}  {job.status}")
    job = follow(client, job)
    if job.status != "succeeded":
        sys.exit(f"job         {job.status}: {job.error.message if job.error else ''}")
    print(f"model       {job.fine_tuned_model}  {job.trained_tokens} trained tokens")

    for checkpoint in client.fine_tuning.jobs.checkpoints.list(job.id):
        metrics = json.dumps(checkpoint.metrics.model_dump(exclude_none=True))
        print(f"checkpoint  step {checkpoint.step_number}  {metrics}")
    for file in job.result_files:
        print(f"metrics     {file}  {len(client.files.content(file).read())} bytes")

    download(client, job, options.out)
    ask(client, options.model, options)
    ask(client, job.fine_tuned_model, options)


if __name__ == "__main__":
    main()
