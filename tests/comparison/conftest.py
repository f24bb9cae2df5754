"""A small world that is learnable: classes told apart by words, templates by fillers."""

import pytest
import torch

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


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
