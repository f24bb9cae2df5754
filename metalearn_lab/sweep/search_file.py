"""A search file: the chapter whose settings are searched, where to look, and what is to be best.

It is YAML. Settings that are searched have a range or a list of values; what is best is a value of
one of the chapter's headlines, a column of ``results.csv``::

    chapter: 0
    parameters: {iterations: 300, unseen_tasks: 100}
    search:
      inner_lr: {from: 0.001, to: 0.1, scale: log}
      meta_batch: {from: 4, to: 64}
    lowest: maml
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from metalearn_lab.sweep.strict_yaml import load_yaml
from metalearn_lab.workbook.chapters import CHAPTERS, Chapter, select
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.parameters import Parameter, listing, typed_value

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

FORM = (
    "a search file has `chapter`, `search` with settings such as\n"
    "  inner_lr: {from: 0.001, to: 0.1, scale: log}\n"
    "and `lowest` or `highest` with a value of the chapter's headline"
)
SCALES = ("linear", "log")


class SearchFile(NamedTuple):
    """What a search file says.

    Attributes:
        path: the file, for messages.
        chapter: which.
        fixed: parameters that stay, as they stand in the file.
        space: for each setting a mapping with ``from``, ``to`` and perhaps ``scale``, or a list.
        value: the headline value that judges a trial.
        lowest: whether the lowest is the best, or the highest.
    """

    path: Path
    chapter: Chapter
    fixed: dict[str, Any]
    space: dict[str, Any]
    value: str
    lowest: bool


def read_search_file(path: Path, chapters: Sequence[Chapter] = CHAPTERS) -> SearchFile:
    """What a search file says; the settings are checked when the chapter's types are known.

    Raises:
        WorkbookError: the file cannot be read, or is no search file; the message says why.
    """
    try:
        content = load_yaml(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise WorkbookError(f"cannot read the search file {path}: {reason}") from None
    known = ("chapter", "parameters", "search", "lowest", "highest")
    if not isinstance(content, dict) or not {"chapter", "search"} <= content.keys():
        raise WorkbookError(f"{path}: {FORM}")
    if unknown := [name for name in content if name not in known]:
        raise WorkbookError(f"{path}: '{unknown[0]}' means nothing here; {FORM}")
    if ("lowest" in content) == ("highest" in content):
        raise WorkbookError(f"{path}: give either `lowest` or `highest`; {FORM}")
    named = select([str(content["chapter"])], chapters)
    if len(named) != 1:
        raise WorkbookError(
            f"{path}: a search is of one chapter, '{content['chapter']}' names more"
        )
    fixed, space = content.get("parameters") or {}, content["search"]
    for name, part in (("parameters", fixed), ("search", space)):
        if not isinstance(part, dict):
            raise WorkbookError(f"{path}: `{name}` names settings, and is not {part!r}; {FORM}")
    if not space:
        raise WorkbookError(f"{path}: `search` is empty, so there is nothing to search")
    if twice := fixed.keys() & space.keys():
        raise WorkbookError(f"{path}: '{min(twice)}' is both fixed and searched")
    value = content.get("lowest") or content.get("highest")
    if not isinstance(value, str):
        raise WorkbookError(f"{path}: the value to search for is one name, not {value!r}")
    return SearchFile(path, named[0], fixed, space, value, "lowest" in content)


def distributions(file: SearchFile, known: Mapping[str, Parameter]) -> dict[str, BaseDistribution]:
    """Where each setting is looked for, in Optuna's form.

    Args:
        file: of the search.
        known: the chapter's parameters.

    Raises:
        WorkbookError: a setting is no parameter of the chapter, its range is none, or a value is
            not of its type.
    """
    if unknown := [name for name in (*file.fixed, *file.space) if name not in known]:
        raise WorkbookError(
            f"chapter {file.chapter.name} has no parameter '{unknown[0]}'.\n"
            f"{listing({file.chapter: known})}"
        )
    return {name: _distribution(file, known[name], file.space[name]) for name in file.space}


def _distribution(file: SearchFile, parameter: Parameter, given: Any) -> BaseDistribution:
    from optuna import distributions as optuna

    place = f"{file.path}, '{parameter.name}'"
    if isinstance(given, list):
        values = [typed_value(value, parameter) for value in given]
        if len(set(map(str, values))) < 2:
            raise WorkbookError(f"{place}: give two values or more to choose from, not {given}")
        return optuna.CategoricalDistribution(values)
    if not isinstance(given, dict) or not {"from", "to"} <= given.keys() <= {"from", "to", "scale"}:
        raise WorkbookError(
            f"{place}: a setting has a list of values, or a range such as "
            f"{{from: 0.001, to: 0.1, scale: log}}, and not {given!r}"
        )
    of_kind = {"int": optuna.IntDistribution, "float": optuna.FloatDistribution}
    if parameter.type not in of_kind:
        raise WorkbookError(f"{place} is {parameter.type}, no number: give a list of its values")
    scale = given.get("scale", "linear")
    if scale not in SCALES:
        raise WorkbookError(f"{place}: the scale is linear or log, not {scale!r}")
    low, high = (typed_value(given[end], parameter) for end in ("from", "to"))
    if low >= high:
        raise WorkbookError(f"{place}: the range goes from {low} to {high}; the first must be less")
    if scale == "log" and low <= 0:
        raise WorkbookError(f"{place}: a log scale begins above 0, not at {low}")
    return of_kind[parameter.type](low, high, log=scale == "log")
