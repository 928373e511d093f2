"""The lines are those of ``dev.graft.training``."""

from __future__ import annotations

from pathlib import Path

import pytest
from graft_ray.protocol import BadRun, Directive, Exit, failed, read_directive, read_request

# Written by ProtocolLines; ProtocolLinesTests holds it to the same.
REQUEST = (
    '{"adapter":{"objective":"sft"},"seed":7,"base":{"directory":"file:///a%20b/base","name":"tiny"},'
    '"data":{"training_file":"file:///t.jsonl","validation_file":null},'
    '"directories":{"output":"file:///out","checkpoints":"file:///%C3%BC/c",'
    '"resume_from":"file:///r","tokens":null},'
    '"parent":{"name":"p","directory":"file:///s"},'
    '"machine":{"device":"cuda","threads":2,"memory":5,"least":true}}'
)


def test_a_request_is_read_as_graft_writes_it() -> None:
    request = read_request(REQUEST)
    assert request.base == Path("/a b/base")
    assert (request.training_file, request.validation_file) == (Path("/t.jsonl"), None)
    assert (request.output, request.checkpoints) == (Path("/out"), Path("/ü/c"))
    assert (request.resume_from, request.parent) == (Path("/r"), Path("/s"))
    assert (request.parent_name, request.threads, request.least_memory) == ("p", 2, True)
    assert read_request(REQUEST.replace("file:///t.jsonl", "/t.jsonl")) == request


@pytest.mark.parametrize("line", ["", "[]", "{}", "1", REQUEST.replace("7", "null", 1)])
def test_what_is_no_request_is_refused(line: str) -> None:
    with pytest.raises(BadRun, match="no run request"):
        read_request(line)


def test_directives_and_failures_are_grafts() -> None:
    assert read_directive('{"directive":"stop_after_checkpoint"}') is Directive.STOP_AFTER_CHECKPOINT
    for line in ("[]", "{}", "x", '{"directive":"more"}'):
        with pytest.raises(ValueError):
            read_directive(line)
    assert failed(Exit.OUT_OF_MEMORY, "m")["failure"] == "out_of_memory"
