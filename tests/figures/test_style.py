"""One look: told apart without colour, seen on white, and nothing global changed."""

import base64
import struct
from itertools import combinations

import matplotlib
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from matplotlib import pyplot

from metalearn_lab.comparison.methods import METHODS
from metalearn_lab.figures import style
from tests.figures.find_line import (
    CLEAR,
    CONTRAST,
    EYES,
    HINT,
    as_seen,
    color_distances,
    contrast_on_white,
    every_learners_line,
    free_colors,
    free_dashes,
    markers,
)


def test_the_contrast_formula_has_its_known_ends():
    assert contrast_on_white("#000000") == pytest.approx(21)
    assert contrast_on_white("#ffffff") == pytest.approx(1)


def test_every_learner_of_the_comparison_has_a_style():
    assert {*METHODS, "joint"} <= set(style.STYLES)
    assert set(style.STYLES) == set(style.LABELS)


@pytest.mark.parametrize("name", style.STYLES)
def test_a_learner_stands_out_on_white(name):
    assert contrast_on_white(style.STYLES[name].color) >= CONTRAST, HINT


@pytest.mark.parametrize("color", [style.INK, style.GREY])
def test_text_and_reference_lines_can_be_read(color):
    assert contrast_on_white(color) >= 4.5


def test_two_learners_share_neither_colour_nor_dashes():
    for one, other in combinations(style.STYLES, 2):
        assert style.STYLES[one].color != style.STYLES[other].color, (one, other, HINT)
        assert style.STYLES[one].linestyle != style.STYLES[other].linestyle, (one, other, HINT)


def test_no_two_learners_of_the_package_have_the_same_dashes():
    lines = every_learners_line()
    assert len(lines) > len(METHODS) / 2
    for one, other in combinations(lines, 2):
        assert lines[one].linestyle != lines[other].linestyle, (one, other, HINT)


@pytest.mark.parametrize("eye", EYES)
def test_every_two_trained_learners_differ_clearly_to_every_eye(eye):
    # What is not trained has no curve to be mistaken for another: its dashes tell it.
    names = [n for n in style.STYLES if n not in METHODS or METHODS[n].build]
    colors = [style.STYLES[name].color for name in names]
    apart = color_distances(colors, colors, [eye])
    near = {
        (names[i], names[j]): round(float(apart[i, j]), 1)
        for i, j in combinations(range(len(names)), 2)
        if apart[i, j] < CLEAR
    }
    assert near == {}, f"{near} are less than {CLEAR} apart: {HINT}"


def test_the_simulation_takes_away_what_it_should():
    red, green = ["#d00000"], ["#507000"]
    assert color_distances(red, green, [None]) > 40
    assert color_distances(red, green, ["protanomaly"]) < 15
    assert (as_seen(red, None) != as_seen(red, "protanomaly")).any()


def test_the_search_finds_a_line_that_would_pass():
    taken = list(style.STYLES.values())
    [(color, distance)] = free_colors(1).items()
    assert contrast_on_white(color) >= CONTRAST
    nearest = color_distances([color], [line.color for line in taken]).min()
    assert distance == pytest.approx(nearest)
    assert nearest >= CLEAR
    [dashes] = free_dashes(1)
    assert dashes not in [line.linestyle for line in taken]
    assert {line.marker for line in taken} <= set(markers())


def test_a_line_is_drawn_as_the_style_says():
    _, (axes,) = style.new_figure()
    (drawn,) = axes.plot([0, 1], **style.line("first_order_maml"))
    assert drawn.get_color() == style.STYLES["first_order_maml"].color
    assert drawn.get_marker() == style.STYLES["first_order_maml"].marker
    assert drawn.get_label() == "first-order MAML"


def test_an_unknown_learner_has_a_neutral_line_of_its_own_the_same_each_time():
    looks = [style.line(name) for name in ("my learner", "another", "my learner")]
    assert looks[0] == looks[2] != looks[1]
    assert [look["label"] for look in looks[:2]] == ["my learner", "another"]
    assert {look["color"] for look in looks} == {style.INK}
    assert looks[0]["marker"] not in {each.marker for each in style.STYLES.values()}


def test_the_style_leaves_no_setting_changed():
    before = dict(matplotlib.rcParams)
    with style.house_style():
        assert not matplotlib.rcParams["axes.spines.top"]
        figure, (axes,) = style.new_figure()
        axes.plot([0, 1])
    style.png_bundle(figure, "a line that goes up")
    assert dict(matplotlib.rcParams) == before
    assert pyplot.get_fignums() == []


def png_size(encoded):
    return struct.unpack(">II", base64.b64decode(encoded)[16:24])


def test_the_bundle_is_a_sharp_picture_with_its_alt_text():
    figure, _ = style.new_figure(width=4, height=2)
    data, metadata = style.png_bundle(figure, "an empty figure")
    facts = metadata["image/png"]
    assert data["text/plain"] == facts["alt"] == "an empty figure"
    assert (facts["width"], facts["height"]) == (320, 160)
    assert png_size(data["image/png"]) == (512, 256)


@pytest.fixture
def _shell():
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


@pytest.mark.usefixtures("_shell")
def test_showing_displays_once_with_alt_and_closes():
    figure = pyplot.figure()
    with capture_output() as captured:
        result = style.show_figure(figure, "nothing at all")
    assert result is None
    [output] = captured.outputs
    assert output.metadata["image/png"]["alt"] == "nothing at all"
    assert set(output.data) == {"image/png", "text/plain"}
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize("alt", ["", "  \n"])
def test_a_figure_without_alt_text_is_refused(alt):
    figure, _ = style.new_figure()
    with pytest.raises(ValueError, match="needs alt text"):
        style.show_figure(figure, alt)
