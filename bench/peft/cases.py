"""What is measured, and the bound of each case. A case writes its rows and says the `adapter` of both sides."""
import dataclasses
import json
import math
import pathlib
import random

LORA = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": "all-linear"}
NF4 = {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}
RULE = " Rule {0}: answer in the words of rule {0} of the house, and nothing else."


@dataclasses.dataclass
class Case:
    """
    title: as the page calls it
    write: (random numbers, rows) -> rows of the file
    settings: of `training` and beside it
    against: "peft", "itself" (Graft's own LoRA in f32) or "nothing"
    batch: rows of a step, on the other side too, unless `packed` says how many Graft packs
    same_loss: what the losses of the first step may differ by, in nats; None = other rows, or a head that starts at random
    speed, memory, gemm, weights, seconds: bounds; None = only told
    gpu: measured on a GPU, or where `--only` names it
    """
    title: str
    write: object
    batch: int
    length: int = 1024
    training: dict = dataclasses.field(default_factory=dict)
    beside: dict = dataclasses.field(default_factory=dict)
    against: str = "peft"
    packed: int = 0
    model: str = "model"
    steps: int = 2
    warmup: int = 1
    same_loss: float = 1e-3
    speed: float = None
    memory: float = None
    gemm: float = None
    weights: float = None
    seconds: float = None
    gpu: bool = False

    def adapter(self):
        training = {"per_device_train_batch_size": self.packed or self.batch, "max_length": self.length, "learning_rate": 2e-4,
                    "lr_scheduler_type": "constant", "weight_decay": 0.0, "train_sampling_strategy": "sequential",
                    "max_steps": self.warmup + self.steps + 1, "save_steps": 0, "save_minutes": 0}
        return {"peft": LORA, "training": training | self.training, **self.beside}

    def rows(self, a):
        """As many as the steps need; where Graft packs, some more, so that it has as many steps."""
        count = self.batch * (self.warmup + self.steps) * (2 if self.packed else 1)
        return self.write(random.Random(42), count, self, a)


def words(source, count):
    return " ".join("".join(source.choices("abcdefghijklmnopqrstuvwxyz", k=source.randint(2, 7))) for _ in range(count))


def full_rows(source, count, case, a):
    """Enough words for full rows: a word is one token at least."""
    return [{"text": words(source, case.length)} for _ in range(count)]


def short_rows(source, count, case, a):
    """Lengths as texts have them: log-normal around 16 words (about 50 tokens), a fifth is twice as long or longer."""
    return [{"text": words(source, max(2, round(16 * math.exp(source.gauss(0, 0.8)))))} for _ in range(count)]


def banking10(source, count, case, a):
    lines = (pathlib.Path(a.banking10) / "banking10_train.jsonl").read_text().splitlines()[:count]
    return [json.loads(line) for line in lines]


def house_rules(source, count, case, a):
    rows = banking10(source, count, case, a)
    for row in rows:
        row["messages"][0]["content"] += "".join(RULE.format(i) for i in range(1, 17))
    return rows


def preferences(source, count, case, a):
    """A prompt of about 200 tokens with its chat template, and two answers of about 50."""
    answer = lambda: [{"role": "assistant", "content": words(source, 15)}]
    return [{"prompt": [{"role": "user", "content": words(source, 56)}], "chosen": answer(), "rejected": answer()}
            for _ in range(count)]


def sst2(source, count, case, a):
    lines = pathlib.Path(a.sst2).read_text().splitlines()[:count]
    return [{"text": text, "label": label} for text, label in (line.rsplit("\t", 1) for line in lines)]


PLAIN = {"objective": "pretraining"}


def on_gpu(title, batch, length, **other):
    return Case(title, full_rows, batch, length, training={"bf16": True}, beside=PLAIN, steps=20, warmup=5, same_loss=0.05, speed=1.3, memory=0.7,
                gpu=True, **other)


CASES = {
    "f32-4x256": Case("4 rows of 256 tokens, f32", full_rows, 4, 256, beside=PLAIN, steps=4, warmup=2, speed=1.4, memory=0.5, gemm=0.82),
    "f32-8x128": Case("8 rows of 128 tokens, f32", full_rows, 8, 128, beside=PLAIN, steps=4, warmup=2, speed=1.4, memory=0.5, gemm=0.82),
    "f32-1x1024": Case("1 row of 1024 tokens, f32", full_rows, 1, 1024, beside=PLAIN, steps=4, warmup=2, speed=1.4, memory=0.5, gemm=0.82),
    "banking10": Case("banking10, 16 rows", banking10, 16, speed=3.0),
    "banking10-rules": Case("banking10 with a long system turn", house_rules, 16, steps=1, speed=10.0, memory=0.3),
    "dpo": Case("DPO, 4 pairs with a prompt of 200 tokens", preferences, 4, beside={"objective": "dpo"}, steps=1, speed=1.8),
    "packed": Case("short texts, packed beside padded", short_rows, 8, 512, training={"packing": True}, packed=1,
                   same_loss=None, speed=2.0),
    "bf16-4x256": Case("4 rows of 256 tokens, bf16", full_rows, 4, 256, training={"bf16": True}, beside=PLAIN, steps=4, warmup=2, same_loss=0.05, speed=1.4,
                       memory=0.5),
    "autocast-4x256": Case("4 rows of 256 tokens, bf16 with autocast", full_rows, 4, 256, training={"bf16": True, "autocast": True},
                           beside=PLAIN, steps=4, warmup=2, same_loss=0.05, speed=1.4, memory=0.5),
    "qlora-4x256": Case("QLoRA (NF4) beside LoRA in f32", full_rows, 4, 256, beside=PLAIN | {"quantization": NF4},
                        against="itself", same_loss=None, speed=1 / 1.5, weights=0.285),
    "classification": Case("MiniLM classifies SST-2, 32 rows", sst2, 32, 128, beside={"objective": "classification"}, model="encoder",
                           warmup=4, steps=20, same_loss=None, speed=1.5),
    "gpu-8x1024": on_gpu("8 rows of 1024 tokens, bf16", 8, 1024),
    "gpu-large-4x1024": on_gpu("4 rows of 1024 tokens, 1B parameters, bf16", 4, 1024, model="large"),
    "start": Case("start of Java to the end of the first step", full_rows, 1, 64, beside=PLAIN, against="nothing", steps=1, seconds=4.0),
}
