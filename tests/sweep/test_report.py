"""What a sweep's report says of runs that ended, failed, diverged and are still to come."""

from __future__ import annotations

import csv
import json
import math
import re
import statistics
from html.parser import HTMLParser

import pytest

from metalearn_lab.sweep.report import write_report
from metalearn_lab.sweep.run_folder import PLAN
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.record import read_record
from tests.sweep.fake_sweep import CLAIM, LEARNERS, NASTY, fake_sweep

GRID = {"shots": [5, 10], "seed": [0, 1, 2]}


class Page(HTMLParser):
    """What a browser makes of a page: text, tags in order, and their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def report(folder, grid=GRID, **kinds):
    points = fake_sweep(folder, grid, **kinds)
    said = write_report(folder)
    return points, said, Page((folder / "index.html").read_text(encoding="utf-8"))


def headings(page):
    said = [text.strip() for text in page.text]
    return [each for each in said if each in {"Failures", "00 Start here", "Computed with"}]


def test_failures_come_first_with_their_error_and_partial_notebook(tmp_path):
    points, said, page = report(tmp_path / "s", failed=[3])
    assert said == "6 of 6 runs ended, 1 of them failed."
    assert headings(page)[0] == "Failures"
    link = next(link for link in page.all("a") if link["href"].startswith("runs/"))
    assert link["href"] == f"runs/{points[3].name}/00_start_here.ipynb"
    assert link["aria-label"] == f"notebook of run {points[3].key}"


def test_what_an_error_or_a_value_says_is_text_and_no_markup(tmp_path):
    _, _, page = report(tmp_path / "s", {"shots": [5], "source": ['<b>&"', "x"]}, failed=[1])
    assert NASTY in page.text
    assert '<b>&"' in page.text
    assert 'a < b & "c"' in page.text
    assert len(page.all("script")) == 1, "our own"
    assert page.all("b") == []


SCRIPT = "<script>alert('&')</script>"
FIGURE_TEXT = "$\\frac$ <b>"


def foreign(folder, place, **changed):
    """Put other facts into the record of a run, as anybody can write them."""
    path = sorted(folder.glob("runs/*/run.json"))[place]
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changed))


def test_no_field_of_a_record_or_a_plan_is_markup_or_a_formula(tmp_path):
    folder = tmp_path / "s"
    fake_sweep(folder, {"shots": [5, 6], "source": [SCRIPT, FIGURE_TEXT]}, failed=[3])
    curve = {"mean": [1.0, 2.0], "half_width": [0.1, "nan"], "tasks": 3}
    curves = {"text": SCRIPT, "curves": {FIGURE_TEXT: {"kind": SCRIPT, **curve}}}
    values = {SCRIPT: SCRIPT, FIGURE_TEXT: 1.0}
    for place in range(3):
        lines = [{**curves, "values": {**values, FIGURE_TEXT: place}}] * 2
        foreign(folder, place, headlines=lines, device=SCRIPT, versions={SCRIPT: SCRIPT})
    foreign(folder, 3, error=SCRIPT)
    plan = json.loads((folder / PLAN).read_text(encoding="utf-8"))
    for run in plan:
        run["title"] = SCRIPT
    (folder / PLAN).write_text(json.dumps(plan))
    write_report(folder)
    page = Page((folder / "index.html").read_text(encoding="utf-8"))
    assert len(page.all("script")) == 1, "our own"
    assert page.all("b") == []
    assert SCRIPT in page.text
    shown = [value for tag, facts in page.tags for value in facts.values() if value]
    assert not any(value.startswith("javascript:") for value in shown)


@pytest.mark.parametrize("name", ["../../x", "/etc", "..", "", "a/b", 3, None])
@pytest.mark.parametrize("field", ["name", "chapter"])
def test_a_plan_that_leads_out_of_its_folder_is_refused(tmp_path, field, name):
    fake_sweep(tmp_path / "s", {"shots": [5]})
    path = tmp_path / "s" / PLAN
    [run] = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps([run | {field: name}]))
    with pytest.raises(WorkbookError, match=r"plan\.json is damaged .*is no name of a file"):
        write_report(tmp_path / "s")
    assert not (tmp_path / "s" / "index.html").exists()


def test_results_that_are_no_numbers_are_said(tmp_path):
    folder = tmp_path / "s"
    fake_sweep(folder, {"shots": [5, 10, 20]})
    for place, loss in enumerate([0.5, 0.25, "nan"]):
        values = {"loss": loss, "accuracy": 0.5, "accuracy_half_width": "nan"}
        foreign(folder, place, headlines=[{"text": "x", "values": values, "curves": {}}])
    write_report(folder)
    text = " ".join(Page((folder / "index.html").read_text(encoding="utf-8")).text)
    assert "1 result not finite." in text
    assert "0.5, no interval" in text
    assert "± nan" not in text


def test_no_failures_no_section(tmp_path):
    _, said, page = report(tmp_path / "s")
    assert said == "6 of 6 runs ended, none of them failed."
    assert "Failures" not in page.text
    assert "Not finished" not in page.text


def test_an_unfinished_sweep_is_said_to_be_so(tmp_path):
    _, said, page = report(tmp_path / "s", waiting=[4, 5])
    assert said == "4 of 6 runs ended, none of them failed."
    assert "Not finished" in page.text
    assert any("2 runs still to" in text for text in page.text)


def test_a_sweep_of_which_nothing_has_ended_has_a_page(tmp_path):
    _, said, page = report(tmp_path / "s", waiting=range(6))
    assert said == "0 of 6 runs ended, none of them failed."
    assert page.all("img") == []


def test_every_executed_page_and_notebook_is_linked(tmp_path):
    folder = tmp_path / "s"
    points, _, page = report(folder, failed=[3])
    links = {link["href"] for link in page.all("a")}
    executed = {
        str(path.relative_to(folder))
        for path in folder.glob("runs/*/*")
        if path.suffix in {".html", ".ipynb"}
    }
    tables = {"results.csv", "results_columns.csv", "over_seeds.csv", "curves.csv"}
    assert {link for link in links if not link.startswith("#")} == executed | tables
    assert {"#failures", "#runs", "#00_start_here"} <= links
    assert len(executed) == 2 * len(points) - 1


def test_results_have_their_intervals_and_only_what_differs_is_in_the_table(tmp_path):
    _, _, page = report(tmp_path / "s")
    assert [text for text in page.text if re.fullmatch(r"\d\.\d+ ± \d\.\d+", text)]
    for name in ("Run", "shots", "seed", "maml", "reptile", "ahead", "tasks"):
        assert name in page.text
    assert "unseen_tasks" not in page.text, "it repeats a parameter"
    assert "The same in every run: unseen_tasks = 200, device = cpu" in page.text


def test_a_false_fact_is_said_at_the_top_with_its_number(tmp_path):
    _, said, page = report(tmp_path / "s", turned=[1, 4])
    assert said == "6 of 6 runs ended, none of them failed. 2 facts False."
    text = " ".join(page.text)
    assert text.index("False facts") < text.index("Every run")
    assert page.text.count(CLAIM) == 2, "as text"
    assert page.text.count("-2 > 0") == 2
    assert page.text.count("0 of 1") == 2
    assert page.text.count("1 of 1") == 4


def test_results_over_seeds_have_their_own_intervals(tmp_path):
    points, _, page = report(tmp_path / "s")
    with (tmp_path / "s" / "over_seeds.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["seeds"] for row in rows} == {"3"}
    records = [read_record(tmp_path / "s" / "runs" / p.name / "run.json") for p in points[:3]]
    values = [record.headlines[0]["values"]["maml"] for record in records]
    row = next(r for r in rows if r["result"] == "maml" and r["setting"] == '{"shots": 5}')
    assert float(row["mean"]) == pytest.approx(statistics.mean(values))
    half = 4.302652729749464 * statistics.stdev(values) / 3**0.5  # t of two degrees of freedom
    assert float(row["half_width"]) == pytest.approx(half)
    assert any(text.startswith("Means over seeds; ± is the half-width") for text in page.text)
    assert "shots = 5" in page.text


def test_a_run_that_diverged_is_in_no_mean_and_is_counted(tmp_path):
    points, _, page = report(tmp_path / "s", diverged=[2])
    with (tmp_path / "s" / "over_seeds.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["result"] == "maml"]
    assert [(row["left_out"], row["seeds"]) for row in rows] == [("1", "3"), ("0", "3")]
    records = [read_record(tmp_path / "s" / "runs" / p.name / "run.json") for p in points[:2]]
    values = [record.headlines[0]["values"]["maml"] for record in records]
    assert float(rows[0]["mean"]) == pytest.approx(statistics.mean(values))
    assert any(text.endswith(" (1 of 3 left out)") for text in page.text)


def test_it_says_first_of_what_it_is(tmp_path):
    _, _, page = report(tmp_path / "s")
    text = " ".join(page.text)
    assert "Report: 00 Start here over shots, seed" in text
    assert "Begun 2026-11-22T15:00:00+00:00" in text


def test_every_picture_has_alt_text_that_says_where_learners_end(tmp_path):
    _, _, page = report(tmp_path / "s")
    against, curves = (picture["alt"] for picture in page.all("img"))
    assert re.match(r"Headline results against shots\. maml: [\d.]+ at 5, [\d.]+ at 10\.", against)
    assert curves.startswith("Query loss against inner step in 6 panels. MAML ends at ")


def test_tables_say_what_their_headers_are_headers_of(tmp_path):
    _, _, page = report(tmp_path / "s", failed=[0])
    assert {header.get("scope") for header in page.all("th")} == {"col", "row"}
    assert len(page.all("caption")) == len(page.all("table")) == 5


def test_runs_that_diverged_are_said_to_be_left_out(tmp_path):
    _, _, page = report(tmp_path / "s", diverged=[2])
    said = " ".join(page.text)
    assert "2 points far above the others are left out." in said, "maml and reptile"
    assert f"{len(LEARNERS)} curves rise out of the picture." in said


def test_the_curves_are_a_csv_file(tmp_path):
    points, _, _ = report(tmp_path / "s", failed=[3], diverged=[2])
    with (tmp_path / "s" / "curves.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5 * len(LEARNERS) * 6, "five runs that did not fail, six steps"
    assert list(rows[0]) == [
        *("key", "chapter", "shots", "seed"),
        *("headline", "learner", "kind", "tasks", "step", "mean", "half_width"),
    ]
    assert {row["key"] for row in rows} == {p.key for n, p in enumerate(points) if n != 3}
    last = next(row for row in rows if row["key"] == points[2].key and row["step"] == "5")
    assert math.isinf(float(last["mean"]))


def test_a_report_is_the_same_each_time(tmp_path):
    report(tmp_path / "s", failed=[3])
    before = (tmp_path / "s" / "index.html").read_bytes()
    write_report(tmp_path / "s")
    assert (tmp_path / "s" / "index.html").read_bytes() == before


def test_a_folder_that_is_no_sweeps_is_refused(tmp_path):
    with pytest.raises(WorkbookError, match=r"not the folder of a run or .*: it has no plan\.json"):
        write_report(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{}x", '[{"name": 1}]'])
def test_a_spoiled_plan_is_said(tmp_path, text):
    (tmp_path / PLAN).write_text(text)
    with pytest.raises(WorkbookError, match=r"plan\.json is damaged .* give the same command"):
        write_report(tmp_path)
