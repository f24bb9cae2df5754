// Curves, dots, arrows, words and handles, on a panel or in the legend.

const SWATCH = 42, LINE = 22; // pixels: the width of a legend's sign, the height of its rows

const PAINT = {
  Curve(pen, spots, { color, width, dash }) {
    pen.strokeStyle = color;
    pen.lineWidth = width;
    pen.lineJoin = "round";
    pen.setLineDash(dash.map((part) => part * width));
    pen.beginPath();
    let gap = true;
    for (const spot of spots) {
      const known = spot.every(Number.isFinite);
      // A curve may leave the picture by far.
      if (known) pen[gap ? "moveTo" : "lineTo"](...spot.map((each) => clamp(each, [-1e5, 1e5])));
      gap = !known;
    }
    pen.stroke();
    pen.setLineDash([]);
  },

  Dot(pen, [[left, top]], { color, size, filled, words }) {
    disc(pen, left, top, 0.65 * size, color);
    if (!filled) disc(pen, left, top, 0.65 * size - 1.8, "#ffffff");
    PAINT.Words(pen, [[left + 7, top - 9]], { text: words, color: INK });
  },

  Arrow(pen, [from, to], { color, width }) {
    const angle = Math.atan2(to[1] - from[1], to[0] - from[0]), head = 7 + 2 * width;
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
    const behind = (far, turn) => [to[0] - far * Math.cos(angle + turn), to[1] - far * Math.sin(angle + turn)];
    if (!length) return;
    PAINT.Curve(pen, [from, behind(Math.min(head, length) - 1, 0)], { color, width, dash: [] });
    pen.fillStyle = color;
    pen.beginPath();
    for (const spot of [to, behind(head, 0.4), behind(head, -0.4)]) pen.lineTo(...spot);
    pen.fill();
  },

  Words(pen, [[left, top]], { text, color }) {
    pen.font = `13px ${FONT}`;
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    pen.lineWidth = 3;
    pen.strokeStyle = "#ffffff"; // around the words, to read them over a curve
    pen.strokeText(text, left, top);
    pen.fillStyle = color;
    pen.fillText(text, left, top);
  },

  Handle(pen, [[left, top]], { color, ringed }) {
    if (ringed) disc(pen, left, top, 14, ACCENT);
    disc(pen, left, top, ringed ? 11 : 9.5, ringed ? "#ffffff" : INK);
    disc(pen, left, top, 8.5, "#ffffff");
    disc(pen, left, top, 6.5, color);
  },
};

function disc(pen, left, top, radius, color) {
  pen.fillStyle = color;
  pen.beginPath();
  pen.arc(left, top, radius, 0, 2 * Math.PI);
  pen.fill();
}

// A copy, because a message's bytes may begin anywhere and numbers may not.
function placesOf({ places: view }) {
  const numbers = new Float64Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
  const half = numbers.length / 2;
  return Array.from({ length: half }, (_, i) => [numbers[i], numbers[half + i]]);
}

// Where each entry of the legend stands: its mark, left and top.
function legendOf(pen, marks, width) {
  const seen = new Set(), entries = [];
  let left = 10, top = 4 + LINE / 2;
  pen.font = `13px ${FONT}`;
  for (const mark of [...marks].sort((one, other) => one.panel - other.panel)) {
    if (!mark.label || seen.has(mark.label)) continue;
    seen.add(mark.label);
    const long = SWATCH + 8 + pen.measureText(mark.label).width;
    if (left > 10 && left + long > width) [left, top] = [10, top + LINE];
    entries.push({ mark, left, top });
    left += long + 20;
  }
  return { entries, height: entries.length ? top + LINE / 2 : 0 };
}

function paintLegend(pen, { entries }) {
  for (const { mark, left, top } of entries) {
    const ends = [[left, top], [left + SWATCH, top]], middle = [[left + SWATCH / 2, top]];
    const line = mark.kind === "Curve" || mark.kind === "Arrow";
    PAINT[mark.kind](pen, line ? ends : middle, { ...mark, words: "", ringed: false });
    PAINT.Words(pen, [[left + SWATCH + 8, top]], { text: mark.label, color: INK });
  }
}
