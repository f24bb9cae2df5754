"""A chapter says on a CUDA device what it says on the CPU, and computes it there.

Both runs take the small parameters of the other tests. What nbval compares must be the same text.
The numbers of the headlines are trained ones: they may differ by as much as float32 does after a
few dozen outer steps, and an accuracy by one query item more or less.
"""

from __future__ import annotations

import math
from itertools import chain

import pytest
import torch

from metalearn_lab.workbook.chapters import CHAPTERS
from tests.chapter_runs import checked_text, headlines, run_small, text_of

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.notebook,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]
RELATIVE = 1e-2
ABSOLUTE = {
    "01_tasks_and_episodes": 1.0,  # points, of 500 query items a class split
    "02_transfer_learning": 1.0,  # points, of 200 query items
    "06_few_shot_text": 1.0,  # per cent, of 250 query items
}
OF_A_LOSS = 1e-3
OF_AN_ACCURACY = 0.02


@pytest.fixture(params=CHAPTERS, ids=lambda chapter: chapter.name, scope="module")
def chapter(request):
    return request.param


@pytest.fixture(scope="module")
def runs(chapter):
    """The executed cells, on the CPU and on a CUDA device that the chapter finds by itself."""
    return run_small(chapter, device="cpu"), run_small(chapter)


def near(found, expected, absolute):
    """Whether two numbers agree; what is no number is the same."""
    if isinstance(expected, str) or not math.isfinite(expected):
        return found == expected
    return math.isclose(found, expected, rel_tol=RELATIVE, abs_tol=absolute)


def test_it_says_where_it_computes(runs):
    for cells, kind in zip(runs, ("CPU", "CUDA"), strict=True):
        said = [line for cell in cells for line in text_of(cell).splitlines()]
        [where] = [line for line in said if line.startswith("Computing on ")]
        assert where.startswith(f"Computing on {kind}: ")


def test_its_checked_cells_say_the_same(runs):
    here, there = map(checked_text, runs)
    assert there == here


def test_its_headlines_agree(chapter, runs):
    here, there = map(headlines, runs)
    assert len(here) == len(there) > 0
    for one, other in zip(here, there, strict=True):
        assert one["values"].keys() == other["values"].keys()
        for name, value in one["values"].items():
            absolute = ABSOLUTE.get(chapter.name, OF_A_LOSS)
            assert near(other["values"][name], value, absolute), name


def test_its_adaptation_curves_agree(runs):
    pairs = zip(*map(headlines, runs), strict=True)
    curves = [(one["curves"], other["curves"]) for one, other in pairs]
    for here, there in curves:
        assert here.keys() == there.keys()
        for name, curve in here.items():
            absolute = OF_AN_ACCURACY if curve["kind"] == "accuracy" else OF_A_LOSS
            numbers = zip(
                chain(there[name]["mean"], there[name]["half_width"]),
                chain(curve["mean"], curve["half_width"]),
                strict=True,
            )
            assert all(near(found, right, absolute) for found, right in numbers), name
