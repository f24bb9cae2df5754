"""The table and the verdict: what is written is what was measured, whichever way it falls."""

import pytest

from metalearn_lab.comparison.table import mean_table, paired_difference, score_table, verdict


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


def test_a_verdict_speaks_only_of_the_methods_that_are_there(scores):
    part = [each for each in scores if each.method in ("maml", "fine_tuning")]
    assert [sentence.split(" is ")[0] for sentence in verdict(part, "fine_tuning")] == ["MAML"]
