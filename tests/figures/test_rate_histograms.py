"""The histograms hold every rate, and say how many are negative."""

import pytest
import torch

from metalearn_lab.figures.rate_histograms import rate_histograms_figure


def test_the_bars_are_the_shares():
    rates = {"layer 1": torch.linspace(-0.02, 0.06, 80), "head": torch.full((10,), 0.03)}
    panels = rate_histograms_figure(rates, 0.01).axes
    assert [axes.get_title(loc="left") for axes in panels] == [
        "layer 1: 25 % negative",
        "head: 0 % negative",
    ]
    for axes in panels:
        assert sum(bar.get_height() for bar in axes.patches) == pytest.approx(1)
    below = [bar for bar in panels[0].patches if bar.get_x() + bar.get_width() <= 1e-9]
    colors = {bar.get_facecolor() for bar in below if bar.get_height()}
    assert len(colors) == 1
    above = {bar.get_facecolor() for bar in panels[0].patches if bar.get_x() > 0.01}
    assert colors.isdisjoint(above)


@pytest.mark.parametrize("rates", [{}, {"head": torch.empty(0)}])
def test_no_rates_are_refused(rates):
    with pytest.raises(ValueError, match="give the rates of one layer or more"):
        rate_histograms_figure(rates, 0.01)
