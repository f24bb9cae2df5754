"""The meta-learning lab: learners that learn to learn, each formula run and proved.

The public names below are loaded when they are first used, so ``import metalearn_lab`` costs
little more than ``import torch``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metalearn_lab.comparison.compare import compare
    from metalearn_lab.comparison.methods import METHODS, Budget, Method, Rates
    from metalearn_lab.comparison.world import World, make_world
    from metalearn_lab.compiled.adaptation import CompiledAdaptation
    from metalearn_lab.evaluation.adaptation_curves import AdaptationCurves, adaptation_curves
    from metalearn_lab.evaluation.few_shot_score import FewShotScore, few_shot_score
    from metalearn_lab.evaluation.intervals import Interval, interval_over_tasks
    from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
    from metalearn_lab.learners.baseline_plus_plus import BaselinePlusPlus
    from metalearn_lab.learners.cavia import CAVIA, PublishedCAVIA
    from metalearn_lab.learners.class_means import PretrainedMeans
    from metalearn_lab.learners.distributional_signatures import DistributionalSignatures
    from metalearn_lab.learners.first_order_maml import FirstOrderMAML
    from metalearn_lab.learners.gradient_learner import GradientLearner
    from metalearn_lab.learners.hyper_lora import HyperLoRA
    from metalearn_lab.learners.hypernetwork import Hypernetwork
    from metalearn_lab.learners.imaml import IMAML
    from metalearn_lab.learners.joint import JointPretraining
    from metalearn_lab.learners.learned_optimizer import LearnedOptimizer
    from metalearn_lab.learners.learner import Learner
    from metalearn_lab.learners.leopard import Leopard
    from metalearn_lab.learners.line import Line
    from metalearn_lab.learners.maml import MAML
    from metalearn_lab.learners.maml_plus_plus import MAMLPlusPlus, PublishedMAMLPlusPlus
    from metalearn_lab.learners.meta_lstm import MetaLSTM
    from metalearn_lab.learners.meta_networks import MetaNetworks
    from metalearn_lab.learners.meta_sgd import MetaSGD
    from metalearn_lab.learners.neural_process import NeuralProcess
    from metalearn_lab.learners.predict_along import predict_along
    from metalearn_lab.learners.prior_fitted import PriorFitted
    from metalearn_lab.learners.proto_maml import ProtoMAML
    from metalearn_lab.learners.proto_net import ProtoNet
    from metalearn_lab.learners.reptile import Reptile
    from metalearn_lab.learners.ridge_head import RidgeHead
    from metalearn_lab.models.conv4 import Conv4
    from metalearn_lab.models.cosine_head import CosineHead
    from metalearn_lab.models.lora import with_lora
    from metalearn_lab.models.mlp import MLP
    from metalearn_lab.models.recurrent import LSTM, RNN
    from metalearn_lab.models.sentence_encoder import encode_sentences
    from metalearn_lab.models.sequence_transformer import SequenceTransformer
    from metalearn_lab.models.text_encoder import TextClassifier
    from metalearn_lab.models.transformer import Transformer
    from metalearn_lab.models.word_attention import BiLSTM, EachWord, WordAttention, random_vectors
    from metalearn_lab.tasks.class_splits import ClassSplit, published_classes, split_classes
    from metalearn_lab.tasks.devices import choose_device
    from metalearn_lab.tasks.episodes import Episode, EpisodeSampler
    from metalearn_lab.tasks.leaks import LeakError, assert_class_disjoint, assert_episode_is_clean
    from metalearn_lab.tasks.quadratics import quadratic_tasks, stationary_point
    from metalearn_lab.tasks.sinusoids import Sinusoids
    from metalearn_lab.tasks.sources import load_table
    from metalearn_lab.tasks.table import LabelledTable
    from metalearn_lab.tasks.text_features import hashed_ngrams, word_counts, word_ids
    from metalearn_lab.tasks.types import (
        Split,
        Task,
        first_shots,
        merge_splits,
        stack_tasks,
        to_device,
    )
    from metalearn_lab.training.meta_train import TrainingRun, meta_train
    from metalearn_lab.training.outer_step import OuterStep

__version__ = "0.1.0"

_HOME = {
    "comparison.compare": ("compare",),
    "comparison.methods": (
        "METHODS",
        "Budget",
        "Method",
        "Rates",
    ),
    "comparison.world": (
        "World",
        "make_world",
    ),
    "compiled.adaptation": ("CompiledAdaptation",),
    "evaluation.adaptation_curves": (
        "AdaptationCurves",
        "adaptation_curves",
    ),
    "evaluation.few_shot_score": (
        "FewShotScore",
        "few_shot_score",
    ),
    "evaluation.intervals": (
        "Interval",
        "interval_over_tasks",
    ),
    "evaluation.meta_gradient_check": ("check_meta_gradient",),
    "learners.baseline_plus_plus": ("BaselinePlusPlus",),
    "learners.class_means": ("PretrainedMeans",),
    "learners.distributional_signatures": ("DistributionalSignatures",),
    "learners.cavia": (
        "CAVIA",
        "PublishedCAVIA",
    ),
    "learners.first_order_maml": ("FirstOrderMAML",),
    "learners.gradient_learner": ("GradientLearner",),
    "learners.hyper_lora": ("HyperLoRA",),
    "learners.hypernetwork": ("Hypernetwork",),
    "learners.imaml": ("IMAML",),
    "learners.joint": ("JointPretraining",),
    "learners.learned_optimizer": ("LearnedOptimizer",),
    "learners.learner": ("Learner",),
    "learners.leopard": ("Leopard",),
    "learners.line": ("Line",),
    "learners.maml": ("MAML",),
    "learners.maml_plus_plus": (
        "MAMLPlusPlus",
        "PublishedMAMLPlusPlus",
    ),
    "learners.meta_lstm": ("MetaLSTM",),
    "learners.meta_networks": ("MetaNetworks",),
    "learners.meta_sgd": ("MetaSGD",),
    "learners.neural_process": ("NeuralProcess",),
    "learners.predict_along": ("predict_along",),
    "learners.prior_fitted": ("PriorFitted",),
    "learners.proto_maml": ("ProtoMAML",),
    "learners.proto_net": ("ProtoNet",),
    "learners.reptile": ("Reptile",),
    "learners.ridge_head": ("RidgeHead",),
    "models.conv4": ("Conv4",),
    "models.cosine_head": ("CosineHead",),
    "models.lora": ("with_lora",),
    "models.mlp": ("MLP",),
    "models.recurrent": ("LSTM", "RNN"),
    "models.sentence_encoder": ("encode_sentences",),
    "models.sequence_transformer": ("SequenceTransformer",),
    "models.text_encoder": ("TextClassifier",),
    "models.transformer": ("Transformer",),
    "models.word_attention": (
        "BiLSTM",
        "EachWord",
        "WordAttention",
        "random_vectors",
    ),
    "tasks.class_splits": (
        "ClassSplit",
        "published_classes",
        "split_classes",
    ),
    "tasks.devices": ("choose_device",),
    "tasks.episodes": (
        "Episode",
        "EpisodeSampler",
    ),
    "tasks.leaks": (
        "LeakError",
        "assert_class_disjoint",
        "assert_episode_is_clean",
    ),
    "tasks.quadratics": (
        "quadratic_tasks",
        "stationary_point",
    ),
    "tasks.sinusoids": ("Sinusoids",),
    "tasks.sources": ("load_table",),
    "tasks.table": ("LabelledTable",),
    "tasks.text_features": (
        "hashed_ngrams",
        "word_counts",
        "word_ids",
    ),
    "tasks.types": (
        "Split",
        "Task",
        "first_shots",
        "merge_splits",
        "stack_tasks",
        "to_device",
    ),
    "training.meta_train": (
        "TrainingRun",
        "meta_train",
    ),
    "training.outer_step": ("OuterStep",),
}

__all__ = [
    "CAVIA",
    "IMAML",
    "LSTM",
    "MAML",
    "METHODS",
    "MLP",
    "RNN",
    "AdaptationCurves",
    "BaselinePlusPlus",
    "BiLSTM",
    "Budget",
    "ClassSplit",
    "CompiledAdaptation",
    "Conv4",
    "CosineHead",
    "DistributionalSignatures",
    "EachWord",
    "Episode",
    "EpisodeSampler",
    "FewShotScore",
    "FirstOrderMAML",
    "GradientLearner",
    "HyperLoRA",
    "Hypernetwork",
    "Interval",
    "JointPretraining",
    "LabelledTable",
    "LeakError",
    "LearnedOptimizer",
    "Learner",
    "Leopard",
    "Line",
    "MAMLPlusPlus",
    "MetaLSTM",
    "MetaNetworks",
    "MetaSGD",
    "Method",
    "NeuralProcess",
    "OuterStep",
    "PretrainedMeans",
    "PriorFitted",
    "ProtoMAML",
    "ProtoNet",
    "PublishedCAVIA",
    "PublishedMAMLPlusPlus",
    "Rates",
    "Reptile",
    "RidgeHead",
    "SequenceTransformer",
    "Sinusoids",
    "Split",
    "Task",
    "TextClassifier",
    "TrainingRun",
    "Transformer",
    "WordAttention",
    "World",
    "adaptation_curves",
    "assert_class_disjoint",
    "assert_episode_is_clean",
    "check_meta_gradient",
    "choose_device",
    "compare",
    "encode_sentences",
    "few_shot_score",
    "first_shots",
    "hashed_ngrams",
    "interval_over_tasks",
    "load_table",
    "make_world",
    "merge_splits",
    "meta_train",
    "predict_along",
    "published_classes",
    "quadratic_tasks",
    "random_vectors",
    "split_classes",
    "stack_tasks",
    "stationary_point",
    "to_device",
    "with_lora",
    "word_counts",
    "word_ids",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(f"metalearn_lab.{module}"), name)
    raise AttributeError(f"module 'metalearn_lab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
