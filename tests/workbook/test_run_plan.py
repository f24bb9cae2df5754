"""Which folder a run goes on in, which it begins in, and which it leaves alone."""

import re

import pytest

from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.record import Record, write_record
from metalearn_lab.workbook.run_plan import PLAN_FILE, Planned, begin_or_go_on, record_path

PLAN = {
    "00_start_here": Planned("0" * 12, {"steps": 3, "ways": (2, 5)}),
    "03_maml": Planned("3" * 12, {"steps": 3}),
}


def record(name="00_start_here", key="0" * 12, status="ok", files=()):
    error = None if status == "ok" else "ValueError: no"
    return Record(key, name, "", {}, {}, status, error, "now", 1.5, files=list(files))


def keep(folder, each):
    write_record(record_path(folder, each.chapter), each)
    return each


@pytest.mark.parametrize("other", [None, "notes.txt"])
def test_a_folder_without_notebooks_is_begun_in(tmp_path, other):
    if other is not None:
        (tmp_path / other).write_text("mine")
    assert begin_or_go_on(tmp_path, PLAN) == {}
    assert begin_or_go_on(tmp_path, PLAN) == {}, "and gone on in"


@pytest.mark.parametrize("name", ["table.csv", "index.html", "06_x.ipynb"])
def test_a_folder_of_notebooks_that_no_run_made_is_left_alone(tmp_path, name):
    (tmp_path / name).write_text("")
    with pytest.raises(WorkbookError, match="already holds notebooks or pages that are no run's"):
        begin_or_go_on(tmp_path, PLAN)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_has_ended_well_is_kept_and_nothing_else(tmp_path):
    begin_or_go_on(tmp_path, PLAN)
    kept = keep(tmp_path, record())
    keep(tmp_path, record("03_maml", "3" * 12, status="failed"))
    assert begin_or_go_on(tmp_path, PLAN) == {kept.chapter: kept}


def test_a_chapter_whose_page_was_deleted_runs_again(tmp_path):
    begin_or_go_on(tmp_path, PLAN)
    keep(tmp_path, record(files=["00_start_here.html"]))
    assert begin_or_go_on(tmp_path, PLAN) == {}


def test_a_record_of_another_key_is_not_kept(tmp_path):
    begin_or_go_on(tmp_path, PLAN)
    keep(tmp_path, record(key="f" * 12))
    assert begin_or_go_on(tmp_path, PLAN) == {}


@pytest.mark.parametrize(
    ("plan", "difference"),
    [
        ({"03_maml": PLAN["03_maml"]}, "of other chapters (00_start_here, 03_maml)"),
        (
            PLAN | {"03_maml": Planned("4" * 12, {"steps": 4})},
            "with other parameters (03_maml: steps = 3)",
        ),
        (
            PLAN | {"03_maml": Planned("4" * 12, {"steps": 3})},
            "by another version of the package, of torch or of the notebook (03_maml)",
        ),
    ],
)
def test_another_run_is_refused_and_told_what_differs(tmp_path, plan, difference):
    begin_or_go_on(tmp_path, PLAN)
    before = (tmp_path / PLAN_FILE).read_bytes()
    with pytest.raises(WorkbookError, match=re.escape(f"holds a run {difference}. Give the comm")):
        begin_or_go_on(tmp_path, plan)
    assert (tmp_path / PLAN_FILE).read_bytes() == before


def test_what_a_killed_run_left_half_written_goes(tmp_path):
    begin_or_go_on(tmp_path, PLAN)
    (tmp_path / ".table.csv.123.tmp").write_text("half")
    begin_or_go_on(tmp_path, PLAN)
    assert [path.name for path in tmp_path.iterdir()] == [PLAN_FILE]


@pytest.mark.parametrize("text", ["", "[]", '{"03_maml": {"key": 3}}', '{"03_maml": 1}'])
def test_a_spoiled_plan_is_said(tmp_path, text):
    (tmp_path / PLAN_FILE).write_text(text)
    with pytest.raises(WorkbookError, match=r"plan\.json is not the plan of a run: name a new"):
        begin_or_go_on(tmp_path, PLAN)
