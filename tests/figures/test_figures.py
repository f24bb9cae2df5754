"""What is drawn is what was given."""

import numpy as np
import pytest
import torch
from matplotlib.backend_bases import RendererBase

from metalearn_lab.evaluation.adaptation_curves import AdaptationCurves
from metalearn_lab.figures.adaptation_curves import adaptation_curves_figure
from metalearn_lab.figures.sinusoid_fit import SinusoidFit, sinusoid_fit_scene
from metalearn_lab.figures.split_slopes import split_slopes_figure
from metalearn_lab.figures.style import STYLES
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split


def curves(name, tasks=40, steps=3, *, regression=False):
    loss, accuracy = torch.rand(2, tasks, steps + 1, generator=generator("figure", name))
    return AdaptationCurves(loss, None if regression else accuracy)


def line_of(axes, label):
    [line] = [line for line in axes.get_lines() if line.get_label() == label]
    return line


@pytest.mark.parametrize(("kind", "field"), [("loss", "mean_loss"), ("accuracy", "mean_accuracy")])
def test_curves_and_bands_are_the_means_and_intervals(kind, field):
    given = {"maml": curves("maml"), "reptile": curves("reptile")}
    [axes] = adaptation_curves_figure(given, kind).axes
    for band, (name, label) in zip(
        axes.collections, [("maml", "MAML"), ("reptile", "Reptile")], strict=True
    ):
        mean, half, _ = getattr(given[name], field)
        line = line_of(axes, label)
        np.testing.assert_allclose(line.get_xdata(), [0, 1, 2, 3])
        np.testing.assert_allclose(line.get_ydata(), mean)
        corners = band.get_paths()[0].vertices
        for step in range(4):
            ends = corners[corners[:, 0] == step, 1]
            assert ends.min() == pytest.approx(float(mean[step] - half[step]))
            assert ends.max() == pytest.approx(float(mean[step] + half[step]))


def test_the_title_says_over_how_many_tasks_and_the_axes_what_is_measured():
    figure = adaptation_curves_figure({"maml": curves("maml", 1200)}, ylabel="squared error")
    [axes] = figure.axes
    assert "1,200 unseen tasks" in axes.get_title(loc="left")
    assert "95 % interval" in axes.get_title(loc="left")
    assert axes.get_ylabel() == "squared error"


class DashesRenderer(RendererBase):
    """Draws nothing, and keeps the dashes that it was to draw with."""

    def __init__(self):
        super().__init__()
        self.dashes = []

    def draw_path(self, gc, path, transform, rgbFace=None):
        self.dashes.append(str(gc.get_dashes()))


def dashes_of(line):
    renderer = DashesRenderer()
    line.draw(renderer)
    return renderer.dashes[0]


def test_every_learner_is_told_apart_by_colour_and_by_dashes():
    [axes] = adaptation_curves_figure({name: curves(name) for name in STYLES}, chance=0.2).axes
    lines = [line for line in axes.get_lines() if line.get_label() != "chance"]
    assert len(lines) == len(STYLES)
    looks = [(li.get_color(), dashes_of(li)) for li in lines]
    for each in zip(*looks, strict=True):
        assert len(set(each)) == len(STYLES)
    assert set(line_of(axes, "chance").get_ydata()) == {0.2}


def test_curves_over_different_tasks_are_not_compared():
    with pytest.raises(ValueError, match=r"one number of tasks to be compared, got \[40, 50\]"):
        adaptation_curves_figure({"maml": curves("maml"), "reptile": curves("r", 50)})


def test_accuracies_of_a_regression_are_refused():
    with pytest.raises(ValueError, match="no accuracy"):
        adaptation_curves_figure({"maml": curves("maml", regression=True)}, "accuracy")


LEARNERS = ("fine_tuning", "maml")


def fit(step):
    x = torch.linspace(-5, 5, 21)
    support = Split(torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0], [4.0]]))
    predictions = {name: torch.stack([x * i, x * (step + i)]) for i, name in enumerate(LEARNERS)}
    return SinusoidFit(x, x.sin(), support, step, predictions)


def test_each_panel_has_the_sinusoid_the_support_and_the_curve_before_and_after():
    scene = sinusoid_fit_scene(LEARNERS)
    for step, words in ((5, "after 5 inner steps"), (1, "after 1 inner step")):
        given = fit(step)
        panels = scene.figure(given).axes
        assert [axes.get_title(loc="left") for axes in panels] == ["pretrain + fine-tune", "MAML"]
        for axes, (name, curves) in zip(panels, given.predictions.items(), strict=True):
            truth, before, after, points = axes.get_lines()[-4:]
            np.testing.assert_allclose(truth.get_ydata(), given.truth)
            np.testing.assert_allclose(before.get_ydata(), curves[0])
            np.testing.assert_allclose(after.get_ydata(), curves[1])
            np.testing.assert_allclose(points.get_xydata(), [[1, 3], [2, 4]])
            assert after.get_color() == STYLES[name].color != before.get_color()
            assert [text.get_text() for text in axes.texts] == [words]


def test_each_class_split_has_a_line_and_their_mean_a_thick_one():
    given = {"apart": [0.8, 0.9], "swapped": [0.82, 0.9], "let in": [0.9, 0.94]}
    [axes] = split_slopes_figure(given, [3, 4]).axes
    for label, place in (("split 3", 0), ("split 4", 1)):
        drawn = line_of(axes, label)
        np.testing.assert_allclose(drawn.get_ydata(), [100 * v[place] for v in given.values()])
    mean = line_of(axes, "mean of the splits")
    np.testing.assert_allclose(mean.get_ydata(), [85, 86, 92])
    assert mean.get_linewidth() > line_of(axes, "split 3").get_linewidth()
    assert [text.get_text() for text in axes.texts] == ["85.0", "86.0", "92.0"]
    low, high = axes.get_ylim()
    assert 78 < low < 80
    assert 94 < high < 96  # the scale shows the differences
    assert len({line_of(axes, f"split {split}").get_marker() for split in (3, 4)}) == 2


def test_a_condition_has_an_accuracy_for_each_split():
    with pytest.raises(ValueError, match="2 splits, but 'apart' has 1 accuracies"):
        split_slopes_figure({"apart": [0.8]}, [0, 1])
