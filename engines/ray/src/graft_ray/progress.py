"""How far a run is, and how its losses run."""

from __future__ import annotations

from dataclasses import dataclass, replace

from graft_ray.step import Loss

FIRST = 10
"""Steps that make up the start of the trend."""


@dataclass(frozen=True)
class Progress:
    """``trend_*`` as Graft's ``LossTrend``: mean of the first steps, and of the recent ones."""

    step: int = 0
    trained_tokens: int = 0
    loss_sum: float = 0.0
    trend_start: float = 0.0
    trend_recent: float = 0.0
    evaluation_due: bool = False

    def after(self, loss: Loss, evaluation_due: bool) -> Progress:
        """One step later."""
        mean = loss.mean()
        start = self.trend_start
        if self.step < FIRST:
            start += (mean - start) / (self.step + 1)
        recent = mean if self.step == 0 else self.trend_recent + (mean - self.trend_recent) / FIRST
        return Progress(
            step=self.step + 1,
            trained_tokens=self.trained_tokens + loss.targets,
            loss_sum=self.loss_sum + loss.sum,
            trend_start=start,
            trend_recent=recent,
            evaluation_due=evaluation_due,
        )

    def evaluated(self) -> Progress:
        """The evaluation after this step is made."""
        return replace(self, evaluation_due=False)

    def mean_loss(self) -> float:
        """Over the run so far."""
        return self.loss_sum / self.trained_tokens if self.trained_tokens else 0.0

    def spikes(self, loss: Loss) -> bool:
        """Whether a loss says that the run has come apart."""
        return (
            self.step >= FIRST and loss.mean() > 2 * max(self.trend_start, self.trend_recent) + 1
        )
