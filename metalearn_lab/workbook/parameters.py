"""A chapter's parameters: which it has, of which type, and what is given for them.

A value is read by the type that the chapter declares, wherever it comes from: the command line, a
sweep file, or papermill, whose own reading makes ``no`` False and leaves ``five`` where a number
belongs. Every chapter asks `check_parameters` in the cell after them.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from metalearn_lab.workbook.chapters import Chapter
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.notebook_file import read_notebook
from metalearn_lab.workbook.teaching_tags import has_tag

TAG = "parameters"
OPTIONAL = re.compile(r"(?:typing\.)?Optional\[(.+)\]|(.+)\|None")


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
    """The parameters of a notebook by name, as papermill sees them.

    Raises:
        WorkbookError: the file is no notebook, or it has several cells of parameters, of which the
            second would undo what papermill sets behind the first.
    """
    from papermill.translators import PythonTranslator

    cells = [cell for cell in read_notebook(notebook)["cells"] if has_tag(cell, TAG)]
    if len(cells) > 1:
        raise WorkbookError(
            f"{notebook.name} has {len(cells)} cells tagged `{TAG}`: put them into one"
        )
    return {
        found.name: Parameter(found.name, found.inferred_type_name, found.default, found.help)
        for cell in cells
        for found in PythonTranslator.inspect(cell)
    }


def parameters_if_readable(notebook: Path) -> dict[str, Parameter]:
    """The same; none where the notebook has to be mended first, which its run will say."""
    try:
        return parameters_of(notebook)
    except WorkbookError:
        return {}


def check_parameters(namespace: MutableMapping[str, Any]) -> None:
    """See that a chapter's parameters are of the types that it declares; a chapter calls this.

    A number given as text becomes the number, an int for a float becomes a float.

    Args:
        namespace: the chapter's ``globals()``.

    Raises:
        WorkbookError: a value of another type, or papermill was given a name that is no parameter.
    """
    declared = {
        # a type as it is written: `int`, `list[int]`
        name: Parameter(name, kind.__name__ if type(kind) is type else str(kind), "", "")
        for name, kind in namespace.get("__annotations__", {}).items()
    }
    for name in _names_set_by_papermill(namespace):
        if name not in declared:
            raise WorkbookError(
                f"this chapter has no parameter '{name}'; it has {', '.join(declared)}"
            )
    for name in namespace.keys() & declared.keys():
        namespace[name] = typed_value(namespace[name], declared[name])


def _names_set_by_papermill(namespace: Mapping[str, Any]) -> list[str]:
    """The names that papermill set in the cell that it added."""
    cells = [cell for cell in namespace.get("In", ()) if cell.startswith("# Parameters\n")]
    nodes = [node for cell in cells for node in ast.walk(ast.parse(cell))]
    names = [
        node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]
    return [name for name in names if not name.startswith("PAPERMILL_")]


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
            name: typed_value(text, parameters[name]) for name, text in given if name in parameters
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


def typed_value(value: Any, parameter: Parameter) -> Any:
    """The value of a parameter's type that a value stands for; text is read by that type.

    Raises:
        WorkbookError: the value is not of that type, or a number that is not finite.
    """
    try:
        return _typed(value, parameter.type.replace(" ", ""))
    except _NOT_READ:
        given = f"'{value}'" if isinstance(value, str) else repr(value)
        default = f" (default: {parameter.default})" if parameter.default else ""
        article = "an" if parameter.type[0] in "aeiou" else "a"
        raise WorkbookError(
            f"parameter '{parameter.name}' takes {article} {parameter.type}, not {given}{default}"
            f"{_hint(value, parameter.type)}"
        ) from None


def _hint(value: Any, kind: str) -> str:
    if "str" in kind and not isinstance(value, str):
        return "; in quotes it is text, and so it is with papermill's -r in place of -p"
    if kind == "bool":
        return "; that is True or False"
    return "; a number must be finite" if kind == "float" and _is_infinite(value) else ""


def _is_infinite(value: Any) -> bool:
    try:
        return not math.isfinite(float(value))
    except (TypeError, ValueError, OverflowError):
        return False


_TYPES: dict[str, Any] = {
    "bool": bool,
    "int": int,
    "float": int | float,
    "str": str,
    "list": list | tuple,
    "tuple": list | tuple,
}
_NOT_READ = (ValueError, SyntaxError, TypeError, MemoryError, RecursionError, OverflowError)
"""What `_typed` raises for a value that is not of the type, most of it when text is read."""


def _typed(value: Any, kind: str) -> Any:
    """The value, or what its text stands for, if that is of the kind; see `_NOT_READ`."""
    if inner := OPTIONAL.fullmatch(kind):
        return None if value in (None, "None") else _typed(value, inner[1] or inner[2])
    outer, _, inside = kind.removesuffix("]").partition("[")
    if isinstance(value, str) and outer not in {"str", "object"}:
        value = ast.literal_eval(value.capitalize() if outer == "bool" else value)
    is_bool_for_number = isinstance(value, bool) and outer in {"int", "float"}
    if is_bool_for_number or not isinstance(value, _TYPES.get(outer, object)):
        raise ValueError(kind)
    if outer in {"list", "tuple"}:
        return [_typed(item, inside.removesuffix(",...") or "object") for item in value]
    if outer == "float" and not math.isfinite(value):
        raise ValueError(kind)
    if isinstance(value, str):
        value.encode()  # a UnicodeEncodeError is a ValueError: bytes of a name that are no text
    return float(value) if outer == "float" else value
