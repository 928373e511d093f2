#!/usr/bin/env python3
"""What a new user's day meets: a fixed list of mistakes and wishes, put to a started Graft by HTTP and by the command line.

usage: new_user.py GRAFT CHAT_MODEL_DIR ENCODER_DIR > AFTER.json
       new_user.py --table BEFORE.json AFTER.json

GRAFT is a program such as bin/graft, CHAT_MODEL_DIR a base model with a chat template, ENCODER_DIR a BERT. A server is started
on a data directory of its own and removed. Standard library only. Nothing is judged: the answers of two versions are for reading
side by side.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid

PORT = int(os.environ.get("GRAFT_PORT", "18480"))
URL = f"http://127.0.0.1:{PORT}"
CHAT = {"messages": [{"role": "user", "content": "Where is my parcel?"}, {"role": "assistant", "content": "On its way."}]}
SHAREGPT = {"conversations": [{"from": "human", "value": "Where is it?"}, {"from": "gpt", "value": "On its way."}]}
CALL = {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function",
                                             "function": {"name": "find", "arguments": "{}"}}]}


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


class Graft:
    def __init__(self, program, directory):
        self.program, self.directory = program, pathlib.Path(directory)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("GRAFT_", "OPENAI_"))}
        self.environment["XDG_CONFIG_HOME"] = str(self.directory / "config")
        self.key = ""

    def run(self, *arguments, text=""):
        out = subprocess.run([self.program, *arguments], input=text, capture_output=True, text=True,
                             env=self.environment, cwd=self.directory, timeout=600)
        return (out.stdout + out.stderr).strip()

    def call(self, method, path, body=None, headers=None):
        request = urllib.request.Request(URL + path, method=method, data=body,
                                         headers={"Authorization": "Bearer " + self.key, **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode(errors="replace")

    def send(self, path, body):
        return self.call("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def upload(self, name, content, **fields):
        border = uuid.uuid4().hex
        parts = [f'--{border}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode()
                 for k, v in {"purpose": "fine-tune", **fields}.items()]
        head = f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        return self.call("POST", "/v1/files", b"".join(parts) + head + content + f"\r\n--{border}--\r\n".encode(),
                         {"Content-Type": "multipart/form-data; boundary=" + border})

    def file(self, name, content, **fields):
        return json.loads(self.upload(name, content, **fields)[1]).get("id", "none")


def told(answer):
    """The status, and of an error its sentences."""
    status, text = answer
    try:
        body = json.loads(text)
    except ValueError:
        return f"{status} {text[:200]}"
    error = body.get("error") if isinstance(body.get("error"), dict) else None
    if not error:
        return f"{status} {text[:160]}"
    more = [f"line {each.get('line')}: {each.get('message')}" for each in error.get("errors") or []]
    return f"{status} {error['message']}" + (f" (and {len(more)} lines: {' / '.join(more)[:300]})" if len(more) > 1 else "")


def files(graft):
    yield "a PDF", told(graft.upload("a.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n" * 20))
    yield "a ZIP", told(graft.upload("a.zip", b"PK\x03\x04\x14\x00\x00\x00" * 20))
    yield "UTF-16", told(graft.upload("a.jsonl", lines(CHAT).decode().encode("utf-16")))
    yield "a JSON array", told(graft.upload("a.json", json.dumps([CHAT, CHAT], indent=1).encode()))
    latin = "prompt,completion\n" + "Wo ist Müller?,Im Büro.\n" * 20
    yield "a Latin-1 CSV", told(graft.upload("a.csv", latin.encode("latin-1")))
    yield "question and answer", told(graft.upload("a.jsonl", lines({"question": "1+1?", "answer": "2"})))
    extra = lines({**CHAT, "id": 1, "source": "mail"})
    yield "keys id and source", told(graft.upload("a.jsonl", extra))
    yield "the same, ignore_unknown_keys", told(graft.upload("a.jsonl", extra, ignore_unknown_keys="true"))
    share = graft.file("s.jsonl", lines(SHAREGPT))
    yield "ShareGPT, its report", told(graft.call("GET", f"/v1/files/{share}/report"))
    yield "ShareGPT, converted", told(graft.send(f"/v1/files/{share}/convert", {}))
    (graft.directory / "faq.csv").write_text("id,question,answer\n1,1+1?,2\n")
    yield "graft files upload --column", graft.run("files", "upload", "faq.csv", "--column", "user=question",
                                                   "--column", "assistant=answer", "--ignore-unknown-keys")


def jobs(graft):
    good = graft.file("good.jsonl", lines(CHAT) * 20)
    labels = graft.file("labels.jsonl", lines({"text": "a", "label": "x"}, {"text": "b", "label": "y"}) * 10)
    share = graft.file("s.jsonl", lines(SHAREGPT) * 20)
    calls = graft.file("tools.jsonl", lines({"messages": [CHAT["messages"][0], CALL]}) * 20)

    def job(training_file=good, model="chat", **adapter):
        return told(graft.send("/v1/fine_tuning/jobs", {"model": model, "training_file": training_file, "adapter": adapter}))

    yield "ShareGPT's roles train nothing", job(share)
    yield "tool calls that the template drops", job(calls)
    yield "learning_rate 5", job(training={"learning_rate": 5})
    yield "labels under sft", job(labels)
    yield "an unknown model", job(model="chatt")
    for name in ("learing_rate", "lr", "epochs", "save_strategy"):
        yield f"the setting {name}", job(training={name: 1})
    yield "literal brackets in a query", told(graft.call("GET", "/v1/fine_tuning/jobs?metadata[a]=b"))
    yield "classify with a chat model", told(graft.send("/v1/classify", {"model": "chat", "input": "a"}))
    yield "chat with an encoder", told(graft.send("/v1/chat/completions", {"model": "encoder", "messages": CHAT["messages"][:1]}))


def names(graft, created):
    yield "graft key create --name", "" if created.startswith("sk-graft-") else created[:200]
    yield "graft key list of everything", graft.run("key", "list", "--data-dir", str(graft.directory / "data"))
    identity = json.loads(graft.send("/v1/fine_tuning/jobs", {
        "model": "chat", "training_file": graft.file("g.jsonl", lines(CHAT) * 20),
        "adapter": {"training": {"max_steps": 100000}}})[1])["id"]
    graft.send(f"/v1/fine_tuning/jobs/{identity}/cancel", {})
    for _ in range(120):
        job = json.loads(graft.call("GET", "/v1/fine_tuning/jobs/" + identity)[1])
        if job["status"] == "cancelled":
            break
        time.sleep(1)
    yield "who cancelled", job.get("reason") or json.dumps(job.get("sub_status")) or job["status"]
    yield "graft jobs show", graft.run("jobs", "show", identity)[:300]
    (graft.directory / "rows.jsonl").write_bytes(lines(CHAT) * 20)
    yield "graft files report PATH", graft.run("files", "report", "rows.jsonl")[:300]
    yield "favicon without a key", told(graft.call("GET", "/favicon.ico", headers={"Authorization": ""}))[:20]


def trial(program, chat, encoder):
    with tempfile.TemporaryDirectory() as directory:
        found = shutil.which(program) or sys.exit("there is no program " + program)
        graft = Graft(str(pathlib.Path(found).absolute()), directory)
        data = ["--data-dir", str(graft.directory / "data")]
        server = subprocess.Popen([graft.program, "serve", *data, "--port", str(PORT)], env=graft.environment,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(180):
                try:
                    if graft.call("GET", "/v1/models")[0] == 401:
                        break
                except OSError:
                    time.sleep(1)
            for name, model in (("chat", chat), ("encoder", encoder)):
                graft.run("models", "add", name, "--from", str(pathlib.Path(model).absolute()), *data)
            created = graft.run("key", "create", "--department", "support", "--name", "laptop", *data)
            key = created if created.startswith("sk-graft-") else graft.run("key", "create", "--department", "support", *data)
            graft.key = key.split()[-1]
            graft.run("login", "--server", URL, text=graft.key + "\n")
            return dict((*files(graft), *jobs(graft), *names(graft, created)))
        finally:
            server.terminate()
            server.wait(timeout=900)


def main():
    if sys.argv[1:2] == ["--table"]:
        before, after = (json.loads(pathlib.Path(name).read_text()) for name in sys.argv[2:4])
        for name, answer in after.items():
            print(f"{name}\n  before: {before.get(name, '-')}\n  after:  {answer}")
        return
    print(json.dumps(trial(*sys.argv[1:4]), indent=1))


if __name__ == "__main__":
    main()
