"""Running means and intervals are those of the first n episodes; equal methods rarely differ."""

import pytest
import torch

from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.experiments.equal_methods import FIRST_LOOK, replay_equal_methods
from metalearn_lab.tasks.seeds import generator

EPISODES = 200


def halves(noise=0.1):
    """Scores that share what is hard about an episode."""
    numbers = generator("halves")
    hard = torch.randn(EPISODES, 1, generator=numbers, dtype=torch.float64)
    own = torch.randn(EPISODES, 2, generator=numbers, dtype=torch.float64)
    return 0.7 + 0.1 * hard + noise * own


@pytest.fixture(scope="module", params=[True, False], ids=["paired", "unpaired"])
def replays(request):
    return replay_equal_methods(halves(), paired=request.param, replays=1000)


@pytest.mark.parametrize("n", [2, 3, 50, 100])
def test_means_and_intervals_are_those_of_the_first_n(replays, n):
    for replay in (0, 7):
        first = replays.scores[replay, :n]
        interval = interval_over_tasks(first)
        torch.testing.assert_close(replays.means[replay, n - 1], interval.mean)
        torch.testing.assert_close(replays.half_widths[replay, n - 1], interval.half_width)
        torch.testing.assert_close(
            replays.difference[replay, n - 1], interval.mean[0] - interval.mean[1]
        )


@pytest.mark.parametrize("n", [2, 10, 100])
def test_the_interval_of_the_difference_is_student_s(replays, n):
    from scipy import stats

    a, b = replays.scores[3, :n].T.numpy()
    test = stats.ttest_rel(a, b) if replays.paired else stats.ttest_ind(a, b)
    interval = test.confidence_interval(0.95)
    half = (interval.high - interval.low) / 2
    assert replays.difference_half_width[3, n - 1].item() == pytest.approx(half)
    assert bool(replays.differs[3, n - 1]) == (test.pvalue < 0.05)


def test_one_episode_proves_nothing(replays):
    assert replays.half_widths[:, 0].isinf().all()
    assert not replays.differs[:, 0].any()
    assert not replays.apart[:, 0].any()


def test_equal_methods_differ_about_one_time_in_twenty(replays):
    """Within four standard errors of 5 % over 1,000 replays."""
    for n in (10, 30, 100):
        assert (
            abs(replays.differs[:, n - 1].double().mean() - 0.05) < 4 * (0.05 * 0.95 / 1000) ** 0.5
        )


def test_who_looks_again_and_again_finds_a_winner_more_often(replays):
    ever = replays.ever_differed
    assert not ever[:, : FIRST_LOOK - 1].any()
    assert torch.equal(ever[:, FIRST_LOOK - 1], replays.differs[:, FIRST_LOOK - 1])
    assert (ever[:, 1:] >= ever[:, :-1]).all()
    wanted = replays.differs[:, FIRST_LOOK - 1 :].any(1)
    assert torch.equal(ever[:, -1], wanted)
    assert ever[:, -1].double().mean() > 0.15


def test_intervals_apart_is_the_stricter_question(replays):
    if not replays.paired:
        assert (replays.differs | ~replays.apart)[:, 10:].all()
    assert replays.apart[:, 50].double().mean() < 0.03


def test_a_lead_is_a_lead_either_way(replays):
    assert torch.equal(replays.leads_by(0.01), replays.difference.abs() >= 0.01)


def test_pairing_takes_out_what_the_episodes_share():
    widths = [
        replay_equal_methods(halves(0.02), paired=paired, replays=20).difference_half_width[:, -1]
        for paired in (True, False)
    ]
    assert (widths[0] < widths[1] / 3).all()


def test_paired_methods_meet_the_same_episodes_unpaired_ones_others():
    marked = torch.arange(2.0 * EPISODES).view(EPISODES, 2)  # episode = score // 2
    for paired in (True, False):
        scores = replay_equal_methods(marked, paired=paired, replays=5).scores
        met = (scores // 2).long()
        assert scores.shape == (5, EPISODES // 2, 2)
        for replay, episodes in zip(scores, met, strict=True):
            assert len(replay.unique()) == EPISODES  # no half is given twice
            assert torch.equal(episodes[:, 0], episodes[:, 1]) == paired
            assert len(episodes.unique()) == (EPISODES // 2 if paired else EPISODES)


@pytest.mark.parametrize("shape", [(3, 2), (10, 3), (10,)])
def test_scores_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"\[episodes, 2\]"):
        replay_equal_methods(torch.zeros(shape), paired=True, replays=2)
