"""The rate learns as the sliders say: lines and table are those of the descent."""

import re

import pytest
import torch

from metalearn_lab.experiments.hypergradient import hypergradient_descent
from metalearn_lab.explorers.hypergradient_explorer import HypergradientExplorer


@pytest.fixture
def explorer():
    return HypergradientExplorer(steps=30)


def cells(explorer):
    rows = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


def lines(axes):
    return [each for each in axes.lines if len(each.get_xdata()) > 2]


@pytest.mark.parametrize(("first", "kappa"), [(0.02, 1e-3), (0.1, 1e-4), (0.2, 1e-5)])
def test_the_lines_and_the_table_are_the_descents(explorer, first, kappa):
    explorer.controls["first_rate"].value = first
    explorer.controls["kappa"].value = kappa
    curvatures, start = torch.tensor([1.0, 9.0]).double(), torch.ones(2).double()
    settings = [(first, kappa), (first, 0.0), (explorer.best, 0.0)]
    descents = [
        hypergradient_descent(curvatures, start, *torch.tensor(each, dtype=torch.float64), 30)
        for each in settings
    ]
    left, right = explorer.scene.frame.axes
    for drawn, each in zip(lines(left), descents, strict=True):
        assert list(drawn.get_xdata()) == list(range(1, 31))
        assert list(drawn.get_ydata()) == pytest.approx(each.rates.tolist())
    for drawn, each in zip(lines(right), descents, strict=True):
        assert list(drawn.get_ydata()) == pytest.approx(each.losses.clamp(1e-11).tolist())
    for row, each in zip(cells(explorer), descents, strict=True):
        shown = [float(cell) for cell in row[1:]]
        wanted = [*each.losses[[10, 20, 30]].tolist(), each.rates[-1].item()]
        assert shown == pytest.approx(wanted, rel=6e-3)


def test_the_best_constant_rate_is_the_best(explorer):
    rates = [explorer.best + move for move in (-1e-3, 0.0, 1e-3)]
    last = [explorer.descent(rate, 0.0).losses[-1].item() for rate in rates]
    assert min(last) == last[1]
    assert explorer.best == pytest.approx(2 / (1 + 9), abs=0.02), "what is best for many steps"


def test_a_descent_that_runs_away_is_said_in_words(explorer):
    explorer.controls["first_rate"].value = 0.0
    explorer.controls["kappa"].value = 10**-2.5
    assert [row[3] for row in cells(explorer)][:2] == ["runs away", "5"]
    assert "learned rate runs away" in explorer.current_view.data["text/plain"]


def test_a_bowl_that_is_none_is_refused():
    with pytest.raises(ValueError, match="curvatures must be positive"):
        HypergradientExplorer((1.0, 0.0))
    with pytest.raises(ValueError, match="steps 1 or more"):
        HypergradientExplorer(steps=0)
