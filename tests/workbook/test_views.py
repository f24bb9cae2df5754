import copy

import jupytext
import pytest

from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.views import View, view_of

CHAPTER = '''\
# %% [markdown]
# [![Open in Colab](https://badge)](https://colab)
#
# # Doubling
#
# Next: [01](01_more.ipynb).

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Ask what twice two is.

# %% tags=["parameters"]
x: int = 2  # what to double

# %% [markdown]
# ## Try it yourself
#
# ```
# ## no heading
# ```
#
# **1.** Double.

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Most add two.

# %% tags=["exercise"]
def double(x):
    """Twice x."""
    # <solution>
    return x + x
    # </solution>


# %%
double

# %% [markdown]
# **2.** How much is twice two?

# %% tags=["exercise"]
# <solution>
mine = 4
# <stub>
# mine = None
# </solution>

# %%
mine

# %% [markdown]
# <details><summary>Answer, in words</summary>
#
# Four.
#
# </details>
#
# **3.** Why?
#
# <details><summary>Hint</summary>
#
# Count.
#
# </details>
#
# <details>
# <summary>Answer</summary>
#
# Because.
#
# </details>
#
# ## What to remember

# %% [markdown] tags=["instructor"]
# **Instructor, 1 minute.** Say it again.
'''

DOUBLE = 'def double(x):\n    """Twice x."""\n    return x + x'
DOUBLE_STUB = 'def double(x):\n    """Twice x."""\n    raise NotImplementedError("your turn")'


def source(text=CHAPTER):
    return jupytext.reads(text, fmt="py:percent")


def view(name, text=CHAPTER):
    return [cell["source"] for cell in view_of(source(text), name, "09_doubling").cells]


def test_the_workbook_has_stubs_and_folded_answers_and_no_notes():
    shown = view(View.WORKBOOK)
    assert shown[0].startswith("[![Open in Colab](https://badge)]")
    assert shown[3:6] == [
        DOUBLE_STUB,
        "double",
        f"<details><summary>Answer</summary>\n\n```python\n{DOUBLE}\n```\n\n</details>",
    ]
    assert shown[7:9] == ["mine = None", "mine"]
    assert "Instructor" not in "".join(shown)


def test_the_code_of_an_answer_in_words_goes_to_its_beginning():
    *_, last = view(View.WORKBOOK)
    assert last.startswith(
        "<details><summary>Answer, in words</summary>\n\n```python\nmine = 4\n```\n\nFour.\n"
    )


def test_a_chapter_without_exercises_and_notes_stays_as_it_is():
    plain = source("# %% [markdown]\n# # A\n\n# %%\n1\n")
    assert view_of(plain, View.WORKBOOK, "09_a") == plain


def test_the_student_gets_stubs_and_no_answer_in_any_cell():
    shown = view(View.STUDENT)
    assert DOUBLE_STUB in shown
    assert "mine = None" in shown
    for spoiler in ("x + x", "mine = 4", "Answer", "Four", "Because", "Instructor", "solution"):
        assert spoiler not in "\n".join(shown)
    hint = "<details><summary>Hint</summary>\n\nCount.\n\n</details>"
    assert shown[-1] == f"**3.** Why?\n\n{hint}\n\n## What to remember"


def test_a_cell_that_was_all_answer_goes():
    answer = "# <details><summary>Answer</summary>\n#\n# Four.\n# </details>\n"
    text = f"# %% [markdown]\n# [![Open in Colab](x)](y)\n\n# %% [markdown]\n{answer}"
    assert view(View.STUDENT, text) == ["*Student copy, without answers.*"]


def test_the_solution_runs_as_its_author_wrote_it():
    shown = view(View.SOLUTION)
    names = {}
    for cell in view_of(source(), View.SOLUTION, "09_doubling").cells:
        if cell.cell_type == "code":
            exec(cell.source, names)
    assert (names["double"](3), names["mine"]) == (6, 4)
    assert "Instructor" not in "".join(shown)
    assert "Because." in shown[-1]


def test_the_instructor_has_the_notes_and_a_plan_that_adds_up():
    title, plan, note, *_ = shown = view(View.INSTRUCTOR)
    assert title.startswith("*Instructor copy")
    assert plan.splitlines()[2:] == [
        "| section | minutes |",
        "| --- | --: |",
        "| Doubling | 5 |",
        "| Try it yourself | 10 |",
        "| What to remember | 1 |",
        "| **all** | **16** |",
    ]
    assert note == "**Instructor, 5 minutes.** Ask what twice two is."
    assert DOUBLE in shown


@pytest.mark.parametrize("name", [View.STUDENT, View.SOLUTION, View.INSTRUCTOR])
def test_a_copy_names_itself_where_the_badge_was_and_keeps_its_links(name):
    first = view(name)[0]
    assert first.startswith(f"*{name.capitalize()} copy")
    assert "Colab" not in first
    assert first.endswith("\n\n# Doubling\n\nNext: [01](01_more.ipynb).")


def test_making_a_view_leaves_the_source_alone():
    notebook = source()
    before = copy.deepcopy(notebook)
    for name in View:
        view_of(notebook, name, "09_doubling")
    assert notebook == before


def changed(old, new):
    assert CHAPTER.count(old) == 1
    return CHAPTER.replace(old, new)


NOTE = '# %% [markdown] tags=["instructor"]\n# **Instructor, 5 minutes.** Ask what twice two is.'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (changed("    return x + x\n    # </solution>", "    return x + x"), "cell 5: .*closed"),
        (changed("    return x + x", "    # <solution>"), "cell 5: .* inside a solution"),
        (changed("# %%\ndouble", "# %%\n# <solution>"), "cell 6: .*tagged `exercise`"),
        (changed("# **3.** Why?", "# <solution>"), "cell 10: a solution stands in a code cell"),
        (
            changed("    # <solution>\n    return x + x\n    # </solution>", "    return x + x"),
            "cell 5: an exercise cell needs its solution",
        ),
        (changed("# %%\nmine", "# %% [markdown]\n# mine"), "cell 8: the cell after an exercise"),
        (changed("**Instructor, 5 minutes.**", "Instructor:"), "cell 1: .*begins with its minutes"),
        (changed("**Instructor, 5 minutes.**", "**Instructor, five.**"), "cell 1: .*its minutes"),
        (changed(" Most add two.", ""), "cell 4: .*says something"),
        (changed(NOTE, NOTE.replace(' tags=["instructor"]', "")), "cell 1: .*is tagged"),
        (changed(NOTE, '# %% tags=["instructor"]\n1'), "cell 1: .* is markdown, this one is code"),
        (changed(NOTE, '# %% [markdown] tags=["exercise"]\n# 1'), "cell 1: .* is code"),
        (changed("# Four.\n#\n# </details>", "# Four."), "cell 10: an answer is folded"),
        (
            changed("<summary>Answer</summary>", "<summary>The answer</summary>"),
            "cell 10: an answer is folded",
        ),
    ],
)
@pytest.mark.parametrize("name", list(View))
def test_what_is_malformed_is_said_with_its_chapter_and_cell(name, text, message):
    with pytest.raises(WorkbookError, match=f"^09_doubling, {message}"):
        view(name, text)


def test_an_exercise_that_ends_the_chapter_has_no_check():
    text = CHAPTER[: CHAPTER.index("# %%\nmine")]
    with pytest.raises(WorkbookError, match="cell 8: the cell after an exercise is code"):
        view(View.STUDENT, text)


def test_a_copy_of_a_chapter_without_a_badge_is_refused():
    with pytest.raises(
        WorkbookError, match=r"^09_doubling: its first line is no badge: `# Doubling`"
    ):
        view(View.STUDENT, changed("# [![Open in Colab](https://badge)](https://colab)\n#\n", ""))


def test_an_instructor_without_notes_is_refused():
    plain = "# %% [markdown]\n# [![Open in Colab](x)](y)\n"
    with pytest.raises(WorkbookError, match=r"^09_doubling: the chapter has no notes on teaching"):
        view(View.INSTRUCTOR, plain)
