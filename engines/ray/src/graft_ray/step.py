"""One optimiser step over all processes.

The loss is summed over the window of accumulation and over the processes, and divided by the
trained tokens of the whole window: the number of processes changes no number but by rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from transformers.trainer_pt_utils import get_parameter_names

from graft_ray.batch import Batch
from graft_ray.group import Group
from graft_ray.model import trained
from graft_ray.rows import IGNORE
from graft_ray.sampler import SplitMix64
from graft_ray.settings import Training

NO_DECAY = [r"bias", r"layernorm", r"rmsnorm", r"(?:^|\.)norm(?:$|\.)", r"_norm(?:$|\.)"]
"""As transformers' Trainer: parameters whose weights do not decay."""


@dataclass(frozen=True)
class Loss:
    """Sums over all processes, in nats and in tokens; ``computed`` counts padding too."""

    sum: float
    targets: int
    correct: int
    computed: int

    def mean(self) -> float:
        """A trained token."""
        return self.sum / self.targets if self.targets else 0.0

    def accuracy(self) -> float:
        """Share of right tokens."""
        return self.correct / max(1, self.targets)


class Optimiser:
    """AdamW over what trains, as torch has it; the seed keys dropout."""

    def __init__(
        self, model: torch.nn.Module, training: Training, group: Group, seed: int
    ) -> None:
        self._model = model
        self._training = training
        self._group = group
        self._seed = seed
        self.parameters = trained(model)
        decaying = set(get_parameter_names(model, [torch.nn.LayerNorm], NO_DECAY))
        parts: list[list[torch.nn.Parameter]] = [[], []]
        for name, parameter in self.parameters.items():
            parts[name not in decaying].append(parameter)
        self.adam = torch.optim.AdamW(
            [
                {"params": part, "weight_decay": decay}
                for part, decay in zip(parts, (training.weight_decay, 0.0), strict=True)
                if part
            ],
            lr=training.learning_rate,
            betas=(training.adam_beta1, training.adam_beta2),
            eps=training.adam_epsilon,
        )

    def gradients(self, step: int, micro: int, batch: Batch, targets: int) -> list[float]:
        """Adds those of this process's rows; returns its sums, see ``total``."""
        group = self._group
        torch.manual_seed(SplitMix64(self._seed, step, micro, group.rank).next() >> 1)
        share = batch.share(group.rank, group.size).to(group.device)
        loss, sums = self._losses(share, self._training.label_smoothing_factor)
        (loss / max(1, targets)).backward()  # type: ignore[no-untyped-call]
        return sums

    def update(self, rate: float) -> float:
        """Sums, clips, steps; returns the norm before clipping."""
        parameters = list(self.parameters.values())
        self._group.sum_gradients(parameters)
        limit = self._training.max_grad_norm or float("inf")
        norm = torch.nn.utils.clip_grad_norm_(parameters, limit)
        for part in self.adam.param_groups:
            part["lr"] = rate
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)
        return float(norm)

    def total(self, sums: Sequence[list[float]]) -> Loss:
        """What all processes have for some batches."""
        added = self._group.total([sum(each) for each in zip(*sums, strict=True)])
        return Loss(added[0], round(added[1]), round(added[2]), round(added[3]))

    @torch.no_grad()
    def evaluate(self, batch: Batch) -> list[float]:
        """Sums of this process's rows, without smoothing."""
        self._model.eval()
        try:
            share = batch.share(self._group.rank, self._group.size).to(self._group.device)
            return self._losses(share, 0.0)[1]
        finally:
            self._model.train()

    def _losses(self, batch: Batch, smoothing: float) -> tuple[torch.Tensor, list[float]]:
        logits = self._model(
            input_ids=batch.input_ids, attention_mask=batch.attention_mask
        ).logits[:, :-1].float()
        labels = batch.labels[:, 1:]
        keep = labels != IGNORE
        picked, wanted = logits[keep], labels[keep]
        loss = F.cross_entropy(picked, wanted, reduction="sum", label_smoothing=smoothing)
        if wanted.numel() == 0:
            loss = logits.sum() * 0.0  # of the graph, so that every process goes backward
        correct = int((picked.argmax(-1) == wanted).sum())
        computed = batch.input_ids.numel()
        return loss, [float(loss.detach()), wanted.numel(), correct, computed]
