"""Scores of a sequence of tasks, by hand."""

import pytest
import torch

from metalearn_lab.evaluation.forgetting import transfer_scores

R = torch.tensor([[0.9, 0.2, 0.1], [0.7, 0.8, 0.3], [0.6, 0.7, 0.9]]).double()


def test_three_tasks_by_hand():
    assert transfer_scores(R, 0.1) == pytest.approx((0.7333, -0.2, 0.15, 0.2), abs=1e-4)
    each = torch.tensor([0.5, 0.1, 0.1]).double()
    assert transfer_scores(R, each) == transfer_scores(R, 0.1), "the first has no forward transfer"


def test_forgetting_looks_for_the_best_and_backward_transfer_does_not():
    better_later = R.clone()
    better_later[1, 0] = 1.0
    scores, before = transfer_scores(better_later, 0.1), transfer_scores(R, 0.1)
    assert scores.backward == before.backward
    assert scores.forgetting == pytest.approx(before.forgetting + 0.05)


def test_nothing_is_forgotten_if_rows_never_fall():
    kept = torch.tensor([[0.5, 0.2], [0.5, 0.9]])
    assert transfer_scores(kept, 0.2) == pytest.approx((0.7, 0.0, 0.0, 0.0))


@pytest.mark.parametrize("shape", [(3,), (2, 3), (1, 1)])
def test_other_tables_are_refused(shape):
    with pytest.raises(ValueError, match="square table"):
        transfer_scores(torch.zeros(shape), 0.1)
