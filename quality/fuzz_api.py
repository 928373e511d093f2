#!/usr/bin/env python3
"""Schemathesis against a running Graft: what it answers is what docs/openapi.yaml says.

    pip install schemathesis
    bin/graft serve --data-dir DIR            # with a base model 'demo' (bin/graft models add demo --from ...)
    bin/graft key create --department fuzz --scope admin --data-dir DIR
    quality/fuzz_api.py http://127.0.0.1:8080 KEY OUT --seconds 300

All checks: no 5xx, no status, header, content type or field that the document lacks, wrong data refused, right data
accepted, keys needed. Things with ids are made first, so that routes have something to answer about. Give Graft a
rate limit that does not end the run (GRAFT_TENANCY_REQUESTS_PER_MINUTE, ..._OF_KEY). Exit status: Schemathesis's.
"""

import argparse
import json
import pathlib
import subprocess
import time
import urllib.error
import urllib.request

# What the document's schemas cannot say, so that data that fits them may be refused with 400.
REFUSED = {
    "createFile": "content has to be training rows",
    "createUpload": "columns of a CSV file have to make a row; a department has so many pending uploads",
    "addUploadPart": "an upload that has ended takes no parts",
    "completeUpload": "parts have to exist and add up",
    "cancelUpload": "an upload that has ended is not cancelled",
    "createFineTuningJob": "settings have to go together, files have to exist",
    "reportOnFile": "files have to exist",
    "createEvaluation": "files have to exist, gates name graders, and some compare",
    "listEvaluationSamples": "a metric and a model have to be of the evaluation",
    "cancelEvaluation": "an evaluation that has ended is not cancelled",
    "quoteFineTuningJob": "settings have to go together, files have to exist",
    "previewFineTuningJob": "settings have to go together, files have to exist",
    "cancelFineTuningJob": "a job that has ended is not cancelled",
    "pauseFineTuningJob": "only some states are paused",
    "resumeFineTuningJob": "only some states are resumed",
    "approveFineTuningJob": "only what waits for it is approved",
    "rejectFineTuningJob": "only what waits for approval is rejected",
    "createAdapterConfig": "settings have to go together, a name is taken once",
    "createAdapterConfigVersion": "settings have to go together, presets have one version",
    "deleteAdapterConfig": "presets stay",
    "validateAdapterConfig": "settings have to go together",
    "changeAdapter": "a day of farewell comes after its notice, and only with one",
    "createAdapterPermissions": "departments have to exist",
    "createCheckpointPermissions": "departments have to exist",
    "changeBaseModel": "whole numbers have no point",
    "deleteBaseModel": "what is used stays",
    "deleteModel": "base models stay",
    "deleteFile": "a file in use stays",
    "createWebhookEndpoint": "a URL has to lead somewhere public",
    "updateWebhookEndpoint": "a URL has to lead somewhere public",
    "testWebhookEndpoint": "somebody has to answer",
    "redeliverWebhook": "only what has ended is sent again",
    "createChatCompletion": "the context is finite; some parameters need others",
    "createCompletion": "the context is finite; some parameters need others",
    "createProject": "a name is taken once",
    "modifyProject": "a name is taken once",
    "createProjectUser": "people have to exist, or to have an address",
    "rotateProjectApiKey": "an expired key has no successor",
    "createDevicePrice": "a price has nine digits after the point",
    "deleteWorkerToken": "a used one is not taken back",
    "streamFineTuningEvents": "Last-Event-ID has to be of an event of the job",
    "listFineTuningJobs": "a name in a query has no control characters",
    "listAdapters": "a name in a query has no control characters",
    # JSON Schema takes 7.0 for an integer, Graft does not.
    "createAdapterDownloadLink": "whole numbers have no point",
    "createAdminApiKey": "whole numbers have no point",
    "createProjectServiceAccountApiKey": "whole numbers have no point",
    "createWorkerToken": "whole numbers have no point",
    "modifyProjectRetention": "whole numbers have no point",
    "modifyProjectLimits": "whole numbers have no point",
    "updateProjectRateLimits": "whole numbers have no point",
}

TOML = """\
[headers]
Authorization = "Bearer {key}"

[checks.positive_data_acceptance]
expected-statuses = ["2xx", 304, 401, 403, 404, 409, 410, 412, 416, 422, 429, 503]

[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 410, 412, 415, 422, 428, 429, "5xx"]

[parameters]
"path.project" = "{project}"
{operations}
[[operations]]
# Deleting them leaves what holds without any.
include-path-regex = "/model_permissions$"
[operations.checks.use_after_free]
enabled = false

[[operations]]
# Another step may have deleted the one that stands in the path.
include-path-regex = "^/v1/organization/projects/[^/]+/(api_keys|service_accounts|users)/"
[operations.checks.ensure_resource_availability]
enabled = false

[[operations]]
# Nothing can be done any more in the one that is archived.
include-operation-id = "archiveProject"
[operations.parameters]
"path.project" = "{archived}"

"""


class Graft:
    def __init__(self, url, key):
        self.url, self.key = url, key

    def post(self, path, body, content_type="application/json"):
        return self.ask(path, body if isinstance(body, bytes) else json.dumps(body).encode(), content_type)

    def ask(self, path, data=None, content_type="application/json"):
        headers = {"Authorization": "Bearer " + self.key, "Content-Type": content_type}
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers)) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise SystemExit(f"{path}: {refused.code} {refused.read().decode()}") from None

    def trained(self, job):
        """The job when it has ended well."""
        for _ in range(300):
            found = self.ask("/v1/fine_tuning/jobs/" + job)
            if found["status"] == "succeeded":
                return found
            time.sleep(1)
        raise SystemExit(f"job {job} is {found['status']} after five minutes: does a worker run?")

    def file(self):
        row = json.dumps({"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]})
        part = '--X\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
        body = part % ("purpose", "", "fine-tune") + part % ("file", '; filename="a.jsonl"', "\n".join([row] * 20)) + "--X--\r\n"
        return self.post("/v1/files", body.encode(), "multipart/form-data; boundary=X")["id"]

    def things(self, run):
        """What the variables of paths stand for, by the beginning of the path."""
        project, archived = (self.post("/v1/organization/projects", {"name": name + run})["id"] for name in ("fuzzed ", "archived "))
        under = "/v1/organization/projects/" + project
        account = self.post(under + "/service_accounts", {"name": "fuzzed"})
        file = self.file()
        upload = {"filename": "a.jsonl", "purpose": "fine-tune", "bytes": 10, "mime_type": "application/jsonl"}
        job = {"model": "demo", "training_file": file, "adapter": {"training": {"max_steps": 2}}}
        trained = self.post("/v1/fine_tuning/jobs", job)["id"]
        adapter = self.ask("/v1/adapters?limit=1&name=" + self.trained(trained)["fine_tuned_model"])["data"][0]["id"]
        endpoint = {"name": "fuzzed", "url": "https://93.184.216.34/" + run, "event_types": ["fine_tuning.job.running"]}
        config = {"name": "fuzzed-" + run, "adapter": {"peft": {"peft_type": "LORA", "r": 8}}}
        return project, archived, [
            ("/v1/files/", "id", file),
            ("/v1/uploads/", "id", self.post("/v1/uploads", upload)["id"]),
            # The first that fits counts: the stream of a job that has not ended does not end.
            ("/v1/fine_tuning/jobs/[^/]+/events/stream", "id", trained),
            ("/v1/fine_tuning/jobs/", "id", self.post("/v1/fine_tuning/jobs", job)["id"]),
            ("/v1/adapter_configs/", "config", self.post("/v1/adapter_configs", config)["id"]),
            ("/v1/evaluations/", "evaluation", self.post("/v1/evaluations", {"models": ["demo"], "file": file, "max_completion_tokens": 4})["id"]),
            ("/v1/webhook_endpoints/", "endpoint", self.post("/v1/webhook_endpoints", endpoint)["id"]),
            ("/v1/models/", "model", "demo"),
            ("/v1/adapters/", "id", adapter),
            ("/v1/organization/worker_tokens/", "worker_token", self.post("/v1/organization/worker_tokens", {"worker_class": "cpu"})["id"]),
            ("/v1/organization/admin_api_keys/", "admin_key", self.post("/v1/organization/admin_api_keys", {"name": run})["id"]),
            ("/v1/organization/projects/[^/]+/users/", "user", self.post(under + "/users", {"email": run + "@example.com", "role": "member"})["id"]),
            ("/v1/organization/projects/[^/]+/service_accounts/", "account", account["id"]),
            ("/v1/organization/projects/[^/]+/api_keys/", "key", account["api_key"]["id"]),
        ]


def operations(things):
    for path, variable, value in things:
        yield f"""
[[operations]]
include-path-regex = "^{path}"
exclude-method = ["DELETE"]
[operations.parameters]
"path.{variable}" = "{value}"
"""
    for operation, why in REFUSED.items():
        yield f"""
[[operations]]
# {why}
include-operation-id = "{operation}"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 401, 403, 404, 409, 410, 412, 413, 422, 429, 503]
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("key", help="of a department, with --scope admin")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    graft = Graft(arguments.url.rstrip("/"), arguments.key)
    run = str(len(list(arguments.out.iterdir()))) + "-" + str(arguments.seed)
    project, archived, things = graft.things(run)
    out = arguments.out.resolve()
    config = out / "schemathesis.toml"
    config.write_text(TOML.format(key=arguments.key, project=project, archived=archived, operations="".join(operations(things))))
    command = ["schemathesis", "--config-file", str(config), "run", graft.url + "/openapi.yaml"]
    command += ["--phases", "examples,coverage,fuzzing,stateful", "--continue-on-failure"]
    command += ["--max-time", str(arguments.seconds), "--seed", str(arguments.seed), "--request-timeout", "120", "--max-response-time", "120"]
    command += ["--report", "ndjson", "--report-dir", str(out)]
    raise SystemExit(subprocess.run(command, cwd=out).returncode)


if __name__ == "__main__":
    main()
