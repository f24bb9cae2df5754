import datasets
import pytest

from metalearn_lab.tasks.table import (
    LabelledTable,
    Row,
    ambiguous_texts,
    build_table,
    labelled_columns,
    normalised,
    text_groups,
)


def test_classes_are_numbered_by_name_and_groups_by_first_row() -> None:
    rows = [Row("one", "z", "t1"), Row("two", "a", "t2"), Row("three", "z", "t1")]
    table = build_table(rows, "here")
    assert table.classes == ("a", "z")
    assert table.labels == (1, 0, 1)
    assert table.groups == (0, 1, 0)
    assert len(table) == 3
    assert table.rows_of("z") == (0, 2)


def test_one_group_key_under_two_classes_is_two_groups() -> None:
    table = build_table([Row("on", "a", "same"), Row("off", "b", "same")], "here")
    assert table.groups == (0, 1)


def test_unknown_class_names_the_classes_there_are() -> None:
    table = build_table([Row("one", "a", 0), Row("two", "b", 1)], "here")
    with pytest.raises(ValueError, match=r"no class named \['c'\]; the classes are: a, b"):
        table.rows_of("c")


@pytest.mark.parametrize(
    ("labels", "classes", "groups", "message"),
    [
        ((0,), ("a",), (0, 1), "equally long, got {'texts': 2, 'labels': 1, 'groups': 2}"),
        ((0, 1), ("a",), (0, 1), r"labels must lie in 0\.\.0 for 1 classes, found 0\.\.1"),
        ((0, -1), ("a",), (0, 1), r"found -1\.\.0"),
        ((0, 1), ("a", "a"), (0, 1), r"must differ, but \['a'\] occur more than once"),
    ],
)
def test_columns_that_do_not_fit_are_refused(
    labels: tuple[int, ...], classes: tuple[str, ...], groups: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        LabelledTable(("one", "two"), labels, classes, groups, "here")


def test_case_and_white_space_do_not_make_another_sentence() -> None:
    assert normalised("  Turn ON\tthe\nlight ") == "turn on the light"
    assert text_groups(["Turn on", "turn  ON", "off"]) == (0, 0, 1)


def test_ambiguous_are_texts_of_two_classes_not_repeats_in_one() -> None:
    rows = [Row("Stop", "a", 0), Row("stop", "b", 1), Row("go", "a", 2), Row("Go", "a", 3)]
    assert ambiguous_texts(rows) == {"stop"}


def test_string_labels_are_numbered_in_sorted_order() -> None:
    data = datasets.Dataset.from_dict({"text": ["x", "y", "z"], "label": ["b", "a", "b"]})
    assert labelled_columns(data, "text", "label") == (["x", "y", "z"], [1, 0, 1], ["a", "b"])


def test_missing_column_names_those_there_are() -> None:
    data = datasets.Dataset.from_dict({"body": ["x"], "label": [0]})
    with pytest.raises(ValueError, match=r"no column 'text'; the columns are \['body', 'label'\]"):
        labelled_columns(data, "text", "label")
