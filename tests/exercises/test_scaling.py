"""The checks accept what is right and name each likely mistake."""

import pytest
import torch
from torch.func import grad, vmap

from metalearn_lab.exercises.scaling import (
    check_best_ranks,
    check_chunked_gradient,
    check_sweep_grid,
)


def parts_of(tasks, first, last):
    return [part[first:last] for part in tasks]


def sums(meta_loss, weights, tasks, chunk_size, reduce="sum"):
    """What vmap makes of each chunk, added up over its tasks or averaged."""
    of_each = vmap(grad(meta_loss), in_dims=(None, 0))
    starts = range(0, len(tasks[0]), chunk_size)
    chunks = (of_each(weights, parts_of(tasks, i, i + chunk_size)) for i in starts)
    return [getattr(chunk, reduce)(0) for chunk in chunks]


def chunked(meta_loss, weights, tasks, chunk_size):
    total = torch.zeros_like(weights)
    of_each = vmap(grad(meta_loss), in_dims=(None, 0))
    for first in range(0, len(tasks[0]), chunk_size):
        total = total + of_each(weights, parts_of(tasks, first, first + chunk_size)).sum(0)
    return total / len(tasks[0])


def by_vmap_itself(meta_loss, weights, tasks, chunk_size):
    of_each = vmap(grad(meta_loss), in_dims=(None, 0), chunk_size=chunk_size)
    return of_each(weights, tasks).mean(0)


@pytest.mark.parametrize("right", [chunked, by_vmap_itself])
def test_a_gradient_in_chunks_is_right(right):
    assert check_chunked_gradient(right).right


def one_by_one(meta_loss, weights, tasks, chunk_size):
    each = [grad(meta_loss)(weights, [p[i] for p in tasks]) for i in range(len(tasks[0]))]
    return torch.stack(each).mean(0)


def all_at_once(meta_loss, weights, tasks, chunk_size):
    return vmap(grad(meta_loss), in_dims=(None, 0))(weights, tasks).mean(0)


def chunks_of_two(meta_loss, weights, tasks, chunk_size):
    return chunked(meta_loss, weights, tasks, 2)


def gradient_at_the_end(meta_loss, weights, tasks, chunk_size):
    of_all = vmap(meta_loss, in_dims=(None, 0), chunk_size=chunk_size)
    return grad(lambda weights: of_all(weights, tasks).mean())(weights)


def mean_of_means(*given):
    return torch.stack(sums(*given, reduce="mean")).mean(0)


def whole_chunks_only(meta_loss, weights, tasks, chunk_size):
    whole = max(len(tasks[0]) // chunk_size * chunk_size, 1)
    return chunked(meta_loss, weights, parts_of(tasks, 0, whole), chunk_size)


CHUNKED = {
    "that is the mean of the chunks' means": mean_of_means,
    "that is the sum over the tasks": lambda *given: sum(sums(*given)),
    "the last chunk alone": lambda *given: sums(*given, reduce="mean")[-1],
    "divided by the number of chunks": lambda *given: sum(sums(*given)) / len(sums(*given)),
    "are left out": whole_chunks_only,
    "7 calls of meta_loss, and 3 are enough": one_by_one,
    "took 1 calls of meta_loss: there are 3 chunks": all_at_once,
    "4 calls of meta_loss, and 3": chunks_of_two,
    "times the memory of one chunk": gradient_at_the_end,
    "this is not the mean": lambda meta_loss, weights, tasks, chunk_size: weights,
    "hold": lambda meta_loss, weights, tasks, chunk_size: weights * float("nan"),
}


@pytest.mark.parametrize("hint", CHUNKED)
def test_each_other_gradient_is_told_what_it_is(hint):
    verdict = check_chunked_gradient(CHUNKED[hint])
    assert not verdict.right
    assert hint in verdict.says


GRIDS = [
    "- chapter: 0\n  parameters:\n    iterations: [500, 2000]\n    seed: [0, 1, 2, 3, 4]\n",
    '- chapter: "00"\n  parameters: {iterations: [500, 2000], seed: [0, 1, 2, 3, 4]}\n',
    "- chapter: start_here\n  parameters: {seed: [0,1,2,3,4], iterations: 500}\n"
    "- chapter: 0\n  parameters: {seed: [4,3,2,1,0], iterations: 2000}\n",
]


@pytest.mark.parametrize("text", GRIDS)
def test_ten_points_in_one_entry_or_two_are_right(text):
    assert check_sweep_grid(text).right


WRONG_GRIDS = {
    "is a list of entries": "chapter: 0\nparameters: {seed: [0, 1]}",
    "two keys": "- chapter: 0\n  iterations: [500, 2000]\n  seed: [0, 1, 2, 3, 4]",
    "as a number": "- chapter: 6\n  parameters: {seed: [0, 1, 2, 3, 4], iterations: 500}",
    "no list of numbers": "- chapter: 0\n  parameters: {seed: 0-4, iterations: [500, 2000]}",
    "parameter 'iteration'": "- chapter: 0\n  parameters: {seed: 0, iteration: 500}",
    "iterations 2000 and seed 0": "- chapter: 0\n  parameters:\n"
    "    {seed: [0, 1, 2, 3, 4], iterations: 500}",
    "no list of numbers: write": "- chapter: 0\n  parameters:\n"
    "    {seed: [false, true, 2, 3, 4], iterations: [500, 2000]}",
    "8 of the 10": "- chapter: 0\n  parameters: {seed: 0, iterations: [500, 2000]}",
    "yours has 12": "- chapter: 0\n  parameters:\n"
    "    {seed: [0, 1, 2, 3, 4, 5], iterations: [500, 2000]}",
    "yours has 11": f"{GRIDS[0]}- chapter: 0\n  parameters: {{seed: 0, iterations: 500}}",
    "cannot be read as YAML: line 1": "- chapter: [",
}


@pytest.mark.parametrize("hint", WRONG_GRIDS)
def test_each_wrong_grid_is_told_what_is_wrong(hint):
    verdict = check_sweep_grid(WRONG_GRIDS[hint])
    assert not verdict.right
    assert hint in verdict.says


def best_ranks(tasks, work, fixed, latency):
    return max((tasks * work / (2 * latency)) ** 0.5, 1.0)


def test_the_number_of_processes_is_right():
    assert check_best_ranks(best_ranks).right


RANKS = {
    "the number of tasks": lambda tasks, work, fixed, latency: tasks,
    "Amdahl's ceiling": lambda tasks, work, fixed, latency: 1 + tasks * work / fixed,
    "not ℓ": lambda tasks, work, fixed, latency: (tasks * work / latency) ** 0.5,
    "P²": lambda tasks, work, fixed, latency: tasks * work / (2 * latency),
    "at least 1": lambda tasks, work, fixed, latency: (tasks * work / (2 * latency)) ** 0.5,
    "another P": lambda tasks, work, fixed, latency: 16.0,
    "T is least": lambda tasks, work, fixed, latency: max((tasks * work / 2) ** 0.5, 1.0),
}


@pytest.mark.parametrize("hint", RANKS)
def test_each_other_number_of_processes_is_told_what_it_is(hint):
    verdict = check_best_ranks(RANKS[hint])
    assert not verdict.right
    assert hint in verdict.says


@pytest.mark.parametrize("check", [check_chunked_gradient, check_sweep_grid, check_best_ranks])
def test_a_stub_has_nothing_yet(check):
    def stub(*args):
        raise NotImplementedError("your turn")

    answer = None if check is check_sweep_grid else stub
    assert check(answer).says.startswith("Nothing here yet")
