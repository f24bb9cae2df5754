"""A compiled function gives the same bits on any number of threads, however busy the cores are."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
import torch.nn.functional as F

from metalearn_lab.compiled import CompiledMetaLoss
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids

TASKS = 150


@pytest.fixture(autouse=True)
def threads_put_back() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def compiled_maml(layers: list[int], inner_steps: int = 1) -> CompiledMetaLoss:
    learner = MAML(MLP(layers), F.mse_loss, inner_lr=0.01, inner_steps=inner_steps)
    return CompiledMetaLoss(learner, Sinusoids().batch(0, 4))


LARGE = compiled_maml([1, 40, 40, 1])


def bits(compiled: CompiledMetaLoss) -> list[list[float]]:
    _, loss, gradients = compiled.with_gradient(Sinusoids().batch(0, TASKS))
    return [tensor.reshape(-1).tolist() for tensor in (loss, *gradients)]


def test_the_same_bits_on_more_threads_than_there_are_cores() -> None:
    torch.set_num_threads(1)
    expected = bits(LARGE)
    torch.set_num_threads(8)
    assert all(bits(LARGE) == expected for _ in range(100))


def test_the_same_bits_beside_callers_in_other_threads() -> None:
    torch.set_num_threads(3)
    maps = [LARGE, compiled_maml([1, 40, 40, 1])]
    expected = [bits(each) for each in maps]
    with ThreadPoolExecutor(2) as callers:
        for _ in range(10):
            assert list(callers.map(bits, maps)) == expected


AFTER_FORK = """
import os, sys, warnings
import torch
from tests.compiled.test_threads import LARGE, bits
torch.set_num_threads(2)
expected = bits(LARGE)
warnings.simplefilter("ignore")  # Python warns of any fork where there are threads
child = os.fork()
if not child:
    torch.set_num_threads(2)
    os._exit(0 if bits(LARGE) == expected else 1)
assert bits(LARGE) == expected
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_the_same_bits_in_a_child_of_fork() -> None:
    subprocess.run([sys.executable, "-c", AFTER_FORK], check=True, timeout=300)


def test_threads_are_for_groups_that_are_worth_waking_one() -> None:
    torch.set_num_threads(4)
    large, small = LARGE.compiled, compiled_maml([1, 8, 8, 1]).compiled
    lanes = next(tasks for tasks in range(1, 65) if large.threads_for(tasks + 1) == 2)
    assert [large.threads_for(groups * lanes) for groups in (1, 2, 3, 9)] == [1, 2, 3, 4]
    assert small.threads_for(1000) == 1


def test_one_thread_where_the_caller_has_one() -> None:
    torch.set_num_threads(1)
    assert LARGE.compiled.threads_for(1000) == 1
