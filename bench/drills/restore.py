#!/usr/bin/env python3
"""Backup of database and artifacts of a running Graft, and their restore to a point in time.

usage: bench/drills/restore.py [--writes 90] [--graft bin/graft] [--postgres DIR]

A PostgreSQL that archives its log; `graft serve` with a job that has ended and one that trains; writers that upload files, submit jobs and
make keys over the API. A base backup; a named restore point; then the copy of the artifacts, while writers go on and a file is deleted. Then both are lost: all
processes are killed, the cluster and the data directory removed. Restored beside, to the restore point: each write that was acknowledged before
it is looked for over the API, every artifact that a row names in the copy, the adapter must be the same, the job that trained must end,
and a new one must train and be downloaded. Prints a line of JSON; ends with 1 if anything is not as it must be.

Needs PostgreSQL 14 or later (apt-get install postgresql) and Python 3.11. The logs stay where it ends with 1.
"""
import hashlib
import json
import shutil

import postgres
from graft import BASE_MODEL, Api, Server, Writers, arguments, rows, run

SETTINGS = {"graft.jobs.lease-ttl": "20s", "graft.jobs.heartbeat": "2s"}


def archived(work, programs):
    """A cluster whose log is copied away, segment by segment."""
    directory = postgres.directory_for(work)
    archive = directory / "archive"
    primary = postgres.Cluster(programs, directory / "primary")
    archive.mkdir()
    shutil.chown(archive, directory.owner())
    primary.create(wal_level="replica", archive_mode="on", archive_command=f"test ! -f {archive}/%f && cp %p {archive}/%f")
    return primary, archive


def back_up(primary, archive, server, api, writers, deleted, to):
    """Database first, then artifacts. Returns what was acknowledged before the restore point."""
    writers.await_more(30)
    before = list(writers.acknowledged)
    primary.sql("select pg_create_restore_point('drill')")
    segment = primary.sql("select pg_walfile_name(pg_switch_wal())")
    postgres.await_true("the log in the archive", lambda: (archive / segment).exists())
    api.call("DELETE", "/v1/files/" + deleted)
    shutil.copytree(server.directory / "artifacts", to, ignore=shutil.ignore_patterns("tmp"))
    writers.await_more(30)
    return before


def recover(base, archive):
    """The base backup, and the log up to the restore point."""
    base.configure(archive_mode="off", restore_command=f"cp {archive}/%f %p", recovery_target_name="drill", recovery_target_action="promote")
    (base.directory / "recovery.signal").touch()
    shutil.chown(base.directory / "recovery.signal", base.directory.owner())
    base.start()
    postgres.await_true("the end of recovery", lambda: base.sql("select pg_is_in_recovery()") == "f")


def verify(server, content, faults):
    """Every artifact that the database names; with one taken away that no job reads, the command must say so."""
    said = server.command("artifacts", "verify").splitlines()[-1]
    digest = hashlib.sha256(content).hexdigest()
    taken = server.directory / "artifacts/blobs/sha256" / digest[:2] / digest[2:]
    aside = server.directory / "aside"
    taken.rename(aside)
    if f"missing sha256:{digest}" not in server.command("artifacts", "verify", "--presence", status=1):
        faults.append("a missing artifact was not told")
    aside.rename(taken)
    return said


def drill(a, work):
    programs = a.postgres or postgres.programs()
    primary, archive = archived(work, programs)
    base = postgres.Cluster(programs, primary.directory.with_name("restored"))
    server = Server(a.graft, work / "server", f"jdbc:postgresql://127.0.0.1:{primary.port}/graft", **SETTINGS)
    server.start()
    api = server.prepare(BASE_MODEL)
    content = rows("training")
    file = api.upload("training.jsonl", content)
    ended = api.submit(file, max_steps=20)
    adapter = api.finish(ended)
    primary.copy_to(base)
    running = api.submit(file)
    postgres.await_true("a checkpoint", lambda: api.get(f"/v1/fine_tuning/jobs/{running}/checkpoints")["data"], 300)
    deleted_content = rows("deleted later")
    deleted = api.upload("deleted-later.jsonl", deleted_content)
    writers = Writers(api, Api(server.url, server.admin), file).start()
    writers.await_more(a.writes)
    before = back_up(primary, archive, server, api, writers, deleted, work / "artifacts")
    server.stop(kill=True)
    primary.kill()
    writers.stop()
    shutil.rmtree(server.directory)
    shutil.rmtree(primary.directory)

    recover(base, archive)
    restored = Server(a.graft, work / "restored", f"jdbc:postgresql://127.0.0.1:{base.port}/graft", **SETTINGS)
    restored.directory.mkdir(mode=0o700)
    shutil.copytree(work / "artifacts", restored.directory / "artifacts")
    restored.start()
    faults = []
    said = verify(restored, deleted_content, faults)
    api = Api(restored.url, api.key)
    later = writers.acknowledged[len(before):]
    lost = writers.lost(api, before)
    if lost:
        faults.append(f"{len(lost)} writes before the restore point are lost")
    if api.adapter(ended) != adapter:
        faults.append("the adapter is another one")
    if api.get(f"/v1/files/{deleted}/content", raw=True) != deleted_content:
        faults.append("the file that was deleted after the restore point has other content")
    for waits in [each["id"] for each in api.all("/v1/fine_tuning/jobs") if each["status"] == "queued" and each["id"] != running]:
        api.call("POST", f"/v1/fine_tuning/jobs/{waits}/cancel", {})
    api.finish(running, 900)
    if api.finish(api.submit(file, max_steps=20), 900) != adapter:
        faults.append("the same job on the same data gives another adapter")
    absent = len(writers.lost(api, later))
    restored.stop()
    base.kill()
    print(json.dumps({
        "drill": "restore", "acknowledged_before_restore_point": len(before), "of_them_lost": len(lost), "acknowledged_later": len(later),
        "of_them_absent": absent, "artifacts": said, "adapter": "same", "running_job": "succeeded", "new_job": "same adapter", "faults": faults}), flush=True)
    return faults


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--writes", type=int, default=90)
    run("restore", drill, parser.parse_args())
