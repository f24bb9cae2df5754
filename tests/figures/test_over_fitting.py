"""What the over-fitting picture draws is the means of the traces."""

import pytest
import torch

from metalearn_lab.experiments.over_fitting import OverFitting
from metalearn_lab.figures.over_fitting import OverFittingAt, over_fitting_scene
from metalearn_lab.tasks.seeds import generator

STEPS = 30
CURVES = OverFitting(*torch.rand(4, 5, STEPS + 1, generator=generator("over-fitting")))


@pytest.fixture
def panels():
    scene = over_fitting_scene(STEPS, most_loss=1.7, chance=0.2)
    return scene.figure(OverFittingAt(CURVES, 12, "probe, K = 1")).axes


def long_lines(axes):
    return [each for each in axes.lines if len(each.get_xdata()) > 2]


@pytest.mark.parametrize("side", [0, 1])
def test_the_lines_are_the_means(panels, side):
    for drawn, values in zip(long_lines(panels[side]), CURVES[2 * side :][:2], strict=True):
        steps = [int(step) for step in drawn.get_xdata()]
        assert steps[0] == 0
        assert steps[-1] == STEPS
        assert steps == sorted(set(steps))
        assert list(drawn.get_ydata()) == pytest.approx(values.mean(0)[steps].tolist())


def test_the_star_is_at_the_least_query_loss_and_the_mark_at_the_step(panels):
    turn = CURVES.turning_step
    [star] = [
        each for each in panels[0].lines if each.get_marker() == "*" and len(each.get_xdata())
    ]
    assert list(star.get_xdata()) == [turn]
    assert star.get_ydata()[0] == pytest.approx(float(CURVES.query_loss.mean(0).min()))
    for axes in panels:
        assert any(list(each.get_xdata()) == [12, 12] for each in axes.lines)


def test_the_titles_say_what_is_shown(panels):
    said = [" ".join(text.get_text() for text in axes.texts) for axes in panels]
    assert said == ["Loss: probe, K = 1", "Accuracy: mean over 5 episodes"]
