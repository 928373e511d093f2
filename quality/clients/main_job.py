#!/usr/bin/env python3
"""The main job with a client that was generated from docs/openapi.yaml, against a running Graft.

    openapi-generator-cli generate -i docs/openapi.yaml -c quality/clients/python.yaml -o OUT
    GRAFT_URL=http://127.0.0.1:8080 GRAFT_KEY=... PYTHONPATH=OUT quality/clients/main_job.py

Upload, job, events, checkpoints, download, chat; GRAFT_MODEL names the base model, else it is 'demo'. Needs a worker,
and pydantic, urllib3 and python-dateutil. Prints one line; exit status 1 where something is not as the document says.
"""

import json
import os
import tempfile
import time

import graft_client
from graft_client import AdapterChoice, AdapterSettings, ChatMessage, ChatMessageContent, ChatRequest, NewFineTuningJob

MODEL = os.environ.get("GRAFT_MODEL", "demo")


def rows():
    for n in range(20):
        yield {"messages": [{"role": "user", "content": f"What is {n}?"}, {"role": "assistant", "content": f"{n}."}]}


def finished(jobs, file):
    settings = AdapterChoice(AdapterSettings(training={"max_steps": 4, "save_steps": 2}))
    job = jobs.create_fine_tuning_job(NewFineTuningJob(model=MODEL, training_file=file.id, adapter=settings))
    while job.status not in ("succeeded", "failed", "cancelled"):
        time.sleep(1)
        job = jobs.retrieve_fine_tuning_job(job.id)
    assert job.status == "succeeded", job.error
    return job


def main():
    configuration = graft_client.Configuration(host=os.environ["GRAFT_URL"], access_token=os.environ["GRAFT_KEY"])
    with graft_client.ApiClient(configuration) as client, tempfile.NamedTemporaryFile("w", suffix=".jsonl") as data:
        data.write("\n".join(json.dumps(row) for row in rows()))
        data.flush()
        jobs = graft_client.FineTuningApi(client)
        job = finished(jobs, graft_client.FilesApi(client).create_file(file=data.name, purpose="fine-tune"))
        events = jobs.list_fine_tuning_events(job.id, limit=100).data
        checkpoints = jobs.list_fine_tuning_job_checkpoints(job.id).data
        adapters = graft_client.AdaptersApi(client)
        adapter = next(each for each in adapters.list_adapters().data if each.job_id == job.id)
        archive = adapters.download_adapter(adapter.id)
        assert len(archive) == adapter.bytes, (len(archive), adapter.bytes)
        question = ChatMessage(role="user", content=ChatMessageContent("What is 7?"))
        answer = graft_client.ChatApi(client).create_chat_completion(
            ChatRequest(model=job.fine_tuned_model, messages=[question], max_completion_tokens=4)
        )
        assert answer.usage.completion_tokens > 0
        print(f"{len(events)} events, {len(checkpoints)} checkpoints, {len(archive)} bytes, an answer")


if __name__ == "__main__":
    main()
