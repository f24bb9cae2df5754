"""YAML in which nothing is said twice; YAML itself keeps the last of two equal names, unsaid."""

from __future__ import annotations

from typing import Any

from metalearn_lab.workbook.errors import WorkbookError


def load_yaml(text: str, source: str) -> Any:
    """The plain data that a YAML text stands for.

    Args:
        text: the document.
        source: its name, for the message.

    Raises:
        WorkbookError: the text is no YAML, or names something twice.
    """
    import yaml

    try:
        _refuse_names_given_twice(yaml.compose(text, Loader=yaml.SafeLoader))
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise WorkbookError(f"{source}{line}: {error.problem}; the file must be YAML") from None
    except yaml.YAMLError as error:
        raise WorkbookError(f"{source} is no YAML: {error}") from None


def _refuse_names_given_twice(node: Any) -> None:
    import yaml

    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for name, value in node.value:
            if str(name.value) in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"'{name.value}' is given twice", problem_mark=name.start_mark
                )
            seen.add(str(name.value))
            _refuse_names_given_twice(value)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            _refuse_names_given_twice(each)
