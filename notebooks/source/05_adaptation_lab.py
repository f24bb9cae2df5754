# %% [markdown]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/05_adaptation_lab.ipynb)
#
# # The adaptation lab
#
# After this chapter you will be able to
#
# - set learners side by side under one budget, and say in which of four currencies they are equal;
# - find out which layers do the adapting, and what differentiating through $k$ steps costs;
# - recognise six mistakes that are hard to see, know the check that finds each, and mend them.

# %%
if "google.colab" in str(get_ipython()): get_ipython().run_line_magic("pip", "install -q --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main hassil home-assistant-intents unicode-rbnf")  # fmt: skip

# %% tags=["parameters"]
iterations: int = 2000  # outer steps of each training on sinusoids
text_iterations: int = 300  # outer steps of the training on sentences
inner_steps: int = 5  # k while training
outer_lr: float = 0.001  # β, the rate of the outer Adam
shots: int = 10  # K, support points of a sinusoid
meta_batch: int = 25  # sinusoids in each outer step
validation_tasks: int = 100  # sinusoids that α is chosen on
unseen_tasks: int = 300  # sinusoids that results are taken over
test_steps: int = 10  # inner steps shown at test time, no fewer than inner_steps
episodes: int = 600  # unseen episodes of sentences
seed: int = 0  # of the weights and the training tasks

# %% [markdown]
# ## Every learner, one budget
#
# Seven ways to prepare the same network for a sinusoid that it has never seen. All start from the same
# weights and, at test time, take the same steps $\theta_{j+1} = \theta_j - \alpha\,\nabla L_S(\theta_j)$ on the same
# $K$ points. They differ in what is minimised before, and in which weights move:
#
# | learner | prepared by lowering | gradients for each task | moves |
# | --- | --- | --- | --- |
# | pretrain + fine-tune | $L(\theta)$ on all points | 1 | all |
# | pretrain + linear probe | the same training | 1 | the head |
# | MAML | $L_Q(\theta_k)$, through the steps | $2k + 1$ | all |
# | first-order MAML | $L_Q(\theta_k)$, the steps held constant | $k + 1$ | all |
# | Reptile | the way to $\tilde\phi$, where $k$ steps end | $k$ | all |
# | ANIL | as MAML | $2k + 1$ | the head |
# | BOIL | as MAML | $2k + 1$ | the body |
#
# ANIL and BOIL are MAML with one argument: `adapts="head.*"` or `adapts="body.*"`. The *head* is the last layer,
# the *body* all below it. A gradient through $k$ gradients costs about as much again as they did, hence $2k + 1$.
#
# What would be *equal*? There are four currencies: data seen, gradients evaluated, seconds, memory.
# **Predict.** (a) All see the same data. Which learner is last after $k$ steps? (b) Now the cheap ones may train on
# until they have used as many gradients as MAML. Does the order change?

# %% [markdown] tags=["instructor"]
# **Instructor, 15 minutes.** Collect the two predictions by a show of hands before anybody runs on, and ask what
# people meant by *equal* in (a). Most expect ANIL or BOIL to be crippled; the table says otherwise. Insist that the
# pretrained network is not badly trained: it is at its optimum for another loss.

# %%
from functools import partial

import torch
from torch.nn import functional as F

from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.mlp import MLP

torch.set_num_threads(1)  # a network of 1,761 weights is slower on several threads

KINDS = {
    "fine_tuning": JointPretraining,
    "linear_probe": partial(JointPretraining, adapts="head.*"),
    "maml": MAML,
    "first_order_maml": FirstOrderMAML,
    "reptile": partial(Reptile, inner_batch=shots),  # half of the points in each inner step
    "head_only": partial(MAML, adapts="head.*"),
    "body_only": partial(MAML, adapts="body.*"),
}

# %%
k = inner_steps
GRADIENTS = {"fine_tuning": 1, "linear_probe": 1, "first_order_maml": k + 1, "reptile": k}
GRADIENTS |= dict.fromkeys(("maml", "head_only", "body_only"), 2 * k + 1)
MERGED = ("fine_tuning", "linear_probe", "reptile")  # see support and query as one set

# %% [markdown]
# One function trains any of them. MAML and its kin keep support and query apart; pretraining and Reptile are
# given the same points as one set. Pretraining does not depend on α, and the linear probe is an adaptation of the
# pretrained network, so both share one training.

# %%
import copy
import time

from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task, merge_splits
from metalearn_lab.training.meta_train import meta_train

training = Sinusoids(shots=shots, queries=shots, split="train", seed=seed)


def train(name, inner_lr, steps):
    """A trained learner, and the seconds that its training took."""
    network = MLP([1, 40, 40, 1], seed=seed)
    learner = KINDS[name](network, F.mse_loss, inner_lr=inner_lr, inner_steps=inner_steps)
    form = merge_splits if name in MERGED else Task._make
    optimizer = torch.optim.Adam(learner.parameters(), outer_lr)
    begun = time.perf_counter()
    meta_train(
        learner,
        lambda i: form(training.batch(i * meta_batch, meta_batch)),
        iterations=steps,
        optimizer=optimizer,
        progress=False,
    )
    return learner, time.perf_counter() - begun


# %% [markdown]
# **A fair α.** A step size that suits one learner ruins another, so each chooses its own, from one small grid, by the
# loss after $k$ steps on *validation* tasks. The unseen tasks of the table below play no part in it.

# %%
import math

from tqdm.auto import tqdm

from metalearn_lab.evaluation.adaptation_curves import adapted_loss
from metalearn_lab.figures.style import LABELS
from metalearn_lab.training.non_finite import NonFiniteLossError

rates = (0.003, 0.01, 0.03)
validation = Sinusoids(shots, 100, "validation", seed).batch(0, validation_tasks)


def probe_of(pretrained, inner_lr):
    """The pretrained network, of which only the head adapts."""
    settings = {"inner_lr": inner_lr, "inner_steps": inner_steps}
    return KINDS["linear_probe"](pretrained.model, F.mse_loss, **settings)


def at_rate(pretrained, inner_lr):
    """The pretrained network, adapting at another α."""
    other = copy.copy(pretrained)
    other.inner_lr = inner_lr
    return other


# %%
pretrained, pretraining_seconds = train("fine_tuning", rates[0], iterations)
learners, seconds, tried = {}, {}, {}
for name in tqdm(KINDS, desc="learners"):
    tried[name] = {}
    for rate in rates:
        try:
            if name in ("fine_tuning", "linear_probe"):
                adapt_at = {"fine_tuning": at_rate, "linear_probe": probe_of}[name]
                found, took = adapt_at(pretrained, rate), pretraining_seconds
            else:
                found, took = train(name, rate, iterations)
        except NonFiniteLossError:
            tried[name][rate] = math.inf
            continue
        error = adapted_loss(found, validation)
        tried[name][rate] = error if math.isfinite(error) else math.inf
        if tried[name][rate] == min(tried[name].values()):
            learners[name], seconds[name] = found, took
    errors = "  ".join(f"α = {rate}: {error:.2f}" for rate, error in tried[name].items())
    print(f"{LABELS[name]:<24} {errors}")

# %% [markdown]
# Memory is the currency that is measured least. `peak_extra_bytes` watches every operation of one outer step
# on one task, taken by PyTorch's autograd, and adds up the tensors that are alive; it counts, so it says the same on
# every machine. The seconds do not: they are of this run, with a second or so for compiling the outer step.

# %%
from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.evaluation.extra_memory import peak_extra_bytes

unseen = Sinusoids(shots, 100, "test", seed)
tasks = unseen.batch(0, unseen_tasks)
curves = {name: adaptation_curves(learner, tasks, test_steps) for name, learner in learners.items()}


def memory_of(learner, task):
    """Bytes at the peak of one outer step."""
    found = peak_extra_bytes(lambda: learner(task).backward())
    learner.zero_grad()
    return found


one = training.batch(0, 1)
memory = {
    name: memory_of(learner, merge_splits(one) if name in MERGED else one)
    for name, learner in learners.items()
}

# %%
import pandas as pd


def mse(curve, step):
    """Query error after a step, as mean ± half-width of the 95 % interval."""
    mean, half, _ = curve.mean_loss
    return f"{mean[step]:.2f} ± {half[step]:.2f}"


# %%
def budget_row(name, learner, curve, spent, steps):
    """What a learner was given, and what it made of it."""
    given = {
        "α": learner.inner_lr,
        "points seen": f"{2 * shots * meta_batch * steps:,}",
        "gradients": f"{GRADIENTS[name] * meta_batch * steps:,}",
        "seconds": round(spent, 1),
        "kB for each task": round(memory[name] / 1000),
    }
    at = sorted({0, 1, inner_steps, test_steps})
    return given | {f"loss after {step}": mse(curve, step) for step in at}


rows = {
    LABELS[name]: budget_row(name, learner, curves[name], seconds[name], iterations)
    for name, learner in learners.items()
}
print(f"equal data; loss: mean over {unseen_tasks} unseen sinusoids and its 95 % interval")
pd.DataFrame(rows).T

# %%
from metalearn_lab.figures.adaptation_curves import adaptation_curves_figure
from metalearn_lab.figures.style import show_figure

ends = "; ".join(f"{LABELS[name]} {mse(curve, -1)}" for name, curve in curves.items())
show_figure(
    adaptation_curves_figure(curves, ylabel="mean squared error on the query points"),
    f"Query error of seven learners against the inner step, equal data. After the last step: {ends}.",
)

# %% [markdown]
# Moving the head alone, or the body alone, is no handicap here *if the network was trained for it*: ANIL and the linear
# probe move the same weights. So much for equal data. Now **equal gradients**: those that need fewer for each task
# may go on for longer.

# %%
most = max(GRADIENTS.values())
longer = {name: iterations * most // GRADIENTS[name] for name in KINDS}
cheap = ("fine_tuning", "first_order_maml", "reptile")
again, took = dict(learners), dict(seconds)
for name in tqdm(cheap, desc="equal gradients"):
    again[name], took[name] = train(name, learners[name].inner_lr, longer[name])
again["linear_probe"] = probe_of(again["fine_tuning"], learners["linear_probe"].inner_lr)
took["linear_probe"] = took["fine_tuning"]

curves_again = {name: adaptation_curves(each, tasks, test_steps) for name, each in again.items()}
rows = {
    LABELS[name]: budget_row(name, learner, curves_again[name], took[name], longer[name])
    for name, learner in again.items()
}
print(f"equal gradients; loss: mean over {unseen_tasks} unseen sinusoids and its 95 % interval")
pd.DataFrame(rows).T

# %%
from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.workbook.headline import headline


def less(one, other):
    """How much lower one loss after k steps is than another, task by task."""
    return interval_over_tasks(other.loss[:, inner_steps] - one.loss[:, inner_steps])


gains = {name: less(curves_again[name], curves[name]) for name in (*cheap, "linear_probe")}
for name, gain in gains.items():
    print(
        f"{LABELS[name]:<24} gains {gain} from {longer[name] / iterations:.1f} times the training"
    )
behind = less(curves["maml"], curves_again["fine_tuning"])
headline(
    f"With as many gradients as MAML, and {longer['fine_tuning'] / iterations:.0f} times its data, "
    f"the fine-tuned network is still {behind.mean:.2f} ± {behind.half_width:.2f} behind it after "
    f"{inner_steps} steps ({unseen_tasks} unseen sinusoids).",
    behind=behind.mean.item(),
    iterations=iterations,
)


# %%
def fact(claim, holds):
    """Say whether a claim holds in this run."""
    print(f"{claim}: {bool(holds)}")


# %% tags=["nbval-check-output"]
prepared = ("maml", "first_order_maml", "reptile", "head_only", "body_only")
for equal, found in {"data": curves, "gradients": curves_again}.items():
    after = {name: curve.loss[:, inner_steps].mean() for name, curve in found.items()}
    best_pretrained = min(after["fine_tuning"], after["linear_probe"])
    worst_prepared = max(after[name] for name in prepared)
    fact(
        f"equal {equal}: every learner trained for adaptation is ahead of both pretrained",
        worst_prepared < best_pretrained,
    )
near = [curves[name].loss[:, inner_steps].mean() for name in ("head_only", "body_only")]
limit = 1.25 * curves["maml"].loss[:, inner_steps].mean()
fact("equal data: ANIL and BOIL are at most 25 % behind MAML, if at all", max(near) < limit)
begins = {name: curve.loss[:, 0].mean() for name, curve in curves.items()}
fact(
    "before any step pretraining is at least as good as MAML",
    begins["fine_tuning"] < 1.05 * begins["maml"],
)
ahead = less(curves_again["reptile"], curves["maml"])
fact(
    "equal gradients: Reptile is ahead of MAML by more than the interval",
    ahead.mean > ahead.half_width,
)
fact(
    "at the worst α of the grid fine-tuning ends worse than it began",
    max(tried["fine_tuning"].values()) > begins["fine_tuning"].item(),
)
fact(
    "an outer step of ANIL takes less memory than one of MAML", memory["head_only"] < memory["maml"]
)

# %% [markdown]
# (a) The pretrained networks are last. (b) They stay last: the pretrained network is trained for the loss *before* a
# step, and there it was already as good as MAML. The gap is one of objective, not of effort. The order of the
# others does change: with the gradients that MAML spends on second derivatives, Reptile trains for longer, and
# passes it. And α is no detail: at the wrong one of three, fine-tuning ends worse than it began.
#
# So which learner is better depends on what you pay for. A table should say all four.
#
# ### Move it
#
# Sixty unseen sinusoids. **Predict** before you move the task: is the best learner on one task the best on the next?

# %%
from metalearn_lab.explorers.side_by_side_explorer import SideBySideExplorer

SideBySideExplorer(learners, unseen, tasks=60, steps=test_steps).show()

# %% [markdown]
# It is not: the order changes from task to task, which is why the table gives intervals over hundreds of them.

# %% tags=["nbval-check-output"]
best = torch.stack([curves[name].loss[:, inner_steps] for name in learners]).argmin(0)
print("learners that are best on some task, at least:", min(4, len(best.unique())))

# %% [markdown]
# ## What was learned?
#
# When MAML's network adapts in a few steps, what has changed? Two extremes. *Feature reuse*: the body computes
# features that serve every task, and only the head is fitted. *Rapid learning*: the features themselves change.
#
# Ask the features. Take the outputs of a layer for the same query items before and after adaptation, as matrices
# $A$ and $B$ (items × features, each column centred). Their **linear CKA** is
#
# $$\mathrm{CKA}(A, B) = \frac{\lVert A^\top B\rVert_F^2}{\lVert A^\top A\rVert_F\,\lVert B^\top B\rVert_F},$$
#
# 1 if one is the other turned, scaled or shifted, and 0 if no feature of the one is correlated with one of the other.
#
# **Predict** for MAML's network after ten steps: which layer's features have changed most? And if you freeze the whole
# body at test time, how much of the gain is lost?

# %% [markdown] tags=["instructor"]
# **Instructor, 15 minutes.** Ask for the prediction layer by layer. What goes wrong: people read a similarity of 1 as
# *nothing changed*; it means *changed at most by a turn, a scale or a shift*, and a small change of features can be a
# large change of outputs. Show BOIL last: the same architecture, trained to do the opposite.

# %% tags=["nbval-check-output"]
from metalearn_lab.evaluation.representation_similarity import linear_cka
from metalearn_lab.tasks.seeds import generator

A = torch.randn(200, 8, generator=generator("features"), dtype=torch.float64)
turn, _ = torch.linalg.qr(torch.randn(8, 8, generator=generator("turn"), dtype=torch.float64))
both, _ = torch.linalg.qr((A - A.mean(0))[:, :6])  # six columns at right angles
print("of a turned, scaled and shifted copy:", round(linear_cka(A, 3 * A @ turn + 1).item(), 6))
print("of features at right angles:", round(linear_cka(both[:, :3], both[:, 3:]).item(), 6) + 0.0)
fact("the same both ways, max |Δ| < 1e-12", abs(linear_cka(A, both) - linear_cka(both, A)) < 1e-12)

# %% [markdown]
# `freeze_study` adapts every subset of the layers (there are $2^3$) to the same unseen tasks and keeps the query loss
# and the similarities after every step. Beside MAML's network look at three others, and at MAML's on tasks of *another
# kind*: sinusoids of a higher frequency, $y = A\sin(1.5\,x - p)$, which no training task had.

# %%
from metalearn_lab.evaluation.layer_freeze import freeze_study

studied = unseen.batch(0, min(60, unseen_tasks))
amplitude, phase = (part[:, None, None] for part in unseen.curves(0, min(60, unseen_tasks)))
faster = Task(*(Split(x, amplitude * torch.sin(1.5 * x - phase)) for x, _ in studied))

studies = {
    LABELS[name]: freeze_study(learners[name], studied, test_steps)
    for name in ("maml", "head_only", "body_only", "fine_tuning")
}
studies["MAML, higher frequency"] = freeze_study(learners["maml"], faster, test_steps)

# %% [markdown]
# And a network that reads. The text classifier of [chapter 06](06_few_shot_text.ipynb), trained by MAML on English
# intents, five ways, one sentence each. Layer 1 is its table of n-gram embeddings, layer 2 a dense layer.

# %%
from metalearn_lab import load_table
from metalearn_lab.comparison.budget import Budget
from metalearn_lab.comparison.methods import Rates, build, outer_optimizer
from metalearn_lab.comparison.world import make_world

world = make_world(load_table("embedded"), ways=5, shots=1, queries=10)
budget, chosen = Budget(inner_steps=inner_steps), Rates(inner_lr=2.0, outer_lr=0.003)
text = build("maml", world, chosen, budget, seed)
sentences = world.sampler("train", seed=seed)
meta_train(
    text,
    lambda i: sentences.batch(i * budget.meta_batch, budget.meta_batch),
    iterations=text_iterations,
    optimizer=outer_optimizer(text, chosen),
)
few = world.sampler("test").batch(0, min(60, episodes))
studies["MAML, sentences"] = freeze_study(text, few, test_steps)

# %% [markdown]
# Tick the layers that may move. **Predict**, then look: MAML with the head alone, with the body alone; then BOIL's
# network with the head set free.

# %%
from metalearn_lab.explorers.layer_freeze_explorer import LayerFreezeExplorer

styles = {LABELS[name]: name for name in ("maml", "head_only", "body_only", "fine_tuning")}
styles |= {"MAML, higher frequency": "maml", "MAML, sentences": "maml"}
LayerFreezeExplorer(studies, styles).show()

# %%
CHOICES = {"all": (True,) * 3, "head only": (False, False, True), "body only": (True, True, False)}


def score(study, key, step=-1):
    """Query loss, or accuracy in per cent, with a choice of layers moving."""
    curves = study.adapted[CHOICES[key]].curves
    values = curves.loss if curves.accuracy is None else 100 * curves.accuracy
    return interval_over_tasks(values[:, step])


def written(interval):
    """A score and its half-width, or what became of it."""
    sane = interval.mean < 1000
    return f"{interval.mean:.2f} ± {interval.half_width:.2f}" if sane else "diverged"


def row(study):
    """Similarity of each layer with all moving, and the score of each choice after the last step."""
    similarity = study.adapted[CHOICES["all"]].similarity[:, -1].mean(0)
    said = ["diverged" if value.isnan() else f"{value:.2f}" for value in similarity]
    found = {f"CKA {name}": each for name, each in zip(study.layers, said, strict=True)}
    found["before"] = written(score(study, "all", 0))
    return found | {key: written(score(study, key)) for key in CHOICES}


# %%
print(
    f"{len(studied.query.y)} unseen tasks, {test_steps} steps; loss (for sentences accuracy in %), 95 % interval"
)
pd.DataFrame({label: row(study) for label, study in studies.items()}).T


# %% tags=["nbval-check-output"]
def kept(label, key):
    """The share of what all layers gain that some of them gain."""
    begun, whole, part = (
        score(studies[label], key, 0),
        score(studies[label], "all"),
        score(studies[label], key),
    )
    return ((part.mean - begun.mean) / (whole.mean - begun.mean)).item()


reuse = studies["MAML"].adapted[CHOICES["all"]].similarity[:, -1].mean(0)
fact("MAML: similarity of both body layers > 0.95", (reuse[:2] > 0.95).all())
fact("MAML: similarity of the head's output < 0.8", reuse[2] < 0.8)
fact("the head alone keeps > 80 % of MAML's gain", kept("MAML", "head only") > 0.8)
fact("... on sentences > 90 %", kept("MAML, sentences", "head only") > 0.9)
fact("... on tasks of another kind < 50 %", kept("MAML, higher frequency", "head only") < 0.5)
other = "MAML, higher frequency"
fact(
    "... and the body alone keeps more than that",
    kept(other, "body only") > kept(other, "head only"),
)
fact("the body alone keeps < 20 % on sentences", kept("MAML, sentences", "body only") < 0.2)
for label in (LABELS["head_only"], LABELS["body_only"]):
    gains = score(studies[label], "all").mean < score(studies[label], "all", 0).mean
    fact(f"{label}: its network gains when all its layers move", gains)

# %% [markdown]
# Feature reuse, then, for MAML on tasks like those it was trained on: the body's features stay what they were up to
# a turn or a scale, and a new head on them does most of the work. On sentences the body alone can do next to nothing.
# But give the same network sinusoids of a higher frequency, and a head on the old features no longer helps: now the
# body has to move. ANIL's and BOIL's networks were trained with one part standing still; set it free, and the same α
# is too much. Reuse is not a law about networks. It is what *this* objective found, for *these* tasks.
#
# ## What the steps cost
#
# To differentiate through $k$ inner steps, autograd keeps what every one of them computed. First-order MAML keeps
# nothing of them. *Replay* keeps $\theta_0, \dots, \theta_k$ only, and takes each step again in the backward pass:
# the gradient is the same.
#
# **Predict** for a small convolutional network (Conv4 with 16 filters), going from 1 to 20 steps: by what factor does
# the memory grow for each of the three? And the time?

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Ask why replay's memory grows at all ($k + 1$ copies of the weights) and why its time is
# more than second order's (each step is taken twice). Times here are medians on whatever machine runs the class;
# memory is counted, so everyone should see the same table to the last digit.


# %%
def pictures(count, address, ways=5, queries=3):
    """Episodes of noisy 28×28 patterns: each class is a pattern that no other episode has."""
    numbers = generator("pictures", address)
    pattern = torch.randn(count, ways, 1, 28, 28, generator=numbers)
    labels = torch.arange(ways).expand(count, ways)
    repeated = pattern.repeat(1, queries, 1, 1, 1)
    support, query = (x + torch.randn(x.shape, generator=numbers) for x in (pattern, repeated))
    return Task(Split(support, labels), Split(query, labels.repeat(1, queries)))


# %%
from metalearn_lab.models.conv4 import Conv4

WAYS = {
    "second order": MAML,
    "second order, replayed": partial(MAML, replay=True),
    "first order": FirstOrderMAML,
}
STEPS = (1, 2, 5, 10, 20)


def on_conv4(kind, steps, filters=16):
    """A learner of pictures with some number of inner steps."""
    model = Conv4(5, filters=filters, seed=seed)
    return kind(model, F.cross_entropy, inner_lr=0.1, inner_steps=steps)


picture = pictures(1, 0)
needed = {
    way: [memory_of(on_conv4(kind, steps), picture) for steps in STEPS]
    for way, kind in WAYS.items()
}

# %%
from statistics import median

from metalearn_lab.figures.cost_of_steps import cost_of_steps_figure

clock = {way: [[] for _ in STEPS] for way in WAYS}
for _ in range(3):  # in turns, so that a busy moment hits all alike
    for way, kind in WAYS.items():
        for place, steps in enumerate(STEPS):
            learner = on_conv4(kind, steps)
            begun = time.perf_counter()
            learner(picture).backward()
            clock[way][place].append(1000 * (time.perf_counter() - begun))

megabytes = {way: [size / 1e6 for size in sizes] for way, sizes in needed.items()}
milliseconds = {way: [median(each) for each in times] for way, times in clock.items()}
said = "; ".join(
    f"{way} from {megabytes[way][0]:.1f} to {megabytes[way][-1]:.1f} MB" for way in WAYS
)
print("ms at 20 steps:", {way: round(times[-1]) for way, times in milliseconds.items()})
show_figure(
    cost_of_steps_figure(STEPS, megabytes, milliseconds),
    f"Memory and time of a meta-gradient of Conv4 against the inner steps, 1 to 20: {said}.",
)

# %% tags=["nbval-check-output"]
from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient, meta_gradient

grown = {way: (sizes[-1] - sizes[0]) / (STEPS[-1] - STEPS[0]) for way, sizes in needed.items()}
corners = [STEPS.index(each) for each in (1, 2, 20)]
low, middle, high = (needed["second order"][place] for place in corners)
of_weights = 4 * sum(w.numel() for w in Conv4(5, filters=16).parameters())
fact("second order: linear in k, to 1 %", abs((high - middle) / 18 / (middle - low) - 1) < 0.01)
fact("first order: does not grow", grown["first order"] == 0)
fact(
    "replay: grows by one copy of the weights a step, to 1 %",
    abs(grown["second order, replayed"] / of_weights - 1) < 0.01,
)
fact("second order grows more than 50 times as fast", grown["second order"] > 50 * of_weights)


def exact_gradient(way):
    """The meta-gradient in float64, in one vector."""
    doubled = Task(*(Split(x.double(), y) for x, y in picture))
    parts = meta_gradient(on_conv4(WAYS[way], 5).double(), doubled, "loop")
    return torch.cat([part.flatten() for part in parts.values()])


apart = exact_gradient("second order") - exact_gradient("second order, replayed")
fact("replay: the same gradient, max |Δ| < 1e-10", apart.abs().max() < 1e-10)

# %% [markdown]
# The memory of the unrolled graph grows by the activations of a step, that of replay by its weights: an image network has
# few weights and many activations, so there replay pays. In a small dense network the two are alike, and it does not.
#
# ## Six mistakes that hide
#
# Programs with these mistakes mostly run to their end, and their loss falls. Each is shown failing, then found by a
# check of a few lines, then mended.
#
# **Predict.** Go through the six headings. Which would you find by looking at the training curve?
#
# ### 1. `create_graph` is missing
#
# One inner step, by hand. The check is good for any meta-gradient: the slope of the meta-loss along one random
# direction $d$, by two evaluations, against $d \cdot \nabla$.

# %% [markdown] tags=["instructor"]
# **Instructor, 25 minutes.** For all six together. One group for each mistake: read the broken lines, say what comes
# out, then run. Insist on the check rather than on the mend: which number would have told you? End with number 6, and
# ask who has a batch norm under `vmap` in their own code.

# %%
from torch.func import functional_call

smooth = MLP([1, 16, 16, 1], activation="tanh").double()
given = Task(*(Split(x[0].double(), y[0].double()) for x, y in training.batch(0, 1)))
start = {name: w.detach().requires_grad_() for name, w in smooth.named_parameters()}


def meta_loss(theta, alpha=0.05, create_graph=True):
    """L_Q(θ_1) of one task, with θ_1 = θ − α ∇L_S(θ)."""
    inner = F.mse_loss(functional_call(smooth, theta, (given.support.x,)), given.support.y)
    g = torch.autograd.grad(inner, list(theta.values()), create_graph=create_graph)
    theta_1 = {name: w - alpha * step for (name, w), step in zip(theta.items(), g, strict=True)}
    return F.mse_loss(functional_call(smooth, theta_1, (given.query.x,)), given.query.y)


# %%
def error_along_a_direction(**how):
    """Relative error of d·∇ against (L(θ + hd) − L(θ − hd)) / 2h, for a random direction d."""
    numbers = generator("direction")
    d = {n: torch.randn(w.shape, generator=numbers, dtype=w.dtype) for n, w in start.items()}
    gradient = torch.autograd.grad(meta_loss(start, **how), list(start.values()))
    claimed = sum((g * each).sum() for g, each in zip(gradient, d.values(), strict=True))
    ends = [meta_loss({n: start[n] + h * d[n] for n in start}) for h in (1e-5, -1e-5)]
    slope = (ends[0] - ends[1]) / 2e-5
    return float(abs(claimed / slope - 1).detach())


# %% tags=["nbval-check-output"]
fact(
    "create_graph=False: no error is raised; relative error > 10 %",
    error_along_a_direction(create_graph=False) > 0.1,
)
fact("create_graph=True: relative error < 1e-6", error_along_a_direction() < 1e-6)
disguised = torch.autograd.grad(meta_loss(start, create_graph=False), list(start.values()))
honest = FirstOrderMAML(smooth, F.mse_loss, inner_lr=0.05, inner_steps=1)
honest(Task(*(Split(x[None], y[None]) for x, y in given))).backward()
pairs = zip(disguised, smooth.parameters(), strict=True)
apart = max((a - w.grad).abs().max().item() for a, w in pairs)
fact("what it is instead, first-order MAML: max |Δ| < 1e-12", apart < 1e-12)

# %% [markdown]
# Without the flag the gradients are numbers, not functions of $\theta$: first-order MAML, under another name. It is
# a fine algorithm; it is a mistake only where you believe it to be MAML.
#
# ### 2. The weights are updated in place
#
# Two ways to write the step that ordinary training code suggests. One is refused by autograd. The other, through
# `.data`, is not, and that is worse.


# %%
def sgd_style(theta, task, alpha, hidden):
    """The step of a training loop; `hidden` goes behind autograd's back."""
    inner = F.mse_loss(functional_call(smooth, theta, (task.support.x,)), task.support.y)
    g = torch.autograd.grad(inner, list(theta.values()), create_graph=True)
    for (_, w), step in zip(theta.items(), g, strict=True):
        if hidden:
            w.data.sub_(alpha * step)  # w.data -= alpha * step
        else:
            w.sub_(alpha * step)  # w -= alpha * step
    return F.mse_loss(functional_call(smooth, theta, (task.query.x,)), task.query.y)


# %%
def fresh():
    """The start, as new tensors."""
    return {name: w.detach().clone().requires_grad_() for name, w in start.items()}


try:
    sgd_style(fresh(), given, 0.05, hidden=False)
except RuntimeError as error:
    print("w -= ...      refused:", error)

theta = fresh()
gradient = torch.autograd.grad(sgd_style(theta, given, 0.05, hidden=True), list(theta.values()))
moved = max((theta[name] - start[name]).abs().max().item() for name in start)
print(f"w.data -= ... accepted; the shared start has moved by up to {moved:.3f}")

# %% tags=["nbval-check-output"]
with_data = torch.cat([g.flatten() for g in gradient])
first_order = torch.cat([g.flatten() for g in disguised])
fact("through .data: the next task begins at another θ", moved > 1e-3)
fact(
    "through .data: the gradient is the first-order one, max |Δ| < 1e-12",
    (with_data - first_order).abs().max() < 1e-12,
)
before = {name: w.detach().clone() for name, w in start.items()}
meta_loss(start)
fact(
    "mended (new tensors, as in mistake 1): the start stays, bit for bit",
    all(torch.equal(before[n], start[n]) for n in start),
)

# %% [markdown]
# The check is one line: compare the start before and after the inner loop.
#
# ### 3. Batch statistics leak at test time
#
# Batch norm on the statistics of the query batch lets every query item see the others. MAML's published image results
# were taken so; Reptile's are given both ways, 95.4 % without and 97.7 % with it (5-way 1-shot Omniglot, Nichol et al.
# 2018). That is *transductive* learning, another problem: a model in use is asked one item at a time.
#
# **Predict:** an adapted learner is asked about fifteen items twice: all at once, and class by class. Same weights, same
# items. Same answers?

# %%
shown = pictures(1, 1)
ALL_AT_ONCE, BY_CLASS = [list(range(15))], [[c, c + 5, c + 10] for c in range(5)]


def answers(norm, groups):
    """Probability of the right class for each query item, when they are asked in groups."""
    model = Conv4(5, filters=8, norm=norm, seed=seed)
    settings = {"inner_lr": 0.5, "inner_steps": 5, "transductive": norm == "batch"}
    learner = FirstOrderMAML(model, F.cross_entropy, **settings)
    adapted, found = learner.adapt(shown.support)[-1], torch.zeros(15)
    for group in groups:
        outputs = learner.predict(adapted, shown.query.x[:, group])[0].softmax(-1)
        found[group] = outputs[range(len(group)), shown.query.y[0, group]]
    return found


for norm in ("batch", "group"):
    together, apart = (answers(norm, groups) for groups in (ALL_AT_ONCE, BY_CLASS))
    print(
        f"{norm} norm: first item {together[0]:.3f} with all, {apart[0]:.3f} with its class; ",
        end="",
    )
    print(f"largest change of an item {(together - apart).abs().max():.3f}")

# %%
try:
    FirstOrderMAML(Conv4(5, norm="batch"), F.cross_entropy, inner_lr=0.5, inner_steps=5)
except ValueError as error:
    print("the library asks first:", error)

# %% tags=["nbval-check-output"]
leaks = {
    n: (answers(n, ALL_AT_ONCE) - answers(n, BY_CLASS)).abs().max() for n in ("batch", "group")
}
fact("batch norm: an answer changes with the neighbours by > 0.05", leaks["batch"] > 0.05)
fact("mended with group norm: by < 1e-5", leaks["group"] < 1e-5)

# %% [markdown]
# An answer that depends on who else is asked cannot be given to the first user of the day. Mended: a norm that sees one
# item at a time. If you do evaluate transductively, say so, and fix who is asked together.
#
# ### 4. Sum in place of mean
#
# A loss summed over $K$ items has a gradient $K$ times that of their mean, so α is $K$ times what you think. MAML's
# released code divides the sum over an $N$-way support set by $K$, not by $NK$: its α of 0.4 with 5 ways is 2.0 under
# PyTorch's default. The check: give every support item twice. Under a mean nothing may change.
#
# **Predict:** MAML's network of above adapts at its own α under a *sum* over its ten points. What is its loss after
# $k$ steps?

# %%
from metalearn_lab.learners.predict_along import predict_along


def summed(output, target):
    """Squared error, summed: the mistake."""
    return F.mse_loss(output, target, reduction="sum")


def with_loss(loss):
    """The trained MAML network, adapting by another loss."""
    other = copy.copy(learners["maml"])
    other.loss = loss
    return other


def way_of_first_step(loss, support):
    """θ_1 − θ on some tasks, in one vector."""
    theta, theta_1 = with_loss(loss).adapt(support, 1)
    return torch.cat([(theta_1[n] - theta[n]).flatten() for n in theta])


# %%
diverged = {}
for loss in (F.mse_loss, summed):
    fits = predict_along(with_loss(loss), tasks, inner_steps)[:, -1]
    errors = (fits - tasks.query.y).square().mean((1, 2))
    diverged[loss] = 1 - (errors < 1000).double().mean().item()
    print(f"adapted by {loss.__name__:<8} {diverged[loss]:4.0%} of {unseen_tasks} tasks diverge")

# %% tags=["nbval-check-output"]
few_tasks = unseen.batch(0, 5).support
twice = Split(*(torch.cat((part, part), 1) for part in few_tasks))
mean_way, sum_way = (way_of_first_step(loss, few_tasks) for loss in (F.mse_loss, summed))
size = (sum_way.norm() / mean_way.norm()).item()
fact("by the sum more than half of the tasks diverge", diverged[summed] > 0.5)
fact("by the mean none", diverged[F.mse_loss] == 0)
fact("the summed step is K times as long", round(size / shots, 4) == 1)
fact(
    "support twice, mean: changes by < 1e-4",
    (way_of_first_step(F.mse_loss, twice) - mean_way).norm() < 1e-4 * mean_way.norm(),
)
fact(
    "support twice, sum: the step doubles",
    round((way_of_first_step(summed, twice).norm() / sum_way.norm()).item(), 3) == 2,
)

# %% [markdown]
# With the sum most tasks diverge, at an α that was the best of its grid. Mended: `reduction="mean"`, or α divided by the
# number of items. This is the one of the six that a training curve shows, if α is large; if it is small, you only
# wonder why your α is not the paper's.
#
# ### 5. Too few test episodes
#
# Two methods that are *equal by construction*: one learner under two names. The text learner answers ten sentences a
# class in every unseen episode; one name gets the marks of one half of the sentences, the other name of the other half,
# and for each episode a coin says which. Episodes arrive one by one, and somebody watches the two means.
#
# **Predict.** (a) After 10 episodes, how often does one mean lead by 2 points or more? (b) After 100, in how many of
# a thousand replays do the two 95 % intervals not meet? (c) You look after *every* episode and stop when the interval
# of the difference leaves out 0. How often will you announce a winner within 300?

# %%
asked = world.sampler("test").batch(0, episodes)
said = predict_along(text, asked, test_steps)[:, -1].argmax(-1)
marks = (said == asked.query.y).double()
halves = torch.stack([part.mean(1) for part in marks.chunk(2, 1)], 1)
accuracy = 100 * marks.mean(1)

spread = accuracy.std().item()
print(f"accuracy {accuracy.mean():.1f} %; the ± of {episodes} episodes may mean")
print(f"  ± {spread:.1f}  the standard deviation of an episode")
print(f"  ± {spread / episodes**0.5:.2f}  the standard error of the mean")
print(f"  ± {interval_over_tasks(accuracy).half_width:.2f}  the 95 % interval of the mean")
for n in (10, 50, 600, 10_000):
    print(f"95 % half-width of {n:>6,} episodes: ± {1.96 * spread / n**0.5:.2f} points")

# %%
from metalearn_lab.explorers.interval_replay_explorer import IntervalReplayExplorer

replays = IntervalReplayExplorer(halves)
replays.show()

# %% tags=["nbval-check-output"]
from metalearn_lab.explorers.interval_replay_explorer import RULES

lead, apart, differs, ever = (replays.shares["unpaired"][rule] for rule in RULES)
n = min(100, len(lead)) - 1
fact("10 episodes each: a lead of 2 points in more than half of the replays", lead[9] > 0.5)
fact("100 episodes: the interval of the difference errs in 2 to 8 %", 0.02 < differs[n] < 0.08)
fact("100 episodes: intervals apart in under 2 %: too strict for a test", apart[n] < 0.02)
fact("looking after every episode, a winner in more than 20 %", ever[-1] > 0.2)
widths = {kind: each.difference_half_width[:, n].mean() for kind, each in replays.replays.items()}
fact("paired, the interval of the difference is narrower", widths["paired"] < widths["unpaired"])

# %% [markdown]
# (a) More often than not. (b) In fewer than 20: asking that two intervals do not meet is much stricter than 95 %, so
# *they overlap* is no proof of equality. (c) Far more often than the 5 % you paid for: choose the number of episodes
# *before* you look. And give both methods the same episodes: pairing takes out what is hard or easy about them.
#
# Mended: 600 episodes or more, the same for all, the interval of the *difference*, looked at once. And say what your ±
# is: all three lines above the explorer are in use in papers, and they differ by a factor of up to $\sqrt{n}$.
#
# ### 6. `vmap` through a norm
#
# The one that hides best. `torch.func.vmap` runs all tasks at once, and through batch norm (on batch statistics),
# affine layer norm and instance norm it returns a **second derivative that is wrong**, with no error or warning
# (PyTorch 2.13). Hit are the weights *below* such a norm.
#
# **Predict:** how would you notice?

# %%
from torch import nn

from metalearn_lab.models.conv4 import initialise_kernels

NORMS = {
    "batch norm": lambda c: nn.BatchNorm2d(c, track_running_stats=False),
    "instance norm": lambda c: nn.InstanceNorm2d(c, affine=True),
    "layer norm": lambda c: nn.LayerNorm([c, 6, 6]),
    "group norm": lambda c: nn.GroupNorm(2, c),
}


# %%
def looped(model, loss, alpha):
    """MAML in float64, one task after the other: the right way for any norm."""
    settings = {"inner_lr": alpha, "inner_steps": 1, "mapping": "loop", "transductive": True}
    return MAML(model, loss, **settings).double()


def error_of_vmap(learner, tasks):
    """‖vmap − loop‖ / ‖loop‖ of the meta-gradient, in all weights and by name."""
    fast, right = (meta_gradient(learner, tasks, how) for how in ("vmap", "loop"))
    each = {n: ((fast[n] - g).norm() / g.norm()).item() for n, g in right.items()}
    difference = torch.cat([(fast[n] - g).flatten() for n, g in right.items()])
    return (
        difference.norm() / torch.cat([g.flatten() for g in right.values()]).norm()
    ).item(), each


# %%
def noise():
    """Inputs or targets of four tasks, six items each, that mean nothing."""
    return torch.randn(4, 6, 4, 6, 6, generator=numbers, dtype=torch.float64)


numbers = generator("noise")
blank = Task(*(Split(noise(), noise()) for _ in range(2)))
small = {}
for name, norm in NORMS.items():
    model = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1, bias=False), norm(4))
    initialise_kernels(model, 0)
    _, small[name] = error_of_vmap(looped(model, F.mse_loss, 0.3), blank)
    each = {
        "below the norm": small[name]["model.0.weight"],
        "its scale": small[name]["model.1.weight"],
    }
    print(f"{name:<14}", "  ".join(f"{where}: {error:8.1e}" for where, error in each.items()))

# %% [markdown]
# About 80 % of the gradient of the weights below a batch norm is wrong, here. On a network of four blocks, as it is
# usually written for pictures, it hides better:


# %%
def plain_conv4(filters):
    """Conv4 with PyTorch's own batch norm, as most code has it."""
    blocks = []
    for inputs in (1, filters, filters, filters):
        norm = nn.BatchNorm2d(filters, track_running_stats=False)
        convolution = nn.Conv2d(inputs, filters, 3, padding=1, bias=False)
        blocks += [convolution, norm, nn.ReLU(), nn.MaxPool2d(2)]
    model = nn.Sequential(*blocks, nn.Flatten(), nn.Linear(filters, 5))
    initialise_kernels(model, seed)
    nn.init.zeros_(model[-1].bias)
    nn.init.normal_(model[-1].weight, std=0.2, generator=generator("head", seed))
    return model


# %%
trapped = looped(plain_conv4(32), F.cross_entropy, 0.1)
two = Task(*(Split(x.double(), y) for x, y in pictures(2, 2)))
whole_error, _ = error_of_vmap(trapped, two)
print(f"Conv4: relative error of the meta-gradient under vmap: {100 * whole_error:.2f} %")

trapped.float().mapping = "vmap"  # goes around the library's refusal
optimizer = torch.optim.Adam(trapped.parameters(), 3e-3)
losses = []
for i in tqdm(range(10), desc="with the wrong gradient"):
    optimizer.zero_grad()
    losses.append(trapped(pictures(4, 100 + i)))
    losses[-1].backward()
    optimizer.step()
print("the loss, step by step:", " ".join(f"{loss.item():.2f}" for loss in losses))
headline(
    f"Through batch norm, vmap makes the meta-gradient of Conv4 wrong by {100 * whole_error:.1f} %, and that of a "
    f"small network by {100 * small['batch norm']['model.0.weight']:.0f} % below the norm; the loss still falls.",
    conv4_error=whole_error,
    small_error=small["batch norm"]["model.0.weight"],
)

# %% [markdown]
# The loss falls, as it would with the right gradient, or with the first-order one. So does it for any gradient that
# points roughly downhill. What tells is a *second way to the same number*: `check_meta_gradient` compares all tasks at
# once with one by one, and that with finite differences. And a learner of this library refuses such a model:

# %%
try:
    MAML(plain_conv4(8), F.cross_entropy, inner_lr=0.1, inner_steps=1, transductive=True)
except ValueError as error:
    print("refused:", str(error).partition(" through ")[0], "...", str(error).rpartition(": ")[2])

model = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1, bias=False), NORMS["batch norm"](4))
initialise_kernels(model, 0)
check_meta_gradient(looped(model, F.mse_loss, 0.3), blank)

# %% [markdown]
# ## Try it yourself
#
# The cell under each exercise checks your answer.

# %% [markdown] tags=["instructor"]
# **Instructor, 30 minutes.** Exercise 1 in pairs, one mending each mistake. In 2 the usual slip is to forget the centring;
# let the check find it. Exercise 4 is worth asking of a real paper's code. Leave 5 and 6 for home.

# %% tags=["nbval-check-output"]
for name in ("batch norm", "instance norm"):
    fact(
        f"{name}: weights below it are wrong by 50 to 120 %",
        0.5 < small[name]["model.0.weight"] < 1.2,
    )
fact("layer norm: by more than 1 %", small["layer norm"]["model.0.weight"] > 0.01)
fact(
    "the norms' own scales are right, to 1e-12",
    all(each["model.1.weight"] < 1e-12 for each in small.values()),
)
fact("on Conv4 the whole gradient is wrong by 0.1 to 1 %", 0.001 < whole_error < 0.01)
fact("... and the loss still falls", losses[-1].item() < losses[0].item())
fact("mended with group norm: error < 1e-12", small["group norm"]["model.0.weight"] < 1e-12)
mended = on_conv4(partial(MAML, transductive=True), 1, filters=8).double()
fact("mended, this library's Conv4: error < 1e-10", error_of_vmap(mended, two)[0] < 1e-10)

# %% [markdown]
# **1.** (code) This inner loop has two of the mistakes above. Write it anew: return $\theta_k$ as a function of $\theta$,
# and leave $\theta$ alone.
#
#     for _ in range(steps):
#         [g] = torch.autograd.grad(loss(theta), theta)
#         theta.data -= alpha * g
#     return theta


# %% tags=["exercise"]
def inner_loop(loss, theta, alpha, steps):
    """θ_k after some gradient steps on a loss, differentiable in θ.

    Args:
        loss: maps θ to a scalar.
        theta: a tensor that requires a gradient.
        alpha: the step size.
        steps: k.
    """
    # <solution>
    for _ in range(steps):
        [g] = torch.autograd.grad(loss(theta), theta, create_graph=True)
        theta = theta - alpha * g
    return theta
    # </solution>


# %%
from metalearn_lab.exercises.adaptation_lab import check_inner_loop

check_inner_loop(inner_loop)

# %% [markdown]
# **2.** (code) Write linear CKA from its formula above, for two matrices *items × features*.


# %% tags=["exercise"]
def cka_by_hand(a, b):
    """Linear CKA of two representations of the same items, a scalar tensor."""
    # <solution>
    a, b = a - a.mean(0), b - b.mean(0)
    shared = (a.T @ b).square().sum()
    return shared / ((a.T @ a).norm() * (b.T @ b).norm())
    # </solution>


# %%
from metalearn_lab.exercises.adaptation_lab import check_linear_cka

check_linear_cka(cka_by_hand)

# %% [markdown]
# **3.** (code) How many episodes does it take until the 95 % interval of a mean is ± `half_width`, if one episode has
# standard deviation `sd`? Use the normal quantile 1.96.


# %% tags=["exercise"]
def episodes_needed(sd, half_width):
    """Number of episodes for a 95 % interval of ± half_width, both in points."""
    # <solution>
    return (1.96 * sd / half_width) ** 2
    # </solution>


# %%
from metalearn_lab.exercises.adaptation_lab import check_episodes_needed

check_episodes_needed(episodes_needed)

# %% [markdown]
# **4.** A paper's code uses α = 0.01 and *sums* the loss over a 5-way 5-shot support set. Which α takes the same steps
# under PyTorch's default, the mean?

# %% tags=["exercise"]
# <solution>
alpha_of_the_mean = 0.25
# <stub>
# alpha_of_the_mean = None  # a number, e.g. 0.1
# </solution>

# %%
from metalearn_lab.exercises.adaptation_lab import check_mean_alpha

check_mean_alpha(alpha_of_the_mean)

# %% [markdown]
# **5.** The linear probe chose the largest α of the grid, so the grid may have cut it short. Is that what keeps it
# last? Predict, then give it α = 0.1 and 0.3 *on the validation tasks*.
#
# <details><summary>Answer</summary>
#
#     for rate in (0.03, 0.1, 0.3):
#         print(rate, adapted_loss(probe_of(pretrained, rate), validation))
#
# No: at α = 0.1 it diverges. The features of the pretrained body were made to predict the average sinusoid; a head on
# them can say little else. Compare ANIL, which moves the same weights on features that were made for it.
#
# </details>
#
# **6.** Set `inner_steps = 1` and run the chapter again. Reptile with one step is joint training (chapter
# [00](00_start_here.ipynb)). Predict its row in the first table.
#
# <details><summary>Answer</summary>
#
# It falls to the level of the pretrained network: with one step its update is, on average, $\alpha$ times the gradient
# of the loss *before* adaptation.
#
# </details>
#
# ## What to remember
#
# - Equal data, equal gradients, equal seconds and equal memory are four different budgets. Say which, and show the rest.
# - What a network is trained *for* matters more here than which of its layers move: head alone or body alone both work
#   if training knew about it. A network trained by MAML mostly reuses its features.
# - Second order keeps every inner step in memory; first order none; replay almost none, for more time.
# - The loss falls with a wrong gradient too. Check the gradient by a second way to the same number.
# - Equal methods differ by 2 points after 10 episodes more often than not. Fix the number of episodes, pair them, look
#   once.
#
# ## Sources
#
# - Finn, Abbeel and Levine, "Model-Agnostic Meta-Learning", ICML 2017.
# - Nichol, Achiam and Schulman, "On First-Order Meta-Learning Algorithms", 2018.
# - Raghu, Raghu, Bengio and Vinyals, "Rapid Learning or Feature Reuse?", ICLR 2020: ANIL.
# - Oh, Yoo, Kim and Yun, "BOIL: Towards Representation Change for Few-shot Learning", ICLR 2021.
# - Kornblith, Norouzi, Lee and Hinton, "Similarity of Neural Network Representations Revisited", ICML 2019: linear CKA.
# - Antoniou, Edwards and Storkey, "How to Train Your MAML", ICLR 2019: what inner rates and steps do to stability.
#
# Next: [few-shot text](06_few_shot_text.ipynb), the same comparison on sentences.
