"""Two ranks train what one process trains, and fail as one."""

import pytest
import torch

from tests.training import shared_runs
from tests.training.rank_processes import RANKS, results, start
from tests.training.shared_runs import COMBINED, DOUBLED, EVERYTHING, FAILING, FOUR, UNEVEN


def all_results():
    runs = EVERYTHING | {"different starts": shared_runs.DIFFERENT_STARTS}
    found = {name: run.result() for name, run in runs.items()}
    return found | {"seen": shared_runs.seen_by_this_rank()}


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """What each of two ranks ended with, by the name of the run."""
    folder = tmp_path_factory.mktemp("ranks") / "together"
    return results(folder, start(folder, all_results))


def largest_difference(found, expected) -> float:
    assert found.keys() == expected.keys()
    return max((found[name] - weight).abs().max().item() for name, weight in expected.items())


def assert_as_alone(together, name, bound):
    alone, (first, *others) = EVERYTHING[name].result(), [rank[name] for rank in together]
    assert largest_difference(first["weights"], alone["weights"]) <= bound
    for row, expected in zip(first["history"], alone["history"], strict=True):
        assert row == pytest.approx(expected, rel=10 * bound)
    for other in others:
        assert other["history"] == first["history"]
        assert largest_difference(other["weights"], first["weights"]) == 0


def test_each_rank_takes_its_own_tasks_and_no_others(together):
    for step in range(3):
        parts = [rank["seen"][step] for rank in together]
        assert [len(part) for part in parts] == [2, 2]
        assert torch.equal(torch.cat(parts), shared_runs.SEEING.batch(step).query.y)


@pytest.mark.parametrize("name", FOUR)
def test_the_weights_after_100_steps_are_those_of_one_process(together, name):
    assert_as_alone(together, name, 1e-6)


@pytest.mark.parametrize("name", DOUBLED)
def test_in_float64_they_agree_to_its_precision(together, name):
    assert_as_alone(together, name, 1e-13)


@pytest.mark.parametrize("name", COMBINED)
def test_every_way_to_run_tasks_can_be_shared_out(together, name):
    # A last bit decides now and then which way a number is rounded to bfloat16.
    assert_as_alone(together, name, 1e-4 if name == "bf16" else 1e-6)


@pytest.mark.parametrize("name", FAILING)
def test_what_fails_on_one_rank_fails_on_all_as_it_does_alone(together, name):
    alone = FAILING[name].result()
    assert set(alone) == {"error"}
    assert [rank[name] for rank in together] == [alone] * RANKS


def test_a_batch_that_cannot_be_shared_out_is_an_error_on_every_rank(together):
    errors = {rank["uneven"]["error"] for rank in together}
    (message,) = errors
    assert message.startswith(
        "ValueError: a meta-batch of 3 tasks cannot be shared out evenly to 2"
    )
    assert "give a multiple of 2" in message
    assert "weights" in UNEVEN.result(), "one process can take it"


def test_ranks_that_begin_with_different_weights_take_the_first_ones(together):
    first, second = (rank["different starts"] for rank in together)
    assert largest_difference(first["weights"], second["weights"]) == 0
    assert first["history"] == second["history"]
