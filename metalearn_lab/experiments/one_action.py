"""REINFORCE on one normal action, where everything has a closed form.

An action is ``a = θ + σ z`` with z standard normal, and its reward is ``−½ (a − c)²``. With
``d = θ − c`` the expected reward is ``−½ (d² + σ²)`` and its derivative ``−d``. The advantage is
the reward minus the mean over the *other* actions, so the estimate of n actions is the sample
covariance of reward and z, divided by σ. It has mean ``−d``.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

BASELINES = ("none", "mean of all", "mean of the others")


def reinforce(actions: Tensor, theta: float, goal: float, noise: float, baseline: str) -> Tensor:
    """The estimate of the derivative from the actions on the last axis, ``[...]``.

    Args:
        actions: ``[..., n]``.
        theta: θ, their mean.
        goal: c.
        noise: σ.
        baseline: of ``BASELINES``.

    Raises:
        ValueError: another baseline.
    """
    if baseline not in BASELINES:
        raise ValueError(f"baseline is one of {BASELINES}, got {baseline!r}")
    rewards, count = -((actions - goal) ** 2) / 2, actions.shape[-1]
    if baseline != "none":
        rewards = rewards - rewards.mean(-1, keepdim=True)
    if baseline == "mean of the others":
        rewards = rewards * count / (count - 1)
    return (rewards * (actions - theta) / noise**2).mean(-1)


def variance(d: float, noise: float, count: int, baseline: str) -> float:
    """Of ``reinforce``, exactly.

    Args:
        d: θ − c.
        noise: σ.
        count: n.
        baseline: of ``BASELINES``.
    """
    if baseline == "none":
        return (d**4 / (4 * noise**2) + 3.5 * d**2 + 3.75 * noise**2) / count
    spread = 10 / count + 2 / (count * (count - 1))
    own = 2 * d**2 / (count - 1) + noise**2 * spread / 4
    return own * ((count - 1) / count) ** 2 if baseline == "mean of all" else own


class MetaGradient(NamedTuple):
    """Derivative in θ of the expected reward after one step ``θ' = θ + α ĝ``, and its parts.

    Attributes:
        exact: the derivative.
        usual: the part through the step, with the actions as they were drawn.
        score_term: the part through the chance of these actions.
    """

    exact: Tensor
    usual: Tensor
    score_term: Tensor


def meta_gradient(d: Tensor, inner_lr: Tensor, count: int) -> MetaGradient:
    """In closed form. The usual part holds no curvature: the advantages sum to 0.

    ``−½ E[(d + α ĝ)²]`` is ``−½ ((1 − α)² d² + α² Var ĝ)``, whose derivative is
    ``−d ((1 − α)² + 2 α² / (n − 1))``.

    Args:
        d: θ − c.
        inner_lr: α.
        count: n.
    """
    exact = -d * ((1 - inner_lr) ** 2 + 2 * inner_lr**2 / (count - 1))
    usual = -d * (1 - inner_lr)
    return MetaGradient(exact, usual, exact - usual)


def drawn_meta_gradient(
    actions: Tensor, theta: float, goal: float, noise: float, inner_lr: float
) -> MetaGradient:
    """The two parts for each draw of n actions; their mean is what ``meta_gradient`` says.

    Args:
        actions: ``[draws, n]``.
        theta: θ.
        goal: c.
        noise: σ.
        inner_lr: α.
    """
    start = torch.full_like(actions[:, :1], theta).requires_grad_()
    rewards, count = -((actions - goal) ** 2) / 2, actions.shape[-1]
    advantages = (rewards - rewards.mean(-1, keepdim=True)) * count / (count - 1)
    log_prob = -((actions - start) ** 2) / (2 * noise**2)
    (slope,) = torch.autograd.grad((log_prob * advantages).mean(-1).sum(), start, create_graph=True)
    after = start + inner_lr * slope
    reward = -((after - goal) ** 2 + noise**2)[:, 0] / 2
    (usual,) = torch.autograd.grad(reward.sum(), start, retain_graph=True)
    baseline = (reward.sum() - reward) / (len(reward) - 1)  # the mean over the other draws
    weight = (reward - baseline).detach()
    (score,) = torch.autograd.grad((weight * log_prob.sum(-1)).sum(), start)
    return MetaGradient((usual + score)[:, 0], usual[:, 0], score[:, 0])
