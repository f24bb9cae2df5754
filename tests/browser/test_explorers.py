"""The chapters' explorers: moved by keyboard with a kernel, and read as a picture without one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import ConsoleMessage, Locator, expect

from metalearn_lab.workbook.kernel import KERNEL_METADATA
from metalearn_lab.workbook.normalise import normalise
from metalearn_lab.workbook.source import read_source
from metalearn_lab.workbook.static_outputs import WIDGET_VIEW

PATIENCE = 120_000  # milliseconds that a redraw may take on a busy machine
SHOWN = re.compile(r"^\w+Explorer\(.*\)\.show\(\)", re.MULTILINE)

# Small enough to run in seconds: what is learned does not matter here, only how it is shown.
FAST: dict[str, dict[str, Any]] = {
    "00_start_here": {"iterations": 20, "unseen_tasks": 8, "test_steps": 4},
    "01_tasks_and_episodes": {"episodes": 20},
    "06_few_shot_text": {"iterations": 20, "test_episodes": 10},
}


@dataclass
class Opened:
    """A chapter that has run in JupyterLab, and the place of its explorer."""

    lab: Any
    notebook: Any
    file: str
    cell: int
    complaints: list[str]

    @property
    def area(self) -> Locator:
        """What the explorer's cell shows: controls and picture, or the picture alone."""
        return self.notebook.output(self.cell)

    def slide(self, label: str, key: str, times: int = 1) -> None:
        self.notebook.press(self.notebook.slider(label), key, times)

    def choose_next(self, label: str) -> None:
        """Open the list first: on a closed one JupyterLab takes the arrow keys for itself."""
        self.notebook.control(label).focus()
        for key in ("Space", "ArrowDown"):
            self.notebook.page.keyboard.press(key)
        self.notebook.press(self.notebook.control(label), "Enter")

    def type_number(self, label: str, number: int) -> None:
        self.notebook.control(label).focus()
        self.notebook.page.keyboard.press("ControlOrMeta+a")
        self.notebook.page.keyboard.type(str(number))
        self.notebook.press(self.notebook.control(label), "Enter")

    def says(self, text: str) -> None:
        expect(self.area).to_contain_text(text, timeout=PATIENCE)

    def texts(self, selector: str) -> list[str]:
        return self.area.locator(selector).all_inner_texts()


@pytest.fixture
def chapter(lab, repository, tmp_path, request):
    """The chapter named by the test, built from its text source with small parameters, and run."""
    source = repository / "notebooks" / "source" / f"{request.param}.py"
    content = read_source(source)
    content["metadata"] = dict(KERNEL_METADATA)
    code = [cell for cell in content.cells if cell.cell_type == "code"]
    [parameters] = [cell for cell in code if "parameters" in cell.metadata.get("tags", [])]
    parameters["source"] = with_values(parameters["source"], FAST[source.stem])
    [cell] = [index for index, each in enumerate(code) if SHOWN.search(each["source"])]
    path = tmp_path / f"{source.stem}.ipynb"
    nbformat.write(content, path)

    complaints: list[str] = []
    listen(lab.page, lab.address, complaints)
    notebook = lab.open(path)
    notebook.run_all()
    opened = Opened(lab, notebook, path.name, cell, complaints)
    expect(opened.area.locator(".widget-html")).to_be_visible(timeout=PATIENCE)
    yield opened
    opened.notebook.page.screenshot(path=tmp_path / "page.png")


def with_values(source: str, values: dict[str, Any]) -> str:
    """A parameters cell with other values in its annotated assignments."""
    for name, value in values.items():
        source, found = re.subn(rf"(?m)^({name}: \w+ =) \S+", rf"\1 {value!r}", source)
        assert found == 1, f"the parameters cell does not set {name} once"
    return source


def listen(page: Any, address: str, complaints: list[str]) -> None:
    """Collect what the browser's console calls an error."""

    def hear(message: ConsoleMessage) -> None:
        url = message.location["url"]
        elsewhere = url.startswith("http") and not url.startswith(address)
        if message.type == "error" and not elsewhere:  # a badge that is out of reach is no fault
            complaints.append(f"{message.text} ({url})")

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))


def assert_nothing_failed(opened: Opened) -> None:
    assert opened.notebook.errors() == []
    assert "This view failed" not in opened.area.inner_text()
    assert opened.complaints == []


def reopen_without_widgets(opened: Opened, tmp_path: Path) -> dict[str, Any]:
    """Save the chapter and open its committed form, unrun; give the explorer's saved bundle."""
    page = opened.notebook.page
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    saved = nbformat.read(opened.lab.root / opened.file, as_version=4)
    cell = [each for each in saved.cells if each.cell_type == "code"][opened.cell]
    bundles = [output["data"] for output in cell.outputs if "data" in output]
    [bundle] = [dict(data) for data in bundles if WIDGET_VIEW in data]
    normalise(saved)
    nbformat.write(saved, tmp_path / f"still_{opened.file}")
    opened.notebook = opened.lab.open(tmp_path / f"still_{opened.file}")
    expect(opened.area).to_be_visible(timeout=PATIENCE)
    assert opened.area.locator(".jupyter-widgets").count() == 0
    opened.area.screenshot(path=tmp_path / "still.png")
    return bundle


@pytest.mark.parametrize("chapter", ["00_start_here"], indirect=True)
def test_the_sinusoid_follows_the_task_and_the_step(chapter, tmp_path):
    picture = chapter.area.locator("img")
    seen = []

    def now_shows(text: str) -> None:
        expect(picture).to_have_attribute("alt", re.compile(text), timeout=PATIENCE)
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        seen.append((picture.get_attribute("alt"), picture.get_attribute("src")))

    now_shows(r"sinusoid 0 .* after \d")
    at_first = seen.pop()
    chapter.slide("inner step", "Home")
    now_shows(r"sinusoid 0 .* after 0 inner steps\.")
    chapter.slide("inner step", "ArrowRight")
    now_shows(r"sinusoid 0 .* after 1 inner step\.")
    chapter.slide("inner step", "End")
    now_shows(r"sinusoid 0 .* after 4 inner steps\.")
    chapter.slide("task", "ArrowRight")
    now_shows(r"sinusoid 1 .* after 4 inner steps\.")
    chapter.slide("task", "End")
    now_shows(r"sinusoid 7 .* after 4 inner steps\.")
    assert all(len(set(column)) == len(seen) for column in zip(*seen, strict=True))
    chapter.slide("task", "Home")
    now_shows(r"sinusoid 0 .* after 4 inner steps\.")
    assert seen[-1] == seen[2]
    chapter.area.screenshot(path=tmp_path / "explorer.png")
    assert_nothing_failed(chapter)

    bundle = reopen_without_widgets(chapter, tmp_path)
    assert bundle["text/plain"] == at_first[0]
    assert at_first[1].endswith(bundle["image/png"].strip())
    expect(picture).to_be_visible(timeout=PATIENCE)
    assert picture.get_attribute("src").endswith(bundle["image/png"].strip())


def dealt(opened: Opened) -> dict[str, tuple[int, int]]:
    """Support and query sentences on each card, by its class."""
    return {
        card.locator("p").first.inner_text().split(": ")[1]: tuple(
            each.locator("li").count() for each in card.locator("ul").all()
        )
        for card in opened.area.locator("section").all()
    }


@pytest.mark.parametrize("chapter", ["01_tasks_and_episodes"], indirect=True)
def test_the_cards_follow_ways_shots_queries_and_the_address(chapter, tmp_path):
    def sizes(ways: int, shots: int, queries: int) -> list[tuple[int, int]]:
        chapter.says(f"{ways}-way {shots}-shot: {ways * shots} support and {ways * queries} query")
        cards = dealt(chapter)
        assert len(cards) == ways
        assert set(cards.values()) == {(shots, queries)}
        return sorted(cards)

    sizes(5, 2, 2)
    chapter.slide("ways N", "ArrowLeft", times=2)
    sizes(3, 2, 2)
    chapter.slide("shots K", "ArrowRight")
    sizes(3, 3, 2)
    chapter.slide("queries Q", "ArrowLeft")
    sizes(3, 3, 1)
    chapter.slide("queries Q", "ArrowRight", times=3)
    train = sizes(3, 3, 4)

    first = chapter.texts("li")
    chapter.type_number("episode index", 7)
    chapter.says("Episode (seed 0, train, index 7)")
    seventh = chapter.texts("li")
    chapter.type_number("seed", 12)
    chapter.says("Episode (seed 12, train, index 7)")
    assert len({tuple(first), tuple(seventh), tuple(chapter.texts("li"))}) == 3
    chapter.type_number("seed", 0)
    chapter.type_number("episode index", 0)
    chapter.says("Episode (seed 0, train, index 0)")
    assert chapter.texts("li") == first
    chapter.area.screenshot(path=tmp_path / "explorer.png")

    chapter.choose_next("split")
    chapter.says("Episode (seed 0, validation, index 0)")
    validation = sizes(3, 3, 4)
    chapter.choose_next("split")
    chapter.says("Episode (seed 0, test, index 0)")
    test = sizes(3, 3, 4)
    assert len({*train, *validation, *test}) == 9

    chapter.slide("ways N", "End")
    expect(chapter.area.get_by_role("alert")).to_contain_text("No such episode", timeout=PATIENCE)
    assert dealt(chapter) == {}
    chapter.area.screenshot(path=tmp_path / "refusal.png")
    assert_nothing_failed(chapter)

    bundle = reopen_without_widgets(chapter, tmp_path)
    assert "5-way 2-shot" in bundle["text/plain"]
    sizes(5, 2, 2)


def answers(opened: Opened) -> list[list[str]]:
    """The rows of the query table: sentence, predicted, right class, verdict, this step."""
    rows = opened.area.get_by_role("table").nth(1).get_by_role("row").all()
    return [row.locator("th, td").all_inner_texts() for row in rows[1:]]


@pytest.mark.parametrize("chapter", ["06_few_shot_text"], indirect=True)
def test_the_verdicts_follow_the_step_the_learner_and_the_episode(chapter, tmp_path):
    def at(step: int, learner: str, episode: int = 0) -> list[list[str]]:
        chapter.says(f"{learner}, unseen episode {episode}, after {step} of 20 inner steps: ")
        rows = answers(chapter)
        assert len(rows) == 25
        right = sum(verdict == "✓ right" for *_, verdict, _ in rows)
        chapter.says(f": {right} of 25 query sentences right.")
        for _, predicted, truth, verdict, _ in rows:
            assert verdict == ("✓ right" if predicted == truth else "✗ wrong")
        return rows

    learners = chapter.notebook.control("learner").locator("option").all_inner_texts()
    learners = [each.replace("\xa0", " ") for each in learners]
    before = at(0, learners[0])
    assert not any(moved for *_, moved in before)
    chapter.slide("inner step", "ArrowRight")
    after = at(1, learners[0])
    for (_, was, *_), (_, now, _, _, moved) in zip(before, after, strict=True):
        assert moved == ("" if now == was else f"↻ was {was}")
    assert any(moved for *_, moved in after)
    chapter.slide("inner step", "End")
    at(20, learners[0])
    chapter.area.screenshot(path=tmp_path / "explorer.png")

    for learner in learners[1:]:
        chapter.choose_next("learner")
        rows = at(20, learner)
        assert [(row[0], row[2]) for row in rows] == [(row[0], row[2]) for row in before]
    chapter.type_number("episode", 3)
    rows = at(20, learners[-1], episode=3)
    assert [row[0] for row in rows] != [row[0] for row in before]
    assert_nothing_failed(chapter)

    bundle = reopen_without_widgets(chapter, tmp_path)
    assert f"{learners[0]}, unseen episode 0, after 0 of 20" in bundle["text/plain"]
    assert at(0, learners[0]) == before
