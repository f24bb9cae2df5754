// Mouse, pen and finger: drag a handle; where handles may be added, press to add one and press it
// twice to remove it.

const REACH = { mouse: 14, pen: 16, touch: 26 }; // pixels around a handle that are the handle
const TWICE = 400; // milliseconds between the two presses that remove a handle
const STILL = 3; // pixels that a hand may move in a press

const distance = ([left, top], [otherLeft, otherTop]) => Math.hypot(left - otherLeft, top - otherTop);

function followPointer(board) {
  const { canvas } = board;
  let tap = null; // where a finger went down on no handle
  let pressed = null; // the handle that was pressed last, and when

  function spotOf({ clientX, clientY }) {
    const { left, top } = canvas.getBoundingClientRect();
    return [clientX - left, clientY - top];
  }

  const under = (event) => board.nearest(spotOf(event), REACH[event.pointerType] ?? REACH.mouse);

  function press(event) {
    if (event.button !== 0) return;
    canvas.focus({ preventScroll: true });
    board.keys = false;
    const index = under(event), spot = spotOf(event);
    const again = board.grows && pressed?.index === index && event.timeStamp - pressed.time < TWICE;
    pressed = null;
    if (index !== null && again) board.remove(index);
    else if (index !== null) take(event, index);
    else if (!board.grows) return;
    else if (event.pointerType === "touch") tap = spot; // it may become a scroll
    else take(event, board.add(board.planes[0].data(spot)));
  }

  function take(event, index) {
    if (index === null) return;
    const spot = spotOf(event), [left, top] = board.spotOf(index);
    board.drag = { index, spot, shift: [left - spot[0], top - spot[1]], moved: false };
    board.ringed = index;
    board.chosen = board.grows ? null : index;
    canvas.setPointerCapture(event.pointerId);
    board.draw();
  }

  function move(event) {
    const spot = spotOf(event), { drag } = board;
    if (drag) {
      drag.moved ||= distance(spot, drag.spot) > STILL;
      const plane = board.planeOf(drag.index), target = spot.map((each, i) => each + drag.shift[i]);
      if (drag.moved) board.put(drag.index, plane.rounded(plane.data(target)));
    } else board.ringed = under(event);
    const empty = board.grows ? "crosshair" : "default";
    canvas.style.cursor = drag ? "grabbing" : board.ringed === null ? empty : "grab";
    board.draw();
  }

  function release(event) {
    const { drag } = board;
    if (drag?.moved) board.sayHandle(drag.index);
    else if (drag) pressed = { index: drag.index, time: event.timeStamp };
    else if (tap && distance(spotOf(event), tap) < REACH.touch) {
      pressed = { index: board.add(board.planes[0].data(tap)), time: event.timeStamp };
    }
    letGo();
  }

  function letGo() {
    board.drag = board.ringed = tap = null;
    board.draw();
  }

  // A finger on a handle drags it; anywhere else it scrolls the page.
  function touch(event) {
    if (board.nearest(spotOf(event.touches[0]), REACH.touch) !== null) event.preventDefault();
  }

  const heard = {
    pointerdown: press,
    pointermove: move,
    pointerup: release,
    pointercancel: letGo,
    pointerleave: () => board.drag || letGo(),
  };
  for (const [name, hear] of Object.entries(heard)) {
    canvas.addEventListener(name, (event) => event.isPrimary && hear(event)); // one finger draws
  }
  canvas.addEventListener("touchstart", touch, { passive: false });
}
