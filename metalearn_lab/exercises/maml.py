"""Self-checks of the exercises on MAML: a gradient by hand, two bowls, the largest rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

from metalearn_lab.exercises.drawn_settings import drawn_settings
from metalearn_lab.exercises.finite import number
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Verdict, judged, self_check
from metalearn_lab.tasks.quadratics import Algorithm, stationary_point

TwoSteps = Callable[[float, float, float, float, float, float], float]
"""θ, a, c, b, d, α to the gradient of L_Q(θ_2) in θ."""

_SETTINGS = drawn_settings(
    "two steps by hand", 6, (-2, 2), (0.5, 4), (-2, 2), (0.5, 4), (-3, 3), (0.05, 0.4)
)
_TOLERANCE = 1e-5  # a tensor of the reader's may be in float32


@self_check
def check_two_step_gradient(answer: TwoSteps) -> Verdict:
    """Check d L_Q(θ_2) / dθ for L_S = a/2 (θ − c)² and L_Q = b/2 (θ − d)², written by hand."""
    return judged(
        "Two steps, so two factors: (1 − αa)² b (θ₂ − d).",
        (_two_step_mistake(number(answer(*setting)), *setting) for setting in _SETTINGS),
    )


def _two_step_mistake(
    given: float, theta: float, a: float, c: float, b: float, d: float, alpha: float
) -> str | None:
    factor = 1 - alpha * a
    # b (θ_j − d), the query gradient after j steps: each shortens the way to c by the factor.
    start, first, second = (b * (c + factor**j * (theta - c) - d) for j in range(3))
    likely = {
        "this is the first-order gradient: both factors (1 − αa) are missing.": second,
        "a factor (1 − αa) is missing: there are two steps.": factor * second,
        "there are too many factors (1 − αa): it is one for each step.": factor**4 * second,
        "the query gradient is taken at θ; it belongs at θ₂.": factor**2 * start,
        "the query gradient is taken at θ₁; it belongs at θ₂.": factor**2 * first,
        "the sign is turned round: this points downhill.": -(factor**2) * second,
    }
    way_on = "find θ₁ and θ₂ first. Then each step hands back a factor dθ_{j+1}/dθ_j = 1 − αa."
    return describe_mistake(given, factor**2 * second, likely, way_on, _TOLERANCE)


@self_check
def check_settled(
    answer: float, curvatures: tuple[float, float], centres: tuple[float, float], alpha: float
) -> Verdict:
    """Check where MAML settles between two bowls after one inner step."""
    points = {
        name: stationary_point(name, curvatures, centres, inner_lr=alpha, inner_steps=1)
        for name in get_args(Algorithm)
    }
    likely = {
        "pretraining settles here, and Reptile with one step.": points["joint"],
        "first-order MAML settles here; MAML has (1 − αa)².": points["first_order_maml"],
    }
    weights = "the weight of a centre is a(1 − αa)². Divide by the sum of the two weights."
    hint = describe_mistake(number(answer), points["maml"], likely, weights, 5e-4)
    return judged(
        "The weights are a(1 − αa)²; the steep bowl is solved by the step itself.", [hint]
    )


@self_check
def check_largest_rate(answer: float, curvatures: tuple[float, ...]) -> Verdict:
    """Check the α above which an inner step makes the loss of some bowl larger."""
    steepest, flattest = max(curvatures), min(curvatures)
    likely = {
        "at this α one step ends exactly in the centre of the steepest bowl; how much farther "
        "may it go before it is no nearer than it began?": 1 / steepest,
        "this is the limit for the flattest bowl; the steepest breaks first.": 2 / flattest,
    }
    way_on = "a step multiplies the distance to the centre by 1 − αa: when is that 1 in size?"
    hint = describe_mistake(number(answer), 2 / steepest, likely, way_on, 5e-3 / steepest)
    return judged("|1 − αa| is at most 1 while α ≤ 2/a, and the steepest bowl decides.", [hint])
