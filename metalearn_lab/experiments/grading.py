"""Grades from a few graded examples: what a human rater reaches, and what ridge regression does."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from metalearn_lab.evaluation.agreement import kappa_of
from metalearn_lab.tasks.graded_answers import GradedAnswer
from metalearn_lab.tasks.rated_words import GRADES, RATERS, RatedWords, as_grades
from metalearn_lab.tasks.seeds import generator

PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""λ of the ridge fit, chosen by leaving out one of the K examples after the other."""

Encode = Callable[[Sequence[str]], Tensor]
"""Texts to vectors, ``[texts, dim]``."""


def draw_words(rated: RatedWords, count: int, seed: int) -> RatedWords:
    """Some of the words, drawn by a seed.

    Args:
        rated: all words.
        count: how many.
        seed: another one draws others.
    """
    order = torch.randperm(len(rated.words), generator=generator("rated words", seed))[:count]
    return RatedWords(tuple(rated.words[i] for i in order.tolist()), rated.ratings[order])


def rater_kappas(rated: RatedWords) -> Tensor:
    """Quadratic kappa of each rater with the rounded mean of the other nine, ``[10]``, float64."""
    return torch.stack([_kappa(rated, r, rated.ratings[:, r]) for r in range(RATERS)])


def predicted_kappa(rated: RatedWords, predicted: Tensor) -> float:
    """Quadratic kappa of predictions with the same means of nine ratings, in the mean over the ten.

    Args:
        rated: the words that are judged.
        predicted: their ratings, whole or not, ``[words]``.
    """
    return torch.stack([_kappa(rated, r, predicted) for r in range(RATERS)]).mean().item()


def _kappa(rated: RatedWords, rater: int, given: Tensor) -> Tensor:
    kappa = kappa_of(as_grades(given), as_grades(rated.without(rater)), GRADES)
    return torch.tensor(kappa, dtype=torch.float64)


def fit_grades(x: Tensor, targets: Tensor, new: Tensor) -> Tensor:
    """Ridge regression on K graded examples, applied to new ones, ``[new]``, float64.

    λ is the one of ``PENALTIES`` with the smallest error on an example that is left out.

    Args:
        x: vectors, ``[K, dim]``.
        targets: their grades, ``[K]``.
        new: vectors to be graded, ``[new, dim]``.
    """
    from sklearn.linear_model import RidgeCV

    fitted = RidgeCV(alphas=PENALTIES).fit(x.cpu().double().numpy(), targets.double().numpy())
    return torch.from_numpy(fitted.predict(new.cpu().double().numpy()))


def stretched(predicted: Tensor, targets: Tensor) -> Tensor:
    """Predictions, spread around their mean as widely as the K known grades are around theirs.

    Args:
        predicted: ``[new]``.
        targets: the known grades, ``[K]``.
    """
    mean = predicted.mean()
    return mean + (predicted - mean) * targets.double().std() / predicted.std().clamp_min(1e-9)


def few_word_kappas(rated: RatedWords, x: Tensor, shots: int, seed: int) -> dict[str, float]:
    """Kappa on all other words after K of them, by method.

    Args:
        rated: words to draw from.
        x: their vectors, ``[words, dim]``.
        shots: K.
        seed: of the K words.
    """
    order = torch.randperm(len(rated.words), generator=generator("graded", seed))
    known, new = order[:shots], order[shots:]
    judged = RatedWords(tuple(rated.words[i] for i in new.tolist()), rated.ratings[new])
    vectors = x.cpu()
    targets = rated.ratings[known].double().mean(1)
    nearest = targets[(vectors[new] @ vectors[known].T).argmax(1)]
    ridge = fit_grades(vectors[known], targets, vectors[new])
    predictions = {
        "always the mean": targets.mean().expand(len(new)),
        "nearest word": nearest,
        "ridge": ridge,
        "ridge, stretched": stretched(ridge, targets),
    }
    return {name: predicted_kappa(judged, given) for name, given in predictions.items()}


def left_out_scores(
    answers: Sequence[GradedAnswer], encode: Encode, rewritten: Callable[[GradedAnswer], str]
) -> Tensor:
    """The score of each answer, by ridge on the other answers to its question, ``[answers]``.

    Args:
        answers: to any number of questions.
        encode: makes vectors.
        rewritten: what is graded in the place of an answer; the others stay as they are.
    """
    known = encode([each.answer for each in answers]).cpu()
    changed = encode([rewritten(each) for each in answers]).cpu()
    grades = torch.tensor([each.grade for each in answers])
    scores = []
    for i, each in enumerate(answers):
        others = [
            j for j, other in enumerate(answers) if other.question == each.question and j != i
        ]
        scores.append(fit_grades(known[others], grades[others], changed[i : i + 1])[0])
    return torch.stack(scores)
