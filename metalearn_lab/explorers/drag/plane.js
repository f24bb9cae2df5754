// Where panels stand on the canvas, and their data in pixels and back.

const INK = "#1a1a1a", GREY = "#595959", FAINT = "#e2e2e2", ACCENT = "#0072b2";
const FONT = "system-ui, sans-serif";
const MARGIN = { left: 58, right: 14, top: 12, bottom: 44 }; // of a panel around its axes
const TITLE = 18; // pixels more above, where there is one
const NARROW = 520; // pixels of width under which panels stand one under the other

const clamp = (value, [least, most]) => Math.min(most, Math.max(least, value));

// The largest of 1, 2 and 5 times a power of ten that is no longer than this.
function nice(length) {
  const power = 10 ** Math.floor(Math.log10(length) + 1e-9);
  return power * [5, 2, 1].find((part) => part * power <= length * (1 + 1e-9));
}

const digitsOf = (step) => Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
const number = (value, digits) => value.toFixed(digits).replace("-", "−");

class Plane {
  constructor(panel, left, top, width, height) {
    const above = MARGIN.top + (panel.title ? TITLE : 0);
    let across = width - MARGIN.left - MARGIN.right, down = height - above - MARGIN.bottom;
    if (panel.equal) {
      const [units, upright] = [panel.x, panel.y].map(([low, high]) => high - low);
      const pixels = Math.min(across / units, down / upright); // a unit long
      [across, down] = [pixels * units, pixels * upright];
    }
    this.panel = panel;
    this.box = { left: left + MARGIN.left, top: top + above, width: across, height: down };
  }

  pixels([x, y]) {
    const { box, panel: { x: [x0, x1], y: [y0, y1] } } = this;
    return [
      box.left + ((x - x0) / (x1 - x0)) * box.width,
      box.top + ((y1 - y) / (y1 - y0)) * box.height,
    ];
  }

  data([left, top]) {
    const { box, panel: { x: [x0, x1], y: [y0, y1] } } = this;
    return [
      x0 + ((left - box.left) / box.width) * (x1 - x0),
      y1 - ((top - box.top) / box.height) * (y1 - y0),
    ];
  }

  bounded([x, y]) {
    return [clamp(x, this.panel.x), clamp(y, this.panel.y)];
  }

  // How far an arrow key moves a handle: about a hundredth of each axis.
  get step() {
    return [this.panel.x, this.panel.y].map(([low, high]) => nice((high - low) / 100));
  }

  // To a tenth of such a step, as a pointer is no finer.
  rounded(place) {
    const grains = this.step.map((length) => length / 10);
    return this.bounded(place.map((value, i) => exact(Math.round(value / grains[i]) * grains[i])));
  }

  words(place, moves = "xy") {
    const [x, y] = place.map((value, i) => number(value, digitsOf(this.step[i] / 10)));
    return moves === "x" ? `x ${x}` : `x ${x}, y ${y}`;
  }
}

const exact = (value) => Number(value.toPrecision(12)); // 0.1 + 0.2 is 0.3

// The numbers on an axis that is so many pixels long, at least `apart` pixels from each other.
function ticks([low, high], pixels, apart) {
  const step = nice((2.5 * (high - low) * apart) / pixels), found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i += 1) {
    found.push([i * step, number(Math.abs(i * step), digitsOf(step)), i < 0]);
  }
  return found.map(([at, text, negative]) => [at, negative ? `−${text}` : text]);
}

// Names in place of the numbers, where the panel has some.
const namedOr = (named, ...axis) => (named.length ? named : ticks(...axis));

function paintFrame(pen, plane) {
  const { panel, box } = plane, right = box.left + box.width, bottom = box.top + box.height;
  const rule = (from, to, color) => {
    pen.strokeStyle = color;
    pen.beginPath();
    for (const [left, top] of [from, to]) pen.lineTo(Math.round(left) + 0.5, Math.round(top) + 0.5);
    pen.stroke();
  };
  pen.lineWidth = 1;
  pen.fillStyle = INK;
  pen.font = `12px ${FONT}`;
  pen.textAlign = "center";
  pen.textBaseline = "top";
  for (const [x, text] of namedOr(panel.x_ticks, panel.x, box.width, 45)) {
    const [left] = plane.pixels([x, 0]);
    rule([left, box.top], [left, bottom], FAINT);
    pen.fillText(text, left, bottom + 6);
  }
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (const [y, text] of namedOr(panel.y_ticks, panel.y, box.height, 28)) {
    const [, top] = plane.pixels([0, y]);
    rule([box.left, top], [right, top], FAINT);
    pen.fillText(text, box.left - 7, top);
  }
  rule([box.left, box.top], [box.left, bottom], INK);
  rule([box.left, bottom], [right, bottom], INK);
  pen.font = `13px ${FONT}`;
  pen.textAlign = "center";
  pen.textBaseline = "bottom";
  pen.fillText(panel.x_label, box.left + box.width / 2, bottom + 41);
  pen.save();
  pen.translate(box.left - 42, box.top + box.height / 2);
  pen.rotate(-Math.PI / 2);
  pen.fillText(panel.y_label, 0, 0);
  pen.restore();
  pen.font = `600 13px ${FONT}`;
  pen.textAlign = "left";
  pen.fillText(panel.title, box.left, box.top - 7);
}
