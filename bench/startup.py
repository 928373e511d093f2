#!/usr/bin/env python3
"""How long Graft takes to start: of one build, or of two in turn.

usage: bench/startup.py GRAFT [BEFORE] [--rounds 10] [--only NAME,...]

GRAFT and BEFORE are launchers (bin/graft of two checkouts, each started once before, so that it is built, and its AOT caches are made). Measured are `--version`; a
command of a client until it connects to its server; `key list` beside a server that runs; a server until it takes requests, on a new
data directory and on one that was used. A line of JSON for each, with the median and the extremes in seconds. Ends with 1 if a median of
GRAFT is above its bound. Nothing else may run.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

BOUNDS = {"version": 0.5, "client": 1.0, "key": 1.5, "serve-new": 6.0, "serve-again": 4.0}
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("GRAFT_", "SPRING_", "OPENAI_"))}
ENVIRONMENT |= {"GRAFT_API_KEY": "none", "GRAFT_JAVA_HOME": os.environ.get("GRAFT_JAVA_HOME", "")}
if not ENVIRONMENT["GRAFT_JAVA_HOME"]:
    del ENVIRONMENT["GRAFT_JAVA_HOME"]


def timed(status, *command):
    start = time.monotonic()
    ended = subprocess.run(list(map(str, command)), env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    seconds = time.monotonic() - start
    if ended.returncode != status:
        sys.exit(f"startup: {' '.join(map(str, command))} ended with {ended.returncode}: {ended.stderr[-500:]}")
    return seconds


class Server:
    """One that runs on a directory; `seconds` until it took requests."""

    def __init__(self, graft, directory):
        self.log = open(directory.parent / f"{directory.name}.log", "a+")
        start = time.monotonic()
        self.process = subprocess.Popen([graft, "serve", "--role", "server", "--port", "0", "--data-dir", directory], env=ENVIRONMENT,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            self.log.write(line)
            if line.startswith("Graft is running at "):
                self.url = line.split()[4].removesuffix("/v1;")
                break
        else:
            sys.exit(f"startup: {graft} serve ended: {directory.parent}/{directory.name}.log")
        try:
            urllib.request.urlopen(self.url + "/v1/models", timeout=30).close()
        except urllib.error.HTTPError as refused:  # without a key
            refused.close()
        self.seconds = time.monotonic() - start

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.stderr.read()
        self.process.wait()
        self.log.close()


def version(graft, _):
    return timed(0, graft, "--version")


def client(graft, _):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        start = time.monotonic()
        caller = subprocess.Popen([graft, "jobs", "list", "--server", f"http://127.0.0.1:{listener.getsockname()[1]}"], env=ENVIRONMENT,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        listener.settimeout(60)
        connection, _ = listener.accept()
        seconds = time.monotonic() - start
        caller.kill()
        caller.wait()
        connection.close()
        return seconds


def key(graft, directory):
    with Server(graft, directory / "key"):
        return timed(0, graft, "key", "list", "--data-dir", directory / "key")


def serve_new(graft, directory):
    fresh = directory / "new"
    shutil.rmtree(fresh, ignore_errors=True)
    with Server(graft, fresh) as server:
        return server.seconds


def serve_again(graft, directory):
    used = directory / "again"
    if not used.exists():
        Server(graft, used).__exit__()
    with Server(graft, used) as server:
        return server.seconds


MEASURES = {"version": version, "client": client, "key": key, "serve-new": serve_new, "serve-again": serve_again}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("graft", type=pathlib.Path)
    parser.add_argument("before", type=pathlib.Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--only", default=",".join(MEASURES))
    a = parser.parse_args()
    sides = {"now": a.graft.resolve()} | ({"before": a.before.resolve()} if a.before else {})
    missed = False
    with tempfile.TemporaryDirectory(prefix="graft-startup-") as scratch:
        os.chmod(scratch, 0o711)  # root's PostgreSQL runs as another user
        for name in a.only.split(","):
            seconds = {side: [] for side in sides}
            for _ in range(a.rounds):
                for side, graft in sides.items():
                    directory = pathlib.Path(scratch, side)
                    directory.mkdir(mode=0o711, exist_ok=True)
                    seconds[side].append(MEASURES[name](graft, directory))
            line = {"measure": name, "bound": BOUNDS[name], "rounds": a.rounds}
            for side, taken in seconds.items():
                line[side] = {"median": round(statistics.median(taken), 3), "least": round(min(taken), 3), "most": round(max(taken), 3)}
            print(json.dumps(line), flush=True)
            missed = missed or line["now"]["median"] > BOUNDS[name]
    sys.exit(missed)


if __name__ == "__main__":
    main()
