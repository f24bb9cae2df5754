"""Which facts of the chapters survive another seed: a table, fact × seed.

A finding that no number of changed between the runs was not tested, and is said to be so. One that
reads a saved table was tested on the splits and seeds of that table.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from metalearn_lab.atomic_file import write_text
from metalearn_lab.sweep.finished_sweep import ChapterRuns, read_sweep

FACTS, VERSIONS = "facts.csv", "facts_versions.csv"
KEY = ["chapter", "claim"]


def facts_table(chapter: ChapterRuns) -> pd.DataFrame:
    """The facts of a chapter, one a row, in the order in which the chapter shows them.

    Columns: ``chapter``, ``claim``, ``kind``, ``share`` and ``saved`` as the chapter says them;
    ``held`` of how many ``runs``; ``smallest_margin``; ``verdict``: ``holds`` (in all runs),
    ``turns`` (not in all), ``untested`` (a finding whose numbers never changed) or ``saved``; and
    ``run_0``, ``run_1``, …: whether it held in each.
    """
    rows: dict[str, list[dict[str, Any]]] = {}
    for run in chapter.good:
        for fact in run.record.facts:
            rows.setdefault(fact["claim"], []).append(fact)
    return pd.DataFrame([_row(chapter.name, facts) for facts in rows.values()])


def _row(chapter: str, facts: list[dict[str, Any]]) -> dict[str, Any]:
    """One claim, from what each run says of it."""
    holds_in_runs = [fact["holds"] for fact in facts]
    margins = [float(fact["margin"]) for fact in facts if fact["margin"] is not None]
    common_columns = {name: facts[0][name] for name in ("claim", "kind", "share", "saved")}
    return {
        "chapter": chapter,
        **common_columns,
        "held": sum(holds_in_runs),
        "runs": len(holds_in_runs),
        "smallest_margin": f"{min(margins):.3g}" if margins else "",
        "verdict": _verdict(facts),
        **{f"run_{number}": holds for number, holds in enumerate(holds_in_runs)},
    }


def _verdict(facts: list[dict[str, Any]]) -> str:
    is_finding = facts[0]["kind"] == "finding"
    if is_finding and facts[0]["saved"]:
        return "saved" if all(fact["holds"] for fact in facts) else "turns"
    if is_finding and all(fact["numbers"] == facts[0]["numbers"] for fact in facts):
        return "untested"
    return "holds" if all(fact["holds"] for fact in facts) else "turns"


def write_facts(folder: Path, keep_in: Path | None = None) -> pd.DataFrame:
    """Write the facts of the runs in a folder, and what they were computed with.

    Args:
        folder: of the runs, each chapter with several seeds.
        keep_in: a folder of tables, in which the rows of these chapters are replaced.

    Returns:
        The table of these chapters.

    Raises:
        WorkbookError: the folder is not that of a run, or a record in it is damaged.
    """
    chapters = [chapter for chapter in read_sweep(folder).chapters if chapter.good]
    facts = pd.concat([facts_table(chapter) for chapter in chapters], ignore_index=True)
    versions = pd.DataFrame([_computed_with(chapter) for chapter in chapters])
    for target_folder in (folder, *([keep_in] if keep_in else [])):
        _replace(target_folder / FACTS, facts)
        _replace(target_folder / VERSIONS, versions)
    return facts


def _computed_with(chapter: ChapterRuns) -> dict[str, Any]:
    record = chapter.good[0].record
    return {
        "chapter": chapter.name,
        "runs": len(chapter.good),
        "failed": len(chapter.ended) - len(chapter.good),
        "date": record.started[:10],
        "code": record.code,
        "device": record.device,
        **{name: record.versions.get(name, "") for name in ("python", "torch")},
    }


def _replace(path: Path, rows: pd.DataFrame) -> None:
    """Write rows of some chapters, in the place of those of the same chapters in a table."""
    if path.is_file():
        before = pd.read_csv(path, dtype=object, keep_default_na=False)
        others = before[~before.chapter.isin(rows.chapter)]
        rows = pd.concat([others, rows]).sort_values("chapter", kind="stable")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, rows.to_csv(index=False))


def summarise(facts: pd.DataFrame) -> str:
    """How many facts of each chapter hold in all runs, for a terminal, and which do not."""
    lines = []
    for chapter, chapter_facts in facts.groupby("chapter", sort=False):
        proofs, findings = (
            chapter_facts[chapter_facts.kind == kind] for kind in ("proof", "finding")
        )
        counts = findings.verdict.value_counts()
        words = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
        held_count = (proofs.verdict == "holds").sum()
        lines.append(
            f"{chapter}: {held_count} of {len(proofs)} proofs hold; findings: {words or 'none'}"
        )
        turning_facts = chapter_facts[chapter_facts.verdict == "turns"]
        lines += [f"  {row.held} of {row.runs}: {row.claim}" for row in turning_facts.itertuples()]
    return "\n".join(lines)
