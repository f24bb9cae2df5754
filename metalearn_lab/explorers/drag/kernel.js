// The kernel is asked one question at a time. While it thinks, only the newest waits, so that a slow
// kernel falls behind by one answer and not by a queue of them.

const SILENCE = 8000; // milliseconds after which the kernel is busy with something else

class Kernel {
  constructor(model, whenSilent) {
    Object.assign(this, { model, whenSilent, asked: null, next: null, timer: 0 });
  }

  get busy() {
    return this.asked !== null;
  }

  ask(handles) {
    this.next = handles;
    if (!this.busy) this.send();
  }

  send() {
    this.asked = Math.random();
    this.model.send({ ask: this.asked, handles: this.next });
    this.next = null;
    clearTimeout(this.timer);
    this.timer = setTimeout(this.whenSilent, SILENCE);
  }

  // Something came: perhaps the answer to our question.
  hear() {
    if (!this.busy || this.model.get("answered") !== this.asked) return;
    this.asked = null;
    clearTimeout(this.timer);
    if (this.next) this.send();
  }
}
