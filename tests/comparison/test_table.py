"""The table and its words: what is written is what was measured, whichever way it falls."""

from dataclasses import replace

import pandas as pd
import pytest
import torch
from scipy import stats
from torch import nn

from metalearn_lab.comparison.table import (
    accuracy_over_splits,
    best_by_validation,
    difference_over_splits,
    mean_table,
    score_table,
    sentence,
    words,
)
from metalearn_lab.comparison.world import ENCODER, NGRAMS
from metalearn_lab.evaluation.intervals import Interval

MAML, PRETRAINED, REPTILE, FIRST, RIDGE = (
    (ENCODER, name) for name in ("maml", "fine_tuning", "reptile", "first_order_maml", "ridge")
)


@pytest.fixture(scope="module")
def results(scores):
    return score_table(scores)


def split_means(scores, method):
    """Per cent on each split, the mean over its trainings; by hand."""
    return [
        100 * torch.stack([s.accuracy.mean() for s in of_split]).mean().item()
        for split in range(4)
        if (of_split := [s for s in scores if (s.method, s.world.split_seed) == (method, split)])
    ]


def test_the_table_has_a_row_a_score_with_its_interval_and_cost(scores, results):
    assert len(results) == len(scores)
    row = results[(results.method == "maml") & (results.split == 1) & (results.seed == 1)].iloc[0]
    [score] = [s for s in scores if (s.method, s.world.split_seed, s.seed) == ("maml", 1, 1)]
    values = 100 * score.accuracy
    assert row.accuracy == pytest.approx(values.mean().item(), rel=1e-5)
    assert row.half_width == pytest.approx(1.966 * values.std().item() / 20, rel=1e-3)
    world = (row.ways, row.shots, row.train_classes, row.representation)
    assert world == (2, 2, 6, ENCODER)
    assert (row.episodes, row.steps, row.trials, row.validation_accuracy) == (400, 4, 6, 70)
    assert row.settings == "inner_lr=0.5, outer_lr=0.003"
    assert (row.iterations, row.gradients, row.sentences, row.seconds) == (30, 1320, 2400, 1.0)


def test_the_numbers_that_training_moves_are_counted(scores):
    learner = nn.Linear(4, 3)
    assert score_table([replace(scores[0], learner=learner)]).trained.item() == 15
    learner.bias.requires_grad_(False)
    assert score_table([replace(scores[0], learner=learner)]).trained.item() == 12
    assert score_table(scores[:1]).trained.item() == 0


def test_a_difference_is_of_the_splits_with_their_interval(scores, results):
    """Student's t on one number a split, by scipy."""
    for one, other in ((MAML, PRETRAINED), (RIDGE, REPTILE), (FIRST, PRETRAINED)):
        gaps = [
            a - b
            for a, b in zip(split_means(scores, one[1]), split_means(scores, other[1]), strict=True)
        ]
        exact = stats.ttest_1samp(gaps, 0).confidence_interval(0.95)
        found = difference_over_splits(results, one, other)
        low, high = found.mean - found.half_width, found.mean + found.half_width
        assert (float(low), float(high)) == pytest.approx(tuple(exact), abs=1e-4)
        assert found.tasks == 4
        turned = difference_over_splits(results, other, one)
        assert float(turned.mean) == pytest.approx(-float(found.mean))
        assert float(turned.half_width) == pytest.approx(float(found.half_width))


def test_pairing_takes_out_what_splits_share(results):
    """The splits differ by up to 20 points; the difference is known to less than one."""
    difference = difference_over_splits(results, MAML, PRETRAINED)
    assert float(difference.mean) == pytest.approx(3, abs=0.3)
    assert float(difference.half_width) < 1


def test_splits_are_paired_whatever_the_order_of_rows(results):
    expected = difference_over_splits(results, MAML, PRETRAINED)
    found = difference_over_splits(results.sample(frac=1, random_state=0), MAML, PRETRAINED)
    assert found.mean == pytest.approx(expected.mean)
    assert found.half_width == pytest.approx(expected.half_width)


def test_a_difference_needs_the_same_splits_and_enough_of_them(results):
    lacking = results[(results.method != "maml") | (results.split != 2)]
    message = r"'maml'\) was judged on splits \[0, 1, 3\], .* on \[0, 1, 2, 3\]: .* same 3 or more"
    with pytest.raises(ValueError, match=message):
        difference_over_splits(lacking, MAML, PRETRAINED)
    assert difference_over_splits(results[results.split < 3], MAML, PRETRAINED).tasks == 3
    with pytest.raises(ValueError, match=r"on splits \[0, 1\], .* on \[0, 1\]: a difference needs"):
        difference_over_splits(results[results.split < 2], MAML, PRETRAINED)


def test_an_accuracy_that_is_no_number_is_refused(results):
    broken = results.copy()
    broken.loc[(broken.method == "maml") & (broken.split == 2), "accuracy"] = float("nan")
    for one, other in ((MAML, PRETRAINED), (PRETRAINED, MAML)):
        with pytest.raises(ValueError, match="has an accuracy that is no number"):
            difference_over_splits(broken, one, other)


@pytest.mark.parametrize(
    ("mean", "half_width", "said"),
    [
        (1.0, 0.99, "is above"),
        (1.0, 1.0, "is not told apart from"),
        (0.0, 0.0, "is not told apart from"),
        (-1.0, 1.0, "is not told apart from"),
        (-1.0, 0.99, "is below"),
    ],
)
def test_the_words_follow_the_side_of_zero_on_which_the_interval_lies(mean, half_width, said):
    assert words(Interval(torch.tensor(mean), torch.tensor(half_width), 5)) == said


def test_the_sentence_says_above_below_and_not_told_apart(results):
    above, level, below = (sentence(results, one, PRETRAINED) for one in (MAML, FIRST, REPTILE))
    assert above.startswith("MAML (sentence encoder) is above pretrain + fine-tune (sentence enc")
    assert level.startswith("first-order MAML (sentence encoder) is not told apart from pretrain")
    assert below.startswith("Reptile (sentence encoder) is below pretrain + fine-tune (sentence")
    difference = difference_over_splits(results, REPTILE, PRETRAINED)
    numbers = f": -{abs(float(difference.mean)):.1f} ± {float(difference.half_width):.1f} points"
    assert below.endswith(f"{numbers} over 4 class splits")


def test_the_validation_classes_say_who_speaks_for_its_kind(results):
    """Reptile would by the test classes, after this; first-order MAML does by the validation."""
    peeked = results.copy()
    peeked.loc[peeked.method == "reptile", "accuracy"] += 40
    assert best_by_validation(peeked, "meta-learner") == FIRST
    assert best_by_validation(peeked, "joint") == PRETRAINED
    assert best_by_validation(peeked, "joint", "meta-learner") == PRETRAINED
    assert best_by_validation(peeked, "untrained") == RIDGE


def test_a_kind_is_spoken_for_by_a_method_on_one_representation(results):
    other = results.assign(representation=NGRAMS)
    other.loc[other.method == "reptile", "validation_accuracy"] = 90
    both = pd.concat([results, other])
    assert best_by_validation(both, "meta-learner") == (NGRAMS, "reptile")


def test_a_kind_that_is_not_there_is_refused(results):
    with pytest.raises(ValueError, match="no method of the kinds joint, untrained is in the table"):
        best_by_validation(results[results.method == "maml"], "joint", "untrained")


def test_the_mean_table_tells_splits_trainings_and_episodes_apart(scores, results):
    shown = mean_table(results)
    assert list(shown.index) == [
        (ENCODER, title)
        for title in (
            "ridge regression",
            "pretrain + fine-tune",
            "MAML",
            "Reptile",
            "first-order MAML",
        )
    ]
    row = shown.loc[(ENCODER, "MAML")]
    means = torch.tensor(split_means(scores, "maml"))
    half_width = stats.t.ppf(0.975, 3) * means.std().item() / 2
    assert row.accuracy == f"{means.mean():.1f} ± {half_width:.1f}"
    one, other = (
        torch.tensor([100 * s.accuracy.mean().item() for s in scores if s.method == "maml"][i::2])
        for i in (0, 1)
    )
    assert row.seeds == f"{((one - other).abs() / 2**0.5).mean():.1f}"
    own = results[results.method == "maml"]
    assert row.episodes == f"{own.half_width.mean():.1f}"
    costs = (row.splits, row.gradients, row.sentences, row.trained, row.seconds, row.trials)
    assert costs == (4, "1,320", "2,400", "0", "1.0", 6)


def test_one_training_has_no_spread_and_few_splits_no_interval(scores, results):
    assert mean_table(results).loc[(ENCODER, "ridge regression")].seeds == "–"
    few = mean_table(results[results.split < 2]).loc[(ENCODER, "MAML")]
    assert few.accuracy == f"{sum(split_means(scores, 'maml')[:2]) / 2:.1f}"
    assert few.splits == 2
    assert "±" in mean_table(results[results.split < 3]).loc[(ENCODER, "MAML")].accuracy


def test_two_splits_have_no_interval(results):
    rows = results[(results.method == "maml") & (results.split < 2)]
    with pytest.raises(ValueError, match="2 class splits have no interval: give 3 or more"):
        accuracy_over_splits(rows)


@pytest.mark.parametrize("column", ["ways", "shots", "train_classes", "iterations"])
def test_a_difference_never_mixes_conditions(results, column):
    more = results[results.method == "maml"].assign(**{column: 99, "accuracy": 0.0})
    with pytest.raises(ValueError, match=f"one method and split differ in {column}: select the"):
        difference_over_splits(pd.concat([results, more]), MAML, PRETRAINED)
    others = results[results.method == "reptile"].assign(**{column: 99})
    both = pd.concat([results[results.method != "reptile"], others])
    assert difference_over_splits(both, MAML, PRETRAINED) is not None
