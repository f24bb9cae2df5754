"""The dots are each program's outer steps in closed form; the line has the slope it uses."""

import re

import pytest

from metalearn_lab.experiments.hidden_mistakes import IN_PLACE, MISTAKES, NO_GRAPH, NOT_USED
from metalearn_lab.experiments.two_bowls import Bowls
from metalearn_lab.explorers.hidden_mistake_explorer import OUTER_LR, HiddenMistakeExplorer
from metalearn_lab.figures.drawing import Curve, Dot

A, C, ALPHA = (1.0, 8.0), (-1.5, 1.5), 0.1


@pytest.fixture
def explorer():
    return HiddenMistakeExplorer(Bowls(A, C, ALPHA, 1))


def after(theta):
    """The meta-loss: mean loss after one step."""
    return sum(a / 2 * ((1 - ALPHA * a) * (theta - c)) ** 2 for a, c in zip(A, C, strict=True)) / 2


def slope_and_start(theta, mistake):
    """By formula; changed in place, the start moves from task to task."""
    slope = 0.0
    for a, c in zip(A, C, strict=True):
        power = {None: 2, NO_GRAPH: 1, NOT_USED: 0, IN_PLACE: 1}[mistake]
        slope += a * (1 - ALPHA * a) ** power * (theta - c) / 2
        if mistake == IN_PLACE:
            theta = c + (1 - ALPHA * a) * (theta - c)
    return slope, theta


def path(theta, steps, mistake):
    places = [theta]
    for _ in range(steps):
        slope, start = slope_and_start(places[-1], mistake)
        places.append(start - OUTER_LR * slope)
    return places


def rows(explorer):
    found = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in found]


def drawn(explorer, panel):
    marks = [m for m in explorer.drawing.marks if m.panel == panel]
    [line] = [m for m in marks if isinstance(m, Curve) and m.label == "slope it uses"]
    return [m for m in marks if isinstance(m, Dot)], line


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize(("theta", "steps"), [(-2.0, 60), (1.25, 7)])
def test_what_is_drawn_is_the_path_from_where_the_start_is_dragged(explorer, mistake, theta, steps):
    explorer.controls["mistake"].value = mistake
    explorer.controls["steps"].value = steps
    explorer.move("theta", (theta, 3.0))
    [handle] = explorer.drawing.handles
    assert (handle.x, handle.y) == pytest.approx((theta, after(theta)))
    for panel, program in enumerate((None, mistake)):
        dots, line = drawn(explorer, panel)
        wanted = path(theta, steps, program)[0 if panel else 1 :]
        assert [dot.x for dot in dots] == pytest.approx(wanted)
        assert [dot.y for dot in dots] == pytest.approx([after(at) for at in wanted])
        slope = (line.y[1] - line.y[0]) / (line.x[1] - line.x[0])
        assert slope == pytest.approx(slope_and_start(theta, program)[0])
        cells = [f"{slope:.2f}", f"{wanted[-1]:.2f}", f"{after(wanted[-1]):.3f}"]
        row = rows(explorer)[panel]
        assert row[1:] == cells
        assert f"{row[0]} ends at {cells[1]}, loss {cells[2]}" in explorer.canvas.drawing["alt"]
        assert dots[-1].label == ("ends here, wrong" if panel else "ends here")
    assert [panel.title for panel in explorer.drawing.panels] == ["Right", f"Mistake: {mistake}"]


def test_both_panels_have_the_bowls_before_the_step_and_the_meta_loss_after_it(explorer):
    for panel in (0, 1):
        *bowls, meta = [
            mark
            for mark in explorer.drawing.marks
            if isinstance(mark, Curve) and mark.panel == panel and mark.label != "slope it uses"
        ]
        for bowl, a, c in zip(bowls, A, C, strict=True):
            heights = [a / 2 * (at - c) ** 2 for at in bowl.x.tolist()]
            assert bowl.y.tolist() == pytest.approx(heights)
        assert meta.label == "meta-loss: after the step"
        assert meta.y.tolist() == pytest.approx([after(at) for at in meta.x.tolist()])


def test_no_outer_step_leaves_the_start_alone(explorer):
    explorer.controls["steps"].value = 0
    assert [[dot.x for dot in drawn(explorer, panel)[0]] for panel in (0, 1)] == [
        [-2.0],
        [-2.0, -2.0],
    ]
