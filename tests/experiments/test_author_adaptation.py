"""Tasks of authors, and how a language model adapts to one."""

import pytest
import torch

from metalearn_lab.experiments.author_adaptation import (
    WAYS,
    AuthorTasks,
    adapt_to_authors,
)
from metalearn_lab.experiments.author_mixture import AuthorTask
from metalearn_lab.experiments.language_models import bits_per_character
from metalearn_lab.models.recurrent import LSTM
from metalearn_lab.tasks.docstrings import ALPHABET, HELD_OUT, TRAINING, VALIDATION, authors, decode

TASK = AuthorTask(("Return the number of rows.",) * 3, ("Return the number of columns.",))
OTHER = AuthorTask(("The axis along which to sum.",) * 3, ("Sum along an axis.", "An axis."))


def small(name):
    model = LSTM(len(ALPHABET), hidden=6)
    torch.nn.init.normal_(model.head.weight, generator=torch.Generator().manual_seed(0))
    return WAYS[name].build(model, 0.1, 0)


def test_tasks_are_of_training_authors_alone_and_depend_on_their_number():
    source = AuthorTasks(shots=4, queries=3, length=163)
    tasks = source.batch(0, 6)
    assert tasks.support.x.shape == (6, 4, 163)
    assert tasks.query.y.shape == (6, 3, 163)
    assert torch.equal(tasks.query.x[4], source.batch(4, 1).query.x[0])
    known = {author: set(sentences) for author, sentences in authors().items()}
    for task in tasks.support.x:
        texts = {decode(row[1:]).strip("\n") for row in task}
        assert any(texts <= known[author] for author in TRAINING)
        assert not any(texts & known[author] for author in (*VALIDATION, *HELD_OUT))


def test_support_and_query_share_no_sentence():
    source = AuthorTasks(shots=10, queries=10, length=160)
    task = source.batch(3, 1)
    of_support = {decode(row) for row in task.support.x[0]}
    assert not of_support & {decode(row) for row in task.query.x[0]}


def test_without_steps_the_bits_are_those_of_the_model_and_steps_lower_those_of_the_support():
    learner = small("pretraining goes on")
    adapted, other = adapt_to_authors(learner, [TASK, OTHER], (0, 2, 5))
    assert adapted.query[0] == pytest.approx(bits_per_character(learner.model, TASK.query))
    assert adapted.support[0] > adapted.support[1] > adapted.support[2]
    [alone] = adapt_to_authors(learner, [OTHER], (0, 5))
    assert alone.query[1] == pytest.approx(other.query[2], rel=1e-5), "whoever stands beside it"


@pytest.mark.parametrize("name", WAYS)
def test_every_way_trains_on_the_same_tasks(name):
    learner = small(name)
    loss = learner(learner.training_batch(AuthorTasks(shots=2, queries=2, length=8), 0, 2))
    loss.backward()
    moved = [p for p in learner.parameters() if p.grad is not None and p.grad.abs().sum() > 0]
    assert loss.isfinite()
    assert len(moved) >= 4


def test_the_embedding_alone_adapts_and_is_sixteen_numbers():
    learner = small("embedding (CAVIA)")
    assert learner.weights()[learner.adapted_names[0]].shape == (16,)
    assert len(learner.adapted_names) == 1


def test_outer_steps_are_shared_out_so_that_gradients_are_equal():
    gradients = {name: small(name).gradients_per_task * way.longer for name, way in WAYS.items()}
    assert len({round(count, 6) for count in gradients.values()}) == 1, gradients
