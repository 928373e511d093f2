"""PostgreSQL clusters of a drill: made, copied, killed and promoted with PostgreSQL's own programs."""
import atexit
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time

USER = "postgres"


def free_port():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


def programs():
    """The directory of the newest PostgreSQL that is installed."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/pg_basebackup"), key=lambda each: int(each.parts[4]))
    if not found:
        sys.exit("drill: no PostgreSQL server: apt-get install postgresql, or name the directory of its programs with --postgres")
    return found[-1].parent


def await_true(what, condition, seconds=60):
    """Polls: what is waited for is another program's, which cannot signal."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"drill: {what} did not come in {seconds} s")
        time.sleep(0.1)


class Cluster:
    """A database cluster on a port of its own, in `directory`. Root's runs as the user that the package makes."""

    def __init__(self, bin_directory, directory):
        self.bin = pathlib.Path(bin_directory)
        self.directory = pathlib.Path(directory)
        self.log = self.directory.with_suffix(".log")
        self.port = free_port()

    def run(self, program, *arguments, **more):
        command = [str(self.bin / program), *map(str, arguments)]
        if os.getuid() == 0:
            command = ["runuser", "-u", USER, "--", *command]
        ended = subprocess.run(command, cwd=self.directory.parent, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, **more)
        if ended.returncode:
            sys.exit(f"drill: {program} ended with {ended.returncode}: {ended.stderr[-1000:]} (log {self.log})")
        return ended.stdout

    def create(self, **settings):
        self.run("initdb", "-D", self.directory, "-U", "graft", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
        self.configure(**settings)
        self.start()
        self.sql("create database graft", database="postgres")

    def configure(self, **settings):
        """Settings of this cluster, over those that it was copied with."""
        lines = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": ""} | settings
        with open(self.directory / "postgresql.conf", "a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in lines.items())

    def start(self):
        atexit.register(self.kill)
        self.run("pg_ctl", "-D", self.directory, "-l", self.log, "-w", "start")

    def copy_to(self, other, *arguments):
        """A base backup of this cluster, as `other`."""
        self.run("pg_basebackup", "-h", "127.0.0.1", "-p", self.port, "-U", "graft", "-D", other.directory, "-X", "stream", "-c", "fast", *arguments)
        other.configure()

    def promote(self):
        self.run("pg_ctl", "-D", self.directory, "-w", "promote")

    def sql(self, statement, database="graft"):
        return self.run("psql", "-h", "127.0.0.1", "-p", self.port, "-U", "graft", "-d", database, "-XAtq", "-v", "ON_ERROR_STOP=1",
                        "-c", statement).strip()

    def processes(self):
        """Its postmaster, then all that this has started; empty if it does not run."""
        try:
            postmaster = int((self.directory / "postmaster.pid").read_text().split()[0])
            children = pathlib.Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        except OSError:
            return []
        return [postmaster, *map(int, children)]

    def receiver(self):
        """The process of a standby that takes the primary's log."""
        for process in self.processes()[1:]:
            if b"walreceiver" in pathlib.Path(f"/proc/{process}/cmdline").read_bytes():
                return process
        sys.exit(f"drill: the standby does not receive: {self.log}")

    def kill(self):
        """As when its machine is gone."""
        for process in self.processes():
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        await_true("the end of PostgreSQL", lambda: not self.listens())
        (self.directory / "postmaster.pid").unlink(missing_ok=True)

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def directory_for(work):
    """Where clusters may lie that root's PostgreSQL can write."""
    directory = work / "postgres"
    directory.mkdir()
    if os.getuid() == 0:
        shutil.chown(directory, pwd.getpwnam(USER).pw_uid)
    return directory
