"""The saved trainings on pools are whole, and the saved networks are those of the table."""

import pytest

from metalearn_lab.comparison.task_pools import (
    NOISE,
    POOLS,
    SAVED_SEED,
    pool_tasks,
    read_distances,
    read_pool_model,
)
from metalearn_lab.experiments.task_diversity import distances
from metalearn_lab.figures.task_diversity import task_diversity_figure

TABLE = read_distances()


def test_every_pool_has_five_trainings_on_both_kinds_of_tasks():
    counts = TABLE.groupby(["pool", "tasks"]).seed.nunique()
    assert counts.to_dict() == {(m, where): 5 for m in POOLS for where in ("home", "new")}
    assert TABLE.iterations.nunique() == 1


@pytest.mark.parametrize("pool", [POOLS[1], POOLS[-1]])
def test_a_saved_network_is_that_of_its_row(pool):
    tasks = pool_tasks(0, "test").batch(0, 2000)
    weights = pool_tasks(pool, "train").pool_weights()
    measured = distances(read_pool_model(pool), weights, tasks, NOISE)
    row = TABLE.query(f"pool == {pool} and seed == {SAVED_SEED} and tasks == 'new'").iloc[0]
    for name, value in measured.items():
        assert value == pytest.approx(row[name], rel=1e-2, abs=1e-5)


def test_a_pool_without_a_network_is_refused():
    with pytest.raises(FileNotFoundError, match="no network for a pool of 7"):
        read_pool_model(7)


def test_the_figure_shows_the_means_and_every_training():
    figure = task_diversity_figure(TABLE)
    home = figure.axes[0]
    mean = TABLE[TABLE.tasks == "home"].groupby("pool")["error of model"].mean()
    assert home.lines[0].get_ydata() == pytest.approx(mean.to_numpy())
    assert len(home.lines[1].get_ydata()) == 5 * len(POOLS)
