"""Chapter 04: the arrows follow θ, k and α; Reptile's path and the angle follow their controls."""

from __future__ import annotations

import pytest
import torch

from metalearn_lab.experiments.gradient_arrows import QUERY, SUPPORT, bowl_loss
from metalearn_lab.explorers.gradient_arrows_explorer import ARROW
from metalearn_lab.tasks.planar_quadratics import planar_quadratics
from tests.browser.drag import DragOnPage

pytestmark = pytest.mark.parametrize("chapter", ["04_first_order_and_reptile"], indirect=True)

PRETRAINED, SETTLES, LAST = (
    "optimum of pretraining",
    "where Reptile settles",
    "φ after 60 outer steps",
)
DISTANCE, BEFORE, AFTER = 2, 3, 4


TASK = planar_quadratics([(4, 0.5), (4, 0.5)], [25, 25], [(-0.5, -0.4), (0.7, 0.5)])


def tips(theta: tuple[float, float], alpha: float, k: int) -> dict[str, list[float]]:
    """Where MAML's and first-order MAML's arrows end, by autograd through the inner steps."""
    start = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    end = start
    for _ in range(k):
        [slope] = torch.autograd.grad(bowl_loss(TASK, SUPPORT)(end), end, create_graph=True)
        end = end - alpha * slope
    loss = bowl_loss(TASK, QUERY)(end)
    exact, first_order = (
        torch.autograd.grad(loss, at, retain_graph=True)[0] for at in (start, end)
    )
    return {
        name: (start - ARROW * gradient / gradient.norm()).tolist()
        for name, gradient in (("MAML", exact), ("first-order MAML", first_order))
    }


def assert_arrows(explorer: DragOnPage, alpha: float, k: int) -> None:
    theta = explorer.handle("theta")
    for name, tip in tips(theta, alpha, k).items():
        [arrow] = explorer.marks("Arrow", name)
        start, end = arrow["places"]
        assert start == pytest.approx(theta, abs=1e-6)
        assert end == pytest.approx(tip, abs=1e-6)


def test_the_arrows_follow_a_dragged_start_and_k(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("GradientArrowsExplorer")))
    explorer.says("α = 0.10, k = 5")
    assert_arrows(explorer, 0.1, 5)
    explorer.drag("theta", 1.2, -0.9)
    assert explorer.handle("theta") == pytest.approx((1.2, -0.9), abs=0.05)
    assert_arrows(explorer, 0.1, 5)
    explorer.slide("inner steps k", "End")
    explorer.says("α = 0.10, k = 20")
    explorer.answered()
    assert_arrows(explorer, 0.1, 20)
    explorer.slide("inner step size α", "ArrowRight")
    explorer.says("α = 0.11, k = 20")
    explorer.answered()
    assert_arrows(explorer, 0.11, 20)
    chapter.assert_nothing_failed()


def points(explorer) -> dict[str, list[float]]:
    """Numbers of the table by row header."""
    return {header: [float(cell) for cell in rest] for header, *rest in explorer.table()}


def test_reptile_leaves_the_optimum_of_pretraining_with_more_than_one_step(chapter):
    explorer = chapter.explorer("ReptilePathExplorer")
    explorer.says("k = 10, ε = 0.30, n = 3, from the optimum of pretraining")
    pictures = [explorer.picture()]
    ten = points(explorer)
    assert ten[SETTLES][:2] == [-0.53, 0.32]
    explorer.slide("inner steps k", "Home")
    explorer.says("k = 1, ε")
    one = points(explorer)
    assert one[SETTLES] == one[PRETRAINED] == one[LAST]
    pictures.append(explorer.picture())
    explorer.slide("inner steps k", "ArrowRight")
    explorer.says("k = 2, ε")
    two = points(explorer)
    explorer.slide("inner steps k", "End")
    explorer.says("k = 20, ε")
    many = points(explorer)
    assert 0 < two[SETTLES][DISTANCE] < ten[SETTLES][DISTANCE] < many[SETTLES][DISTANCE]
    assert many[SETTLES][BEFORE] > many[PRETRAINED][BEFORE]
    assert many[SETTLES][AFTER] < many[PRETRAINED][AFTER]
    pictures.append(explorer.picture())
    assert len(set(pictures)) == len(pictures)
    chapter.assert_nothing_failed()


def test_forgetting_1_over_n_throws_reptile_out_of_the_picture(chapter):
    explorer = chapter.explorer("ReptilePathExplorer")
    explorer.slide("inner steps k", "End")
    explorer.says("k = 20, ε")
    settles = points(explorer)[SETTLES]
    explorer.choose_next("start", "ArrowUp")
    explorer.says("from lower right")
    assert points(explorer)[SETTLES] == settles
    explorer.slide("meta-batch n", "Home")
    explorer.says("n = 1, from lower right")
    jumping = points(explorer)[LAST]
    explorer.slide("meta-batch n", "End")
    explorer.says("n = 6")
    calm = points(explorer)[LAST]
    assert calm == points(explorer)[SETTLES] == settles
    assert jumping != calm
    explorer.slide("outer step ε", "End")
    explorer.says("ε = 1.00")
    assert points(explorer)[LAST] == settles
    picture = explorer.picture()
    explorer.toggle("forget 1/n")
    explorer.says("1/n forgotten")
    explorer.says("The path leaves the picture at outer step 1.")
    assert points(explorer)[LAST][DISTANCE] > 1000
    assert explorer.picture() != picture
    explorer.slide("outer step ε", "Home")
    explorer.says("ε = 0.05")
    assert points(explorer)[LAST] == settles
    chapter.assert_nothing_failed()


def degrees(explorer) -> list[float]:
    """Mean angle of the chosen activation at each α."""
    return [float(row[1].split(" ± ")[0]) for row in explorer.table() if row[1] != "diverged"]


def test_the_angle_grows_with_alpha_and_follows_activation_start_and_k(chapter):
    explorer = chapter.explorer("GradientAngleExplorer")
    seen = [(explorer.table(), explorer.picture())]
    relu = degrees(explorer)
    assert relu[0] < 5 < relu[-1]
    explorer.choose_next("activation")
    explorer.says("tanh, meta-trained: the angle grows")
    seen.append((explorer.table(), explorer.picture()))
    for before, after in zip(seen[0][0], seen[1][0], strict=True):
        assert (before[1], before[3]) == (after[3], after[1])
    explorer.choose_next("start", "ArrowUp")
    explorer.says("tanh, pretrained: the angle grows")
    seen.append((explorer.table(), explorer.picture()))
    explorer.choose_next("start", "ArrowUp")
    explorer.says("tanh, untrained: the angle grows")
    once = degrees(explorer)
    explorer.slide("inner steps k", "End")
    explorer.says("untrained network, k = 5")
    five = degrees(explorer)
    assert all(more > one for one, more in zip(once[:4], five[:4], strict=True))
    seen.append((explorer.table(), explorer.picture()))
    assert all(len({str(each) for each in column}) == 4 for column in zip(*seen, strict=True))
    chapter.assert_nothing_failed()
