"""The bands are 1.96 standard deviations to each side, and the points are where they are."""

import torch

from metalearn_lab.figures.bands import BandPanel, bands_figure
from metalearn_lab.tasks.types import Split


def test_it_draws_the_numbers_that_it_is_given():
    x = torch.linspace(-3, 3, 7)
    points = Split(torch.tensor([[0.0], [1.0]]), torch.tensor([[2.0], [-1.0]]))
    bands = {"prior_fitted": (x, 0.5 + x**2), "exact posterior": (2 * x, torch.ones(7))}
    figure = bands_figure(
        x, {"a": BandPanel(points, bands), "b": BandPanel(points, bands)}, (-2, 2)
    )
    first, second = figure.axes
    assert [first.get_title("left"), second.get_title("left")] == ["a", "b"]
    lines = {each.get_label(): each for each in first.lines}
    assert lines["prior-fitted network"].get_ydata().tolist() == x.tolist()
    assert lines["points"].get_xdata().tolist() == [0, 1]
    edges = first.collections[0].get_paths()[0].vertices
    assert abs(edges[:, 1].max() - (3 + 1.96 * 9.5)) < 1e-4
    ends = [each.get_xdata()[0] for each in first.lines if each.get_label().startswith("_")]
    assert ends == [-2, 2]
