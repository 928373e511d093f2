"""Rows of a training file: the formats of Graft that supervised training reads (docs/data.md).

The server has checked the file; what is wrong here is still told by line, and never trained.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graft_ray.protocol import BadRun

Message = dict[str, Any]

_ROLES = {"system", "user", "assistant", "tool", "developer"}


class BadRow(Exception):
    """What is wrong with one row, without the row's own text."""


@dataclass(frozen=True)
class Chat:
    """Turns of a chat; a weight of 0 keeps an assistant's turn from training."""

    messages: list[Message]
    tools: list[Any] | None


@dataclass(frozen=True)
class ChatCompletion:
    """Turns, and those that answer them."""

    prompt: list[Message]
    completion: list[Message]
    tools: list[Any] | None


@dataclass(frozen=True)
class Completion:
    """A text and how it goes on."""

    prompt: str
    completion: str


@dataclass(frozen=True)
class Text:
    """A text whose every token trains."""

    text: str


Example = Chat | ChatCompletion | Completion | Text


def read_examples(path: Path, param: str) -> Iterator[tuple[int, Example]]:
    """Line numbers, from 1, and rows. Raises BadRun at the first row that is none."""
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield number, _example(json.loads(line))
            except (BadRow, ValueError, TypeError) as e:
                raise at_line(param, number, e) from e


def at_line(param: str, number: int, problem: Exception) -> BadRun:
    """The problem of a row as the run's."""
    said = str(problem) if isinstance(problem, BadRow) else "is not a row of a known format"
    return BadRun(param, f"{param}, line {number} {said}")


def _example(row: Any) -> Example:
    if not isinstance(row, Mapping):
        raise BadRow("is not a JSON object")
    tools = row.get("tools")
    if tools is not None and not isinstance(tools, list):
        raise BadRow("tools must be a list")
    if "messages" in row:
        return Chat(_messages(row["messages"], "messages"), tools)
    if "prompt" in row and "completion" in row and "chosen" not in row:
        if isinstance(row["prompt"], list):
            completion = _messages(row["completion"], "completion")
            return ChatCompletion(_messages(row["prompt"], "prompt"), completion, tools)
        return Completion(_text(row["prompt"], "prompt"), _text(row["completion"], "completion"))
    if "text" in row and "label" not in row and "labels" not in row:
        return Text(_text(row["text"], "text"))
    raise BadRow(
        "has neither messages, nor prompt and completion, nor text; the trainer of jobs larger than"
        " one device reads no other rows"
    )


def _messages(value: Any, where: str) -> list[Message]:
    if not isinstance(value, list) or not value:
        raise BadRow(f"{where} must be a list of turns")
    return [_message(each, f"{where}[{i}]") for i, each in enumerate(value)]


def _message(value: Any, where: str) -> Message:
    if not isinstance(value, Mapping):
        raise BadRow(f"{where} must be an object")
    message = {key: each for key, each in value.items() if each is not None}
    role = message.get("role")
    if role not in _ROLES:
        raise BadRow(f"{where}.role must be system, user, assistant, tool or developer")
    # OpenAI's newer word for the same turn; templates know the older one
    message["role"] = "system" if role == "developer" else role
    if message.get("weight", 1) not in (0, 1):
        raise BadRow(f"{where}.weight must be 0 or 1")
    calls = role == "assistant" and isinstance(message.get("tool_calls"), list)
    message["content"] = _content(message.get("content"), calls, where)
    return message


def _content(content: Any, may_lack: bool, where: str) -> str:
    if isinstance(content, str):
        return content
    if content is None and may_lack:
        return ""
    if not isinstance(content, list):
        raise BadRow(f"{where}.content must be a string")
    parts = [part.get("text") if isinstance(part, Mapping) else None for part in content]
    if any(not isinstance(part, str) for part in parts):
        raise BadRow(f"{where}.content may hold parts of type text only")
    return "".join(str(part) for part in parts)


def _text(value: Any, where: str) -> str:
    if isinstance(value, str):
        return value
    raise BadRow(f"{where} must be a string")
