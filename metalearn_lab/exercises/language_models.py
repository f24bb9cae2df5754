"""Self-checks of chapter 09: a smoothed probability from counts, and λ by EM."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from metalearn_lab.exercises.finite import number
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Verdict, judged, self_check
from metalearn_lab.tasks.seeds import generator

SmoothedProbability = Callable[[str, str, str, int], float]
"""Text, history, letter and the number of possible letters to the letter's probability."""

AuthorShare = Callable[[Tensor, Tensor, int], float]
"""Probabilities under the general and the author's model, and EM steps, to λ."""

_TEXT = "the cat sat the cat ran the dog sat down"
_QUESTIONS = (("", "t", 27), ("t", "h", 27), ("the ", "c", 27), ("cat ", "s", 30), ("xq", "a", 27))


@self_check
def check_smoothed_probability(answer: SmoothedProbability) -> Verdict:
    """Check Witten and Bell's probability of a letter after histories of several lengths."""
    texts = (_TEXT, _TEXT[4:] + " again")
    return judged(
        "Long histories are used where they were seen, and shorter ones fill the gaps.",
        (
            _smoothed_mistake(answer, text, *question)
            for text in texts
            for question in (*_QUESTIONS, ("dog ", "r", 27))
        ),
    )


@self_check
def check_author_share(answer: AuthorShare) -> Verdict:
    """Check λ after several steps of EM from 1/2."""
    return judged(
        "Each step raises the probability of these characters, or leaves it as it is.",
        (_share_mistake(answer, i, steps) for i, steps in enumerate((1, 2, 7))),
    )


def _smoothed(text: str, history: str, letter: str, symbols: int, way: str = "") -> float:
    """The right probability, or one with a likely mistake."""
    shorter = 1 / symbols
    if history and way != "never shorter":
        shorter = _smoothed(text, history[1:], letter, symbols, way)
    if history and way == "newest first":
        shorter = _smoothed(text, history[:-1], letter, symbols, way)
    ends = range(len(history), len(text))
    followers = [text[i] for i in ends if text[i - len(history) : i] == history]
    if not followers:
        return 0.0 if way == "unseen" else shorter
    seen, total, kinds = followers.count(letter), len(followers), len(set(followers))
    if way == "raw":
        return seen / total
    if way == "add one":
        return (seen + 1) / (total + symbols)
    if way == "text ends":
        total = text.count(history) if history else len(text)
    if way == "total for kinds":
        kinds = total
    return (seen + kinds * shorter) / (total + kinds)


_SMOOTHED_MISTAKES = {
    "raw": "this is c(h, y) / c(h), without the shorter history.",
    "add one": "this is add-one smoothing; mix with the shorter history, weighted by t(h).",
    "never shorter": "1 / V stands under every history; put the probability after the shorter one.",
    "newest first": "the shorter history lacks its oldest letter, not its newest.",
    "unseen": "a history that was never seen gives 0; it should give what the shorter one gives.",
    "total for kinds": "t(h) is the number of *different* letters that followed.",
    "text ends": "c(h) counts a history at the end of the text, where nothing follows.",
}


def _smoothed_mistake(
    answer: SmoothedProbability, text: str, history: str, letter: str, symbols: int
) -> str | None:
    given = number(answer(text, history, letter, symbols))
    exact = _smoothed(text, history, letter, symbols)
    likely = {
        hint: _smoothed(text, history, letter, symbols, way)
        for way, hint in _SMOOTHED_MISTAKES.items()
    }
    other = f"after {history!r}, {letter!r} should have {exact:.6f}, yours is {given:.6f}."
    return describe_mistake(given, exact, likely, other, smallest_scale=1e-3)


def _share(general: Tensor, author: Tensor, steps: int, way: str = "") -> float:
    """The right share, or one with a likely mistake."""
    share = 0.5
    for _ in range(steps):
        mixed = (1 - share) * general + share * author
        posterior = share * author / mixed
        if way == "not weighted":
            posterior = author / (general + author)
        if way == "swapped":
            posterior = (1 - share) * general / mixed
        if way == "hard":
            posterior = (share * author > (1 - share) * general).to(author.dtype)
        if way == "no share":
            posterior = author / mixed
        share = posterior.mean().item()
        if way == "ratio of means":
            share = ((posterior * mixed).mean() / mixed.mean()).item()
    return share


_SHARE_MISTAKES = {
    "not weighted": "the posterior uses both models as equals; weigh them by 1 − λ and λ.",
    "swapped": "this is the share of the general model.",
    "hard": "each character is given to one model; take the posterior, a number from 0 to 1.",
    "no share": "the author's probability lacks its factor λ.",
    "ratio of means": "take the mean of the ratios, not the ratio of the means.",
}


def _share_mistake(answer: AuthorShare, seed: int, steps: int) -> str | None:
    numbers = generator("author share", seed)
    general, author = torch.rand(2, 40, generator=numbers, dtype=torch.float64).clamp(min=0.01)
    given = number(answer(general, author, steps))
    exact = _share(general, author, steps)
    likely = {hint: _share(general, author, steps, way) for way, hint in _SHARE_MISTAKES.items()}
    likely["this is λ = 1/2, where the steps begin."] = 0.5
    likely["this is one step too many."] = _share(general, author, steps + 1)
    likely["this is one step too few."] = _share(general, author, steps - 1)
    other = f"after {steps} steps λ should be {exact:.6f}, yours is {given:.6f}."
    return describe_mistake(given, exact, likely, other)
