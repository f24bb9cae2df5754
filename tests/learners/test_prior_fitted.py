"""A prior-fitted network: its loss, its context, its meta-gradient, and as a classifier."""

import pytest
import torch
from torch.distributions import Normal
from torch.nn import functional as F

from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.neural_process import LEAST_WIDTH
from metalearn_lab.learners.prior_fitted import KNOWN_X, KNOWN_Y, PriorFitted
from metalearn_lab.models.context_transformer import ContextTransformer
from metalearn_lab.tasks.types import Split, Task
from tests.learners.builders import gradients, sinusoids


def network(inputs=1, targets=1, outputs=2):
    model = ContextTransformer(inputs, targets, outputs, dim=4, layers=1, heads=2, hidden=5)
    torch.nn.init.normal_(model.tokens.head.weight, generator=torch.Generator().manual_seed(0))
    return model


def fitted(**settings):
    return PriorFitted(network(), **{"mapping": "vmap"} | settings).double()


def tables():
    """Three tables of two columns and three classes."""
    numbers = torch.Generator().manual_seed(1)
    parts = []
    for rows in (5, 4):
        x = torch.randn(3, rows, 2, generator=numbers, dtype=torch.float64)
        parts.append(Split(x, torch.randint(3, (3, rows), generator=numbers)))
    return Task(*parts)


def test_its_loss_is_the_surprise_of_the_query():
    learner, task = fitted(), sinusoids(2)
    outputs = learner.model(*task.support, task.query.x)
    width = LEAST_WIDTH + 0.9 * F.softplus(outputs[..., 1:])
    expected = -Normal(outputs[..., :1], width).log_prob(task.query.y).mean()
    torch.testing.assert_close(learner(task), expected)


def test_a_new_head_of_zeros_learns_the_width_too():
    model = ContextTransformer(1, 1, 2, dim=4, layers=1, heads=2, hidden=5)
    learner = PriorFitted(model, mapping="vmap").double()
    assert gradients(learner, sinusoids(2))["model.tokens.head.bias"][1] != 0


def test_to_adapt_is_to_remember():
    learner, task = fitted(), sinusoids(2)
    first, *later = learner.adapt(task.support, 2)
    assert torch.equal(first[KNOWN_X], task.support.x)
    assert torch.equal(first[KNOWN_Y], task.support.y)
    assert len(later) == 2
    assert all(torch.equal(each[KNOWN_Y], first[KNOWN_Y]) for each in later)
    torch.testing.assert_close(
        learner.predict(first, task.query.x)[..., 0],
        learner.model(*task.support, task.query.x)[..., 0].detach(),
    )


def test_as_a_classifier_it_reads_labels_as_indicators():
    learner = PriorFitted(network(2, 3, 3), classes=3, mapping="vmap").double()
    task = tables()
    scores = learner.model(task.support.x, F.one_hot(task.support.y, 3).double(), task.query.x)
    expected = F.cross_entropy(scores.flatten(0, 1), task.query.y.flatten())
    torch.testing.assert_close(learner(task), expected)
    assert check_meta_gradient(learner, task).passed


def test_its_meta_gradient_is_right():
    report = check_meta_gradient(fitted(), sinusoids(2))
    assert report.passed, report


def test_run_at_once_or_one_by_one_it_is_the_same():
    at_once, by_one = (gradients(fitted(mapping=m), sinusoids()) for m in ("vmap", "loop"))
    for name, gradient in at_once.items():
        torch.testing.assert_close(gradient, by_one[name], rtol=1e-10, atol=1e-12)


def test_a_model_with_a_buffer_of_that_name_is_refused():
    model = network()
    model.register_buffer(KNOWN_X, torch.zeros(1))
    with pytest.raises(ValueError, match="give them another name"):
        PriorFitted(model)
