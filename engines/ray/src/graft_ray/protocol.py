"""What a trainer and its supervisor say to each other: ``dev.graft.training`` in Python."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


class Exit(IntEnum):
    """How a run ended."""

    DONE = 0
    TRANSIENT = 1
    BAD_INPUT = 2
    OUT_OF_MEMORY = 3
    STOPPED_AFTER_CHECKPOINT = 10
    CANCELLED = 11


class Directive(StrEnum):
    """What a supervisor may ask for; heard before the next step."""

    CHECKPOINT = "checkpoint"
    STOP_AFTER_CHECKPOINT = "stop_after_checkpoint"
    CANCEL = "cancel"


class BadRun(Exception):
    """A run that cannot succeed however often it is tried.

    ``param`` is the JSON path in the request where the fault is there; the message is for the user:
    no path of this machine, no stack trace.
    """

    def __init__(self, param: str | None, message: str) -> None:
        super().__init__(message)
        self.param = param


@dataclass(frozen=True)
class RunRequest:
    """One run; every path is one of this machine.

    ``tokens`` of Graft's directories is not used: rows are tokenised by each run.
    """

    adapter: dict[str, Any]
    seed: int
    base: Path
    base_name: str
    training_file: Path
    validation_file: Path | None
    output: Path
    checkpoints: Path
    resume_from: Path | None
    parent_name: str | None
    parent: Path | None
    threads: int
    least_memory: bool


def read_request(text: str) -> RunRequest:
    """The line that ``ProtocolLines.write(RunRequest)`` makes.

    Raises BadRun if it is none.
    """
    try:
        said = json.loads(text)
        directories, data, machine = said["directories"], said["data"], said["machine"]
        parent = said.get("parent") or {}
        return RunRequest(
            adapter=_object(said["adapter"]),
            seed=int(said["seed"]),
            base=_known(said["base"]["directory"]),
            base_name=str(said["base"]["name"]),
            training_file=_known(data["training_file"]),
            validation_file=_path(data.get("validation_file")),
            output=_known(directories["output"]),
            checkpoints=_known(directories["checkpoints"]),
            resume_from=_path(directories.get("resume_from")),
            parent_name=parent.get("name"),
            parent=_path(parent.get("directory")),
            threads=int(machine.get("threads") or 0),
            least_memory=bool(machine.get("least")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        raise BadRun(None, "the trainer received no run request") from e


def read_directive(line: str) -> Directive:
    """Raises ValueError if the line is no directive."""
    said = json.loads(line)
    if not isinstance(said, dict):
        raise ValueError("not a directive")
    return Directive(str(said.get("directive")))


def failed(failure: Exit, message: str, param: str | None = None) -> dict[str, Any]:
    """The last event of a run that failed."""
    return {"type": "failed", "failure": failure.name.lower(), "message": message, "param": param}


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("adapter must be an object")
    return value


def _path(value: Any) -> Path | None:
    return None if value is None else _known(value)


def _known(value: Any) -> Path:
    """Graft writes paths as URIs; people write them plainly."""
    if not isinstance(value, str):
        raise ValueError("not a path")
    return Path(unquote(urlsplit(value).path) if value.startswith("file:") else value)
