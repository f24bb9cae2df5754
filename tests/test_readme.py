"""The README says what the catalogue, the Makefile and the command say."""

from __future__ import annotations

import csv
import re
import tomllib
from pathlib import Path

import metalearn_lab as lab
from metalearn_lab import load_table
from metalearn_lab.workbook.chapter_table import chapter_table
from metalearn_lab.workbook.chapters import CHAPTERS, REPOSITORY, select
from metalearn_lab.workbook.source import cells, read_source, source_path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_chapter_table_is_the_catalogues():
    [shown] = re.findall(r"<!-- chapters: .*? -->\n(.*?)<!-- end of chapters -->", README, re.S)
    assert shown.strip() == chapter_table()


def test_the_two_commands_come_first():
    first_screen = "\n".join(README.splitlines()[:12])
    assert f"git clone https://github.com/{REPOSITORY} " in first_screen
    assert "\nmake lab " in first_screen
    assert "\nmake test " in first_screen


def test_every_target_and_file_it_names_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"\bmake ([a-z-]+)\b(?=[ `])", README)):
        assert re.search(rf"^{target}:", makefile, re.M), target
    for path in re.findall(r"\]\((?!https?:)([^)]+)\)", README):
        assert (ROOT / path).exists(), path


def test_the_parameters_of_its_examples_are_the_chapters_own():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    examples = re.findall(r'ARGS="(\d\d) -p (\w+) ', README + makefile)
    assert len(examples) == 2
    for number, name in examples:
        [chapter] = select([number])
        [cell] = [
            cell
            for cell in cells(read_source(source_path(ROOT / chapter.path)))
            if "parameters" in cell.tags
        ]
        assert re.search(rf"^{name}: ", cell.text, re.M), f"{chapter.name} has no {name}"


def test_its_lines_of_python_run_and_learn(tmp_path, monkeypatch, capsys):
    """From a CSV file, as they stand there; five classes at one shot, so chance is 0.2."""
    [lines] = re.findall(r"```python\n(.*?)```", README, re.S)
    assert len(lines.splitlines()) <= 20
    table = load_table("embedded")
    rows = [(text, table.classes[n]) for text, n in zip(table.texts, table.labels, strict=True)]
    with (tmp_path / "sentences.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    monkeypatch.chdir(tmp_path)
    exec(compile(lines, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    accuracy = [float(each) for each in re.findall(r"(\d\.\d+) ±", printed)]
    assert len(accuracy) == 11
    assert accuracy[0] < 0.25
    assert accuracy[5] > 0.5


def test_it_names_every_learner_of_the_front_door():
    public = {name: getattr(lab, name) for name in lab.__all__}
    classes = {name: kind for name, kind in public.items() if isinstance(kind, type)}
    learners = {name for name, kind in classes.items() if issubclass(kind, lab.Learner)}
    missing = {n for n in learners - {"Learner", "GradientLearner"} if f"`{n}`" not in README}
    assert not missing, f"add {missing} to the learners under 'Use it from Python' in README.md"


def test_contributing_keeps_to_100_columns():
    lines = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()
    assert [(i, len(line)) for i, line in enumerate(lines, 1) if len(line) > 100] == []


def test_every_notebook_in_the_folder_is_in_the_catalogue():
    found = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert found == {chapter.name for chapter in CHAPTERS}


def test_contributing_lists_the_folders_in_the_order_that_the_linter_keeps():
    """From the bottom up; `workbook`, `serving`, `sweep` and `cli` share the last row."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    layers = [each for each in contracts[0]["layers"][::-1] if "|" not in each]
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`\w+`(?:, `[\w.]+`)*) \| .* \| `tests/", text, re.M)
    listed = [name.removesuffix(".py") for row in rows for name in re.findall(r"`([\w.]+)`", row)]
    order = [*listed[:-4], *sorted(listed[-4:], key=layers.index)]
    assert order == layers
    for path in re.findall(r"`(tests/[\w./]+)`", text):
        assert (ROOT / path).exists() or "_98" in path, path
