"""What programs written for OpenAI rely on, tried with the unmodified openai SDK: one function a promise.

    export OPENAI_BASE_URL=http://127.0.0.1:8080/v1 OPENAI_API_KEY=<the department's key>
    python contract.py --model <base model>

Prints a line a promise; status 1 if one is broken. Trains for two steps. Needs: pip install openai
"""

import argparse
import hashlib
import io
import json
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

import openai
from openai.types import FileObject, Model
from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent
from openai.types.fine_tuning.jobs import FineTuningJobCheckpoint

ROW = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]}
DATA = (json.dumps(ROW) + "\n").encode() * 20
ADAPTER = {"peft": {"r": 2}, "training": {"max_steps": 2, "save_steps": 1}}


class Contract:
    def __init__(self, model):
        self.client = openai.OpenAI()
        self.model = model
        file = self.client.files.create(file=("rows.jsonl", DATA), purpose="fine-tune")
        self.file = self.client.files.wait_for_processing(file.id, poll_interval=0.2)
        self.job = self.submit(metadata={"contract": "python"}, suffix="contract")
        while self.job.status not in ("succeeded", "failed", "cancelled"):
            time.sleep(0.3)
            self.job = self.client.fine_tuning.jobs.retrieve(self.job.id)

    def submit(self, extra_headers=None, **more):
        return self.client.fine_tuning.jobs.create(
            model=self.model, training_file=self.file.id, extra_body={"adapter": ADAPTER}, extra_headers=extra_headers, **more)

    def promise_01_upload_job_events_checkpoints_content_chat(self):
        assert self.file.status == "processed", self.file
        assert self.job.status == "succeeded", self.job
        events = [event.message for event in self.client.fine_tuning.jobs.list_events(self.job.id)]
        assert any("training loss=" in message for message in events), events
        checkpoints = list(self.client.fine_tuning.jobs.checkpoints.list(self.job.id))
        assert checkpoints and all(each.fine_tuning_job_id == self.job.id for each in checkpoints), checkpoints
        metrics = self.client.files.content(self.job.result_files[0]).text
        assert metrics.startswith("step,train_loss"), metrics
        for model in (self.job.fine_tuned_model, checkpoints[0].fine_tuned_model_checkpoint):
            answer = self.client.chat.completions.create(model=model, messages=ROW["messages"][:1], max_tokens=4)
            assert answer.model == model and answer.choices[0].message.role == "assistant", answer

    def promise_02_pages_end_and_repeat_nothing(self):
        ids = [event.id for event in self.client.fine_tuning.jobs.list_events(self.job.id, limit=1)]
        assert len(ids) > 3 and len(ids) == len(set(ids)), ids
        assert self.job.id in [job.id for job in self.client.fine_tuning.jobs.list(limit=1)]
        assert self.file.id in [file.id for file in self.client.files.list(limit=1)]

    def promise_03_content_and_its_errors_whatever_is_accepted(self):
        assert self.client.files.content(self.file.id).content == DATA
        error = expect(openai.NotFoundError, lambda: self.client.files.content("file-none"))
        assert error.code == "not_found" and "file-none" in error.message, error

    def promise_04_a_slash_in_a_model_id(self):
        error = expect(openai.NotFoundError, lambda: self.client.models.retrieve("nobody/knows:this"))
        assert "nobody/knows:this" in error.message, error
        assert self.client.models.retrieve(self.job.fine_tuned_model).id == self.job.fine_tuned_model

    def promise_05_a_request_that_is_sent_again_makes_one_job(self):
        first = self.submit(suffix="again")
        again = self.submit(suffix="again", extra_headers={"X-Stainless-Retry-Count": "1"})
        keyed = [self.submit(suffix="keyed", extra_headers={"Idempotency-Key": "contract-py-" + first.id}) for _ in range(2)]
        assert first.id == again.id and keyed[0].id == keyed[1].id != first.id
        for job in (first, keyed[0]):
            self.client.fine_tuning.jobs.cancel(job.id)

    def promise_07_every_error_has_the_envelope(self):
        jobs = self.client.fine_tuning.jobs
        bad = expect(openai.BadRequestError, lambda: jobs.create(model=self.model, training_file="file-none"))
        assert bad.param == "training_file" and bad.code and bad.request_id, bad
        bad = expect(openai.BadRequestError, lambda: self.submit(seed=-1))
        assert bad.param == "seed", bad
        expect(openai.BadRequestError, lambda: jobs.cancel(self.job.id))
        expect(openai.NotFoundError, lambda: self.client.get("/nothing", cast_to=object))
        denied = expect(openai.AuthenticationError, lambda: openai.OpenAI(api_key="sk-graft-none").models.list())
        assert denied.code == "invalid_api_key" and denied.request_id, denied

    def promise_08_what_the_sdk_types_as_present_is(self):
        strict(FineTuningJob, self.client.fine_tuning.jobs.with_raw_response.retrieve(self.job.id))
        strict(FileObject, self.client.files.with_raw_response.retrieve(self.file.id))
        strict(Model, self.client.models.with_raw_response.retrieve(self.model))
        for event in listed(self.client.fine_tuning.jobs.with_raw_response.list_events(self.job.id)):
            FineTuningJobEvent.model_validate(event)
        for each in listed(self.client.fine_tuning.jobs.checkpoints.with_raw_response.list(self.job.id)):
            FineTuningJobCheckpoint.model_validate(each)

    def promise_09_uploads_in_parts(self):
        uploads = self.client.uploads
        start = lambda: uploads.create(bytes=len(DATA), filename="parts.jsonl", mime_type="application/jsonl", purpose="fine-tune").id
        pieces = [DATA[i:i + 500] for i in range(0, len(DATA), 500)]
        upload = start()
        send = lambda piece: uploads.parts.create(upload, data=io.BytesIO(piece)).id
        with ThreadPoolExecutor(4) as pool:
            order = list(pool.map(send, pieces[::-1]))[::-1]
        wrong = expect(openai.BadRequestError, lambda: uploads.complete(upload, part_ids=order, md5="0" * 32))
        assert wrong.param == "md5", wrong
        done = uploads.complete(upload, part_ids=order, md5=hashlib.md5(DATA).hexdigest())
        assert done.status == "completed" and self.client.files.content(done.file.id).content == DATA, done
        assert uploads.complete(upload, part_ids=order, md5=hashlib.md5(DATA).hexdigest()).file.id == done.file.id
        dropped = start()
        assert uploads.cancel(dropped).status == "cancelled"
        expect(openai.BadRequestError, lambda: uploads.parts.create(dropped, data=io.BytesIO(DATA)))
        chunked = uploads.upload_file_chunked(file=DATA, filename="c.jsonl", bytes=len(DATA), mime_type="application/jsonl", purpose="fine-tune")
        assert chunked.status == "completed", chunked

    def promise_10_jobs_by_their_metadata(self):
        found = [job.id for job in self.client.fine_tuning.jobs.list(metadata={"contract": "python"})]
        assert self.job.id in found, found
        assert not list(self.client.fine_tuning.jobs.list(metadata={"contract": "nobody"}))


def expect(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def strict(kind, raw):
    kind.model_validate(json.loads(raw.text))


def listed(raw):
    return json.loads(raw.text)["data"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    contract = Contract(parser.parse_args().model)
    broken = 0
    for name in sorted(name for name in dir(contract) if name.startswith("promise_")):
        try:
            getattr(contract, name)()
            print("kept  ", name.removeprefix("promise_").replace("_", " "), flush=True)
        except Exception:
            broken += 1
            print("BROKEN", name.removeprefix("promise_").replace("_", " "), flush=True)
            traceback.print_exc()
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
