"""What the model says fits does fit, and one more does not; the fit is exact on exact numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from metalearn_lab.experiments.extra_memory import step_bytes
from metalearn_lab.experiments.step_memory import StepMemory, fit_step_memory
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids

MODEL = StepMemory(fixed=1000.0, task=300.0, step=50.0)
counts = st.integers(1, 50)
budgets = st.integers(0, 100_000)  # memory comes in whole bytes


@given(budgets, counts)
def test_the_most_steps_fit_and_one_more_does_not(budget, tasks):
    most = MODEL.most_steps(budget, tasks)
    assert MODEL.bytes(tasks, most) <= budget or most == 0
    assert MODEL.bytes(tasks, most + 1) > budget


@given(budgets, counts)
def test_the_most_tasks_fit_and_one_more_does_not(budget, steps):
    most = MODEL.most_tasks(budget, steps)
    assert MODEL.bytes(most, steps) <= budget or most == 0
    assert MODEL.bytes(most + 1, steps) > budget


def test_the_fit_finds_all_three():
    found = fit_step_memory({(n, k): MODEL.bytes(n, k) for n in (1, 4) for k in (1, 2, 9)})
    assert found == pytest.approx(MODEL)


@pytest.mark.parametrize("at", [[(1, 1), (1, 2), (1, 3)], [(1, 1), (2, 1), (3, 1)], [(1, 1)]])
def test_too_few_kinds_of_measurements_are_refused(at):
    with pytest.raises(ValueError, match="two numbers of tasks and two of steps"):
        fit_step_memory({(n, k): MODEL.bytes(n, k) for n, k in at})


def test_it_foretells_the_counted_bytes_of_maml():
    family = Sinusoids()

    def counted(tasks, steps):
        learner = MAML(MLP([1, 8, 1]), F.mse_loss, inner_lr=0.01, inner_steps=steps)
        return step_bytes(learner, family.batch(0, tasks))

    found = fit_step_memory({(n, k): counted(n, k) for n in (4, 8) for k in (2, 4)})
    assert found.bytes(16, 12) == pytest.approx(counted(16, 12), rel=0.02)
