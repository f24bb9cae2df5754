// The keyboard alone: a cross that the arrows move, and keys that do what the pointer does.

const STEP = 0.1, LEAP = 1; // of the cross, for an arrow and for Shift and an arrow
const NEAR = 12; // pixels around the cross in which Enter picks a point up
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

// Saving, running the cell and the like stay with the page.
const ofPage = ({ ctrlKey, metaKey, altKey, shiftKey, key }) =>
  ctrlKey || metaKey || altKey || (shiftKey && key === "Enter");

// JupyterLab hears a key before the page does and takes arrows, Enter and Delete for the cells,
// unless what has the focus carries this attribute; around it is not enough. The window is asked
// before JupyterLab's own listener.
function keepKeys(root) {
  const keep = (event) => {
    const { target } = event;
    if (root.contains(target)) target.toggleAttribute("data-lm-suppress-shortcuts", !ofPage(event));
  };
  window.addEventListener("keydown", keep, true);
  return () => window.removeEventListener("keydown", keep, true);
}

function followKeys(task) {
  const { canvas } = task;
  const cross = () => [task.to.x(task.cross[0]), task.to.y(task.cross[1])];

  function go([dx, dy], length) {
    const [x, y] = task.cross;
    task.cross = task.bounded([x + dx * length, y + dy * length]);
    task.atX = task.cross[0];
    if (task.held === null) return task.say(place(task.cross));
    task.put(task.held, task.cross);
    task.sayPoint(task.held, "Holding ");
  }

  function placeOrPickUp() {
    if (task.held !== null) return letGo();
    const index = task.nearest(cross(), NEAR);
    if (index === null) return task.add(task.cross);
    task.held = task.ringed = index;
    task.cross = task.points[index];
    task.sayPoint(index, "Holding ");
  }

  function removeNearest() {
    const index = task.held ?? task.nearest(cross());
    if (index === null) task.say("There is no point to remove");
    else task.remove(index);
  }

  function letGo() {
    task.sayPoint(task.held, "Let go: ");
    task.held = task.ringed = null;
  }

  function press(event) {
    const { key } = event, arrow = ARROWS[key];
    if (ofPage(event)) return;
    if (arrow) go(arrow, event.shiftKey ? LEAP : STEP);
    else if (key === "Enter" || key === " ") placeOrPickUp();
    else if (key === "Delete" || key === "Backspace") removeNearest();
    else if (key === "Escape" && task.held !== null) letGo();
    else return;
    event.preventDefault();
    event.stopPropagation();
    task.crossShown = true;
    task.draw();
  }

  canvas.addEventListener("keydown", press);
  canvas.addEventListener("focus", () => {
    task.crossShown = canvas.matches(":focus-visible");
    task.draw();
  });
  canvas.addEventListener("blur", () => {
    task.crossShown = false;
    task.held = task.ringed = null;
    task.draw();
  });
}
