"""The table and the picture index the measured angles; nothing is measured again."""

import re

import pytest
import torch

from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.experiments.gradient_angle import GradientAngles
from metalearn_lab.explorers.gradient_angle_explorer import (
    ACTIVATIONS,
    STARTS,
    GradientAngleExplorer,
)
from metalearn_lab.figures.gradient_angle import GradientAnglePicture, gradient_angle_scene
from metalearn_lab.tasks.seeds import generator

RATES = (0.001, 0.01, 0.1)


def angles(*address, most=100.0):
    degrees = torch.rand(3, 4, 6, generator=generator(*address)).double() * most
    return GradientAngles(RATES, degrees, torch.full((6,), 20.0).double())


@pytest.fixture
def measured():
    return {(name, start): angles(name, start) for name in ACTIVATIONS for start in STARTS}


def rows(explorer):
    found = re.findall(r"<tr>(.*?)</tr>", explorer.current_view.html)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in found]


def cell(values):
    mean, half, _ = interval_over_tasks(values)
    return f"{mean:.1f} ± {half:.1f}"


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("k", [1, 3])
def test_every_choice_shows_its_own_angles(measured, activation, start, k):
    explorer = GradientAngleExplorer(measured)
    explorer.controls["activation"].value = activation
    explorer.controls["start"].value = start
    explorer.controls["k"].value = k
    heading, *body = rows(explorer)
    other = "tanh" if activation == "ReLU" else "ReLU"
    assert heading == ["α", f"{activation}, degrees", "tasks over 90°", f"{other}, degrees"]
    for place, row in enumerate(body):
        own = measured[activation, start].degrees[place, k - 1]
        others = measured[other, start].degrees[place, k - 1]
        share = f"{(own > 90).double().mean().item():.0%}"
        assert row == [f"{RATES[place]:g}", cell(own), share, cell(others)]
    assert f"{start} network, k = {k}" in explorer.current_view.html


def test_the_alt_text_gives_the_range_and_where_a_step_overshoots(measured):
    explorer = GradientAngleExplorer(measured)
    alt = explorer.current_view.metadata["image/png"]["alt"]
    first, last = (cell(measured["ReLU", "meta-trained"].degrees[i, 0]) for i in (0, 2))
    assert f"ReLU, meta-trained: the angle grows from {first} degrees at α = 0.001" in alt
    assert f"to {last} at α = 0.1." in alt
    assert "α = 1/λ = 0.050" in alt


def test_where_the_inner_loop_left_the_numbers_it_says_so(measured):
    measured["ReLU", "meta-trained"].degrees[2, 1, 4] = float("nan")
    explorer = GradientAngleExplorer(measured)
    explorer.controls["k"].value = 2
    assert rows(explorer)[3][1:3] == ["diverged", "diverged"]
    assert "at α = 0.01." in explorer.current_view.metadata["image/png"]["alt"]
    explorer.controls["activation"].value = "tanh"
    assert rows(explorer)[3][3] == "diverged"
    explorer.controls["k"].value = 3
    assert "diverged" not in explorer.current_view.html


def test_six_measurements_alike_are_asked_for(measured):
    with pytest.raises(ValueError, match="give the angles of"):
        GradientAngleExplorer({("ReLU", "meta-trained"): measured["ReLU", "meta-trained"]})
    fewer = measured["tanh", "meta-trained"]._replace(rates=(0.1, 0.2, 0.3))
    with pytest.raises(ValueError, match="must be the same in all"):
        GradientAngleExplorer({**measured, ("tanh", "meta-trained"): fewer})


def test_the_chosen_line_is_the_thick_one_and_has_the_band():
    mean = {"ReLU": torch.tensor([1.0, 20.0, 80.0]), "tanh": torch.tensor([2.0, 30.0, 70.0])}
    half = {"ReLU": torch.tensor([0.5, 2.0, 8.0]), "tanh": torch.tensor([0.1, 0.2, 0.3])}
    scene = gradient_angle_scene(RATES)
    picture = GradientAnglePicture("trained, k = 2, 6 tasks", "tanh", mean, half, 0.05)
    [axes] = scene.figure(picture).axes
    assert axes.texts[-1].get_text().endswith(": trained, k = 2, 6 tasks")
    relu, tanh, overshoots = axes.get_lines()[-3:]
    assert relu.get_linewidth() < tanh.get_linewidth()
    assert tanh.get_ydata().tolist() == [2, 30, 70]
    assert overshoots.get_xdata() == [0.05, 0.05]
    band = axes.collections[-1].get_paths()[0].vertices[:, 1]
    assert band.min() == pytest.approx(1.9)
    assert band.max() == pytest.approx(70.3)
