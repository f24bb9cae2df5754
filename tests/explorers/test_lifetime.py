"""A cell that is run again lets go of what it showed before; explorers in other cells live on."""

import gc
import importlib
import pkgutil
import weakref
from uuid import uuid4

import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from ipywidgets import Widget
from matplotlib import pyplot
from torch.nn import functional as F

from metalearn_lab import explorers
from metalearn_lab.comparison.methods import Budget, Rates, build
from metalearn_lab.comparison.world import make_world
from metalearn_lab.evaluation.few_shot_score import FewShotScore
from metalearn_lab.experiments.gradient_angle import GradientAngles
from metalearn_lab.experiments.layer_freeze import freeze_study
from metalearn_lab.experiments.over_fitting import OverFitting
from metalearn_lab.experiments.sharding_time import Network, ShardingTime
from metalearn_lab.experiments.step_memory import StepMemory
from metalearn_lab.experiments.two_bowls import Bowls
from metalearn_lab.explorers import gradient_angle_explorer as by_angle
from metalearn_lab.explorers.adaptation_explorer import AdaptationExplorer
from metalearn_lab.explorers.agreement_explorer import AgreementExplorer
from metalearn_lab.explorers.alarm_explorer import AlarmExplorer
from metalearn_lab.explorers.attention_step_explorer import AttentionStepExplorer
from metalearn_lab.explorers.author_mixture_explorer import AuthorMixtureExplorer
from metalearn_lab.explorers.bowl_graph_explorer import BowlGraphExplorer
from metalearn_lab.explorers.contrastive_explorer import ContrastiveExplorer
from metalearn_lab.explorers.desk_explorer import DeskExplorer
from metalearn_lab.explorers.drag_explorer import DragExplorer
from metalearn_lab.explorers.draw_task_explorer import DrawTaskExplorer
from metalearn_lab.explorers.episode_explorer import EpisodeExplorer
from metalearn_lab.explorers.explorer import Explorer
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
from metalearn_lab.explorers.recommendation_explorer import RecommendationExplorer
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
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.class_splits import split_classes
from metalearn_lab.tasks.planar_quadratics import planar_quadratics
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.sources import load_table
from tests.explorers.small_drag_explorer import BowlExplorer
from tests.explorers.small_explorers import (
    agreement_explorer,
    alarm_explorer,
    attention_step_explorer,
    author_mixture_explorer,
    bowl_graph_explorer,
    contrastive_explorer,
    desk_explorer,
    gradient_arrows_explorer,
    horizon_explorer,
    hypergradient_explorer,
    lattice_explorer,
    line_band_explorer,
    live_tagger_explorer,
    navigation_explorer,
    objective_explorer,
    optimizer_race_explorer,
    picture_episode_explorer,
    pretraining_explorer,
    recommendation_explorer,
    rotation_dial_explorer,
    saved_stream_explorer,
    schedule_explorer,
    sense_explorer,
    set_to_line_explorer,
    stream_player_explorer,
    tag_scoring_explorer,
    task_graph_explorer,
    task_plane_explorer,
    task_pool_explorer,
    turning_bowl_explorer,
    wrong_labels_explorer,
)
from tests.learners.builders import sinusoid_learner, sinusoids

RERUNS = 10
FAMILY = Sinusoids(shots=5, queries=5, split="test")
BOWLS = Bowls((1.0, 9.0), (-1.0, 1.0), 0.1, 1)


def maml():
    return {"maml": MAML(MLP([1, 8, 1]), F.mse_loss, inner_lr=0.01, inner_steps=1)}


def adaptation():
    world = make_world(load_table("embedded"), ways=3, shots=1, queries=2)
    learners = {"maml": build("maml", world, Rates(2.0, 1e-3), Budget(), 0)}
    return lambda: AdaptationExplorer(world, learners, steps=2, episodes=3)


def episodes():
    table = load_table("embedded")
    classes = split_classes(table, seed=0)
    return lambda: EpisodeExplorer(table, classes)


def reader():
    world = make_world(load_table("embedded"), ways=3, shots=1, queries=2)
    return lambda: ReaderExplorer(world, {"MAML": torch.zeros(3, 6, dtype=torch.int64)})


def layer_freeze():
    study = freeze_study(sinusoid_learner(MAML), sinusoids(4), 2)
    return lambda: LayerFreezeExplorer({"sinusoids": study}, {"sinusoids": "maml"})


def gradient_angle():
    angles = GradientAngles(
        (0.01, 0.1), torch.rand(2, 3, 4).double(), torch.full((4,), 20.0).double()
    )
    measured = {(name, start): angles for name in by_angle.ACTIVATIONS for start in by_angle.STARTS}
    return lambda: by_angle.GradientAngleExplorer(measured)


def over_fitting():
    trace = OverFitting(*(torch.rand(6, 9) for _ in range(4)))
    traces = {"linear_probe": {1: trace, 4: trace}, "lora_8": {1: trace, 4: trace}}
    return lambda: OverFittingExplorer(traces, chance=0.2)


def shots():
    scores = {
        name: {k: FewShotScore(torch.rand(9), 5, 0.1, 3) for k in (1, 2)}
        for name in ("linear_probe", "fine_tuning", "lora_1")
    }
    return lambda: ShotsExplorer(scores, chance=0.2)


def memory():
    way = StepMemory(0.0, 4e6, 2e6)
    ways = dict.fromkeys(("second order", "second order, replayed", "first order"), way)
    return lambda: MemoryBudgetExplorer(ways, "a network")


def one_task():
    learners = maml()
    return lambda: OneTaskExplorer(learners, FAMILY, choices=2, steps=1)


def rate_steps():
    learners, tasks = maml(), FAMILY.batch(0, 2)
    return lambda: RateStepsExplorer(learners, tasks, most_steps=2)


def meta_loss():
    bowls = planar_quadratics([(9, 0.6), (7, 0.5)], [20, 110], [(-2, -1), (2, 0)])
    return lambda: MetaLossExplorer(bowls)


def reptile_path():
    bowls = planar_quadratics(
        [(9, 0.6), (7, 0.5), (1.5, 1.5)], [20, 110, 0], [(-2, -1), (2, 0.4), (0, 2)]
    )
    return lambda: ReptilePathExplorer(bowls)


# A maker of makers for each class: what costs time is done once.
MAKERS = {
    AdaptationExplorer: adaptation,
    AlarmExplorer: lambda: alarm_explorer,
    DeskExplorer: lambda: desk_explorer,
    AttentionStepExplorer: lambda: attention_step_explorer,
    BowlExplorer: lambda: BowlExplorer,
    DrawTaskExplorer: lambda: lambda: DrawTaskExplorer(maml(), FAMILY, most_steps=2),
    EpisodeExplorer: episodes,
    by_angle.GradientAngleExplorer: gradient_angle,
    HiddenMistakeExplorer: lambda: lambda: HiddenMistakeExplorer(BOWLS),
    GradientArrowsExplorer: lambda: gradient_arrows_explorer,
    IntervalReplayExplorer: lambda: lambda: IntervalReplayExplorer(torch.rand(8, 2), replays=9),
    LayerFreezeExplorer: layer_freeze,
    LatticeExplorer: lambda: lattice_explorer,
    LineBandExplorer: lambda: line_band_explorer,
    LiveTaggerExplorer: lambda: live_tagger_explorer,
    MemoryBudgetExplorer: memory,
    OneTaskExplorer: one_task,
    MetaLossExplorer: meta_loss,
    OverFittingExplorer: over_fitting,
    PictureEpisodeExplorer: lambda: picture_episode_explorer,
    RateStepsExplorer: rate_steps,
    ReaderExplorer: reader,
    RecommendationExplorer: lambda: recommendation_explorer,
    ReptilePathExplorer: reptile_path,
    StepClockExplorer: lambda: (
        lambda: StepClockExplorer({("vmap", 1): {1: 1.0, 8: 2.0}, ("loop", 1): {1: 1.0, 8: 8.0}})
    ),
    ShardingExplorer: lambda: (
        lambda: ShardingExplorer(ShardingTime(64, 1.0, 10.0, 10_000, Network(0.5, 1e-6)), "here")
    ),
    ShotsExplorer: shots,
    SinusoidAdaptationExplorer: lambda: lambda: SinusoidAdaptationExplorer(maml(), most_steps=2),
    SinusoidExplorer: lambda: lambda: SinusoidExplorer(maml(), FAMILY, most_steps=2, tasks=3),
    TwoBowlsExplorer: lambda: lambda: TwoBowlsExplorer(BOWLS),
    BowlGraphExplorer: lambda: bowl_graph_explorer,
    TaskGraphExplorer: lambda: task_graph_explorer,
    ContrastiveExplorer: lambda: contrastive_explorer,
    AuthorMixtureExplorer: lambda: author_mixture_explorer,
    HorizonExplorer: lambda: horizon_explorer,
    HypergradientExplorer: lambda: hypergradient_explorer,
    NavigationExplorer: lambda: navigation_explorer,
    ObjectiveExplorer: lambda: objective_explorer,
    OptimizerRaceExplorer: lambda: optimizer_race_explorer,
    PretrainingExplorer: lambda: pretraining_explorer,
    RotationDialExplorer: lambda: rotation_dial_explorer,
    SavedStreamExplorer: lambda: saved_stream_explorer,
    ScheduleExplorer: lambda: schedule_explorer,
    StreamPlayerExplorer: lambda: stream_player_explorer,
    SetToLineExplorer: lambda: set_to_line_explorer,
    TagScoringExplorer: lambda: tag_scoring_explorer,
    TaskPlaneExplorer: lambda: task_plane_explorer,
    TaskPoolExplorer: lambda: task_pool_explorer,
    TurningBowlExplorer: lambda: turning_bowl_explorer,
    WhatMovesExplorer: lambda: WhatMovesExplorer,
    WrongLabelsExplorer: lambda: wrong_labels_explorer,
    SenseExplorer: lambda: sense_explorer,
    AgreementExplorer: lambda: agreement_explorer,
}


@pytest.fixture(autouse=True, scope="module")
def _quick_collections():
    """Leave what was there before out of every collection: there is much of it under pytest."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def notebook():
    shell = InteractiveShell.instance()
    yield Notebook(shell)
    InteractiveShell.clear_instance()


class Notebook:
    """Cells of a notebook, told apart by an id, or by nothing if the frontend sends none."""

    def __init__(self, shell):
        self.shell, self.ids = shell, True
        self.name = uuid4().hex  # no cell of another test has its text or its id

    def run(self, cell, code):
        parent = {"metadata": {"cellId": f"{self.name} {cell}"} if self.ids else {}}
        self.shell.get_parent = lambda: parent
        with capture_output() as shown:
            self.shell.run_cell(f"{code}  # {self.name}", store_history=True).raise_error()
        return shown.outputs

    def give(self, make):
        """Let cells call ``make()``; returns a list that gets a weak reference to all it makes."""
        made = []

        def noted():
            explorer = make()
            made.append(weakref.ref(explorer))
            return explorer

        self.shell.user_ns["make"] = noted
        return made


def alive(made):
    return [reference() is not None for reference in made]


def widgets():
    """How many live widgets a notebook would save."""
    gc.collect()  # what other tests left
    return len(Widget.get_manager_state()["state"])


def test_every_explorer_of_the_package_is_tried_here():
    for module in pkgutil.iter_modules(explorers.__path__):
        importlib.import_module(f"{explorers.__name__}.{module.name}")
    kinds = (*Explorer.__subclasses__(), *DragExplorer.__subclasses__())
    ours = {each for each in kinds if each.__module__.startswith("metalearn")} - {DragExplorer}
    assert ours | {BowlExplorer} == set(MAKERS)


@pytest.mark.parametrize("kind", MAKERS, ids=lambda kind: kind.__name__)
def test_running_its_cell_again_leaves_one_alive(kind, notebook):
    made = notebook.give(MAKERS[kind]())
    before, figures = widgets(), pyplot.get_fignums()
    notebook.run("a", "make().show()")
    one = widgets()
    assert one > before
    for _ in range(RERUNS if kind is MemoryBudgetExplorer else 2):
        notebook.run("a", "make().show()")
    assert widgets() == one
    assert pyplot.get_fignums() == figures
    assert alive(made) == [False] * (len(made) - 1) + [True]


def test_two_cells_and_two_in_one_cell_are_alive_at_once(notebook):
    made = notebook.give(lambda: TwoBowlsExplorer(BOWLS))
    notebook.run("a", "make().show()")
    notebook.run("b", "make().show(); make().show()")
    assert alive(made) == [True] * 3
    notebook.run("a", "make().show()")
    assert alive(made) == [False, True, True, True]
    for reference in made[1:]:
        explorer = reference()
        first = explorer.view_widget.value
        explorer.controls["inner_steps"].value = 3
        assert explorer.view_widget.value != first


def test_one_that_a_variable_holds_is_not_taken_away(notebook):
    made = notebook.give(lambda: TwoBowlsExplorer(BOWLS))
    notebook.run("a", "mine = make(); mine.show()")
    notebook.run("b", "mine.show()")
    notebook.run("b", "mine.show()")
    notebook.run("a", "kept = mine; mine = make(); mine.show()")
    assert alive(made) == [True, True]
    notebook.run("a", "kept = None; mine = make(); mine.show()")
    assert alive(made) == [True, False, True]  # the first is what cell b shows
    notebook.run("b", "mine.show()")
    assert alive(made) == [False, False, True]


def test_where_cells_have_no_ids_two_of_one_text_are_alive(notebook):
    notebook.ids = False
    made = notebook.give(lambda: TwoBowlsExplorer(BOWLS))
    for _ in range(5):
        notebook.run("a", "make().show()")
    assert alive(made) == [False] * 3 + [True] * 2
    notebook.run("b", "make().show()  # elsewhere,")
    assert alive(made)[3:] == [True] * 3


def test_one_that_was_never_shown_goes_with_its_variable():
    before = widgets()
    explorer = TwoBowlsExplorer(BOWLS)
    assert widgets() > before
    del explorer
    assert widgets() == before


def test_a_widget_of_one_that_is_gone_says_so():
    control = TwoBowlsExplorer(BOWLS).controls["inner_lr"]
    with pytest.raises(ReferenceError, match="run its cell again"):
        control.value = 3.0
