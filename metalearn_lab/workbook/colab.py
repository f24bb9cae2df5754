"""What a chapter needs to open on Colab: a badge, and one line that installs the package there.

The line is written out in every chapter, because it must work before the package is installed;
a test compares each chapter with it.
"""

from __future__ import annotations

from metalearn_lab.workbook.chapters import BRANCH, REPOSITORY, Chapter

# What the chapters import that Colab lacks. Everything else, torch above all, is there, and
# `--no-deps` keeps pip from replacing any of it.
COLAB_LACKS = ("hassil", "home-assistant-intents", "unicode-rbnf")

COLAB_SETUP = (
    'if "google.colab" in str(get_ipython()): get_ipython().run_line_magic("pip", '
    f'"install -q --no-deps git+https://github.com/{REPOSITORY}@{BRANCH} '
    f'{" ".join(COLAB_LACKS)}")  # fmt: skip'
)


def colab_url(chapter: Chapter) -> str:
    """The address that opens the chapter on Colab."""
    return f"https://colab.research.google.com/github/{REPOSITORY}/blob/{BRANCH}/{chapter.path}"


def colab_badge(chapter: Chapter, alt: str = "Open in Colab") -> str:
    """The badge, in Markdown, that every chapter begins with.

    Args:
        chapter: which it opens.
        alt: what is read out in its place; where several badges are on a page, each has its own.
    """
    image = "https://colab.research.google.com/assets/colab-badge.svg"
    return f"[![{alt}]({image})]({colab_url(chapter)})"
