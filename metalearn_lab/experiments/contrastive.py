"""Contrastive learning: two views of a sentence find each other among the views of others."""

from __future__ import annotations

from math import comb, exp, log

import torch
from torch import Tensor
from torch.nn import functional as F


def contrastive_loss(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """Mean over i of −log(exp(s_ii/τ) / Σ_j exp(s_ij/τ)), s_ij the cosine of h_i and h_j⁺.

    Args:
        first: h_i, one view of every sentence, ``[N, features]``; any length but 0.
        second: h_i⁺, the other view of the same sentences.
        temperature: τ.

    Raises:
        ValueError: views of different shapes, fewer than two sentences, or τ that is not positive.

    Source: Gao, Yao and Chen, "SimCSE", EMNLP 2021, equation 1.
    """
    if first.shape != second.shape or first.ndim != 2 or len(first) < 2:
        raise ValueError(
            "both views must be [N, features] with N of 2 or more, got "
            f"{list(first.shape)} and {list(second.shape)}"
        )
    if not temperature > 0:
        raise ValueError(f"the temperature must be positive, got {temperature}")
    scores = F.normalize(first, dim=-1) @ F.normalize(second, dim=-1).T / temperature
    return F.cross_entropy(scores, torch.arange(len(scores), device=scores.device))


def predictive_loss(context: Tensor, following: Tensor, weight: Tensor) -> Tensor:
    """Mean over i of −log(f_ii / Σ_j f_ij), f_ij = exp(z_jᵀ W c_i): which of N comes next?

    Log N minus its expectation is at most the mutual information of c and z, for any W.

    Args:
        context: c_i, ``[N, features of c]``.
        following: z_i, what comes after it, ``[N, features of z]``.
        weight: W, ``[features of z, features of c]``.

    Raises:
        ValueError: shapes that do not fit, or fewer than two pairs.

    Source: van den Oord, Li and Vinyals, "Representation Learning with Contrastive Predictive
    Coding", 2018, equations 3 and 4.
    """
    fits = context.ndim == following.ndim == 2 and len(context) == len(following) > 1
    if not fits or weight.shape != (following.shape[1], context.shape[1]):
        raise ValueError(
            "context must be [N, a], following [N, b] and the weight [b, a], with N of 2 or more, "
            f"got {list(context.shape)}, {list(following.shape)} and {list(weight.shape)}"
        )
    scores = context @ weight.T @ following.T
    return F.cross_entropy(scores, torch.arange(len(scores), device=scores.device))


def channel_information(symbols: int, right: float) -> float:
    """Mutual information in nats of a uniform symbol and what a noisy channel makes of it.

    Args:
        symbols: M; 2 or more.
        right: the chance that the symbol comes through; else it becomes any other.
    """
    wrong = (1 - right) / (symbols - 1)
    total = log(symbols)
    for chance, count in ((right, 1), (wrong, symbols - 1)):
        total += count * chance * log(chance) if chance else 0.0
    return total


def predictive_bound(symbols: int, right: float, count: int) -> float:
    """Log N minus the least possible expected loss, for a symbol and what a channel makes of it.

    The best f is the density ratio p(z | c)/p(z). Of the N − 1 others, j say what c says with the
    probability of a binomial with chance 1/M.

    Args:
        symbols: M; 2 or more.
        right: the chance that the symbol comes through.
        count: N.
    """
    same, other = symbols * right, symbols * (1 - right) / (symbols - 1)
    bound = 0.0
    for own, chance in ((same, right), (other, 1 - right)):
        for j in range(count) if chance else ():
            often = comb(count - 1, j) * (symbols - 1) ** (count - 1 - j) / symbols ** (count - 1)
            total = own + j * same + (count - 1 - j) * other
            bound += chance * often * log(count * own / total)
    return bound


def alignment(first: Tensor, second: Tensor) -> Tensor:
    """Mean squared distance of the two views of a sentence on the unit sphere; 0 is perfect.

    Args:
        first: ``[N, features]``.
        second: the same.

    Source: Wang and Isola, "Understanding Contrastive Representation Learning through Alignment
    and Uniformity on the Hypersphere", ICML 2020, with exponent 2.
    """
    return (F.normalize(first, dim=-1) - F.normalize(second, dim=-1)).square().sum(-1).mean()


def uniformity(features: Tensor) -> Tensor:
    """Log of the mean over pairs of exp(−2 squared distance) on the unit sphere; 0 is collapse.

    Args:
        features: of different sentences, ``[N, features]``, N of 2 or more.

    Source: as for ``alignment``, with t = 2.
    """
    h = F.normalize(features, dim=-1)
    cosines = (h @ h.T)[~torch.eye(len(h), dtype=torch.bool, device=h.device)]
    return (4 * cosines - 4).logsumexp(0) - log(len(cosines))


def loss_at_equal_cosines(count: int, temperature: float, others: float) -> float:
    """The loss when both views agree and all other pairs have one cosine.

    With cosine 1 all sentences have collapsed into one point: log N. With 0 they are orthogonal.
    With −1/(N − 1) they are corners of a regular simplex: the least value there is.

    Args:
        count: N.
        temperature: τ.
        others: the cosine of two different sentences.
    """
    return log(1 + (count - 1) * exp((others - 1) / temperature))


def dropped(ids: Tensor, rate: float, numbers: torch.Generator) -> Tensor:
    """A view of each text: every token is left out with a chance.

    Args:
        ids: of tokens, ``[texts, length]``; 0 is padding, and what is left out becomes padding.
        rate: the chance.
        numbers: on the CPU.
    """
    kept = torch.rand(ids.shape, generator=numbers) >= rate
    return ids * kept.to(ids.device)
