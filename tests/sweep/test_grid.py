import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metalearn_lab.sweep.points import grid_points
from metalearn_lab.sweep.sweep_file import Entry, read_sweep_file
from metalearn_lab.workbook.chapters import select
from metalearn_lab.workbook.errors import WorkbookError
from tests.sweep.tiny_clone import make_clone

START, EPISODES, TEXT = select(["0", "1", "6"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_clone(tmp_path_factory.mktemp("clone"))


VALUES = {
    "steps": st.lists(st.integers(), min_size=1, max_size=4, unique=True),
    "rate": st.lists(
        st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=4, unique=True
    ),
    "log": st.lists(st.text("ab"), min_size=1, max_size=3, unique=True),
}
GRIDS = st.fixed_dictionaries({}, optional=VALUES)


@given(grid=GRIDS)
def test_the_grid_is_the_product_and_each_point_has_its_own_key(folder, grid):
    points = grid_points([Entry(START, grid)], folder)
    assert len(points) == math.prod(len(values) for values in grid.values())
    assert len({point.key for point in points}) == len(points)
    for name, values in grid.items():
        assert {point.parameters[name] for point in points} == set(values)
    names = {"steps", "rate", "log", "until"}
    assert all(point.parameters.keys() == names for point in points)
    assert all(point.changed.keys() == grid.keys() for point in points)


@given(grid=GRIDS, data=st.data())
def test_the_order_of_the_parameters_changes_the_order_of_the_points_alone(folder, grid, data):
    shuffled = {name: grid[name] for name in data.draw(st.permutations(list(grid)))}
    keys, others = (
        [point.key for point in grid_points([Entry(START, each)], folder)]
        for each in (grid, shuffled)
    )
    assert set(keys) == set(others)


def test_points_come_in_the_order_of_the_file_the_last_parameter_fastest(folder):
    entries = [Entry(TEXT, {}), Entry(START, {"rate": [0.5, 0.1], "steps": [2, 1]})]
    assert [point.words for point in grid_points(entries, folder)] == [
        "06_few_shot_text",
        "00_start_here rate=0.5 steps=2",
        "00_start_here rate=0.5 steps=1",
        "00_start_here rate=0.1 steps=2",
        "00_start_here rate=0.1 steps=1",
    ]


def test_an_integer_for_a_float_and_yamls_1e_3_are_numbers(folder):
    points = grid_points([Entry(START, {"rate": [1, "1e-3"]})], folder)
    rates = [point.parameters["rate"] for point in points]
    assert [(rate, type(rate)) for rate in rates] == [(1.0, float), (0.001, float)]


@pytest.mark.parametrize(
    ("chapter", "grid", "message"),
    [
        (START, {"speed": [1]}, "00_start_here has no parameter 'speed'.*  steps: int = 3"),
        (START, {"steps": [1, 2.5]}, "00_start_here: parameter 'steps' takes an int, not 2.5"),
        (START, {"steps": ["many"]}, "takes an int, not 'many'"),
        (START, {"steps": [True]}, "takes an int, not True"),
        (START, {"steps": [None]}, "takes an int, not None"),
        (START, {"rate": [math.inf]}, "takes a float, not inf.*a number must be finite"),
        (START, {"rate": [[0.1]]}, r"takes a float, not \[0\.1\]"),
        (TEXT, {"shots": [5]}, "takes a str, not 5 .*; in quotes it is text"),
        (START, {"steps": [1, 1]}, "has '00_start_here steps=1' twice"),
    ],
)
def test_a_wrong_grid_is_said(folder, chapter, grid, message):
    with pytest.raises(WorkbookError, match=rf"(?s){message}"):
        grid_points([Entry(chapter, grid)], folder)


def test_a_point_that_two_entries_have_is_said(folder):
    entries = [Entry(START, {"steps": [1, 2]}), Entry(START, {"steps": [2]})]
    with pytest.raises(WorkbookError, match="has '00_start_here steps=2' twice"):
        grid_points(entries, folder)
    default = [Entry(START, {}), Entry(START, {"steps": [3]})]
    with pytest.raises(WorkbookError, match="has '00_start_here steps=3' twice"):
        grid_points(default, folder)


def test_a_missing_notebook_is_said(tmp_path):
    with pytest.raises(WorkbookError, match="01_tasks_and_episodes has no notebook in"):
        grid_points([Entry(EPISODES, {})], tmp_path)


@pytest.mark.parametrize("word", ["010", "1e3", "1_0.0", "1:30", ".nan", "yes", "null", "~", "''"])
def test_a_word_of_a_file_that_is_no_such_number_is_refused(folder, tmp_path, word):
    """YAML reads the first as 8 and the fourth as 90."""
    (tmp_path / "sweep.yml").write_text(f"- chapter: 0\n  parameters: {{steps: {word}}}\n")
    with pytest.raises(WorkbookError, match="'steps' takes an int, not "):
        grid_points(read_sweep_file(tmp_path / "sweep.yml"), folder)


def test_values_of_a_file_are_read_by_the_type_of_their_parameter(folder, tmp_path):
    text = "- chapter: 0\n  parameters: {steps: 1_000, rate: 1e-3, log: no}\n- {chapter: 6, "
    (tmp_path / "sweep.yml").write_text(text + "parameters: {shots: [05, 5]}}\n")
    first, *others = grid_points(read_sweep_file(tmp_path / "sweep.yml"), folder)
    assert first.changed == {"steps": 1000, "rate": 0.001, "log": "no"}
    assert [point.changed for point in others] == [{"shots": "05"}, {"shots": "5"}]
