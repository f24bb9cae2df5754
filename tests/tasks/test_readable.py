"""The hand-picked sentences: all of them in the table, enough of each class for an episode."""

from collections import Counter

from metalearn_lab.tasks.dealing import dealable_classes
from metalearn_lab.tasks.sources import load_table
from metalearn_lab.tasks.sources.readable import readable_part
from metalearn_lab.tasks.table import LabelledTable


def test_they_are_rows_of_the_table_with_its_classes_and_templates():
    table = load_table("embedded")
    picked = readable_part(table)
    row_of = {text: row for row, text in enumerate(table.texts)}
    assert len(picked) == 252
    assert picked.classes == table.classes
    for text, label, group in zip(picked.texts, picked.labels, picked.groups, strict=True):
        assert (table.labels[row_of[text]], table.groups[row_of[text]]) == (label, group)


def test_each_class_has_enough_for_every_setting_of_the_cards():
    picked = readable_part(load_table("embedded"))
    sizes = Counter(picked.labels)
    assert len(sizes) == 34
    assert {*dealable_classes(picked.labels, picked.groups, shots=3, queries=2)} == {*sizes}
    templates = Counter(label for label, _ in {*zip(picked.labels, picked.groups, strict=True)})
    assert (min(sizes.values()), max(sizes.values())) == (5, 9)
    assert min(templates.values()) == 3


def test_another_table_stays_whole_though_it_shares_a_word():
    other = LabelledTable(("pause", "weiter"), (0, 1), ("a", "b"), (0, 1), "here")
    assert readable_part(other) is other
