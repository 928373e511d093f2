"""Graft's trainer for jobs larger than one device.

It speaks the protocol of ``dev.graft.training``: a run request in, events out as JSON
lines, directives in, and how it ended as a status. ``graft_ray.__main__`` is the program, alone or
under torchrun; ``graft_ray.on_ray`` is the entry point of a Ray job.
"""

import os

# Models are directories here: no library asks a hub for anything, or tells it what is trained.
for _name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
    os.environ[_name] = "1"
