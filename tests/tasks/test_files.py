import csv
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, Features, Value

from metalearn_lab.tasks.class_splits import published_classes, split_classes
from metalearn_lab.tasks.sources import load_table


def write(folder: Path, split: str, rows: dict[str, list[Any]], names: str = "") -> None:
    """Write a split as the hub's client does; with names the labels are a ClassLabel."""
    features = None
    if names:
        features = Features({"text": Value("string"), "label": ClassLabel(names=names.split())})
    Dataset.from_dict(rows, features=features).to_parquet(folder / f"{split}.parquet")


def test_clinc150_without_out_of_scope(shared_data: Path) -> None:
    table = load_table("files", path=shared_data / "clinc150", exclude=("oos",))
    assert len(table.classes) == 150
    assert "oos" not in table.classes
    assert table.published_split is None, "all splits have the same classes"
    assert len(table.rows_of("translate")) == 150
    assert len(table) == 22500 - 8
    assert table.source.endswith("8 rows dropped, their text stands under two classes")


def test_banking77_has_no_validation_file(shared_data: Path) -> None:
    table = load_table("files", path=shared_data / "banking77")
    assert len(table.classes) == 77
    assert len(table) == 10003 + 3080
    assert "(train, test); 7 rows repeat a sentence of another split" in table.source
    assert len(set(table.groups)) < len(table), "some sentences stand twice"


def test_subj_is_one_split_of_two_classes(shared_data: Path) -> None:
    table = load_table("files", path=shared_data / "subj")
    assert (len(table), len(table.classes), table.published_split) == (10000, 2, None)
    with pytest.raises(ValueError, match="need at least 3 classes, the table has 2"):
        split_classes(table, seed=0)


def test_sib200_one_language_or_all(shared_data: Path) -> None:
    chinese = load_table("files", path=shared_data / "sib200", language="zho_Hans")
    every = load_table("files", path=shared_data / "sib200")
    assert len(chinese) == 1004
    assert chinese.classes == every.classes
    assert len(every) == 22 * 1004
    with pytest.raises(ValueError, match=r"no rows of language 'zh'; it has: .*eng_Latn"):
        load_table("files", path=shared_data / "sib200", language="zh")


def test_classes_are_compared_by_name_not_by_number(tmp_path: Path) -> None:
    write(tmp_path, "train", {"text": ["a1", "b1"], "label": [0, 1]}, names="a b")
    write(tmp_path, "test", {"text": ["b2", "a2"], "label": [0, 1]}, names="b a")
    table = load_table("files", path=tmp_path)
    named = {
        text: table.classes[label] for text, label in zip(table.texts, table.labels, strict=True)
    }
    assert named == {"a1": "a", "b1": "b", "b2": "b", "a2": "a"}


def test_class_disjoint_files_are_the_published_split(tmp_path: Path) -> None:
    write(tmp_path, "train", {"text": ["1", "2", "3"], "intent": ["d", "b", "oos"]})
    write(tmp_path, "validation", {"text": ["4"], "intent": ["a"]})
    write(tmp_path, "test", {"text": ["5"], "intent": ["c"]})
    table = load_table("files", path=tmp_path, exclude=("oos",))
    assert table.published_split == {"train": ("b", "d"), "validation": ("a",), "test": ("c",)}
    split = published_classes(table)
    assert [[table.classes[label] for label in part] for part in split] == [
        ["b", "d"],
        ["a"],
        ["c"],
    ]


def test_one_shared_class_means_no_published_split(tmp_path: Path) -> None:
    write(tmp_path, "train", {"text": ["1", "2"], "label": ["a", "b"]})
    write(tmp_path, "test", {"text": ["3", "4"], "label": ["b", "c"]})
    assert load_table("files", path=tmp_path).published_split is None


def test_shards_of_a_split_are_one_split(tmp_path: Path) -> None:
    write(tmp_path, "train-00000-of-00002", {"text": ["1"], "label": ["a"]})
    write(tmp_path, "train-00001-of-00002", {"text": ["2"], "label": ["b"]})
    table = load_table("files", path=tmp_path)
    assert table.texts == ("1", "2")
    assert table.source.endswith("(train)")


def test_repeats_share_a_group_and_ambiguous_texts_go(tmp_path: Path) -> None:
    texts = ["Hello", "hello ", "bye", "well", "WELL"]
    write(tmp_path, "train", {"text": texts, "category": ["a", "a", "b", "a", "b"]})
    table = load_table("files", path=tmp_path)
    assert table.texts == ("Hello", "hello ", "bye")
    assert table.groups == (0, 0, 1)
    assert table.source.endswith("; 2 rows dropped, their text stands under two classes")


def test_integer_labels_without_names_become_text(tmp_path: Path) -> None:
    file = tmp_path / "train.parquet"
    pd.DataFrame({"sentence": ["x", "y"], "label": [7, 3]}).to_parquet(file)
    assert load_table("files", path=tmp_path).classes == ("3", "7")


def test_reading_leaves_no_cache_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "train", {"text": ["x", "y"], "label": ["a", "b"]})
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    load_table("files", path=".")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            {"body": ["x"], "label": ["a"]},
            "no text column: looked for text, utt, sentence, its columns are body, label: rename",
        ),
        ({"text": ["x"], "topic": ["a"]}, "no label column: .*columns are text, topic: rename"),
        (
            {"text": ["x", " "], "label": ["a", "b"]},
            r"row 1 of train \(counted from 0\) has no "
            "text, but ' ': remove or fill it",
        ),
        ({"text": ["x", None], "label": ["a", "b"]}, "row 1 of train .* has no text, but None"),
        ({"text": ["x", "y"], "label": ["a", None]}, "row 1 of train .* no class, but label None"),
        ({"text": ["x", "y"], "label": [1.0, float("nan")]}, "row 1 .* no class, but label nan"),
        ({"text": ["x", "y"], "label": [1.0, 0.5]}, "row 1 .* no class, but label 0.5"),
        ({"text": [["x"], ["y"]], "label": [0, 1]}, r"row 0 of train .* no text, but \['x'\]"),
        ({"text": ["x", "y"], "label": ["a", "a"]}, "two classes or more, but .* has 1: a"),
    ],
)
def test_unusable_rows_are_refused(tmp_path: Path, rows: dict[str, Any], message: str) -> None:
    write(tmp_path, "train", rows)
    with pytest.raises(ValueError, match=message):
        load_table("files", path=tmp_path)


def test_unlabelled_class_label_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "test", {"text": ["x", "y"], "label": [0, -1]}, names="a b")
    with pytest.raises(ValueError, match=r"row 1 of test .* has no class, but label -1"):
        load_table("files", path=tmp_path)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file or folder .*nowhere: path is a file"):
        load_table("files", path=tmp_path / "nowhere")


def test_no_parquet_lists_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("text,label\n")
    with pytest.raises(
        FileNotFoundError, match=r"no \.parquet, \.csv, \.jsonl file in .*: train\.txt"
    ):
        load_table("files", path=tmp_path)


def test_file_that_is_no_split(tmp_path: Path) -> None:
    write(tmp_path, "ratings", {"text": ["x"], "label": ["a"]})
    with pytest.raises(ValueError, match=r"ratings\.parquet is not named as a split"):
        load_table("files", path=tmp_path)


def test_file_that_is_not_parquet(tmp_path: Path) -> None:
    (tmp_path / "train.parquet").write_text("text,label\n")
    with pytest.raises(ValueError, match=r"train\.parquet is not a readable parquet file"):
        load_table("files", path=tmp_path)


def test_excluding_an_unknown_class_names_the_classes(tmp_path: Path) -> None:
    write(tmp_path, "train", {"text": ["x", "y"], "label": ["a", "b"]})
    with pytest.raises(ValueError, match=r"no class named \['oos'\]; the classes are: a, b"):
        load_table("files", path=tmp_path, exclude=("oos",))


def test_excluding_all_but_one_class(tmp_path: Path) -> None:
    write(tmp_path, "train", {"text": ["x", "y"], "label": ["a", "b"]})
    with pytest.raises(ValueError, match="two classes or more"):
        load_table("files", path=tmp_path, exclude=("a",))


def test_language_without_a_language_column(tmp_path: Path) -> None:
    write(tmp_path, "train", {"text": ["x", "y"], "label": ["a", "b"]})
    with pytest.raises(ValueError, match="language 'en' was asked for, but train has no 'lang'"):
        load_table("files", path=tmp_path, language="en")


ROWS = {"text": ["1", "2"], "label": ["a", "b"]}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            ["train-00000-of-00003"],
            "train has 1 of its 3 shards: 00001, 00002 of 00003 are missing",
        ),
        (
            ["train", "train-00000-of-00001"],
            r"train is there more than once: .*keep one train\.par",
        ),
        (["train-00000-of-00002", "train-00001-of-00003"], "train is there more than once"),
        (["train-00000-of-00001", "train-00000-of-00001-0123456789abcdef"], "more than once"),
        (["train-00002-of-00002", "train-00001-of-00002"], "00000 of 00002 are missing"),
        (["more/train"], r"holds more/train\.parquet: only files of this folder itself"),
    ],
)
def test_a_split_must_be_there_once_and_whole(
    tmp_path: Path, files: list[str], message: str
) -> None:
    (tmp_path / "more").mkdir()
    for number, file in enumerate(files):
        write(tmp_path, file, {"text": [f"{number}", "x"], "label": ["a", "b"]})
    with pytest.raises(ValueError, match=message):
        load_table("files", path=tmp_path)


def test_an_unfinished_download_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "train", ROWS)
    (tmp_path / "test.parquet.part").write_bytes(b"PAR1")
    with pytest.raises(ValueError, match=r"holds test\.parquet\.part: .*finish the download"):
        load_table("files", path=tmp_path)


@pytest.mark.parametrize("copy", ["test", "train-00001-of-00002"])
def test_a_copied_file_is_refused(tmp_path: Path, copy: str) -> None:
    first = "train" if copy == "test" else "train-00000-of-00002"
    write(tmp_path, first, ROWS)
    (tmp_path / f"{copy}.parquet").write_bytes((tmp_path / f"{first}.parquet").read_bytes())
    with pytest.raises(ValueError, match="byte for byte: its rows would count twice"):
        load_table("files", path=tmp_path)


def test_rows_that_repeat_another_split_share_its_groups_and_are_counted(tmp_path: Path) -> None:
    write(tmp_path, "train", {"text": ["one", "two", "three"], "label": ["a", "b", "b"]})
    write(tmp_path, "test", {"text": ["ONE", "two", "four"], "label": ["a", "b", "b"]})
    table = load_table("files", path=tmp_path)
    assert table.groups == (0, 1, 2, 0, 1, 3)
    assert table.source.endswith(
        "; 2 rows repeat a sentence of another split, as one group with it"
    )


def test_all_rows_ambiguous_says_why_and_how_many(tmp_path: Path) -> None:
    write(tmp_path, "train", {"text": ["x", "X"], "label": ["a", "b"]})
    with pytest.raises(ValueError, match="has 0: none; 2 rows dropped, their text stands under tw"):
        load_table("files", path=tmp_path)


def test_numbers_in_one_split_and_names_in_another_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "train", {"text": ["x", "y"], "label": [0, 1]})
    write(tmp_path, "test", {"text": ["v", "w"], "label": [0, 1]}, names="yes no")
    with pytest.raises(
        ValueError, match=r"numbers \{'train': \['0', '1'\]\}, names \{'test': .*no"
    ):
        load_table("files", path=tmp_path)


@pytest.mark.parametrize("hidden", [-1, None])
def test_a_split_with_hidden_labels_is_left_out_and_counted(tmp_path: Path, hidden: Any) -> None:
    write(tmp_path, "train", {"text": ["x", "y"], "label": [0, 1]}, names="a b")
    write(tmp_path, "test", {"text": ["v", "w"], "label": [hidden, hidden]}, names="a b")
    table = load_table("files", path=tmp_path)
    assert table.texts == ("x", "y")
    assert "; 2 rows of test left out, their labels are hidden" in table.source


def test_class_names_in_two_unicode_forms_are_one_class(tmp_path: Path) -> None:
    write(tmp_path, "train", {"text": ["x", "y"], "label": ["caf\u00e9", "tea"]})
    write(tmp_path, "test", {"text": ["v", "w"], "label": ["cafe\u0301", "tea\u200b"]})
    table = load_table("files", path=tmp_path)
    assert table.classes == ("caf\u00e9", "tea")
    assert table.published_split is None


SENTENCES = [
    ("turn it on", "on"),
    ("make it, please, dark", "off"),
    ('say "on"', "on"),
    ("café", "off"),
]


def test_csv_and_json_lines_are_read_as_parquet_is(tmp_path: Path) -> None:
    texts, labels = ([row[i] for row in SENTENCES] for i in (0, 1))
    write(tmp_path / "a", "train", {"text": texts, "label": labels})
    (tmp_path / "b").mkdir()
    with (tmp_path / "b" / "train.csv").open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows([("text", "label"), *SENTENCES])
    lines = [json.dumps({"label": label, "text": text}) for text, label in SENTENCES]
    (tmp_path / "own.jsonl").write_text("\n".join(lines) + "\n\n", encoding="utf-8")
    expected = load_table("files", path=tmp_path / "a")
    for path in ("b", "b/train.csv", "own.jsonl"):
        found = load_table("files", path=tmp_path / path)
        assert (found.texts, found.labels, found.groups) == (
            expected.texts,
            expected.labels,
            expected.groups,
        )
        assert found.classes == ("off", "on")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("own.csv", b"text,label\nhello,greet\nbye\n", r"row 1 .* another number of fields"),
        ("own.csv", b"text,label\none, two,greet\n", r"row 0 .* another number of fields"),
        ("own.csv", b"text,label\n", r"no text|has 0"),
        ("own.csv", b"a,b\n1,2\n", r"own has no text column: .* its columns are a, b"),
        ("own.csv", "text,label\ncafé,x\n".encode("latin-1"), r"own\.csv is not in UTF-8"),
        ("own.jsonl", b'{"text": "a"}\nnonsense\n', r"line 2 of .*own\.jsonl is no JSON"),
        ("own.jsonl", b'{"text": "a", "label": "b"}\n[1]\n', r"line 2 .* is no JSON object"),
        ("own.jsonl", b'{"text": "a", "label": "b"}\n{"text": "c", "label": 1}\n', "several types"),
        ("own.jsonl", b'{"text": "a", "label": "b"}\n{"text": "c"}\n', "no class, but label None"),
        ("own.txt", b"hello", r"own\.txt is none of \.parquet, \.csv, \.jsonl: save it"),
    ],
)
def test_a_file_that_is_not_what_its_name_says(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_table("files", path=tmp_path / name)
