"""How long an explorer lives: until its cell is run again, or longer if the reader keeps it.

ipywidgets holds every widget for ever, and a widget holds whatever its callbacks hold. So an
explorer's widgets refer to it only weakly; what keeps it alive is the cell that shows it, or a
variable of the reader's. When neither does, its widgets are closed.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_shown: dict[object, dict[int, list[object]]] = {}
"""What each cell shows, by the execution of the cell."""


def weak_method(method: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The same bound method as a function that does not keep its object alive.

    Raises:
        ReferenceError: (the function) its object is gone.
    """
    reference = weakref.WeakMethod(method)

    def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        living_method = reference()
        if living_method is None:
            raise ReferenceError("the explorer of this widget is gone: run its cell again")
        return living_method(*args, **kwargs)

    return call


def close_when_gone(explorer: object, box: Any) -> None:
    """Close a widget, with all that it holds, when an explorer is no longer alive."""
    weakref.finalize(explorer, _close, box).atexit = False


def keep_while_shown(explorer: object) -> None:
    """Keep an explorer alive until the cell that runs now is run once more.

    Where the frontend does not say which cell runs, the cell is known by its text. Two cells may
    have the same text, so the text's last two executions keep what they show.
    """
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None:
        return
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    cell = parent.get("metadata", {}).get("cellId")
    text = "".join(shell.user_ns.get("In", [""])[-1:])
    executions = _shown.setdefault(cell or ("text", text), {})
    executions.setdefault(shell.execution_count, []).append(explorer)
    if len(executions) > (1 if cell else 2):
        del executions[min(executions)]
        gc.collect()  # an explorer that is part of a circle would wait for it


def _close(value: Any) -> None:
    """Close a widget after every widget that it holds: children, layouts and styles."""
    from ipywidgets import Widget

    if isinstance(value, list | tuple):
        for item in value:
            _close(item)
    elif isinstance(value, Widget):
        for name in value.keys:
            _close(getattr(value, name))
        value.close()
