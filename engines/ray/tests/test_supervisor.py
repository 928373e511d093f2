"""A run on a cluster hears its bridge by files, and does not outlive it for ever."""

from __future__ import annotations

import json
from pathlib import Path

from graft_ray.protocol import Directive
from graft_ray.supervisor import RunDirectory


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def laid(directory: Path, clock: Clock) -> RunDirectory:
    (directory / "request.json").write_text("{}")
    return RunDirectory(directory, 60, clock)


def test_directives_are_heard_once_and_only_whole(tmp_path: Path) -> None:
    run = laid(tmp_path, Clock())
    assert run.asked() is None
    file = tmp_path / "directives.jsonl"
    file.write_text('{"directive": "checkpoint"}\nnonsense\n{"directive": "canc')
    assert run.asked() is Directive.CHECKPOINT
    assert run.asked() is None
    file.write_text('{"directive": "checkpoint"}\nnonsense\n{"directive": "cancel"}\n')
    assert run.asked() is Directive.CANCEL
    assert run.asked() is None


def test_a_run_that_nobody_follows_ends_after_a_checkpoint(tmp_path: Path) -> None:
    clock = Clock()
    run = laid(tmp_path, clock)
    alive = tmp_path / "alive"
    for beat in range(5):
        alive.write_text(str(beat))
        assert run.asked() is None
        clock.now += 59
    assert run.asked() is None
    clock.now += 1
    assert run.asked() is Directive.STOP_AFTER_CHECKPOINT


def test_a_run_whose_directory_was_taken_away_ends_at_once(tmp_path: Path) -> None:
    run = laid(tmp_path, Clock())
    assert run.asked() is None
    (tmp_path / "request.json").unlink()
    assert run.asked() is Directive.CANCEL


def test_events_and_the_end_are_files(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path, 60, Clock())
    run.tell({"type": "evaluating", "step": 1})
    run.tell({"type": "evaluating", "step": 2})
    run.end(10)
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2]
    assert json.loads((tmp_path / "end.json").read_text()) == {"status": 10}
