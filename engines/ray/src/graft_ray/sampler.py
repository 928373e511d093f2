"""Which rows make up optimiser step k: ``dev.graft.training.BatchPlan`` in Python.

A pure function of settings, seed, row lengths and k, and of nothing else: not of the number of
processes. The rows of a step are those that one device would have had.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from graft_ray.settings import Training

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15

GROUP = 50
"""transformers sorts by length inside groups of up to this many batches."""


class SplitMix64:
    """SplitMix64 (Steele, Lea, Flood 2014), keyed as Graft's."""

    def __init__(self, *key: int) -> None:
        self._state = 0
        for part in key:
            self._state = _finish((self._state + _GOLDEN + part) & _MASK)

    def next(self) -> int:
        """64 bits, unsigned."""
        self._state = (self._state + _GOLDEN) & _MASK
        return _finish(self._state)

    def below(self, bound: int) -> int:
        """Uniform in 0..bound-1."""
        return (self.next() >> 1) % bound


def _finish(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


class BatchPlan:
    """The last window of an epoch may be shorter, and is a full step."""

    def __init__(self, training: Training, seed: int, lengths: Sequence[int]) -> None:
        self._training = training
        self._seed = seed
        self._lengths = lengths
        rows = training.per_device_train_batch_size
        count = len(lengths)
        whole = count // rows if training.dataloader_drop_last else math.ceil(count / rows)
        self._micro_batches = whole
        self._windows = math.ceil(whole / training.gradient_accumulation_steps)
        self._ordered = -1
        self._order: list[int] = []

    def total_steps(self) -> int:
        """Optimiser steps of the run; 0 where there are too few rows for one."""
        if self._windows == 0:
            return 0
        if self._training.max_steps > 0:
            return self._training.max_steps
        return math.ceil(self._training.num_train_epochs * self._windows)

    def epochs(self, steps: int) -> float:
        """Passes over the data that so many steps make."""
        whole, rest = divmod(steps, self._windows)
        return whole + rest * self._training.gradient_accumulation_steps / self._micro_batches

    def ends_epoch(self, step: int) -> bool:
        """Whether so many steps are whole passes over the data."""
        return step % self._windows == 0

    def in_last_epochs(self, step: int) -> bool:
        """Whether the end of this epoch is one of the last three, as OpenAI keeps them."""
        return step > self.total_steps() - 3 * self._windows

    def window(self, step: int) -> list[list[int]]:
        """The micro-batches of a step, from 0, as row numbers."""
        epoch, at = divmod(step, self._windows)
        if epoch != self._ordered:
            self._order = self._ordering(epoch)
            self._ordered = epoch
        accumulation = self._training.gradient_accumulation_steps
        rows = self._training.per_device_train_batch_size
        first = at * accumulation
        last = min(self._micro_batches, first + accumulation)
        return [self._order[m * rows : (m + 1) * rows] for m in range(first, last)]

    def _ordering(self, epoch: int) -> list[int]:
        strategy = self._training.train_sampling_strategy
        if strategy == "sequential":
            return list(range(len(self._lengths)))
        order = self._permutation(epoch)
        return self._grouped(order) if strategy == "group_by_length" else order

    def _permutation(self, epoch: int) -> list[int]:
        rows = list(range(len(self._lengths)))
        random = SplitMix64(self._seed, epoch)
        for i in range(len(rows) - 1, 0, -1):
            j = random.below(i + 1)
            rows[i], rows[j] = rows[j], rows[i]
        return rows

    def _grouped(self, rows: list[int]) -> list[int]:
        training, lengths = self._training, self._lengths
        batch = training.per_device_train_batch_size * training.gradient_accumulation_steps
        size = batch * max(1, min(GROUP, len(rows) // (batch * 4)))
        longest = 0
        for begin in range(0, len(rows), size):
            rows[begin : begin + size] = sorted(
                rows[begin : begin + size], key=lambda row: -lengths[row]
            )
            if lengths[rows[begin]] > lengths[rows[longest]]:
                longest = begin
        rows[0], rows[longest] = rows[longest], rows[0]
        return rows
