// What stands on the page: buttons, legend, canvas, status and tables, and how numbers are written.

const COLUMNS = ["learner", "points, before", "points, after", "sinusoid", "curve"];
const CAPTION = "Mean squared error on the points and on the sinusoid, and where each curve is";
const INVITATION = "Put a point on the canvas";
const HELP =
  "Click to add a point, drag to move it, double-click to remove it. By keyboard: arrows move the " +
  "cross (with Shift further), Enter places or picks up a point, Delete removes the nearest, " +
  "Escape lets go.";

const signed = (text) => text.replace("-", "−");
const number = (value) => signed(value.toFixed(2));
const place = ([x, y]) => `x ${number(x)}, y ${number(y)}`;
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

// A number that may have left all bounds.
function unbounded(value) {
  if (!Number.isFinite(value)) return "diverged";
  return Math.abs(value) < 10000 ? number(value) : signed(value.toExponential(1));
}

function make(tag, { attributes = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Touches the page only where it changes: a reader may be selecting text.
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function writeList(list, texts) {
  while (list.children.length > texts.length) list.lastChild.remove();
  while (list.children.length < texts.length) list.append(make("li"));
  texts.forEach((text, i) => write(list.children[i], text));
}

function swatch({ color, dash, marker }) {
  const corners = MARKERS[marker].map(([x, y]) => `${23 + 9 * x},${8 + 9 * y}`).join(" ");
  const span = make("span", { attributes: { "aria-hidden": "true" } });
  span.innerHTML =
    `<svg width="46" height="16"><line x1="1" y1="8" x2="45" y2="8" stroke="${color}" ` +
    `stroke-width="2.5" stroke-dasharray="${dash.map((part) => 2.5 * part).join(" ")}"/>` +
    `<polygon points="${corners}" fill="${color}"/></svg>`;
  return span;
}

function makeCanvas({ x, y }, help) {
  const range = (ends) => ends.map((end) => signed(String(end))).join(" to ");
  const label = `canvas: x from ${range(x)}, y from ${range(y)}`;
  const attributes = { role: "application", "aria-label": label, "aria-describedby": help };
  return make("canvas", { tabIndex: 0, attributes });
}

function makeTable({ learners }, parts) {
  parts.columns = COLUMNS.map((name) => make("th", { scope: "col", textContent: name }));
  parts.rows = learners.map(() => COLUMNS.slice(1).map(() => make("td")));
  const lines = learners.map(({ label }, i) =>
    make("tr", {}, make("th", { scope: "row", textContent: label }), ...parts.rows[i]));
  return make("table", {},
    make("caption", { textContent: CAPTION }),
    make("thead", {}, make("tr", {}, ...parts.columns)),
    make("tbody", {}, ...lines));
}

function makeBar({ shots, most_steps }, parts) {
  const button = (text) => make("button", { type: "button", textContent: text });
  parts.clear = button("Clear");
  parts.unseen = button(`An unseen sinusoid: ${plural(shots, "point")}`);
  parts.reveal = make("input", { type: "checkbox" });
  parts.steps = make("input", {
    type: "range", min: 0, max: most_steps, step: 1, attributes: { "aria-label": "inner steps" },
  });
  parts.count = make("span", { className: "draw-task-count" });
  return make("div", { className: "draw-task-bar" },
    parts.clear, parts.unseen,
    make("label", {}, parts.reveal, "show the sinusoid"),
    make("label", {}, "inner steps", parts.steps, parts.count));
}

function makeLegend({ learners }) {
  const entries = learners.map((look) => make("span", {}, swatch(look), look.label));
  const note = make("span", { className: "draw-task-note", textContent: "thin: before adapting" });
  return make("div", { className: "draw-task-legend" }, ...entries, note);
}

// Everything, in the order in which it is read; `parts.root` holds it.
function makePage(setting) {
  const id = `draw-task-${Math.random().toString(36).slice(2)}`;
  const live = { role: "status", "aria-live": "polite" };
  const parts = {
    canvas: makeCanvas(setting, `${id}-help`),
    status: make("p", { className: "draw-task-status", attributes: live }),
    points: make("ol", { attributes: { "aria-labelledby": `${id}-points` } }),
  };
  parts.root = make("div", { className: "draw-task" },
    makeBar(setting, parts), makeLegend(setting), parts.canvas, parts.status,
    make("p", { id: `${id}-help`, className: "draw-task-note", textContent: HELP }),
    makeTable(setting, parts),
    make("p", { id: `${id}-points`, className: "draw-task-title", textContent: "Points" }),
    parts.points);
  return parts;
}
