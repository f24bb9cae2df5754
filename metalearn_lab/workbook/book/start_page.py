"""The first page of the site: what the workbook is, its chapters, and how to run it."""

from __future__ import annotations

from collections.abc import Sequence

from metalearn_lab.workbook.chapter_table import chapter_table
from metalearn_lab.workbook.chapters import REPOSITORY, Chapter

PAGE = """\
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
    page = PAGE.format(
        table=chapter_table(chapters, folder="", colab=False),
        repository=REPOSITORY,
        answers=WITH_ANSWERS if with_answers else WITHOUT_ANSWERS,
        chapters="\n".join(f"{c.number:02d} {c.title} <{c.name}>" for c in chapters),
    )
    return page + (DOCUMENTS.format(documents="\n".join(documents)) if documents else "")
