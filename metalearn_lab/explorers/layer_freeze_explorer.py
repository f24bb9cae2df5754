"""Freeze layers of a trained network and see what its adaptation still reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress

from metalearn_lab.evaluation.adaptation_curves import AdaptationCurves
from metalearn_lab.evaluation.intervals import Interval, interval_over_tasks
from metalearn_lab.experiments.layer_freeze import FreezeStudy
from metalearn_lab.explorers.controls import choice, slider, toggle
from metalearn_lab.explorers.explorer import Explorer, Table, View, picture_view
from metalearn_lab.figures.layer_freeze import LayerFreezePicture, layer_freeze_scene
from metalearn_lab.figures.scene import Scene

_DIVERGED = 1e3


class LayerFreezeExplorer(Explorer):
    """A box for each layer, the learner and the inner step; at first the head moves alone.

    Args:
        studies: by the label in the list of learners; all of models with as many layers.
        styles: by the same label, the name of the learner in the figures' style.

    Raises:
        ValueError: no studies, other styles than studies, or models with different layers.
    """

    def __init__(self, studies: Mapping[str, FreezeStudy], styles: Mapping[str, str]) -> None:
        layers = {study.layers for study in studies.values()}
        if len(layers) != 1 or set(studies) != set(styles):
            raise ValueError(
                "give one study and one style for each learner, all of the same layers, got "
                f"studies of {', '.join(studies) or 'none'} with layers {sorted(layers)}"
            )
        self.studies = dict(studies)
        self.scenes = {label: _scene(studies[label], styles[label]) for label in studies}
        most = min(study.of("all").curves.steps for study in studies.values())
        boxes = {_key(name): toggle(f"{name} adapts", name == "head") for name in layers.pop()}
        super().__init__(
            {
                "learner": choice("network and tasks", list(studies), next(iter(studies))),
                **boxes,
                "step": slider("inner step", most, 0, most),
            }
        )

    def view(self, *, learner: str, step: int, **moving: bool) -> View:
        """Similarities and scores with the ticked layers moving."""
        study = self.studies[learner]
        moves = tuple(moving[_key(name)] for name in study.layers)
        adapted = study.adapted[moves]
        picture = LayerFreezePicture(
            f"{learner}: {_described(study.layers, moves)}, "
            f"{step} {'step' if step == 1 else 'steps'}",
            moves,
            interval_over_tasks(adapted.similarity[:, step]),
            _score(adapted.curves),
            _score(study.of("all").curves),
            step,
        )
        score = "loss" if adapted.curves.accuracy is None else "accuracy"
        before, after = (_text(picture.chosen, at) for at in (0, step))
        table = Table(
            f"{learner}: query {score} {before} before and {after} after {step} steps on "
            f"{picture.chosen.tasks} unseen tasks; {_text(picture.everything, step)} with all "
            "layers moving.",
            ("layer", "in the inner loop", "similarity to before"),
            [
                (name, "moves" if moved else "frozen", _text(picture.similarity, index))
                for index, (name, moved) in enumerate(zip(study.layers, moves, strict=True))
            ],
        )
        alt = f"{table.caption} " + "; ".join(f"{row[0]} ({row[1]}) {row[2]}" for row in table.rows)
        return picture_view(self.scenes[learner].bundle(picture, alt), table)


def _described(layers: Sequence[str], moves: Sequence[bool]) -> str:
    """Which layers move, in few words."""
    moving = list(compress(layers, moves))
    frozen = [name for name in layers if name not in moving]
    if not frozen:
        return "all layers move"
    if not moving:
        return "nothing moves"
    if len(moving) <= len(frozen):
        return f"only {', '.join(moving)}"
    return f"all but {', '.join(frozen)}"


def _key(layer: str) -> str:
    """A layer's name as the name of an argument."""
    return layer.replace(" ", "_")


def _score(curves: AdaptationCurves) -> Interval:
    return curves.mean_loss if curves.accuracy is None else curves.mean_accuracy


def _scene(study: FreezeStudy, style: str) -> Scene[LayerFreezePicture]:
    curves = study.of("all").curves
    score, most = "query accuracy", 1.0
    if curves.accuracy is None:
        score, most = "query loss", 1.5 * float(curves.mean_loss.mean[0])
    return layer_freeze_scene(
        study.layers,
        learner=style,
        score=f"{score} of {curves.tasks} tasks",
        steps=curves.steps,
        most=most,
    )


def _text(interval: Interval, index: int) -> str:
    """A mean with its half-width; "diverged" if it is over 1,000 or no number."""
    mean, half_width = (float(values[index]) for values in interval[:2])
    return f"{mean:.2f} ± {half_width:.2f}" if mean < _DIVERGED else "diverged"
