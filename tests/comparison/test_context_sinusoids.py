"""The saved trainings on sinusoids: equal trials, every row, learners that repeat their rows."""

from collections import Counter

import pytest

from metalearn_lab.comparison.context_sinusoids import (
    NAMES,
    best_trials,
    read_errors,
    read_learner,
    read_trials,
)
from metalearn_lab.experiments.context_sinusoids import WITH_BANDS, judged_rows, worlds


def test_every_learner_had_as_many_trials():
    assert Counter(read_trials().learner) == dict.fromkeys(NAMES, 5)
    assert list(best_trials().index) == list(NAMES)


def test_every_seed_and_world_has_every_method_at_every_number_of_points():
    rows = read_errors()
    assert set(rows.seed) == set(range(5))
    rules = ["exact posterior", "Gaussian process"]
    sizes = rows.groupby(["method", "world"]).K.agg(Counter)
    assert set(rows.method) == {*NAMES, *rules}
    for (method, _), counts in sizes.items():
        assert counts == dict.fromkeys(range(0 if method in rules else 1, 11), 5)
    assert rows.surprise.notna().equals(rows.method.isin([*WITH_BANDS, *rules]))


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_learner_repeats_its_rows(name):
    steps = int(best_trials().steps[name])
    found = judged_rows(read_learner(name), steps, worlds("test", 0, 200)["inside"])
    saved = read_errors().query("method == @name and seed == 0 and world == 'inside'")
    assert [row["error"] for row in found] == pytest.approx(saved.error.tolist(), rel=1e-2)


def test_a_learner_that_is_not_there_is_refused():
    with pytest.raises(FileNotFoundError, match="use one of"):
        read_learner("reptile")
