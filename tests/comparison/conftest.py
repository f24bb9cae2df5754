"""A small world that is learnable: classes told apart by words, templates by fillers."""

import pytest
import torch

from metalearn_lab.comparison.compare import Choice, Score
from metalearn_lab.comparison.world import make_world
from metalearn_lab.tasks.table import LabelledTable

VERBS = [
    "open",
    "close",
    "paint",
    "carry",
    "weigh",
    "count",
    "wash",
    "sell",
    "hide",
    "burn",
    "fold",
    "mend",
]
FILLERS = ["the red box", "a small chair", "my old coat", "that heavy door", "two lamps"]


@pytest.fixture(scope="session")
def table() -> LabelledTable:
    frames = ["please {} {}", "{} {} now", "could you {} {}", "i want to {} {}"]
    rows = [
        (frame.format(verb, filler), label, label * len(frames) + number)
        for label, verb in enumerate(sorted(VERBS))
        for number, frame in enumerate(frames)
        for filler in FILLERS
    ]
    texts, labels, groups = zip(*rows, strict=True)
    return LabelledTable(texts, labels, tuple(sorted(VERBS)), groups, "written for the tests", None)


@pytest.fixture(scope="session")
def world(table):
    return make_world(table, ways=3, shots=2, queries=4)


CHOICE = Choice({"inner_lr": 0.5, "outer_lr": 0.003}, 4, 0.71, 4)


def made_up(world, method, accuracy, seed=0):
    return Score(world, method, seed, CHOICE, accuracy, None, None, 1.0, 10)


@pytest.fixture
def scores(world, table):
    """Hard and easy episodes shared by all: MAML +3 points, Reptile −3, first order +0."""
    numbers = torch.Generator().manual_seed(0)
    other = make_world(table, ways=3, shots=2, queries=4, split_seed=1)
    found = []
    for each, level in ((world, 0.5), (other, 0.7)):
        base = level + 0.15 * torch.randn(400, generator=numbers)
        for method, gain in (
            ("nearest_class_mean", 0.1),
            ("fine_tuning", 0.0),
            ("maml", 0.03),
            ("first_order_maml", 0.0),
            ("reptile", -0.03),
        ):
            for seed in range(1 if method == "nearest_class_mean" else 2):
                noise = 0.02 * torch.randn(400, generator=numbers)
                found.append(made_up(each, method, base + gain + noise, seed))
    return found
