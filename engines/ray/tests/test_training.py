"""Whole runs as a process speaks them: lines in, lines out, files, and how they end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

SRC = Path(__file__).resolve().parents[1] / "src"
TOLERANCE = 1e-4


class Trainer:
    """Starts trainers on one base and one file, in directories of their own."""

    def __init__(self, base: Path, directory: Path) -> None:
        self.base, self.directory = base, directory
        self.rows = directory / "rows.jsonl"
        words = ["red", "green", "blue", "amber", "grey", "white", "black"]
        with self.rows.open("w") as file:
            for i in range(21):
                said = {"prompt": f"word {i}: ", "completion": " ".join(words[: 1 + i % 7])}
                file.write(json.dumps(said) + "\n")

    def request(self, name: str, **training: Any) -> dict[str, Any]:
        settings: dict[str, Any] = {"per_device_train_batch_size": 3, "gradient_accumulation_steps": 2}
        settings |= {"learning_rate": 0.01, "num_train_epochs": 2, "save_steps": 0}
        return {
            "adapter": {
                "peft": {"peft_type": "LORA", "r": 4},
                "training": settings | training,
            },
            "seed": 5,
            "base": {"directory": str(self.base), "name": "tiny"},
            "data": {"training_file": str(self.rows), "validation_file": str(self.rows)},
            "directories": {
                "output": str(self.directory / name),
                "checkpoints": str(self.directory / f"{name}-checkpoints"),
                "resume_from": None,
                "tokens": None,
            },
            "parent": None,
            "machine": {"device": "cpu", "threads": 1, "memory": None, "least": False},
        }

    def run(
        self, request: dict[str, Any], *options: str, processes: int = 1, then: str = ""
    ) -> tuple[int, list[dict[str, Any]]]:
        (self.directory / request["directories"]["output"]).mkdir(exist_ok=True)
        launch = ["-m", "graft_ray"]
        if processes > 1:
            count = str(processes)
            launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", count, *launch]
        ended = subprocess.run(
            [sys.executable, *launch, "--detached", *options],
            input=json.dumps(request) + "\n" + then,
            env=os.environ | {"PYTHONPATH": str(SRC), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        events = [json.loads(line) for line in ended.stdout.splitlines()]
        assert events or ended.returncode, ended.stderr[-2000:]
        return ended.returncode, events


@pytest.fixture
def trainer(base_dir: Path, tmp_path: Path) -> Trainer:
    return Trainer(base_dir, tmp_path)


def numbers(events: list[dict[str, Any]], field: str) -> list[float]:
    return [event[field] for event in events if event["type"] == "progress"]


@pytest.fixture(scope="module")
def alone(base_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Trainer, list[Any]]:
    trainer = Trainer(base_dir, tmp_path_factory.mktemp("alone"))
    status, events = trainer.run(trainer.request("result"))
    assert status == 0
    return trainer, events


def test_one_process_trains_and_writes_a_peft_directory(alone: tuple[Trainer, list[Any]]) -> None:
    trainer, events = alone
    kinds = [event["type"] for event in events]
    assert kinds[:3] == ["started", "evaluating", "evaluation"]
    assert kinds[-3:] == ["evaluating", "evaluation", "completed"]
    assert events[0] | {"rows": 21, "total_steps": 8, "step": 0} == events[0]
    assert events[-2]["valid_loss"] < events[2]["valid_loss"] - 0.1
    result = trainer.directory / "result"
    names = {"adapter_config.json", "adapter_model.safetensors", "README.md", "tokenizer.json"}
    assert names <= {file.name for file in result.iterdir()}
    config = json.loads((result / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "tiny"
    assert config["target_modules"] == sorted(config["target_modules"])


@pytest.mark.parametrize("options", [[], ["--fsdp"]], ids=["ddp", "fsdp"])
@pytest.mark.parametrize("processes", [2, 3])
def test_more_processes_train_the_same_run(
    alone: tuple[Trainer, list[Any]], trainer: Trainer, processes: int, options: list[str]
) -> None:
    status, events = trainer.run(trainer.request("result"), *options, processes=processes)
    assert status == 0
    for field in ("loss", "grad_norm", "learning_rate"):
        assert numbers(events, field) == pytest.approx(numbers(alone[1], field), abs=TOLERANCE)
    one = load_file(alone[0].directory / "result" / "adapter_model.safetensors")
    many = load_file(trainer.directory / "result" / "adapter_model.safetensors")
    assert one.keys() == many.keys()
    assert max(float((one[name] - many[name]).abs().max()) for name in one) < 1e-3


def test_a_run_goes_on_from_its_checkpoint_as_if_it_had_not_stopped(
    alone: tuple[Trainer, list[Any]], trainer: Trainer
) -> None:
    shutil.copy(alone[0].rows, trainer.rows)
    status, events = trainer.run(trainer.request("first", save_steps=3), processes=2)
    kept = [event for event in events if event["type"] == "checkpoint"]
    assert (status, [event["step"] for event in kept]) == (0, [3, 6])
    names = {file.name for file in Path(kept[0]["directory"]).iterdir()}
    assert {"trained.safetensors", "optimizer.safetensors", "checkpoint.json"} <= names
    assert {"adapter_config.json", "adapter_model.safetensors", "README.md"} <= names
    again = trainer.request("second")
    again["directories"]["resume_from"] = kept[0]["directory"]
    status, events = trainer.run(again)
    assert events[0]["step"] == 3
    assert numbers(events, "loss") == pytest.approx(numbers(alone[1], "loss")[3:], abs=TOLERANCE)


def test_epochs_end_with_a_checkpoint_unless_steps_are_given(trainer: Trainer) -> None:
    request = trainer.request("first", num_train_epochs=5)
    del request["adapter"]["training"]["save_steps"]
    _, events = trainer.run(request)
    kept = [event["step"] for event in events if event["type"] == "checkpoint"]
    assert kept == [12, 16, 20]  # 21 rows, 3 in a micro-batch, 2 of these in a step: 4 an epoch


def test_a_checkpoint_of_another_run_and_a_damaged_one_are_refused(trainer: Trainer) -> None:
    _, events = trainer.run(trainer.request("first", save_steps=3))
    checkpoint = next(event for event in events if event["type"] == "checkpoint")["directory"]
    other = trainer.request("second", learning_rate=0.02)
    other["directories"]["resume_from"] = checkpoint
    status, events = trainer.run(other)
    assert (status, events[-1]["message"]) == (
        2,
        "the checkpoint belongs to a run with other settings",
    )
    weights = Path(checkpoint) / "trained.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    again = trainer.request("third")
    again["directories"]["resume_from"] = checkpoint
    status, events = trainer.run(again)
    assert (status, events[-1]["param"]) == (2, "resume_from")
    assert "damaged" in events[-1]["message"]


@pytest.mark.parametrize("processes", [1, 2])
def test_directives_end_a_run(trainer: Trainer, processes: int) -> None:
    long = trainer.request("long", num_train_epochs=10000)
    stop = '{"directive": "stop_after_checkpoint"}\n'
    status, events = trainer.run(long, processes=processes, then=stop)
    assert status == (10 if processes == 1 else 1)
    made = numbers(events, "step")
    kept = [event["step"] for event in events if event["type"] == "checkpoint"]
    assert kept == (made[-1:] if made else [])
    cancel = '{"directive": "cancel"}\n'
    status, events = trainer.run(trainer.request("gone", num_train_epochs=10000), then=cancel)
    assert status == 11
    assert not list((trainer.directory / "gone").iterdir())


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"objective": "dpo"}, "adapter.objective"),
        ({"method": {"type": "full"}}, "adapter.method"),
        ({"quantization": {"load_in_4bit": True}}, "adapter.quantization"),
        ({"peft": {"peft_type": "IA3"}}, "adapter.peft.peft_type"),
        ({"peft": {"peft_type": "LORA", "init_lora_weights": "pissa"}}, "adapter.peft.init_lora_weights"),
        ({"training": {"packing": True}}, "adapter.training.packing"),
        ({"training": {"loraplus_lr_ratio": 4}}, "adapter.training.loraplus_lr_ratio"),
        ({"training": {"no_such": 1}}, "adapter.training.no_such"),
        ({"output": {"gguf": True}}, "adapter.output.gguf"),
    ],
)
def test_what_is_not_known_is_refused_by_name(
    trainer: Trainer, change: dict[str, Any], param: str
) -> None:
    from graft_ray.protocol import BadRun
    from graft_ray.settings import read_settings

    with pytest.raises(BadRun) as refused:
        read_settings(trainer.request("x")["adapter"] | change)
    assert refused.value.param == param
    assert param in str(refused.value)


def test_a_line_that_is_no_request_is_refused(trainer: Trainer) -> None:
    status, events = trainer.run({"directories": {"output": "x"}})
    assert (status, events[-1]["message"]) == (2, "the trainer received no run request")
