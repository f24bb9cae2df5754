"""How a language model adapts to authors."""

import pandas as pd
import pytest
import torch

from metalearn_lab.experiments.author_adaptation import SENTENCES, WAYS, adapt_to_authors
from metalearn_lab.experiments.author_mixture import AuthorTask
from metalearn_lab.experiments.language_models import (
    KEPT,
    bits_per_character,
    next_character_loss,
)
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.models.recurrent import LSTM
from metalearn_lab.tasks.author_tasks import AuthorTasks
from metalearn_lab.tasks.docstrings import ALPHABET, HELD_OUT

TASK = AuthorTask(("Return the number of rows.",) * 3, ("Return the number of columns.",))
OTHER = AuthorTask(("The axis along which to sum.",) * 3, ("Sum along an axis.", "An axis."))


def small() -> LSTM:
    model = LSTM(len(ALPHABET), hidden=6)
    torch.nn.init.normal_(model.head.weight, generator=torch.Generator().manual_seed(0))
    return model


def test_without_steps_the_bits_are_those_of_the_model_and_steps_lower_those_of_the_support():
    learner = JointPretraining(small(), next_character_loss, inner_lr=0.1, inner_steps=1)
    adapted, other = adapt_to_authors(learner, [TASK, OTHER], (0, 2, 5))
    assert adapted.query[0] == pytest.approx(bits_per_character(learner.model, TASK.query))
    assert adapted.support[0] > adapted.support[1] > adapted.support[2]
    [alone] = adapt_to_authors(learner, [OTHER], (0, 5))
    assert alone.query[1] == pytest.approx(other.query[2], rel=1e-5), "whoever stands beside it"


def test_an_embedding_of_the_author_enters_the_gates_and_alone_adapts():
    learner = WAYS["embedding (CAVIA)"].build(small(), 1.0, 0)
    [adapted] = adapt_to_authors(learner, [TASK], (0, 5))
    assert learner.adapted_names == ["context"]
    assert learner.weights()["context"].shape == (16,)
    assert adapted.support[1] < adapted.support[0]


@pytest.mark.parametrize("name", [name for name, way in WAYS.items() if way.longer])
def test_every_way_trains_on_the_same_tasks(name):
    learner = WAYS[name].build(small(), 0.1, 0)
    loss = learner(learner.training_batch(AuthorTasks(shots=2, queries=2, length=8), 0, 2))
    loss.backward()
    moved = [p for p in learner.parameters() if p.grad is not None and p.grad.abs().sum() > 0]
    assert loss.isfinite()
    assert len(moved) >= 4


def test_outer_steps_are_shared_out_so_that_all_take_as_many_gradients_of_a_sentence():
    sentences = {"pretraining goes on": 2 * SENTENCES}  # all of a task in one gradient
    work = {
        name: WAYS[name].build(small(), 0.1, 0).gradients_per_task
        * sentences.get(name, SENTENCES)
        * way.longer
        for name, way in WAYS.items()
        if way.longer
    }
    assert list(work.values()) == pytest.approx([4 * SENTENCES] * 4), work


def test_the_saved_tables_are_of_all_ways_authors_and_seeds():
    table, trials = pd.read_csv(KEPT / "authors.csv"), pd.read_csv(KEPT / "author_trials.csv")
    assert table.groupby("way").size().eq(5 * len(HELD_OUT)).all()
    assert set(table.author) == set(HELD_OUT)
    assert set(trials.way) == set(WAYS) < set(table.way)
    tried = trials.groupby("way")[["inner_lr", "outer_lr"]].value_counts().groupby("way").size()
    assert tried.ge(3).all()
    assert table.after.between(1.5, 3).all()
