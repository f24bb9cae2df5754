"""A batch of tasks is told from one task, from nothing, and from what holds no tensors."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab import EpisodeSampler, meta_train
from metalearn_lab.compiled import CompiledAdaptation
from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.experiments.curvature import largest_curvature
from metalearn_lab.experiments.gradient_angle import gradient_angles
from metalearn_lab.experiments.layer_freeze import freeze_study
from metalearn_lab.experiments.over_fitting import over_fitting
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.predict_along import predict_along
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task, stack_tasks

WAYS = 3


def sampler(shots=2, queries=2):
    """Noise with labels: nothing can be learned from it."""
    numbers = torch.Generator().manual_seed(0)
    x, labels = torch.randn(60, 4, generator=numbers), torch.arange(5).repeat(12)
    return EpisodeSampler(x, labels, ways=WAYS, shots=shots, queries=queries)


def classifier(kind=MAML, outputs=WAYS, **settings):
    return kind(MLP([4, 6, outputs]), F.cross_entropy, inner_lr=0.1, inner_steps=1, **settings)


def regressor(kind=MAML, **settings):
    return kind(MLP([1, 6, 1]), F.mse_loss, inner_lr=0.1, inner_steps=1, **settings)


def one_sinusoid():
    return Task(*(Split(split.x[0], split.y[0]) for split in Sinusoids(5, 5).batch(0, 1)))


MAPPINGS = ["vmap", "loop"]
USES = {
    "forward": lambda learner, task: learner(task),
    "adapt": lambda learner, task: learner.adapt(task.support),
    "predict_along": predict_along,
    "curves": adaptation_curves,
    "over-fitting": lambda learner, task: over_fitting(learner, task, 1),
    "layers": lambda learner, task: freeze_study(learner, task, 1),
    "curvature": lambda learner, task: largest_curvature(learner, task.support),
    "angles": lambda learner, task: gradient_angles(
        learner.model, learner.loss, task, (0.1,), steps=1
    ),
    "check": check_meta_gradient,
    "compiled": lambda learner, task: CompiledAdaptation(learner, task.support, task.query.x, 1),
    "training": lambda learner, task: meta_train(
        learner,
        lambda i: task,
        iterations=1,
        optimizer=torch.optim.SGD(learner.parameters(), 0.1),
        progress=False,
    ),
    "validation": lambda learner, task: meta_train(
        learner,
        lambda i: stack_tasks([task]),
        iterations=1,
        optimizer=torch.optim.SGD(learner.parameters(), 0.1),
        validation=task,
        progress=False,
    ),
}


@pytest.mark.parametrize("mapping", MAPPINGS)
@pytest.mark.parametrize("use", USES)
def test_one_task_without_its_task_axis_is_refused_by_all_that_take_tasks(use, mapping):
    """Support and query have as many items, so the shapes of a batch could be read into them."""
    for learner, task in [
        (classifier(mapping=mapping), sampler().episode(0).task),
        (regressor(mapping=mapping), one_sinusoid()),
    ]:
        with pytest.raises(ValueError, match=r"stack_tasks\(\[task\]\).*sampler\.batch\(i, 1\)"):
            USES[use](learner, task)


@pytest.mark.parametrize("kind", [MAML, Reptile, JointPretraining], ids=lambda kind: kind.__name__)
def test_a_batch_of_one_is_what_the_message_says(kind):
    learner, episodes = classifier(kind), sampler()
    stacked = stack_tasks([episodes.episode(3).task])
    assert torch.equal(learner(stacked), learner(episodes.batch(3, 1)))


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ((6, 4), (6,)),  # classes
        ((6, 28, 28), (6,)),
        ((6, 1, 28, 28), (6,)),
        ((6, 1), (6, 1)),  # float targets from here on
        ((6, 4), (6, 2)),
        ((6, 1, 28, 28), (6, 1)),
        ((6, 3, 9, 9), (6, 3)),
        ((6,), (6,)),
    ],
)
def test_a_missing_task_axis_is_seen_in_data_of_any_shape(x, y):
    values = torch.zeros(y) if len(y) > 1 or len(x) == 1 else torch.zeros(y, dtype=torch.int64)
    split = Split(torch.zeros(x), values)
    with pytest.raises(ValueError, match=r"\[tasks, items"):
        classifier()(Task(split, split))
    with pytest.raises(ValueError, match=r"\[tasks, items"):
        classifier().adapt(split)


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_another_number_of_support_and_query_tasks_is_refused(mapping):
    three, two = (Sinusoids(5, 5).batch(0, count) for count in (3, 2))
    with pytest.raises(ValueError, match="support holds 3 tasks and query 2"):
        regressor(mapping=mapping)(Task(three.support, two.query))
    with pytest.raises(ValueError, match="support holds 2 tasks and query 3"):
        adaptation_curves(regressor(mapping=mapping), Task(two.support, three.query))


@pytest.mark.parametrize("mapping", MAPPINGS)
@pytest.mark.parametrize("kind", [MAML, Reptile, JointPretraining])
@pytest.mark.parametrize(
    ("rows", "what"), [(slice(0), "tasks"), ((slice(None), slice(0)), "items")]
)
def test_an_empty_batch_is_refused(kind, mapping, rows, what):
    whole, learner = Sinusoids(5, 5).batch(0, 2), regressor(kind, mapping=mapping)
    empty = Split(whole.support.x[rows], whole.support.y[rows])
    for tasks in (Task(empty, empty), Task(empty, whole.query), Task(whole.support, empty)):
        with pytest.raises(ValueError, match=f"holds no {what}, its shape is"):
            learner(tasks)
        with pytest.raises(ValueError, match=f"holds no {what}, its shape is"):
            predict_along(learner, tasks)
    with pytest.raises(ValueError, match=f"support.x holds no {what}"):
        learner.adapt(empty)


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_x_and_y_of_unequal_length_are_refused(mapping):
    tasks = sampler().batch(0, 2)
    short = Split(tasks.query.x, tasks.query.y[:, :-1])
    with pytest.raises(ValueError, match=r"query\.x is \[2, 6, 4\] and query\.y \[2, 5\]"):
        classifier(mapping=mapping)(Task(tasks.support, short))
    with pytest.raises(ValueError, match=r"support\.x is \[2, 6, 4\] and support\.y \[2, 5\]"):
        classifier(mapping=mapping).adapt(short)


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_fast_weights_and_inputs_must_be_of_the_same_tasks(mapping):
    learner, tasks = regressor(mapping=mapping), Sinusoids(5, 5).batch(0, 3)
    adapted = learner.adapt(tasks.support)[-1]
    with pytest.raises(ValueError, match=r"where inputs of 2 tasks take \[2, 6, 1\]"):
        learner.predict(adapted, tasks.query.x[:2])
    with pytest.raises(ValueError, match=r"body\.0\.weight are \[6, 1\], where"):
        learner.predict(learner.weights(), tasks.query.x)
    with pytest.raises(ValueError, match=r"x must be \[tasks, items, \.\.\.\], got \[3\]"):
        learner.predict(adapted, tasks.query.x[:, 0, 0])


def test_numpy_in_a_split_is_named():
    task = sampler().episode(0).task
    arrays = Task(task.support, Split(task.query.x.numpy(), task.query.y.numpy()))
    message = r"query\.x must be a torch\.Tensor, got numpy\.ndarray: use torch\.as_tensor"
    with pytest.raises(TypeError, match=message):
        stack_tasks([arrays])
    batch = sampler().batch(0, 1)
    with pytest.raises(TypeError, match=message):
        classifier()(Task(batch.support, Split(batch.query.x.numpy(), batch.query.y.numpy())))
    lists = Split(torch.zeros(1, 2, 4), [[0, 1]])
    with pytest.raises(TypeError, match=r"support\.y must be a torch\.Tensor, got builtins\.list"):
        classifier().adapt(lists)


def test_what_is_no_task_is_named():
    episode = sampler().episode(0)
    with pytest.raises(TypeError, match=r"takes a Task\(support, query\), got Episode: .*batch"):
        classifier()(episode)
    with pytest.raises(TypeError, match=r"got tuple"):
        classifier()((episode.task.support, episode.task.query))
    with pytest.raises(TypeError, match=r"support must be a Split\(x, y\), got Task"):
        classifier().adapt(episode.task)
    with pytest.raises(TypeError, match=r"got one task: give \[task\]"):
        stack_tasks(episode.task)
    with pytest.raises(TypeError, match=r"got Episode: of an episode give its \.task"):
        stack_tasks([episode])


def test_a_sampler_in_place_of_a_function_is_named():
    learner = classifier()
    optimizer = torch.optim.SGD(learner.parameters(), 0.1)
    with pytest.raises(TypeError, match=r"got EpisodeSampler: .* lambda i: sampler\.batch\("):
        meta_train(learner, sampler(), iterations=1, optimizer=optimizer)


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_a_label_without_an_output_is_named(mapping):
    tasks = sampler().batch(0, 2)
    uses = (lambda learner: learner(tasks), lambda learner: adaptation_curves(learner, tasks, 1))
    for use in uses:
        with pytest.raises(ValueError, match=r"no output .*outputs of one task are \[6, 2\].*ways"):
            use(classifier(outputs=2, mapping=mapping))


def test_a_label_without_an_output_on_the_query_alone_is_named():
    tasks = sampler().batch(0, 2)
    low = Task(Split(tasks.support.x, tasks.support.y % 2), tasks.query)
    for use in (classifier(outputs=2), lambda low: adaptation_curves(classifier(outputs=2), low)):
        with pytest.raises(ValueError, match="a class label has no output"):
            use(low)


def test_a_pretraining_head_with_too_few_classes_is_named():
    model = MLP([4, 6, WAYS])
    learner = JointPretraining(
        model, F.cross_entropy, pretraining_head=nn.Linear(6, 2), inner_lr=0.1, inner_steps=1
    )
    with pytest.raises(ValueError, match=r"outputs of one task are \[12, 2\]"):
        learner(sampler().pretraining_batch(0, 1))


def test_a_label_without_an_output_never_counts_as_learned_in_a_compiled_step():
    """The compiled step cannot raise, so it gives what the training loop stops at."""
    tasks, learner = sampler().batch(0, 2), classifier()
    bad = Task(tasks.support, Split(tasks.query.x, tasks.query.y + 1))
    optimizer = torch.optim.SGD(learner.parameters(), 0.1)
    with pytest.raises(ValueError, match="a class label has no output"):
        meta_train(
            learner,
            lambda i: bad if i == 3 else tasks,
            iterations=5,
            optimizer=optimizer,
            compiled=True,
            progress=False,
        )


def test_arrays_of_numpy_labels_become_a_batch_by_what_the_message_says():
    x, y = np.zeros((6, 4), "float32"), np.arange(6) % WAYS
    split = Split(torch.as_tensor(x), torch.as_tensor(y))
    assert classifier()(stack_tasks([Task(split, split)])).isfinite()
