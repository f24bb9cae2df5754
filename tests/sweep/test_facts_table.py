"""Which facts survive another seed, and which were never tested."""

from __future__ import annotations

import pandas as pd
import pytest
from typer.testing import CliRunner

from metalearn_lab import cli
from metalearn_lab.sweep.points import points_of_seeds
from metalearn_lab.workbook.chapters import select

CHAPTER = """\
# %% tags=["parameters"]
seed: int = 0  # of the weights
class_split: int = 0  # of the classes

# %%
from metalearn_lab.workbook.facts import finding, proof

assert seed == class_split
proof("twice two is four", 2 * 2, above=3.9, below=4.1)
finding("the seed is small", seed, below=2.5)
finding("the seed is an integer", 1.0, above=0)
finding("never negative", seed, above=-0.5)
finding("often small", seed, below=0.5, share="1 of 3 seeds")
finding("in every split of the table", [1, 2], above=0, saved="2 splits")
"""
NO_SEED = "# %%\nfrom metalearn_lab.workbook.facts import proof\n\nproof('one is one', True)\n"


@pytest.fixture
def clone(tmp_path, write_chapter):
    write_chapter(tmp_path / "notebooks", "00_start_here", CHAPTER)
    write_chapter(tmp_path / "notebooks", "01_tasks_and_episodes", NO_SEED)
    return tmp_path


def test_each_chapter_runs_with_each_seed_and_as_many_class_splits(clone):
    points = points_of_seeds(select(["0", "1"]), 3, clone / "notebooks")
    assert [point.changed for point in points] == [
        *({"seed": seed, "class_split": seed} for seed in range(3)),
        {},
    ]


@pytest.mark.long
def test_what_turns_and_what_was_not_tested_is_told_apart(clone, monkeypatch):
    monkeypatch.chdir(clone)
    options = ["--seeds", "3", "--out", "out", "--keep", "--workers", "1"]
    result = CliRunner().invoke(cli.app, ["facts", "0", *options])
    assert result.exit_code == 0, result.output
    table = pd.read_csv(clone / "out" / "facts.csv").set_index("claim")
    assert dict(table.verdict) == {
        "twice two is four": "holds",
        "the seed is small": "holds",
        "the seed is an integer": "untested",
        "never negative": "holds",
        "often small": "turns",
        "in every split of the table": "saved",
    }
    assert table.loc["the seed is small", "smallest_margin"] == 0.5
    assert list(table.loc["often small", ["seed_0", "seed_1", "seed_2"]]) == [True, False, False]
    assert (table.loc["often small", "held"], table.loc["often small", "runs"]) == (1, 3)
    assert "1 of 1 proofs hold" in result.stdout
    assert "1 of 3: often small" in result.stdout
    kept = clone / "notebooks" / "facts"
    before = (kept / "facts.csv").read_text(encoding="utf-8")
    assert before == (clone / "out" / "facts.csv").read_text(encoding="utf-8")
    result = CliRunner().invoke(cli.app, ["facts", "1", *options])
    assert result.exit_code == 0
    both = (kept / "facts.csv").read_text(encoding="utf-8")
    assert set(before.splitlines()) <= set(both.splitlines()), "other chapters keep their rows"
    assert "one is one" in both
    versions = pd.read_csv(kept / "facts_versions.csv")
    assert list(versions.chapter) == ["00_start_here", "01_tasks_and_episodes"]
    assert list(versions.runs) == [3, 1]


SOMETIMES = """\
# %% tags=["parameters"]
seed: int = 0

# %%
from metalearn_lab.workbook.facts import finding, proof

assert seed != 1
finding("shown but once" if seed else "always", seed, above=-1)
proof("False", False)
"""


@pytest.mark.long
def test_runs_that_failed_and_facts_that_are_not_shown_are_no_silent_successes(
    tmp_path, write_chapter, monkeypatch
):
    write_chapter(tmp_path / "notebooks", "00_start_here", SOMETIMES)
    monkeypatch.chdir(tmp_path)
    options = ["facts", "0", "--seeds", "3", "--out", "out", "--keep", "--workers", "1"]
    result = CliRunner().invoke(cli.app, options)
    assert result.exit_code == 1
    table = pd.read_csv(tmp_path / "out" / "facts.csv", keep_default_na=False).set_index("claim")
    assert set(table.verdict) == {"partial"}
    assert list(table.loc["False", ["seed_0", "seed_1", "seed_2"]]) == ["False", "", "False"]
    write_chapter(tmp_path / "notebooks", "00_start_here", "# %%\n1\n")
    result = CliRunner().invoke(cli.app, options)
    assert result.exit_code == 0, result.output
    assert "no chapter has shown a fact" in result.stdout
    kept = pd.read_csv(tmp_path / "notebooks" / "facts" / "facts.csv")
    assert len(kept) == 0, "what the chapter no longer says is gone"
