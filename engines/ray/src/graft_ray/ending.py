"""How a run ended, in words for the user and as a status."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from graft_ray.protocol import BadRun, Exit, failed

_FULL = ("out of memory", "can't allocate memory", "not enough memory", "std::bad_alloc")
"""What torch says where memory runs out."""


def guarded(work: Callable[[], Exit], tell: Callable[[Mapping[str, Any]], None]) -> Exit:
    """The work's end; the last event of a failure says which."""
    try:
        return work()
    except Exception as e:
        event = failure(e)
        if event["failure"] == "transient":
            traceback.print_exc(file=sys.stderr)
        tell(event)
        return Exit[str(event["failure"]).upper()]


def failure(e: Exception) -> dict[str, Any]:
    """The last event of a run that this ended."""
    if isinstance(e, BadRun):
        return failed(Exit.BAD_INPUT, str(e), e.param)
    if isinstance(e, MemoryError) or any(text in str(e) for text in _FULL):
        return failed(
            Exit.OUT_OF_MEMORY,
            "the run does not fit into the device's memory; reduce per_device_train_batch_size or"
            " max_length",
        )
    return failed(Exit.TRANSIENT, "the trainer failed; see its log for details")
