"""The meta-learning lab: learners that learn to learn, each formula run and proved.

The public names below are loaded when they are first used, so ``import metalearn_lab`` costs
little more than ``import torch``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metalearn_lab.compiled.adaptation import CompiledAdaptation
    from metalearn_lab.evaluation.adaptation_curves import AdaptationCurves, adaptation_curves
    from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
    from metalearn_lab.learners.first_order_maml import FirstOrderMAML
    from metalearn_lab.learners.imaml import IMAML
    from metalearn_lab.learners.joint import JointPretraining
    from metalearn_lab.learners.learner import Learner
    from metalearn_lab.learners.maml import MAML
    from metalearn_lab.learners.reptile import Reptile
    from metalearn_lab.models.conv4 import Conv4
    from metalearn_lab.models.mlp import MLP
    from metalearn_lab.models.sentence_encoder import encode_sentences
    from metalearn_lab.models.text_encoder import TextClassifier
    from metalearn_lab.models.transformer import Transformer
    from metalearn_lab.tasks.class_splits import ClassSplit, published_classes, split_classes
    from metalearn_lab.tasks.devices import choose_device
    from metalearn_lab.tasks.episodes import Episode, EpisodeSampler
    from metalearn_lab.tasks.quadratics import quadratic_tasks, stationary_point
    from metalearn_lab.tasks.sinusoids import Sinusoids
    from metalearn_lab.tasks.sources import load_table
    from metalearn_lab.tasks.table import LabelledTable
    from metalearn_lab.tasks.text_features import hashed_ngrams
    from metalearn_lab.tasks.types import Split, Task, merge_splits, stack_tasks, to_device
    from metalearn_lab.training.meta_train import TrainingRun, meta_train
    from metalearn_lab.training.outer_step import OuterStep

__version__ = "0.1.0"

_HOME = {
    "compiled.adaptation": ("CompiledAdaptation",),
    "evaluation.adaptation_curves": ("AdaptationCurves", "adaptation_curves"),
    "evaluation.meta_gradient_check": ("check_meta_gradient",),
    "learners.first_order_maml": ("FirstOrderMAML",),
    "learners.imaml": ("IMAML",),
    "learners.joint": ("JointPretraining",),
    "learners.learner": ("Learner",),
    "learners.maml": ("MAML",),
    "learners.reptile": ("Reptile",),
    "models.conv4": ("Conv4",),
    "models.mlp": ("MLP",),
    "models.sentence_encoder": ("encode_sentences",),
    "models.text_encoder": ("TextClassifier",),
    "models.transformer": ("Transformer",),
    "tasks.class_splits": ("ClassSplit", "published_classes", "split_classes"),
    "tasks.devices": ("choose_device",),
    "tasks.episodes": ("Episode", "EpisodeSampler"),
    "tasks.quadratics": ("quadratic_tasks", "stationary_point"),
    "tasks.sinusoids": ("Sinusoids",),
    "tasks.sources": ("load_table",),
    "tasks.table": ("LabelledTable",),
    "tasks.text_features": ("hashed_ngrams",),
    "tasks.types": ("Split", "Task", "merge_splits", "stack_tasks", "to_device"),
    "training.meta_train": ("TrainingRun", "meta_train"),
    "training.outer_step": ("OuterStep",),
}

__all__ = [
    "IMAML",
    "MAML",
    "MLP",
    "AdaptationCurves",
    "ClassSplit",
    "CompiledAdaptation",
    "Conv4",
    "Episode",
    "EpisodeSampler",
    "FirstOrderMAML",
    "JointPretraining",
    "LabelledTable",
    "Learner",
    "OuterStep",
    "Reptile",
    "Sinusoids",
    "Split",
    "Task",
    "TextClassifier",
    "TrainingRun",
    "Transformer",
    "adaptation_curves",
    "check_meta_gradient",
    "choose_device",
    "encode_sentences",
    "hashed_ngrams",
    "load_table",
    "merge_splits",
    "meta_train",
    "published_classes",
    "quadratic_tasks",
    "split_classes",
    "stack_tasks",
    "stationary_point",
    "to_device",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(f"metalearn_lab.{module}"), name)
    raise AttributeError(f"module 'metalearn_lab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
