"""The saved table of taggers is whole; its means and intervals are those taken by hand."""

import pandas as pd
import pytest

from metalearn_lab.experiments.entity_results import (
    SAVED_ENTITIES,
    by_split,
    in_words,
    lead,
    leads_in_words,
    over_splits,
    settings_in_words,
)

KEYS = ["text", "split", "seed", "types", "shots"]


@pytest.fixture(scope="module")
def saved():
    return pd.read_csv(SAVED_ENTITIES)


def test_every_tagger_was_judged_on_every_split_and_seed(saved):
    taggers = saved.tagger.nunique()
    assert set(saved.groupby(KEYS).size()) == {taggers}
    runs = saved[["text", "split", "seed"]].drop_duplicates().groupby("text").size()
    assert runs.to_dict() == {"names in templates": 25, "tweets": 5}
    assert not saved.duplicated([*KEYS, "tagger"]).any()


def test_numbers_are_per_cent_and_always_o_finds_nothing(saved):
    numbers = saved[["F1", "precision", "recall", "accuracy"]]
    assert numbers.min().min() >= 0
    assert numbers.max().max() <= 100
    nothing = saved[saved.tagger == "always O"]
    assert (nothing.F1 == 0).all()
    both = saved.precision + saved.recall
    expected = (2 * saved.precision * saved.recall / both).where(both > 0, 0.0)
    assert (saved.F1 - expected).abs().max() < 0.05, "of the numbers as they are rounded"


def test_settings_are_counted_over_the_trainings():
    made = settings_in_words("names in templates", ["always O", "ProtoNet", "first-order MAML"])
    assert list(made.index) == ["ProtoNet", "first-order MAML"], "always O has none"
    for name, row in made.iterrows():
        for shown in filter(None, row):
            counted = [int(each.split("(")[1][:-1]) for each in shown.split(", ")]
            assert sum(counted) == 25, name
    assert bool(made.loc["first-order MAML", "α"])
    assert not made.loc["ProtoNet", "α"]


def test_a_split_is_the_mean_of_its_seeds_and_an_interval_is_over_splits(tmp_path):
    rows = [
        {"text": "tweets", "shots": 5, "types": "new", "tagger": t, "split": s, "seed": n, "F1": f}
        for t, more in (("b", 3), ("a", 0))
        for s in range(3)
        for n, f in enumerate((10 * s + more, 10 * s + more + 2))
    ]
    path = tmp_path / "table.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    numbers = by_split("tweets", path=path)
    assert numbers["b"].to_list() == [4, 14, 24]
    assert list(numbers) == ["b", "a"], "in the order of the table"
    mean, half, count = over_splits(numbers)["a"]
    assert (mean, count) == (11, 3)
    assert half == pytest.approx(4.302653 * 10 / 3**0.5, rel=1e-5)  # Student's t, 2 degrees
    numbers.loc[0, "b"] += 3
    assert lead(numbers, "b", "a").mean == pytest.approx(4)
    assert lead(numbers, "b", "a").half_width == pytest.approx(4.302653, rel=1e-5)
    assert leads_in_words({"F1": numbers}, [("b", "a")]).loc["b minus a", "F1"] == "4.0 ± 4.3"
    assert in_words({"F1": numbers}, ["a"]).loc["a", "F1"] == "11.0 ± 24.8"
    with pytest.raises(ValueError, match="there are"):
        by_split("tweets", 1, path=path)
