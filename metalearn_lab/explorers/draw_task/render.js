// Ties the parts together; anywidget calls `render` for each view.

function render({ model, el }) {
  const task = new DrawnTask(model);
  const { parts } = task;
  followPointer(task);
  followKeys(task);
  const giveKeysBack = keepKeys(parts.root);

  parts.clear.addEventListener("click", () => {
    task.change([]);
    task.say(INVITATION);
  });
  parts.unseen.addEventListener("click", () => task.ask(null));
  parts.reveal.addEventListener("change", () => task.draw());
  parts.steps.addEventListener("input", () => task.draw());
  parts.steps.addEventListener("change", () => {
    model.set("steps", task.steps);
    model.save_changes();
  });

  const update = () => task.update();
  const showSteps = () => {
    parts.steps.value = model.get("steps");
    task.draw();
  };
  model.on("change:answer", update);
  model.on("change:steps", showSteps);
  const watcher = new ResizeObserver(() => task.draw());
  watcher.observe(parts.canvas);
  el.append(parts.root);
  showSteps();

  return () => {
    model.off("change:answer", update);
    model.off("change:steps", showSteps);
    watcher.disconnect();
    giveKeysBack();
    for (const timer of [task.saying, task.kernel.timer]) clearTimeout(timer);
    cancelAnimationFrame(task.frame);
  };
}

export default { render };
