"""The processes of one run, by torch.distributed; one process alone needs none."""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
import torch.distributed as dist


class Group:
    """A process's place among those of its run, and the device that it computes on."""

    def __init__(self) -> None:
        together = dist.is_available() and dist.is_initialized()
        self.rank = dist.get_rank() if together else 0
        self.size = dist.get_world_size() if together else 1
        local = int(os.environ.get("LOCAL_RANK", "0"))
        cuda = torch.cuda.is_available()
        self.device = torch.device("cuda", local) if cuda else torch.device("cpu")
        if cuda:
            torch.cuda.set_device(self.device)

    @property
    def first(self) -> bool:
        """Whether this process speaks for the run: rank 0."""
        return self.rank == 0

    def total(self, values: list[float]) -> list[float]:
        """Sums over all processes, in float64."""
        if self.size == 1:
            return values
        sums = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(sums)
        return [float(each) for each in sums.tolist()]

    def from_first(self, value: int) -> int:
        """What rank 0 says."""
        if self.size == 1:
            return value
        said = torch.tensor(value, dtype=torch.int64, device=self.device)
        dist.broadcast(said, 0)
        return int(said.item())

    def text_from_first(self, text: str) -> str:
        """What rank 0 has read."""
        if self.size == 1:
            return text
        said = text.encode()
        size = self.from_first(len(said))
        data = torch.zeros(size, dtype=torch.uint8, device=self.device)
        if self.first:
            data.copy_(torch.tensor(list(said), dtype=torch.uint8))
        dist.broadcast(data, 0)
        return bytes(data.tolist()).decode()

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Adds up what each process has for its share of the rows, in one call a data type."""
        if self.size == 1:
            return
        by_type: dict[torch.dtype, list[torch.Tensor]] = {}
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            by_type.setdefault(parameter.grad.dtype, []).append(parameter.grad)
        for gradients in by_type.values():
            flat = torch.cat([each.reshape(-1) for each in gradients])
            dist.all_reduce(flat)
            parts = torch.split(flat, [each.numel() for each in gradients])
            for gradient, part in zip(gradients, parts, strict=True):
                gradient.copy_(part.view_as(gradient))

    def barrier(self) -> None:
        """Waits for all."""
        if self.size > 1:
            dist.barrier()


def join() -> Group:
    """Joins the processes that torchrun has started; a program alone is its own group."""
    if "RANK" in os.environ and int(os.environ.get("WORLD_SIZE", "1")) > 1:
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    return Group()


def leave() -> None:
    """Gives the connections back."""
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()
