"""Checks of chapter 06: an interval, an equal budget, and what peeking at the test brings."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from metalearn_lab.exercises.finite import number
from metalearn_lab.exercises.verdict import Verdict, not_yet, right, self_check
from metalearn_lab.tasks.seeds import generator

NORMAL = 1.96


@self_check
def check_half_width(half_width: Callable[[Tensor], float], accuracies: Tensor) -> Verdict:
    """The 95 % half-width of the mean of these accuracies, by the normal quantile."""
    others = torch.rand(2, 150, generator=generator("half-width"))[:, ::2] * torch.tensor(
        [[0.4], [0.9]]
    )
    for each in (accuracies, *others, others.flatten()):
        if mistake := _half_width_mistake(number(half_width(each)), each):
            return not_yet(mistake)
    exact = NORMAL * accuracies.std().item() / len(accuracies) ** 0.5
    return right(f"The mean is known to within {100 * exact:.1f} points.")


def _half_width_mistake(mine: float, accuracies: Tensor) -> str | None:
    """What is wrong with a half-width; None where nothing is."""
    spread, root = accuracies.std().item(), len(accuracies) ** 0.5
    exact = NORMAL * spread / root
    if _near(mine, exact):
        return None
    if _near(mine, NORMAL * spread):
        return "that is the spread of one episode: the mean of n is narrower by the root of n."
    if _near(mine, spread / root):
        return "that is the standard error; 95 % lie within 1.96 of it."
    if _near(mine, 2 * exact):
        return "that is the whole width of the interval, from end to end."
    if _near(mine, NORMAL * spread / root**2):
        return "the root of n, not n."
    return f"{mine:.4f} instead of {exact:.4f}: standard deviation over root n, times 1.96."


def _near(one: float, other: float) -> bool:
    """Within 2 %: whether the variance is divided by n or by n − 1 is not the question."""
    return abs(one - other) <= 0.02 * abs(other) + 1e-9


@self_check
def check_equal_gradients(answer: float, iterations: int, maml: int, pretraining: int) -> Verdict:
    """With how many iterations pretraining takes as many gradients as MAML did.

    Args:
        answer: the reader's.
        iterations: of both trainings, as they were run.
        maml: gradient evaluations of MAML's training.
        pretraining: of pretraining's.
    """
    answer, ratio = number(answer), maml / pretraining
    if _near(answer, ratio * iterations):
        return right(f"MAML takes {ratio:g} gradients for each of pretraining's.")
    if _near(answer, ratio):
        return not_yet("that is the ratio of the two; how many iterations is it?")
    if _near(answer, iterations / ratio):
        return not_yet("the other way round: pretraining is the cheaper one, so it may take more.")
    return not_yet("divide MAML's gradients by what one iteration of pretraining takes.")


@self_check
def check_gain_from_peeking(
    gain: Callable[[Tensor, int], float], curves: Mapping[str, tuple[Tensor, int]]
) -> Verdict:
    """By how many points the best step of the test curve beats the chosen one.

    Args:
        gain: the reader's function of accuracies ``[episodes, steps + 1]`` and the chosen step.
        curves: such accuracies and the step chosen, by method, to say what it is here.
    """
    for episodes, steps in ((40, 6), (25, 9)):
        accuracy = torch.rand(episodes, steps, generator=generator("gain from peeking"))
        found = [number(gain(accuracy, step)) for step in range(steps)]
        if mistake := _gain_mistake(found, accuracy):
            return not_yet(mistake)
    gains = (f"{name} {number(gain(*each)):.2f}" for name, each in curves.items())
    return right(f"In points: {', '.join(gains)}.")


def _gain_mistake(found: list[float], accuracy: Tensor) -> str | None:
    """What is wrong with the gains by the chosen step; None where nothing is."""
    mean = 100 * accuracy.mean(0)
    exact = (mean.max() - mean).tolist()
    if _same(found, exact):
        return None
    if _same(found, [each / 100 for each in exact]):
        return "that is a share; a point is a hundredth."
    if _same(found, [-each for each in exact]):
        return "the sign: the best step less the chosen one."
    if _same(found, (100 * accuracy.amax(1).mean() - mean).tolist()):
        return "that takes another step in each episode. Average over episodes, then choose."
    if _same(found, [(mean.max() - mean[-1]).item()] * len(found)):
        return "that compares with the last step; compare with the chosen one."
    return "average over episodes; take the highest step, less the chosen step, times 100."


def _same(found: list[float], expected: list[float]) -> bool:
    return all(abs(one - other) < 1e-3 for one, other in zip(found, expected, strict=True))
