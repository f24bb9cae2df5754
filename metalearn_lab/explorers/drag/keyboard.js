// The keyboard alone: arrows move the chosen handle, N and P and digits choose. Where handles may be
// added and none is chosen, arrows move a cross, and Enter adds or chooses a handle there.

const LEAP = 10; // Shift and an arrow go so many times as far
const NEAR = 12; // pixels around the cross in which Enter chooses a handle
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

// Saving, running the cell and the like stay with the page.
const ofPage = ({ ctrlKey, metaKey, altKey, shiftKey, key }) =>
  ctrlKey || metaKey || altKey || (shiftKey && key === "Enter");

// JupyterLab hears a key before the page does and takes arrows, Enter and Delete for the cells,
// unless what has the focus carries this attribute; around it is not enough. The window is asked
// before JupyterLab's own listener.
function keepKeys(canvas) {
  const keep = (event) => {
    if (event.target === canvas) canvas.toggleAttribute("data-lm-suppress-shortcuts", !ofPage(event));
  };
  window.addEventListener("keydown", keep, true);
  return () => window.removeEventListener("keydown", keep, true);
}

function followKeys(board) {
  const { canvas } = board;

  function go(arrow, leaps) {
    const plane = board.chosen === null ? board.planes[0] : board.planeOf(board.chosen);
    const from = board.chosen === null ? board.cross : board.handles[board.chosen].place;
    const to = from.map((value, i) => exact(value + arrow[i] * plane.step[i] * leaps));
    if (board.chosen === null) {
      board.cross = plane.bounded(to);
      return board.say(plane.words(board.cross));
    }
    board.put(board.chosen, to);
    board.sayHandle(board.chosen, board.grows ? "Holding " : "");
  }

  function choose(index) {
    const { length } = board.handles;
    if (!length) return;
    board.chosen = (index + length) % length;
    board.sayHandle(board.chosen, "Holding ");
  }

  function letGo() {
    if (!board.grows || board.chosen === null) return;
    board.cross = board.handles[board.chosen].place;
    board.sayHandle(board.chosen, "Let go: ");
    board.chosen = null;
  }

  function addOrChoose() {
    if (board.chosen !== null) return letGo();
    const index = board.nearest(board.planes[0].pixels(board.cross), NEAR);
    if (index === null) board.add(board.cross);
    else choose(index);
  }

  function removeNearest() {
    const index = board.chosen ?? board.nearest(board.planes[0].pixels(board.cross));
    if (index === null) board.say("There is no point to remove");
    else board.remove(index);
  }

  function press(event) {
    const { key } = event, arrow = ARROWS[key];
    if (ofPage(event)) return;
    if (arrow) go(arrow, event.shiftKey ? LEAP : 1);
    else if (/^[1-9]$/.test(key) && key <= board.handles.length) choose(key - 1);
    else if (key.toLowerCase() === "n") choose((board.chosen ?? -1) + 1);
    else if (key.toLowerCase() === "p") choose((board.chosen ?? 0) - 1);
    else if (key === "Escape") letGo();
    else if (board.grows && (key === "Enter" || key === " ")) addOrChoose();
    else if (board.grows && (key === "Delete" || key === "Backspace")) removeNearest();
    else return;
    event.preventDefault();
    event.stopPropagation();
    board.keys = true;
    board.draw();
  }

  canvas.addEventListener("keydown", press);
  canvas.addEventListener("focus", () => {
    board.keys = canvas.matches(":focus-visible");
    board.draw();
  });
  canvas.addEventListener("blur", () => {
    board.keys = false;
    if (board.grows) board.chosen = null;
    board.draw();
  });
}
