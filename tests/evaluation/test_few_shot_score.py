"""The score: settings by the validation tasks alone, accuracy of the test tasks with them."""

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.evaluation.few_shot_score import few_shot_score, trainable_parameters, with_rate
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task

RATES, STEPS = (0.03, 0.3, 3.0), 6


def blobs(name, count=12):
    """Three classes around random centres."""
    numbers = generator("blobs", name)
    centres = 2 * torch.randn(count, 3, 4, generator=numbers)
    labels = torch.arange(3).repeat(5).expand(count, 15)
    splits = [centres[:, labels[0]] + torch.randn(count, 15, 4, generator=numbers) for _ in "sq"]
    return Task(*(Split(x, labels) for x in splits))


@pytest.fixture
def learner():
    model = MLP([4, 6, 3])
    return JointPretraining(model, F.cross_entropy, inner_lr=9.0, inner_steps=1, adapts="head.*")


def test_it_is_the_best_of_validation_scored_on_test(learner):
    validation, test = blobs("validation"), blobs("test", 7)
    score = few_shot_score(learner, validation, test, inner_lrs=RATES, most_steps=STEPS)
    tried = {
        (rate, step): adaptation_curves(with_rate(learner, rate), validation, step)
        .accuracy[:, -1]
        .mean()
        for rate in RATES
        for step in range(STEPS + 1)
    }
    assert tried[score.inner_lr, score.steps] == max(tried.values())
    again = adaptation_curves(with_rate(learner, score.inner_lr), test, score.steps)
    assert torch.equal(score.accuracy, again.accuracy[:, -1])
    assert score.mean.tasks == 7


def test_the_test_tasks_have_no_say(learner):
    settings = {"inner_lrs": RATES, "most_steps": STEPS}
    validation, test = blobs("validation"), blobs("test")
    shuffled = Task(test.support, Split(test.query.x, test.query.y.flip(1)))
    one, other = (
        few_shot_score(learner, validation, each, **settings) for each in (test, shuffled)
    )
    assert (one.inner_lr, one.steps) == (other.inner_lr, other.steps)
    assert not torch.equal(one.accuracy, other.accuracy)


def test_how_many_at_once_changes_nothing(learner):
    tasks = blobs("validation"), blobs("test")
    one, other = (
        few_shot_score(learner, *tasks, inner_lrs=RATES, most_steps=STEPS, tasks_at_once=n)
        for n in (5, 100)
    )
    assert one[1:] == other[1:]
    assert torch.equal(one.accuracy, other.accuracy)


def test_the_learner_itself_keeps_its_rate(learner):
    few_shot_score(learner, blobs("a"), blobs("b"), inner_lrs=RATES, most_steps=1)
    assert learner.inner_lr == 9.0
    assert with_rate(learner, 0.5).model is learner.model


def test_only_what_adapts_is_counted(learner):
    assert trainable_parameters(learner) == 6 * 3 + 3
    everything = JointPretraining(learner.model, F.cross_entropy, inner_lr=1, inner_steps=1)
    assert trainable_parameters(everything) == 4 * 6 + 6 + 6 * 3 + 3


def test_no_rates_and_regressions_are_refused(learner):
    with pytest.raises(ValueError, match="no inner rates to try"):
        few_shot_score(learner, blobs("a"), blobs("b"), inner_lrs=(), most_steps=1)
    tasks = Sinusoids(shots=3, queries=3).batch(0, 3)
    regression = JointPretraining(MLP([1, 4, 1]), F.mse_loss, inner_lr=0.1, inner_steps=1)
    with pytest.raises(ValueError, match="these tasks have no accuracy"):
        few_shot_score(regression, tasks, tasks, inner_lrs=(0.1,), most_steps=1)
