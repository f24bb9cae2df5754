"""The table under a picture: a real one, with headers that are marked as such."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from metalearn_lab.explorers.explorer import Table, table_html

TABLE = Table("after 2 steps & more", ("learner", "loss"), [("MAML", "0.10"), ("<b>", "1 < 2")])


def test_every_cell_and_header_is_there_and_escaped():
    tree = ElementTree.fromstring(table_html(TABLE))
    assert tree.findtext("caption") == TABLE.caption
    assert [each.text for each in tree.iter("th") if each.get("scope") == "col"] == [
        "learner",
        "loss",
    ]
    assert [each.text for each in tree.iter("th") if each.get("scope") == "row"] == ["MAML", "<b>"]
    assert [each.text for each in tree.iter("td")] == ["0.10", "1 < 2"]


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"2 columns, but a row is \['MAML'\]"):
        table_html(TABLE._replace(rows=[("MAML",)]))
