"""The pages that are no chapter: the first one, and that of the package's public names.

The first says what the workbook is, its chapters, and how to run it. Sphinx fills the other from
docstrings.
"""

from __future__ import annotations

from collections.abc import Sequence
from inspect import isclass, isfunction
from typing import Any

import metalearn_lab
from metalearn_lab.workbook.chapter_table import chapter_table
from metalearn_lab.workbook.chapters import REPOSITORY, Chapter

START_PAGE = """\
# The meta-learning lab

```{{image}} images/draw_your_own_task.gif
:alt: Points of a curve are put on a canvas; after each, one step bends the curve of MAML's network
:width: 540px
```

An interactive workbook that teaches meta-learning, from the update rule to few-shot text, on a
small PyTorch package. These pages are its chapters as they were executed: formulas, code, results,
and a picture wherever the workbook has an explorer that moves. To move the explorers, to change a
parameter and to have your answers checked, run it.

## Chapters

{table}

Read them in this order. {answers}

## Run it

You need Python 3.11, 3.12 or 3.13 and `make`:

```bash
git clone https://github.com/{repository} && cd metalearn-lab
make lab
```

The first time, this installs everything into a folder of its own; then it opens the workbook in
JupyterLab. Without any installation, every chapter begins with a link that opens it on Colab.

The [repository](https://github.com/{repository}) has the source of it all, and its README says how
to run chapters in batch, on a GPU, and for a class.

```{{toctree}}
:hidden:
:caption: Chapters

{chapters}
```
"""

WITH_ANSWERS = "An answer unfolds when you click on it; try the exercise first."
WITHOUT_ANSWERS = "The exercises check themselves where they run; these pages have no answers."

DOCUMENTS = """
```{{toctree}}
:hidden:
:caption: Beside the chapters

{documents}
```
"""


def start_page(
    chapters: Sequence[Chapter], documents: Sequence[str], *, with_answers: bool = False
) -> str:
    """The page, in Markdown.

    Args:
        chapters: in their order.
        documents: names of the other pages, without their ending.
        with_answers: whether answers to exercises are in the pages.
    """
    page = START_PAGE.format(
        table=chapter_table(chapters, folder="", colab=False),
        repository=REPOSITORY,
        answers=WITH_ANSWERS if with_answers else WITHOUT_ANSWERS,
        chapters="\n".join(f"{c.number:02d} {c.title} <{c.name}>" for c in chapters),
    )
    return page + (DOCUMENTS.format(documents="\n".join(documents)) if documents else "")


API = "python_api"
"""The name of the page of public names."""

HEADINGS = {
    "tasks": "Tasks and episodes",
    "models": "Models",
    "learners": "Learners",
    "training": "Training",
    "evaluation": "Evaluation",
    "comparison": "A comparison under one budget",
    "compiled": "Compiled",
}
"""Of the folders that public names come from, in reading order."""

API_PAGE = """\
# The package from Python

Every name below is imported from the package itself, as in `from metalearn_lab import MAML`.
"""


def api_page() -> str:
    """The page, in Markdown: a section a folder, and the names in it by alphabet."""
    sections = [API_PAGE]
    for folder, heading in HEADINGS.items():
        names = [
            name
            for home, public_names in metalearn_lab._HOME.items()
            if home.startswith(f"{folder}.")
            for name in public_names
        ]
        names.sort(key=str.lower)
        entries = "\n\n".join(_entry(name, getattr(metalearn_lab, name)) for name in names)
        sections.append(f"## {heading}\n\n{entries}\n")
    return "\n".join(sections)


def _entry(name: str, public: Any) -> str:
    kind = "class" if isclass(public) else "function" if isfunction(public) else None
    if kind is None:  # a dictionary by name, whose own docstring would be that of any
        names = ", ".join(f"``{each}``" for each in public)
        return f"```{{eval-rst}}\n.. py:data:: metalearn_lab.{name}\n\n   By name: {names}.\n```"
    members = "\n   :members:" if kind == "class" else ""
    return f"```{{eval-rst}}\n.. auto{kind}:: metalearn_lab.{name}{members}\n```"
