"""A trainer as a process: see ``dev.graft.training``.

    python -m graft_ray < request.json
    torchrun --standalone --nproc_per_node 2 -m graft_ray < request.json

The first line of standard input is the run request, later ones are directives; events go to
standard output, one JSON object a line. The exit status is Graft's ``TrainerExit``; torchrun makes
1 of every other than 0, and the last event tells. When the input ends, the run goes on under
``--detached`` and leaves at once otherwise, as a worker's child must.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import NoReturn

from graft_ray.ending import guarded
from graft_ray.group import Group, join, leave
from graft_ray.protocol import Exit, read_request
from graft_ray.supervisor import Streams


def main() -> NoReturn:
    """The program."""
    options = argparse.ArgumentParser(prog="graft-ray", description="Run one training.")
    options.add_argument(
        "--fsdp", action="store_true", help="divide the base model among the processes"
    )
    options.add_argument(
        "--detached", action="store_true", help="go on when standard input ends"
    )
    said = options.parse_args()
    events = sys.stdout
    sys.stdout = sys.stderr  # whatever a library prints must not come between the lines
    orphaned = (lambda: None) if said.detached else (lambda: os._exit(1))
    streams = Streams(sys.stdin, events, orphaned)
    group: list[Group] = []

    def work() -> Exit:
        from graft_ray.training import run

        group.append(join())
        request = read_request(group[0].text_from_first(_line(group[0])))
        if group[0].first:
            streams.listen()
        return run(request, group[0], streams, sharded=said.fsdp)

    first = os.environ.get("RANK", "0") == "0"
    status = guarded(work, streams.tell if first else lambda event: None)
    streams.ended = True
    leave()
    sys.stderr.flush()
    os._exit(status)  # not behind the thread that still reads


def _line(group: Group) -> str:
    return sys.stdin.readline() if group.first else ""


if __name__ == "__main__":
    main()
