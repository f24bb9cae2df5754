"""The reader is asked every query sentence once, and told nothing until the end."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
import torch

from metalearn_lab.comparison.world import make_world
from metalearn_lab.explorers.reader_explorer import YOU, ReaderExplorer
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.sources import load_table

WAYS, QUERIES, EPISODES = 3, 2, 5
ALL = WAYS * QUERIES
LETTERS = "ABC"


@pytest.fixture(scope="module")
def world():
    return make_world(load_table("embedded"), ways=WAYS, shots=2, queries=QUERIES)


def guesses_of(name, episodes=EPISODES):
    return torch.randint(WAYS, (episodes, ALL), generator=generator("reader's rivals", name))


@pytest.fixture
def explorer(world):
    return ReaderExplorer(world, {name: guesses_of(name) for name in ("MAML", "prototypes")})


def press(explorer, letters):
    for letter in letters:
        explorer.buttons[letter].click()


def place(explorer):
    return explorer.controls["sentence"].value


def text_of(html):
    return " ".join(unescape(re.sub("<[^>]*>", " ", html)).split())


def shown(explorer):
    return text_of(explorer.view_widget.value)


def tables(explorer):
    """The body rows of each table, by its caption."""
    found = {}
    for table in re.findall("<table.*?</table>", explorer.view_widget.value):
        caption = text_of(re.search("<caption.*?</caption>", table)[0])
        rows = re.findall("<tr.*?</tr>", table)[1:]
        found[caption] = [list(map(text_of, re.findall("<t[hd].*?</t[hd]>", r))) for r in rows]
    return found


def asked(explorer):
    return text_of(re.search("<blockquote>.*?</blockquote>", explorer.view_widget.value)[0])


def questions(world, episode):
    """Letter of each query sentence of a test episode, as the sampler draws it."""
    drawn = world.row_sampler("test").episode(episode)
    pairs = zip(drawn.query_rows.tolist(), drawn.task.query.y.tolist(), strict=True)
    return {world.table.texts[row]: LETTERS[label] for row, label in pairs}


def test_every_query_sentence_is_asked_once_beside_the_support_set(explorer, world):
    for episode in range(EPISODES):
        explorer.controls["episode"].value = episode
        drawn = world.row_sampler("test").episode(episode)
        sentences = []
        for sentence in range(1, ALL + 1):
            explorer.controls["sentence"].value = sentence
            sentences.append(asked(explorer))
        assert sorted(sentences) == sorted(questions(world, episode))
        support = zip(drawn.task.support.y.tolist(), drawn.support_rows.tolist(), strict=True)
        assert sorted(map(tuple, tables(explorer)["The support set"])) == sorted(
            (LETTERS[label], world.table.texts[row]) for label, row in support
        )


def test_nothing_else_is_told_before_the_last_answer(explorer, world):
    names = [world.table.classes[c] for c in world.row_sampler("test").episode(0).classes]
    for answered in range(ALL):
        html = explorer.view_widget.value
        support = " ".join(" ".join(row) for row in tables(explorer)["The support set"])
        assert text_of(html) == (
            f"Sentence {answered + 1} of {ALL}. You have answered {answered}. {asked(explorer)} "
            f"The support set class sentence {support}"
        )
        assert set(re.findall(r'(\w+)="', html)) == {"style", "scope"}
        assert shown(explorer).startswith(explorer.current_view.data["text/plain"])
        press(explorer, "A")
    for word in ("MAML", "prototypes", "right class", *names):
        assert word in shown(explorer)


def test_what_is_shown_before_does_not_depend_on_what_is_right(world, explorer):
    """The labels of the query sentences are turned round; nothing that is shown changes."""
    turned = ReaderExplorer(world, explorer.guesses)
    honest = turned._sampler.episode

    def other_truth(index):
        drawn = honest(index)
        query = drawn.task.query
        return drawn._replace(task=drawn.task._replace(query=query._replace(y=2 - query.y)))

    turned._sampler.episode = other_truth
    for _ in range(ALL - 1):
        assert turned.redraw() == explorer.redraw()
        for each in (turned, explorer):
            press(each, "B")
    for each in (turned, explorer):
        press(each, "B")
    assert turned.current_view != explorer.current_view


def test_the_order_hides_the_labels_and_is_the_same_again(explorer, world):
    again = ReaderExplorer(world, {"MAML": guesses_of("MAML", 40)})
    labels = set()
    for episode in range(40):
        order = again.order(episode)
        assert sorted(order) == list(range(ALL))
        assert order == explorer.order(episode)
        truth = world.row_sampler("test").episode(episode).task.query.y
        labels.add(tuple(truth[order].tolist()))
    assert len(labels) > 25  # of 90
    assert {each[0] for each in labels} == {0, 1, 2}
    elsewhere = ReaderExplorer(replace(world, split_seed=1), explorer.guesses)
    assert [elsewhere.order(e) for e in range(9)] != [explorer.order(e) for e in range(9)]


def test_an_answer_leads_to_the_next_open_sentence_and_around(explorer):
    press(explorer, "A")
    assert place(explorer) == 2
    explorer.controls["sentence"].value = 4
    press(explorer, "B")
    assert place(explorer) == 5
    explorer.controls["sentence"].value = 3
    press(explorer, "C")
    assert place(explorer) == 5  # 4 has its answer
    press(explorer, "AB")
    assert place(explorer) == 2  # beyond the last one it begins again
    press(explorer, "C")
    assert place(explorer) == 2  # nothing is open
    assert explorer.answers[0] == {1: "A", 2: "C", 3: "C", 4: "B", 5: "A", 6: "B"}
    assert [row[2].strip(" ✗") for row in truths(explorer)] == list("ACCBAB")


def test_the_same_button_takes_an_answer_back_and_another_replaces_it(explorer):
    press(explorer, "A")
    explorer.controls["sentence"].value = 1
    assert "Your answer to this one is A; press A again" in shown(explorer)
    assert [b.button_style for b in explorer.buttons.values()] == ["primary", "", ""]
    press(explorer, "B")
    assert explorer.answers[0] == {1: "B"}
    explorer.controls["sentence"].value = 1
    press(explorer, "B")
    assert explorer.answers[0] == {}
    assert place(explorer) == 1
    assert "You have answered 0. " in shown(explorer)
    assert {b.button_style for b in explorer.buttons.values()} == {""}


def test_taking_back_the_last_answer_covers_the_truth_again(explorer):
    press(explorer, "ABCABC")
    assert "right class" in shown(explorer)
    press(explorer, explorer.answers[0][ALL])
    assert place(explorer) == ALL
    assert "right class" not in shown(explorer)


def test_answers_are_kept_for_each_episode(explorer):
    press(explorer, "AB")
    explorer.controls["episode"].value = 1
    assert place(explorer) == 1
    press(explorer, "C")
    explorer.controls["episode"].value = 0
    assert place(explorer) == 3
    assert explorer.answers == {0: {1: "A", 2: "B"}, 1: {1: "C"}}
    assert "You have answered 2." in shown(explorer)
    explorer.controls["episode"].value = 1
    assert place(explorer) == 2
    assert "You have answered 1." in shown(explorer)


def truths(explorer):
    return tables(explorer)["All sentences of the episode; ✗ stands after a wrong class"]


def marked(letter, right):
    return letter if letter == right else f"{letter} ✗"


@pytest.mark.parametrize("episode", [0, 3])
def test_in_the_end_all_is_told_and_counted(explorer, world, episode):
    explorer.controls["episode"].value = episode
    right, mine = questions(world, episode), {}
    rivals = {n: dict(zip(right, g[episode], strict=True)) for n, g in explorer.guesses.items()}
    for letter in "BACCAB":
        mine[asked(explorer)] = letter
        press(explorer, letter)
    assert [row[0] for row in truths(explorer)] == list(mine)
    for text, *letters in truths(explorer):
        theirs = [marked(LETTERS[guess[text]], right[text]) for guess in rivals.values()]
        assert letters == [right[text], marked(mine[text], right[text]), *theirs]
    counts = {YOU: sum(mine[text] == right[text] for text in right)}
    for name, guess in rivals.items():
        counts[name] = sum(LETTERS[guess[text]] == right[text] for text in right)
    assert len({*counts.values()}) > 1
    assert explorer.score(episode) == (counts, ALL)
    assert tables(explorer)["Right answers"] == [[n, f"{c} of {ALL}"] for n, c in counts.items()]
    told = "; ".join(f"{name}: {count}" for name, count in counts.items())
    said = f"Right answers to {ALL} sentences: {told}."
    assert explorer.current_view.data["text/plain"].endswith(said)
    names = world.row_sampler("test").episode(episode).classes.tolist()
    assert {row[0] for row in tables(explorer)["The support set"]} == {
        f"{letter}: {world.table.classes[c]}" for letter, c in zip(LETTERS, names, strict=True)
    }


def test_uncovered_early_only_what_is_answered_is_counted(explorer, world):
    right, texts = questions(world, 0), []
    explorer.controls["sentence"].value = 3
    for letter in "AC":
        texts.append(asked(explorer))
        press(explorer, letter)
    explorer.controls["uncover"].value = True
    guess = dict(zip(right, explorer.guesses["MAML"][0], strict=True))
    score = explorer.score(0)
    assert score.sentences == 2
    assert score.right[YOU] == (right[texts[0]] == "A") + (right[texts[1]] == "C")
    assert score.right["MAML"] == sum(LETTERS[guess[text]] == right[text] for text in texts)
    assert [row[2].strip(" ✗") for row in truths(explorer)] == ["–", "–", "A", "C", "–", "–"]
    explorer.controls["uncover"].value = False
    assert "right class" not in shown(explorer)


def test_uncovered_without_an_answer_the_rivals_are_counted_alone(explorer, world):
    explorer.controls["uncover"].value = True
    truth = world.row_sampler("test").episode(0).task.query.y
    expected = {n: int((g[0] == truth).sum()) for n, g in explorer.guesses.items()}
    assert explorer.score(0) == (expected, ALL)
    assert [name for name, _ in tables(explorer)["Right answers"]] == ["MAML", "prototypes"]


def test_texts_and_names_are_escaped(world):
    table = replace(
        world.table,
        texts=tuple(f"<i>{text}</i> & so" for text in world.table.texts),
        classes=tuple(f"<b>{name}" for name in world.table.classes),
    )
    explorer = ReaderExplorer(replace(world, table=table), {"<u>me": guesses_of("me")})
    press(explorer, "ABCABC")
    for tag in ("<i>", "<b>", "<u>", "& so"):
        assert tag not in explorer.view_widget.value
    assert asked(explorer).startswith("<i>")
    assert "A: <b>" in shown(explorer)
    assert "<u>me" in shown(explorer)


def test_as_many_episodes_can_be_picked_as_every_rival_has(world):
    rivals = {"MAML": guesses_of("MAML", 4), "prototypes": guesses_of("prototypes", 2)}
    assert ReaderExplorer(world, rivals).controls["episode"].max == 1


def test_what_cannot_be_asked_is_refused(world, explorer):
    with pytest.raises(ValueError, match="there are 26 letters for classes, got 27"):
        ReaderExplorer(replace(world, ways=27), explorer.guesses)
    with pytest.raises(ValueError, match="nobody to compare with"):
        ReaderExplorer(world, {})
    for shape in ((EPISODES, ALL + 1), (0, ALL), (ALL,), (EPISODES, ALL, 1)):
        with pytest.raises(ValueError, match=r"guesses are \[episodes, 6\] for 2 queries of each"):
            ReaderExplorer(world, {"MAML": torch.zeros(shape, dtype=torch.int64)})
    with pytest.raises(ValueError, match="'D' is none of the classes A, B, C"):
        explorer.answer("D")
