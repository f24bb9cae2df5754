// What is drawn on the canvas: frame, curves, points and cross.

const INK = "#1a1a1a", GREY = "#6b6b6b", FAINT = "#e6e6e6", AXIS = "#b8b8b8", ACCENT = "#0072b2";
const MARGIN = { left: 34, right: 12, top: 10, bottom: 26 };
const FONT = "system-ui, sans-serif";

const clamp = (value, [least, most]) => Math.min(most, Math.max(least, value));

// Markers by their matplotlib names, as corners in a box of side 1, y down.
const ring = (corners, radius = 0.5) =>
  Array.from({ length: corners }, (_, i) => {
    const angle = (2 * Math.PI * i) / corners - Math.PI / 2;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
const turned = (corners, angle) =>
  corners.map(([x, y]) => [
    x * Math.cos(angle) - y * Math.sin(angle),
    x * Math.sin(angle) + y * Math.cos(angle),
  ]);
const TRIANGLE = [[0, -0.5], [0.5, 0.5], [-0.5, 0.5]];
const PLUS = [
  [-0.17, -0.5], [0.17, -0.5], [0.17, -0.17], [0.5, -0.17], [0.5, 0.17], [0.17, 0.17],
  [0.17, 0.5], [-0.17, 0.5], [-0.17, 0.17], [-0.5, 0.17], [-0.5, -0.17], [-0.17, -0.17],
];
const thin = (points) => points.map(([x, y]) => [0.6 * x, y]);
const star = (tips, radius) => ring(2 * tips, radius).map(([x, y], i) => i % 2 ? [0.4 * x, 0.4 * y] : [x, y]);
const MARKERS = {
  "o": ring(24), "s": turned(ring(4, 0.7), Math.PI / 4), "D": ring(4, 0.65),
  "^": TRIANGLE, ">": turned(TRIANGLE, Math.PI / 2),
  "v": turned(TRIANGLE, Math.PI), "<": turned(TRIANGLE, -Math.PI / 2),
  "P": PLUS, "X": turned(PLUS, Math.PI / 4), "p": ring(5, 0.55), "h": ring(6, 0.55),
  "H": turned(ring(6, 0.55), Math.PI / 6), "8": ring(8, 0.55), "d": thin(ring(4, 0.7)),
  "*": star(5, 0.7), ".": ring(24).map(([x, y]) => [x / 2, y / 2]),
};

// Maps data to pixels and back, for a canvas of the size that it has now.
function scales(setting, width, height) {
  const [x0, x1] = setting.x, [y0, y1] = setting.y;
  const across = (width - MARGIN.left - MARGIN.right) / (x1 - x0);
  const down = (height - MARGIN.top - MARGIN.bottom) / (y1 - y0);
  return {
    x: (value) => MARGIN.left + (value - x0) * across,
    y: (value) => MARGIN.top + (y1 - value) * down,
    data: (left, top) => [x0 + (left - MARGIN.left) / across, y1 - (top - MARGIN.top) / down],
  };
}

// Gives the pen a fresh sheet of the canvas's present size and sharpness; returns its scales.
function freshSheet(pen, setting) {
  const { width, height } = pen.canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  const pixels = [Math.round(width * ratio), Math.round(height * ratio)];
  if (pen.canvas.width !== pixels[0] || pen.canvas.height !== pixels[1]) {
    [pen.canvas.width, pen.canvas.height] = pixels;
  }
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, width, height);
  return scales(setting, width, height);
}

// Draws only between the axes.
function inside(pen, to, setting, draw) {
  const [x0, x1] = setting.x, [y0, y1] = setting.y;
  pen.save();
  pen.beginPath();
  pen.rect(to.x(x0), to.y(y1), to.x(x1) - to.x(x0), to.y(y0) - to.y(y1));
  pen.clip();
  draw();
  pen.restore();
}

function drawFrame(pen, to, setting) {
  const [x0, x1] = setting.x, [y0, y1] = setting.y;
  pen.font = "12px " + FONT;
  pen.lineWidth = 1;
  const rule = (left, top, right, bottom, color) => {
    pen.strokeStyle = color;
    pen.beginPath();
    pen.moveTo(Math.round(left) + 0.5, Math.round(top) + 0.5);
    pen.lineTo(Math.round(right) + 0.5, Math.round(bottom) + 0.5);
    pen.stroke();
  };
  pen.fillStyle = GREY;
  pen.textAlign = "center";
  pen.textBaseline = "top";
  for (let x = x0; x <= x1; x += 1) {
    rule(to.x(x), to.y(y1), to.x(x), to.y(y0), x === 0 ? AXIS : FAINT);
    pen.fillText(x === x1 ? "x" : signed(String(x)), to.x(x), to.y(y0) + 8);
  }
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (let y = y0; y <= y1; y += 2) {
    rule(to.x(x0), to.y(y), to.x(x1), to.y(y), y === 0 ? AXIS : FAINT);
    pen.fillText(y === y1 ? "y" : signed(String(y)), to.x(x0) - 8, to.y(y));
  }
}

function drawCurve(pen, to, setting, curve, { color, width, dash = [], marker = null, offset = 0 }) {
  const [x0, x1] = setting.x;
  const at = (i) => x0 + ((x1 - x0) * i) / (curve.length - 1);
  pen.strokeStyle = pen.fillStyle = color;
  pen.lineWidth = width;
  pen.lineJoin = "round";
  pen.setLineDash(dash.map((part) => part * width));
  pen.beginPath();
  // A curve that diverges leaves the picture; canvases pass over what is no number.
  curve.forEach((y, i) => pen.lineTo(to.x(at(i)), clamp(to.y(y), [-1e4, 1e4])));
  pen.stroke();
  pen.setLineDash([]);
  if (!marker) return;
  for (let i = 4 + offset; i < curve.length; i += 12) {
    pen.beginPath();
    for (const [x, y] of MARKERS[marker]) pen.lineTo(to.x(at(i)) + 9 * x, to.y(curve[i]) + 9 * y);
    pen.fill();
  }
}

function drawPoints(pen, to, points, marked) {
  pen.font = "11px " + FONT;
  pen.textAlign = "left";
  pen.textBaseline = "bottom";
  pen.lineWidth = 3;
  pen.strokeStyle = "#ffffff"; // around the numbers, to read them over a curve
  points.forEach(([x, y], i) => {
    const left = to.x(x), top = to.y(y);
    const disc = (radius, color) => {
      pen.fillStyle = color;
      pen.beginPath();
      pen.arc(left, top, radius, 0, 2 * Math.PI);
      pen.fill();
    };
    if (i === marked) disc(11, ACCENT);
    disc(i === marked ? 9 : 7.5, "#ffffff");
    disc(5.5, INK);
    pen.strokeText(String(i + 1), left + 7, top - 5);
    pen.fillText(String(i + 1), left + 7, top - 5);
  });
}

function drawWords(pen, to, words) {
  pen.font = "15px " + FONT;
  pen.textAlign = "center";
  pen.fillStyle = GREY;
  pen.fillText(words, to.x(0), to.y(-4.4));
}

function drawCross(pen, to, [x, y]) {
  const left = to.x(x), top = to.y(y);
  pen.strokeStyle = ACCENT;
  pen.lineWidth = 1.5;
  pen.beginPath();
  for (const [dx, dy] of [[-1, 0], [1, 0], [0, -1], [0, 1]]) {
    pen.moveTo(left + 8 * dx, top + 8 * dy);
    pen.lineTo(left + 18 * dx, top + 18 * dy);
  }
  pen.stroke();
}
