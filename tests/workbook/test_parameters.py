import ast
import math
import re

import nbformat
import pytest
import yaml
from click.testing import CliRunner
from papermill.cli import papermill as papermill_command
from papermill.translators import PythonTranslator

from metalearn_lab.workbook.chapters import CHAPTERS, select
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.notebook_file import read_notebook
from metalearn_lab.workbook.parameters import (
    TAG,
    Parameter,
    assign,
    check_parameters,
    defaults,
    parameters_of,
    typed_value,
)
from metalearn_lab.workbook.teaching_tags import has_tag

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
        ("int | None", "None", None),
        ("int | None", "4", 4),
        ("str", "no", "no"),
        ("str", "010", "010"),
        ("str", "1_000", "1_000"),
    ],
)
def test_a_value_is_read_as_the_parameters_type(kind, text, value):
    parsed = typed_value(text, of_type(kind))
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
        ("int", "010"),
        ("int", "1e3"),
        ("int", "1:30"),
        ("int", "[" * 2000),
        ("bool", "no"),
        ("bool", "on"),
        ("float", "nan"),
        ("float", "1e999"),
        ("float", "9" * 400),
        ("list[float]", "[1, 1e999]"),
        ("str", "\udcff"),
    ],
)
def test_a_value_of_another_type_is_refused(kind, text):
    with pytest.raises(WorkbookError, match=r"parameter 'x' takes an? "):
        typed_value(text, of_type(kind))


def test_the_message_says_what_the_parameter_takes():
    with pytest.raises(WorkbookError) as caught:
        typed_value("many", Parameter("shots", "int", "1", ""))
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


@pytest.mark.parametrize("given", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused(given):
    with pytest.raises(WorkbookError, match=r"'x' takes a float, not .*; a number must be finite"):
        typed_value(given, of_type("float"))


# ------------------------------------------------------------------- what papermill gives a chapter
CELL = """\
language: str = "en"
shots: int = 5
rate: float = 0.1
fast: bool = True
sizes: list[int] = [1, 2]
limit: int | None = None
"""


def chapter_with(injected):
    """The globals of a kernel that ran a parameters cell, and the one that papermill adds."""
    cell = PythonTranslator.codify(injected, "Parameters")
    namespace = {"In": ["", CELL, cell]}
    exec(CELL, namespace)
    exec(cell, namespace)
    return namespace


@pytest.mark.parametrize("word", ["no", "off", "yes", "~", "010", "1_000", "1:30", "1.5", ".nan"])
def test_what_yaml_makes_of_a_word_is_no_text(word):
    """`papermill -f FILE` hands on what YAML makes of ``language: no``."""
    given = yaml.safe_load(f"language: {word}")
    with pytest.raises(WorkbookError, match=r"'language' takes a str, not .*in quotes it is text"):
        check_parameters(chapter_with(given))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"shots": "five"}, "parameter 'shots' takes an int, not 'five'"),
        ({"shots": 1000.0}, "'shots' takes an int, not 1000.0"),
        ({"shots": True}, "'shots' takes an int, not True"),
        ({"fast": 1}, "'fast' takes a bool, not 1; that is True or False"),
        ({"rate": math.inf}, "'rate' takes a float, not inf; a number must be finite"),
        ({"sizes": [1, "x"]}, "'sizes' takes a list"),
        ({"limit": 1.5}, "'limit' takes an int"),
        ({"speed": 9}, "no parameter 'speed'; it has language, shots, rate, fast, sizes, limit"),
    ],
)
def test_a_chapter_refuses_what_papermill_was_given_wrongly(given, message):
    with pytest.raises(WorkbookError, match=message):
        check_parameters(chapter_with(given))


def test_a_chapter_takes_what_is_right_and_makes_numbers_of_their_text():
    given = {"language": "no", "shots": "7", "rate": "1e-3", "fast": False, "limit": 3}
    namespace = chapter_with(given | {"PAPERMILL_OUTPUT_PATH": "out.ipynb"})
    check_parameters(namespace)
    names = ("language", "shots", "rate", "fast", "sizes", "limit")
    assert [namespace[name] for name in names] == ["no", 7, 0.001, False, [1, 2], 3]


def test_a_reader_who_types_another_type_into_the_cell_is_told():
    with pytest.raises(WorkbookError, match="'shots' takes an int, not 'five'"):
        check_parameters({"__annotations__": {"shots": int}, "shots": "five"})


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda each: each.name)
def test_every_chapter_checks_its_parameters_at_once(repository, chapter):
    notebook = read_notebook(repository / chapter.path)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    [place] = [place for place, cell in enumerate(code) if has_tag(cell, TAG)]
    statements = ast.parse(code[place + 1].source).body
    first = next(each for each in statements if not isinstance(each, ast.Import | ast.ImportFrom))
    assert ast.unparse(first) == "check_parameters(globals())"


def test_papermill_by_itself_fails_and_says_why(tmp_path, write_chapter):
    """The real thing once: its command, its file of parameters, a kernel."""
    check = "from metalearn_lab.workbook.parameters import check_parameters\n\n"
    check += "check_parameters(globals())"
    text = f'# %% tags=["parameters"]\n{CELL}\n# %%\n{check}\n\n# %%\nprint("it ran on")\n'
    notebook = write_chapter(tmp_path, "00_start_here", text)
    (tmp_path / "no.yml").write_text("language: no\n")
    out = tmp_path / "out.ipynb"
    options = ["-f", str(tmp_path / "no.yml"), "--no-progress-bar"]
    done = CliRunner().invoke(papermill_command, [str(notebook), str(out), *options])
    assert done.exit_code == 1
    assert "parameter 'language' takes a str, not False" in str(done.exception)
    assert "it ran on\n" not in out.read_text(encoding="utf-8")


# ------------------------------------------------------------------------ notebooks that are none
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "the file is empty"),
        ("<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> x\n", "marks of a merge"),
        ("{}x", "Extra data"),
        ("[1, 2]", "."),
        ('{"cells": []}', "."),
        ('{"cells": 3, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "."),
        ('{"cells": [{}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "."),
        ('{"cells": [], "metadata": {}, "nbformat": 99, "nbformat_minor": 0}', "."),
    ],
)
def test_a_file_that_is_no_notebook_is_said(tmp_path, content, reason):
    (tmp_path / "x.ipynb").write_text(content)
    said = rf"^x\.ipynb is no notebook: .*(?:{reason}).*\. Restore"
    with pytest.raises(WorkbookError, match=said):
        parameters_of(tmp_path / "x.ipynb")


def test_a_file_in_another_encoding_is_no_notebook(tmp_path):
    (tmp_path / "x.ipynb").write_bytes(b"\xff\xfe{\x00}\x00")
    with pytest.raises(WorkbookError, match="it is no text in UTF-8"):
        parameters_of(tmp_path / "x.ipynb")


def test_two_cells_of_parameters_are_refused(tmp_path, write_chapter):
    """Papermill sets what is given behind the first; the second would undo it."""
    cell = '# %% tags=["parameters"]\nx: int = 1\n\n'
    path = write_chapter(tmp_path, "00_start_here", cell + cell.replace("1", "2"))
    with pytest.raises(WorkbookError, match=r"has 2 cells tagged `parameters`"):
        parameters_of(path)


def test_a_notebook_without_parameters_or_kernel_has_none(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    nbformat.write(notebook, tmp_path / "x.ipynb")
    assert parameters_of(tmp_path / "x.ipynb") == {}
