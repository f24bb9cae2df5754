"""The table and the verdict: what is written is what was measured, whichever way it falls."""

import pytest
import torch

from metalearn_lab.comparison.budget import Budget
from metalearn_lab.comparison.compare import Choice, Score
from metalearn_lab.comparison.table import (
    SAVED,
    chosen_beforehand,
    mean_table,
    paired_difference,
    read_results,
    save_results,
    score_table,
    verdict,
)
from metalearn_lab.comparison.world import make_world

NUMBERS = torch.Generator().manual_seed(0)
CHOICE = Choice({"inner_lr": 0.5, "outer_lr": 0.003}, 4, 0.71, 4)


def made_up(world, method, accuracy, seed=0):
    return Score(world, method, seed, CHOICE, accuracy, None, None, 1.0, 10)


@pytest.fixture
def scores(world, table):
    """Hard and easy episodes shared by all: MAML +3 points, Reptile −3, first order +0."""
    other = make_world(table, ways=3, shots=2, queries=4, split_seed=1)
    found = []
    for each, level in ((world, 0.5), (other, 0.7)):
        base = level + 0.15 * torch.randn(400, generator=NUMBERS)
        for method, gain in (
            ("nearest_class_mean", 0.1),
            ("fine_tuning", 0.0),
            ("maml", 0.03),
            ("first_order_maml", 0.0),
            ("reptile", -0.03),
        ):
            for seed in range(1 if method == "nearest_class_mean" else 2):
                noise = 0.02 * torch.randn(400, generator=NUMBERS)
                found.append(made_up(each, method, base + gain + noise, seed))
    return found


def test_the_verdict_says_above_below_and_not_told_apart(scores):
    above, level, below = verdict(scores, "fine_tuning")
    assert above.startswith("MAML is above pretrain + fine-tune: +")
    assert level.startswith("first-order MAML is not told apart from pretrain + fine-tune")
    assert below.startswith("Reptile is below pretrain + fine-tune: -")
    assert "paired over 800 episodes" in above
    assert all("is below nearest class mean" in s for s in verdict(scores, "nearest_class_mean"))


def test_pairing_takes_out_what_episodes_share(scores):
    difference = paired_difference(scores, "maml", "fine_tuning")
    table = score_table(scores)
    unpaired = table[(table.method == "maml") & (table.split == 0)].half_width.iloc[0]
    assert difference.mean.item() == pytest.approx(3, abs=0.3)
    assert difference.half_width.item() < unpaired / 5


def test_the_table_has_a_row_a_score_with_its_interval(scores):
    table = score_table(scores)
    assert len(table) == len(scores)
    row = table[(table.method == "maml") & (table.split == 1) & (table.seed == 1)].iloc[0]
    values = 100 * next(
        s.accuracy for s in scores if (s.method, s.world.split_seed, s.seed) == ("maml", 1, 1)
    )
    assert row.accuracy == pytest.approx(values.mean().item(), rel=1e-5)
    assert row.half_width == pytest.approx(1.966 * values.std().item() / 20, rel=1e-3)
    assert (row.episodes, row.steps, row.trials) == (400, 4, 4)


def test_the_mean_table_averages_splits_and_shows_their_range(scores):
    means = mean_table(score_table(scores))
    assert list(means.columns) == ["2-shot", "2-shot, range over splits"]
    assert means.index[0] == "nearest class mean (TF-IDF)"
    low, high = means.loc["MAML", "2-shot, range over splits"].split(" to ")
    assert float(high) - float(low) == pytest.approx(20, abs=3)


def test_results_are_saved_with_what_they_came_from_and_read_back(scores, world, tmp_path):
    save_results(tmp_path / "new" / "results", scores, Budget(), {"versions": {"torch": "x"}})
    table, configurations = read_results(tmp_path / "new" / "results")
    assert table.accuracy.tolist() == pytest.approx(score_table(scores).accuracy.tolist(), abs=0.01)
    configuration = configurations[2]
    assert configuration["budget"]["iterations"] == 500
    assert configuration["versions"] == {"torch": "x"}
    assert configuration["verdict"] == verdict(scores, "fine_tuning") + verdict(
        scores, "nearest_class_mean"
    )
    chosen = chosen_beforehand(tmp_path / "new" / "results", world)
    assert chosen["maml"] == CHOICE


def test_settings_that_were_never_chosen_are_an_error(scores, table, tmp_path):
    save_results(tmp_path, scores, Budget(), {})
    with pytest.raises(ValueError, match=r"for 1 shots on class split 0 .*choose = True"):
        chosen_beforehand(tmp_path, make_world(table, ways=3, shots=1, queries=4))
    with pytest.raises(FileNotFoundError, match=r"no results in .*empty"):
        read_results(tmp_path / "empty")


def test_the_committed_table_is_the_full_one():
    """Three splits, both shots, three seeds, 600 episodes; equal trials; its source named."""
    table, configurations = read_results(SAVED / "embedded-en")
    trained = table[table.method != "nearest_class_mean"]
    assert set(table.shots) == {1, 5} == set(configurations)
    assert trained.groupby(["shots", "split", "method"]).seed.nunique().eq(3).all()
    assert len(trained) == 2 * 3 * 5 * 3
    assert set(table.episodes) == {600}
    assert set(table.trials) == {4}
    for configuration in configurations.values():
        assert "home-assistant-intents" in configuration["source"]
        assert configuration["versions"]["torch"]
        assert configuration["budget"]["test_episodes"] == 600
