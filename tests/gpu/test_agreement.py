"""What a CUDA card computes is what the CPU computes: float64 to 1e-10, float32 to 1e-4."""

import pytest
import torch

from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.tasks.types import Split, Task, to_device
from tests.learners.builders import (
    LEARNERS,
    gradients,
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


def single(task: Task) -> Task:
    """The same task in float32."""
    return Task(*(Split(*(p.float() if p.is_floating_point() else p for p in s)) for s in task))


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("kind", LEARNERS)
def test_meta_gradients_agree(kind, world):
    make, batch = WORLDS[world]
    tasks = merged_for(kind, batch(5))
    here = gradients(make(kind), tasks)
    there = gradients(make(kind).cuda(), to_device(tasks, "cuda"))
    for name, gradient in here.items():
        assert torch.allclose(gradient, there[name].cpu(), rtol=1e-10, atol=1e-12), name
    rough = gradients(make(kind).float().cuda(), to_device(single(tasks), "cuda"))
    for name, gradient in here.items():
        error = (gradient - rough[name].cpu().double()).norm()
        assert error <= 1e-4 * gradient.norm() + 1e-7, name


@pytest.mark.parametrize("kind", LEARNERS)
def test_adaptation_curves_agree(kind):
    tasks = text_tasks(30)
    here = adaptation_curves(text_learner(kind), tasks, 4)
    there = adaptation_curves(text_learner(kind).cuda(), to_device(tasks, "cuda"), 4)
    assert torch.allclose(here.loss, there.loss.cpu(), rtol=1e-9)
    assert torch.equal(here.accuracy, there.accuracy.cpu())
