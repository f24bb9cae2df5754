"""The bands are those of the neural process and of the Gaussian process, computed apart."""

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.experiments.context_sinusoids import sinusoid_network
from metalearn_lab.experiments.sinusoid_posterior import sinusoid_posterior
from metalearn_lab.experiments.sinusoid_process import posterior
from metalearn_lab.explorers.band_explorer import EXACT, PROCESS, BandExplorer
from metalearn_lab.figures.drawing import Curve, curve_look
from tests.explorers.small_explorers import UNSEEN, band_learners


@pytest.fixture
def learners():
    return band_learners()


@pytest.fixture
def explorer(learners):
    return BandExplorer(learners, UNSEEN, most_steps=3)


def band(explorer, name):
    """The lower and the upper end, in this order."""
    color, dash = curve_look(name)["color"], (1, 2)
    marks = [mark for mark in explorer.drawing.marks if isinstance(mark, Curve)]
    low, high = (m.y for m in marks if m.color == color and m.dash == dash)
    return low.float(), high.float()


def assert_bands(explorer, learners, points):
    x, y = torch.tensor(points).reshape(-1, 2).T
    mean, width = posterior(x, y, explorer.x, 0.1)
    low, high = band(explorer, PROCESS)
    torch.testing.assert_close(low, (mean - 1.96 * width).float(), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(high, (mean + 1.96 * width).float(), atol=1e-4, rtol=1e-4)
    learner = learners["neural_process"]
    with torch.no_grad():
        z = learner.encoder(x[:, None], y[:, None]).expand(len(explorer.x), -1)
        outputs = learner.model(torch.cat([explorer.x[:, None], z], 1))
    mean, width = outputs[:, 0], 0.1 + 0.9 * F.softplus(outputs[:, 1])
    low, high = band(explorer, "neural_process")
    torch.testing.assert_close(low, mean - 1.96 * width, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(high, mean + 1.96 * width, atol=1e-4, rtol=1e-4)


def test_the_bands_follow_the_points(explorer, learners):
    for points in ([(-3.0, 2.0), (0.5, -1.25)], [(1.0, 1.0)], []):
        explorer.points = points
        assert_bands(explorer, learners, points)


def test_the_table_has_a_row_for_the_process(explorer):
    explorer.points = [(0.0, 1.0), (1.0, -1.0)]
    assert PROCESS in explorer.view_widget.value
    explorer.controls["steps"].value = 3
    assert "after 3 steps" in explorer.view_widget.value


def test_a_context_and_an_exact_posterior_have_bands_too(learners):
    network = sinusoid_network()
    numbers = torch.Generator().manual_seed(0)
    torch.nn.init.normal_(network.model.tokens.head.weight, generator=numbers)
    learners = {"prior_fitted": network, "maml": learners["maml"]}
    rule = (EXACT, sinusoid_posterior)
    explorer = BandExplorer(learners, UNSEEN, most_steps=3, rule=rule)
    assert set(explorer.widths) == {EXACT, "prior_fitted"}
    explorer.points = [(-3.0, 2.0), (0.5, -1.25)]
    x, y = torch.tensor(explorer.points).T
    mean, width = sinusoid_posterior(x, y, explorer.x, 0.1)
    low, high = band(explorer, EXACT)
    torch.testing.assert_close(low, (mean - 1.96 * width).float(), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(high, (mean + 1.96 * width).float(), atol=1e-4, rtol=1e-4)
    with torch.no_grad():
        [outputs] = network.model(x[None, :, None], y[None, :, None], explorer.x[None, :, None])
    mean, width = outputs[:, 0], 0.1 + 0.9 * F.softplus(outputs[:, 1])
    low, high = band(explorer, "prior_fitted")
    torch.testing.assert_close(low, mean - 1.96 * width, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(high, mean + 1.96 * width, atol=1e-4, rtol=1e-4)
    explorer.points = []
    assert explorer.widths[EXACT].isfinite().all()
    assert explorer.widths["prior_fitted"].isfinite().all()
