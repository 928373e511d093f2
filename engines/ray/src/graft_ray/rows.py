"""Rows to tokens and labels, as Graft's ``RowTokenizer`` and TRL do it.

A row becomes one text that is tokenised once. A completion begins at the first token that differs
from those of the prompt alone, as tokens may merge at the border.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerBase

from graft_ray.examples import (
    BadRow,
    Chat,
    ChatCompletion,
    Completion,
    Example,
    Text,
    at_line,
    read_examples,
)
from graft_ray.protocol import BadRun
from graft_ray.settings import Data
from graft_ray.template import Template, special_tokens

IGNORE = -100
"""The label of a token that does not train."""


@dataclass(frozen=True)
class Row:
    """Token ids and labels of equal length; ``line`` from 1."""

    line: int
    ids: list[int]
    labels: list[int]
    cut: bool = False

    def targets(self) -> int:
        """Tokens whose loss counts; nothing predicts the first of a row."""
        return sum(label != IGNORE for label in self.labels[1:])

    def trains(self) -> bool:
        """Whether any token has a label."""
        return any(label != IGNORE for label in self.labels)


@dataclass(frozen=True)
class Rows:
    """The rows of a file that train."""

    rows: list[Row]
    dropped: int
    truncated: int

    def lengths(self) -> list[int]:
        """Tokens of each row."""
        return [len(row.ids) for row in self.rows]

    def tokens(self) -> int:
        """Of all rows."""
        return sum(self.lengths())

    def targets(self) -> int:
        """Of all rows."""
        return sum(row.targets() for row in self.rows)


class RowTokenizer:
    """Turns rows into tokens, cut to ``max_length`` as ``mode`` says."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        options: Data,
        max_length: int | None = None,
        mode: str = "keep_start",
    ) -> None:
        self._tokenizer = tokenizer
        self._template = Template(tokenizer)
        self._options = options
        self._max_length = max_length
        self._mode = mode
        self._special = special_tokens(tokenizer)
        empty = tokenizer("")["input_ids"]
        self._bos = empty[:1] if empty and empty[0] == tokenizer.bos_token_id else []

    def read(self, path: Path, param: str) -> Rows:
        """A whole file. Raises BadRun with the line of the first row that cannot train."""
        rows, dropped, truncated = [], 0, 0
        for line, example in read_examples(path, param):
            try:
                row = self.tokenize(line, example)
            except BadRow as e:
                raise at_line(param, line, e) from e
            truncated += row.cut
            if row.trains():
                rows.append(row)
            else:
                dropped += 1
        read = Rows(rows, dropped, truncated)
        if read.targets() == 0:
            raise BadRun(param, f"{param}: no row has a trained token ({dropped} rows skipped)")
        return read

    def tokenize(self, line: int, example: Example) -> Row:
        """Raises BadRow if settings or template do not go with the row, or it is too long."""
        self._refuse_special(example)
        if isinstance(example, Chat) and self._options.mask_history:
            example = _last_answer(example)
        match example:
            case Chat():
                return self._chat(line, example)
            case ChatCompletion():
                return self._chat_completion(line, example)
            case Completion():
                return self._completion(line, example)
            case Text():
                self._unset("completion_only_loss", self._options.completion_only_loss)
                self._unset("assistant_only_loss", self._options.assistant_only_loss)
                ids = self._ids(self._with_eos(example.text))
                return self._cut(line, ids, list(ids), 0, 0)

    def _chat(self, line: int, chat: Chat) -> Row:
        self._unset("completion_only_loss", self._options.completion_only_loss)
        if self._options.assistant_only_loss is False:
            ids = self._plain(self._template.render(chat.messages, chat.tools, False))
            return self._cut(line, ids, list(ids), 0, self._system(chat.messages))
        ids, labels = self._assistant(chat)
        return self._cut(line, ids, labels, _last_run(labels), self._system(chat.messages))

    def _chat_completion(self, line: int, pair: ChatCompletion) -> Row:
        prompt = self._plain(self._template.render(pair.prompt, pair.tools, True))
        both = Chat(pair.prompt + pair.completion, pair.tools)
        if self._options.assistant_only_loss:
            ids, labels = self._assistant(both)
        else:
            ids = self._plain(self._template.render(both.messages, both.tools, False))
            labels = list(ids)
        return self._answered(line, prompt, ids, labels, self._system(pair.prompt))

    def _completion(self, line: int, pair: Completion) -> Row:
        self._unset("assistant_only_loss", self._options.assistant_only_loss)
        ids = self._ids(pair.prompt + self._with_eos(pair.completion))
        return self._answered(line, self._ids(pair.prompt), ids, list(ids), 0)

    def _answered(
        self, line: int, prompt: list[int], ids: list[int], labels: list[int], system: int
    ) -> Row:
        pairs = zip(prompt, ids, strict=False)
        answer = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(prompt), len(ids)))
        if self._options.completion_only_loss is not False:
            labels[:answer] = [IGNORE] * answer
        return self._cut(line, ids, labels, answer, system)

    def _assistant(self, chat: Chat) -> tuple[list[int], list[int]]:
        text, spans = self._template.assistant(chat)
        made = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        ids: list[int] = made["input_ids"]
        labels = [
            token if any(start < to and end > begin for begin, to in spans) else IGNORE
            for token, (start, end) in zip(ids, made["offset_mapping"], strict=True)
        ]
        return ids, labels

    def _cut(self, line: int, ids: list[int], labels: list[int], answer: int, system: int) -> Row:
        limit = self._max_length
        if limit is None or len(ids) <= limit:
            return Row(line, ids, labels)
        if self._mode == "refuse":
            raise BadRow(f"is {len(ids)} tokens long, max_length is {limit}")
        begin, end = limit, len(ids)
        if self._mode == "keep_end":
            begin, end = 0, len(ids) - limit
        elif self._mode == "split_budget":
            if answer == 0:
                raise BadRow(f"is {len(ids)} tokens long, and has no prompt for split_budget to cut")
            begin = min(system, answer)
            room = limit - begin - (len(ids) - answer)
            begin, end = (0, len(ids)) if room < 0 else (begin, answer - room)
        return Row(line, ids[:begin] + ids[end:], labels[:begin] + labels[end:], cut=True)

    def _system(self, messages: list[dict[str, Any]]) -> int:
        """Tokens of a leading system turn alone, for split_budget."""
        if self._mode != "split_budget" or messages[0]["role"] != "system":
            return 0
        return len(self._plain(self._template.render(messages[:1], None, False)))

    def _plain(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def _ids(self, text: str) -> list[int]:
        ids = self._plain(text)
        return ids if not self._bos or ids[:1] == self._bos else self._bos + ids

    def _with_eos(self, text: str) -> str:
        eos = self._tokenizer.eos_token
        return text if eos is None or text.endswith(eos) else text + eos

    @staticmethod
    def _unset(setting: str, value: bool | None) -> None:
        if value:
            raise BadRow(f"is a row that {setting} does not go with")

    def _refuse_special(self, example: Example) -> None:
        if self._options.allow_special_tokens:
            return
        for text in _texts(list(vars(example).values())):
            for token in self._special:
                if token in text:
                    raise BadRow(f"holds {token}, which is a control token of this model")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def _last_answer(chat: Chat) -> ChatCompletion:
    for i in range(len(chat.messages) - 1, -1, -1):
        if chat.messages[i]["role"] == "assistant":
            return ChatCompletion(chat.messages[:i], chat.messages[i : i + 1], chat.tools)
    raise BadRow("has no assistant turn to learn from")


def _last_run(labels: list[int]) -> int:
    """Where the last stretch of trained tokens begins."""
    at = len(labels) - 1
    while at >= 0 and labels[at] == IGNORE:
        at -= 1
    while at >= 0 and labels[at] != IGNORE:
        at -= 1
    return at + 1
