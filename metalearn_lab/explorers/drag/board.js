// What is on the canvas: the kernel's drawing, and the handles where the reader has them.

const TALL = [280, 400]; // pixels: the height of a row of panels

class Board {
  constructor(model, parts) {
    Object.assign(this, { model, ...parts, pen: parts.canvas.getContext("2d"), handles: [], fresh: false });
    // The handle that keys move, the one ringed, the one in the pointer's hand, the keyboard's cross.
    Object.assign(this, { chosen: null, ringed: null, drag: null, cross: null, keys: false });
    Object.assign(this, { frame: 0, frames: 0, saying: 0, planes: [] });
    this.kernel = new Kernel(model, () => this.say("No answer yet: the kernel may be busy"));
    this.canvas.drawn = () => this.drawn();
    this.update();
  }

  // -------------------------------------------------------------- what the kernel says
  update() {
    this.kernel.hear();
    const drawing = this.model.get("drawing");
    this.fresh ||= drawing !== this.drawing; // none came if the view has failed
    this.drawing = drawing;
    this.cross ??= [drawing.panels[0].x, drawing.panels[0].y].map(([low, high]) => (low + high) / 2);
    this.marks = drawing.marks.map((mark) => ({ ...mark, places: placesOf(mark) }));
    this.canvas.setAttribute("aria-label", drawing.alt);
    const handles = drawing.handles.map((handle) => ({ ...handle, place: placesOf(handle)[0] }));
    if (!this.kernel.busy && this.fresh) this.adopt(handles);
    for (const { name, moves, place } of this.handles) {
      // A handle that moves along x stands where the kernel's newest picture has it.
      if (moves === "x") place[1] = handles.find((each) => each.name === name)?.place[1] ?? place[1];
    }
    this.draw();
  }

  // Handles may have been moved elsewhere: by Python, or in a second view.
  adopt(handles) {
    const before = this.handles.length, { length } = handles;
    this.handles = handles;
    this.fresh = false;
    if (this.drag?.index >= length) this.drag = null;
    if (!this.grows) this.chosen = length ? Math.min(this.chosen ?? 0, length - 1) : null;
    else if (this.chosen >= length) this.chosen = null;
    if (this.grows && length !== before) this.say(`${plural(length)} on the canvas`);
  }

  // -------------------------------------------------------------- handles
  get grows() {
    return this.drawing.most > 0;
  }

  planeOf(index) {
    return this.planes[this.handles[index].panel];
  }

  put(index, place) {
    const handle = this.handles[index], [x, y] = this.planeOf(index).bounded(place);
    handle.place = handle.moves === "x" ? [x, handle.place[1]] : [x, y];
    this.ask();
  }

  // Adds a handle and gives its index; null where there are as many as there may be.
  add(place) {
    const { most } = this.drawing;
    if (this.handles.length >= most) {
      this.say(`${most} points at most: remove one first`);
      return null;
    }
    const look = { kind: "Handle", color: INK, moves: "xy", panel: 0, label: "" };
    this.handles.push({ ...look, place: this.planes[0].rounded(place) });
    this.ask();
    this.sayHandle(this.handles.length - 1, "New: ");
    return this.handles.length - 1;
  }

  remove(index) {
    this.chosen = this.ringed = this.drag = null;
    this.handles.splice(index, 1);
    this.ask();
    this.say(`Point ${index + 1} removed; ${plural(this.handles.length)}`);
  }

  ask() {
    if (this.grows) this.handles.forEach((handle, i) => { handle.name = `point ${i + 1}`; });
    // A control may have moved a panel away from a handle; where y is the kernel's it may be no number.
    const sent = (place, i) => this.planeOf(i).bounded(place).map((value) => (Number.isNaN(value) ? 0 : value));
    this.kernel.ask(this.handles.map(({ name, place }, i) => [name, sent(place, i)]));
    this.draw();
  }

  // The handle nearest to a spot on the canvas, in pixels, if it is within reach.
  nearest([left, top], reach = Infinity) {
    const far = this.handles.map((_, i) => {
      const [x, y] = this.spotOf(i);
      return Math.hypot(x - left, y - top);
    });
    const index = far.indexOf(Math.min(...far));
    return index >= 0 && far[index] <= reach ? index : null;
  }

  spotOf(index) {
    const plane = this.planeOf(index);
    return plane.pixels(plane.bounded(this.handles[index].place));
  }

  // -------------------------------------------------------------- what is said
  say(text) {
    clearTimeout(this.saying);
    this.saying = setTimeout(() => { this.status.textContent = text; }, 120); // the last of many
  }

  sayHandle(index, how = "") {
    const { name, label, place, moves } = this.handles[index];
    const words = `at ${this.planeOf(index).words(place, moves)}`;
    if (this.grows) this.say(`${how}${name} ${words}; ${plural(this.handles.length)}`);
    else this.say(`${how}${label || name} ${words}`);
  }

  // -------------------------------------------------------------- what is shown
  draw() {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.paint());
  }

  paint() {
    this.frame = 0;
    const { pen, canvas, marks, handles } = this;
    const width = canvas.clientWidth;
    if (!width) return; // not on the page yet
    const legend = (this.legend = legendOf(pen, [...marks, ...handles], width));
    this.lay(width, legend.height);
    paintLegend(pen, legend);
    this.planes.forEach((plane, panel) => {
      paintFrame(pen, plane);
      const { left, top, width: across, height } = plane.box;
      pen.save();
      pen.beginPath();
      pen.rect(left, top, across, height);
      pen.clip();
      for (const mark of marks.filter((each) => each.panel === panel)) {
        PAINT[mark.kind](pen, mark.places.map((place) => plane.pixels(place)), mark);
      }
      pen.restore();
    });
    handles.forEach((handle, i) => {
      const ringed = i === this.ringed || (this.keys && i === this.chosen);
      PAINT.Handle(pen, [this.spotOf(i)], { ...handle, ringed });
      const [left, top] = this.spotOf(i);
      if (this.grows) PAINT.Words(pen, [[left + 11, top - 11]], { text: String(i + 1), color: INK });
    });
    if (this.keys && this.grows && this.chosen === null) this.paintCross();
    canvas.dataset.frames = ++this.frames;
    canvas.dataset.busy = String(this.kernel.busy);
  }

  // A fresh sheet of the present width and sharpness, with the panels on it.
  lay(width, above) {
    const { pen, canvas, drawing: { panels } } = this;
    const columns = width < NARROW ? 1 : panels.length, across = width / columns;
    const height = clamp(0.85 * across, TALL), rows = Math.ceil(panels.length / columns);
    const tall = above + rows * height, ratio = window.devicePixelRatio || 1;
    canvas.style.height = `${tall}px`;
    const size = [Math.round(width * ratio), Math.round(tall * ratio)];
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = "#ffffff";
    pen.fillRect(0, 0, width, tall);
    this.planes = panels.map((panel, i) => {
      const row = Math.floor(i / columns);
      return new Plane(panel, (i - row * columns) * across, above + row * height, across, height);
    });
  }

  paintCross() {
    const { pen } = this, [left, top] = this.planes[0].pixels(this.cross);
    for (const [across, down] of [[-1, 0], [1, 0], [0, -1], [0, 1]]) {
      const ends = [8, 18].map((far) => [left + far * across, top + far * down]);
      PAINT.Curve(pen, ends, { color: ACCENT, width: 1.5, dash: [] });
    }
  }

  // What was painted last, to be looked up: `canvas.drawn()`. Pixels are of the canvas.
  drawn() {
    const where = (panel, places) => places.map((place) => this.planes[panel].pixels(place));
    return {
      panels: this.planes.map(({ panel, box }) => ({ ...panel, box })),
      marks: this.marks.map((mark) => ({ ...mark, pixels: where(mark.panel, mark.places) })),
      handles: this.handles.map((handle, i) => ({ ...handle, places: null, pixels: this.spotOf(i) })),
      legend: this.legend.entries.map(({ mark }) => mark.label),
      chosen: this.chosen,
    };
  }
}

const plural = (count) => (count ? `${count} point${count === 1 ? "" : "s"}` : "no points");
