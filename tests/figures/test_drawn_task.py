"""What is drawn is what was given."""

import numpy as np
import pytest
import torch

from metalearn_lab.figures.drawn_task import DrawnTask, drawn_task_figure
from metalearn_lab.figures.style import STYLES
from metalearn_lab.tasks.seeds import generator


def drawn(*, truth, points=3):
    numbers = torch.rand(40, 9, generator=generator("drawn task")) * 10 - 5
    curves = {"maml": numbers[:4], "fine_tuning": numbers[4:8]}
    errors = {name: each.mean(1) for name, each in curves.items()}
    x = torch.linspace(-5, 5, 9)
    return DrawnTask(x, numbers[8 : 8 + points, :2], curves, errors, numbers[30] if truth else None)


def curves_of(figure, color):
    return [line for line in figure.axes[0].get_lines() if line.get_color() == color]


@pytest.mark.parametrize("step", [0, 1, 3])
def test_each_learner_has_a_thin_curve_before_and_a_thick_one_after(step):
    given = drawn(truth=False)
    figure = drawn_task_figure(given, step)
    for name, curves in given.curves.items():
        before, after = curves_of(figure, STYLES[name].color)
        np.testing.assert_allclose(before.get_ydata(), curves[0])
        np.testing.assert_allclose(after.get_ydata(), curves[step])
        assert before.get_linewidth() < 1.5 < after.get_linewidth()
        assert after.get_marker() == STYLES[name].marker
        assert f"after {step} step{'s' if step != 1 else ''} " in after.get_label()


def test_the_points_and_the_sinusoid_are_there():
    for truth in (True, False):
        given = drawn(truth=truth)
        [axes] = drawn_task_figure(given, 1).axes
        lines = {line.get_label(): line for line in axes.get_lines()}
        np.testing.assert_allclose(np.array(lines["3 points"].get_data()).T, given.points)
        assert ("the sinusoid of the points" in lines) == truth
        assert (axes.get_xlim(), axes.get_ylim()) == ((-5, 5), (-6, 6))


def test_an_empty_canvas_is_a_picture_too():
    [axes] = drawn_task_figure(drawn(truth=False, points=0), 1).axes
    assert "0 points" in [line.get_label() for line in axes.get_lines()]


def test_a_learner_of_ones_own_is_drawn_under_its_name():
    given = drawn(truth=False)
    [axes] = drawn_task_figure(given._replace(curves={"mine": given.curves["maml"]}), 1).axes
    assert any(line.get_label().startswith("mine\n") for line in axes.get_lines())
