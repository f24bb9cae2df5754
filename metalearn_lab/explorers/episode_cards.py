"""An episode as cards: one a class, its support sentences above its query sentences."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

from metalearn_lab.tasks.episodes import Episode
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

_CARD = (
    "flex:1 1 17em; max-width:26em; padding:0.6em 0.8em; border:1px solid #8a8a8a; "
    "border-radius:6px; color:#1a1a1a; background:#ffffff"
)


def episode_cards(episode: Episode, table: LabelledTable, *, language: str = "en") -> str:
    """The episode as HTML: a heading a class with its label, and two lists of sentences.

    Args:
        episode: its rows are rows of the table.
        table: gives sentences, class names and templates.
        language: code of the sentences' language, for screen readers and line breaks.
    """
    cards = (
        _card(label, int(index), episode, table, language)
        for label, index in enumerate(episode.classes)
    )
    return (
        '<div style="display:flex; flex-wrap:wrap; gap:0.7em; line-height:1.35">'
        f"{''.join(cards)}</div>"
    )


def _card(
    label: int, class_index: int, episode: Episode, table: LabelledTable, language: str
) -> str:
    support = episode.support_rows[episode.task.support.y.cpu() == label].tolist()
    query = episode.query_rows[episode.task.query.y.cpu() == label].tolist()
    return (
        f'<section style="{_CARD}">'
        + _heading(3, f"Label {label}: {escape(table.classes[class_index])}")
        + _list(SUPPORT, support, table, language)
        + _list(QUERY, query, table, language)
        + "</section>"
    )


def _list(side: Side, rows: list[int], table: LabelledTable, language: str) -> str:
    items = "".join(_item(side, row, table, language) for row in rows)
    title = f'<span aria-hidden="true">{side.symbol}</span> {side.word} ({len(rows)})'
    return (
        f"{_heading(4, title)}"
        f'<ul style="list-style:none; margin:0.2em 0 0.5em; padding:0">{items}</ul>'
    )


def _item(side: Side, row: int, table: LabelledTable, language: str) -> str:
    return (
        f'<li style="border:{side.border}; background:{side.background}; border-radius:4px; '
        'margin:0.25em 0; padding:0.15em 0.5em">'
        f'<span aria-hidden="true">{side.symbol}</span> '
        f'<span lang="{escape(language)}">{escape(table.texts[row])}</span> '
        f"<small>template {table.groups[row]}</small></li>"
    )


def _heading(level: int, content: str) -> str:
    """A heading to screen readers, but not to the notebook's table of contents."""
    style = f"margin:0 0 0.2em; font-weight:{'bold' if level == 3 else 'normal'}"
    return f'<p role="heading" aria-level="{level}" style="{style}">{content}</p>'
