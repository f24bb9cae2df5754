"""Every explorer on little made-up data, by the name of its module: built in a moment."""

from __future__ import annotations

import torch
from pandas import DataFrame
from torch.nn import functional as F

from metalearn_lab.comparison.images import distance_reader
from metalearn_lab.comparison.methods import Budget, Rates, build
from metalearn_lab.comparison.pretraining_pictures import pictured
from metalearn_lab.comparison.readers import means_reader
from metalearn_lab.comparison.word_senses import sense_world, untrained
from metalearn_lab.comparison.world import make_world
from metalearn_lab.comparison.wrong_labels import UNTRAINED, accuracies, accuracies_along
from metalearn_lab.evaluation.few_shot_score import FewShotScore
from metalearn_lab.experiments.entity_lab import EntityLab, name_world
from metalearn_lab.experiments.gradient_angle import GradientAngles
from metalearn_lab.experiments.layer_freeze import freeze_study
from metalearn_lab.experiments.navigation import start_policy
from metalearn_lab.experiments.over_fitting import OverFitting
from metalearn_lab.experiments.prior_fitted_lab import line_network
from metalearn_lab.experiments.recommendation import MELU, ColdStart, predictors, settings_of
from metalearn_lab.experiments.sharding_time import Network, ShardingTime
from metalearn_lab.experiments.short_horizon import NOISY_BOWL
from metalearn_lab.experiments.step_memory import StepMemory
from metalearn_lab.experiments.task_and_meta_loss import NoisyMeans
from metalearn_lab.experiments.task_diversity import pool_model
from metalearn_lab.experiments.task_graph import KnownTasks
from metalearn_lab.experiments.task_worlds import sinusoid_tasks
from metalearn_lab.experiments.two_bowls import Bowls
from metalearn_lab.explorers.adaptation_explorer import AdaptationExplorer
from metalearn_lab.explorers.agreement_explorer import AgreementExplorer
from metalearn_lab.explorers.alarm_explorer import AlarmExplorer
from metalearn_lab.explorers.attention_step_explorer import AttentionStepExplorer
from metalearn_lab.explorers.author_mixture_explorer import AuthorMixtureExplorer
from metalearn_lab.explorers.band_explorer import BandExplorer
from metalearn_lab.explorers.bowl_graph_explorer import BowlGraphExplorer
from metalearn_lab.explorers.contrastive_explorer import ContrastiveExplorer
from metalearn_lab.explorers.desk_explorer import DeskExplorer
from metalearn_lab.explorers.draw_task_explorer import DrawTaskExplorer
from metalearn_lab.explorers.episode_explorer import EpisodeExplorer
from metalearn_lab.explorers.explorer import Explorer
from metalearn_lab.explorers.gradient_angle_explorer import (
    ACTIVATIONS,
    STARTS,
    GradientAngleExplorer,
)
from metalearn_lab.explorers.gradient_arrows_explorer import GradientArrowsExplorer
from metalearn_lab.explorers.hidden_mistake_explorer import HiddenMistakeExplorer
from metalearn_lab.explorers.horizon_explorer import HorizonExplorer
from metalearn_lab.explorers.hypergradient_explorer import HypergradientExplorer
from metalearn_lab.explorers.interval_replay_explorer import IntervalReplayExplorer
from metalearn_lab.explorers.lattice_explorer import LatticeExplorer
from metalearn_lab.explorers.layer_freeze_explorer import LayerFreezeExplorer
from metalearn_lab.explorers.line_band_explorer import LineBandExplorer
from metalearn_lab.explorers.live_tagger_explorer import LiveTaggerExplorer
from metalearn_lab.explorers.memory_budget_explorer import MemoryBudgetExplorer
from metalearn_lab.explorers.meta_loss_explorer import MetaLossExplorer
from metalearn_lab.explorers.navigation_explorer import NavigationExplorer
from metalearn_lab.explorers.objective_explorer import ObjectiveExplorer
from metalearn_lab.explorers.one_task_explorer import OneTaskExplorer
from metalearn_lab.explorers.optimizer_race_explorer import OptimizerRaceExplorer
from metalearn_lab.explorers.over_fitting_explorer import OverFittingExplorer
from metalearn_lab.explorers.picture_episode_explorer import PictureEpisodeExplorer
from metalearn_lab.explorers.pretraining_explorer import PretrainingExplorer
from metalearn_lab.explorers.rate_steps_explorer import RateStepsExplorer
from metalearn_lab.explorers.reader_explorer import ReaderExplorer
from metalearn_lab.explorers.recommendation_explorer import SHOWN, RecommendationExplorer
from metalearn_lab.explorers.reptile_path_explorer import ReptilePathExplorer
from metalearn_lab.explorers.rotation_dial_explorer import RotationDialExplorer
from metalearn_lab.explorers.saved_stream_explorer import SavedStreamExplorer
from metalearn_lab.explorers.schedule_explorer import ScheduleExplorer
from metalearn_lab.explorers.sense_explorer import SenseExplorer
from metalearn_lab.explorers.set_to_line_explorer import SetToLineExplorer
from metalearn_lab.explorers.sharding_explorer import ShardingExplorer
from metalearn_lab.explorers.shots_explorer import ShotsExplorer
from metalearn_lab.explorers.sinusoid_adaptation_explorer import SinusoidAdaptationExplorer
from metalearn_lab.explorers.sinusoid_explorer import SinusoidExplorer
from metalearn_lab.explorers.step_clock_explorer import StepClockExplorer
from metalearn_lab.explorers.stream_player_explorer import StreamPlayerExplorer
from metalearn_lab.explorers.tag_scoring_explorer import TagScoringExplorer
from metalearn_lab.explorers.task_graph_explorer import TaskGraphExplorer
from metalearn_lab.explorers.task_plane_explorer import TaskPlaneExplorer
from metalearn_lab.explorers.task_pool_explorer import TaskPoolExplorer
from metalearn_lab.explorers.turning_bowl_explorer import TurningBowlExplorer
from metalearn_lab.explorers.two_bowls_explorer import TwoBowlsExplorer
from metalearn_lab.explorers.what_moves_explorer import WhatMovesExplorer
from metalearn_lab.explorers.wrong_labels_explorer import WrongLabelsExplorer
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.hypernetwork import Hypernetwork
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.neural_process import NeuralProcess
from metalearn_lab.learners.update_rules import Adam, MLPRule
from metalearn_lab.models.mlp import MLP
from metalearn_lab.models.ngram import NGram
from metalearn_lab.models.set_encoder import SetEncoder
from metalearn_lab.models.weight_generators import FullWeights
from metalearn_lab.tasks.blobs import blob_episodes
from metalearn_lab.tasks.class_splits import split_classes
from metalearn_lab.tasks.docstrings import ALPHABET, authors, encode
from metalearn_lab.tasks.planar_quadratics import planar_quadratics
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.sources import load_table
from metalearn_lab.tasks.types import Split, Task
from metalearn_lab.tasks.word_senses import word_senses
from tests.experiments.small_desk import a_desk
from tests.experiments.small_desk import encode as encode_text
from tests.experiments.small_ratings import small_world
from tests.explorers.small_drag_explorer import BowlExplorer
from tests.learners.builders import sinusoid_learner, sinusoids

UNSEEN = Sinusoids(shots=5, queries=5, split="test")


def _learners() -> dict[str, Learner]:
    settings = {"inner_lr": 0.02, "inner_steps": 1}
    return {
        "maml": MAML(MLP([1, 8, 1], seed=1), F.mse_loss, **settings),
        "fine_tuning": JointPretraining(MLP([1, 8, 1], seed=2), F.mse_loss, **settings),
    }


def plane_learners() -> dict[str, Learner]:
    """A hypernetwork and MAML."""
    base, encoder = MLP([1, 8, 1], seed=3), SetEncoder([2, 8, 4])
    made = FullWeights(base, [4])
    generated = Hypernetwork(base, F.mse_loss, encoder=encoder, generator=made)
    return {"hypernetwork": generated, "maml": _learners()["maml"]}


def band_learners() -> dict[str, Learner]:
    """A neural process and MAML."""
    process = NeuralProcess(MLP([1 + 4, 8, 2], seed=4), encoder=SetEncoder([2, 8, 4]))
    return {"neural_process": process, "maml": _learners()["maml"]}


def _numbers(*shape: int) -> torch.Tensor:
    """Between 0 and 1, the same each time."""
    return torch.rand(shape, generator=generator("small explorers"))


def adaptation_explorer() -> Explorer:
    world = make_world(load_table("embedded"), ways=3, shots=1, queries=2)
    learners = {n: build(n, world, Rates(2.0, 1e-3), Budget(), 0) for n in ("maml", "reptile")}
    return AdaptationExplorer(world, learners, steps=4, episodes=5)


def band_explorer() -> Explorer:
    return BandExplorer(band_learners(), UNSEEN, most_steps=3)


def alarm_explorer() -> Explorer:
    true = torch.arange(3)[:, None].repeat(1, 20)
    guessed = torch.where(_numbers(3, 20) < 0.3, (3 * _numbers(3, 20)).long(), true)
    return AlarmExplorer({"true labels": true, "a poor reader": guessed})


def desk_explorer() -> Explorer:
    desk = a_desk(-2.0, room=["hall"]).taught("lights", ["light the hall", "lights on"], "{room}")
    lesson = ("music", ("play a song", "music please"), "Music in the {room}.")
    return DeskExplorer(desk.taught("timer", ["set a timer"]), "play a song", lesson)


def author_mixture_explorer() -> Explorer:
    general = NGram(2, len(ALPHABET)).fit(encode(authors()["jinja2"][:20]))
    return AuthorMixtureExplorer(general, ["PIL", "email"], shots=(2, 4, 6))


def bowl_graph_explorer() -> Explorer:
    return BowlGraphExplorer()


def task_graph_explorer() -> Explorer:
    past, clusters = sinusoid_tasks(6, 5, 5, apart=3.14, split="past", seed=0)
    new, new_clusters = sinusoid_tasks(3, 6, 9, apart=3.14, split="new", seed=0)
    learner = MAML(MLP([1, 8, 1], seed=0), F.mse_loss, inner_lr=0.003, inner_steps=5)
    return TaskGraphExplorer(KnownTasks(learner, past, steps=10), clusters, new, new_clusters)


def contrastive_explorer() -> Explorer:
    return ContrastiveExplorer()


def lattice_explorer() -> Explorer:
    return LatticeExplorer()


def live_tagger_explorer() -> Explorer:
    world = name_world(0, sentences=60)
    embed = EntityLab(world).untrained()
    return LiveTaggerExplorer(world.sampler("test", 2, 1).episode(0), embed, world.abstract)


def tag_scoring_explorer() -> Explorer:
    return TagScoringExplorer()


def recommendation_explorer() -> Explorer:
    cold = ColdStart(small_world())
    learner = cold.train(MELU, steps=2, seed=0)
    methods = predictors(cold, {MELU: learner}, rank=2, penalty=1.0)
    few = {name: settings_of(name)[:3][-1] for name in SHOWN}
    settings = {name: dict.fromkeys((0, 1, 5), setting) for name, setting in few.items()}
    return RecommendationExplorer(cold, methods, settings)


def picture_episode_explorer() -> Explorer:
    """Pictures of 4 × 4 pixels."""
    tasks = blob_episodes("pictures", 3, ways=2, shots=3, queries=4, features=16, seed=0)
    readers = {"class means": means_reader, "distances": distance_reader}
    return PictureEpisodeExplorer(tasks, readers, ways=2, side=4)


def pretraining_explorer() -> Explorer:
    numbers = torch.Generator().manual_seed(0)
    methods, kinds = (
        ("hidden words alone", "untrained", "TF-IDF"),
        {"intents": (1, 5), "next": (1,)},
    )
    rows = [
        {"method": m, "kind": kind, "shots": k, "seed": seed, "class means": 40.0 + 7 * i + seed}
        for i, m in enumerate(methods)
        for kind, every in kinds.items()
        for k in every
        for seed in range(5)
    ]
    y = {count: torch.arange(count).remainder(5).repeat(3, 1) for count in (5, 25)}
    pictures = {}
    for m in methods:
        for kind, every in kinds.items():
            for k in every:
                split = (5 * k, 25 if kind == "intents" else 5)
                items = [Split(torch.randn(3, n, 9, generator=numbers), y[n]) for n in split]
                pictures[m, kind, k] = pictured(Task(*items), 5)
    return PretrainingExplorer(DataFrame(rows), pictures)


def stream_player_explorer() -> Explorer:
    return StreamPlayerExplorer()


def rotation_dial_explorer() -> Explorer:
    return RotationDialExplorer()


def saved_stream_table() -> DataFrame:
    """Errors of three methods on two streams, in two orders, with two seeds."""
    names = ("follow the meta-leader", "fine-tune the newest", "ridge")
    keys = [
        {"stream": stream, "order": order, "method": method, "seed": seed, "tasks": 5 * (block + 1)}
        for stream in ("sinusoids", "intents")
        for order in ("drift", "shuffled")
        for method in names
        for seed in (0, 1)
        for block in range(8)
    ]
    return DataFrame(keys).assign(error=_numbers(len(keys)).tolist())


def saved_stream_explorer() -> Explorer:
    return SavedStreamExplorer(saved_stream_table())


def schedule_explorer() -> Explorer:
    return ScheduleExplorer()


def navigation_explorer() -> Explorer:
    return NavigationExplorer({f"seed {seed}": start_policy(seed) for seed in (0, 1)}, "seed 0")


def objective_explorer() -> Explorer:
    return ObjectiveExplorer(NoisyMeans(1.0, 2.0, 3))


def attention_step_explorer() -> Explorer:
    return AttentionStepExplorer([(-2, -1), (0, 1), (2, 2)])


def line_band_explorer() -> Explorer:
    points = [(-2, -1), (0, 1), (2, 2)]
    return LineBandExplorer(line_network(), noise=0.3, trained=(-2, 2), points=points)


def task_pool_explorer() -> Explorer:
    pools = {m: torch.linspace(-1.0, 1.0, m)[:, None] for m in (1, 3)}
    return TaskPoolExplorer(
        {m: pool_model(seed=m) for m in pools}, pools, noise=1.0, points=[(-2, -1), (0, 1), (2, 2)]
    )


def set_to_line_explorer() -> Explorer:
    return SetToLineExplorer([(-2, -1), (0, 1), (2, 2)])


def task_plane_explorer() -> Explorer:
    return TaskPlaneExplorer(plane_learners(), shots=5, most_steps=4)


def drag_explorer() -> Explorer:
    return BowlExplorer()


def draw_task_explorer() -> Explorer:
    return DrawTaskExplorer(_learners(), UNSEEN, most_steps=3)


def episode_explorer() -> Explorer:
    table = load_table("embedded")
    return EpisodeExplorer(table, split_classes(table, seed=0), siblings=True)


def gradient_angle_explorer() -> Explorer:
    degrees = 90 * _numbers(len(ACTIVATIONS), len(STARTS), 3, 4, 6).double()
    sharpness = torch.full((6,), 20.0).double()
    return GradientAngleExplorer(
        {
            (name, start): GradientAngles((0.001, 0.01, 0.1), degrees[i, j], sharpness)
            for i, name in enumerate(ACTIVATIONS)
            for j, start in enumerate(STARTS)
        }
    )


def hidden_mistake_explorer() -> Explorer:
    return HiddenMistakeExplorer(Bowls((1.0, 8.0), (-1.5, 1.5), 0.1, 1))


def gradient_arrows_explorer() -> Explorer:
    return GradientArrowsExplorer(
        planar_quadratics([(4, 0.5), (4, 0.5)], [25, 25], [(-0.5, -0.4), (0.7, 0.5)])
    )


def horizon_explorer() -> Explorer:
    return HorizonExplorer(NOISY_BOWL, 10, (1, 5, 10))


def hypergradient_explorer() -> Explorer:
    return HypergradientExplorer()


def interval_replay_explorer() -> Explorer:
    return IntervalReplayExplorer((_numbers(20, 2, 25) < 0.6).float().mean(-1), replays=10)


def layer_freeze_explorer() -> Explorer:
    kinds = {"maml": MAML, "first_order_maml": FirstOrderMAML}
    studies = {
        n: freeze_study(sinusoid_learner(kind), sinusoids(4), 3) for n, kind in kinds.items()
    }
    return LayerFreezeExplorer(studies, {name: name for name in kinds})


def memory_budget_explorer() -> Explorer:
    ways = {"second order": StepMemory(0.0, 4e6, 2e6), "first order": StepMemory(0.0, 4e6, 0.0)}
    return MemoryBudgetExplorer(ways, "a network")


def one_task_explorer() -> Explorer:
    return OneTaskExplorer(_learners(), UNSEEN, choices=4, steps=3)


def meta_loss_explorer() -> Explorer:
    return MetaLossExplorer(planar_quadratics([(9, 0.6), (7, 0.5)], [20, 110], [(-2, -1), (2, 0)]))


def optimizer_race_explorer() -> Explorer:
    rules = {"MLP": MLPRule(), "Adam": Adam(0.2)}
    return OptimizerRaceExplorer(rules, horizon=10, steps=20, problems=2)


def over_fitting_explorer() -> Explorer:
    falling = torch.linspace(1.5, 0.5, 11) + 0.1 * _numbers(2, 2, 6, 1)
    return OverFittingExplorer(
        {
            name: {
                k: OverFitting(falling[i, j], falling[i, j] + 0.2, *2 * (1 - falling[i, j] / 3,))
                for j, k in enumerate((1, 4))
            }
            for i, name in enumerate(("linear_probe", "lora_8"))
        },
        chance=0.2,
    )


def rate_steps_explorer() -> Explorer:
    tasks = Sinusoids(shots=5, queries=5, split="validation").batch(0, 4)
    return RateStepsExplorer(_learners(), tasks, most_steps=3)


def reader_explorer() -> Explorer:
    world = make_world(load_table("embedded"), ways=5, shots=1, queries=2)
    guesses = {name: (5 * _numbers(4, 10)).long() for name in ("MAML", "prototypes")}
    return ReaderExplorer(world, guesses)


def reptile_path_explorer() -> Explorer:
    return ReptilePathExplorer(
        planar_quadratics(
            [(9, 0.6), (7, 0.5), (1.5, 1.5)], [20, 110, 0], [(-2, -1), (2, 0.4), (0, 2)]
        )
    )


def sharding_explorer() -> Explorer:
    here = Network(latency=0.5, per_number=1e-6)
    step = ShardingTime(tasks=64, work=1.0, fixed=10.0, weights=10_000, network=here)
    return ShardingExplorer(step, "here")


def shots_explorer() -> Explorer:
    names, accuracies = ("nearest_class_mean", "linear_probe", "lora_1"), _numbers(3, 2, 12)
    return ShotsExplorer(
        {
            name: {k: FewShotScore(accuracies[i, j], 9 * i, 0.1, 7) for j, k in enumerate((1, 4))}
            for i, name in enumerate(names)
        },
        chance=0.2,
    )


def sinusoid_adaptation_explorer() -> Explorer:
    return SinusoidAdaptationExplorer(_learners(), most_steps=3)


def sinusoid_explorer() -> Explorer:
    return SinusoidExplorer(_learners(), UNSEEN, most_steps=3, tasks=4)


def step_clock_explorer() -> Explorer:
    fixed = {"loop": 0.0, "vmap": 3.0, "compiled": 0.3}
    return StepClockExplorer(
        {
            (way, k): {n: k * (o + n / 10) for n in (1, 8, 64)}
            for way, o in fixed.items()
            for k in (1, 5)
        }
    )


def turning_bowl_explorer() -> Explorer:
    return TurningBowlExplorer()


def two_bowls_explorer() -> Explorer:
    return TwoBowlsExplorer(Bowls((1.0, 9.0), (-1.0, 1.0), 0.1, 1))


def what_moves_explorer() -> Explorer:
    return WhatMovesExplorer()


def wrong_labels_explorer() -> Explorer:
    tasks = blob_episodes("wrong labels", 6, ways=3, shots=4, queries=5, features=4, seed=0)
    learner = MAML(MLP([4, 3]), F.cross_entropy, inner_lr=0.5, inner_steps=1)
    accuracy = accuracies(tasks, 3, UNTRAINED, 0)
    accuracy["MAML"] = accuracies_along(learner, tasks, 3, (1, 5), 0)
    return WrongLabelsExplorer(accuracy, tasks, ways=3, seed=0)


def sense_explorer() -> Explorer:
    table = word_senses()
    world = sense_world(table, encode_text(table.sentences), 0)
    return SenseExplorer(world, untrained(world), encode_text)


def agreement_explorer() -> Explorer:
    return AgreementExplorer()
