"""How a Ray job ended, from what its processes left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from graft_ray.on_ray import KILLED, _failure
from graft_ray.protocol import Exit, failed
from graft_ray.supervisor import RunDirectory


def left(rank: int, kind: Exit, peer: bool) -> dict[str, Any]:
    return {"rank": rank, "event": failed(kind, f"of rank {rank}"), "peer": peer}


@pytest.mark.parametrize(
    ("said", "status", "told"),
    [
        ([], KILLED, None),
        ([left(0, Exit.TRANSIENT, True)], KILLED, None),
        ([left(0, Exit.TRANSIENT, True), left(1, Exit.OUT_OF_MEMORY, False)], 3, "of rank 1"),
        ([left(0, Exit.TRANSIENT, False), left(1, Exit.BAD_INPUT, False)], 2, "of rank 1"),
        ([left(0, Exit.TRANSIENT, True), left(1, Exit.TRANSIENT, False)], 1, "of rank 1"),
    ],
)
def test_what_a_user_can_mend_comes_first(
    said: list[dict[str, Any]], status: int, told: str | None, tmp_path: Path
) -> None:
    for each in said:
        (tmp_path / f"failed-{each['rank']}.json").write_text(json.dumps(each))
    assert _failure(RunDirectory(tmp_path, 60)) == status
    events = tmp_path / "events.jsonl"
    assert (json.loads(events.read_text())["message"] if events.exists() else None) == told
