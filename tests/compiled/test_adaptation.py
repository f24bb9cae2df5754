"""Compiled adaptation predicts what the learner predicts, for any rate of each task."""

import pytest
import torch
import torch.nn.functional as F

from metalearn_lab.compiled import CompiledAdaptation
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split


def test_predictions_after_every_step_at_every_rate() -> None:
    learner = MAML(MLP([1, 8, 8, 1]).double(), F.mse_loss, inner_lr=0.02, inner_steps=1)
    support = Sinusoids().batch(0, 5).support
    support = Split(support.x.double(), support.y.double())
    x = torch.linspace(-5, 5, 30, dtype=torch.float64)[None, :, None].expand(5, 30, 1)
    compiled = CompiledAdaptation(learner, support, x, steps=6)
    assert learner.inner_lr == 0.02
    rates = torch.tensor([0.0, 0.001, 0.01, 0.02, 0.1], dtype=torch.float64)
    found = compiled(support, x, rates)
    assert found.shape == (5, 7, 30, 1)
    for task, rate in enumerate(rates.tolist()):
        learner.inner_lr = rate
        one = Split(support.x[task : task + 1], support.y[task : task + 1])
        expected = [learner.predict(w, x[:1])[0] for w in learner.adapt(one, 6)]
        torch.testing.assert_close(found[task], torch.stack(expected), rtol=1e-11, atol=1e-12)
    learner.inner_lr = 0.02
    torch.testing.assert_close(compiled(support, x)[3], found[3])


class OwnRates(MAML):
    """Each weight has a rate of its own, which no α changes."""

    def inner_step(self, theta, support, step):
        gradient = self.gradient(theta, support)
        return {**theta, **{n: theta[n] - 0.03 * g for n, g in gradient.items()}}


def compiled_for(kind: type[MAML]) -> tuple[MAML, CompiledAdaptation, Split, torch.Tensor]:
    learner = kind(MLP([1, 4, 1]), F.mse_loss, inner_lr=0.02, inner_steps=1)
    support = Sinusoids().batch(0, 2).support
    return learner, CompiledAdaptation(learner, support, support.x, steps=2), support, support.x


def test_rates_for_a_learner_with_its_own_are_refused() -> None:
    _, compiled, support, x = compiled_for(OwnRates)
    compiled(support, x)
    with pytest.raises(ValueError, match="OwnRates do not depend on inner_lr"):
        compiled(support, x, torch.tensor([0.1, 0.2]))


def test_another_rate_is_followed_and_any_other_change_is_refused() -> None:
    learner, compiled, support, x = compiled_for(MAML)
    learner.inner_lr = 0.05
    last = learner.predict(learner.adapt(support, 2)[-1], x)
    torch.testing.assert_close(compiled(support, x)[:, -1], last)
    learner.loss = F.l1_loss
    with pytest.raises(ValueError, match=r"loss has changed .* compile it again"):
        compiled(support, x)
