"""All kinds of learners start alike, see the same data, and share a network when asked to."""

import math
from functools import partial

import pytest
import torch

from metalearn_lab.comparison.sinusoid_lab import SinusoidLab
from metalearn_lab.evaluation.adaptation_curves import adapted_loss
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.tasks.sinusoids import Sinusoids

LAB = SinusoidLab(shots=5, meta_batch=4, inner_steps=2, outer_lr=1e-3, seed=3)
UNSEEN = Sinusoids(5, 20, "validation").batch(0, 4)


@pytest.mark.parametrize("kind", [MAML, JointPretraining, partial(Reptile, inner_batch=5)])
def test_a_training_is_repeatable_and_timed(kind):
    once, again = (LAB.train(kind, 0.01, 10) for _ in range(2))
    weights = once.learner.state_dict()
    assert all(torch.equal(weights[n], w) for n, w in again.learner.state_dict().items())
    assert once.milliseconds > 0
    assert not once.diverged


@pytest.mark.parametrize("kind", [MAML, JointPretraining])
def test_a_training_lowers_its_own_loss(kind):
    start, end = (LAB.train(kind, 0.01, steps).learner for steps in (1, 40))
    tasks = end.training_batch(LAB.family, 0, 40)
    assert end(tasks) < start(tasks)


def test_pretraining_and_reptile_get_the_points_as_one_set():
    for kind, points in {
        MAML: 5,
        JointPretraining: 10,
        partial(Reptile, inner_batch=5): 10,
    }.items():
        learner = LAB.train(kind, 0.01, 1).learner
        assert learner.training_batch(LAB.family, 0, 1).support.x.shape[1] == points


def test_another_adaptation_shares_the_network_and_trains_nothing():
    pretrained = LAB.train(JointPretraining, 0.01, 5)
    before = {n: w.clone() for n, w in pretrained.learner.model.state_dict().items()}
    probe = LAB.adapting(pretrained, partial(JointPretraining, adapts="head.*"), 0.02, 7)
    assert probe.learner.model is pretrained.learner.model
    assert (probe.learner.inner_lr, probe.learner.inner_steps) == (0.02, 7)
    assert probe.error(UNSEEN) == pytest.approx(adapted_loss(probe.learner, UNSEEN))
    assert all(torch.equal(before[n], w) for n, w in probe.learner.model.state_dict().items())


def test_what_diverges_has_an_infinite_error():
    assert LAB.train(MAML, 1e6, 5).error(UNSEEN) == math.inf
    pretrained = LAB.train(JointPretraining, 0.01, 2)
    assert LAB.adapting(pretrained, JointPretraining, 1e6, 50).error(UNSEEN) == math.inf


def test_memory_grows_with_the_steps_that_are_differentiated_through():
    longer = SinusoidLab(shots=5, meta_batch=4, inner_steps=6, outer_lr=1e-3, seed=3)
    few, many = (lab.peak_bytes(lab.train(MAML, 0.01, 1).learner) for lab in (LAB, longer))
    joint = LAB.train(JointPretraining, 0.01, 1).learner
    assert LAB.peak_bytes(joint) < few < many
    assert all(weight.grad is None for weight in joint.parameters())
