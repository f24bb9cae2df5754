"""One sentence, a mistake to choose, and how much each score makes of it."""

from __future__ import annotations

from html import escape

from metalearn_lab.evaluation.span_score import (
    Counts,
    Scheme,
    Span,
    spans_of,
    tags_of,
    token_accuracy,
)
from metalearn_lab.explorers.controls import choice, slider, toggle
from metalearn_lab.explorers.explorer import Explorer, Table, View, html_view, table_html

WORDS = ("Ann", "Lee", "met", "Bo", "Li", "Kim", "Roe", "in", "Oslo", ".")
GOLD = (Span("PER", 0, 2), Span("PER", 3, 5), Span("PER", 5, 7), Span("LOC", 8, 9))
"""Bo Li and Kim Roe stand side by side."""

NOTHING, PERFECT, SHORT, TYPE = "always O", "all spans right", "Lee is missed", "Oslo is a PER"
INSIDE = "Ann gets I- instead of B-"
MISTAKES = (PERFECT, NOTHING, SHORT, TYPE, INSIDE)
SCHEMES: tuple[Scheme, ...] = ("io", "bio", "bioes")


def predicted_tags(mistake: str, scheme: Scheme) -> list[str]:
    """What a tagger with this mistake writes."""
    spans = {
        PERFECT: GOLD,
        NOTHING: (),
        SHORT: (Span("PER", 0, 1), *GOLD[1:]),
        TYPE: (*GOLD[:-1], Span("PER", 8, 9)),
        INSIDE: GOLD,
    }[mistake]
    tags = tags_of(spans, len(WORDS), scheme)
    return ["I-PER", *tags[1:]] if mistake == INSIDE else tags


def scores(mistake: str, scheme: Scheme, strict: bool, outside: int) -> dict[str, float]:
    """The scores of the sentence with so many further words, all O and tagged right.

    The true spans are ``GOLD`` whatever the scheme: IO cannot write all of them.
    """
    filler, predicted = ["O"] * outside, predicted_tags(mistake, scheme)
    right_tags = tags_of(GOLD, len(WORDS), scheme)
    truth, answer = set(GOLD), set(spans_of(predicted, scheme if strict else None))
    counts = Counts(len(truth & answer), len(answer), len(truth))
    return {
        "token accuracy": token_accuracy([[*right_tags, *filler]], [[*predicted, *filler]]),
        "precision": counts.precision,
        "recall": counts.recall,
        "F1 of spans": counts.f1,
    }


class TagScoringExplorer(Explorer):
    """Controls for the mistake, the scheme, the rule and the share of O."""

    def __init__(self) -> None:
        super().__init__(
            {
                "mistake": choice("the tagger", list(MISTAKES), SHORT),
                "scheme": choice("scheme", {name.upper(): name for name in SCHEMES}, "bio"),
                "strict": toggle("strict", False),
                "share": slider("O among the words, %", 30, 30, 98),
            }
        )

    def view(self, *, mistake: str, scheme: Scheme, strict: bool, share: int) -> View:
        """The tags of both sides over the scores."""
        names = sum(span.end - span.first for span in GOLD)
        outside = round(names * share / (100 - share)) - (len(WORDS) - names)
        gold, given = tags_of(GOLD, len(WORDS), scheme), predicted_tags(mistake, scheme)
        values = scores(mistake, scheme, strict, outside)
        rule = "strict" if strict else "lenient"
        caption = f"{mistake}, {scheme.upper()}, {rule}, {outside} further words for {share} % O"
        rows = [(name, f"{100 * value:.1f} %") for name, value in values.items()]
        tags = Table("One sentence", ("word", *WORDS), [("true", *gold), ("predicted", *given)])
        summary = f"{caption}: " + ", ".join(f"{name} {value}" for name, value in rows)
        tables = table_html(tags) + table_html(Table(caption, ("score", "value"), rows))
        return html_view(f"<p>{escape(summary)}</p>{tables}", summary)
