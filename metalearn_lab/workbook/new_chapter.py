"""`metalearn-lab new-chapter`: the skeleton of a chapter, which runs, and a list of what it lacks.

Every gap in it is marked ``TO DO:``; the tests of chapters fail with the list of those left.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

from metalearn_lab.atomic_file import write_text
from metalearn_lab.workbook.chapter_table import chapter_table
from metalearn_lab.workbook.chapters import CHAPTERS, Chapter
from metalearn_lab.workbook.colab import COLAB_SETUP, colab_badge
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.lesson_table import lesson_table
from metalearn_lab.workbook.normalise import normalise
from metalearn_lab.workbook.source import source_path

TO_DO = "TO DO:"
NEXT = re.compile(r"Next: \[[^\]]*\]\(\d\d_\w+\.ipynb\)")

SOURCE = """\
# %% [markdown]
# {badge}
#
# # {title}
#
# After this chapter you will be able to
#
# - TO DO: three things that a reader can do afterwards.

# %%
{setup}

# %% tags=["parameters"]
seed: int = 0  # of the weights and the tasks
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## The idea
#
# TO DO: the question, the formula, and before each result a prediction.

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** TO DO: what to ask, and where a class gets stuck.

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

from metalearn_lab import Sinusoids, choose_device, to_device
from metalearn_lab.tasks.devices import device_in_words

where = choose_device(device)
print("Computing on", device_in_words(where))
tasks = to_device(Sinusoids(seed=seed).batch(0, 3), where)  # made on the CPU, then moved

# %% tags=["nbval-check-output"]
# TO DO: the formula proved, with its number: it holds whatever the seed
from metalearn_lab.workbook.facts import finding, proof

proof("there are three tasks", len(tasks.support.x) == 3)

# %% tags=["nbval-check-output"]
# TO DO: what the experiment showed, with its number and as it holds at five seeds
finding("each task has more than five points", tasks.support.x.shape[1], above=5)

# %% [markdown]
# ## Try it yourself
#
# TO DO: two to four exercises as this one of chapter 00, with checks of your own; one is code.
#
# ### Exercise 1: the best start (5 minutes, level 1 of 3)
#
# Where is the meta-loss of bowls with curvatures 2 and 6 lowest, for one step of size 0.1?
#
# <details><summary>Hint 1</summary>
#
# Weigh the bowls.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# Divide by the sum of the weights.
#
# </details>

# %% tags=["exercise"]
# <solution>
my_answer = -0.14
# <stub>
# my_answer = None  # a number
# </solution>

# %%
from metalearn_lab.exercises.start_here import check_best_start

check_best_start(my_answer)

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** TO DO: where the exercises go wrong.

# %% tags=["nbval-check-output"]
# TO DO: the last claim of the chapter
proof("a point is one number", tasks.support.x.shape[2] == 1)

# %%
# TO DO: the result in one sentence, with its numbers, as `run` collects it
from metalearn_lab.workbook.headline import headline

headline(f"{{len(tasks.support.x)}} sinusoids were drawn.", tasks=len(tasks.support.x))

# %% [markdown]
# ## What to remember
#
# - TO DO: the findings, one line each.
#
# ## Sources
#
# - TO DO: the papers, with the equations that are used.
#
# Next: [next](00_next.ipynb).
"""

BROWSER_TEST = '''\
"""Chapter {number:02d}: TO DO: what its explorers show when they are moved."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.parametrize("chapter", ["{name}"], indirect=True)


def test_nothing_fails(chapter):
    chapter.assert_nothing_failed()
'''

LEFT_TO_DO = """\
{name} is there and runs. What is left:
  1. its title and question in metalearn_lab/workbook/chapters.py
  2. the gaps in {source}, each marked "{to_do}"
  3. small values of its parameters in tests/small_parameters.py
  4. what its explorers show in tests/browser/test_chapter_{number:02d}.py
  5. its place in the plans of notebooks/for_teachers.md, and where classes get stuck
  6. make notebooks CHAPTERS="00 {number:02d}", and its CPU seconds in {seconds}
  7. metalearn-lab new-chapter --tables, then make test, and make facts CHAPTERS={number:02d}"""

CHAPTERS_FILE = "metalearn_lab/workbook/chapters.py"
PARAMETERS_FILE = "tests/small_parameters.py"
SECONDS_FILE = "metalearn_lab/workbook/doctor/chapter_seconds.csv"


def write_skeleton(number: int, slug: str, root: Path) -> str:
    """Write a chapter's files into a clone and name it wherever chapters are listed.

    Args:
        number: of the chapter, 0 to 99.
        slug: the rest of its file name, in small letters, digits and underscores.
        root: the clone.

    Returns:
        What is left to do, in words.

    Raises:
        WorkbookError: the number is taken, the name is none, or ``root`` is no clone.
    """
    taken = {chapter.number: chapter.name for chapter in CHAPTERS}
    if number in taken:
        raise WorkbookError(f"there is a chapter {number:02d} already: {taken[number]}")
    if not 0 <= number <= 99 or not re.fullmatch(r"[a-z][a-z0-9_]*", slug):
        raise WorkbookError(
            f"'{number} {slug}' names no chapter: give a number of two digits and small letters, "
            "digits and underscores, such as 07 learned_rates"
        )
    if not (root / CHAPTERS_FILE).is_file():
        raise WorkbookError(f"{root} is no clone of the repository: run this inside one")
    title = slug.replace("_", " ").capitalize()
    chapter = Chapter(number, slug, title, f"{TO_DO} what does it answer, in one line?")
    source = f"notebooks/source/{chapter.name}.py"
    text = SOURCE.format(badge=colab_badge(chapter), title=title, setup=COLAB_SETUP)
    write_text(root / source, text)
    browser_test = BROWSER_TEST.format(number=number, name=chapter.name)
    write_text(root / f"tests/browser/test_chapter_{number:02d}.py", browser_test)
    _insert(
        root / CHAPTERS_FILE,
        r"^    Chapter\(\n        (\d+),",
        number,
        f'    Chapter(\n        {number},\n        "{slug}",\n        "{title}",\n'
        f'        "{chapter.question}",\n    ),\n',
        after=r"^\)$",
    )
    _insert(
        root / PARAMETERS_FILE,
        r'^    "(\d\d)_',
        number,
        f'    "{chapter.name}": {{}},\n',
        after=r"^\}$",
    )
    _insert(root / SECONDS_FILE, r"^(\d\d),", number, f"{number:02d},0,0\n")
    return LEFT_TO_DO.format(
        name=chapter.name, number=number, source=source, seconds=SECONDS_FILE, to_do=TO_DO
    )


def write_tables(root: Path) -> None:
    """What follows from the catalogue as it is now: tables of chapters, and links to the next.

    The tables stand in the README and on the teacher's page, the links at the end of each chapter,
    in its source and in its notebook.
    """
    notebooks = root / "notebooks"
    for path, mark, table in (
        (root / "README.md", "chapters", chapter_table()),
        (notebooks / "for_teachers.md", "lessons", lesson_table(notebooks)),
    ):
        text = path.read_text(encoding="utf-8")
        before, begin, rest = re.split(rf"(<!-- {mark}: .*? -->\n)", text, maxsplit=1)
        _, end, after = rest.partition(f"\n<!-- end of {mark} -->")
        write_text(path, before + begin + table + end + after)

    for chapter, following in pairwise(CHAPTERS):
        link = f"Next: [{following.number:02d} {following.title}]({following.name}.ipynb)"
        notebook = notebooks / f"{chapter.name}.ipynb"
        source = source_path(notebook)
        write_text(source, NEXT.sub(link, source.read_text(encoding="utf-8")))
        if notebook.is_file():
            _link_in_notebook(notebook, link)


def _link_in_notebook(path: Path, link: str) -> None:
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = NEXT.sub(link, cell.source)
    normalise(notebook)  # an id follows from what its cell says
    write_text(path, nbformat.writes(notebook) + "\n")


def gaps(text: str) -> list[str]:
    """What is still marked as to be done."""
    return [line.partition(TO_DO)[2].strip() for line in text.splitlines() if TO_DO in line]


def _insert(path: Path, numbered: str, number: int, entry: str, after: str | None = None) -> None:
    """Put an entry before the first one with a larger number, or at the end of the list."""
    text = path.read_text(encoding="utf-8")
    entries = list(re.finditer(numbered, text, re.M))
    later = [found.start() for found in entries if int(found[1]) > number]
    if later:
        place = later[0]
    elif after is None:
        place = len(text)
    else:
        end = re.compile(after, re.M).search(text, entries[-1].end())
        assert end is not None  # a tuple ends with its parenthesis
        place = end.start()
    write_text(path, text[:place] + entry + text[place:])
