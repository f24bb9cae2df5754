"""Which facts of the chapters survive another seed: a table, fact × seed.

A finding that no number of changed between the runs was not tested, and is said to be so. One that
reads a saved table was tested on the splits and seeds of that table.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from metalearn_lab.atomic_file import write_text
from metalearn_lab.sweep.finished_sweep import ChapterRuns, EndedRun, read_sweep
from metalearn_lab.sweep.points import CLASS_SPLITS, SEED
from metalearn_lab.workbook.run_key import code_of

FACTS, VERSIONS = "facts.csv", "facts_versions.csv"
KEY = ["chapter", "claim"]


def facts_table(chapters: Sequence[ChapterRuns]) -> pd.DataFrame:
    """The facts of some chapters, one a row, in the order in which each shows them.

    Columns: ``chapter``, ``claim``, ``kind``, ``share`` and ``saved`` as the chapter says them;
    ``held`` of how many ``runs``; ``smallest_margin``; ``verdict``: ``holds`` (in all runs),
    ``turns`` (not in all), ``partial`` (a run failed or does not show it), ``untested`` (a finding
    whose numbers never changed) or ``saved``; and ``seed_0``, ``seed_1``, …: whether it held there.
    """
    rows = [row for chapter in chapters for row in _rows(chapter)]
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=[*KEY, "kind", "verdict"])


def _rows(chapter: ChapterRuns) -> list[dict[str, Any]]:
    facts_of: dict[str, dict[str, dict[str, Any]]] = {}
    for run in chapter.good:
        for fact in run.record.facts:
            facts_of.setdefault(fact["claim"], {})[_seed(run)] = fact
    seeds = [_seed(run) for run in chapter.ended]
    return [_row(chapter.name, facts, seeds) for facts in facts_of.values()]


def _seed(run: EndedRun) -> str:
    """The column of a run."""
    parameters = run.planned.parameters
    drawn = [parameters[name] for name in (SEED, *CLASS_SPLITS) if name in parameters]
    return f"seed_{drawn[0] if drawn else 0}"


def _row(chapter: str, facts: dict[str, dict[str, Any]], seeds: list[str]) -> dict[str, Any]:
    """One claim, from what each run says of it."""
    shown = list(facts.values())
    margins = [float(fact["margin"]) for fact in shown if fact["margin"] is not None]
    return {
        "chapter": chapter,
        **{name: shown[0][name] for name in ("claim", "kind", "share", "saved")},
        "held": sum(fact["holds"] for fact in shown),
        "runs": len(seeds),
        "smallest_margin": f"{min(margins):.3g}" if margins else "",
        "verdict": "partial" if len(shown) < len(seeds) else _verdict(shown),
        **{seed: facts[seed]["holds"] if seed in facts else "" for seed in seeds},
    }


def _verdict(facts: list[dict[str, Any]]) -> str:
    is_finding = facts[0]["kind"] == "finding"
    if is_finding and facts[0]["saved"]:
        return "saved" if all(fact["holds"] for fact in facts) else "turns"
    if is_finding and all(fact["numbers"] == facts[0]["numbers"] for fact in facts):
        return "untested"
    return "holds" if all(fact["holds"] for fact in facts) else "turns"


def write_facts(folder: Path, notebooks: Path, keep_in: Path | None = None) -> pd.DataFrame:
    """Write the facts of the runs in a folder, and what they were computed with.

    Args:
        folder: of the runs, each chapter with several seeds.
        notebooks: the folder of the chapters that ran.
        keep_in: a folder of tables, in which the rows of these chapters are replaced.

    Returns:
        The table of these chapters.

    Raises:
        WorkbookError: the folder is not that of a run, or a record in it is damaged.
    """
    chapters = [chapter for chapter in read_sweep(folder).chapters if chapter.ended]
    names = [chapter.name for chapter in chapters]
    facts = facts_table(chapters)
    versions = pd.DataFrame([_computed_with(chapter, notebooks) for chapter in chapters])
    for target_folder in (folder, *([keep_in] if keep_in else [])):
        _replace(target_folder / FACTS, facts, names)
        _replace(target_folder / VERSIONS, versions, names)
    return facts


def _computed_with(chapter: ChapterRuns, notebooks: Path) -> dict[str, Any]:
    record = chapter.ended[0].record
    return {
        "chapter": chapter.name,
        "runs": len(chapter.ended),
        "failed": len(chapter.ended) - len(chapter.good),
        "date": record.started[:10],
        "chapter_code": code_of((notebooks / f"{chapter.name}.ipynb").read_bytes()),
        "code": record.code,
        "device": record.device,
        **{name: record.versions.get(name, "") for name in ("python", "torch")},
    }


def _replace(path: Path, rows: pd.DataFrame, chapters: list[str]) -> None:
    """Write rows of some chapters, in the place of those of the same chapters in a table."""
    if path.is_file():
        before = pd.read_csv(path, dtype=object, keep_default_na=False)
        others = before[~before.chapter.isin(chapters)]
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
        wrong = chapter_facts[chapter_facts.verdict.isin(["turns", "partial"])]
        lines += [f"  {row.held} of {row.runs}: {row.claim}" for row in wrong.itertuples()]
    return "\n".join(lines) or "no chapter has shown a fact"
