"""Checks of chapter 06: an interval, an equal budget, and what peeking at the test brings."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from metalearn_lab.exercises.finite import number
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Verdict, judged, not_yet, right, self_check
from metalearn_lab.tasks.seeds import generator

NORMAL = 1.96
_WITHIN_2_PERCENT = {"tolerance": 0.02, "smallest_scale": 5e-8}
"""Whether the variance is divided by n or by n − 1 is not the question."""


@self_check
def check_half_width(half_width: Callable[[Tensor], float], accuracies: Tensor) -> Verdict:
    """The 95 % half-width of the mean of these accuracies, by the normal quantile."""
    others = torch.rand(2, 150, generator=generator("half-width"))[:, ::2] * torch.tensor(
        [[0.4], [0.9]]
    )
    exact = NORMAL * accuracies.std().item() / len(accuracies) ** 0.5
    return judged(
        f"The mean is known to within {100 * exact:.1f} points.",
        (
            _half_width_mistake(number(half_width(sample)), sample)
            for sample in (accuracies, *others, others.flatten())
        ),
    )


def _half_width_mistake(given: float, accuracies: Tensor) -> str | None:
    spread, root = accuracies.std().item(), len(accuracies) ** 0.5
    exact = NORMAL * spread / root
    likely = {
        "that is the spread of one episode: the mean of n is narrower by the root of n.": NORMAL
        * spread,
        "that is the standard error; 95 % lie within 1.96 of it.": spread / root,
        "that is the whole width of the interval, from end to end.": 2 * exact,
        "the root of n, not n.": NORMAL * spread / root**2,
    }
    way_on = f"{given:.4f} instead of {exact:.4f}: standard deviation over root n, times 1.96."
    return describe_mistake(given, exact, likely, way_on, **_WITHIN_2_PERCENT)


@self_check
def check_equal_gradients(answer: float, iterations: int, maml: int, pretraining: int) -> Verdict:
    """With how many iterations pretraining takes as many gradients as MAML did.

    Args:
        answer: the reader's.
        iterations: of both trainings, as they were run.
        maml: gradient evaluations of MAML's training.
        pretraining: of pretraining's.
    """
    ratio = maml / pretraining
    likely = {
        "that is the ratio of the two; how many iterations is it?": ratio,
        "the other way round: pretraining is the cheaper one, so it may take more.": iterations
        / ratio,
    }
    way_on = "divide MAML's gradients by what one iteration of pretraining takes."
    hint = describe_mistake(number(answer), ratio * iterations, likely, way_on, **_WITHIN_2_PERCENT)
    return judged(f"MAML takes {ratio:g} gradients for each of pretraining's.", [hint])


@self_check
def check_gain_from_peeking(
    gain: Callable[[Tensor, int], float], curves: Mapping[str, tuple[Tensor, int]]
) -> Verdict:
    """By how many points the best step of the test curve beats the chosen one.

    Args:
        gain: the reader's function of accuracies ``[episodes, steps + 1]`` and the chosen step.
        curves: such accuracies and the step chosen, by method, to say what it is here.
    """
    for shape in ((40, 6), (25, 9)):
        if hint := _gain_mistake(gain, *shape):
            return not_yet(hint)
    gains = (f"{name} {number(gain(*curve)):.2f}" for name, curve in curves.items())
    return right(f"In points: {', '.join(gains)}.")


def _gain_mistake(gain: Callable[[Tensor, int], float], episodes: int, steps: int) -> str | None:
    accuracy = torch.rand(episodes, steps, generator=generator("gain from peeking"))
    gains = [number(gain(accuracy, step)) for step in range(steps)]
    mean = 100 * accuracy.mean(0)
    exact = mean.max() - mean
    likely = {
        "that is a share; a point is a hundredth.": exact / 100,
        "the sign: the best step less the chosen one.": -exact,
        "that takes another step in each episode. Average over episodes, then choose.": 100
        * accuracy.amax(1).mean()
        - mean,
        "that compares with the last step; compare with the chosen one.": exact[-1].expand(steps),
    }
    way_on = "average over episodes; take the highest step, less the chosen step, times 100."
    # Within 0.001 points, whatever the size.
    return describe_mistake(gains, exact, likely, way_on, tolerance=1e-5, smallest_scale=100.0)
