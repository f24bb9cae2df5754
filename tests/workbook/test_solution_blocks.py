import pytest

from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.solution_blocks import has_marker, solution_of, stub_of

FUNCTION = '''\
def double(x):
    """Twice x."""
    # <solution>
    y = x
    if y:

        y = y + x
    return y
    # </solution>


class Twice:
    # <solution>
    pass
    # <stub>
    # def __call__(self, x):
    #     """Twice x."""
    #
    #     raise NotImplementedError
    # </solution>

    after = 1'''

ANSWER = """\
before = 1
# <solution>
mine = 3
# <stub>
# mine = None  # a number, e.g. 4
# </solution>
after = 2"""


def test_a_solution_gives_way_to_a_line_that_raises_or_to_its_stub():
    assert (
        stub_of(FUNCTION)
        == '''\
def double(x):
    """Twice x."""
    raise NotImplementedError("your turn")


class Twice:
    def __call__(self, x):
        """Twice x."""

        raise NotImplementedError

    after = 1'''
    )
    assert stub_of(ANSWER) == "before = 1\nmine = None  # a number, e.g. 4\nafter = 2"


def test_the_solution_is_the_cell_without_markers_and_stubs():
    assert (
        solution_of(FUNCTION)
        == '''\
def double(x):
    """Twice x."""
    y = x
    if y:

        y = y + x
    return y


class Twice:
    pass

    after = 1'''
    )
    assert solution_of(ANSWER) == "before = 1\nmine = 3\nafter = 2"


def test_both_forms_are_free_of_markers():
    for text in (FUNCTION, ANSWER):
        assert has_marker(text)
        assert not has_marker(stub_of(text) + solution_of(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "needs its solution"),
        ("    # <solution>\n    x = 1", "not closed"),
        ("    # <solution>\n    # <solution>\n    # </solution>", "inside a solution"),
        ("    x = 1\n    # </solution>", "`# </solution>` without a `# <solution>` before it"),
        ("    x = 1\n    # <stub>", "`# <stub>` without"),
        ("    #<solution>\n    x\n    # </solution>", "alone on its line.*`#<solution>`"),
        ("    x = 1  # <solution>\n    # </solution>", "alone on its line"),
        ("    # <solution>\n\n    # </solution>", "is empty"),
        ("    # <solution>\n    # <stub>\n    # x\n    # </solution>", "is empty"),
        ("# <solution>\nx = 1\n# </solution>", "at the left margin needs `# <stub>`"),
        ("    # <solution>\n    x\n    # <stub>\n    # </solution>", "no line follows"),
        (
            "    # <solution>\n    x\n    # <stub>\n    y\n    # </solution>",
            "is a comment.*`    y`",
        ),
        ("    # <solution>\n    x\n    # <stub>\n# y\n    # </solution>", "indented like its"),
        ("  # <solution>\n  x\n  # <stub>\n  # y\n  # <stub>\n  # </solution>", "a second `# <s"),
    ],
)
def test_a_malformed_block_is_said(text, message):
    for form in (stub_of, solution_of):
        with pytest.raises(WorkbookError, match=message):
            form(text)
