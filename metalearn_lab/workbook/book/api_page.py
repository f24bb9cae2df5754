"""The page of the package's public names, which Sphinx fills from their docstrings."""

from __future__ import annotations

from inspect import isclass, isfunction
from typing import Any

import metalearn_lab

NAME = "python_api"

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

PAGE = """\
# The package from Python

Every name below is imported from the package itself, as in `from metalearn_lab import MAML`.
"""


def api_page() -> str:
    """The page, in Markdown: a section a folder, and the names in it by alphabet."""
    sections = [PAGE]
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
