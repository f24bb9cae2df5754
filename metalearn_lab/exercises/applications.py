"""Self-checks of chapter 12: a desk of class means with a threshold, and an alarm."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from metalearn_lab.exercises.finite import number
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Refused, Verdict, judged, self_check
from metalearn_lab.experiments.cusum import cumulative_sums, first_alarm
from metalearn_lab.tasks.seeds import generator

DeskAnswers = Callable[[Tensor, Tensor, Tensor, float], Tensor]
"""Features ``[sentences, d]``, labels, new features and a threshold to intents ``[queries]``."""

AlarmAfter = Callable[[Sequence[float], float, float], int]
"""Values, allowance k and bar h to the number of values until the alarm, 0 without one."""

_STREAMS: tuple[tuple[list[float], float, float], ...] = (
    ([1.5] * 8, 0.5, 6.0),
    ([-3.0, -3.0, 1.5, 1.5, 1.5, 1.5, 1.5], 0.5, 3.0),
    ([1.0, -1.0, 1.0, 0.0, 1.0, 1.0, 1.0], 0.25, 2.0),
    ([2.0, 2.0, -9.0, 2.0, 2.0, 2.0], 0.5, 4.0),
    ([0.5] * 9, 0.5, 1.0),
    ([5.0, 0.0], 1.0, 4.0),
    ([], 0.5, 1.0),
)


@self_check
def check_desk_answers(answer: DeskAnswers) -> Verdict:
    """Check a desk that answers by the nearest mean, or by −1."""
    return judged(
        "Means of a few sentences, and a threshold: to teach this desk is to take a mean.",
        (_desk_mistake(answer, seed, sizes) for seed, sizes in enumerate(((3, 3), (1, 4, 2)))),
    )


@self_check
def check_alarm_after(answer: AlarmAfter) -> Verdict:
    """Check after how many values the cumulative sum reaches the bar."""
    return judged(
        "It forgets good times and collects bad ones.",
        (_alarm_mistake(answer, *stream) for stream in _STREAMS),
    )


def _desk_mistake(answer: DeskAnswers, seed: int, sizes: tuple[int, ...]) -> str | None:
    numbers = generator("desk answers", seed)
    labels = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    labels = labels[torch.randperm(len(labels), generator=numbers)]
    centres = torch.randn(len(sizes), 4, generator=numbers, dtype=torch.float64) / 3
    own = torch.randn(len(labels), 4, generator=numbers, dtype=torch.float64)
    features = centres[labels] + 0.2 * own
    new = 0.4 * torch.randn(40, 4, generator=numbers, dtype=torch.float64)
    means = torch.stack([features[labels == c].mean(0) for c in range(len(sizes))])
    scores = -((new[:, None] - means) ** 2).sum(2)
    best, intent = scores.max(1)
    threshold = best.median().item() - 1e-9
    exact = torch.where(best >= threshold, intent, -1)
    given = _whole(answer(features, labels, new, threshold), exact)
    sentences = -((new[:, None] - features) ** 2).sum(2)
    nearest, which = sentences.max(1)
    likely = {
        "the threshold is not asked: −1 where the best score is below it.": intent,
        "−1 stands where an intent fits: turn the comparison round.": torch.where(
            best < threshold, intent, -1
        ),
        "take the mean of an intent's sentences, not its nearest sentence.": torch.where(
            nearest >= threshold, labels[which], -1
        ),
        "the score is minus the *squared* distance; yours has no square.": torch.where(
            -((-best) ** 0.5) >= threshold, intent, -1
        ),
        "take the highest score, not the lowest.": torch.where(
            scores.amin(1) >= threshold, scores.argmin(1), -1
        ),
    }
    hints = {hint: wrong.double() for hint, wrong in likely.items()}
    other = f"{(given != exact).sum()} of {len(exact)} sentences get another answer."
    return describe_mistake(given.double(), exact.double(), hints, other)


def _whole(answer: object, like: Tensor) -> Tensor:
    asked = f"a tensor of {len(like)} whole numbers is asked for, one for each new sentence"
    if not isinstance(answer, Tensor) or answer.shape != like.shape:
        raise Refused(f"{asked}, and yours is {str(answer)[:60]}.")
    if answer.is_floating_point() or answer.is_complex() or answer.dtype == torch.bool:
        raise Refused(f"{asked}, and yours holds {str(answer.dtype).removeprefix('torch.')}.")
    return answer


def _alarm_mistake(answer: AlarmAfter, values: list[float], k: float, h: float) -> str | None:
    exact = first_alarm(cumulative_sums(values, k), h) or 0
    case = f"for {values}, k = {k:g} and h = {h:g}"
    count = number(answer(list(values), k, h))
    if not exact and count:
        return f"{case} there is no alarm: 0; yours is {count:g}."
    plain = [sum(values[:i]) - k * i for i in range(1, len(values) + 1)]
    likely: dict[str, int | None] = {
        "count values from 1: after one value the answer is 1.": exact - 1,
        "cut the sum at 0: good times are forgotten.": first_alarm(plain, h),
        "the allowance k is missing.": first_alarm(cumulative_sums(values, 0), h),
        "the alarm comes when the sum *reaches* the bar: ≥.": next(
            (i for i, total in enumerate(cumulative_sums(values, k), 1) if total > h), None
        ),
    }
    hints = {hint: float(wrong or 0) for hint, wrong in likely.items() if wrong != exact}
    other = f"{case} the alarm comes after {exact} values, yours after {count:g}."
    return describe_mistake(count, float(exact), hints, other)
