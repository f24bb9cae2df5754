"""An episode as cards, in the order in which they are dealt: classes, support, query."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import torch

from metalearn_lab.tasks.episodes import Episode
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.table import LabelledTable


class Side(NamedTuple):
    """How one side of an episode is told from the other: not by colour alone.

    Attributes:
        word: its name.
        symbol: stands before each sentence.
        border: of each sentence's frame, as CSS.
        background: of each sentence's frame, as CSS.
    """

    word: str
    symbol: str
    border: str
    background: str


SUPPORT = Side("support", "■", "2px solid #0072b2", "#eaf3fa")
QUERY = Side("query", "?", "2px dashed #b34700", "#fff4ea")

_BOX = (
    "padding:0.6em 0.8em; border:1px solid #8a8a8a; border-radius:6px; color:#1a1a1a; "
    "background:#ffffff"
)
_FLEX = "display:flex; flex-wrap:wrap; gap:0.7em; line-height:1.35; margin-bottom:0.7em"


class Deal(NamedTuple):
    """The cards that lie on the table.

    Attributes:
        classes: table class of label 0, 1, … as far as they are dealt.
        support: label and table row of each support card, in the order dealt.
        query: the same of each query card.
    """

    classes: tuple[int, ...]
    support: tuple[tuple[int, int], ...]
    query: tuple[tuple[int, int], ...]


def deal_cards(episode: Episode, count: int, *, seed: int, index: int) -> Deal:
    """The first cards of an episode: its classes, then support one label after another, then query.

    Query cards are shuffled, since the sampler's order would give their labels away.

    Args:
        episode: to deal.
        count: how many cards.
        seed: of the episode's address; it shuffles the query cards.
        index: of the episode's address; it does too.
    """
    classes = tuple(episode.classes.tolist())
    support, query = (
        tuple(zip(side.y.tolist(), rows.tolist(), strict=True))
        for side, rows in zip(episode.task, (episode.support_rows, episode.query_rows), strict=True)
    )
    order = torch.randperm(len(query), generator=generator("query cards", seed, index)).tolist()
    after_classes = max(count - len(classes), 0)
    after_support = max(after_classes - len(support), 0)
    shuffled = tuple(query[place] for place in order)
    return Deal(classes[:count], support[:after_classes], shuffled[:after_support])


def deal_html(
    deal: Deal,
    table: LabelledTable,
    *,
    language: str = "en",
    uncovered: bool = False,
    tell_siblings: bool = False,
) -> str:
    """The cards as HTML: a box for each class with its support cards, and one for the query cards.

    Args:
        deal: what lies on the table.
        table: gives sentences, class names and templates.
        language: code of the sentences' language, for screen readers and line breaks.
        uncovered: whether class names are shown, and what query cards cover: their labels and
            what they tell of siblings. Where it is covered, it can be unfolded card by card.
        tell_siblings: whether a query card tells if a support card has its template.
    """
    boxes = "".join(
        f'<section style="flex:1 1 15em; max-width:24em; {_BOX}">'
        + _heading(3, f"Label {label}{_class_name(table, index) if uncovered else ''}")
        + _cards(
            SUPPORT,
            [_sentence(table, row, language) for other, row in deal.support if other == label],
        )
        + "</section>"
        for label, index in enumerate(deal.classes)
    )
    queries = [
        _sentence(table, row, language)
        + _covered_on_query(deal, label, row, table, uncovered, tell_siblings)
        for label, row in deal.query
    ]
    query_box = (
        f'<section style="max-width:50em; {_BOX}">'
        f"{_heading(3, 'Which label?')}{_cards(QUERY, queries)}</section>"
    )
    return f'<div style="{_FLEX}">{boxes}</div>' + (query_box if queries else "")


def _class_name(table: LabelledTable, index: int) -> str:
    return f": {escape(table.classes[index])}"


def _sentence(table: LabelledTable, row: int, language: str) -> str:
    return f'<span lang="{escape(language)}">{escape(table.texts[row])}</span>'


def _covered_on_query(
    deal: Deal, label: int, row: int, table: LabelledTable, uncovered: bool, tell_siblings: bool
) -> str:
    text = f"<strong>label {label}{_class_name(table, deal.classes[label])}</strong>"
    sibling = _sibling(deal, row, table) if tell_siblings else ""
    if uncovered:
        return f" {text}{sibling}"
    summary = "uncover label and sibling" if tell_siblings else "uncover this label"
    return f"<details><summary>{summary}</summary>{text}{sibling}</details>"


def _sibling(deal: Deal, row: int, table: LabelledTable) -> str:
    template = table.groups[row]
    siblings = [table.texts[other] for _, other in deal.support if table.groups[other] == template]
    if not siblings:
        return "<div><small>no sibling in the support set</small></div>"
    return f"<div><small>same template as ■ {escape(siblings[0])}</small></div>"


def _cards(side: Side, contents: Sequence[str]) -> str:
    items = "".join(
        f'<li style="border:{side.border}; background:{side.background}; border-radius:4px; '
        f'margin:0.25em 0; padding:0.15em 0.5em"><span aria-hidden="true">{side.symbol}</span> '
        f"{content}</li>"
        for content in contents
    )
    title = f'<span aria-hidden="true">{side.symbol}</span> {side.word} ({len(contents)})'
    return (
        f"{_heading(4, title)}"
        f'<ul style="list-style:none; margin:0.2em 0 0.5em; padding:0">{items}</ul>'
    )


def _heading(level: int, content: str) -> str:
    """A heading to screen readers, but not to the notebook's table of contents."""
    style = f"margin:0 0 0.2em; font-weight:{'bold' if level == 3 else 'normal'}"
    return f'<p role="heading" aria-level="{level}" style="{style}">{content}</p>'
