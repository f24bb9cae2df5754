"""What the chapters claim, against the table of how often it held at other seeds.

``make facts`` writes ``notebooks/facts/facts.csv``. A finding that is not in it, that was never
tested, or that does not always hold and does not say so, is an exception in ``exceptions.csv``
beside it: that list may only shrink.
"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from metalearn_lab.sweep.facts_table import FACTS, KEY, VERSIONS
from metalearn_lab.workbook.chapters import CHAPTERS
from metalearn_lab.workbook.facts import collect_facts, unexpected_facts
from metalearn_lab.workbook.parameters import parameters_of
from metalearn_lab.workbook.run_key import code_of

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
TABLE = pd.read_csv(FOLDER / "facts" / FACTS, dtype=str, keep_default_na=False)
EXCEPTIONS = pd.read_csv(FOLDER / "facts" / "exceptions.csv", dtype=str, keep_default_na=False)
MOST_EXCEPTIONS = 0
"""The list of exceptions may only shrink: lower this with it."""


def facts_of(chapter):
    return collect_facts(nbformat.read(FOLDER / f"{chapter.name}.ipynb", as_version=4))


def row_of(chapter, fact):
    rows = TABLE[(TABLE.chapter == chapter.name) & (TABLE.claim == fact["claim"])]
    return rows.iloc[0] if len(rows) else None


def fault(chapter, fact):
    """Why a fact cannot stand as it is; None if it can."""
    row = row_of(chapter, fact)
    if row is None:
        return "not in the table"
    if row.verdict in ("holds", "saved"):
        return None
    if fact["kind"] == "proof":
        return f"a proof: {row.verdict}"
    if row.verdict == "turns" and fact["share"].startswith(f"{row.held} of {row.runs}"):
        return None
    told = {"turns": "turns, and does not say how often"}
    return told.get(row.verdict, row.verdict)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_every_fact_holds_at_other_seeds_or_says_how_often(chapter):
    excused = set(EXCEPTIONS[EXCEPTIONS.chapter == chapter.name].claim)
    faults = {fact["claim"]: fault(chapter, fact) for fact in facts_of(chapter)}
    wrong = {claim: why for claim, why in faults.items() if why and claim not in excused}
    assert not wrong, "run `make facts`, or mend: " + "; ".join(
        f"{claim}: {why}" for claim, why in wrong.items()
    )


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_an_exception_is_needed_and_says_what_is_wrong(chapter):
    faults = {fact["claim"]: fault(chapter, fact) for fact in facts_of(chapter)}
    for exception in EXCEPTIONS[EXCEPTIONS.chapter == chapter.name].itertuples():
        assert faults.get(exception.claim) == exception.fault, "take it away, or say what is wrong"


def test_the_list_of_exceptions_only_shrinks():
    assert len(EXCEPTIONS) <= MOST_EXCEPTIONS
    assert not EXCEPTIONS.duplicated(KEY).any()
    assert set(EXCEPTIONS.chapter) <= {chapter.name for chapter in CHAPTERS}


def test_no_exception_is_made_for_a_proof():
    proofs = {f["claim"] for chapter in CHAPTERS for f in facts_of(chapter) if f["kind"] == "proof"}
    assert not proofs & set(EXCEPTIONS.claim)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_a_claim_stands_once_and_is_true_there_or_says_how_often_it_is(chapter):
    facts = facts_of(chapter)
    claims = [fact["claim"] for fact in facts]
    assert len(claims) == len(set(claims)), "the table tells facts apart by their claims"
    assert [fact["claim"] for fact in unexpected_facts(facts)] == []


def test_the_table_says_what_it_was_computed_with():
    versions = pd.read_csv(FOLDER / "facts" / VERSIONS, dtype=str)
    assert list(versions.chapter) == [chapter.name for chapter in CHAPTERS]
    assert set(versions.failed) == {"0"}
    for row in versions.itertuples():
        notebook = FOLDER / f"{row.chapter}.ipynb"
        stale = f"its code has changed: make facts CHAPTERS={row.chapter[:2]}"
        assert row.chapter_code == code_of(notebook.read_bytes()), stale
        seeded = "seed" in parameters_of(FOLDER / f"{row.chapter}.ipynb")
        assert row.runs == ("5" if seeded else "1")
        assert re.fullmatch(r"[0-9a-f]{12}", row.code)
