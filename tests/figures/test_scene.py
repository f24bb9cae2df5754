"""A scene: the same pixels as a figure drawn from scratch, however often it was drawn before."""

from __future__ import annotations

import pytest

from metalearn_lab.figures.scene import Scene
from metalearn_lab.figures.style import house_style, line, new_figure, png_bundle

ALT = "a line and its height"


def make_scene():
    with house_style():
        frame, [axes] = new_figure(width=3, height=2)
        axes.set(xlim=(0, 1), ylim=(0, 10), xlabel="x", title="a frame")

    def draw(axes, height):
        yield axes[0].plot([0.2, 0.8], [height, height], **line("maml"))[0]
        yield axes[0].text(0.5, 1, f"{height}")

    return Scene(frame, draw)


def test_it_draws_what_a_whole_figure_shows():
    scene = make_scene()
    [axes] = scene.figure(3).axes
    assert axes.lines[0].get_ydata().tolist() == [3, 3]
    assert axes.texts[0].get_text() == "3"
    assert scene.bundle(3, ALT) == png_bundle(make_scene().figure(3), ALT)


def test_nothing_of_an_earlier_drawing_stays():
    scene = make_scene()
    first = scene.bundle(3, ALT)
    other = scene.bundle(7, ALT)
    assert first != other
    assert scene.bundle(3, ALT) == first
    assert len(scene.figure(7).axes[0].lines) == 1
    assert scene.bundle(7, ALT) == other


def test_a_figure_that_was_shown_first_leaves_nothing_in_the_frame():
    scene = make_scene()
    png_bundle(scene.figure(9), ALT)
    assert scene.bundle(3, ALT) == make_scene().bundle(3, ALT)


def test_it_needs_alt_text():
    with pytest.raises(ValueError, match="alt text"):
        make_scene().bundle(3, " ")
