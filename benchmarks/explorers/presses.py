"""The reader's side: from the press of a key to the new picture, decoded, in JupyterLab."""

from __future__ import annotations

import time

from playwright.sync_api import Locator, TimeoutError

from benchmarks.explorers.moves import CANVAS
from tests.browser.explorer import Control, ExplorerOnPage

PRESSES = 24
DRAG_SECONDS = 3.0

# Remembers the last key and, once what is shown has changed, the milliseconds since then. The key
# that chooses from an open list is not heard, but the choice is. A canvas has answered when it is
# painted and the kernel no longer busy.
_WATCH = """area => {
    window.answered = null;
    let pressed = null;
    const tell = async () => {
        if (pressed === null) return;
        const begin = pressed;
        for (const picture of area.querySelectorAll('img')) await picture.decode();
        if (pressed !== begin) return;
        window.answered = performance.now() - begin;
        pressed = null;
    };
    const press = () => { pressed = performance.now(); };
    document.addEventListener('keydown', press, true);
    document.addEventListener('change', event => event.target.matches('select') && press(), true);
    const watcher = new MutationObserver(tell);
    for (const each of area.querySelectorAll('.widget-html-content'))
        watcher.observe(each, {childList: true, subtree: true, characterData: true});
    for (const canvas of area.querySelectorAll('canvas'))
        new MutationObserver(() => canvas.dataset.busy === 'false' && tell())
            .observe(canvas, {attributes: true, attributeFilter: ['data-frames']});
}"""


def milliseconds_of(explorer: ExplorerOnPage) -> dict[str, list[float]]:
    """By control, the milliseconds from each key to what it changed."""
    explorer.area.evaluate(_WATCH)
    return {
        CANVAS if each.kind == "canvas" else each.label: _of_control(explorer, each)
        for each in explorer.controls()
        if each.kind != "button"
    }


def _of_control(explorer: ExplorerOnPage, control: Control) -> list[float]:
    """The first press stays out: it warms what the browser keeps."""
    return [_of_press(explorer, control, place) for place in range(PRESSES + 1)][1:]


def _of_press(explorer: ExplorerOnPage, control: Control, place: int) -> float:
    page, label = explorer.notebook.page, control.label
    handle = explorer.slider(label) if control.kind == "slider" else explorer.control(label)
    if control.kind == "list":
        last = handle.evaluate("each => each.selectedIndex === each.length - 1")
        explorer.open_list(label, "Home" if last else "ArrowDown")
    handle.focus()
    page.wait_for_timeout(30)
    page.evaluate("() => { window.answered = null; }")
    for key in _keys(control.kind, handle, place):
        page.keyboard.press(key)
    try:
        page.wait_for_function("() => window.answered !== null", timeout=20_000)
    except TimeoutError as silence:
        raise RuntimeError(f"{explorer.name}: {label!r} changed nothing") from silence
    return float(page.evaluate("() => window.answered"))


def _keys(kind: str, handle: Locator, place: int) -> list[str]:
    """Keys that change a control; the last of them acts."""
    if kind == "slider":
        now, most = (float(handle.get_attribute(f"aria-value{x}") or 0) for x in ("now", "max"))
        return ["Home" if now == most else "ArrowRight"]
    if kind == "range":
        last = handle.evaluate("each => each.value === each.max")
        return ["Home" if last else "ArrowRight"]
    if kind == "list":
        return ["Enter"]
    if kind == "number":
        return ["ControlOrMeta+a", *str(place % 7 + 1), "Enter"]
    if kind == "canvas":  # choose the first handle, then move it
        return ["1"] if place == 0 else ["ArrowLeft" if place % 20 < 10 else "ArrowRight"]
    return ["Space"]


def frames_per_second(explorer: ExplorerOnPage) -> float:
    """How often the canvas is painted while the pointer drags its first handle."""
    page, canvas = explorer.notebook.page, explorer.area.locator("canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box, "the canvas is not on the page"
    spot = canvas.evaluate("canvas => canvas.drawn().handles[0].pixels")
    left, top = box["x"] + spot[0], box["y"] + spot[1]
    page.mouse.move(left, top)
    page.mouse.down()
    painted, begin = _painted(canvas), time.perf_counter()
    move = 0
    while time.perf_counter() < begin + DRAG_SECONDS:
        page.mouse.move(left + move % 200 - 100, top + move % 77 - 38)
        move += 3
    painted, seconds = _painted(canvas) - painted, time.perf_counter() - begin
    page.mouse.up()
    return painted / seconds


def _painted(canvas: Locator) -> int:
    return int(canvas.get_attribute("data-frames") or 0)
