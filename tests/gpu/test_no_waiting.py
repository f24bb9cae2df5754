"""On a CUDA card nothing inside an outer step waits for the card, and a lost step is found."""

from math import nan

import pytest
import torch
from torch.optim import Adam

from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.tasks.types import to_device
from metalearn_lab.training.block import train_block
from metalearn_lab.training.non_finite import NonFiniteLossError
from metalearn_lab.training.outer_step import OuterStep
from metalearn_lab.training.trainee import Trainee, flatten_groups
from tests.learners.builders import (
    LEARNERS,
    merged_for,
    sinusoid_learner,
    sinusoids,
    text_learner,
    text_tasks,
)

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]
WORLDS = {"sinusoids": (sinusoid_learner, sinusoids), "text": (text_learner, text_tasks)}


@pytest.fixture
def waiting_is_an_error():
    """From ``torch.cuda.set_sync_debug_mode("error")`` on; the test says when."""
    yield lambda: torch.cuda.set_sync_debug_mode("error")
    torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("kind", LEARNERS)
def test_a_step_with_its_tasks_waits_for_nothing(waiting_is_an_error, kind, world, fused):
    make, batch = WORLDS[world]
    learner, tasks = make(kind).cuda(), merged_for(kind, batch(5))
    outer = OuterStep(learner, Adam(learner.parameters(), 1e-2, fused=fused))
    outer.step(to_device(tasks, "cuda"))
    waiting_is_an_error()
    loss = outer.step(to_device(tasks, "cuda"))
    with pytest.raises(RuntimeError, match="synchroniz"):
        loss.item()


def test_a_lost_step_is_found_and_taken_back():
    def tasks(iteration):
        batch = sinusoids(3, iteration)
        if iteration == bad:
            batch.query.y[0, 0] = nan
        return to_device(batch, "cuda")

    def trained(count):
        learner = sinusoid_learner(JointPretraining).cuda()
        trainee = Trainee(learner, Adam(learner.parameters(), 1e-2), None)
        return trainee, lambda: train_block(
            trainee, OuterStep(learner, trainee.optimizer), tasks, range(count)
        )

    (found, run), (expected, clean) = trained(9), trained(4)
    bad = 4
    with pytest.raises(NonFiniteLossError, match=r"iteration 4: query\.y of task 0"):
        run()
    clean()
    kept = flatten_groups(expected.saved_state().tensors)
    assert all(
        torch.equal(tensor, kept[n])
        for n, tensor in flatten_groups(found.saved_state().tensors).items()
    )
