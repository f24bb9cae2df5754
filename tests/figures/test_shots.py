"""What the shots picture draws is what it was given."""

import pytest
import torch

from metalearn_lab.evaluation.intervals import Interval
from metalearn_lab.figures.shots import Shots, label, shots_scene

TRAINABLE = {"nearest_class_mean": 0, "lora_1": 421, "lora_8": 1093, "fine_tuning": 133509}
SHOTS = (1, 4, 16)


def interval(name, k):
    return Interval(torch.tensor(0.5 + 0.02 * k + TRAINABLE[name] / 1e6), torch.tensor(0.01), 9)


ACCURACIES = {name: {k: interval(name, k) for k in SHOTS} for name in TRAINABLE}


@pytest.fixture
def scene():
    return shots_scene(ACCURACIES, TRAINABLE, chance=0.2)


def curves(axes):
    """Lines with one point for each K, by their labels."""
    return {each.get_label(): each for each in axes.lines if len(each.get_xdata()) == len(SHOTS)}


@pytest.mark.parametrize("rank", [1, 8])
def test_the_left_panel_has_every_method_and_one_rank(scene, rank):
    left, _ = scene.figure(Shots(4, rank)).axes
    drawn = curves(left)
    assert set(drawn) == {label("nearest_class_mean"), "pretrain + LoRA", label("fine_tuning")}
    expected = [float(interval(f"lora_{rank}", k).mean) for k in SHOTS]
    assert list(drawn["pretrain + LoRA"].get_ydata()) == pytest.approx(expected)


@pytest.mark.parametrize("shots", SHOTS)
def test_the_right_panel_is_at_k_over_what_is_trained(scene, shots):
    _, right = scene.figure(Shots(shots, 1)).axes
    points = [each for each in right.lines if len(each.get_xdata()) == 1]
    found = {int(each.get_xdata()[0]): float(each.get_ydata()[0]) for each in points}
    assert found == pytest.approx(
        {count: float(interval(name, shots).mean) for name, count in TRAINABLE.items() if count}
    )
    across = [each for each in right.lines if list(each.get_xdata()) == list(right.get_xlim())]
    assert [float(each.get_ydata()[0]) for each in across] == pytest.approx(
        [float(interval("nearest_class_mean", shots).mean)]
    )


def test_the_scale_holds_every_interval_and_never_moves(scene):
    limits = set()
    for shots in SHOTS:
        axes = scene.figure(Shots(shots, 1)).axes[0]
        limits.add((axes.get_xlim(), axes.get_ylim()))
    [(_, (low, high))] = limits
    every = [each for by_shots in ACCURACIES.values() for each in by_shots.values()]
    assert low <= min(float(each.mean - each.half_width) for each in every)
    assert high >= max(float(each.mean + each.half_width) for each in every)


def test_the_titles_give_the_number_of_episodes_and_the_marked_k(scene):
    left, right = scene.figure(Shots(4, 1)).axes
    assert "over 9 episodes" in left.get_title(loc="left") + left.get_title()
    assert [text.get_text() for text in right.texts] == ["The same at the marked K = 4"]


def test_a_lora_is_called_by_its_rank():
    assert label("lora_8") == "pretrain + LoRA, rank 8"
    assert label("linear_probe") == "pretrain + linear probe"


def test_methods_with_as_many_numbers_stand_beside_each_other():
    same = {"linear_probe": 325, "converged_probe": 325, "fine_tuning": 9}
    accuracies = {name: {1: Interval(torch.tensor(0.5), torch.tensor(0.01), 9)} for name in same}
    _, right = shots_scene(accuracies, same, chance=0.2).figure(Shots(1, 1)).axes
    places = [float(e.get_xdata()[0]) for e in right.lines if len(e.get_xdata()) == 1]
    assert len(set(places)) == 3
    assert sorted(places)[1] > 325 / 1.3
