// The kernel is asked one question at a time. While it thinks, only the newest question waits, so
// that a slow kernel falls behind by one answer and not by a queue of them.

const SILENCE = 8000; // milliseconds after which the kernel is busy with something else

// A copy, because a message's bytes may begin anywhere and floats may not.
const floats = (view) =>
  new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));

class Kernel {
  constructor(model, whenSilent) {
    Object.assign(this, { model, whenSilent, asked: null, next: undefined, timer: 0 });
  }

  get busy() {
    return this.asked !== null;
  }

  // Asks for the curves of these points, or with null for an unseen task.
  ask(points) {
    this.next = points;
    if (!this.busy) this.send();
  }

  send() {
    this.asked = Math.random();
    this.model.send({ ask: this.asked, points: this.next });
    this.next = undefined;
    clearTimeout(this.timer);
    this.timer = setTimeout(this.whenSilent, SILENCE);
  }

  // The newest answer, to our question or not.
  answer() {
    const answer = this.model.get("answer");
    if (answer.ask === this.asked) {
      this.asked = null;
      clearTimeout(this.timer);
      if (this.next !== undefined) this.send();
    }
    const { curves, errors, truth } = answer;
    return { ...answer, curves: floats(curves), errors: floats(errors), truth: floats(truth) };
  }
}
