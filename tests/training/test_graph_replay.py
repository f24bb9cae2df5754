"""All of graph replay but the recording itself, for which a stand-in takes the place of CUDA."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import Adam

from metalearn_lab.compiled import NotCompilable
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.tasks.types import Split, Task
from metalearn_lab.training import outer_step
from metalearn_lab.training.block import train_block
from metalearn_lab.training.graph_replay import GraphReplay, record
from metalearn_lab.training.outer_step import OuterStep
from metalearn_lab.training.trainee import Trainee
from tests.learners.builders import (
    LEARNERS,
    gradients,
    merged_for,
    sinusoid_learner,
    sinusoids,
    text_learner,
    text_tasks,
)
from tests.training.recorded import on_the_cpu

WORLDS = {"sinusoids": (sinusoid_learner, sinusoids), "text": (text_learner, text_tasks)}


@pytest.fixture
def done(monkeypatch):
    return on_the_cpu(monkeypatch)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("kind", LEARNERS)
def test_a_replay_is_the_learners_meta_loss_and_gradient_at_its_present_weights(done, kind, world):
    make, batch = WORLDS[world]
    learner = make(kind)
    replayed = GraphReplay(learner, merged_for(kind, batch(3)))
    for number in (1, 2):
        tasks = merged_for(kind, batch(3, 10 * number))
        expected = gradients(learner, tasks)
        learner.zero_grad()
        loss = replayed(tasks)
        assert torch.allclose(loss, learner(tasks), rtol=1e-12)
        loss.backward()
        for name, weight in learner.named_parameters():
            assert torch.allclose(weight.grad, expected[name], rtol=1e-10, atol=1e-14), name
            weight.data -= 0.1 * weight.grad
    assert done.count("recorded") == 1


def test_a_loss_and_its_gradient_outlive_the_next_replay(done):
    learner = sinusoid_learner(MAML)
    replayed = GraphReplay(learner, sinusoids())
    first, second = replayed(sinusoids(3, 0)), replayed(sinusoids(3, 3))
    assert torch.allclose(first, learner(sinusoids(3, 0)), rtol=1e-12)
    expected = gradients(learner, sinusoids(3, 0))
    learner.zero_grad()
    first.backward()
    for name, weight in learner.named_parameters():
        assert torch.allclose(weight.grad, expected[name], rtol=1e-10), name
    assert torch.allclose(second, learner(sinusoids(3, 3)), rtol=1e-12)


def test_a_parameter_that_the_loss_does_not_depend_on_gets_no_gradient(done):
    learner = sinusoid_learner(MAML)
    learner.model.spare = nn.Parameter(torch.ones(2))
    GraphReplay(learner, sinusoids())(sinusoids()).backward()
    assert learner.model.spare.grad is None


def test_a_block_of_replayed_steps_is_the_block_of_plain_ones(done, monkeypatch):
    monkeypatch.setattr(outer_step, "_compile", GraphReplay)

    def block(compiled):
        learner = sinusoid_learner(MAML)
        trainee = Trainee(learner, Adam(learner.parameters(), 1e-2, fused=True), None)
        outer = OuterStep(learner, trainee.optimizer, compiled)
        return train_block(trainee, outer, lambda i: sinusoids(3, 3 * i), range(20))

    assert block(True) == pytest.approx(block(False), rel=1e-9)
    assert done.count("replayed") == 21, "one replay compares, 20 train"


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        (sinusoids(4), r"\[3, 5, 1\] on cpu.* was given .*\[4, 5, 1\] on cpu"),
        (Task(*(Split(s.x.float(), s.y) for s in sinusoids())), "float32"),
        (Task(*(Split(*(p.to("meta") for p in s)) for s in sinusoids())), "on meta"),
    ],
    ids=["tasks", "dtype", "device"],
)
def test_a_batch_of_other_shapes_is_refused(done, tasks, said):
    replayed = GraphReplay(sinusoid_learner(MAML), sinusoids(3))
    with pytest.raises(ValueError, match=f"{said}.*: keep the number of tasks"):
        replayed(tasks)


def test_other_settings_are_refused(done):
    learner = sinusoid_learner(MAML)
    replayed = GraphReplay(learner, sinusoids())
    learner.inner_lr = 0.1
    with pytest.raises(ValueError, match=r"inner_lr has changed from 0\.05 to 0\.1 .*it again"):
        replayed(sinusoids())


def test_weights_that_were_moved_in_memory_are_refused(done):
    learner = sinusoid_learner(MAML)
    replayed = GraphReplay(learner, sinusoids())
    learner.float().double()
    with pytest.raises(ValueError, match=r"moved in memory.*make a new OuterStep"):
        replayed(sinusoids())


def test_a_replay_that_disagrees_with_pytorch_never_trains(done):
    class Counting(MAML):
        calls = 0

        def meta_loss(self, task):
            self.calls += 1
            return self.calls * super().meta_loss(task)

    with pytest.raises(NotCompilable, match=r"changes the learner itself .*calls has changed from"):
        GraphReplay(sinusoid_learner(Counting), sinusoids())


def test_dropout_is_refused_while_it_is_at_work(done):
    model = nn.Sequential(nn.Linear(1, 4), nn.Dropout(0.5), nn.Linear(4, 1))
    learner = JointPretraining(model, F.mse_loss, inner_lr=0.1, inner_steps=1).double()
    with pytest.raises(NotCompilable, match="the meta-loss draws random numbers"):
        GraphReplay(learner, sinusoids())
    GraphReplay(learner.eval(), sinusoids())


def test_without_a_cuda_device_nothing_is_recorded():
    with pytest.raises(NotCompilable, match=r"only a CUDA device .* this is a cpu"):
        GraphReplay(sinusoid_learner(MAML), sinusoids())
    with pytest.raises(NotCompilable, match="this is a mps"):
        record(lambda: torch.zeros(1), torch.device("mps"))


def test_the_weights_are_recorded_through_other_tensors_in_the_same_memory(done, monkeypatch):
    """A leaf's node waits for the stream that it was first used on, which no recording may."""

    def watched(learner):
        seen.append(dict(learner.model.named_parameters()))
        return seen[-1]

    seen = []
    learner = sinusoid_learner(MAML)
    learner(sinusoids())  # before the first step the model is watched once
    monkeypatch.setattr(MAML, "weights", watched)
    replayed = GraphReplay(learner, sinusoids())
    seen.clear()
    replayed.replay()  # the stand-in takes the recorded step
    assert seen
    for name, weight in learner.model.named_parameters():
        for weights in seen:
            assert weights[name] is not weight
            assert weights[name].data_ptr() == weight.data_ptr()
