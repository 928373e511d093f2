"""Learning rates by transformers' own schedules."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

import torch
from transformers import get_scheduler

from graft_ray.protocol import BadRun
from graft_ray.settings import Training


def learning_rates(training: Training, total: int) -> Callable[[int], float]:
    """The rate used in step i, from 0."""
    warmup = training.warmup_steps or math.ceil(total * training.warmup_ratio)
    # The schedules of transformers are functions that hang on an optimiser: one of nothing.
    nothing = torch.optim.SGD([torch.zeros(1)], lr=training.learning_rate)
    try:
        scheduler = get_scheduler(
            training.lr_scheduler_type,
            nothing,
            num_warmup_steps=warmup,
            num_training_steps=total,
            scheduler_specific_kwargs=dict(training.lr_scheduler_kwargs),
        )
    except (TypeError, ValueError) as e:
        raise BadRun("adapter.training.lr_scheduler_type", str(e)) from e
    multiplier = cast(Callable[[int], float], scheduler.lr_lambdas[0])
    return lambda step: training.learning_rate * multiplier(step)
