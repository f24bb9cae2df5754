"""The markers and the table are the closed form, and the extremes are said in words."""

import re

import pytest

from metalearn_lab.experiments.two_bowls import Bowls
from metalearn_lab.explorers.two_bowls_explorer import TwoBowlsExplorer
from metalearn_lab.tasks.quadratics import stationary_point

NAMES = {
    "pretraining": "joint",
    "MAML": "maml",
    "first-order MAML": "first_order_maml",
    "Reptile": "reptile",
}


@pytest.fixture
def explorer():
    return TwoBowlsExplorer(Bowls((1.0, 9.0), (-1.0, 1.0), 0.1, 1))


def table(explorer):
    """Cells of each row by its header."""
    rows = re.findall(r"<tr><th scope=\"row\".*?</tr>", explorer.view_widget.value)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    return {row[0]: row[1:] for row in cells}


def places(explorer):
    return {name: row[2] for name, row in table(explorer).items()}


def settings(explorer):
    v = {name: control.value for name, control in explorer.controls.items()}
    loop = {"inner_lr": v["inner_lr"], "inner_steps": v["inner_steps"]}
    return (v["a_1"], v["a_2"]), (v["c_1"], v["c_2"]), loop


def test_every_control_moves_the_places_to_the_closed_form(explorer):
    before = places(explorer)
    moves = {"a_1": 2.0, "a_2": 5.0, "c_1": 0.5, "c_2": -1.5, "inner_lr": 0.05, "inner_steps": 4}
    for name, value in moves.items():
        explorer.controls[name].value = value
        curvatures, centres, loop = settings(explorer)
        for title, algorithm in NAMES.items():
            exact = stationary_point(algorithm, curvatures, centres, **loop)
            assert float(places(explorer)[title]) == pytest.approx(exact, abs=6e-5), name
        assert places(explorer) != before, name
        before = places(explorer)


def test_it_begins_where_it_is_told_to(explorer):
    assert places(explorer) == {
        "pretraining": "0.8000",
        "MAML": "-0.8000",
        "first-order MAML": "0.0000",
        "Reptile": "0.8000",
    }
    assert len(set(places(TwoBowlsExplorer(Bowls((1.0, 9.0), (-1.0, 1.0), 0.1, 2))).values())) == 4


def test_marker_and_curves_are_in_the_picture(explorer):
    above, below = explorer.scene.frame.axes
    [title] = above.texts
    assert title.get_text() == "a = (1, 9), c = (-1, 1), α = 0.10, k = 1"
    markers = [line for line in below.get_lines() if len(line.get_xdata()) == 1]
    assert [line.get_xdata()[0] for line in markers] == pytest.approx([0.8, -0.8, 0.0, 0.8])
    assert [line.get_ydata()[0] for line in markers] == [0, 1, 2, 3]
    curves = {line.get_color(): line for line in above.get_lines() if len(line.get_xdata()) > 100}
    blue, black = curves["#0072b2"], curves["#000000"]
    lowest = [line.get_xdata()[line.get_ydata().argmin()] for line in (blue, black)]
    assert lowest == pytest.approx([-0.8, 0.8], abs=0.02)


@pytest.mark.parametrize(
    ("alpha", "says"),
    [
        (0.0, "an inner step does nothing"),
        (0.05, "leaves 0.5 of the distance"),
        (0.1, "ends exactly in the centre"),
        (0.15, "jumps over the centre and leaves 0.5"),
        (0.2, "jumps to the other side, as far away as before"),
        (0.3, "the inner loop diverges: each step makes the distance 2 times as large"),
    ],
)
def test_what_a_step_does_is_said_for_every_alpha(explorer, alpha, says):
    explorer.controls["a_2"].value = 10.0
    explorer.controls["inner_lr"].value = alpha
    assert f"Bowl 2: αa = {10 * alpha:.3g}, " in explorer.view_widget.value
    assert says in explorer.view_widget.value.split("Bowl 2:")[1]


def test_the_steep_bowl_loses_all_weight_where_one_step_solves_it(explorer):
    explorer.controls["a_2"].value = 10.0
    assert places(explorer)["MAML"] == "-1.0000"
    assert table(explorer)["MAML"][1] == "0"


def test_what_does_not_settle_is_said_and_has_no_marker(explorer):
    explorer.controls["inner_lr"].value = 0.2
    assert places(explorer)["first-order MAML"].startswith("flees")
    assert "First-order MAML has weights that sum to less than zero" in explorer.view_widget.value
    texts = [text.get_text() for text in explorer.scene.frame.axes[1].texts]
    assert texts == ["does not settle"]
    explorer.controls["inner_lr"].value = 0.0
    assert places(explorer)["Reptile"] == "never moves"


def test_a_place_outside_the_picture_is_named_at_its_edge(explorer):
    # First-order weights 1 − α and 9(1 − 9α) of different signs, with a small positive sum.
    explorer.controls["inner_lr"].value = 0.12
    place = float(places(explorer)["first-order MAML"])
    assert abs(place) > 3
    [text] = explorer.scene.frame.axes[1].texts
    assert f"{place:.3g}" in text.get_text()


def test_the_alt_text_says_where_each_one_settles(explorer):
    alt = explorer.current_view.metadata["image/png"]["alt"]
    assert "MAML: -0.8000" in alt
    assert "curvature 1 around -1 and 9 around 1, α = 0.10, k = 1" in alt
