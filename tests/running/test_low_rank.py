"""A wide first layer adapted within the span of the support: the same numbers, or a refusal."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.predict_along import predict_along
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.mlp import MLP
from metalearn_lab.models.text_encoder import BagOfNgrams
from metalearn_lab.running import low_rank
from metalearn_lab.running.low_rank import saves_work
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task
from tests.learners.builders import (
    LEARNERS,
    gradients,
    merged_for,
    text_learner,
    text_tasks,
)

INPUTS = 12


def wide_tasks(inputs: int = INPUTS, items: int = 4, queries: int = 5, tasks: int = 3) -> Task:
    """Random classification tasks in float64."""
    numbers = generator("wide tasks", inputs, items, queries)

    def split(count: int) -> Split:
        x = torch.randn(tasks, count, inputs, generator=numbers, dtype=torch.float64)
        return Split(x, torch.randint(0, 3, (tasks, count), generator=numbers))

    return Task(split(items), split(queries))


def wide_learner(
    kind: type[Learner], *, inputs: int = INPUTS, hidden: int = 6, **options: object
) -> Learner:
    defaults = {"inner_lr": 0.3, "inner_steps": 3}
    model = MLP([inputs, hidden, 3], activation="tanh")
    return kind(model, F.cross_entropy, **(defaults | options)).double()


def relative_difference(a: dict[str, Tensor], b: dict[str, Tensor]) -> float:
    assert a.keys() == b.keys()
    size = torch.stack([g.norm() for g in b.values()]).norm().item()
    return torch.stack([(a[n] - b[n]).norm() for n in b]).norm().item() / (size or 1.0)


def assert_same(make, tasks: Task, kind: type[Learner], **options: object) -> None:
    """Meta-gradient and predictions against the plain learner, one task at a time.

    Without an inner step Reptile refuses to train, and its predictions alone are compared.
    """
    small, plain = make(kind, low_rank=True, **options), make(kind, mapping="loop", **options)
    if kind is not Reptile or plain.inner_steps:
        assert relative_difference(gradients(small, tasks), gradients(plain, tasks)) < 1e-12
    trajectory = plain.adapt(tasks.support)
    expected = torch.stack([plain.predict(theta, tasks.query.x) for theta in trajectory], 1)
    assert torch.allclose(predict_along(small, tasks), expected, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("steps", [0, 1, 5])
@pytest.mark.parametrize("adapts", ["*", "body.*", "body.0.weight"])
@pytest.mark.parametrize("kind", LEARNERS)
def test_a_dense_layer_gives_the_plain_learners_numbers(kind, adapts, steps):
    tasks = merged_for(kind, wide_tasks())
    assert_same(wide_learner, tasks, kind, adapts=adapts, inner_steps=steps)


@pytest.mark.parametrize("steps", [0, 1, 5])
@pytest.mark.parametrize("kind", LEARNERS)
def test_a_table_of_ngrams_gives_the_plain_learners_numbers(kind, steps):
    assert_same(text_learner, merged_for(kind, text_tasks()), kind, inner_steps=steps)


def test_reptile_takes_minibatches_of_coordinates():
    tasks = merged_for(Reptile, wide_tasks())
    assert_same(wide_learner, tasks, Reptile, inner_batch=4)


@pytest.mark.parametrize("kind", [MAML, FirstOrderMAML])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda x: x[:, [0, 0, 1, 1]],
        lambda x: x * torch.tensor([1.0, 0.0, 1.0, 0.0])[:, None],
        lambda x: x * 0,
        lambda x: x[:, :1] * torch.tensor([1.0, -2.0, 0.5, 1e-9])[:, None],
        lambda x: x * (torch.arange(INPUTS) > 8),
        lambda x: x[:, [0, 1, 2, 3] * 5],
    ],
    ids=["duplicates", "zero rows", "all zero", "one direction", "few inputs", "more than inputs"],
)
def test_a_support_of_less_than_full_rank(kind, spoil):
    tasks = wide_tasks()
    x = spoil(tasks.support.x)
    y = tasks.support.y.repeat(1, 5)[:, : x.shape[1]]
    assert_same(wide_learner, Task(Split(x, y), tasks.query), kind)


@settings(max_examples=25, deadline=None)
@given(
    inputs=st.integers(1, 30),
    hidden=st.integers(1, 6),
    items=st.integers(1, 9),
    queries=st.integers(1, 4),
    tasks=st.integers(1, 3),
)
def test_any_shape_gives_the_plain_learners_meta_gradient(inputs, hidden, items, queries, tasks):
    batch = wide_tasks(inputs, items, queries, tasks)
    shape = {"inputs": inputs, "hidden": hidden}
    assert_same(wide_learner, batch, MAML, **shape)


def test_the_head_may_be_the_input_layer():
    def linear(kind, **options):
        model = MLP([INPUTS, 3])
        return kind(model, F.cross_entropy, inner_lr=0.3, inner_steps=3, **options).double()

    assert_same(linear, wide_tasks(), MAML)


def test_chunks_change_nothing():
    whole, cut = (
        gradients(wide_learner(MAML, low_rank=True, chunk_size=size), wide_tasks())
        for size in (None, 2)
    )
    assert relative_difference(cut, whole) < 1e-14


def test_finite_differences_agree():
    learner = wide_learner(MAML)
    assert saves_work(learner, wide_tasks().support.x)
    assert check_meta_gradient(learner, wide_tasks()).passed


def test_buckets_that_no_sentence_has_get_no_gradient():
    """Not even rounding, which an outer Adam would blow up to a whole step."""
    ids = torch.randint(20, 30, (3, 6, 9), generator=generator("few buckets"))
    labels = torch.arange(3).repeat(2).expand(3, 6)
    found = gradients(
        text_learner(MAML, low_rank=True), Task(Split(ids, labels), Split(ids.flip(1), labels))
    )
    table = found["model.body.0.table"]
    assert (table[:20] == 0).all()
    assert (table[20:] != 0).any(1).all()


def test_the_model_stays_as_it_was():
    learner = wide_learner(MAML, low_rank=True)
    layer, names = learner.model.body[0], list(learner.state_dict())
    weights = [p.detach().clone() for p in learner.parameters()]
    gradients(learner, wide_tasks())
    assert learner.model.body[0] is layer
    assert list(learner.state_dict()) == names
    assert all(torch.equal(a, b) for a, b in zip(weights, learner.parameters(), strict=True))


def test_shares_are_the_bag_as_a_matrix():
    bag, ids = BagOfNgrams(30, 4), text_tasks().query.x
    ids[0, 0] = 0  # a text that is all padding
    assert torch.allclose(bag.shares(ids) @ bag.table, bag(ids), atol=1e-6)


@pytest.fixture
def small_layers(monkeypatch):
    """The starts V_0 that small layers were made with."""
    made: list[Tensor] = []

    class Noted(low_rank.SmallLayer):
        def __init__(self, layer: nn.Module, initial_weight: Tensor) -> None:
            made.append(initial_weight)
            super().__init__(layer, initial_weight)

    monkeypatch.setattr(low_rank, "SmallLayer", Noted)
    return made


@pytest.mark.parametrize(
    ("options", "items", "used"),
    [
        ({}, 6, True),
        ({}, 7, False),
        ({"low_rank": True}, 7, True),
        ({"low_rank": False}, 6, False),
        ({"adapts": "head.*"}, 6, False),
        ({"mapping": "loop"}, 6, False),
    ],
)
def test_the_rule_asks_for_two_inputs_an_item(small_layers, options, items, used):
    learner, tasks = wide_learner(MAML, **options), wide_tasks(items=items)
    learner(tasks)
    assert bool(small_layers) == used
    predict_along(learner, tasks)
    assert len(small_layers) == 2 * used


def test_off_the_cpu_it_must_be_asked_for():
    learner, x = wide_learner(MAML), wide_tasks().support.x
    assert saves_work(learner, x)
    assert not saves_work(learner, x.to("meta"))


@pytest.mark.parametrize("kind", [JointPretraining, Reptile])
def test_learners_that_would_gain_nothing_use_it_for_prediction_alone(small_layers, kind):
    learner, tasks = wide_learner(kind), wide_tasks()
    learner(tasks)
    assert not small_layers
    predict_along(learner, tasks)
    assert small_layers


class Decaying(MAML):
    """A loop of its own."""

    def inner_loop(self, theta, support, steps):
        shrunk = {name: 0.9 * weight for name, weight in theta.items()}
        return [theta, *super().inner_loop(shrunk, support, steps)]


class WithRates(MAML):
    """A rate for each input, as learners with learned rates have."""

    def inner_step(self, theta, support, step):
        moved = super().inner_step(theta, support, step)
        return {n: w + 0.1 * torch.arange(w.shape[-1]) * (w - theta[n]) for n, w in moved.items()}


class Tied(MLP):
    def __init__(self) -> None:
        super().__init__([6, 6, 3])
        self.also = nn.Linear(6, 6)
        self.also.weight = self.body[0].weight


class Convolution(nn.Module):
    input_layer = "first"

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(1, 1, 3)


def hooked() -> nn.Module:
    model = MLP([6, 6, 3])
    model.body[0].register_forward_hook(lambda *_: None)
    return model


@pytest.mark.parametrize(
    ("kind", "model", "options", "words"),
    [
        (MAML, nn.Sequential(nn.Linear(6, 3)), {}, "does not name"),
        (MAML, Convolution(), {}, "Conv1d"),
        (MAML, MLP([6, 6, 3]), {"adapts": "head.*"}, "does not move body.0.weight"),
        (MAML, MLP([6, 6, 3]), {"mapping": "loop"}, "as it is written"),
        (MAML, Tied(), {}, "another layer"),
        (MAML, hooked(), {}, "hooks"),
        (WithRates, MLP([6, 6, 3]), {}, "one α"),
        (Decaying, MLP([6, 6, 3]), {}, "one α"),
        (Reptile, MLP([6, 6, 3]), {"inner_optimizer": "adam"}, "one α"),
    ],
)
def test_what_cannot_be_had_is_refused_with_the_reason(kind, model, options, words):
    settings_ = {"inner_lr": 0.1, "inner_steps": 1} | options
    with pytest.raises(ValueError, match=words):
        kind(model, F.cross_entropy, low_rank=True, **settings_)
    learner = kind(model, F.cross_entropy, **settings_)
    assert not saves_work(learner, torch.zeros(2, 1, 6))


def test_an_inner_step_of_its_own_is_run_as_written():
    looped, vectorised = (wide_learner(WithRates, mapping=m) for m in ("loop", "vmap"))
    found = (gradients(learner, wide_tasks()) for learner in (vectorised, looped))
    assert relative_difference(*found) < 1e-14


def test_inputs_that_need_a_gradient_get_it_or_are_refused():
    tasks = wide_tasks()
    tasks.support.x.requires_grad_()
    wide_learner(MAML)(tasks).backward()
    assert tasks.support.x.grad.norm() > 0
    with pytest.raises(ValueError, match="without a gradient"):
        wide_learner(MAML, low_rank=True)(tasks)
