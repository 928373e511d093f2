"""Micro-batches as tensors, and each process's share of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from graft_ray.rows import IGNORE, Row


@dataclass(frozen=True)
class Batch:
    """``input_ids``, ``attention_mask``, ``labels``: int64, [rows, width], padded to the right."""

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    labels: torch.Tensor

    def targets(self) -> int:
        """Tokens whose loss counts."""
        return int((self.labels[:, 1:] != IGNORE).sum())

    def tokens(self) -> int:
        """Tokens without padding."""
        return int(self.attention_mask.sum())

    def share(self, rank: int, size: int) -> Batch:
        """Each process takes every ``size``-th row.

        One for which there is none takes a row without labels, so that all processes make the same
        calls.
        """
        if size == 1:
            return self
        if rank < self.labels.shape[0]:
            mine = slice(rank, None, size)
            return Batch(self.input_ids[mine], self.attention_mask[mine], self.labels[mine])
        nothing = torch.full_like(self.labels[:1], IGNORE)
        return Batch(self.input_ids[:1], self.attention_mask[:1], nothing)

    def to(self, device: torch.device) -> Batch:
        """The same there."""
        return Batch(
            self.input_ids.to(device), self.attention_mask.to(device), self.labels.to(device)
        )


def collate(rows: Sequence[Row], multiple_of: int) -> Batch:
    """As wide as the longest row, rounded up."""
    width = math.ceil(max(len(row.ids) for row in rows) / multiple_of) * multiple_of
    ids = torch.zeros(len(rows), width, dtype=torch.int64)
    mask, labels = torch.zeros_like(ids), torch.full_like(ids, IGNORE)
    for i, row in enumerate(rows):
        ids[i, : len(row.ids)] = torch.tensor(row.ids)
        labels[i, : len(row.ids)] = torch.tensor(row.labels)
        mask[i, : len(row.ids)] = 1
    return Batch(ids, mask, labels)
