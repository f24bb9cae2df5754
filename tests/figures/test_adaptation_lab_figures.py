"""The figures of the adaptation lab draw what they are given."""

import torch

from metalearn_lab.evaluation.adaptation_curves import AdaptationCurves
from metalearn_lab.evaluation.intervals import Interval
from metalearn_lab.figures.adaptation_curves import adaptation_curves_figure
from metalearn_lab.figures.interval_replay import IntervalReplay, interval_replay_scene
from metalearn_lab.figures.layer_freeze import LayerFreezePicture, layer_freeze_scene


def interval(*mean):
    return Interval(torch.tensor(mean), torch.full((len(mean),), 0.1), 9)


def test_a_loss_that_diverged_is_drawn_above_the_picture():
    scene = layer_freeze_scene(
        ("body", "head"), learner="maml", score="query loss", steps=2, most=4
    )
    data = LayerFreezePicture(
        "body moves",
        (True, False),
        interval(0.4, 1.0),
        interval(3.0, torch.nan, torch.inf),
        interval(3, 2, 1),
        1,
    )
    scene.bundle(data, "what diverged is above the picture")
    _, curves = scene.figure(data).axes
    [chosen] = [
        line
        for line in curves.get_lines()
        if line.get_label() == "the layers that you let move" and len(line.get_xdata())
    ]
    drawn = chosen.get_ydata()
    assert drawn[0] == 3
    assert (drawn[1:] > curves.get_ylim()[1]).all()


def test_a_replay_of_one_episode_can_be_drawn():
    """Its interval is infinite."""
    scene = interval_replay_scene(("lead",), most_episodes=3, middle=0.5, replays=9)
    data = IntervalReplay(
        "Replay 0",
        torch.full((3, 2), 0.5),
        torch.full((3, 2), torch.inf),
        {"lead": torch.ones(3)},
        1,
    )
    data_uri, _ = scene.bundle(data, "one episode, and no interval yet")
    assert data_uri["image/png"]


def test_curves_on_a_logarithmic_axis_have_round_ticks_within_its_ends():
    curves = {"maml": AdaptationCurves(torch.tensor([[4.0, 0.5], [2.0, 0.3]]), None)}
    [axes] = adaptation_curves_figure(curves, log_limits=(0.2, 6)).axes
    assert (axes.get_yscale(), axes.get_ylim()) == ("log", (0.2, 6))
    assert {0.2, 0.5, 1, 2, 5} <= {round(tick, 9) for tick in axes.get_yticks()}
    assert axes.yaxis.get_major_formatter()(0.2) == "0.2"
