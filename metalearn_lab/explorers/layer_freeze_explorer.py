"""Freeze layers of a trained network and see what its adaptation still reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from metalearn_lab.comparison.freeze_table import score_text
from metalearn_lab.evaluation.adaptation_curves import AdaptationCurves
from metalearn_lab.evaluation.intervals import Interval, interval_over_tasks
from metalearn_lab.experiments.layer_freeze import FreezeStudy
from metalearn_lab.explorers.controls import choice, slider, toggle
from metalearn_lab.explorers.explorer import Explorer, Table, View, picture_view
from metalearn_lab.figures.layer_freeze import LayerFreezePicture, layer_freeze_scene
from metalearn_lab.figures.scene import Scene


class LayerFreezeExplorer(Explorer):
    """A box for each layer, the learner and the inner step; bars of similarity and the score.

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
        [names] = layers
        most = min(_all_move(study).steps for study in studies.values())
        boxes = {_key(name): toggle(f"{name} adapts", True) for name in names}
        super().__init__(
            {
                "learner": choice("network and tasks", list(studies), next(iter(studies))),
                **boxes,
                "step": slider("inner step", most, 0, most),
            }
        )

    def view(self, *, learner: str, step: int, **moving: bool) -> View:  # type: ignore[override]
        """Similarities and scores with the ticked layers moving."""
        study = self.studies[learner]
        moves = tuple(moving[_key(name)] for name in study.layers)
        adapted = study.adapted[moves]
        similarity = interval_over_tasks(adapted.similarity[:, step])
        picture = LayerFreezePicture(
            f"{learner}: {_said(study.layers, moves)}, {step} {'step' if step == 1 else 'steps'}",
            moves,
            similarity,
            _score(adapted.curves),
            _score(_all_move(study)),
            step,
        )
        table = _table(learner, study, picture)
        alt = f"{table.caption} " + "; ".join(f"{row[0]} ({row[1]}) {row[2]}" for row in table.rows)
        return picture_view(self.scenes[learner].bundle(picture, alt), table)


def _said(layers: Sequence[str], moves: Sequence[bool]) -> str:
    """Which layers move, in few words."""
    if all(moves):
        return "all layers move"
    if not any(moves):
        return "nothing moves"
    found: dict[bool, list[str]] = {True: [], False: []}
    for name, moved in zip(layers, moves, strict=True):
        found[moved].append(name)
    few = len(found[True]) <= len(found[False])
    return f"only {', '.join(found[True])}" if few else f"all but {', '.join(found[False])}"


def _key(layer: str) -> str:
    """A layer's name as the name of an argument."""
    return layer.replace(" ", "_")


def _all_move(study: FreezeStudy) -> AdaptationCurves:
    return study.adapted[(True,) * len(study.layers)].curves


def _score(curves: AdaptationCurves) -> Interval:
    return curves.mean_loss if curves.accuracy is None else curves.mean_accuracy


def _scene(study: FreezeStudy, style: str) -> Scene[LayerFreezePicture]:
    curves = _all_move(study)
    score = "query loss" if curves.accuracy is None else "query accuracy"
    score += f" of {curves.tasks} tasks"
    most = 1.0 if curves.accuracy is not None else 1.5 * float(curves.mean_loss.mean[0])
    return layer_freeze_scene(
        study.layers, learner=style, score=score, steps=curves.steps, most=most
    )


def _table(learner: str, study: FreezeStudy, picture: LayerFreezePicture) -> Table:
    word = "loss" if _all_move(study).accuracy is None else "accuracy"
    before, after = (_number(picture.chosen, at) for at in (0, picture.step))
    everything = _number(picture.everything, picture.step)
    caption = (
        f"{learner}: query {word} {before} before and {after} after {picture.step} steps on "
        f"{picture.chosen.tasks} unseen tasks; {everything} with all layers moving."
    )
    rows = [
        (name, "moves" if moved else "frozen", _number(picture.similarity, place))
        for place, (name, moved) in enumerate(zip(study.layers, picture.moves, strict=True))
    ]
    return Table(caption, ("layer", "in the inner loop", "similarity to before"), rows)


def _number(interval: Interval, place: int) -> str:
    return score_text(float(interval.mean[place]), float(interval.half_width[place]))
