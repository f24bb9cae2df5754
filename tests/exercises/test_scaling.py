"""The checks accept what is right and name each likely mistake."""

import pytest
import torch

from metalearn_lab.exercises.scaling import (
    check_combined_shards,
    check_most_ranks,
    check_supported_claim,
    check_sweep_grid,
)


def weighted(means, sizes):
    return sum(size * mean for size, mean in zip(sizes, means, strict=True)) / sum(sizes)


COMBINED = {
    "mean of the shards' means": lambda means, sizes: torch.stack(means).mean(0),
    "that is the sum over the tasks": lambda means, sizes: weighted(means, sizes) * sum(sizes),
    "divided by the number of shards": lambda means, sizes: weighted(means, sizes) * 8 / 3,
    "sum of the shards' means": lambda means, sizes: torch.stack(means).sum(0),
    "not the mean over the 8": lambda means, sizes: means[0],
}


def test_the_mean_over_all_tasks_is_right():
    assert check_combined_shards(weighted).right


@pytest.mark.parametrize("hint", COMBINED)
def test_each_wrong_combination_is_told_what_it_is(hint):
    verdict = check_combined_shards(COMBINED[hint])
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


def test_sixteen_ranks_are_right():
    assert check_most_ranks(16).right


RANKS = {
    "126 messages": 64,
    "Amdahl's ceiling": 257,
    "not ℓ": 22.6,
    "P²": 256,
    "where it turns": 8,
}


@pytest.mark.parametrize("hint", RANKS)
def test_each_wrong_number_of_ranks_is_told_what_it_is(hint):
    verdict = check_most_ranks(RANKS[hint])
    assert not verdict.right
    assert hint in verdict.says


@pytest.mark.parametrize("letter", ["c", "C", "(c)"])
def test_the_modest_claim_is_right(letter):
    assert check_supported_claim(letter).right


@pytest.mark.parametrize(
    ("letter", "hint"),
    [("a", "the best of four"), ("b", "one trained"), ("d", "nothing equal"), (3, "a letter")],
)
def test_each_other_claim_is_told_why_not(letter, hint):
    verdict = check_supported_claim(letter)
    assert not verdict.right
    assert hint in verdict.says or "the letter of a claim" in verdict.says


@pytest.mark.parametrize(
    "check", [check_combined_shards, check_sweep_grid, check_most_ranks, check_supported_claim]
)
def test_a_stub_has_nothing_yet(check):
    def stub(*args):
        raise NotImplementedError("your turn")

    answer = stub if check is check_combined_shards else None
    assert check(answer).says.startswith("Nothing here yet")
