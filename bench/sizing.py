#!/usr/bin/env python3
"""What a server, a worker and the jobs of departments take: memory, connections, rows, bytes.

usage: bench/sizing.py [--jobs 12] [--steps 100] [--jobs-a-day 20] [--graft bin/graft] [--postgres DIR]

A PostgreSQL, a server and a worker of their own. Measured are the resident memory of each when it is idle and after the jobs, the connections
of the server, and what each table and the artifact store have gained by the jobs, each on a data file of its own and with one checkpoint. Then what
1, 10 and 100 departments gain in a year with so many jobs a day each, if nothing is removed. Prints lines of JSON. Nothing here is a time, so
other work may run. The base model is the demo's: bytes of checkpoints and adapters grow with the adapter, not with the number of departments.
Needs PostgreSQL 14 or later (apt-get install postgresql) and Python 3.11.
"""
import atexit
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "drills"))
import postgres  # noqa: E402
from graft import BASE_MODEL, ENVIRONMENT, Server, arguments, rows, run  # noqa: E402

TABLES = """select relname, pg_total_relation_size(oid), (xpath('/row/n/text()', query_to_xml('select count(*) as n from ' || oid::regclass, false, true, '')))[1]
            from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"""
LARGEST_SHOWN = 8


def said(**what):
    print(json.dumps(what), flush=True)


def megabytes(process):
    """Resident memory of a process, now and at most."""
    status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines())
    return {"now_mb": int(status["VmRSS"].split()[0]) // 1024, "most_mb": int(status["VmHWM"].split()[0]) // 1024}


def connections(database):
    counted = database.sql("select count(*) from pg_stat_activity where datname = 'graft' and pid <> pg_backend_pid()")
    return int(counted)


def tables(database):
    """Rows and bytes of each table, indexes included."""
    database.sql("vacuum analyze")
    lines = database.sql(TABLES).splitlines()
    return {name: (int(count), int(size)) for name, size, count in (line.split("|") for line in lines)}


def stored(server):
    files = [each.stat().st_size for each in (server.directory / "artifacts/blobs").rglob("*") if each.is_file()]
    return len(files), sum(files)


def start_worker(a, server, work):
    token = server.command("worker-token", "create")
    config = work / "worker.properties"
    config.write_text(f"graft.data-dir={work / 'worker'}\ngraft.worker.threads=1\n")
    worker = subprocess.Popen([str(a.graft), "serve", "--role", "worker", "--server", server.url, "--join-token", token, "--config", config],
                              env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(work / "worker.log", "a"))
    atexit.register(worker.kill)
    return worker


def run_jobs(a, api, first, count):
    for number in range(first, first + count):
        file = api.upload(f"{number}.jsonl", rows(f"sizing {number}"))
        api.finish(api.submit(file, max_steps=a.steps, save_steps=a.steps // 2 + 1))


def grown(a, before, after, blobs_before, blobs_after):
    """A job's part of what was gained. A table's first pages are no growth, so the first job was before."""
    gained = {name: ((after[name][0] - before[name][0]) / a.jobs, (after[name][1] - before[name][1]) / a.jobs) for name in after}
    gained = {name: each for name, each in gained.items() if each[0] > 0 or each[1] > 0}
    for name, (count, size) in sorted(gained.items(), key=lambda each: -each[1][1])[:LARGEST_SHOWN]:
        said(table=name, rows_a_job=round(count, 1), bytes_a_job=round(size))
    rows_a_job, bytes_a_job = sum(each[0] for each in gained.values()), sum(each[1] for each in gained.values())
    blobs, stored_bytes = ((now - then) / a.jobs for now, then in zip(blobs_after, blobs_before))
    said(job_of_steps=a.steps, rows=round(rows_a_job, 1), database_bytes=round(bytes_a_job), artifacts=round(blobs, 1), artifact_bytes=round(stored_bytes))
    for departments in (1, 10, 100):
        jobs = departments * a.jobs_a_day * 365
        said(departments=departments, jobs_a_day=departments * a.jobs_a_day, jobs_a_year=jobs, rows_a_year=round(jobs * rows_a_job),
             database_gb_a_year=round(jobs * bytes_a_job / 1e9, 2), artifact_gb_a_year=round(jobs * stored_bytes / 1e9, 2))


def measure(a, work):
    database = postgres.Cluster(a.postgres or postgres.programs(), postgres.directory_for(work) / "database")
    database.create()
    server = Server(a.graft, work / "server", f"jdbc:postgresql://127.0.0.1:{database.port}/graft", role="server")
    server.start()
    said(what="server, idle", connections=connections(database), **megabytes(server.process.pid))
    api = server.prepare(BASE_MODEL)
    worker = start_worker(a, server, work)
    run_jobs(a, api, 0, 1)
    said(what="worker after a job", **megabytes(worker.pid))
    before, blobs = tables(database), stored(server)
    run_jobs(a, api, 1, a.jobs)
    said(what=f"server after {a.jobs + 1} jobs", connections=connections(database), **megabytes(server.process.pid))
    said(what=f"worker after {a.jobs + 1} jobs, without its trainers", **megabytes(worker.pid))
    grown(a, before, tables(database), blobs, stored(server))
    worker.terminate()
    worker.wait(60)
    server.stop()
    database.kill()


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--jobs", type=int, default=12)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--jobs-a-day", type=int, default=20)
    run("sizing", measure, parser.parse_args())
