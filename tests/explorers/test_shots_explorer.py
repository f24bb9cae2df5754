"""The table is the scores at K; the differences are paired; nothing but the choice matters."""

import re

import pytest
import torch

from metalearn_lab.evaluation.few_shot_score import FewShotScore
from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.explorers.shots_explorer import ShotsExplorer
from metalearn_lab.figures.shots import label
from metalearn_lab.tasks.seeds import generator

SHOTS = (1, 2, 4)
NAMES = {
    "nearest_class_mean": 0,
    "linear_probe": 325,
    "lora_1": 421,
    "lora_4": 709,
    "fine_tuning": 9,
}


def score(name, k, episodes=30):
    numbers = generator("scores", name, k)
    accuracy = (0.4 + 0.1 * k + 0.2 * torch.rand(episodes, generator=numbers)).clamp(max=1)
    rate = None if name == "nearest_class_mean" else 0.1 * k
    return FewShotScore(accuracy, NAMES[name], rate, 7 * k)


@pytest.fixture(scope="module")
def scores():
    return {name: {k: score(name, k) for k in SHOTS} for name in NAMES}


@pytest.fixture
def explorer(scores):
    return ShotsExplorer(scores, chance=0.2)


def rows(explorer):
    found = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in found]


def picture(explorer):
    return explorer.current_view.data["image/png"]


@pytest.mark.parametrize("shots", SHOTS)
def test_the_table_is_the_scores_at_k(explorer, scores, shots):
    explorer.controls["shots"].value = shots
    shown = rows(explorer)
    assert [row[0] for row in shown] == [label(name) for name in NAMES]
    for row, (name, by_shots) in zip(shown, scores.items(), strict=True):
        mean, half, _ = interval_over_tasks(100 * by_shots[shots].accuracy)
        settings = "–" if name == "nearest_class_mean" else f"{0.1 * shots:g}, {7 * shots}"
        assert row[1:4] == [f"{NAMES[name]:,}", settings, f"{mean:.1f} ± {half:.1f}"]
    assert f"At K = {shots} " in explorer.view_widget.value


def test_differences_are_paired_and_to_the_chosen_method(explorer, scores):
    explorer.controls["shots"].value = 4
    for reference in ("linear_probe", "lora_4"):
        explorer.controls["reference"].value = reference
        for row, name in zip(rows(explorer), NAMES, strict=True):
            gap = scores[name][4].accuracy - scores[reference][4].accuracy
            mean, half, _ = interval_over_tasks(100 * gap)
            expected = "–" if name == reference else f"{mean:+.1f} ± {half:.1f}"
            assert row[-1] == expected


def test_another_k_or_rank_is_another_picture_and_back_the_same(explorer):
    first, table = picture(explorer), rows(explorer)
    explorer.controls["rank"].value = "1"
    other_rank = picture(explorer)
    assert other_rank != first
    assert rows(explorer) == table, "the rank is a matter of the left panel alone"
    explorer.controls["rank"].value = "4"
    assert picture(explorer) == first
    explorer.controls["shots"].value = 2
    assert picture(explorer) not in (first, other_rank)
    explorer.controls["shots"].value = 4
    assert picture(explorer) == first


def test_the_alternative_text_names_the_highest(explorer, scores):
    explorer.controls["shots"].value = 2
    best = max(NAMES, key=lambda name: scores[name][2].accuracy.mean())
    assert f"highest is {label(best)}," in explorer.current_view.metadata["image/png"]["alt"]


def test_scores_that_cannot_be_compared_are_refused(scores):
    lacking = {k: each for k, each in scores["lora_1"].items() if k != 2}
    with pytest.raises(ValueError, match=r"shots \[\(1, 2, 4\), \(1, 4\)\]"):
        ShotsExplorer({**scores, "lora_1": lacking}, chance=0.2)
    fewer = {k: score("lora_1", k, 29) for k in SHOTS}
    with pytest.raises(ValueError, match=r"numbers of episodes \[29, 30\]"):
        ShotsExplorer({**scores, "lora_1": fewer}, chance=0.2)
    with pytest.raises(ValueError, match="no LoRA"):
        ShotsExplorer({"linear_probe": scores["linear_probe"]}, chance=0.2)
