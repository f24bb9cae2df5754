import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metalearn_lab.workbook import run_key as module
from metalearn_lab.workbook.run_key import run_key

VALUES = st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False), st.text())
PARAMETERS = st.dictionaries(st.text(min_size=1), VALUES, min_size=1, max_size=5)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    return write(tmp_path_factory.mktemp("keys") / "00_start_here.ipynb")


def write(path, code="x = 1", prose="# Hello", outputs=()):
    cells = [
        nbformat.v4.new_markdown_cell(prose),
        nbformat.v4.new_code_cell(code, outputs=list(outputs)),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


@given(parameters=PARAMETERS, data=st.data())
def test_the_order_of_the_parameters_does_not_matter(notebook, parameters, data):
    names = data.draw(st.permutations(list(parameters)))
    shuffled = {name: parameters[name] for name in names}
    assert run_key(notebook, shuffled) == run_key(notebook, parameters)


@given(parameters=PARAMETERS, data=st.data())
def test_any_other_value_is_another_key(notebook, parameters, data):
    name = data.draw(st.sampled_from(list(parameters)))
    # By their text, because 1, 1.0 and True are equal but are not the same parameter.
    other = data.draw(VALUES.filter(lambda value: repr(value) != repr(parameters[name])))
    assert run_key(notebook, parameters | {name: other}) != run_key(notebook, parameters)


def test_the_code_counts_and_its_prose_and_outputs_do_not(tmp_path):
    first = run_key(write(tmp_path / "a.ipynb"), {})
    stream = nbformat.v4.new_output("stream", text="hello")
    assert run_key(write(tmp_path / "a.ipynb", prose="# Bye", outputs=[stream]), {}) == first
    assert run_key(write(tmp_path / "a.ipynb", code="x = 2"), {}) != first
    assert run_key(write(tmp_path / "b.ipynb"), {}) != first


def test_the_packages_code_counts(notebook, monkeypatch):
    first = run_key(notebook, {})
    monkeypatch.setattr(module, "code_version", lambda: "another")
    assert run_key(notebook, {}) != first
