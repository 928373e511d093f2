"""From a request to its result: the recipe, in each process of a run."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable

import torch
from transformers import AutoTokenizer

from graft_ray.batch import Batch, collate
from graft_ray.checkpoint import Checkpoints, identity
from graft_ray.control import Cancelled, Control, Stopped
from graft_ray.group import Group
from graft_ray.model import load, max_length, shard
from graft_ray.progress import Progress
from graft_ray.protocol import BadRun, Exit, RunRequest
from graft_ray.result import write_adapter, write_result
from graft_ray.rows import Rows, RowTokenizer
from graft_ray.sampler import BatchPlan
from graft_ray.schedule import learning_rates
from graft_ray.settings import Settings, read_settings
from graft_ray.step import Loss, Optimiser
from graft_ray.supervisor import Supervisor

YOUNG = 60
"""Seconds: ends of earlier epochs that follow one another faster make no checkpoint."""


def run(
    request: RunRequest,
    group: Group,
    supervisor: Supervisor,
    sharded: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> Exit:
    """DONE, STOPPED_AFTER_CHECKPOINT or CANCELLED.

    ``sharded`` divides the base among the processes (FSDP) instead of keeping it whole in each
    (DDP). Raises BadRun if request, data, checkpoint or base model are at fault.
    """
    torch.set_num_threads(request.threads or max(1, (os.cpu_count() or 1) // group.size))
    try:
        return Run(request, group, supervisor, sharded, clock).train()
    except Cancelled:
        return Exit.CANCELLED
    except Stopped:
        return Exit.STOPPED_AFTER_CHECKPOINT


class Run:
    """One run, loaded."""

    def __init__(
        self,
        request: RunRequest,
        group: Group,
        supervisor: Supervisor,
        sharded: bool,
        clock: Callable[[], float],
    ) -> None:
        self._request, self._group, self._supervisor = request, group, supervisor
        self._clock = clock
        self._control = Control(group, supervisor)
        self._settings = read_settings(request.adapter)
        self._limit = max_length(request.base, self._settings)
        self._data, self._held = self._read(self._settings)
        self._control.poll_repeatable()
        self._model = load(request, self._settings, group)
        if sharded and group.size > 1:
            shard(self._model, group)
        training = self._settings.training
        self._training = training
        self._optimiser = Optimiser(self._model, training, group, request.seed)
        self._plan = BatchPlan(training, request.seed, self._data.lengths())
        self._total = self._plan.total_steps()
        if self._total == 0:
            raise BadRun("training_file", "dataloader_drop_last leaves no batch: there are fewer rows than one batch needs")
        self._rates = learning_rates(training, self._total)
        self._checkpoints = Checkpoints(request.checkpoints, identity(request, self._settings))
        self._progress = Progress()
        self._kept: int | None = 0
        self._saved_at = clock()
        self._measured: dict[str, float] = {}

    def _read(self, settings: Settings) -> tuple[Rows, Rows | None]:
        request = self._request
        try:
            tokenizer = AutoTokenizer.from_pretrained(request.base)
        except (OSError, ValueError) as e:
            raise BadRun("model", "the base model has no tokenizer that can be used") from e
        mode = settings.training.truncation_mode
        rows = RowTokenizer(tokenizer, settings.data, self._limit, mode)
        held = request.validation_file
        return (
            rows.read(request.training_file, "training_file"),
            None if held is None else rows.read(held, "validation_file"),
        )

    def train(self) -> Exit:
        """Raises Cancelled, or Stopped when everything new is kept."""
        if self._request.resume_from is not None:
            self._progress = self._checkpoints.restore(self._request.resume_from, self._optimiser)
            self._kept = self._progress.step
        self._started()
        try:
            self._steps()
        except Stopped:
            if self._progress.step != self._kept:
                self._checkpoint()
            raise
        self._completed()
        return Exit.DONE

    def _steps(self) -> None:
        if self._progress.step == 0 or self._progress.evaluation_due:
            self._evaluate()
        while self._progress.step < self._total:
            self._control.poll_repeatable()
            if self._control.take_checkpoint():
                self._checkpoint()
            self._step()
            if self._progress.evaluation_due:
                self._evaluate()
            if self._progress.step < self._total and self._save_due():
                self._checkpoint()
        self._evaluate()
        by_epochs = self._training.save_steps is None
        if by_epochs and self._kept != self._total and self._plan.ends_epoch(self._total):
            self._checkpoint()

    def _step(self) -> None:
        began, step = self._clock(), self._progress.step
        window = [self._batch(self._data, rows) for rows in self._plan.window(step)]
        targets = sum(batch.targets() for batch in window)
        sums = []
        for micro, batch in enumerate(window):
            self._control.poll()
            sums.append(self._optimiser.gradients(step, micro, batch, targets))
        loss = self._optimiser.total(sums)
        if not math.isfinite(loss.sum):
            raise BadRun(None, self._told("the loss is not a finite number"))
        if self._training.loss_spike_guard and self._progress.spikes(loss):
            said = self._told(f"the loss jumped to {loss.mean():.3g}")
            raise BadRun(None, said + "; loss_spike_guard false trains on")
        rate = self._rates(step)
        norm = self._optimiser.update(rate)
        if not math.isfinite(norm):
            raise BadRun(None, self._told("the gradients are not finite"))
        every = self._training.eval_steps
        due = self._held is not None and every > 0 and (step + 1) % every == 0
        self._progress = self._progress.after(loss, due and step + 1 < self._total)
        self._made(loss, norm, rate, sum(each.tokens() for each in window), self._clock() - began)

    def _told(self, what: str) -> str:
        rows = [row for part in self._plan.window(self._progress.step) for row in part][:8]
        lines = ", ".join(f"line {self._data.rows[row].line}" for row in rows)
        return (
            f"{what} in step {self._progress.step + 1}, in rows from {lines};"
            " lower learning_rate, or check these rows"
        )

    def _batch(self, rows: Rows, numbers: list[int]) -> Batch:
        picked = [rows.rows[number] for number in numbers]
        return collate(picked, self._training.pad_to_multiple_of)

    def _evaluate(self) -> None:
        held = self._held
        if held is None:
            return
        self._tell({"type": "evaluating", "step": self._progress.step})
        by_length = sorted(range(len(held.rows)), key=lambda row: len(held.rows[row].ids))
        size = self._training.per_device_train_batch_size
        sums = []
        for begin in range(0, len(by_length), size):
            self._control.poll_repeatable()
            batch = self._batch(held, by_length[begin : begin + size])
            sums.append(self._optimiser.evaluate(batch))
        loss = self._optimiser.total(sums)
        self._measured = {"eval_loss": loss.mean(), "eval_mean_token_accuracy": loss.accuracy()}
        self._tell(
            {
                "type": "evaluation",
                "step": self._progress.step,
                "valid_loss": loss.mean(),
                "valid_mean_token_accuracy": loss.accuracy(),
                "metrics": {},
            }
        )
        self._progress = self._progress.evaluated()

    def _save_due(self) -> bool:
        every, minutes = self._training.save_steps, self._training.save_minutes
        step, age = self._progress.step, self._clock() - self._saved_at
        due = minutes > 0 and age >= minutes * 60
        if every is None and self._plan.ends_epoch(step):
            due = due or self._plan.in_last_epochs(step) or age >= YOUNG
        by_time = self._group.from_first(int(due))
        return bool(by_time) or (every is not None and every > 0 and step % every == 0)

    def _checkpoint(self) -> None:
        if self._group.first:
            written = self._checkpoints.write(
                self._optimiser,
                self._progress,
                lambda making: write_adapter(
                    making, self._model, self._request, self._settings, self._progress, {}
                ),
            )
            self._tell(
                {"type": "checkpoint", "step": self._progress.step, "directory": str(written)}
            )
        self._kept, self._saved_at = self._progress.step, self._clock()
        self._group.barrier()

    def _completed(self) -> None:
        if self._group.first:
            write_result(
                self._model, self._request, self._settings, self._progress, self._measured
            )
        self._group.barrier()
        self._tell(
            {
                "type": "completed",
                "directory": str(self._request.output),
                "steps": self._progress.step,
                "trained_tokens": self._progress.trained_tokens,
                "train_loss": self._progress.mean_loss(),
                "valid_loss": self._measured.get("eval_loss"),
            }
        )

    def _started(self) -> None:
        data = self._data
        self._tell(
            {
                "type": "started",
                "step": self._progress.step,
                "total_steps": self._total,
                "epochs": self._plan.epochs(self._total),
                "rows": len(data.rows),
                "dropped_rows": data.dropped,
                "truncated_rows": data.truncated,
                "tokens_per_epoch": data.tokens(),
                "trained_tokens_per_epoch": data.targets(),
                "max_length": self._limit or max(data.lengths()),
                "trainable_parameters": sum(
                    each.numel() for each in self._optimiser.parameters.values()
                ),
            }
        )

    def _made(self, loss: Loss, norm: float, rate: float, tokens: int, seconds: float) -> None:
        self._tell(
            {
                "type": "progress",
                "step": self._progress.step,
                "total_steps": self._total,
                "epoch": self._plan.epochs(self._progress.step),
                "loss": loss.mean(),
                "grad_norm": norm,
                "learning_rate": rate,
                "tokens": {"logical": tokens, "computed": loss.computed, "trained": loss.targets},
                "tokens_per_second": tokens / max(1e-9, seconds),
                "trained_tokens": self._progress.trained_tokens,
                "train_token_accuracy": loss.accuracy(),
                "metrics": {},
            }
        )

    def _tell(self, event: dict[str, object]) -> None:
        if self._group.first:
            self._supervisor.tell(event)
