"""Memory is counted: known sizes, and how they grow with the inner steps."""

import torch
from torch.nn import functional as F

from metalearn_lab.experiments.extra_memory import peak_extra_bytes, step_bytes
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids

X = torch.zeros(1000)  # 4,000 bytes
TASK = Sinusoids(shots=50, queries=50).batch(0, 1)


def test_what_was_there_before_is_not_extra():
    assert peak_extra_bytes(lambda: X.add_(1)) == 0
    assert peak_extra_bytes(lambda: X.view(10, 100).t()) == 0


def test_only_what_is_alive_at_once_adds_up():
    def one_after_the_other():
        for _ in range(5):
            X + 1

    def together():
        return [X + 1 for _ in range(5)]

    assert peak_extra_bytes(one_after_the_other) == 4000
    assert peak_extra_bytes(together) == 20_000


def test_a_view_holds_the_whole_and_counts_it_once():
    def view_outlives():
        whole = X + 1
        part = whole[:10]
        again = part.view(2, 5)
        del whole, part
        return again, X + 1

    assert peak_extra_bytes(view_outlives) == 8000


def test_what_autograd_keeps_counts_until_backward():
    w = torch.ones(1000, requires_grad=True)

    def kept():
        return (w.sin().sin().sin()).sum()  # each sine keeps its input: two results and w

    assert 12_000 <= peak_extra_bytes(kept) < 12_100
    with torch.no_grad():
        assert 8000 <= peak_extra_bytes(kept) < 8100


def of(kind, steps, **settings):
    model = MLP([1, 16, 16, 1])
    learner = kind(model, F.mse_loss, inner_lr=0.01, inner_steps=steps, **settings)
    needed = step_bytes(learner, TASK)
    assert all(weight.grad is None for weight in model.parameters())
    return needed


WEIGHTS = sum(w.numel() for w in MLP([1, 16, 16, 1]).parameters()) * 4


def test_second_order_grows_by_the_activations_of_a_step_too():
    second = [of(MAML, steps, mapping="loop") for steps in (2, 3, 6)]
    step = second[1] - second[0]
    assert second[2] - second[1] == 3 * step
    assert step > WEIGHTS + 2 * 50 * 16 * 4  # two hidden layers of 16 units at 50 points


def test_first_order_grows_by_no_more_than_the_weights():
    assert 0 <= of(FirstOrderMAML, 6) - of(FirstOrderMAML, 2) <= 4 * WEIGHTS


def test_replay_grows_by_the_weights_alone():
    few, more = (of(MAML, steps, mapping="loop", replay=True) for steps in (3, 6))
    assert more - few == 3 * WEIGHTS
