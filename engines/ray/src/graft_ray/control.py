"""What a run has been asked for, the same in all of its processes."""

from __future__ import annotations

from graft_ray.group import Group
from graft_ray.protocol import Directive
from graft_ray.supervisor import Supervisor


class Cancelled(Exception):
    """Ends the run at once."""


class Stopped(Exception):
    """Ends the run after a checkpoint, where there is something new to keep."""


class Control:
    """Rank 0 hears the supervisor; all hear rank 0, at the same places."""

    def __init__(self, group: Group, supervisor: Supervisor) -> None:
        self._group = group
        self._supervisor = supervisor
        self._checkpoint = False
        self._stop = False

    def poll(self) -> None:
        """Raises Cancelled. All processes call it at the same places."""
        cancel = False
        if self._group.first:
            while (said := self._supervisor.asked()) is not None:
                self._checkpoint |= said is Directive.CHECKPOINT
                self._stop |= said is Directive.STOP_AFTER_CHECKPOINT
                cancel |= said is Directive.CANCEL
                if self._stop or cancel:
                    break
        bits = self._group.from_first(self._checkpoint | self._stop << 1 | cancel << 2)
        self._checkpoint, self._stop = bool(bits & 1), bool(bits & 2)
        if bits & 4:
            raise Cancelled

    def poll_repeatable(self) -> None:
        """Between steps, and in what changes nothing of the run. Raises Stopped too."""
        self.poll()
        if self._stop:
            raise Stopped

    def take_checkpoint(self) -> bool:
        """Whether one was asked for since the last call."""
        asked, self._checkpoint = self._checkpoint, False
        return asked
