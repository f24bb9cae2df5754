"""The catalogue of chapters: run order, map and README table come from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from metalearn_lab.workbook.errors import WorkbookError

REPOSITORY = "metalearn-lab/metalearn-lab"
BRANCH = "main"
CHAPTER_LINK = re.compile(r"\[(?P<text>[^\[\]]*)\]\((?P<name>\d\d_\w+\.ipynb)(?P<anchor>[^)]*)\)")
"""A link of one chapter to another, in Markdown."""


@dataclass(frozen=True)
class Chapter:
    """One chapter of the workbook.

    Attributes:
        number: its place in the workbook; gaps are chapters still to come.
        slug: the rest of its file name.
        title: its heading.
        question: what it answers, in one line, for tables and maps.
    """

    number: int
    slug: str
    title: str
    question: str

    @property
    def name(self) -> str:
        """File name without its ending, e.g. ``06_few_shot_text``."""
        return f"{self.number:02d}_{self.slug}"

    @property
    def names(self) -> set[str]:
        """What it may be called."""
        return {self.name, self.slug, str(self.number), f"{self.number:02d}"}

    @property
    def path(self) -> str:
        """Path of the notebook inside the repository."""
        return f"notebooks/{self.name}.ipynb"


CHAPTERS: tuple[Chapter, ...] = (
    Chapter(
        0,
        "start_here",
        "Start here",
        "What does meta-learning buy, and where is everything in this workbook?",
    ),
    Chapter(
        1,
        "tasks_and_episodes",
        "Tasks and episodes",
        "How does a labelled table become N-way K-shot episodes, and which leaks spoil them?",
    ),
    Chapter(
        2,
        "transfer_learning",
        "Transfer learning",
        "How far does plain pretraining go, and which of its weights should adapt to a new task?",
    ),
    Chapter(
        3,
        "maml",
        "MAML",
        "How does one differentiate through a gradient step, and what start does it lead to?",
    ),
    Chapter(
        4,
        "first_order_and_reptile",
        "First-order MAML and Reptile",
        "What is lost without second derivatives, and when does it matter?",
    ),
    Chapter(
        5,
        "adaptation_lab",
        "The adaptation lab",
        "Every learner on the same tasks: which wins under which budget, and which layers adapt?",
    ),
    Chapter(
        6,
        "few_shot_text",
        "Few-shot text",
        "Does meta-learning pay on sentences of unseen classes, and how does one decide that?",
    ),
    Chapter(
        7,
        "learned_rates",
        "Learned rates and learned optimisers",
        "Can the step itself be learned, what does that gain, and where does it fail?",
    ),
    Chapter(
        8,
        "meta_networks",
        "Meta-networks and hypernetworks",
        "Can one network write down the weights of another, and what does it do on unlike tasks?",
    ),
    Chapter(
        9,
        "language_models",
        "Language models that adapt",
        "What does a language model learn from a text, and how does it take on a new author?",
    ),
    Chapter(
        10,
        "few_shot_ner",
        "Few-shot named entities",
        "How are names of new types tagged from a few sentences, and what does an F1 count?",
    ),
    Chapter(
        11,
        "streams",
        "Streams: learning from one task after another",
        "What should a learner keep when tasks arrive one by one, and what does it forget?",
    ),
    Chapter(
        12,
        "applications",
        "Applications: a desk and an alarm",
        "How does a trained learner become a service, and when is meta-learning the wrong tool?",
    ),
    Chapter(
        13,
        "what_the_articles_say",
        "What the articles say",
        "What is wrong in code that circulates, and what do wrong labels do to an episode?",
    ),
    Chapter(
        14,
        "scaling_up",
        "Scaling up",
        "What makes an outer step fast, what fits into memory, and how is a sweep's table read?",
    ),
    Chapter(
        15,
        "in_context",
        "In-context learning as meta-learning",
        "How does a network learn from examples in its input, and when is that a gradient step?",
    ),
    Chapter(
        16,
        "mistakes_that_hide",
        "Mistakes that hide",
        "Which mistakes raise no error, what do they cost, and which check finds them?",
    ),
    Chapter(
        17,
        "recommendation",
        "Recommend to a new user",
        "What can be recommended to somebody who has rated three things?",
    ),
    Chapter(
        18,
        "meta_pretraining",
        "Self-supervision and meta-pretraining",
        "What can be learned from text without labels, and does it help a new kind of task?",
    ),
    Chapter(
        19,
        "task_graph",
        "A graph of tasks",
        "Which past task is a good start for a new one, and does a graph of tasks find it?",
    ),
    Chapter(
        20,
        "meta_rl",
        "A goal to find: meta-reinforcement learning",
        "What does adaptation earn where only rewards tell the task, and which gradient trains it?",
    ),
    Chapter(
        21,
        "other_languages_and_images",
        "Other languages, and images",
        "Do the same learners work on new languages and pictures, and what must they beat?",
    ),
    Chapter(
        22,
        "senses_and_grades",
        "New senses, and grades",
        "What does a word mean here, and what is an answer worth, from a few examples?",
    ),
)


def select(names: Sequence[str], chapters: Sequence[Chapter] = CHAPTERS) -> tuple[Chapter, ...]:
    """The named chapters in chapter order, or all of them when none is named.

    Args:
        names: each a number (``6`` or ``06``), a range (``1-3``), a slug, a full name, or the
            path of the notebook in its place.
        chapters: the catalogue to choose from.

    Raises:
        WorkbookError: a name is no chapter's; the message lists the chapters.
    """
    chosen = {c for name in names for c in _named(name, chapters)} if names else set(chapters)
    return tuple(chapter for chapter in chapters if chapter in chosen)


def _named(name: str, chapters: Sequence[Chapter]) -> list[Chapter]:
    wanted = Path(name).name.removesuffix(".ipynb")
    if numbers := re.fullmatch(r"(\d+)-(\d+)", wanted):
        first, last = map(int, numbers.groups())
        chosen = [chapter for chapter in chapters if first <= chapter.number <= last]
    else:
        chosen = [chapter for chapter in chapters if wanted in chapter.names]
    if not chosen:
        known = "\n".join(f"  {chapter.name}" for chapter in chapters)
        raise WorkbookError(f"there is no chapter '{name}'. The chapters are:\n{known}")
    return chosen
