"""Self-check of the exercise on the first-order meta-gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from metalearn_lab.exercises.drawn_settings import drawn_settings
from metalearn_lab.exercises.finite import tensor
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Verdict, judged, self_check

LossOf = Callable[[Tensor], Tensor]
Gradient = Callable[[Tensor, LossOf, LossOf, float, int], Tensor | tuple[Tensor]]


@self_check
def check_first_order_gradient(gradient: Gradient) -> Verdict:
    """``gradient(theta, support_loss, query_loss, alpha, steps)`` is ∇L_Q(θ_k)."""
    return judged(
        "Nothing was differentiated twice: the inner gradients are plain numbers.",
        (_gradient_mistake(gradient, *setting) for setting in _SETTINGS),
    )


def _support_loss(theta: Tensor) -> Tensor:
    return 2 * theta[0] ** 2 + theta[0] * theta[1] + theta[1] ** 4 / 4


def _query_loss(theta: Tensor) -> Tensor:
    return (theta[0] - 1) ** 2 + torch.cosh(theta[1] + 0.5)


_Losses = tuple[LossOf, LossOf]
"""Of the support, and of the query."""

_ONE_WAY, _OTHER_WAY = (_support_loss, _query_loss), (_query_loss, _support_loss)
_SETTINGS = tuple(
    zip(
        drawn_settings("first-order gradient", 3, (0.4, 1), (-1.5, -0.8), (0.05, 0.12)),
        (_ONE_WAY, _ONE_WAY, _OTHER_WAY),
        (3, 1, 2),
        strict=True,
    )
)


def _gradient_mistake(
    gradient: Gradient, point: Sequence[float], losses: _Losses, steps: int
) -> str | None:
    theta, alpha = torch.tensor(point[:2], dtype=torch.float64), point[2]
    returned = gradient(theta, *losses, alpha, steps)
    if isinstance(returned, tuple):
        return "autograd.grad returns a tuple: unpack it, `[gradient] = …`."
    given = tensor(returned, theta.shape)
    support_loss, query_loss = losses
    path = _path(theta, support_loss, alpha, steps)
    uphill = _path(theta, support_loss, -alpha, steps)

    def meta_loss(start: Tensor) -> Tensor:
        return query_loss(_path(start, support_loss, alpha, steps)[-1])

    likely = {
        "this is MAML's gradient: the inner gradients are still differentiated. Hold them "
        "constant.": _slope(meta_loss, theta),
        "this is the query gradient at θ, before any inner step. Take it at θ_k.": _slope(
            query_loss, theta
        ),
        "this is the gradient of the support loss. The outer gradient is the query's.": _slope(
            support_loss, path[-1]
        ),
        "the inner steps go uphill: subtract α times the gradient.": _slope(query_loss, uphill[-1]),
        "only one inner step was taken. There are `steps` of them.": _slope(query_loss, path[1]),
        "this is θ_k. Return the query gradient there.": path[-1],
    }
    way_on = "compare with ∇L_Q(θ_k), θ_{j+1} = θ_j − α∇L_S(θ_j)."
    return describe_mistake(
        given, _slope(query_loss, path[-1]), likely, way_on, smallest_scale=1e-3
    )


def _path(theta: Tensor, support_loss: LossOf, alpha: float, steps: int) -> list[Tensor]:
    path = [theta]
    for _ in range(steps):
        path.append(path[-1] - alpha * _slope(support_loss, path[-1]))
    return path


def _slope(loss: LossOf, theta: Tensor) -> Tensor:
    slope: Tensor = torch.func.grad(loss)(theta)
    return slope
