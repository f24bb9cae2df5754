"""Self-checks of chapter 10: F1 of entities, and one step of Viterbi's rule."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from metalearn_lab.evaluation.span_score import Span, spans_of, split_tag
from metalearn_lab.exercises.finite import number, tensor
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Verdict, judged, self_check
from metalearn_lab.tasks.seeds import generator

Tags = list[list[str]]
"""The BIO tags of each sentence."""

EntityF1 = Callable[[Tags, Tags], float]
"""True tags and predicted tags to F1."""

ViterbiStep = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Best scores ``[tags]``, steps ``[tags, tags]`` and the next word's own scores ``[tags]``."""

_CASES: tuple[tuple[Tags, Tags], ...] = (
    ([["B-PER", "I-PER", "O", "B-LOC"]], [["B-PER", "I-PER", "O", "B-LOC"]]),
    ([["B-PER", "I-PER", "O", "B-LOC"]], [["B-PER", "O", "O", "B-LOC"]]),
    ([["O", "B-PER", "I-PER"], ["B-LOC", "O", "O"]], [["O", "B-PER", "I-PER"], ["O", "O", "O"]]),
    ([["B-PER", "B-PER", "O", "B-LOC"]], [["B-PER", "I-PER", "O", "B-LOC"]]),
    ([["B-PER", "I-PER", "O", "O"]], [["I-PER", "I-PER", "O", "B-LOC"]]),
    ([["B-PER", "B-LOC", "I-LOC"]], [["B-PER", "I-LOC", "I-LOC"]]),
    (
        [["B-PER", "O"], ["B-PER", "O"], ["O", "B-LOC"]],
        [["B-PER", "O"], ["O", "B-PER"], ["O", "O"]],
    ),
    ([["B-PER", "O"], ["O", "B-LOC"]], [["O", "O"], ["B-PER", "B-LOC"]]),
    ([["B-PER", "O", "B-LOC"]], [["B-LOC", "O", "B-LOC"]]),
    ([["O", "O"]], [["O", "O"]]),
)


@self_check
def check_entity_f1(answer: EntityF1) -> Verdict:
    """Check the F1 of entities under the lenient rule."""
    return judged(
        "It counts whole entities, sentence by sentence, under the lenient rule.",
        (_f1_mistake(answer, gold, predicted) for gold, predicted in _CASES),
    )


@self_check
def check_viterbi_step(answer: ViterbiStep) -> Verdict:
    """Check the best scores of paths that end in each tag of the next word."""
    return judged(
        "Each tag keeps the best way to it, and forgets the others.",
        (_step_mistake(answer, seed, tags) for seed, tags in enumerate((2, 3, 5))),
    )


def _f1(gold: Tags, predicted: Tags, way: str = "") -> float:
    """The right F1, or one with a likely mistake."""
    pairs = list(zip(gold, predicted, strict=True))
    if way == "tokens":
        tokens = [(a, b) for own, given in pairs for a, b in zip(own, given, strict=True)]
        return sum(a == b for a, b in tokens) / len(tokens)
    sides: list[set[tuple[int, Span]]] = [set(), set()]
    for i, pair in enumerate(pairs):
        for side, tags in zip(sides, pair, strict=True):
            side.update((0 if way == "one sentence" else i, span) for span in _spans(tags, way))
    right = len(sides[0] & sides[1])
    if way in ("precision", "recall"):
        total = len(sides[way == "precision"])
        return right / total if total else 0.0
    total = sum(map(len, sides))
    return 2 * right / total if total else 0.0


def _spans(tags: list[str], way: str) -> list[Span]:
    if way == "strict":
        return spans_of(tags, strict="bio")
    if way == "io":
        return spans_of([tag.replace("B-", "I-") for tag in tags])
    if way == "type ignored":
        return [Span(split_tag(tags[s.first])[0] and "X", s.first, s.end) for s in spans_of(tags)]
    if way == "last missing":
        return [span for span in spans_of(tags) if span.end < len(tags)]
    return spans_of(tags)


_F1_MISTAKES = {
    "one sentence": "an entity of one sentence counts for another: keep the sentence's number.",
    "tokens": "that is the share of right tokens; count whole entities.",
    "precision": "that is the precision; F1 needs the recall too.",
    "recall": "that is the recall; F1 needs the precision too.",
    "strict": "an I- that goes on with nothing opens an entity: the lenient rule is asked for.",
    "io": "two entities side by side are two if the second begins with B-.",
    "type ignored": "the type of an entity must be right too.",
    "last missing": "an entity that ends with the sentence is lost.",
}


def _f1_mistake(answer: EntityF1, gold: Tags, predicted: Tags) -> str | None:
    given = number(answer([list(tags) for tags in gold], [list(tags) for tags in predicted]))
    exact = _f1(gold, predicted)
    likely = {hint: _f1(gold, predicted, way) for way, hint in _F1_MISTAKES.items()}
    other = (
        f"for the true tags {gold} and the predicted {predicted} F1 is {exact:.4f}, yours is "
        f"{given:.4f}."
    )
    return describe_mistake(given, exact, likely, other)


def _step_mistake(answer: ViterbiStep, seed: int, tags: int) -> str | None:
    numbers = generator("viterbi step", seed)

    def drawn(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=numbers, dtype=torch.float64).log()

    best, steps, own = drawn(tags), drawn(tags, tags), drawn(tags)
    given = tensor(answer(best, steps, own), (tags,))
    through = best[:, None] + steps
    likely = {
        "the maximum goes over the next tag; take it over the tag before.": (
            (best[:, None] + steps).amax(1) + own
        ),
        "row a of `steps` is the tag before; yours reads its columns as that.": (
            best[:, None] + steps.T
        ).amax(0)
        + own,
        "the next word's own scores are missing.": through.amax(0),
        "you add up all paths; keep the best one.": through.logsumexp(0) + own,
        "the best scores so far are missing.": steps.amax(0) + own,
        "the steps are missing.": best.max() + own,
        "these are logarithms: add them, do not multiply.": (best[:, None] * steps).amax(0) * own,
    }
    other = "the scores differ from the best over the tags before of best + step + own."
    return describe_mistake(given, through.amax(0) + own, likely, other)
