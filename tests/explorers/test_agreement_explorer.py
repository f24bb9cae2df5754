"""The table has the moves that the sliders ask for, and the measures are those of the table."""

import pytest

from metalearn_lab.evaluation.agreement import quadratic_kappa
from metalearn_lab.explorers.agreement_explorer import (
    BOTH,
    EACH,
    HIGH,
    MOST_BY_ONE,
    MOST_BY_TWO,
    AgreementExplorer,
    graded,
)


def test_four_off_by_one_is_the_table_of_the_text():
    assert graded(4, 0, BOTH).tolist() == [[4, 1, 0], [1, 3, 1], [0, 1, 4]]


@pytest.mark.parametrize("errs", [BOTH, HIGH])
def test_every_setting_moves_what_it_says(errs):
    for by_one in range(MOST_BY_ONE + 1):
        for by_two in range(MOST_BY_TWO + 1):
            table = graded(by_one, by_two, errs)
            assert table.sum(0).tolist() == [EACH] * 3
            assert (table >= 0).all()
            off = [table.diagonal(k).sum().item() for k in (-2, -1, 1, 2)]
            assert off[1] + off[2] == by_one
            assert off[0] + off[3] == by_two
            if errs == HIGH:
                assert off[2] == off[3] == 0


def test_two_off_by_two_cost_more_than_four_off_by_one():
    assert quadratic_kappa(graded(0, 2, BOTH)) < quadratic_kappa(graded(4, 0, BOTH))


def test_the_controls_are_said():
    explorer = AgreementExplorer()
    assert "Accuracy 1.0000, quadratic kappa 1.0000" in explorer.view_widget.value
    explorer.controls["by_one"].value = 4
    assert "4 answers off by one, 0 off by two; the grader errs both ways" in (
        explorer.view_widget.value
    )
    assert "Accuracy 0.7333, quadratic kappa 0.8000" in explorer.view_widget.value
    assert "Mean grade given: 1.00" in explorer.view_widget.value
    explorer.controls["errs"].value = HIGH
    assert "Accuracy 0.7333, quadratic kappa 0.8000" in explorer.view_widget.value
    assert "Mean grade given: 1.27" in explorer.view_widget.value
    assert "always too high" in explorer.current_view.data["text/plain"]
