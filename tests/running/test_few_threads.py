"""Small batches are run on one thread, and the process is left as it was, whatever happens."""

import threading
from collections.abc import Iterator
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.predict_along import predict_along
from metalearn_lab.models.mlp import MLP
from metalearn_lab.one_thread import one_thread, threads_outside
from metalearn_lab.running import few_threads
from metalearn_lab.running.few_threads import is_small
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task
from metalearn_lab.training.meta_train import meta_train
from metalearn_lab.training.outer_step import OuterStep

THREADS = 3


@pytest.fixture(autouse=True)
def several_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    yield
    assert torch.get_num_threads() == THREADS, "left as it was"
    torch.set_num_threads(before)


class Watched(nn.Module):
    """A small network that notes the number of threads, and fails when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.network = MLP([1, 8, 1])
        self.threads: set[int] = set()
        self.fails = False

    def forward(self, x: Tensor) -> Tensor:
        self.threads.add(torch.get_num_threads())
        if self.fails:
            raise RuntimeError("told to fail")
        return self.network(x)


class WatchedInBackward(torch.autograd.Function):
    """The same number, whose ``backward`` notes the number of threads."""

    seen: ClassVar[set[int]] = set()
    fails = False

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def setup_context(ctx, inputs, output) -> None:
        pass

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        WatchedInBackward.seen.add(torch.get_num_threads())
        if WatchedInBackward.fails:
            raise RuntimeError("told to fail")
        return gradient

    @staticmethod
    def vmap(info, in_dims, x):
        return WatchedInBackward.apply(x), in_dims[0]


@pytest.fixture
def learner() -> Learner:
    return MAML(Watched(), F.mse_loss, inner_lr=0.01, inner_steps=1)


TASKS = Sinusoids().batch(0, 3)


def use(way: str, learner: Learner) -> None:
    adam = torch.optim.Adam(learner.parameters(), fused=True)
    if way == "forward":
        learner(TASKS)
    elif way == "adapt":
        learner.adapt(TASKS.support)
    elif way == "predict":
        weights = {n: w.detach().expand(3, *w.shape) for n, w in learner.weights().items()}
        learner.predict(weights, TASKS.query.x)
    elif way == "predict_along":
        predict_along(learner=learner, tasks=TASKS)
    elif way == "step":
        OuterStep(learner, adam).step(TASKS)
    else:
        meta_train(learner, lambda i: TASKS, iterations=2, optimizer=adam, progress=False)


WAYS = ["forward", "adapt", "predict", "predict_along", "step", "meta_train"]


@pytest.mark.parametrize("way", WAYS)
def test_small_batches_take_one_thread(way: str, learner: Learner) -> None:
    use(way, learner)
    assert learner.model.threads == {1}


@pytest.mark.parametrize("way", WAYS)
def test_threads_are_put_back_after_an_error(way: str, learner: Learner) -> None:
    learner.model.fails = True
    with pytest.raises(RuntimeError, match="told to fail"):
        use(way, learner)


@pytest.mark.parametrize("fails", [False, True])
def test_so_does_the_backward_of_the_loss(fails: bool, monkeypatch) -> None:
    def watched_loss(output: Tensor, target: Tensor) -> Tensor:
        return WatchedInBackward.apply(F.mse_loss(output, target))

    learner = MAML(MLP([1, 8, 1]), watched_loss, inner_lr=0.01, inner_steps=0)
    loss = 2 * learner(TASKS)
    monkeypatch.setattr(WatchedInBackward, "seen", set())
    monkeypatch.setattr(WatchedInBackward, "fails", fails)
    if fails:
        with pytest.raises(RuntimeError, match="told to fail"):
            loss.backward()
    else:
        loss.backward(retain_graph=True)
        torch.autograd.grad(loss, list(learner.parameters()), create_graph=True)
    assert WatchedInBackward.seen == {1}
    assert torch.get_num_threads() == THREADS


def batch_of(tasks: int, inputs: int) -> Task:
    x, y = torch.zeros(1, 1, 1).expand(tasks, 20, inputs), torch.zeros(1, 1).expand(tasks, 20)
    return Task(Split(x, y), Split(x, y))


def test_the_rule() -> None:
    small = MAML(MLP([1, 40, 40, 1]), F.mse_loss, inner_lr=0.01, inner_steps=5)
    wide = MAML(MLP([384, 256, 5]), F.cross_entropy, inner_lr=0.01, inner_steps=5)
    images = nn.Sequential(nn.Conv2d(1, 64, 3), nn.Flatten(), nn.LazyLinear(5))
    images(torch.zeros(1, 1, 28, 28))
    convolution = MAML(images, F.cross_entropy, inner_lr=0.01, inner_steps=1)
    assert is_small(small, batch_of(25, 1))
    assert is_small(small, batch_of(500, 1).support)
    assert not is_small(small, batch_of(50_000, 1).support.x)
    assert is_small(wide, batch_of(16, 384))
    assert not is_small(wide, batch_of(1_000, 384))
    assert is_small(convolution, torch.zeros(1).expand(100, 1, 1, 28, 28))
    assert not is_small(convolution, torch.zeros(1).expand(1, 1_000, 1, 28, 28))


@pytest.mark.parametrize("way", WAYS)
def test_large_batches_keep_their_threads(way: str, learner: Learner, monkeypatch) -> None:
    monkeypatch.setattr(few_threads, "MOST_PRODUCTS", 1)
    use(way, learner)
    assert learner.model.threads == {THREADS}


def test_what_is_allowed_is_known_inside_and_other_threads_keep_theirs() -> None:
    seen = []
    with one_thread(), one_thread():
        assert (torch.get_num_threads(), threads_outside()) == (1, THREADS)
    with one_thread(wanted=False):
        assert torch.get_num_threads() == THREADS
    started, inside, done = threading.Event(), threading.Event(), threading.Event()

    def other() -> None:
        torch.get_num_threads()  # a thread begins with what holds when it first asks
        started.set()
        inside.wait()
        seen.append((torch.get_num_threads(), threads_outside()))
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    started.wait()
    with one_thread():
        inside.set()
        done.wait()
    thread.join()
    assert seen == [(THREADS, THREADS)]


def test_a_compiled_step_is_the_same_on_any_number_of_threads() -> None:
    weights = []
    for threads in (1, THREADS):
        torch.set_num_threads(threads)
        learner = MAML(MLP([1, 40, 40, 1]), F.mse_loss, inner_lr=0.01, inner_steps=1)
        adam = torch.optim.Adam(learner.parameters(), fused=True)
        step = OuterStep(learner, adam, compiled=True)
        for i in range(20):
            step.step(Sinusoids().batch(50 * i, 50))
        weights.append([p.detach().clone() for p in learner.parameters()])
    assert all(map(torch.equal, *weights))
