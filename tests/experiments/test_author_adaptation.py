"""How a language model adapts to authors."""

import pytest
import torch

from metalearn_lab.experiments.author_adaptation import adapt_to_authors
from metalearn_lab.experiments.author_mixture import AuthorTask
from metalearn_lab.experiments.language_models import bits_per_character, next_character_loss
from metalearn_lab.learners.cavia import CAVIA
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.models.recurrent import LSTM
from metalearn_lab.tasks.docstrings import ALPHABET

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
    settings = {"contexts": 16, "layer": "recurrent", "inner_lr": 1.0, "inner_steps": 1}
    learner = CAVIA(small(), next_character_loss, **settings)
    [adapted] = adapt_to_authors(learner, [TASK], (0, 5))
    assert learner.adapted_names == ["context"]
    assert adapted.support[1] < adapted.support[0]
