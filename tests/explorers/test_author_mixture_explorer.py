"""Curves, dots and letters follow λ and every control, and are those of the two models."""

import pytest
import torch

from metalearn_lab.experiments.author_mixture import author_task, left_out, on_query, share_by_em
from metalearn_lab.explorers.author_mixture_explorer import (
    COLORS,
    OTHERS,
    QUERY,
    AuthorMixtureExplorer,
)
from metalearn_lab.figures.drawing import Curve, Dot, Words
from metalearn_lab.models.ngram import NGram
from metalearn_lab.tasks.docstrings import ALPHABET, authors, encode


@pytest.fixture(scope="module")
def general():
    return NGram(2, len(ALPHABET)).fit(encode(authors()["jinja2"][:50]))


@pytest.fixture
def explorer(general):
    return AuthorMixtureExplorer(general, ["PIL", "email"], 1, shots=(2, 4, 6))


def query_dot(explorer):
    rings = [m for m in explorer.drawing.marks if isinstance(m, Dot) and not m.filled]
    [dot] = [m for m in rings if m.color == COLORS[QUERY]]
    return dot.x, dot.y


def curve(explorer, label):
    marks = explorer.drawing.marks
    [found] = [m for m in marks if isinstance(m, Curve) and m.label == label]
    return found


def test_the_dot_is_the_mixture_at_lambda(explorer, general):
    query = on_query(general, author_task("PIL", 4, 1))
    for share in (0.0, 0.3, 1.0):
        explorer.move("λ", (share, 0.0))
        assert query_dot(explorer) == (share, pytest.approx(query.bits(share)))
    assert curve(explorer, QUERY).y == pytest.approx([query.bits(i / 50) for i in range(51)])


def test_author_and_shots_change_the_models(explorer, general):
    explorer.controls["author"].value = "email"
    explorer.controls["shots"].value = 6
    task = author_task("email", 6, 1)
    assert query_dot(explorer)[1] == pytest.approx(on_query(general, task).bits(0.5))
    filled = [m for m in explorer.drawing.marks if isinstance(m, Dot) and m.filled]
    [chosen] = [m for m in filled if m.label == "λ by EM"]
    assert chosen.x == pytest.approx(share_by_em(left_out(general, task)))
    assert chosen.color == COLORS[OTHERS]
    assert f"takes λ = {chosen.x:.2f}" in explorer.view_widget.value


def test_the_letters_are_those_of_the_sentence_with_their_bits(explorer, general):
    explorer.controls["sentence"].value = 3
    explorer.move("λ", (0.25, 0.0))
    task = author_task("PIL", 4, 1)
    letters = [m.text for m in explorer.drawing.marks if isinstance(m, Words)]
    assert "".join(letters).replace("␣", " ") == task.query[2][: len(letters)]
    first = len(encode(task.query[:2]))
    mixed = on_query(general, task).mixed(0.25)[first : first + len(letters)]
    assert curve(explorer, "mixture").y == pytest.approx((-torch.log2(mixed)).tolist())
