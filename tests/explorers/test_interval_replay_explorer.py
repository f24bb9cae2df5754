"""The table is the replay so far; the shares are those of all replays."""

import re

import pytest
import torch

from metalearn_lab.experiments.equal_methods import replay_equal_methods
from metalearn_lab.explorers.interval_replay_explorer import (
    MARGIN,
    RULES,
    IntervalReplayExplorer,
)
from metalearn_lab.tasks.seeds import generator

REPLAYS = 50


@pytest.fixture(scope="module")
def halves():
    numbers = generator("marks")
    hard = torch.rand(80, 1, generator=numbers)
    return ((torch.rand(80, 2, 25, generator=numbers) < 0.3 + 0.5 * hard[..., None]).float()).mean(
        -1
    )


@pytest.fixture
def explorer(halves):
    return IntervalReplayExplorer(halves, replays=REPLAYS)


def rows(explorer):
    found = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in found]


def caption(explorer):
    return re.search(r"<caption[^>]*>(.*?)</caption>", explorer.view_widget.value)[1]


def move(explorer, **values):
    for name, value in values.items():
        explorer.controls[name].value = value


@pytest.mark.parametrize("pairing", ["paired", "unpaired"])
@pytest.mark.parametrize(("episodes", "replay"), [(2, 0), (40, 17)])
def test_the_table_is_the_replay_up_to_the_episode(explorer, halves, pairing, episodes, replay):
    move(explorer, episodes=episodes, replay=replay, pairing=pairing)
    all_of_them = replay_equal_methods(halves.double(), paired=pairing == "paired", replays=REPLAYS)
    first = 100 * all_of_them.scores[replay, :episodes].mean(0)
    for name, mean in zip("AB", first, strict=True):
        assert f"method {name} {mean:.1f} ±" in caption(explorer)
    gap = first[0] - first[1]
    assert f"difference {gap:+.1f} ±" in caption(explorer)
    found = [
        all_of_them.leads_by(MARGIN),
        all_of_them.apart,
        all_of_them.differs,
        all_of_them.ever_differed,
    ]
    winner = "A" if gap > 0 else "B"
    assert rows(explorer) == [
        [
            rule,
            winner if each[replay, episodes - 1] else "none",
            f"{100 * each[:, episodes - 1].double().mean():.1f} %",
        ]
        for rule, each in zip(RULES, found, strict=True)
    ]


def test_a_lead_is_rarer_after_more_episodes(explorer):
    shares = []
    for episodes in (2, 10, 40):
        move(explorer, episodes=episodes)
        shares.append(float(rows(explorer)[0][2].rstrip(" %")))
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > shares[-1]


def test_another_replay_changes_the_means_and_no_share(explorer):
    before, shares = caption(explorer), [row[2] for row in rows(explorer)]
    move(explorer, replay=5)
    assert caption(explorer) != before
    assert [row[2] for row in rows(explorer)] == shares


def test_the_lines_end_where_the_episodes_do(explorer):
    move(explorer, episodes=30, replay=3)
    replay, winners = explorer.scene.frame.axes
    lines = [line for line in replay.get_lines() if len(line.get_xdata())]
    means = explorer.replays["unpaired"].means[3]
    for column, line in enumerate(lines):
        assert line.get_xdata()[-1] == 30
        assert line.get_ydata() == pytest.approx(100 * means[:30, column].numpy())
    whole = [line for line in winners.get_lines() if len(line.get_xdata()) == 40]
    assert len(whole) == len(RULES)


def test_the_alt_text_says_what_the_table_says(explorer):
    alt = explorer.current_view.metadata["image/png"]["alt"]
    assert alt.startswith("Replay 0 after 40 unpaired episodes")
    assert all(rule in alt for rule in RULES)


def test_too_few_episodes_are_refused():
    with pytest.raises(ValueError, match=r"\[episodes, 2\]"):
        IntervalReplayExplorer(torch.zeros(3, 2))
