"""A model's chat template, and which characters of a rendered chat the assistant says."""

from __future__ import annotations

import datetime
from typing import Any

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase
from transformers.utils.chat_template_utils import render_jinja_template

from graft_ray.examples import BadRow, Chat, Message

PINNED_DATE = datetime.date(2024, 7, 26)
"""What templates are told when they ask for the date, so that a run can be repeated."""

Span = tuple[int, int]


def trains(message: Message) -> bool:
    """Whether a turn is the assistant's and its weight is not 0."""
    return bool(message["role"] == "assistant" and message.get("weight", 1) != 0)


class Template:
    """The tokenizer's chat template; by its own marks of generation, or by beginnings."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._text: str | None = tokenizer.chat_template
        if isinstance(self._text, dict):
            self._text = self._text.get("default")

    def render(self, messages: list[Message], tools: list[Any] | None, generation: bool) -> str:
        """The text that the model sees. Raises BadRow if the template refuses it."""
        return self._rendered(messages, tools, generation, marks=False)[0]

    def _rendered(
        self, messages: list[Message], tools: list[Any] | None, generation: bool, marks: bool
    ) -> tuple[str, list[Span]]:
        if self._text is None:
            raise BadRow("is a chat, and the base model has no chat template")
        try:
            texts, spans = render_jinja_template(
                conversations=[messages],
                tools=tools,
                chat_template=self._text,
                return_assistant_tokens_mask=marks,
                add_generation_prompt=generation,
                strftime_now=PINNED_DATE.strftime,
                **self._tokenizer.special_tokens_map,
            )
        except (TemplateError, TypeError, ValueError) as e:
            raise BadRow(f"does not go with the model's chat template: {e}") from e
        return texts[0], list(spans[0]) if marks else []

    def assistant(self, chat: Chat) -> tuple[str, list[Span]]:
        """The whole chat, and the characters of the turns that train."""
        if self._text is not None and "{% generation" in self._text.replace("{%-", "{%"):
            text, spans = self._rendered(chat.messages, chat.tools, False, marks=True)
            return text, self._weighed(chat, spans)
        whole = self.render(chat.messages, chat.tools, False)
        return whole, self._by_beginnings(chat, whole)

    def _weighed(self, chat: Chat, spans: list[Span]) -> list[Span]:
        turns = [each for each in chat.messages if each["role"] == "assistant"]
        training = [trains(each) for each in turns]
        if all(training) or len(spans) == sum(training) != len(turns):
            return spans
        if len(spans) == len(turns):
            return [span for span, trained in zip(spans, training, strict=True) if trained]
        raise BadRow("has a turn of weight 0, and the chat template does not mark each turn")

    def _by_beginnings(self, chat: Chat, whole: str) -> list[Span]:
        spans = []
        for i, message in enumerate(chat.messages):
            if not trains(message):
                continue
            before = self.render(chat.messages[:i], chat.tools, True)
            answered = self.render(chat.messages[: i + 1], chat.tools, False)
            if not whole.startswith(before) or not whole.startswith(answered):
                raise BadRow(
                    f"has turn {i}, which the model's chat template writes otherwise when later"
                    " turns follow; the trainer of jobs larger than one device cannot learn it"
                )
            spans.append((len(before), self._end(answered, len(before))))
        return spans

    def _end(self, text: str, begin: int) -> int:
        """Behind the last eos; without one behind the last special token; else the whole turn."""
        eos = self._tokenizer.eos_token
        for tokens in ([eos] if eos else [], special_tokens(self._tokenizer)):
            ends = [at + len(token) for token in tokens if (at := text.rfind(token)) >= begin]
            if ends:
                return max(ends)
        return len(text)


def special_tokens(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """Texts of the tokens that a row's own text must not become."""
    added = tokenizer.added_tokens_decoder.values()
    return [token.content for token in added if token.special and token.content]
