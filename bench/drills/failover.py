#!/usr/bin/env python3
"""Failover of PostgreSQL under a running Graft: how many acknowledged writes are lost.

usage: bench/drills/failover.py [--asynchronous] [--writes 150] [--graft bin/graft] [--postgres DIR]

A primary with a synchronous standby; `graft serve` with both in its JDBC URL and a job that trains; writers that upload files, submit
jobs and make keys over the API. Then the standby stops receiving for two seconds, the primary is killed (kill -9 of all of its processes), and the standby,
killed as well so that nothing is left in its sockets, is started and promoted. The server is not touched. At the end each acknowledged write is
looked for over the API, and every artifact that a row names in the store. Prints a line of JSON; ends with 1 if an acknowledged write is
lost, one was made twice or an artifact is missing. With --asynchronous the standby is not waited for: shows what that loses.

Needs PostgreSQL 14 or later (apt-get install postgresql) and Python 3.11. The logs stay where it ends with 1.
"""
import json
import os
import signal
import time

import postgres
from graft import BASE_MODEL, Api, Server, Writers, arguments, rows, run

LAG_SECONDS = 2


def pair(work, programs, synchronous):
    """A primary and its standby. Only the primary waits for a standby: a promoted one has none to wait for."""
    directory = postgres.directory_for(work)
    primary = postgres.Cluster(programs, directory / "primary")
    primary.create(wal_level="replica", max_connections=100)
    standby = postgres.Cluster(programs, directory / "standby")
    primary.copy_to(standby, "-R", "-C", "-S", "standby")
    standby.start()
    if synchronous:
        primary.sql("alter system set synchronous_standby_names = '*'")
        primary.sql("select pg_reload_conf()")
    wanted = "sync" if synchronous else "async"
    postgres.await_true("the standby", lambda: primary.sql("select sync_state from pg_stat_replication") == wanted)
    return primary, standby


def fail_over(primary, standby, writers, synchronous):
    """Returns when the primary was gone and when the standby was promoted."""
    os.kill(standby.receiver(), signal.SIGSTOP)
    if synchronous:
        time.sleep(LAG_SECONDS)  # no write can be acknowledged now
    else:
        writers.await_more(30)
    primary.kill()
    gone = time.monotonic()
    standby.kill()
    standby.start()
    standby.promote()
    return gone, time.monotonic()


def drill(a, work):
    programs = a.postgres or postgres.programs()
    primary, standby = pair(work, programs, not a.asynchronous)
    hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
    url = f"jdbc:postgresql://{hosts}/graft?targetServerType=primary&hostRecheckSeconds=1"
    server = Server(a.graft, work / "server", url, **{"graft.jobs.lease-ttl": "20s", "graft.jobs.heartbeat": "2s"})
    server.start()
    api = server.prepare(BASE_MODEL)
    file = api.upload("training.jsonl", rows("training"))
    trained = api.submit(file)
    postgres.await_true("a step of the job", lambda: (api.job(trained).get("progress") or {}).get("step", 0) > 0, 300)
    writers = Writers(api, Api(server.url, server.admin), file).start()
    writers.await_more(a.writes)
    before = len(writers.acknowledged)
    gone, promoted = fail_over(primary, standby, writers, not a.asynchronous)
    writers.await_more(a.writes)
    writers.stop()
    accepted = min(each[4] for each in writers.acknowledged if each[3] > gone)
    digest = api.finish(trained, 900)
    lost = writers.lost(api, writers.acknowledged)
    twice = writers.twice(api)
    artifacts = server.command("artifacts", "verify")
    server.stop()
    print(json.dumps({
        "drill": "failover", "standby": "asynchronous" if a.asynchronous else "synchronous", "acknowledged": len(writers.acknowledged),
        "before": before, "not_acknowledged": writers.unanswered, "acknowledged_and_lost": len(lost), "made_twice": twice,
        "promoted_after_s": round(promoted - gone, 1), "first_accepted_write_after_s": round(accepted - gone, 1),
        "job": "succeeded", "adapter": digest[:12], "artifacts": artifacts.splitlines()[-1]}), flush=True)
    return bool(lost or twice)


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--asynchronous", action="store_true")
    parser.add_argument("--writes", type=int, default=150)
    run("failover", drill, parser.parse_args())
