"""results.md: one section a piece; a run of one piece replaces its section alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import torch

from benchmarks.gpu.ceilings import Card
from benchmarks.gpu.pieces import TASKS

REPORT = Path(__file__).parent / "results.md"
HEAD = """# W1 to W5 on a GPU

The floors are the time that a task's operations (matrix products and convolutions, counted by
`torch.utils.flop_counter`), and the bytes that its operations read and write unfused, would take
at the rates that a large matrix product and a large copy reach on the same card. A step under the
bytes floor has kept intermediate results on the chip.
"""
NOT_RUN = "not run: `benchmarks/.venv/bin/python -m benchmarks.gpu {}` on a machine with a GPU"


def write_piece(name: str, rows: list[dict[str, object]], card_name: str, card: Card) -> None:
    """Put a piece's table into the report."""
    text = REPORT.read_text(encoding="utf-8") if REPORT.exists() else ""
    sections = {piece: section_of(text, piece) for piece in TASKS}
    sections[name] = table_of(rows, card_name, card)
    parts = [HEAD, *(f"\n## {piece}\n\n{body}\n" for piece, body in sections.items())]
    REPORT.write_text("".join(parts), encoding="utf-8")


def section_of(text: str, piece: str) -> str:
    """What the report says of a piece already."""
    _, found, rest = text.partition(f"\n## {piece}\n\n")
    return rest.partition("\n## ")[0].strip() if found else NOT_RUN.format(piece)


def table_of(rows: list[dict[str, object]], card_name: str, card: Card) -> str:
    """The rows as a table, under a line on the card."""
    table = pd.DataFrame(rows).drop(columns="piece")
    lines = ["| " + " | ".join(table.columns) + " |", "| --- " * len(table.columns) + "|"]
    lines += ["| " + " | ".join(map(shown, values)) + " |" for values in table.to_numpy()]
    measured = (
        f"{card_name}, torch {torch.__version__}, {date.today().isoformat()}; measured: "
        f"{card.operations / 1e12:.3g} TFLOP/s, {card.bytes / 1e9:.4g} GB/s"
    )
    return measured + "\n\n" + "\n".join(lines)


def shown(value: object) -> str:
    """A number to three digits, nothing for what is missing."""
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.3g}"
    return str(value)
