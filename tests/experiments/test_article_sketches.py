"""The wrapped optimiser is Adam, the learned one finds the best rate, the report's sums."""

import pytest
import torch
from torch import nn

from metalearn_lab.experiments.article_sketches import (
    REPORT,
    MetaOptimizer,
    ReportRow,
    gap_to_adam,
    learn_log_rate,
    loss_along,
    micro_f1,
    outcomes,
)
from metalearn_lab.one_thread import one_thread


def test_the_article_s_class_fails_without_its_model_and_is_adam_with_it():
    layer = nn.Linear(1, 1)
    with pytest.raises(AttributeError, match="model"):
        MetaOptimizer(torch.optim.Adam(layer.parameters()), 0.01).step(torch.ones(2, 1), None)
    x = torch.linspace(-1, 1, 7)[:, None]
    assert gap_to_adam(x, x.sin(), steps=20) == 0


def test_what_a_line_does_is_said_in_one_line():
    said = outcomes({"good": lambda: 1, "bad": lambda: 1 / 0, "long": _two_lines})
    assert said == {
        "good": "runs",
        "bad": "ZeroDivisionError: division by zero",
        "long": "ValueError: one",
    }


def _two_lines():
    raise ValueError("one\ntwo")


@pytest.mark.parametrize("steps", [1, 4])
def test_the_loss_along_is_that_of_the_closed_form_on_a_bowl(steps):
    """On ½ a θ² each step multiplies θ by 1 − e^φ a."""
    a, log_rate = torch.tensor([1.0, 4.0]).double(), torch.tensor([-2.0, -3.0]).double()
    start = torch.tensor([1.0, -2.0]).double()
    given = loss_along(lambda w: (a * w**2).sum() / 2, start, log_rate, steps)
    shrink = 1 - log_rate.exp() * a
    exact = sum((a * (start * shrink**t) ** 2).sum() / 2 for t in range(1, steps + 1)) / steps
    assert given.item() == pytest.approx(exact.item(), abs=1e-12)


def test_its_gradient_in_the_rates_is_that_of_finite_differences():
    start = torch.tensor([0.7, -0.4]).double()
    rates = torch.tensor([-1.5, -2.5]).double().requires_grad_()
    assert torch.autograd.gradcheck(
        lambda r: loss_along(lambda w: (w**4).sum() + w.prod(), start, r, 3), rates
    )


def test_the_learned_rate_of_one_step_is_the_closed_form():
    """Σ ½a(1 − αa)² is lowest at α = Σa²/Σa³: 82/730 for a = 1 and 9."""
    with one_thread():
        log_rate = learn_log_rate((1.0, 9.0), steps=1, iterations=400, lr=0.05)
    assert torch.tensor(log_rate).exp().item() == pytest.approx(82 / 730, abs=1e-4)


def test_the_report_is_the_article_s():
    tokens = sum(row.support for row in REPORT.values())
    assert tokens == 46435
    assert REPORT["O"].support / tokens == pytest.approx(0.8253, abs=1e-4)
    recall = sum(row.recall * row.support for row in REPORT.values()) / tokens
    assert recall == pytest.approx(0.981, abs=5e-4)
    assert sum(r.precision for r in REPORT.values()) / 9 == pytest.approx(0.923, abs=5e-4)
    assert sum(r.recall for r in REPORT.values()) / 9 == pytest.approx(0.897, abs=5e-4)


def test_micro_f1_leaves_nothing_to_the_rows_sizes():
    assert micro_f1([ReportRow(1.0, 1.0, 5), ReportRow(1.0, 1.0, 500)]) == 1
    one = micro_f1([ReportRow(0.8, 0.4, 100)])
    assert one == pytest.approx(2 * 0.8 * 0.4 / 1.2)
    without_o = [row for tag, row in REPORT.items() if tag != "O"]
    assert micro_f1(without_o) == pytest.approx(0.922, abs=1e-3)
    begins = [row for tag, row in REPORT.items() if tag.startswith("B")]
    assert micro_f1(begins) == pytest.approx(0.920, abs=1e-3)
