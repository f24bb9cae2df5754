import re

import pytest

from metalearn_lab.workbook.chapters import select
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.parameters import (
    Parameter,
    assign,
    defaults,
    parameters_of,
    parse_value,
    typed_value,
)

START, EPISODES = select(["00", "01"])


def of_type(kind):
    return Parameter("x", kind, "0", "")


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "3", 3),
        ("int", "-1", -1),
        ("float", "0.5", 0.5),
        ("float", "1e-3", 0.001),
        ("float", "2", 2.0),
        ("str", "3", "3"),
        ("str", "", ""),
        ("bool", "True", True),
        ("bool", "false", False),
        ("list[int]", "[1, 2]", [1, 2]),
        ("list[float]", "[1, 2.5]", [1.0, 2.5]),
        ("tuple[float, ...]", "(0.1, 1)", [0.1, 1.0]),
        ("list[list[int]]", "[[1], [2]]", [[1], [2]]),
        ("Optional[int]", "None", None),
        ("Optional[int]", "4", 4),
    ],
)
def test_a_value_is_read_as_the_parameters_type(kind, text, value):
    parsed = parse_value(text, of_type(kind))
    assert (parsed, type(parsed)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", "2.0"),
        ("int", "many"),
        ("int", "True"),
        ("int", ""),
        ("float", "fast"),
        ("float", "__import__('os')"),
        ("bool", "1"),
        ("bool", "maybe"),
        ("list[int]", "3"),
        ("list[int]", "[1, 'a']"),
        ("list[str]", "[1]"),
        ("Optional[int]", "none"),
    ],
)
def test_a_value_of_another_type_is_refused(kind, text):
    with pytest.raises(WorkbookError, match=r"parameter 'x' takes an? "):
        parse_value(text, of_type(kind))


def test_the_message_says_what_the_parameter_takes():
    with pytest.raises(WorkbookError) as caught:
        parse_value("many", Parameter("shots", "int", "1", ""))
    assert str(caught.value) == "parameter 'shots' takes an int, not 'many' (default: 1)"


def test_parameters_are_what_papermill_sees(clone):
    known = parameters_of(clone / "notebooks" / "00_start_here.ipynb")
    assert known["rate"] == Parameter("rate", "float", "0.1", "step size α")
    assert defaults(known) == {"steps": 3, "rate": 0.1, "source": "embedded"}


def test_a_default_that_is_no_literal_stays_text():
    assert defaults({"x": Parameter("x", "str", "device()", "")}) == {"x": "device()"}


def test_a_parameter_goes_to_the_chapters_that_have_it():
    known = {START: {"x": of_type("int"), "y": of_type("str")}, EPISODES: {"x": of_type("float")}}
    given = [("x", "2"), ("y", "z")]
    assert assign(given, known) == {START: {"x": 2, "y": "z"}, EPISODES: {"x": 2.0}}


def test_an_unknown_parameter_lists_those_there_are():
    known = {START: {"steps": Parameter("steps", "int", "3", "inner steps")}, EPISODES: {}}
    with pytest.raises(WorkbookError) as caught:
        assign([("step", "1")], known)
    assert str(caught.value).splitlines() == [
        "no chosen chapter has a parameter 'step'.",
        "The parameters are:",
        "  00_start_here",
        "    steps: int = 3  inner steps",
        "  01_tasks_and_episodes: none",
    ]


def test_a_parameter_given_twice_is_refused():
    with pytest.raises(WorkbookError, match="'x' is given twice"):
        assign([("x", "1"), ("x", "2")], {START: {"x": of_type("int")}})


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("int", 3, 3),
        ("float", 2, 2.0),
        ("float", "1e-3", 0.001),
        ("str", "3", "3"),
        ("bool", False, False),
        ("list[int]", [1, 2], [1, 2]),
        ("Optional[int]", None, None),
        ("Optional[int]", 4, 4),
    ],
)
def test_a_value_from_a_file_is_taken_as_the_parameters_type(kind, given, value):
    found = typed_value(given, of_type(kind))
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "given"), [("int", 2.5), ("int", None), ("str", 3), ("bool", 1), ("list[int]", 3)]
)
def test_a_value_from_a_file_of_another_type_is_said(kind, given):
    with pytest.raises(WorkbookError, match=rf"takes an? {re.escape(kind)}, not {given}"):
        typed_value(given, of_type(kind))
