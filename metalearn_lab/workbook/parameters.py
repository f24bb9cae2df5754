"""A chapter's parameters: which it has, of which type, and what the command line gives for them."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from metalearn_lab.workbook.chapters import Chapter
from metalearn_lab.workbook.errors import WorkbookError

OPTIONAL = r"(?:typing\.)?Optional\[(.+)\]"


class Parameter(NamedTuple):
    """One annotated assignment of a chapter's `parameters` cell.

    Attributes:
        name: the variable.
        type: its annotation, e.g. ``int`` or ``list[str]``.
        default: the right-hand side as written.
        help: the comment behind it.
    """

    name: str
    type: str
    default: str
    help: str


def parameters_of(notebook: Path) -> dict[str, Parameter]:
    """The parameters of a notebook by name, as papermill sees them."""
    import papermill

    inspected = papermill.inspect_notebook(str(notebook))
    return {
        name: Parameter(name, each["inferred_type_name"], each["default"], each["help"])
        for name, each in inspected.items()
    }


def defaults(parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    """The default values by name; one that is not a plain literal stays as its text."""
    values: dict[str, Any] = {}
    for name, parameter in parameters.items():
        try:
            values[name] = ast.literal_eval(parameter.default)
        except (ValueError, SyntaxError):
            values[name] = parameter.default
    return values


def assign(
    given: Sequence[tuple[str, str]], known: Mapping[Chapter, Mapping[str, Parameter]]
) -> dict[Chapter, dict[str, Any]]:
    """Hand each given parameter to the chapters that have it.

    Args:
        given: names and values as typed on the command line.
        known: the parameters of each chosen chapter.

    Raises:
        WorkbookError: a name that no chosen chapter has, a name given twice, or a value that is
            not of the parameter's type.
    """
    names = [name for name, _ in given]
    for name in names:
        if names.count(name) > 1:
            raise WorkbookError(f"parameter '{name}' is given twice")
        if not any(name in parameters for parameters in known.values()):
            raise WorkbookError(f"no chosen chapter has a parameter '{name}'.\n{listing(known)}")
    return {
        chapter: {
            name: parse_value(text, parameters[name]) for name, text in given if name in parameters
        }
        for chapter, parameters in known.items()
    }


def listing(known: Mapping[Chapter, Mapping[str, Parameter]]) -> str:
    """The parameters of some chapters with type, default and help, for a message."""
    lines = ["The parameters are:"]
    for chapter, parameters in known.items():
        lines.append(f"  {chapter.name}" + ("" if parameters else ": none"))
        lines += [f"    {p.name}: {p.type} = {p.default}  {p.help}" for p in parameters.values()]
    return "\n".join(line.rstrip() for line in lines)


def parse_value(text: str, parameter: Parameter) -> Any:
    """The value of a parameter's type that the text stands for.

    Raises:
        WorkbookError: the text is not of that type.
    """
    try:
        return _parse(text, parameter.type.replace(" ", ""))
    except (ValueError, SyntaxError):
        raise WorkbookError(
            f"parameter '{parameter.name}' takes {_article(parameter.type)}, not '{text}'"
            f" (default: {parameter.default})"
        ) from None


def typed_value(value: Any, parameter: Parameter) -> Any:
    """The value of a parameter's type that a value from a file stands for.

    Text for a parameter that is no text is read as on the command line, because YAML takes ``1e-3``
    for text.

    Raises:
        WorkbookError: the value is not of that type.
    """
    if isinstance(value, str):
        return parse_value(value, parameter)
    kind = parameter.type.replace(" ", "")
    if optional := re.fullmatch(OPTIONAL, kind):
        kind = optional[1]
    try:
        return None if optional and value is None else _checked(value, kind)
    except ValueError:
        hint = "; in quotes it is text" if "str" in kind else ""
        raise WorkbookError(
            f"parameter '{parameter.name}' takes {_article(parameter.type)}, not {value!r}"
            f" (default: {parameter.default}){hint}"
        ) from None


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _parse(text: str, kind: str) -> Any:
    if kind == "str":
        return text
    if inner := re.fullmatch(OPTIONAL, kind):
        return None if text == "None" else _parse(text, inner[1])
    value = ast.literal_eval(text.capitalize() if kind == "bool" else text)
    return _checked(value, kind)


_TYPES: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "str": (str,),
}


def _checked(value: Any, kind: str) -> Any:
    """The value, if it is of the kind; an int may stand for a float."""
    outer, _, inner = kind.removesuffix("]").partition("[")
    if outer in {"list", "tuple"}:
        if not isinstance(value, (list, tuple)):
            raise ValueError(kind)
        each = inner.removesuffix(",...") or "object"
        return [_checked(item, each) for item in value]
    if isinstance(value, bool) and outer in {"int", "float"}:
        raise ValueError(kind)
    if outer in _TYPES and not isinstance(value, _TYPES[outer]):
        raise ValueError(kind)
    return float(value) if outer == "float" else value
