"""The rows of each step are those of Graft's own trainer, and the steps those of transformers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import PARITY, needs_parity
from graft_ray.sampler import BatchPlan
from graft_ray.schedule import learning_rates
from graft_ray.settings import Training

LENGTHS = [3 + i * 7 % 11 for i in range(11)]

# Written down from dev.graft.training.BatchPlan; BatchPlanTests holds it to the same.
RANDOM = {0: [[4, 0], [6, 9]], 1: [[1, 5], [7, 10]], 2: [[2, 8], [3]], 3: [[3, 1], [7, 10]], 5: [[5, 2], [8]]}
GROUPED = {0: [[3, 9], [4, 0]], 1: [[1, 7], [10, 5]], 2: [[6, 2], [8]], 3: [[3, 1], [7, 10]], 5: [[2, 5], [8]]}


@pytest.mark.parametrize(("strategy", "windows"), [("random", RANDOM), ("group_by_length", GROUPED)])
def test_the_order_is_that_of_grafts_own_trainer(
    strategy: str, windows: dict[int, list[list[int]]]
) -> None:
    training = Training(
        train_sampling_strategy=strategy,
        per_device_train_batch_size=2,
        gradient_accumulation_steps=2,
    )
    plan = BatchPlan(training, 42, LENGTHS)
    assert plan.total_steps() == 9
    assert plan.epochs(5) == pytest.approx(5 / 3)
    assert [step for step in range(1, 10) if plan.ends_epoch(step)] == [3, 6, 9]
    assert [step for step in range(1, 10) if plan.in_last_epochs(step)] == list(range(1, 10))
    assert {step: plan.window(step) for step in windows} == windows


def cases() -> list[dict[str, Any]]:
    if not PARITY.exists():
        return []
    said = json.loads((PARITY / "data-path.json").read_text())["cases"]
    return [c for c in said if c["kind"] == "batching" and c["settings"]["trainer"] == "sft"]


@needs_parity
@pytest.mark.parametrize("case", cases(), ids=lambda case: str(case["name"]))
def test_steps_are_those_of_transformers(case: dict[str, Any]) -> None:
    said = {name: value for name, value in case["settings"].items() if name != "trainer"}
    training = Training(train_sampling_strategy="sequential", **said)
    plan = BatchPlan(training, 0, [len(row["input_ids"]) for row in case["rows"]])
    assert plan.total_steps() == case["expected"]["total_steps"]
    rates = learning_rates(training, plan.total_steps())
    for step, expected in enumerate(case["expected"]["steps"]):
        assert plan.window(step) == expected["micro_batches"]
        assert rates(step) == pytest.approx(expected["lr"], abs=1e-7)
        assert plan.epochs(step + 1) == pytest.approx(expected["epoch"], abs=1e-3)
