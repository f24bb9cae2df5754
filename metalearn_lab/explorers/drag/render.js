// Ties the parts together; anywidget calls `render` for each view.

const HELP = {
  one: "Drag the ringed point. By keyboard: arrows move it (with Shift further).",
  many: "Drag a ringed point. By keyboard: arrows move it (with Shift further), N and P choose another.",
  grows: "Click to add a point, drag to move it, double-click to remove it. By keyboard: arrows move " +
    "the cross (with Shift further), Enter adds a point or picks one up, N and P pick up another, " +
    "Delete removes the nearest, Escape lets go.",
};

function make(tag, properties, attributes = {}) {
  const element = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function render({ model, el }) {
  const id = `drag-${Math.random().toString(36).slice(2)}`;
  const { most, handles } = model.get("drawing");
  const moves = most > 0 || handles.length > 0; // else it is a picture, and no stop for the keyboard
  const canvas = moves
    ? make("canvas", { tabIndex: 0 }, { role: "application", "aria-describedby": id })
    : make("canvas", {}, { role: "img" });
  const parts = { canvas, status: make("p", { role: "status" }, { "aria-live": "polite" }) };
  const root = make("div", { className: "drag" });
  root.append(parts.canvas, parts.status);
  if (moves) {
    const help = HELP[most ? "grows" : handles.length > 1 ? "many" : "one"];
    root.append(make("p", { id, textContent: help }));
  }
  el.append(root);

  const board = new Board(model, parts);
  let giveKeysBack = () => {};
  if (moves) {
    followPointer(board);
    followKeys(board);
    giveKeysBack = keepKeys(parts.canvas);
  }
  const update = () => board.update();
  const changes = ["change:drawing", "change:answered"];
  for (const change of changes) model.on(change, update);
  const watcher = new ResizeObserver(() => board.draw());
  watcher.observe(parts.canvas);

  return () => {
    for (const change of changes) model.off(change, update);
    watcher.disconnect();
    giveKeysBack();
    for (const timer of [board.saying, board.kernel.timer]) clearTimeout(timer);
    cancelAnimationFrame(board.frame);
  };
}

export default { render };
