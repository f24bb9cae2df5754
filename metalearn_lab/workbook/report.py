"""The report of a run: one table, for the terminal, for pandas, for programs and for a browser."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metalearn_lab.workbook.atomic import write_text
from metalearn_lab.workbook.chapter_run import ChapterRun
from metalearn_lab.workbook.environment import available_device, versions
from metalearn_lab.workbook.html import index_page


def table(runs: Sequence[ChapterRun]) -> list[dict[str, str]]:
    """One row for each chapter: chapter, seconds, status, and its headline results or its error."""
    return [
        {
            "chapter": run.chapter.name,
            "seconds": f"{run.seconds:.1f}",
            "status": run.status,
            "headline": run.error or " ".join(line["text"] for line in run.headlines),
        }
        for run in runs
    ]


def as_text(rows: Sequence[dict[str, str]]) -> str:
    """The table for a terminal, columns aligned."""
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]) - 1)]
    return "\n".join(
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]
        )
        for line in lines
    )


def write_report(runs: Sequence[ChapterRun], out: Path) -> None:
    """Write ``table.csv``, ``summary.json`` and ``index.html``."""
    import pandas

    rows = table(runs)
    facts = summary(runs)
    write_text(out / "table.csv", pandas.DataFrame(rows).to_csv(index=False))
    write_text(out / "summary.json", json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    write_text(out / "index.html", index_page(facts))


def summary(runs: Sequence[ChapterRun]) -> dict[str, Any]:
    """All that is known of a run, with its configuration, the versions and the device."""
    return {
        "started": runs[0].started,
        "available_device": available_device(),
        "versions": versions(),
        "chapters": [
            {
                "chapter": run.chapter.name,
                "title": run.chapter.title,
                "seconds": round(run.seconds, 1),
                "status": run.status,
                "error": run.error,
                "files": [path.name for path in run.files if path.is_file()],
                "parameters": run.parameters,
                "headlines": run.headlines,
            }
            for run in runs
        ],
    }
