"""One look: told apart without colour, seen on white, and nothing global changed."""

import base64
import struct
from itertools import combinations

import matplotlib
import pytest
from colorspacious import cspace_convert, deltaE
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from matplotlib import pyplot

from metalearn_lab.comparison.methods import METHODS
from metalearn_lab.figures import style


def luminance(color):
    """Relative luminance as WCAG 2 defines it, from #rrggbb."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast_on_white(color):
    return 1.05 / (luminance(color) + 0.05)


def test_the_contrast_formula_has_its_known_ends():
    assert contrast_on_white("#000000") == pytest.approx(21)
    assert contrast_on_white("#ffffff") == pytest.approx(1)


def test_every_learner_of_the_comparison_has_a_style():
    assert {*METHODS, "joint"} <= set(style.STYLES)
    assert set(style.STYLES) == set(style.LABELS)


@pytest.mark.parametrize("name", style.STYLES)
def test_a_learner_stands_out_on_white(name):
    assert contrast_on_white(style.STYLES[name].color) >= 3


@pytest.mark.parametrize("color", [style.INK, style.GREY])
def test_text_and_reference_lines_can_be_read(color):
    assert contrast_on_white(color) >= 4.5


def test_two_learners_share_neither_colour_nor_both_dashes_and_marker():
    for one, other in combinations(style.STYLES.values(), 2):
        assert one.color != other.color
        assert one[1:] != other[1:]


def as_seen(color, deficiency):
    """The colour as a reader with this deficiency of colour vision, complete, sees it."""
    rgb = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    if deficiency is None:
        return rgb
    space = {"name": "sRGB1+CVD", "cvd_type": deficiency, "severity": 100}
    return cspace_convert(rgb, space, "sRGB1").clip(0, 1)


# In CAM02-UCS two colours a distance of 1 apart can just be told apart side by side; ten times
# that is clear for thin lines a finger's breadth apart.
CLEAR = 10.0


@pytest.mark.parametrize("deficiency", [None, "deuteranomaly", "protanomaly", "tritanomaly"])
def test_every_two_learners_differ_clearly_to_every_eye(deficiency):
    seen = {name: as_seen(each.color, deficiency) for name, each in style.STYLES.items()}
    near = {
        (one, other): round(deltaE(seen[one], seen[other], input_space="sRGB1"), 1)
        for one, other in combinations(seen, 2)
        if deltaE(seen[one], seen[other], input_space="sRGB1") < CLEAR
    }
    assert near == {}


def test_the_simulation_takes_away_what_it_should():
    red, green = "#d00000", "#507000"
    assert deltaE(as_seen(red, None), as_seen(green, None), input_space="sRGB1") > 40
    blind = [as_seen(color, "protanomaly") for color in (red, green)]
    assert deltaE(*blind, input_space="sRGB1") < 15


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
