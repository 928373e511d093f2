"""Graft's trainer for jobs larger than one device.

It speaks the protocol of ``dev.graft.training.protocol``: a run request in, events out as JSON
lines, directives in, and how it ended as a status. ``graft_ray.__main__`` is the program, alone or
under torchrun; ``graft_ray.on_ray`` is the entry point of a Ray job.
"""
