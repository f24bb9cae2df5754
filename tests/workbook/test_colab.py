import ast
import importlib.metadata

from packaging.requirements import Requirement

from metalearn_lab.workbook.chapters import CHAPTERS, REPOSITORY
from metalearn_lab.workbook.colab import COLAB_LACKS, COLAB_SETUP, colab_badge, colab_url

COLAB_HAS = {"pyyaml"}


class Shell:
    """IPython's shell as far as the line uses it; on Colab its class is in `google.colab`."""

    def __init__(self, where):
        self.where, self.ran = where, []

    def __str__(self):
        return f"<{self.where}._shell.Shell object at 0x7f>"

    def run_line_magic(self, magic, line):
        self.ran.append((magic, line))


def run_line(where):
    shell = Shell(where)
    exec(COLAB_SETUP, {"get_ipython": lambda: shell})
    return shell.ran


def test_elsewhere_the_line_does_nothing():
    assert run_line("ipykernel.zmqshell") == []


def test_on_colab_the_line_installs_and_touches_nothing_that_is_there():
    [(magic, line)] = run_line("google.colab")
    words = line.split()
    assert magic == "pip"
    assert words[:3] == ["install", "-q", "--no-deps"]
    assert not {"-U", "--upgrade", "--force-reinstall", "torch"} & set(words)
    assert words[3] == f"git+https://github.com/{REPOSITORY}@main"


def test_the_line_is_one_statement_on_one_line_that_shows_no_value():
    assert "\n" not in COLAB_SETUP
    [statement] = ast.parse(COLAB_SETUP).body
    assert isinstance(statement, ast.If)


def test_no_dependency_of_what_is_installed_is_forgotten():
    for name in COLAB_LACKS:
        needed = [Requirement(line) for line in importlib.metadata.requires(name) or []]
        names = {each.name.lower() for each in needed if each.marker is None}
        assert names <= COLAB_HAS | set(COLAB_LACKS), name


def test_the_badge_opens_its_own_chapter():
    for chapter in CHAPTERS:
        assert colab_url(chapter).endswith(f"/blob/main/notebooks/{chapter.name}.ipynb")
        assert colab_badge(chapter).startswith("[![Open in Colab](")
        assert colab_badge(chapter).endswith(f"({colab_url(chapter)})")
