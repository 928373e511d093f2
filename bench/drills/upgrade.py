#!/usr/bin/env python3
"""Servers of two releases over one database and store, under load: how many acknowledged writes are lost.

usage: bench/drills/upgrade.py --previous DIR/bin/graft [--minutes 10] [--graft bin/graft] [--postgres DIR]

PREVIOUS is the `bin/graft` of a checkout of the earlier release. Its server makes the database; then a server of this release migrates it
and runs beside it, each with a worker. Writers at both upload files, submit jobs and make keys; an administrator at one renames the
department, one at the other changes its limits; readers at both list what is there. At the end the jobs that still wait are cancelled over
the other server than the one that accepted them, and each acknowledged write is looked for over the other server, as is every artifact that
a row names in the store. Prints a line of JSON; ends with 1 if an acknowledged write is lost, one was made twice, an edit is
undone, a job fails, a server answers 5xx or an artifact is missing.

Needs PostgreSQL 14 or later (apt-get install postgresql) and Python 3.11. The logs stay where it ends with 1.
"""
import collections
import json
import pathlib
import threading
import time
import urllib.error

import postgres
from graft import BASE_MODEL, MODEL, Api, NotAcknowledged, Server, Writers, arguments, rows, run

READS = ("/v1/fine_tuning/jobs?limit=20", "/v1/files?limit=20", "/v1/adapters?limit=20", "/v1/models")
ENDS = ("succeeded", "failed", "cancelled")


class Side:
    """A server of one release, the writers at it, and what goes wrong there."""

    def __init__(self, name, server):
        self.name, self.server, self.faults = name, server, []
        self.reads, self.last_edit = 0, None

    def load(self, key, training_file, first):
        self.api, self.administrator = Api(self.server.url, key), Api(self.server.url, self.server.admin)
        self.writers = Writers(self.api, self.administrator, training_file, threads=2, first=first, pause=1)

    def repeat(self, ended, work):
        """Until the end; an answer that is 5xx is a fault of this release, one that is late or refused is not."""
        number = 0
        while not ended.wait(0.2):
            number += 1
            try:
                work(number)
            except NotAcknowledged as unanswered:
                if str(unanswered)[-3:].startswith("5"):
                    self.faults.append(f"{self.name}: {unanswered}")
            except urllib.error.HTTPError as refused:
                self.faults.append(f"{self.name}: {refused.url}: {refused.code}")

    def read(self, number):
        self.api.get(READS[number % len(READS)])
        self.reads += 1

    def edit(self, path, field, value_of):
        def once(number):
            self.administrator.call("POST", path, {field: value_of(number)})
            self.last_edit = value_of(number)
        return once


def under_load(sides, project, seconds):
    """Both sides for so long; returns when all that was begun has been answered."""
    old, new = sides
    ended = threading.Event()
    works = [(side, side.read) for side in sides]
    works.append((old, old.edit(project, "name", lambda number: f"drill {number}")))
    works.append((new, new.edit(project + "/limits", "weight", lambda number: 1 + number % 900)))
    threads = [threading.Thread(target=side.repeat, args=(ended, work), daemon=True) for side, work in works]
    for thread in threads:
        thread.start()
    for side in sides:
        side.writers.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end and not any(side.writers.failed for side in sides):
        time.sleep(1)
    ended.set()
    for thread in threads:
        thread.join(timeout=90)
    for side in sides:
        side.writers.stop()


def end_jobs(sides):
    """Cancels what waits, each over the server that did not accept it, and counts how the jobs of the writers ended."""
    accepted = [(side, other, made) for side, other in (sides, sides[::-1]) for kind, made, *_ in side.writers.acknowledged if kind == "job"]
    for _, other, job in accepted:
        if other.api.job(job)["status"] == "queued":
            try:
                other.api.call("POST", f"/v1/fine_tuning/jobs/{job}/cancel", {})
            except (NotAcknowledged, urllib.error.HTTPError):
                pass  # a worker has it by now: it ends by itself
    counts = collections.Counter()
    for side, other, job in accepted:
        postgres.await_true(f"the end of {job}", lambda: other.api.job(job)["status"] in ENDS, 300)
        ended = other.api.job(job)
        counts[ended["status"]] += 1
        if ended["status"] == "failed":
            side.faults.append(f"{side.name}: {job} failed: {ended['error']}")
    return counts


def drill(a, work):
    cluster = postgres.Cluster(a.postgres or postgres.programs(), postgres.directory_for(work) / "primary")
    cluster.create(max_connections=100)
    settings = {"graft.artifacts.filesystem.directory": work / "artifacts", "graft.jobs.lease-ttl": "20s", "graft.jobs.heartbeat": "2s"}
    url = f"jdbc:postgresql://127.0.0.1:{cluster.port}/graft"
    sides = old, new = [Side(name, Server(graft, work / name, url, **settings)) for name, graft in (("previous", a.previous), ("this", a.graft))]
    new.server.admin = old.server.admin  # the first administrator's key: only the first server of a database makes it
    old.server.start()
    key = old.server.prepare(BASE_MODEL).key
    new.server.start()
    new.server.command("models", "add", MODEL, "--from", BASE_MODEL)
    training_file = Api(old.server.url, key).upload("training.jsonl", rows("training"))
    for number, side in enumerate(sides):
        side.load(key, training_file, number * 1_000_000)
    project = next(each for each in old.administrator.all("/v1/organization/projects") if each["name"] == "drill")
    path = "/v1/organization/projects/" + project["id"]
    under_load(sides, path, a.minutes * 60)

    counts = end_jobs(sides)
    faults = old.faults + new.faults
    if new.administrator.get(path)["name"] != old.last_edit:
        faults.append(f"the name that the previous release set last was {old.last_edit}")
    if old.administrator.get(path + "/limits")["settings"]["weight"] != new.last_edit:
        faults.append(f"the weight that this release set last was {new.last_edit}")
    lost = [made for side, other in (sides, sides[::-1]) for made in side.writers.lost(other.api, side.writers.acknowledged)]
    twice = new.writers.twice(new.api)
    artifacts = new.server.command("artifacts", "verify").splitlines()[-1]
    for side in sides:
        side.server.stop()
    print(json.dumps({
        "drill": "upgrade", "minutes": a.minutes, "acknowledged": {side.name: len(side.writers.acknowledged) for side in sides},
        "not_acknowledged": {side.name: side.writers.unanswered for side in sides}, "reads": {side.name: side.reads for side in sides},
        "edits": {"name": old.last_edit, "weight": new.last_edit}, "jobs": counts, "acknowledged_and_lost": len(lost), "made_twice": twice,
        "artifacts": artifacts, "faults": faults[:20]}), flush=True)
    return bool(lost or twice or faults)


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--previous", type=pathlib.Path, required=True)
    parser.add_argument("--minutes", type=float, default=10)
    run("upgrade", drill, parser.parse_args())
