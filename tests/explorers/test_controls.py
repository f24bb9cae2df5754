"""The controls: labels, values, and only what both major versions of ipywidgets have."""

from __future__ import annotations

import inspect

import pytest

from metalearn_lab.explorers import controls

MADE = {
    "slider": controls.slider("steps", 2, 0, 9),
    "float_slider": controls.float_slider("amplitude", 1.5, 0.1, 5.0, 0.1),
    "log_slider": controls.log_slider("α", 0.01, -4, 0, 0.1),
    "stops_slider": controls.stops_slider("shots", (1, 2, 4, 8), 4),
    "number": controls.number("episode", 3, 0, 99),
    "choice": controls.choice("learner", {"MAML": "maml", "Reptile": "reptile"}, "reptile"),
    "toggle": controls.toggle("forget 1/n", True),
}


@pytest.mark.parametrize("name", MADE)
def test_every_control_has_its_label_and_value(name):
    control = MADE[name]
    assert control.description
    assert (
        control.value
        == {
            "slider": 2,
            "float_slider": 1.5,
            "log_slider": pytest.approx(0.01),
            "stops_slider": 4,
            "number": 3,
            "choice": "reptile",
            "toggle": True,
        }[name]
    )


@pytest.mark.parametrize("name", ["slider", "float_slider", "log_slider", "stops_slider"])
def test_the_picture_follows_a_slider_while_it_moves(name):
    assert MADE[name].continuous_update


def test_a_number_counts_when_it_is_typed_whole():
    assert MADE["number"].continuous_update is False


def test_only_widgets_of_both_major_versions_are_used():
    source = inspect.getsource(controls)
    for name in ("titles=", "Stack", "TagsInput", "ColorsInput", "Output("):
        assert name not in source


def test_a_list_shows_names_and_gives_values():
    picked = MADE["choice"]
    assert (picked.value, picked.label) == ("reptile", "Reptile")
    assert controls.choice("split", ["train", "test"], "train").value == "train"
