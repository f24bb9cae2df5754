"""Explorers of chapter 11: what they show after each move is computed apart."""

import re

import pandas as pd
import pytest
import torch

from metalearn_lab.comparison.task_streams import SAVED_STREAMS
from metalearn_lab.experiments.bowl_stream import RULES, regret, starts
from metalearn_lab.experiments.elastic_weights import elastic_point, excess
from metalearn_lab.explorers.rotation_dial_explorer import RotationDialExplorer, bowls_of
from metalearn_lab.explorers.saved_stream_explorer import SavedStreamExplorer
from metalearn_lab.explorers.stream_player_explorer import (
    FLAT,
    ORDERS,
    STEEP,
    TASKS,
    StreamPlayerExplorer,
    the_stream,
)
from metalearn_lab.figures.drawing import Curve, Dot
from tests.explorers.small_explorers import saved_stream_table


def table(explorer):
    rows = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    return {name: [float(value) for value in values] for name, *values in cells}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("tasks", "inner_lr", "equal"), [(40, 0.05, False), (200, 0.2, True)])
def test_starts_and_regrets_are_those_of_the_rules(order, tasks, inner_lr, equal):
    explorer = StreamPlayerExplorer()
    for name, value in (
        ("tasks", tasks), ("inner_lr", inner_lr), ("order", order), ("equal", equal),
    ):  # fmt: skip
        explorer.controls[name].value = value
    explorer.move("steep", (0.4, 210.0))
    explorer.move("flat", (-1.5, 210.0))
    stream = the_stream(0.4, -1.5, order, equal)
    assert sorted(set(stream.curvatures.tolist())) == ([FLAT] if equal else [FLAT, STEEP])
    shown = table(explorer)
    for rule in RULES:
        points, cost = starts(rule, stream, inner_lr), regret(rule, stream, inner_lr)
        expected = [points[tasks].item(), cost[tasks - 1].item()]
        assert shown[rule] == pytest.approx(expected, abs=6e-4)
        [curve] = [
            m for m in explorer.drawing.marks
            if isinstance(m, Curve) and m.label == rule and m.panel == 1
        ]  # fmt: skip
        assert torch.as_tensor(curve.y)[1:] == pytest.approx(cost[:tasks])


def test_order_moves_no_last_start_but_that_of_fine_tuning():
    explorer, ends = StreamPlayerExplorer(), {}
    explorer.controls["tasks"].value = TASKS
    for order in ORDERS:
        explorer.controls["order"].value = order
        ends[order] = {rule: values[0] for rule, values in table(explorer).items()}
    for rule in RULES:
        assert (len({end[rule] for end in ends.values()}) > 1) == (rule == "fine-tune the newest")


def test_it_opens_where_the_first_two_rules_are_one():
    """So that the curves are seen, but not yet which rule leaves the steep tasks."""
    explorer = StreamPlayerExplorer()
    assert explorer.controls["tasks"].value >= 20
    shown = table(explorer)
    assert shown["follow the meta-leader"] == shown["train on everything"]
    assert len({tuple(values) for values in shown.values()}) == 3


def test_before_the_first_task_nothing_is_known():
    explorer = StreamPlayerExplorer()
    explorer.controls["tasks"].value = 0
    assert all(values == [0.0, 0.0] for values in table(explorer).values())


@pytest.mark.parametrize(("degrees", "strength"), [(0, 1.0), (45, 1.0), (60, 0.0), (20, 4.0)])
def test_ends_of_the_second_task_are_those_of_the_formula(degrees, strength):
    explorer = RotationDialExplorer()
    explorer.controls["degrees"].value = degrees
    explorer.controls["strength"].value = strength
    explorer.move("first", (0.5, 1.5))
    explorer.move("second", (-1.2, -0.7))
    bowls = bowls_of(degrees, (0.5, 1.5), (-1.2, -0.7))
    shown = table(explorer)
    for name, diagonal in (("EWC, all of the curvature", False), ("EWC, the diagonal", True)):
        w = elastic_point(*bowls, strength=strength, diagonal=diagonal)
        expected = [bowls[0].loss(w), bowls[1].loss(w), excess(w, *bowls)]
        assert shown[name] == pytest.approx([v.item() for v in expected], abs=6e-4)
        [dot] = [
            m for m in explorer.drawing.marks
            if isinstance(m, Dot) and m.label == name and m.panel == 0
        ]  # fmt: skip
        assert (dot.x, dot.y) == pytest.approx(tuple(w.tolist()))
    assert shown["lowest sum of both"][2] == 0


@pytest.mark.parametrize("degrees", [0, 20, 45, 90])
def test_the_excess_is_drawn_up_to_the_angle_of_the_dial(degrees):
    explorer = RotationDialExplorer()
    explorer.controls["degrees"].value = degrees
    curves = [m for m in explorer.drawing.marks if isinstance(m, Curve) and m.panel == 1]
    assert {curve.label for curve in curves} == {"EWC, all of the curvature", "EWC, the diagonal"}
    for curve in curves:
        assert curve.x[0] == 0
        assert curve.x[-1] == degrees == max(curve.x)
        for angle, value in zip(curve.x, curve.y, strict=True):
            bowls = bowls_of(angle, (1.0, 1.0), (-1.0, 0.0))
            w = elastic_point(*bowls, diagonal=curve.label == "EWC, the diagonal")
            assert value == pytest.approx(excess(w, *bowls).item())


def test_a_saved_stream_opens_on_the_last_one_after_a_quarter():
    explorer = SavedStreamExplorer(saved_stream_table())
    values = {name: control.value for name, control in explorer.controls.items()}
    assert (values["stream"], values["order"], values["tasks"]) == ("intents", "shuffled", 10)
    curves = [m for m in explorer.drawing.marks if isinstance(m, Curve)]
    assert all(len(curve.x) == 2 for curve in curves)


def test_a_saved_stream_is_played():
    along = saved_stream_table()
    explorer = SavedStreamExplorer(along)
    seen = []
    for name, value in (
        ("order", "drift"), ("tasks", 20), ("stream", "sinusoids"), ("training", 2),
        ("order", "shuffled"), ("stream", "intents"), ("thick", "ridge"),
    ):  # fmt: skip
        explorer.controls[name].value = value
        seen.append(str(explorer.drawing))
    assert len(set(seen)) == len(seen)
    own = along[along.stream.eq("intents") & along.order.eq("shuffled") & along.seed.eq(1)]
    for method, (so_far, _) in table(explorer).items():
        errors = own[own.method.eq(method) & own.tasks.le(20)].error
        assert so_far == pytest.approx(errors.mean(), abs=6e-4)
    explorer.controls["tasks"].value = 40
    lately = own[own.method.eq("ridge") & own.tasks.gt(15)].error.mean()
    assert table(explorer)["ridge"][1] == pytest.approx(lately, abs=6e-4)


def test_a_method_that_the_stream_lacks_is_said():
    along = saved_stream_table()
    fewer = along[~(along.stream.eq("intents") & along.method.eq("ridge"))]
    explorer = SavedStreamExplorer(pd.DataFrame(fewer))
    explorer.controls["thick"].value = "ridge"
    explorer.controls["stream"].value = "intents"
    assert "This stream has no row for ridge." in explorer.view_widget.value


def test_every_method_of_the_saved_streams_is_drawn_and_keeps_its_look():
    along = pd.read_csv(SAVED_STREAMS / "along.csv")
    explorer, looks = SavedStreamExplorer(along), {}
    for stream in along.stream.unique():
        explorer.controls["stream"].value = stream
        curves = [m for m in explorer.drawing.marks if isinstance(m, Curve) and m.panel == 0]
        drawn = {curve.label: (curve.color, curve.dash) for curve in curves}
        assert set(drawn) == set(along[along.stream.eq(stream)].method)
        for method, look in drawn.items():
            assert looks.setdefault(method, look) == look
    assert len(set(looks.values())) == len(looks)


@pytest.mark.parametrize("order", ORDERS)
def test_every_regret_is_inside_its_panel(order):
    """Also where a rule beats the best fixed start, so that its regret is below 0."""
    explorer = StreamPlayerExplorer()
    explorer.controls["tasks"].value = TASKS
    explorer.controls["order"].value = order
    curves = [m for m in explorer.drawing.marks if isinstance(m, Curve) and m.panel == 1]
    low, high = explorer.drawing.panels[1].y
    assert all(low <= min(curve.y) <= max(curve.y) <= high for curve in curves)
