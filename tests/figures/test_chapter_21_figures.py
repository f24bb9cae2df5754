"""Chapter 21's figures: a code for each language, a row for each class, a dot for each reader."""

import pandas as pd
import pytest
import torch

from metalearn_lab.figures.language_map import language_map_figure, part_of_languages
from metalearn_lab.figures.name_translation import translation_figure
from metalearn_lab.figures.picture_classes import picture_classes_figure
from metalearn_lab.figures.reader_dots import reader_dots_figure
from metalearn_lab.tasks.class_splits import ClassSplit
from metalearn_lab.tasks.language_names import LanguageSplit


def test_every_language_stands_in_every_panel():
    split = LanguageSplit(("aa", "bb"), ("cc",), ("dd",), {})
    parts = part_of_languages(split)
    assert parts == {"aa": "train", "bb": "train", "cc": "validation", "dd": "test"}
    figure = language_map_figure(torch.rand(4, 6), sorted(parts), {"one": parts, "two": parts})
    panels = figure.get_axes()
    assert len(panels) == 2
    for panel in panels:
        assert sorted(text.get_text() for text in panel.texts) == sorted(parts)
    with pytest.raises(ValueError, match="at least one"):
        language_map_figure(torch.rand(4, 6), sorted(parts), {})


def test_every_class_has_a_row_of_its_part():
    split = ClassSplit((0, 2), (1,), (3,))
    figure = picture_classes_figure(torch.rand(40, 4, 4), torch.arange(40) % 4, {7: split})
    rows = [[label.get_text() for label in a.get_yticklabels()] for a in figure.get_axes()]
    assert rows == [["0", "2"], ["1"], ["3"]]
    assert figure.get_axes()[2].get_title(loc="left") + figure.get_axes()[2].get_title() == (
        "split 7: test"
    )
    with pytest.raises(ValueError, match="at least one"):
        picture_classes_figure(torch.rand(4, 4, 4), torch.arange(4), {})


def test_dots_are_means_over_the_seeds():
    rows = [
        {"method": m, "seed": s, "accuracy": a}
        for m, values in {"one": (0.5, 0.7), "two": (0.2, 0.2)}.items()
        for s, a in enumerate(values)
    ]
    figure = reader_dots_figure({"t": pd.DataFrame(rows)}, ["one", "two"], ["two"], over="2 seeds")
    xs = [x for line in figure.get_axes()[0].lines for x in line.get_xdata()]
    assert any(abs(x - 60) < 1e-6 for x in xs)
    assert any(abs(x - 20) < 1e-6 for x in xs)


def test_a_line_for_each_pair_of_languages():
    curves = {"a to b": {0: [0.1, 0.2], 5: [0.5, 0.6]}, "a to c": {0: [0.9, 0.9], 5: [0.9, 1.0]}}
    figure = translation_figure(curves, over="2 draws")
    [panel] = figure.get_axes()
    assert [line.get_label() for line in panel.lines] == list(curves)
    assert panel.lines[0].get_ydata() == pytest.approx([0.15, 0.55])
    with pytest.raises(ValueError, match="lines can be drawn"):
        translation_figure({}, over="none")
