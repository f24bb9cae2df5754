"""Each control changes the cards as it must; the cards are the sampler's episode, on real text."""

import time
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import torch

from metalearn_lab.explorers.episode_cards import episode_cards
from metalearn_lab.explorers.episode_explorer import EpisodeExplorer
from metalearn_lab.tasks.class_splits import split_classes
from metalearn_lab.tasks.episodes import EpisodeSampler
from metalearn_lab.tasks.sources import load_table
from metalearn_lab.tasks.table import LabelledTable


class Cards(HTMLParser):
    """Reads the cards as a screen reader would: headings, lists, the language of sentences."""

    def __init__(self, html):
        super().__init__()
        self.sides, self.titles, self.languages, self.frames = [], [], set(), {}
        self._in = ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        facts = dict(attributes)
        if facts.get("role") == "heading":
            self._in, self._text = f"heading {facts['aria-level']}", ""
        elif tag == "li":
            self.frames.setdefault(self.sides[-1][0], set()).add(facts["style"].split(";")[0])
        elif "lang" in facts:
            self.languages.add(facts["lang"])
            self._in, self._text = "sentence", ""

    def handle_data(self, data):
        if self._in:
            self._text += data

    def handle_endtag(self, tag):
        if self._in == "sentence":
            self.sides[-1][1].append(self._text)
        elif self._in == "heading 3" and tag == "p":
            self.titles.append(self._text)
        elif self._in == "heading 4" and tag == "p":
            self.sides.append((self._text.split()[1], []))
        if self._in == "sentence" or tag == "p":
            self._in = ""

    def texts(self, word):
        """Sentences of a side, by class."""
        return [texts for side, texts in self.sides if side == word]


@pytest.fixture(scope="module")
def table():
    return load_table("embedded")


@pytest.fixture(scope="module")
def classes(table):
    return split_classes(table, seed=0)


@pytest.fixture
def explorer(table, classes):
    return EpisodeExplorer(table, classes)


def cards(explorer):
    return Cards(explorer.view_widget.value)


def set_values(explorer, **values):
    for name, value in values.items():
        explorer.controls[name].value = value


def expected(table, classes, *, ways, shots, queries, split, seed, index):
    episode = EpisodeSampler(
        torch.arange(len(table)),
        table.labels,
        ways=ways,
        shots=shots,
        queries=queries,
        classes=getattr(classes, split),
        groups=table.groups,
        split=split,
        seed=seed,
    ).episode(index)
    sides = [
        [
            [table.texts[row] for row, y in zip(rows, split_.y, strict=True) if y == label]
            for label in range(ways)
        ]
        for rows, split_ in zip(
            (episode.support_rows, episode.query_rows), episode.task, strict=True
        )
    ]
    return [table.classes[name] for name in episode.classes], *sides


SETTINGS = [
    {"ways": 5, "shots": 1, "queries": 2, "split": "train", "seed": 0, "index": 0},
    {"ways": 3, "shots": 4, "queries": 5, "split": "test", "seed": 7, "index": 41},
    {"ways": 12, "shots": 2, "queries": 1, "split": "validation", "seed": 1, "index": 9},
]


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_cards_are_the_episode_at_the_address(explorer, table, classes, setting):
    set_values(explorer, **setting)
    names, support, query = expected(table, classes, **setting)
    found = cards(explorer)
    assert found.titles == [f"Label {label}: {name}" for label, name in enumerate(names)]
    assert found.texts("support") == support
    assert found.texts("query") == query


def counts(explorer):
    found = cards(explorer)
    support, query = found.texts("support"), found.texts("query")
    return len(found.titles), {len(each) for each in support}, {len(each) for each in query}


def test_each_count_changes_what_it_says(explorer):
    assert counts(explorer) == (5, {1}, {2})
    set_values(explorer, ways=7)
    assert counts(explorer) == (7, {1}, {2})
    set_values(explorer, shots=3)
    assert counts(explorer) == (7, {3}, {2})
    set_values(explorer, queries=4)
    assert counts(explorer) == (7, {3}, {4})


@pytest.mark.parametrize(("control", "value"), [("seed", 1), ("index", 1), ("split", "test")])
def test_another_address_is_another_episode_and_back_again_the_same(explorer, control, value):
    first = explorer.view_widget.value
    before = explorer.controls[control].value
    set_values(explorer, **{control: value})
    assert cards(explorer).texts("support") != Cards(first).texts("support")
    set_values(explorer, **{control: before})
    assert explorer.view_widget.value == first


def test_the_split_decides_the_classes(explorer, table, classes):
    for part, members in classes._asdict().items():
        set_values(explorer, split=part)
        names = {title.split(": ", 1)[1] for title in cards(explorer).titles}
        assert names <= {table.classes[member] for member in members}


def test_support_and_query_differ_by_frame_word_and_symbol(explorer):
    frames = cards(explorer).frames
    assert set(frames) == {"support", "query"}
    assert all("solid" in frame for frame in frames["support"])
    assert all("dashed" in frame for frame in frames["query"])
    assert explorer.view_widget.value.count("■") == 5 * (1 + 1)  # each sentence, and each heading
    assert explorer.view_widget.value.count(">?<") == 5 * (2 + 1)


def test_what_cannot_be_dealt_is_said_and_the_explorer_goes_on(explorer):
    set_values(explorer, split="test", ways=15)
    message = explorer.view_widget.value
    assert "15-way episodes need 15 classes, but split &#x27;test&#x27; has 12" in message
    assert 'role="alert"' in message
    assert "Traceback" not in message
    assert "15-way episodes" in explorer.current_view.data["text/plain"]
    set_values(explorer, ways=4)
    assert len(cards(explorer).titles) == 4


def test_text_is_escaped_and_has_its_language(table, classes):
    tricky = "<script>alert(1)</script> & 灯"
    few = replace(table, texts=(tricky,) * len(table))
    found = EpisodeExplorer(few, classes, language="zh-CN")
    assert "<script>" not in found.view_widget.value
    assert cards(found).texts("support")[0] == [tricky]
    assert cards(found).languages == {"zh-CN"}


def test_a_class_name_is_escaped():
    small = LabelledTable(("a", "b", "c", "d"), (0, 0, 1, 1), ("<b>", "x&y"), (0, 1, 2, 3), "here")
    sampler = EpisodeSampler(
        torch.arange(4), small.labels, ways=2, shots=1, queries=1, groups=small.groups
    )
    html = episode_cards(sampler.episode(0), small)
    assert "<b>" not in html
    assert {title.split(": ")[1] for title in Cards(html).titles} == {"<b>", "x&y"}


def test_it_redraws_fast_enough_to_feel_immediate(explorer):
    """The fastest of several moves: what else the machine does is not measured."""
    seconds = []
    for index in range(1, 8):
        start = time.perf_counter()
        set_values(explorer, index=index)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.06
