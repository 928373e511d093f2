"""Whoever started the run: hears its events, and asks it for checkpoints or its end.

Over standard streams, as a child process of a worker (torchrun hands rank 0's through); or by files
in a directory that both see, as a job on a cluster.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TextIO

from graft_ray.protocol import Directive, read_directive


class Supervisor(Protocol):
    """Spoken to by rank 0 alone."""

    def tell(self, event: Mapping[str, Any]) -> None:
        """One event."""

    def asked(self) -> Directive | None:
        """The next directive; None if there is none now."""


class Streams:
    """Directives as lines of standard input, events as lines of what was standard output.

    The end of the input means that the supervisor is gone: the process leaves at once.
    """

    def __init__(self, lines: TextIO, events: TextIO, orphaned: Callable[[], None]) -> None:
        self._lines = lines
        self._events = events
        self._orphaned = orphaned
        self._asked: queue.SimpleQueue[Directive] = queue.SimpleQueue()
        self.ended = False

    def listen(self) -> None:
        """From now on; the request has been read."""
        threading.Thread(target=self._listen, name="directives", daemon=True).start()

    def _listen(self) -> None:
        for line in self._lines:
            try:
                self._asked.put(read_directive(line))
            except ValueError:
                print("directive_unreadable", file=sys.stderr)
        if not self.ended:
            self._orphaned()

    def tell(self, event: Mapping[str, Any]) -> None:
        self._events.write(json.dumps(event) + "\n")
        self._events.flush()

    def asked(self) -> Directive | None:
        try:
            return self._asked.get_nowait()
        except queue.Empty:
            return None


class RunDirectory:
    """Files that the bridge of a Ray worker and the cluster both see.

    ``request.json``, ``directives.jsonl`` and ``alive`` are written by the bridge; ``events.jsonl``,
    ``end.json`` and ``failed-RANK.json`` by the run. ``alive`` changes every few seconds while
    somebody follows the run. When it has not for ``patience`` seconds, on this machine's monotonic
    clock, the run ends after a checkpoint, so that none is left over. When its directory is taken
    away, as that of a run whose cluster has lost it, it ends at once.
    """

    REQUEST = "request.json"
    DIRECTIVES = "directives.jsonl"
    ALIVE = "alive"
    EVENTS = "events.jsonl"
    END = "end.json"

    def __init__(
        self, directory: Path, patience: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.directory = directory
        self._patience = patience
        self._clock = clock
        self._read = 0
        self._alive = ""
        self._seen = clock()

    def tell(self, event: Mapping[str, Any]) -> None:
        with (self.directory / self.EVENTS).open("a", encoding="utf-8") as events:
            events.write(json.dumps(event) + "\n")

    def asked(self) -> Directive | None:
        if not (self.directory / self.REQUEST).exists():
            return Directive.CANCEL  # taken away: another run has the job
        said = self._next()
        if said is not None:
            return said
        alive = _text(self.directory / self.ALIVE)
        now = self._clock()
        if alive != self._alive:
            self._alive, self._seen = alive, now
        elif now - self._seen >= self._patience:
            return Directive.STOP_AFTER_CHECKPOINT
        return None

    def _next(self) -> Directive | None:
        lines = _text(self.directory / self.DIRECTIVES).split("\n")[:-1]
        while self._read < len(lines):
            self._read += 1
            try:
                return read_directive(lines[self._read - 1])
            except ValueError:
                print("directive_unreadable", file=sys.stderr)
        return None

    def end(self, status: int) -> None:
        """The run's last word, whole or not there."""
        making = self.directory / f"{self.END}.{os.getpid()}"
        making.write_text(json.dumps({"status": status}))
        os.replace(making, self.directory / self.END)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
