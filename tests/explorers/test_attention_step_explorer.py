"""Lines and slots are those of gradient steps computed apart; every control and handle counts."""

from itertools import pairwise

import pytest

from metalearn_lab.explorers.attention_step_explorer import (
    ANSWER_COLOR,
    LAYER_COLOR,
    AttentionStepExplorer,
)
from metalearn_lab.figures.drawing import Curve, Dot, Words
from metalearn_lab.figures.style import INK

POINTS = [(-2.0, -1.5), (-1.0, 0.5), (1.5, 2.0)]


@pytest.fixture
def explorer():
    return AttentionStepExplorer(POINTS, question=2.0)


def steps(points, alpha, layers):
    """w after 0, …, L gradient steps, by hand."""
    w = [0.0]
    for _ in range(layers):
        w.append(w[-1] - alpha * sum((w[-1] * x - y) * x for x, y in points) / len(points))
    return w


def assert_drawn(explorer, points, alpha, layers, question):
    w = steps(points, alpha, layers)
    curves = [m for m in explorer.drawing.marks if isinstance(m, Curve)]
    lines = [m for m in curves if m.color == LAYER_COLOR]
    assert [line.y[1] for line in lines] == pytest.approx([3 * each for each in w[1:]])
    [asked] = [m for m in curves if m.color == ANSWER_COLOR]
    assert asked.y == pytest.approx([-each * question for each in w])
    known = [m for m in curves if m.color == INK]
    for curve, (x, y) in zip(known, points, strict=True):
        assert curve.y == pytest.approx([y - each * x for each in w])
    [answer] = [m for m in explorer.drawing.marks if isinstance(m, Dot) and m.panel == 0]
    assert (answer.x, answer.y) == (question, pytest.approx(w[-1] * question))
    assert f"{w[-1]:.3f}" in explorer.view_widget.value


def test_lines_and_slots_follow_every_handle_and_control(explorer):
    assert_drawn(explorer, POINTS, 0.3, 1, 2.0)
    explorer.move("question", (-1.0, 0.0))
    assert_drawn(explorer, POINTS, 0.3, 1, -1.0)
    explorer.move("point 3", (1.0, 3.0))
    moved = [*POINTS[:2], (1.0, 3.0)]
    explorer.controls["layers"].value = 4
    assert_drawn(explorer, moved, 0.3, 4, -1.0)
    explorer.controls["inner_lr"].value = 0.8
    assert_drawn(explorer, moved, 0.8, 4, -1.0)


def test_the_points_parts_add_up_to_the_first_layers_answer(explorer):
    rows = [row.split("<td") for row in explorer.view_widget.value.split("<tr>")[2:]]
    numbers = [float(row[2].split(">")[1].split("<")[0]) for row in rows[:4]]
    assert sum(numbers[:3]) == pytest.approx(numbers[3], abs=0.02)
    assert numbers[3] == pytest.approx(2 * steps(POINTS, 0.3, 1)[1], abs=0.01)


def test_the_labels_of_the_tokens_do_not_overlap():
    explorer = AttentionStepExplorer([(-2, -1.5), (-1, -1.2), (0.7, 0.2), (1.5, 2.2)])
    for layers in (1, 8):
        explorer.controls["layers"].value = layers
        labels = [m for m in explorer.drawing.marks if isinstance(m, Words)]
        assert [label.text for label in labels] == ["1", "2", "3", "4", "q"]
        heights = sorted(label.y for label in labels)
        assert min(b - a for a, b in pairwise(heights)) > 0.399
        assert all(label.x < explorer.drawing.panels[1].x[1] for label in labels)
