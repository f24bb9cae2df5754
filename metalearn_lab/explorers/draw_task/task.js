// The task on the canvas: its points, what may be done to them, and how all of it is shown.

class DrawnTask {
  constructor(model) {
    const setting = model.get("setting"), parts = makePage(setting);
    const pen = parts.canvas.getContext("2d");
    Object.assign(this, { model, setting, parts, pen, canvas: parts.canvas, points: [] });
    // The cross of the keyboard, the place that the table reads, the point in hand, the one ringed.
    Object.assign(this, { cross: [0, 0], crossShown: false, atX: 0, held: null, ringed: null });
    Object.assign(this, { drag: null, frame: 0, frames: 0, saying: 0 });
    this.kernel = new Kernel(model, () => this.say("No answer yet: the kernel may be busy"));
    this.to = scales(setting, 600, 400);
    this.update();
  }

  // -------------------------------------------------------------- points
  change(points) {
    this.points = points;
    this.ask(points);
  }

  // The curves of these points, or with null an unseen task; the next picture says that it waits.
  ask(points) {
    this.kernel.ask(points);
    this.draw();
  }

  bounded([x, y]) {
    const { setting } = this;
    return [clamp(x, setting.x), clamp(y, setting.y)].map((value) => Math.round(value * 100) / 100);
  }

  // Adds a point and gives its index; null where there are as many as there may be.
  add(point) {
    const most = this.setting.most_points;
    if (this.points.length >= most) {
      this.say(`${most} points at most: remove one first`);
      return null;
    }
    this.change([...this.points, this.bounded(point)]);
    this.sayPoint(this.points.length - 1, "New: ");
    return this.points.length - 1;
  }

  put(index, point) {
    this.change(this.points.map((old, i) => (i === index ? this.bounded(point) : old)));
  }

  remove(index) {
    this.held = this.ringed = this.drag = null;
    this.change(this.points.filter((_, i) => i !== index));
    const left = this.points.length;
    this.say(`Point ${index + 1} removed; ${left ? plural(left, "point") : "no points"}`);
  }

  // The point nearest to a place on the canvas, in pixels, if it is within reach.
  nearest([left, top], reach = Infinity) {
    const far = this.points.map(([x, y]) => Math.hypot(this.to.x(x) - left, this.to.y(y) - top));
    const index = far.indexOf(Math.min(...far));
    return index >= 0 && far[index] <= reach ? index : null;
  }

  // -------------------------------------------------------------- what the kernel says
  update() {
    const answer = (this.answer = this.kernel.answer());
    if (answer.failure) this.say(answer.failure);
    else if (!this.kernel.busy) this.adopt(answer.points);
    this.parts.reveal.disabled = !answer.truth.length;
    if (!answer.truth.length) this.parts.reveal.checked = false;
    this.draw();
  }

  // The points may have been changed elsewhere: an unseen task, Python, a second view.
  adopt(points) {
    if (JSON.stringify(points) === JSON.stringify(this.points)) return;
    this.points = points;
    this.held = this.ringed = this.drag = null;
    this.say(points.length ? `${plural(points.length, "point")} on the canvas` : INVITATION);
  }

  // The curve of a learner after some inner steps.
  curve(learner, step) {
    const { most_steps, grid } = this.setting;
    const first = (learner * (most_steps + 1) + step) * grid;
    return this.answer.curves.subarray(first, first + grid);
  }

  // -------------------------------------------------------------- what is said
  say(text) {
    clearTimeout(this.saying);
    this.saying = setTimeout(() => write(this.parts.status, text), 120); // the last of many
  }

  sayPoint(index, how = "") {
    const where = `point ${index + 1} at ${place(this.points[index])}`;
    this.say(`${how}${where}; ${plural(this.points.length, "point")}`);
  }

  // -------------------------------------------------------------- what is shown
  get steps() {
    return Number(this.parts.steps.value);
  }

  draw() {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.paint());
  }

  paint() {
    this.frame = 0;
    const { pen, setting, canvas } = this;
    if (!canvas.clientWidth) return; // not on the page yet
    this.to = freshSheet(pen, setting);
    drawFrame(pen, this.to, setting);
    inside(pen, this.to, setting, () => this.paintCurves());
    if (!this.points.length) drawWords(pen, this.to, INVITATION);
    drawPoints(pen, this.to, this.points, this.ringed);
    if (this.crossShown) drawCross(pen, this.to, this.cross);
    this.fillTable();
    writeList(this.parts.points, this.points.map(place));
    canvas.dataset.frames = ++this.frames;
    canvas.dataset.busy = String(this.kernel.busy);
  }

  paintCurves() {
    const { pen, to, setting } = this;
    if (this.parts.reveal.checked) {
      drawCurve(pen, to, setting, this.answer.truth, { color: INK, width: 1.5, dash: [4, 3] });
    }
    setting.learners.forEach(({ color, dash }, i) =>
      drawCurve(pen, to, setting, this.curve(i, 0), { color, dash, width: 1.2 }));
    setting.learners.forEach((look, i) =>
      drawCurve(pen, to, setting, this.curve(i, this.steps), { ...look, width: 2.5, offset: 6 * i }));
  }

  fillTable() {
    const { parts, steps, setting, atX } = this;
    const [x0, x1] = setting.x;
    write(parts.count, String(steps));
    write(parts.columns[2], `points, after ${plural(steps, "step")}`);
    write(parts.columns[4], `curve at x = ${number(atX)}`);
    const there = Math.round(((setting.grid - 1) * (atX - x0)) / (x1 - x0));
    parts.rows.forEach((cells, i) =>
      this.numbers(i, steps, there).forEach((text, column) => write(cells[column], text)));
  }

  // A learner's row: error on the points before and after, on the sinusoid, and a value.
  numbers(learner, steps, there) {
    const { errors, truth, points } = this.answer;
    const first = learner * (this.setting.most_steps + 1), curve = this.curve(learner, steps);
    const onPoints = (step) => (points.length ? unbounded(errors[first + step]) : "–");
    const squares = curve.map((y, i) => (y - truth[i]) ** 2);
    const mean = squares.reduce((sum, each) => sum + each, 0) / squares.length;
    const onSinusoid = this.parts.reveal.checked ? unbounded(mean) : "–";
    return [onPoints(0), onPoints(steps), onSinusoid, unbounded(curve[there])];
  }
}
