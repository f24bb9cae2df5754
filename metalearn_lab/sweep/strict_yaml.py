"""YAML in which a word is a word: what it stands for is said by whoever asked for it.

YAML itself makes ``no`` False, ``010`` eight, ``1:30`` ninety and ``2026-01-01`` a date, keeps the
last of two equal names, and lets ten lines of aliases fill the memory, all unsaid.
"""

from __future__ import annotations

from typing import Any

import yaml

from metalearn_lab.workbook.errors import WorkbookError

NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))


def load_yaml(text: str, source: str) -> Any:
    """The mappings, lists and texts of a YAML document; None where nothing stands.

    Args:
        text: the document.
        source: its name, for the message.

    Raises:
        WorkbookError: the text is no YAML, names something twice, or has an alias or a tag.
    """
    try:
        for event in yaml.parse(text, Loader=yaml.BaseLoader):
            if isinstance(event, yaml.AliasEvent):
                raise _mistake("an alias (*) means nothing here: write it out", event)
        node = yaml.compose(text, Loader=yaml.BaseLoader)
        return node and _plain(node)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise WorkbookError(f"{source}{line}: {error.problem}; the file must be YAML") from None
    except yaml.YAMLError as error:
        raise WorkbookError(f"{source} is no YAML: {error}") from None
    except RecursionError:
        raise WorkbookError(f"{source}: lists in lists, too deep to read") from None


def _plain(node: yaml.Node) -> Any:
    if node.tag not in PLAIN_TAGS:
        raise _mistake(f"the tag {node.tag} means nothing here", node)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node)
    return None if node.style is None and node.value in NOTHING else node.value


def _mapping(node: yaml.MappingNode) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for name, value in node.value:
        if not isinstance(name.value, str):
            raise _mistake("a name is a word, not a list", name)
        if name.value in mapping:
            raise _mistake(f"'{name.value}' is given twice", name)
        mapping[name.value] = _plain(value)
    return mapping


def _mistake(problem: str, marked: yaml.Node | yaml.Event) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=marked.start_mark)
