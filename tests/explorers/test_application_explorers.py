"""The desk answers as the desk does apart; the alarm's numbers are those of a long stream."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import torch

from metalearn_lab.comparison.opinions import Reader
from metalearn_lab.experiments.cusum import alarms, first_alarm, mean_run_length
from metalearn_lab.explorers.alarm_explorer import (
    LENGTH,
    ONSET,
    AlarmExplorer,
    chances,
    labels_by_opinion,
    shares,
)
from metalearn_lab.explorers.desk_explorer import LOWEST
from metalearn_lab.figures.drawing import Curve, Dot
from metalearn_lab.tasks.types import Split, Task
from tests.explorers.small_explorers import alarm_explorer, desk_explorer


def rows(explorer):
    found = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in found]


def test_the_desk_shows_what_it_answers():
    explorer = desk_explorer()
    for sentence, threshold in (("play a song", -2.0), ("set a timer", -40.0), ("lights on", 0.0)):
        explorer.controls["sentence"].value = sentence
        explorer.move("threshold", (threshold, 0.0))
        answer = replace(explorer.desk, threshold=threshold).ask(sentence)
        shown = [name for name, _, _ in rows(explorer)[: len(answer.scores)]]
        assert shown == [name for name, _ in answer.scores]
        fits = [row[2] for row in rows(explorer)[: len(answer.scores)]]
        assert fits == ["yes" if score >= threshold else "no" for _, score in answer.scores]
        assert (answer.intent or "no intent fits") in explorer.view_widget.value
        dots = [mark for mark in explorer.drawing.marks if isinstance(mark, Dot)]
        wanted = [max(score, LOWEST) for _, score in answer.scores]
        assert [dot.x for dot in reversed(dots)] == pytest.approx(wanted)
        assert [dot.filled for dot in reversed(dots)] == [yes == "yes" for yes in fits]


def test_a_lesson_is_learned_and_changes_no_weight():
    explorer = desk_explorer()
    weights = [weight.clone() for weight in explorer.desk.learner.parameters()]
    explorer.teach_button.click()
    assert explorer.desk.intents["music"].sentences == ("play a song", "music please")
    assert "“play a song”: music" in explorer.view_widget.value
    assert all(map(torch.equal, weights, explorer.desk.learner.parameters()))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("sentences", "", "needs a sentence"),
        ("sentences", "lights on", "already a sentence"),
        ("name", "", "is empty"),
        ("reply", "{place}", "no slot place"),
    ],
)
def test_what_cannot_be_taught_is_said_and_nothing_is_lost(field, value, said):
    explorer = desk_explorer()
    before = explorer.desk
    explorer.fields[field].value = value
    explorer.teach_button.click()
    assert explorer.desk is before
    assert said in explorer.view_widget.value
    explorer.fields["name"].value = "music"
    explorer.fields["sentences"].value = "a new one"
    explorer.fields["reply"].value = ""
    explorer.teach_button.click()
    assert "Not taught" not in explorer.view_widget.value
    assert "music" in explorer.desk.intents


def test_markup_is_shown_as_text_and_an_empty_line_is_said():
    explorer = desk_explorer()
    explorer.controls["sentence"].value = "<b>bold</b>"
    assert "<b>bold</b>" not in explorer.view_widget.value
    assert "&lt;b&gt;bold" in explorer.view_widget.value
    explorer.controls["sentence"].value = "  "
    assert "a sentence is empty" in explorer.view_widget.value


def stream_counts(explorer, reader, drift, many=400):
    """What many streams count on average, by other seeds of the same explorer."""
    values = []
    for seed in range(many):
        another = AlarmExplorer({reader: explorer.predictions[reader]}, seed)
        values += another.read(reader, drift)[ONSET:]
    return sum(values) / len(values)


@pytest.mark.parametrize("reader", ["true labels", "a poor reader"])
def test_the_stream_counts_what_the_exact_chances_say(reader):
    explorer = alarm_explorer()
    for drift in (0.0, 0.3):
        exact = chances(explorer.predictions[reader], drift)
        mean = sum(value / 4 * chance for value, chance in exact.items())
        assert sum(exact.values()) == pytest.approx(1)
        assert stream_counts(explorer, reader, drift, 60) == pytest.approx(mean, abs=0.04)


def test_true_labels_have_the_chances_of_the_mix():
    labels = alarm_explorer().predictions["true labels"]
    assert chances(labels, 0.1) == pytest.approx(dict(zip((4, 0, -4), shares(0.1), strict=True)))


def test_every_number_follows_the_controls():
    explorer = alarm_explorer()
    for reader, drift, allowance, bar in (
        ("true labels", 0.2, 1, 6.0),
        ("a poor reader", 0.35, 2, 2.25),
        ("a poor reader", 0.0, 0, 11.0),
    ):
        explorer.controls["reader"].value = reader
        explorer.controls["drift"].value = drift
        explorer.controls["allowance"].value = allowance
        explorer.move("h", (30.0, bar))
        exact = [
            mean_run_length(chances(explorer.predictions[reader], d), allowance, round(4 * bar))
            for d in (0.0, drift)
        ]
        values = explorer.read(reader, drift)
        (_, false, seen), (_, mean, delay) = rows(explorer)
        assert float(false) == pytest.approx(1000 / exact[0], abs=0.06)
        assert float(mean) == pytest.approx(exact[1], abs=0.06)
        before = alarms(values[:ONSET], allowance / 4, bar)
        assert float(seen) == pytest.approx(1000 * len(before) / ONSET, abs=0.06)
        sums = [0.0]
        for value in values[ONSET:]:
            sums.append(max(0.0, sums[-1] + value - allowance / 4))
        alarm = first_alarm(sums[1:], bar)
        assert delay == ("none" if alarm is None else str(alarm))
        dots = [m for m in explorer.drawing.marks if isinstance(m, Dot) and m.label == "alarm"]
        assert [dot.x for dot in dots] == ([] if alarm is None else [ONSET + alarm])
        [line] = [m for m in explorer.drawing.marks if getattr(m, "label", "") == "bar h"]
        assert isinstance(line, Curve)
        assert list(line.y) == [bar, bar]
        assert len(values) == LENGTH


def test_labels_stand_by_the_opinion_that_is_true():
    y = torch.tensor([[0, 1, 2, 0, 1, 2]])
    tasks = Task(
        Split(torch.zeros(1, 1, 1), torch.zeros(1, 1).long()), Split(torch.eye(6)[None], y)
    )
    right: Reader = lambda support, x: torch.nn.functional.one_hot(y, 3).float()  # noqa: E731
    truth = torch.tensor([[0, 0], [1, 1], [2, 2]])
    assert torch.equal(labels_by_opinion(None, tasks), truth)
    assert torch.equal(labels_by_opinion(right, tasks), truth)
