import pytest

from metalearn_lab.sweep.sweep_file import Entry, read_sweep_file
from metalearn_lab.workbook.chapters import select
from metalearn_lab.workbook.errors import WorkbookError


@pytest.fixture
def read(tmp_path):
    def read(text):
        (tmp_path / "sweep.yml").write_text(text, encoding="utf-8")
        return read_sweep_file(tmp_path / "sweep.yml")

    return read


def test_a_value_is_a_list_of_one(read):
    [start, text] = select(["0", "6"])
    found = read(
        "- chapter: 0\n  parameters:\n    seed: [0, 1]\n    inner_lr: 0.01\n"
        "- chapter: 06_few_shot_text\n"
    )
    grid = {"seed": ["0", "1"], "inner_lr": ["0.01"]}  # read when their types are known
    assert found == [Entry(start, grid), Entry(text, {})]


@pytest.mark.parametrize("name", ["6", "06", "'06'", "few_shot_text", "06_few_shot_text"])
def test_a_chapter_is_named_as_for_a_run(read, name):
    assert read(f"- chapter: {name}\n")[0].chapter.number == 6


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"sweep\.yml holds nothing, but a sweep file is a list of entries such as"),
        ("[]", "holds nothing"),
        ("chapter: 0", "holds a dict, not a list"),
        ("- 0", "entry 1 does not name a chapter"),
        ("- chapter: 0\n- parameters: {}", "entry 2 does not name a chapter"),
        ("- chapter: 77", r"entry 1: there is no chapter '77'\. The chapters are:\n  00_start"),
        ("- chapter: 0\n  grid: {}", "entry 1: 'grid' means nothing here"),
        ("- chapter: 0\n  parameters: [seed]", r"is not \['seed'\]"),
        ("- chapter: 0\n  parameters: {seed: []}", "values of 'seed' is empty.*leave the param"),
        ("- chapter: 0\n  chapter: 1", r"sweep\.yml, line 2: 'chapter' is given twice"),
        ("- chapter: 0\n  parameters: {seed: 1, seed: 2}", "line 2: 'seed' is given twice"),
        ("- chapter: [0", r"sweep\.yml, line 1: .*; the file must be YAML"),
        ("- !!python/object:os.system x", "line 1: the tag .*os.system means nothing here"),
        ("- chapter: !!int 0", "line 1: the tag .*int means nothing here"),
        ("- &a [*a]", r"line 1: an alias \(\*\) means nothing here: write it out"),
        ("a: &a [x, x]\nb: &b [*a, *a]", r"line 2: an alias"),
        ("- {<<: {chapter: 0}, chapter: 1}", "entry 1: '<<' means nothing here"),
        ("- chapter: 0\n  parameters: {? [seed] : 1}", "line 2: a name is a word, not a list"),
        ('- chapter: 0\n  parameters: {"seed": 1, seed: 2}', "line 2: 'seed' is given twice"),
        ("[" * 5000 + "]" * 5000, "lists in lists, too deep to read"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(read, text, message):
    with pytest.raises(WorkbookError, match=rf"(?s){message}"):
        read(text)


def test_a_file_that_is_not_there_or_no_text_is_said(tmp_path):
    with pytest.raises(WorkbookError, match=r"cannot read the sweep file .*x\.yml: No such file"):
        read_sweep_file(tmp_path / "x.yml")
    (tmp_path / "x.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WorkbookError, match=r"x\.yml: it is no text in UTF-8"):
        read_sweep_file(tmp_path / "x.yml")


@pytest.mark.parametrize(
    "word", ["no", "yes", "on", "off", "y", "010", "0x1F", "1e3", "1_000", "1:30", "2026-01-01"]
)
def test_a_word_is_that_word(read, word):
    """Each of them is something else for YAML."""
    [entry] = read(f"- chapter: 1\n  parameters: {{language: [{word}, '{word}']}}\n")
    assert entry.grid == {"language": [word, word]}


@pytest.mark.parametrize("nothing", ["", "~", "null"])
def test_nothing_is_no_text(read, nothing):
    [entry] = read(f"- chapter: 1\n  parameters:\n    language: {nothing}\n")
    assert entry.grid == {"language": [None]}
