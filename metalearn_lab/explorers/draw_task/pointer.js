// Mouse, pen and finger: press to add a point or take one, drag, press twice to remove.

const REACH = { mouse: 12, pen: 14, touch: 24 }; // pixels around a point that are the point
const TWICE = 400; // milliseconds between the two presses that remove a point
const STILL = 3; // pixels that a hand may move in a press

const distance = ([left, top], [otherLeft, otherTop]) => Math.hypot(left - otherLeft, top - otherTop);

function followPointer(task) {
  const { canvas } = task;
  let tap = null; // where a finger went down on no point
  let pressed = null; // the point that was pressed last, and when

  function spotOf({ clientX, clientY }) {
    const { left, top } = canvas.getBoundingClientRect();
    return [clientX - left, clientY - top];
  }

  const under = (event) => task.nearest(spotOf(event), REACH[event.pointerType] ?? REACH.mouse);

  function press(event) {
    if (event.button !== 0) return;
    canvas.focus({ preventScroll: true });
    task.crossShown = false;
    task.held = null;
    const index = under(event);
    const again = pressed?.index === index && event.timeStamp - pressed.time < TWICE;
    pressed = null;
    if (index !== null && again) task.remove(index);
    else if (index !== null) take(event, index);
    else if (event.pointerType === "touch") tap = spotOf(event); // it may become a scroll
    else take(event, task.add(task.to.data(...spotOf(event))));
  }

  function take(event, index) {
    if (index === null) return;
    const spot = spotOf(event), [x, y] = task.to.data(...spot), [px, py] = task.points[index];
    task.drag = { index, spot, shift: [px - x, py - y], moved: false };
    task.ringed = index;
    canvas.setPointerCapture(event.pointerId);
    task.draw();
  }

  function move(event) {
    const spot = spotOf(event), [x, y] = task.to.data(...spot), { drag } = task;
    task.atX = clamp(x, task.setting.x);
    if (drag) {
      drag.moved ||= distance(spot, drag.spot) > STILL;
      if (drag.moved) task.put(drag.index, [x + drag.shift[0], y + drag.shift[1]]);
    } else task.ringed = under(event);
    canvas.style.cursor = drag ? "grabbing" : task.ringed === null ? "crosshair" : "grab";
    task.draw();
  }

  function release(event) {
    const { drag } = task;
    if (drag) {
      if (drag.moved) task.sayPoint(drag.index);
      else pressed = { index: drag.index, time: event.timeStamp };
    } else if (tap && distance(spotOf(event), tap) < REACH.touch) {
      const index = task.add(task.to.data(...tap));
      pressed = { index, time: event.timeStamp };
    }
    letGo();
  }

  function letGo() {
    task.drag = task.ringed = tap = null;
    task.draw();
  }

  // A finger on a point drags it; anywhere else it scrolls the page.
  function touch(event) {
    if (task.nearest(spotOf(event.touches[0]), REACH.touch) !== null) event.preventDefault();
  }

  const heard = {
    pointerdown: press,
    pointermove: move,
    pointerup: release,
    pointercancel: letGo,
    pointerleave: () => task.drag || letGo(),
  };
  for (const [name, hear] of Object.entries(heard)) {
    canvas.addEventListener(name, (event) => event.isPrimary && hear(event)); // one finger draws
  }
  canvas.addEventListener("touchstart", touch, { passive: false });
}
