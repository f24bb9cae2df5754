"""Chapter 02: what is dragged moves the features; scores and traces follow their controls."""

from __future__ import annotations

import pytest
import torch

from metalearn_lab.explorers.what_moves_explorer import INNER_LR
from tests.browser.drag import DragOnPage
from tests.experiments.test_what_moves import weights_apart

pytestmark = pytest.mark.parametrize("chapter", ["02_transfer_learning"], indirect=True)


def test_a_dragged_point_moves_the_features_as_the_learner_does(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("WhatMovesExplorer")))

    def check(method: str, step: int) -> list[list[float]]:
        """The discs on the right are the features by the package's learner."""
        explorer.says(f"After {step} steps")
        points = torch.tensor([explorer.handle(f"class {i}") for i in range(3)]).double()
        *_, (layer, _, _) = weights_apart(method, points, INNER_LR, step)
        shown = [m for m in explorer.marks("Dot") if m["panel"] == 2 and m["filled"]]
        places = [m["places"][0] for m in shown]
        expected = (points @ layer.T).tolist()
        assert [list(place) for place in places] == [pytest.approx(e, abs=1e-4) for e in expected]
        return places

    before = check("fine_tuning", 20)
    explorer.drag("class 0", -1.2, 1.1)
    dragged = check("fine_tuning", 20)
    assert dragged != before
    explorer.slide("inner step", "ArrowRight")
    assert check("fine_tuning", 21) != dragged
    explorer.choose_next("on the right")
    explorer.says("LoRA of rank 1 moves all features along one line")
    check("lora", 21)
    explorer.slide("inner step", "Home")
    explorer.says("every class has the same score everywhere")
    check("lora", 0)
    chapter.assert_nothing_failed()


def test_the_scores_follow_the_shots_and_the_reference(chapter):
    explorer = chapter.explorer("ShotsExplorer")
    seen = []

    def at(shots: int) -> list[list[str]]:
        explorer.says(f"{shots}-shot accuracy in per cent over 8 unseen-class episodes")
        assert f"At K = {shots} " in explorer.alt()
        seen.append(explorer.picture())
        return explorer.table()

    explorer.slide("shots K", "Home")
    one = at(1)
    methods = [row[0] for row in one]
    counts = [int(row[1].replace(",", "")) for row in one]
    assert counts == sorted(counts), "from what trains nothing to what trains all"
    assert counts[:4] == [0, 0, 325, 325]
    explorer.slide("shots K", "ArrowRight")
    four = at(4)
    assert [row[:2] for row in four] == [row[:2] for row in one]
    accuracies = [[row[3] for row in rows] for rows in (one, four)]
    assert accuracies[0] != accuracies[1]

    explorer.choose_next("rank of LoRA", "Home")
    assert explorer.table() == four
    assert explorer.picture() != seen[-1]
    assert [row[4] for row in explorer.table()].index("–") == 0
    explorer.choose_next("compared with")
    compared = explorer.table()
    assert [row[4] for row in compared].index("–") == 1
    assert [row[:4] for row in compared] == [row[:4] for row in four]
    gap = number(compared[0][4])
    mean = {row[0]: number(row[3]) for row in compared}
    assert gap == pytest.approx(mean[methods[0]] - mean[methods[1]], abs=0.11)
    explorer.slide("shots K", "Home")
    assert [row[3] for row in at(1)] == accuracies[0]
    assert len(set(seen[:2])) == 2
    chapter.assert_nothing_failed()


def test_the_losses_follow_the_method_the_shots_and_the_step(chapter):
    explorer = chapter.explorer("OverFittingExplorer")
    everything, probe, *_ = explorer.options("method")
    chance_loss = "1.609 ± 0.000"  # ln 5: a head of zeros finds all classes equally likely
    pictures = []

    def at(method: str, shots: int, step: int) -> list[str]:
        """The cells of the marked step: support and query loss, support and query accuracy."""
        explorer.says(f"{method}, {shots}-shot: mean over 8 unseen-class episodes")
        marked, least, last = explorer.table()
        assert (marked[1], last[1]) == (str(step), "60")
        assert all(number(row[3]) >= number(least[3]) for row in (marked, last))
        pictures.append(explorer.picture())
        return marked[2:]

    explorer.choose_next("method")
    explorer.slide("inner step", "Home")
    assert at(probe, 1, 0)[:2] == [chance_loss, chance_loss]
    explorer.slide("inner step", "ArrowRight")
    first = at(probe, 1, 1)
    assert number(first[0]) < 1.609, "one step lowers the support loss"
    explorer.slide("inner step", "End")
    end = at(probe, 1, 60)
    assert number(end[0]) < number(first[0])

    explorer.choose_next("method", "Home")
    assert number(at(everything, 1, 60)[0]) < number(end[0]), "more that moves fits more closely"
    explorer.slide("inner step", "Home")
    at(everything, 1, 0)
    explorer.slide("inner step", "ArrowRight")
    assert at(everything, 1, 1) == first, "a head of zeros lets no gradient through at first"
    explorer.slide("shots K", "ArrowRight")
    assert at(everything, 4, 1) != first
    assert len(set(pictures)) == len(pictures) == 7
    chapter.assert_nothing_failed()


def number(cell: str) -> float:
    """The mean in a cell."""
    return float(cell.split(" ")[0])
