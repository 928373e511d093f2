"""Trains on from a fine-tuned model, and lets another department use the result, with the unmodified openai SDK.

    export OPENAI_BASE_URL=http://127.0.0.1:8080/v1 OPENAI_API_KEY=<the department's key>
    python continue.py more.jsonl --model ft:... --ask "What does the X-200 weigh?"
    python continue.py more.jsonl --model ft:... --administrator <an administrator's key> --permit <project id>

Needs: pip install openai
"""

import argparse
import time
from pathlib import Path

from openai import OpenAI

DONE = {"succeeded", "failed", "cancelled"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("training_file", type=Path)
    parser.add_argument("--model", required=True, help="a fine-tuned model or a checkpoint, ft:...")
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--ask", default="Hello! Who are you?")
    parser.add_argument("--administrator", help="key that may give permissions")
    parser.add_argument("--permit", help="id of the department that may use the result, too")
    return parser.parse_args()


def train(client, options):
    with options.training_file.open("rb") as data:
        file = client.files.create(file=data, purpose="fine-tune")
    client.files.wait_for_processing(file.id, poll_interval=0.5)
    job = client.fine_tuning.jobs.create(
        model=options.model,
        training_file=file.id,
        extra_body={"adapter": {"training": {"learning_rate": options.learning_rate}}},
    )
    while job.status not in DONE:
        time.sleep(1)
        job = client.fine_tuning.jobs.retrieve(job.id)
    if job.status != "succeeded":
        raise SystemExit(f"{job.status}: {job.error.message if job.error else ''}")
    return job


def permit(options, model):
    administrator = OpenAI(api_key=options.administrator)
    permissions = administrator.fine_tuning.checkpoints.permissions
    permissions.create(model, project_ids=[options.permit])
    for each in permissions.list(model):
        print(f"permission  {each.id}  {each.project_id}")


def main():
    options = arguments()
    client = OpenAI()
    job = train(client, options)
    print(f"model       {job.fine_tuned_model}  from {job.parent_model}, on {job.base_model}")
    question = [{"role": "user", "content": options.ask}]
    answer = client.chat.completions.create(model=job.fine_tuned_model, messages=question, temperature=0, max_tokens=40)
    print(f"answer      {answer.choices[0].message.content!r}")
    if options.permit:
        permit(options, job.fine_tuned_model)


if __name__ == "__main__":
    main()
