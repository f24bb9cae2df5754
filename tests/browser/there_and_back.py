"""A control moved by one key and back: either changes what is shown."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.explorer import Control, ExplorerOnPage

OPPOSITE = {"ArrowRight": "ArrowLeft", "ArrowDown": "ArrowUp"}
_AT_THE_END = """canvas => {
    const { handles, panels, chosen } = canvas.drawn?.() ?? { chosen: null };
    return chosen !== null && handles[chosen].place[0] >= panels[handles[chosen].panel].x[1];
}"""
OPPOSITE |= {back: there for there, back in OPPOSITE.items()}


def there_and_back(explorer: ExplorerOnPage, control: Control) -> None:
    """Move a control by one key and back, from wherever it stands."""
    kind, label = control
    if kind == "slider":
        handle = explorer.slider(label)
        value, most = (handle.get_attribute(f"aria-value{each}") for each in ("now", "max"))
        _by(explorer.slide, label, "ArrowLeft" if value == most else "ArrowRight")
    elif kind == "range":
        last = explorer.control(label).evaluate("range => range.value === range.max")
        _by(explorer.press, label, "ArrowLeft" if last else "ArrowRight")
    elif kind == "canvas":  # its chosen handle, or where handles are added its cross
        canvas = explorer.control(label)
        _by(explorer.press, label, "ArrowLeft" if canvas.evaluate(_AT_THE_END) else "ArrowRight")
        canvas.blur()  # nothing is ringed any more
    elif kind == "list":
        last = explorer.control(label).evaluate("list => list.selectedIndex === list.length - 1")
        _by(explorer.choose_next, label, "ArrowUp" if last else "ArrowDown")
    elif kind == "number":
        field = explorer.control(label)
        value, most = (int(field.evaluate(f"field => +field.{each}")) for each in ("value", "max"))
        explorer.type_number(label, value - 1 if value == most else value + 1)
        explorer.type_number(label, value)
    elif kind == "box":
        explorer.toggle(label)
        explorer.toggle(label)


def _by(move: Callable[[str, str], None], label: str, key: str) -> None:
    move(label, key)
    move(label, OPPOSITE[key])
