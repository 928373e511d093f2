"""Rows of the two classification tasks, as (text, label) pairs, from third-party files that are not in this repository."""
import csv
import pathlib

TASKS = ("sst2", "banking77")
EPOCHS = {"sst2": 3, "banking77": 10}
SAMPLING = {"sst2": "random", "banking77": "group_by_length"}  # short texts: most of a random batch would be padding


def rows(data, task, split):
    """split = train | dev; DATA holds sst2_{train,dev}.tsv (text, label) and banking77_{train,dev}.csv (text,category)."""
    data = pathlib.Path(data)
    if task == "sst2":
        with open(data / f"sst2_{split}.tsv") as lines:
            return [tuple(line.rstrip("\n").split("\t")) for line in lines]
    with open(data / f"banking77_{split}.csv", newline="") as lines:
        return [(row["text"].strip(), row["category"]) for row in csv.DictReader(lines)]
