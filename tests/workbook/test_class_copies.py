import nbformat
import pytest
from typer.testing import CliRunner

from metalearn_lab import cli
from metalearn_lab.workbook.chapters import BRANCH, REPOSITORY, select
from metalearn_lab.workbook.class_copies import release_of, write_copies
from metalearn_lab.workbook.colab import COLAB_SETUP
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.kernel import KERNEL_METADATA

TEXT = """\
# %% [markdown]
# [![Open in Colab](https://badge)](https://colab)
#
# # One

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Ask.

# %% tags=["exercise"]
# <solution>
mine = 4
# <stub>
# mine = None
# </solution>

# %%
mine
"""
NAMES = ("00_start_here", "06_few_shot_text")


@pytest.fixture
def folder(tmp_path, write_chapter):
    """A clone's folder of notebooks, with two chapters."""
    for name in NAMES:
        path = write_chapter(tmp_path / "clone" / "notebooks", name, TEXT)
    return path.parent


def test_every_chapter_is_written_for_each_reader(folder, tmp_path):
    written = write_copies(select(["0", "6"]), folder, tmp_path / "a" / "class")
    for view, line in (
        ("student", "mine = None"),
        ("solution", "mine = 4"),
        ("instructor", "mine = 4"),
    ):
        assert written[view] == [
            tmp_path / "a" / "class" / view / f"{name}.ipynb" for name in NAMES
        ]
        for path in written[view]:
            notebook = nbformat.read(path, as_version=4)
            assert line in [cell.source for cell in notebook.cells]
            assert notebook.metadata == KERNEL_METADATA
            assert not any(cell.get("outputs") for cell in notebook.cells)
            assert path.read_text(encoding="utf-8").endswith("}\n")
    assert {each.name for each in (tmp_path / "a" / "class").iterdir()} == set(written)


def test_the_same_source_gives_the_same_files(folder, tmp_path):
    first, second = (write_copies(select(["0"]), folder, tmp_path / out) for out in "ab")
    for view in first:
        assert [p.read_bytes() for p in first[view]] == [p.read_bytes() for p in second[view]]


def test_an_empty_folder_will_do_and_a_full_one_stays(folder, tmp_path):
    out = tmp_path / "class"
    out.mkdir()
    write_copies(select(["0"]), folder, out)
    before = sorted(out.rglob("*"))
    with pytest.raises(WorkbookError, match="class is not empty: name a new one"):
        write_copies(select(["6"]), folder, out)
    assert sorted(out.rglob("*")) == before


def test_a_malformed_chapter_leaves_nothing_behind(folder, tmp_path):
    source = folder / "source" / "06_few_shot_text.py"
    source.write_text(TEXT.replace("# </solution>", ""), encoding="utf-8")
    with pytest.raises(WorkbookError, match="06_few_shot_text, cell 2: a solution is not closed"):
        write_copies(select(["0", "6"]), folder, tmp_path / "class")
    assert not (tmp_path / "class").exists()


def test_the_command_says_what_it_wrote(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder.parent)
    result = CliRunner().invoke(cli.app, ["student", "out", "06", "start_here"])
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "student: 2 notebooks in out/student",
        "solution: 2 notebooks in out/solution",
        "instructor: 2 notebooks in out/instructor",
    ]
    assert {p.stem for p in (folder.parent / "out" / "student").iterdir()} == set(NAMES)


WITH_LINKS = TEXT.replace(
    "# # One",
    "# # One\n#\n# Next: [two](06_few_shot_text.ipynb), not [three](14_scaling_up.ipynb).",
) + (f"\n# %%\n{COLAB_SETUP}\n")


def test_copies_install_the_release_that_is_named_and_lead_to_each_other(
    tmp_path, write_chapter, monkeypatch
):
    for name in NAMES:
        write_chapter(tmp_path / "notebooks", name, WITH_LINKS)
    monkeypatch.chdir(tmp_path)
    arguments = ["student", "handout", "0", "6", "--colab", "me/lab@v1.2"]
    assert CliRunner().invoke(cli.app, arguments).exit_code == 0
    for view in ("student", "solution", "instructor"):
        notebook = nbformat.read(tmp_path / "handout" / view / f"{NAMES[0]}.ipynb", as_version=4)
        first = notebook.cells[0].source
        home = f"https://colab.research.google.com/github/me/lab/blob/v1.2/handout/{view}"
        assert first.startswith(f"[Open in Colab]({home}/{NAMES[0]}.ipynb) *")
        assert f"[two]({home}/{NAMES[1]}.ipynb), not three." in first
        [setup] = [cell.source for cell in notebook.cells if "pip install" in cell.source]
        assert "git+https://github.com/me/lab@v1.2" in setup
        assert setup.replace("me/lab@v1.2", f"{REPOSITORY}@{BRANCH}") == COLAB_SETUP


@pytest.mark.parametrize("text", ["", "lab", "me/lab", "me/lab@", "me/lab@a b", "me/x/y@v1", "@"])
def test_a_release_of_another_form_is_refused(tmp_path, text):
    with pytest.raises(WorkbookError, match="takes a repository on GitHub and a tag"):
        release_of(text)


@pytest.mark.parametrize("name", ["my hand(out)", "a#b"])
def test_a_folder_that_has_no_place_in_a_link_is_refused(folder, tmp_path, name):
    with pytest.raises(WorkbookError, match="holds what has no place in a link"):
        write_copies(select(["0"]), folder, tmp_path / name, release_of("me/lab@v1"))
