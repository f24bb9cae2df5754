"""Small worlds that are learnable: classes told apart by words, templates by fillers."""

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.comparison import world as module
from metalearn_lab.comparison.compare import Choice, Score
from metalearn_lab.comparison.world import (
    ENCODER,
    NGRAMS,
    REPRESENTATIONS,
    make_world,
    make_worlds,
)
from metalearn_lab.tasks.seeds import generator
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


def made_up_vectors(texts, *, device="cpu"):
    """In place of the encoder's: a random direction for each word, two for a verb, of length 1."""
    words = {word for text in texts for word in text.split()}
    directions = {word: torch.randn(24, generator=generator("direction", word)) for word in words}
    directions |= {verb: 2 * directions[verb] for verb in words & set(VERBS)}
    sums = [torch.stack([directions[word] for word in text.split()]).sum(0) for text in texts]
    return F.normalize(torch.stack(sums), dim=1).to(device)


@pytest.fixture(scope="session", autouse=True)
def _no_encoder():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "sentence_vectors", made_up_vectors)
        yield


@pytest.fixture(scope="session")
def represented(table):
    """The same class split and episodes in each representation."""
    return {
        each: make_world(table, ways=3, shots=2, queries=4, representation=each)
        for each in REPRESENTATIONS
    }


@pytest.fixture(scope="session")
def world(represented):
    return represented[NGRAMS]


@pytest.fixture(scope="session")
def worlds(table):
    """Four class splits that share their validation classes."""
    return make_worlds(table, 4, ways=2, shots=2, queries=3, representation=ENCODER)


VALIDATION = {"fine_tuning": 0.72, "maml": 0.7, "first_order_maml": 0.71, "reptile": 0.69}


def made_up(world, method, accuracy, seed=0, learner=None):
    settings = {"inner_lr": 0.5, "outer_lr": 0.003} if method in VALIDATION else {"penalty": 0.1}
    choice = Choice(settings, 4, VALIDATION.get(method, 0.8), 6)
    return Score(world, method, seed, choice, accuracy, None, learner, 1.0, 1320, 30, 2400)


@pytest.fixture(scope="session")
def scores(worlds):
    """Hard and easy splits and episodes shared by all: MAML +3 points, Reptile −3, two trainings.

    Pretraining and first-order MAML differ by 2 points, now this way and now that.
    """
    numbers = generator("made-up scores")
    gains = {"ridge": 0.1, "fine_tuning": 0.0, "maml": 0.03, "reptile": -0.03}
    found = []
    for split, (world, level) in enumerate(zip(worlds, (0.5, 0.7, 0.55, 0.6), strict=True)):
        base = level + 0.15 * torch.randn(400, generator=numbers)
        for method, gain in {**gains, "first_order_maml": (-1) ** split * 0.02}.items():
            for seed in range(1 if method == "ridge" else 2):
                noise = 0.02 * torch.randn(400, generator=numbers)
                found.append(made_up(world, method, base + gain + noise, seed))
    return found
