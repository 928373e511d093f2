"""A `graft serve` of a drill, a department's calls of its API, and writers that keep what was acknowledged."""
import argparse
import atexit
import hashlib
import http.client
import itertools
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

from postgres import await_true, free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASE_MODEL = ROOT / "src/main/resources/dev/graft/client/base-model"
MODEL = "graft-demo-base"
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("GRAFT_", "SPRING_", "OPENAI_"))}
ENVIRONMENT |= {name: os.environ[name] for name in ("GRAFT_JAVA_HOME",) if name in os.environ}
TRAINING = {"max_steps": 240, "save_steps": 20, "learning_rate": 5e-3, "per_device_train_batch_size": 16, "max_length": 128}


class NotAcknowledged(Exception):
    """No answer, or one that says that it was not done."""


class Server:
    """On a database and a data directory; with a worker in its process, unless its role is another."""

    def __init__(self, graft, directory, database_url, role="all", **settings):
        self.graft, self.directory, self.role, self.settings = str(graft), directory, role, settings
        self.database_url, self.process = database_url, None
        self.admin = "sk-graft-" + secrets.token_hex(32)
        self.url = f"http://127.0.0.1:{free_port()}"
        self.config = directory.with_suffix(".properties")
        self.log = directory.with_suffix(".log")

    def start(self):
        lines = {"server.address": "127.0.0.1", "server.port": self.url.rsplit(":", 1)[1], "graft.data-dir": self.directory,
                 "graft.tenancy.admin-key": self.admin, "graft.worker.threads": 1, "spring.datasource.url": self.database_url,
                 "spring.datasource.username": "graft", "spring.datasource.password": "unused"} | self.settings
        self.config.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        self.process = subprocess.Popen([self.graft, "serve", "--role", self.role, "--config", self.config], env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=open(self.log, "a"))
        atexit.register(self.stop, kill=True)
        await_true(f"the server ({self.log})", lambda: self.answers() or self.process.poll() is not None, 300)
        if self.process.poll() is not None:
            sys.exit(f"drill: the server ended: {self.log}")

    def answers(self):
        try:
            with urllib.request.urlopen(self.url + "/readyz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def command(self, *arguments, status=0):
        """A command beside the server, or instead of it; its standard output."""
        ended = subprocess.run([self.graft, *map(str, arguments), "--config", self.config], env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                               capture_output=True, text=True)
        if ended.returncode != status:
            sys.exit(f"drill: graft {arguments[0]} ended with {ended.returncode}: {ended.stdout[-500:]}{ended.stderr[-1000:]}")
        return ended.stdout.strip()

    def prepare(self, model):
        """A department's key, and the base model of the demo."""
        self.command("models", "add", MODEL, "--from", model)
        return Api(self.url, self.command("key", "create", "--department", "drill"))

    def stop(self, kill=False):
        if self.process is None:
            return
        (self.process.kill if kill else self.process.terminate)()
        self.process.wait(timeout=90)
        self.process = None


class Api:
    def __init__(self, url, key):
        self.url, self.key = url, key

    def call(self, method, path, body=None, content_type="application/json", idempotency=None, raw=False):
        headers = {"authorization": "Bearer " + self.key, "content-type": content_type}
        if idempotency:
            headers["idempotency-key"] = idempotency
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        try:
            request = urllib.request.Request(self.url + path, data, headers, method=method)
            with urllib.request.urlopen(request, timeout=70) as answer:
                content = answer.read()
                return content if raw else json.loads(content)
        except urllib.error.HTTPError as refused:
            if refused.code >= 500 or refused.code in (409, 429):
                raise NotAcknowledged(f"{method} {path}: {refused.code}") from refused
            raise
        except (OSError, http.client.HTTPException) as unanswered:
            raise NotAcknowledged(f"{method} {path}: {unanswered}") from unanswered

    def get(self, path, raw=False):
        return self.call("GET", path, raw=raw)

    def is_there(self, path):
        try:
            self.get(path, raw=True)
            return True
        except urllib.error.HTTPError as refused:
            if refused.code in (401, 404):
                return False
            raise

    def upload(self, name, content, idempotency=None):
        limit = "graft-drill-5b1f"
        head = "--{0}\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n--{0}\r\ncontent-disposition: form-data; " \
               "name=\"file\"; filename=\"{1}\"\r\ncontent-type: application/jsonl\r\n\r\n".format(limit, name)
        body = head.encode() + content + f"\r\n--{limit}--\r\n".encode()
        return self.call("POST", "/v1/files", body, "multipart/form-data; boundary=" + limit, idempotency)["id"]

    def submit(self, file, idempotency=None, metadata=None, **training):
        adapter = {"peft": {"peft_type": "LORA", "r": 8, "lora_alpha": 16}, "training": TRAINING | training}
        request = {"model": MODEL, "training_file": file, "seed": 42, "adapter": adapter, "metadata": metadata or {}}
        return self.call("POST", "/v1/fine_tuning/jobs", request, idempotency=idempotency)["id"]

    def all(self, path):
        """Every element of a list."""
        after = ""
        while True:
            page = self.get(f"{path}?limit=100{after}")
            yield from page["data"]
            if not page["has_more"]:
                return
            after = "&after=" + page["data"][-1]["id"]

    def job(self, job):
        return self.get("/v1/fine_tuning/jobs/" + job)

    def finish(self, job, seconds=600):
        """Waits for its end; the digest of its adapter as it is downloaded."""
        def ended():
            try:
                return self.job(job)["status"] in ("succeeded", "failed", "cancelled")
            except NotAcknowledged:
                return False
        await_true(f"the end of {job}", ended, seconds)
        status = self.job(job)
        if status["status"] != "succeeded":
            sys.exit(f"drill: {job} {status['status']}: {status['error']}")
        return self.adapter(job)

    def adapter(self, job):
        found = [each["id"] for each in self.all("/v1/adapters") if each["job_id"] == job]
        if len(found) != 1:
            sys.exit(f"drill: {job} has {len(found)} adapters")
        return hashlib.sha256(self.get(f"/v1/adapters/{found[0]}/content", raw=True)).hexdigest()


def rows(name, count=200):
    """Training rows that no other file has."""
    row = '{{"messages": [{{"role": "user", "content": "What is item {0} of {1}?"}}, {{"role": "assistant", "content": "Number {2}."}}]}}\n'
    return "".join(row.format(i, name, i * 7) for i in range(count)).encode()


class Writers:
    """Threads that upload files, submit jobs and make keys, and keep what was acknowledged with 2xx.

    Several of these at one Graft number their writes from a `first` of their own. Each thread waits `pause` seconds between writes.
    """

    def __init__(self, api, administrator, training_file, threads=3, first=0, pause=0):
        self.api, self.administrator, self.training_file, self.pause = api, administrator, training_file, pause
        self.project = next(administrator.all("/v1/organization/projects"))["id"]
        self.acknowledged = []  # (kind, id or secret, content, when it was asked, when it was acknowledged)
        self.unanswered, self.failed = 0, None
        self.numbers, self.lock, self.ended = itertools.count(first), threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self.write, daemon=True) for _ in range(threads)]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def write(self):
        try:
            while not self.ended.wait(self.pause):
                number = next(self.numbers)
                self.until_acknowledged(("file", "job", "key")[number % 3], number)
        except Exception as failed:  # raised again where the writers are awaited or stopped
            self.failed = failed

    def until_acknowledged(self, kind, number):
        content = rows(f"writer {number}", 2)
        while not self.ended.is_set():
            asked = time.monotonic()
            try:
                made = self.once(kind, number, content)
            except NotAcknowledged:
                with self.lock:
                    self.unanswered += 1
                if kind == "key":
                    return  # making one is not repeatable: there would be two
                self.ended.wait(0.1)
                continue
            with self.lock:
                self.acknowledged.append((kind, made, content, asked, time.monotonic()))
            return

    def once(self, kind, number, content):
        if kind == "file":
            return self.api.upload(f"{number}.jsonl", content, f"file-{number}")
        if kind == "job":
            return self.api.submit(self.training_file, f"job-{number}", {"number": str(number)}, max_steps=1, save_steps=0, warmup_steps=0)
        account = {"name": f"writer {number}"}
        path = f"/v1/organization/projects/{self.project}/service_accounts"
        return self.administrator.call("POST", path, account)["api_key"]["value"]

    def await_more(self, count, seconds=300):
        target = len(self.acknowledged) + count
        await_true(f"{count} acknowledged writes", lambda: len(self.acknowledged) >= target or self.failed, seconds)
        if self.failed:
            raise self.failed

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(timeout=120)
        if self.failed:
            raise self.failed

    def lost(self, api, acknowledged):
        """Those of them that the API does not have, or with other content."""
        def there(kind, made, content):
            if kind == "file":
                return api.is_there(f"/v1/files/{made}") and api.get(f"/v1/files/{made}/content", raw=True) == content
            if kind == "job":
                return api.is_there(f"/v1/fine_tuning/jobs/{made}")
            return Api(api.url, made).is_there("/v1/models")
        return [each for each in acknowledged if not there(*each[:3])]

    def twice(self, api):
        """How many things were made once more, by writes that were repeated."""
        files = [each["filename"] for each in api.all("/v1/files") if each["filename"].removesuffix(".jsonl").isdigit()]
        jobs = [each["metadata"]["number"] for each in api.all("/v1/fine_tuning/jobs") if "number" in (each["metadata"] or {})]
        return len(files) - len(set(files)) + len(jobs) - len(set(jobs))


def arguments(usage):
    """Of every program that brings a Graft and a PostgreSQL."""
    parser = argparse.ArgumentParser(description=usage, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graft", type=pathlib.Path, default=ROOT / "bin/graft")
    parser.add_argument("--postgres", type=pathlib.Path)
    return parser


def run(name, work_of, options):
    """In a directory that stays, with its logs, unless `work_of` ends and says that nothing is wrong. Ends with 1 if anything is."""
    work = pathlib.Path(tempfile.mkdtemp(prefix=f"graft-{name}-"))
    work.chmod(0o711)  # root's PostgreSQL runs as another user
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    passed = []
    atexit.register(lambda: shutil.rmtree(work) if passed else print(f"{name}: logs in {work}", file=sys.stderr))
    if work_of(options, work):
        sys.exit(1)
    passed.append(True)
