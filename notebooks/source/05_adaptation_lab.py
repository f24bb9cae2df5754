# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/05_adaptation_lab.ipynb)
#
# # The adaptation lab
#
# After this chapter you will be able to
#
# - set learners side by side under one budget, and say in which of four currencies they are equal;
# - find out which layers do the adapting, and what differentiating through $k$ steps costs;
# - recognise six mistakes that are hard to see, know the check that finds each, and mend them.
#
# It has three parts, with a good place to stop after each: budgets; what was learned and what it costs; six mistakes.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

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
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## Part 1 of 3: every learner, one budget
#
# Seven ways to prepare the same network for a sinusoid that it has never seen. All start from the same
# weights and, at test time, take the same steps $\theta_{j+1} = \theta_j - \alpha\,\nabla L_S(\theta_j)$ on the same
# $K$ points. They differ in what is minimised before, and in which weights move:
#
# | learner | prepared by lowering | gradients for each task | moves |
# | --- | --- | --- | --- |
# | pretrain + fine-tune | $L_{S\cup Q}(\theta)$ | 1 | all |
# | pretrain + linear probe | the same training | 1 | the head |
# | MAML | $L_Q(\theta_k)$, through the steps | $2k + 1$ | all |
# | first-order MAML | $L_Q(\theta_k)$, the steps held constant | $k + 1$ | all |
# | Reptile | $\frac12\lVert\theta - \theta_k\rVert^2$, where $k$ steps end held constant | $k$ | all |
# | ANIL | as MAML | $2k + 1$ | the head |
# | BOIL | as MAML | $2k + 1$ | the body |
#
# ANIL and BOIL are MAML with one argument: `adapts="head.*"` or `adapts="body.*"`. The *head* is the last layer,
# the *body* all below it. $2k + 1$: $k$ inner gradients, one of the query loss, and $k$ Hessian-vector products, counted
# as a gradient each. It is a count, not a cost: ANIL's run through the head alone, and Reptile's are on half of the points.
#
# What would be *equal*? There are four currencies: data seen, gradients evaluated, seconds, memory.
# **Predict.** (a) All see the same data. Which learner is last after $k$ steps? (b) Now the cheap ones may train on
# until they have used as many gradients as MAML. Does the order change?

# %% [markdown] tags=["instructor"]
# **Instructor, 15 minutes.** The three parts are about 40, 30 and 60 minutes with their exercises: too long for one
# class, so stop after each. Here, collect the two predictions by a show of hands before anybody runs on, and ask what
# people meant by *equal* in (a). Most expect ANIL or BOIL to be crippled; the table says otherwise. Insist that the
# pretrained network is not badly trained: it is at its optimum for another loss.

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

from functools import partial

import torch
from torch.nn import functional as F

from metalearn_lab import MAML, FirstOrderMAML, JointPretraining, Reptile, choose_device
from metalearn_lab.tasks.devices import device_in_words

where = choose_device(device)
print("Computing on", device_in_words(where))

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

# %% [markdown]
# `SinusoidLab` trains any of them, on the same tasks and from the same weights. MAML and its kin keep support and query
# apart; pretraining and Reptile are given the same points as one set.
#
# **A fair α.** A step size that suits one learner ruins another, so each chooses its own, from one small grid, by the
# loss after $k$ steps on *validation* tasks. The unseen tasks below play no part in it. Pretraining does not depend on
# α, and the linear probe is only another adaptation of the pretrained network: one training serves both, at every α.

# %%
from tqdm.auto import tqdm

from metalearn_lab.comparison.sinusoid_lab import SinusoidLab
from metalearn_lab.figures.style import LABELS
from metalearn_lab import Sinusoids, Split, Task, to_device

rates = (0.003, 0.01, 0.03)
lab = SinusoidLab(shots, meta_batch, inner_steps=k, outer_lr=outer_lr, seed=seed, device=where)
family = Sinusoids(shots, 100, "validation", seed)
validation = to_device(family.batch(0, validation_tasks), where)

# %%
pretrained = lab.train(KINDS["fine_tuning"], rates[0], iterations)
trained, tried = {}, {}
for name, kind in tqdm(KINDS.items(), desc="learners"):
    if name in ("fine_tuning", "linear_probe"):
        trials = {rate: lab.adapting(pretrained, kind, rate) for rate in rates}
    else:
        trials = {rate: lab.train(kind, rate, iterations) for rate in rates}
    tried[name] = {rate: trial.error(validation) for rate, trial in trials.items()}
    trained[name] = trials[min(rates, key=tried[name].get)]
    errors = "  ".join(f"α = {rate}: {error:.2f}" for rate, error in tried[name].items())
    print(f"{LABELS[name]:<24} {errors}")
learners = {name: each.learner for name, each in trained.items()}

# %% [markdown]
# First **equal data**: every training has seen the same points.

# %%
from metalearn_lab import adaptation_curves
from metalearn_lab.figures.adaptation_curves import adaptation_curves_figure
from metalearn_lab.figures.style import show_figure


def mse(curve, step):
    """Query error after a step, as mean ± half-width of the 95 % interval."""
    mean, half, _ = curve.mean_loss
    return f"{mean[step]:.2f} ± {half[step]:.2f}"


unseen = Sinusoids(shots, 100, "test", seed)
tasks = to_device(unseen.batch(0, unseen_tasks), where)
curves = {name: adaptation_curves(learner, tasks, test_steps) for name, learner in learners.items()}
ends = "; ".join(f"{LABELS[name]} {mse(curve, -1)}" for name, curve in curves.items())
show_figure(
    adaptation_curves_figure(
        curves, ylabel="mean squared error on the query points", log_limits=(0.15, 7)
    ),
    f"Query error of seven learners against the inner step, equal data. After the last step: {ends}.",
)

# %% [markdown]
# (a) Last is the linear probe, then fine-tuning. Moving the head alone is no handicap *if the network was trained
# for it*: ANIL and the linear probe move the same weights.
#
# Now **equal gradients**: those that need fewer for each task may go on for longer, at the α that they chose.

# %%
most = max(GRADIENTS.values())
longer = {name: iterations * most // GRADIENTS[name] for name in KINDS}
cheap = ("fine_tuning", "first_order_maml", "reptile")
again = dict(trained)
for name in tqdm(cheap, desc="equal gradients"):
    again[name] = lab.train(KINDS[name], learners[name].inner_lr, longer[name])
again["linear_probe"] = lab.adapting(
    again["fine_tuning"], KINDS["linear_probe"], learners["linear_probe"].inner_lr
)
curves_again = {
    name: adaptation_curves(each.learner, tasks, test_steps) for name, each in again.items()
}

# %% [markdown]
# One table for all four currencies. Time is of one outer step, once everything is compiled. For memory, one outer step
# on one task is run in plain autograd (training compiles it), every operation is followed, and the tensors that are
# alive are added up: the same on every machine.

# %%
import pandas as pd

memory = {name: lab.peak_bytes(learner) for name, learner in learners.items()}


def budget_row(name):
    """What a learner was given, and what it made of it."""
    return {
        "α": learners[name].inner_lr,
        "gradients a task": GRADIENTS[name],
        "ms an outer step": f"{trained[name].milliseconds:.2f}",
        "kB at the peak, one task": round(memory[name] / 1000),
        "loss before": mse(curves[name], 0),
        f"after {k}, equal data": mse(curves[name], k),
        "times the training": f"{longer[name] / iterations:.1f}",
        f"after {k}, equal gradients": mse(curves_again[name], k),
    }


print(f"equal data: {iterations:,} outer steps, {2 * shots * meta_batch * iterations:,} points;")
print(f"loss: mean over {unseen_tasks} unseen sinusoids and its 95 % interval")
pd.DataFrame({LABELS[name]: budget_row(name) for name in KINDS}).T

# %% [markdown]
# ANIL has MAML's gradients, but takes about half of its memory, and less time: counts are not costs. MAML takes more
# than four times the memory of pretraining. Equal seconds and equal memory were not tried; the two columns let you work
# out what they would be. One training each: the intervals cover tasks, not seeds.

# %%
from metalearn_lab import interval_over_tasks
from metalearn_lab.workbook.headline import headline


def less(one, other):
    """How much lower one loss after k steps is than another, task by task."""
    return interval_over_tasks(other.loss[:, k] - one.loss[:, k])


gains = {name: less(curves_again[name], curves[name]) for name in (*cheap, "linear_probe")}
for name, gain in gains.items():
    times = longer[name] / iterations
    print(f"{LABELS[name]:<24} gains {gain} from {times:.1f} times the training")
behind = less(curves["maml"], curves_again["fine_tuning"])
headline(
    f"With as many gradients as MAML, and {longer['fine_tuning'] / iterations:.0f} times its data, "
    f"the fine-tuned network is still {behind.mean:.2f} ± {behind.half_width:.2f} behind it after "
    f"{k} steps ({unseen_tasks} unseen sinusoids).",
    curves=curves,
    behind=behind,
    iterations=iterations,
)

# %% tags=["nbval-check-output"]
from metalearn_lab.workbook.facts import finding, proof

for equal, found in {"data": curves, "gradients": curves_again}.items():
    after = {name: curve.loss[:, k].mean().item() for name, curve in found.items()}
    probe, tuned = after.pop("linear_probe"), after.pop("fine_tuning")
    finding(
        f"equal {equal}: the linear probe is last, fine-tuning next to last",
        [probe - tuned, tuned - max(after.values())],
        above=0,
    )
begins = {name: curve.loss[:, 0].mean().item() for name, curve in curves.items()}
finding(
    "before any step pretraining is not more than 5 % worse than MAML",
    begins["fine_tuning"] / begins["maml"],
    below=1.05,
)
finding(
    "equal gradients: Reptile is ahead of MAML, by more than the paired interval",
    less(curves_again["reptile"], curves["maml"]),
    above=0,
)
flat = gains["first_order_maml"]
finding(
    "what first-order MAML gains by longer training is less than its ±",
    (flat.mean / flat.half_width).abs(),
    below=1,
)
worse = gains["linear_probe"]
claim = "longer pretraining makes the linear probe worse, by more than the paired interval"
finding(claim, worse, below=0)
begun = F.mse_loss(pretrained.learner.model(validation.query.x), validation.query.y).item()
finding(
    "at the worst α of the grid fine-tuning ends worse than it began",
    max(tried["fine_tuning"].values()) - begun,
    above=0,
)

# %% [markdown]
# (b) The pretrained networks stay last: theirs was trained for the loss *before* a step, and there it is no worse than
# MAML. The gap is one of objective, not of effort. More of the same helps little: first-order MAML gains nothing
# that shows, and longer pretraining makes the probe worse. The order of the others does change: with the gradients that MAML spends
# on second derivatives, Reptile trains for longer, and passes it here. And α is no detail: at the wrong one of
# three, fine-tuning ends worse than it began.
#
# So which learner is better depends on what you pay for. A table should say all four.
#
# ### Move it
#
# Sixty unseen sinusoids. **Predict** before you move the task: is the best learner on one task the best on the next?

# %%
from metalearn_lab.explorers.side_by_side_explorer import SideBySideExplorer

SideBySideExplorer(learners, unseen, tasks=60, steps=test_steps).show()

# %% tags=["nbval-check-output"]
best = torch.stack([curves[name].loss[:, k] for name in learners]).argmin(0)
finding("four or more learners are best on some task", len(best.unique()), above=3)

# %% [markdown]
# It is not: the order changes from task to task, which is why the table gives intervals over hundreds of them.
#
# ## Part 2 of 3: what was learned?
#
# When MAML's network adapts in a few steps, what has changed? Two extremes. *Feature reuse*: the body computes
# features that serve every task, and only the head is fitted. *Rapid learning*: the features themselves change.
#
# One way to ask: take the outputs of a layer for the same query items before and after adaptation, as matrices
# $A$ and $B$ (items × features, each column centred). Their **linear CKA** is
#
# $$\mathrm{CKA}(A, B) = \frac{\lVert A^\top B\rVert_F^2}{\lVert A^\top A\rVert_F\,\lVert B^\top B\rVert_F},$$
#
# with $\lVert\cdot\rVert_F$ the root of the sum of all squared entries. It is 1 if one is the other turned, mirrored,
# scaled or shifted, and 0 if no feature of the one is correlated with one of the other. With few items and many features,
# unrelated ones look alike too. Of the head, with its one output, it is the squared correlation of the fit before
# and after: it *must* fall where adaptation changes the fit's shape.
#
# **Predict** for MAML's network after ten steps: which layer's features have changed most? And if you freeze the whole
# body at test time, how much of the gain is lost? And if you freeze the head?

# %% [markdown] tags=["instructor"]
# **Instructor, 15 minutes.** Ask for the prediction layer by layer. What goes wrong: people read a similarity of 1 as
# *nothing changed*, and as a proof of reuse. The pretrained network's row is the answer to both. Show BOIL last: the same
# architecture, trained to do the opposite.

# %% tags=["nbval-check-output"]
from metalearn_lab.experiments.representation_similarity import linear_cka
from metalearn_lab.tasks.seeds import generator

A = torch.randn(200, 8, generator=generator("features"), dtype=torch.float64)
turn, _ = torch.linalg.qr(torch.randn(8, 8, generator=generator("turn"), dtype=torch.float64))
both, _ = torch.linalg.qr((A - A.mean(0))[:, :6])  # six columns at right angles
proof(
    "CKA with a turned, scaled and shifted copy is 1",
    (linear_cka(A, 3 * A @ turn + 1) - 1).abs(),
    below=1e-6,
)
proof("CKA of features at right angles is 0", linear_cka(both[:, :3], both[:, 3:]), below=1e-6)

# %% [markdown]
# `freeze_study` adapts every subset of the layers (there are $2^3$) to the same unseen tasks and keeps the query loss
# and the similarities after every step. Beside MAML's network look at BOIL's and the pretrained one, and at MAML's on
# tasks of *another kind*: sinusoids of a higher frequency, $y = A\sin(1.5\,x - p)$, which no training task had.

# %%
from metalearn_lab.experiments.layer_freeze import freeze_study

count = min(150, unseen_tasks)
studied = unseen.batch(0, count)
amplitude, phase = (part[:, None, None] for part in unseen.curves(0, count))
faster = Task(*(Split(x, amplitude * torch.sin(1.5 * x - phase)) for x, _ in studied))
studied, faster = (to_device(each, where) for each in (studied, faster))

styles = {LABELS[name]: name for name in ("maml", "body_only", "fine_tuning")}
studies = {
    label: freeze_study(learners[name], studied, test_steps) for label, name in styles.items()
}
studies["MAML, higher frequency"] = freeze_study(learners["maml"], faster, test_steps)

# %% [markdown]
# The fifth reads sentences: the text classifier of [chapter 06](06_few_shot_text.ipynb), trained by MAML on English
# intents, five ways, one sentence each. Layer 1 is its table of n-gram embeddings, layer 2 a dense layer.

# %%
from metalearn_lab import Budget, Rates, load_table, make_world, meta_train
from metalearn_lab.comparison.methods import build, outer_optimizer, training_batches

world = make_world(load_table("embedded"), ways=5, shots=1, queries=10, device=where)
budget = Budget(inner_steps=k)
chosen = Rates(inner_lr=2.0, outer_lr=0.003)  # by validation, in the comparison of chapter 06
text = build("maml", world, chosen, budget, seed)
meta_train(
    text,
    training_batches(text, world, budget, seed),
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

styles |= {"MAML, higher frequency": "maml", "MAML, sentences": "maml"}
LayerFreezeExplorer(studies, styles).show()

# %%
from metalearn_lab.comparison.freeze_table import freeze_table

print(
    f"after {test_steps} steps, {count} unseen sinusoids ({len(few.query.y)} episodes of sentences)"
)
print("loss, of sentences accuracy in %, and its 95 % interval; a mean loss over 1,000: diverged")
freeze_table(studies)

# %%
maml, other = studies["MAML"], studies["MAML, higher frequency"]
print("difference in loss, task by task:")
for what, apart in {
    "MAML: body alone less head alone": maml.scores("body only") - maml.scores("head only"),
    "higher frequency: before less head alone": other.scores("all", 0) - other.scores("head only"),
    "higher frequency: body alone less all": other.scores("body only") - other.scores("all"),
}.items():
    print(f"{what:<42} {interval_over_tasks(apart)}")

# %% tags=["nbval-check-output"]
plain, boil, reads = (
    studies[label] for label in (LABELS["fine_tuning"], LABELS["body_only"], "MAML, sentences")
)
alike = {name: each.of("all").similarity[:, -1].mean(0) for name, each in studies.items()}
finding("MAML: the features of the body stay similar", alike["MAML"][:2], above=0.95)
finding("MAML: the output does not stay similar", alike["MAML"][2], below=0.8)
alone = maml.kept("head only")
finding("the head alone keeps more than 80 % of MAML's gain on sinusoids", alone, above=0.8)
alone = maml.kept("body only")
finding("the body alone keeps more than 70 % of MAML's gain on sinusoids", alone, above=0.7)
finding(
    "pretrained: the features of the body stay similar as well",
    alike[LABELS["fine_tuning"]][:2],
    above=0.95,
)
alone = plain.kept("head only")
finding("pretrained: the head alone keeps less than 30 % of the gain", alone, below=0.3)
alone = reads.kept("head only")
finding("sentences: the head alone keeps more than 90 % of the gain", alone, above=0.9)
alone = reads.kept("body only")
finding("sentences: the body alone keeps less than 20 % of the gain", alone, below=0.2)
finding(
    "higher frequency: the head alone keeps less than half of the gain",
    other.kept("head only"),
    below=0.5,
)
finding(
    "higher frequency: the body alone is better than all layers, by more than the paired interval",
    interval_over_tasks(other.scores("all") - other.scores("body only")),
    above=0,
)
ended = boil.scores("all").nan_to_num(torch.inf, posinf=torch.inf)  # where it diverges
finding(
    "BOIL's network ends worse than it began if its head moves too",
    boil.scores("all", 0).mean() / ended.mean(),
    below=1,
)

# %% [markdown]
# The output changes most; the features of the body stay nearly the same. On sinusoids MAML's body *need* not move: the
# head alone keeps about nine tenths of the gain. But the body alone keeps nearly as much, so it could. And a similarity
# near 1 proves nothing by itself: the pretrained network's features stay just as much the same, and its head gains little
# from them. What tells is the loss with layers frozen. On sentences the answer is clear: the head alone keeps nearly
# all, the body alone stays near chance (20 %), because labels are dealt anew in every episode
# (chapter [01](01_tasks_and_episodes.ipynb)) and something has to learn which output is which class.
#
# On a higher frequency a head on the old features gains little: now the body has to move, and does better alone. BOIL's
# network was trained with its head standing still; set it free, and the same α is too much. Reuse is not a law about
# networks. It is what *this* objective found, for *these* tasks.
#
# ### What the steps cost
#
# To differentiate through $k$ inner steps, autograd keeps what every one of them computed. First-order MAML keeps
# nothing of them. *Replay* keeps $\theta_0, \dots, \theta_k$ only, and takes each step again in the backward pass:
# the gradient is the same.
#
# **Predict** for a small convolutional network, Conv4 with 16 filters (four blocks of 3×3 convolution, group norm, ReLU
# and 2×2 max-pooling, then a linear head), going from 1 to 20 steps: by what factor does the memory grow for each of
# the three? And the time?

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Ask why replay's memory grows at all ($k + 1$ copies of the weights) and why its time is
# more than second order's (each step is taken twice). Times here are medians on whatever machine runs the class;
# memory is counted, so everyone should see the same left panel.

# %%
from metalearn_lab.experiments.extra_memory import step_bytes
from metalearn_lab import Conv4
from metalearn_lab.tasks.patterns import noisy_patterns

WAYS = {
    "second order": MAML,
    "second order, replayed": partial(MAML, replay=True),
    "first order": FirstOrderMAML,
}
STEPS = (1, 2, 5, 10, 20)
# Five classes, each a pattern of noise: good enough to be timed.
picture = to_device(noisy_patterns(1, 0), where)


def on_conv4(kind, steps):
    """A learner of pictures with some number of inner steps."""
    model = Conv4(5, filters=16, seed=seed).to(where)
    return kind(model, F.cross_entropy, inner_lr=0.1, inner_steps=steps)


megabytes = {
    way: [step_bytes(on_conv4(kind, steps), picture) / 1e6 for steps in STEPS]
    for way, kind in WAYS.items()
}

# %%
from metalearn_lab.evaluation.median_time import median_milliseconds
from metalearn_lab.figures.cost_of_steps import cost_of_steps_figure


def one_gradient(way, steps):
    """Take one meta-gradient."""
    on_conv4(WAYS[way], steps)(picture).backward()


clock = median_milliseconds(
    {(way, steps): partial(one_gradient, way, steps) for way in WAYS for steps in STEPS}
)
milliseconds = {way: [clock[way, steps] for steps in STEPS] for way in WAYS}
said = "; ".join(f"{w} from {each[0]:.1f} to {each[-1]:.1f} MB" for w, each in megabytes.items())
show_figure(
    cost_of_steps_figure(STEPS, megabytes, milliseconds),
    f"Memory and time of a meta-gradient of Conv4 against the inner steps, 1 to 20: {said}.",
)

# %%
for way in WAYS:
    factors = [each[way][-1] / each[way][0] for each in (megabytes, milliseconds)]
    print(
        f"{way:<24} from 1 to 20 steps: memory times {factors[0]:.1f}, time times {factors[1]:.1f}"
    )
replayed = lab.peak_bytes(lab.train(partial(MAML, replay=True), 0.01, 1).learner)
print(
    f"MAML on sinusoids, k = {k}: {memory['maml'] / 1000:.0f} kB, replayed {replayed / 1000:.0f} kB"
)

# %% tags=["nbval-check-output"]
grown = {way: (sizes[-1] - sizes[0]) / (STEPS[-1] - STEPS[0]) for way, sizes in megabytes.items()}
weights = 4e-6 * sum(w.numel() for w in Conv4(5, filters=16).parameters())  # MB
copies = grown["second order, replayed"] / weights
proof("replay grows by one copy of the weights a step, to 1 %", abs(copies - 1), below=0.01)
proof(
    "second order grows more than 50 times as fast as replay",
    grown["second order"] / grown["second order, replayed"],
    above=50,
)

# %% [markdown]
# The memory of second order grows by the activations of a step, that of replay by its weights: an image network has few
# weights and many activations, so there replay pays, with time: it takes every step twice. In a small dense
# network the two are alike, and it does not.
#
# ## Part 3 of 3: six mistakes that hide
#
# Programs with these mistakes mostly run to their end, and their loss falls. Each is shown failing, then found by a
# check of a few lines, then mended.
#
# **Predict.** Go through the six headings. Which would you find by looking at the training curve?
#
# ### 1. `create_graph` is missing
#
# One inner step, by hand. The check is good for any meta-gradient: the slope of the meta-loss along one random
# direction $d$, by two evaluations, against $d\cdot\nabla_\theta L_Q(\theta_1)$ as autograd gives it.
#
# **Predict:** without the flag, is there an error, a gradient of zero, or another gradient? Which?

# %% [markdown] tags=["instructor"]
# **Instructor, 25 minutes.** For all six together. One group for each mistake: read the broken lines, say what comes
# out, then run. Insist on the check rather than on the mend: which number would have told you? End with number 6, and
# ask who has a batch norm under `vmap` in their own code.

# %%
from torch.func import functional_call

from metalearn_lab import MLP

smooth = MLP([1, 16, 16, 1], activation="tanh").double()
given = Task(*(Split(x[0].double(), y[0].double()) for x, y in lab.family.batch(0, 1)))
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


for flag in (False, True):
    print(f"create_graph={flag}: relative error {error_along_a_direction(create_graph=flag):.1e}")

# %% [markdown]
# Another gradient, and no error. Without the flag the inner gradients are numbers, not functions of $\theta$, which is
# first-order MAML (chapter [04](04_first_order_and_reptile.ipynb)). It is a fine algorithm; it is a mistake only where
# you believe it to be MAML.
#
# ### 2. The weights are updated in place
#
# Two ways to write the step that ordinary training code suggests: `w -= alpha * g`, and the same through `w.data`.
# **Predict:** what does autograd say to each?


# %%
def sgd_style(theta, hidden, alpha=0.05):
    """The step of a training loop; `hidden` goes behind autograd's back."""
    inner = F.mse_loss(functional_call(smooth, theta, (given.support.x,)), given.support.y)
    g = torch.autograd.grad(inner, list(theta.values()), create_graph=True)
    for w, step in zip(theta.values(), g, strict=True):
        if hidden:
            w.data.sub_(alpha * step)  # w.data -= alpha * step
        else:
            w.sub_(alpha * step)  # w -= alpha * step
    return F.mse_loss(functional_call(smooth, theta, (given.query.x,)), given.query.y)


# %%
try:
    sgd_style(start, hidden=False)
except RuntimeError as error:
    print("w -= ...      refused:", error)

theta = {name: w.detach().clone().requires_grad_() for name, w in start.items()}
through_data = torch.autograd.grad(sgd_style(theta, hidden=True), list(theta.values()))
moved = max((theta[name] - start[name]).abs().max().item() for name in start)
print(f"w.data -= ... accepted; the shared start has moved by up to {moved:.3f}")

# %% tags=["nbval-check-output"]
without_flag = torch.autograd.grad(meta_loss(start, create_graph=False), list(start.values()))
honest = FirstOrderMAML(smooth, F.mse_loss, inner_lr=0.05, inner_steps=1)
honest(Task(*(Split(x[None], y[None]) for x, y in given))).backward()
first_order = [w.grad for w in smooth.parameters()]


def furthest(one, other):
    """The largest difference of two gradients."""
    return max((a - b).abs().max() for a, b in zip(one, other, strict=True))


proof(
    "1. without create_graph the gradient is first-order MAML's",
    furthest(without_flag, first_order),
    below=1e-12,
)
proof(
    "1. with create_graph autograd agrees with the slope along a direction",
    error_along_a_direction(),
    below=1e-6,
)
proof(
    "2. through .data the gradient is first-order MAML's again",
    furthest(through_data, first_order),
    below=1e-12,
)

# %% [markdown]
# The first is refused, the second is not, and that is worse: it is first-order MAML too, and the start is gone. The check
# is one line, compare the start before and after the inner loop. Mended: new tensors, as in `meta_loss`.
#
# ### 3. Batch statistics leak at test time
#
# Batch norm on the statistics of the query batch lets every query item see the others. MAML's published image results
# were taken so; Reptile's are given both ways, 95.4 % without and 97.7 % with it (5-way 1-shot Omniglot, Nichol et al.
# 2018). That is *transductive* learning, another problem: a model in use is asked one item at a time.
#
# **Predict:** a learner is asked about fifteen items twice: all at once, and class by class. Same weights, same
# items. Same answers? (Its weights are random, adapted by five steps: bad answers, but they should be the *same* bad
# answers.)

# %%
shown = noisy_patterns(1, 1)
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


print("probability of the right class, first item:")
changes = {}
for norm in ("batch", "group"):
    together, apart = (answers(norm, groups) for groups in (ALL_AT_ONCE, BY_CLASS))
    changes[norm] = (together - apart).abs().max()
    print(f"{norm} norm: {together[0]:.3f} with all, {apart[0]:.3f} with its class;", end=" ")
    print(f"largest change of an item {changes[norm]:.3f}")

# %%
try:
    FirstOrderMAML(Conv4(5, norm="batch"), F.cross_entropy, inner_lr=0.5, inner_steps=5)
except ValueError as error:
    print("the library asks first:", error)

# %% tags=["nbval-check-output"]
finding("batch norm: an answer changes with its neighbours", changes["batch"], above=0.05)
proof("group norm: no answer changes with its neighbours", changes["group"], below=1e-5)

# %% [markdown]
# An answer that depends on who else is asked cannot be given to somebody who asks alone. Mended: a norm that sees one
# item at a time. If you do evaluate transductively, say so, and fix who is asked together.
#
# ### 4. Sum in place of mean
#
# A loss summed over $K$ items has a gradient $K$ times that of their mean, so α is $K$ times what you think. MAML's
# released code divides the sum over an $N$-way support set by $K$, not by $NK$: its α of 0.4 with 5 ways is 2.0 under
# PyTorch's default. The check: give every support item twice. Under a mean nothing may change.
#
# **Predict:** MAML's network of part 1 adapts at its own α under a *sum* over its ten points. On how many tasks does
# it *diverge*, that is, end $k$ steps with an error over 1,000?

# %%
import copy

from metalearn_lab import predict_along


def summed(output, target):
    """Squared error, summed: the mistake."""
    return F.mse_loss(output, target, reduction="sum")


def with_loss(loss):
    """The trained MAML network, adapting by another loss."""
    other = copy.copy(learners["maml"])
    other.loss = loss
    return other


diverged = {}
for loss in (F.mse_loss, summed):
    fits = predict_along(with_loss(loss), tasks, k)[:, -1]
    errors = (fits - tasks.query.y).square().mean((1, 2))
    diverged[loss] = unseen_tasks - (errors < 1000).sum().item()
    share = diverged[loss] / unseen_tasks
    print(f"adapted by {loss.__name__:<8} {share:4.0%} of {unseen_tasks} tasks diverge")


# %%
def first_step(loss, support):
    """θ_1 − θ on some tasks, in one vector."""
    theta, theta_1 = with_loss(loss).adapt(support, 1)
    return torch.cat([(theta_1[n] - theta[n]).flatten() for n in theta])


once = to_device(unseen.batch(0, 5), where).support
twice = Split(*(torch.cat((part, part), 1) for part in once))
longer_by = {
    loss: (first_step(loss, twice).norm() / first_step(loss, once).norm()).item()
    for loss in (F.mse_loss, summed)
}

# %% tags=["nbval-check-output"]
finding("the sum: more than half of the tasks diverge", diverged[summed] / unseen_tasks, above=0.5)
finding("the mean: no task diverges", diverged[F.mse_loss], below=1)
proof("support twice: the mean's step stays as long", abs(longer_by[F.mse_loss] - 1), below=5e-4)
proof("support twice: the sum's step is twice as long", abs(longer_by[summed] - 2), below=5e-4)

# %% [markdown]
# With the sum most tasks diverge, at an α that was the best of its grid. Mended: `reduction="mean"`, or α divided by the
# number of items. If α is small, nothing diverges, and you only wonder why your α is not the paper's.
#
# ### 5. Too few test episodes
#
# Two methods that are *equal by construction*: one learner under two names. The text learner answers ten sentences a
# class in every unseen episode, and for each name and episode only half of the sentences count. *Unpaired*, each name
# meets its own episodes; *paired*, both meet the same ones, and a coin says who gets which half. Episodes arrive one by
# one, and somebody watches the two means.
#
# **Predict**, unpaired: (a) After 10 episodes, how often does one mean lead by 2 points or more? (b) After 100, in how
# many of a thousand replays do the two 95 % intervals not meet? (c) From the tenth on you look after *every* episode and
# stop when the interval of the difference leaves out 0. How often will you announce a winner before the episodes end?

# %%
asked = world.sampler("test").batch(0, episodes)
said = predict_along(text, asked, test_steps)[:, -1].argmax(-1)
marks = (said == asked.query.y).double().cpu()
halves = torch.stack([part.mean(1) for part in marks.chunk(2, 1)], 1)
accuracy = 100 * marks.mean(1)

s = accuracy.std().item()
print(f"accuracy {accuracy.mean():.1f} %; the ± of {episodes} episodes may mean")
print(f"  ± {s:.1f}  the standard deviation s of an episode")
print(f"  ± {s / episodes**0.5:.2f}  the standard error of the mean, s/√n")
print(
    f"  ± {interval_over_tasks(accuracy).half_width:.2f}  the 95 % interval of the mean (Student's t)"
)
print("about 1.96 s/√n:", "; ".join(f"n = {n:,} ± {1.96 * s / n**0.5:.1f}" for n in (50, 10_000)))

# %%
from metalearn_lab.explorers.interval_replay_explorer import RULES, IntervalReplayExplorer

replays = IntervalReplayExplorer(halves)
replays.show()

# %%
lead, apart, differs, ever = (replays.shares["unpaired"][rule] for rule in RULES)
n = min(100, len(lead)) - 1
print(f"(a) {lead[9]:.0%}; (b) {1000 * apart[n]:.0f} of 1,000;", end=" ")
print(f"(c) {ever[-1]:.0%}, within {len(ever)} episodes")

# %% tags=["nbval-check-output"]
finding(
    "(a) after 10 unpaired episodes a lead of 2 points is more common than not", lead[9], above=0.5
)
finding(f"(b) after {n + 1}, two intervals that do not meet are rare", apart[n], below=0.02)
finding("(c) looked at after every episode, equal methods often get a winner", ever[-1], above=0.2)
finding(
    f"one look after {n + 1} finds a winner about as often as 5 %, paired or not",
    [each[RULES[2]][n] for each in replays.shares.values()],
    above=0.02,
    below=0.08,
)
finding(
    f"after {n + 1}, a lead of 2 points is rarer in paired episodes",
    lead[n] - replays.shares["paired"][RULES[0]][n],
    above=0,
)

# %% [markdown]
# (a) More often than not. (b) Hardly ever: asking that two intervals do not meet is much stricter than 95 %, so
# *they overlap* is no proof of equality. (c) Far more often than the 5 % you paid for: choose the number of episodes
# *before* you look. Now pair the episodes in the explorer: the leads get rarer. Which curve stays where it
# was, at 5 %, and why must it?
#
# Mended: 600 episodes or more, the same for all (pairing takes out what is hard or easy about them), the interval of
# the *difference*, looked at once. And say what your ± is: all three lines above the explorer are in use in papers, and
# they differ by a factor of up to $\sqrt{n}$.
#
# ### 6. `vmap` through a norm
#
# The one that hides best. `torch.func.vmap` runs all tasks at once, and through batch norm (on batch statistics),
# affine layer norm and instance norm it returns a **second derivative that is wrong**, with no error or warning
# (PyTorch 2.13): its rule for the backward of these norms is mistaken about the gradient of their input
# ([functorch issue 534](https://github.com/pytorch/functorch/issues/534), open since 2022). It hits the weights *below*
# such a norm.
#
# **Predict:** how would you notice?

# %%
from torch import nn

from metalearn_lab.experiments.vmap_error import vmap_error
from metalearn_lab.models.conv4 import initialise_kernels

NORMS = {
    "batch norm": lambda c: nn.BatchNorm2d(c, track_running_stats=False),
    "layer norm": lambda c: nn.LayerNorm([c, 6, 6]),
    "group norm": lambda c: nn.GroupNorm(2, c),
}


def looped(model, loss, alpha):
    """MAML in float64, one task after the other: the right way for any norm."""
    settings = {"inner_lr": alpha, "inner_steps": 1, "mapping": "loop", "transductive": True}
    return MAML(model, loss, **settings).double()


def below(name):
    """A learner with a convolution below a norm."""
    model = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1, bias=False), NORMS[name](4))
    initialise_kernels(model, 0)
    return looped(model, F.mse_loss, 0.3)


# %%
def noise():
    """Inputs or targets of four tasks, six items each, that mean nothing."""
    return torch.randn(4, 6, 4, 6, 6, generator=numbers, dtype=torch.float64)


numbers = generator("noise")
blank = Task(*(Split(noise(), noise()) for _ in range(2)))
small = {}
for name in NORMS:
    parts = vmap_error(below(name), blank).parts
    small[name] = parts["model.0.weight"]
    print(
        f"{name:<12} below the norm: {small[name]:8.1e}  its scale: {parts['model.1.weight']:8.1e}"
    )

# %% [markdown]
# The gradient of the weights below a batch norm is off by about 80 % of its length, here. On a network of four blocks,
# as it is usually written for pictures, it hides better:

# %%
from metalearn_lab.evaluation.meta_gradient_check import mapped_as
from metalearn_lab.models.plain_conv4 import plain_conv4

two = Task(*(Split(x.double(), y) for x, y in noisy_patterns(2, 2)))
whole = vmap_error(looped(plain_conv4(5, 32, seed), F.cross_entropy, 0.1), two).whole
print(f"Conv4: relative error of the meta-gradient under vmap: {100 * whole:.2f} %")


def ten_losses(mapping):
    """The meta-loss of ten outer steps, each on four episodes."""
    learner = looped(plain_conv4(5, 32, seed), F.cross_entropy, 0.1).float()
    optimizer, losses = torch.optim.Adam(learner.parameters(), 3e-3), []
    for i in range(10):
        optimizer.zero_grad()
        with mapped_as(learner, mapping):  # goes around the library's refusal
            losses.append(learner(noisy_patterns(4, 100 + i)))
        losses[-1].backward()
        optimizer.step()
    return torch.stack(losses).detach()


losses = {mapping: ten_losses(mapping) for mapping in ("vmap", "loop")}
for mapping, each in losses.items():
    print(f"the loss by {mapping}:", " ".join(f"{loss:.2f}" for loss in each))

# %%
headline(
    f"Through batch norm, vmap makes the meta-gradient of Conv4 wrong by {100 * whole:.1f} %, and that of a "
    f"small network by {100 * small['batch norm']:.0f} % below the norm; the loss still falls.",
    conv4_error=whole,
    small_error=small["batch norm"],
)

# %% [markdown]
# The loss falls, as it does with the right gradient in the row below: so it would for any that points roughly
# downhill. What tells is a *second way to the same number*: `check_meta_gradient` compares all tasks at once with one
# by one, and that with finite differences.

# %%
from metalearn_lab import check_meta_gradient

for name in ("batch norm", "group norm"):
    print(f"{name}\n{check_meta_gradient(below(name), blank)}\n")

# %% [markdown]
# And a learner of this library refuses such a model:

# %%
try:
    MAML(plain_conv4(5, 8), F.cross_entropy, inner_lr=0.1, inner_steps=1, transductive=True)
except ValueError as error:
    print("refused:", str(error).partition(" through ")[0], "...", str(error).rpartition(": ")[2])

# %% tags=["nbval-check-output"]
finding(
    "batch norm: the gradient of the weights below it is off by 0.5 to 1.2 of its length",
    small["batch norm"],
    above=0.5,
    below=1.2,
)
proof("group norm: the gradient of the weights below it is right", small["group norm"], below=1e-12)
finding(
    "Conv4: the whole gradient is wrong by 0.1 to 1 % of its length",
    whole,
    above=0.001,
    below=0.01,
)
finding(
    "the loss falls with the wrong gradient and with the right one: first three less last three",
    [each[:3].mean() - each[-3:].mean() for each in losses.values()],
    above=0,
)

# %% [markdown]
# Mended: group norm, layer norm without weights, this library's `Conv4(norm="batch")`, or `mapping="loop"`.
#
# Of the six, the training curve shows one: the sum, when α is large.
#
# ## Try it yourself
#
# The cell under each exercise checks your answer.

# %% [markdown] tags=["instructor"]
# **Instructor, 30 minutes.** Exercise 1 in pairs, one mending each mistake. In 2 the usual slip is to forget the centring;
# let the check find it. Exercise 4 is worth asking of a real paper's code. Leave 5 and 6 for home.

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
    import math

    return math.ceil((1.96 * sd / half_width) ** 2)
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
# last? Predict, then give it larger ones *on the validation tasks*, and then more steps.
#
# <details><summary>Answer</summary>
#
#     for rate in (0.03, 0.05, 0.1, 0.3):
#         print(rate, lab.adapting(pretrained, KINDS["linear_probe"], rate).error(validation))
#     print(lab.adapting(pretrained, KINDS["linear_probe"], 0.03, inner_steps=1000).error(validation))
#
# No: a larger α helps little before it diverges. It is not that the features hold too little: with 1,000 steps the
# probe comes down far below where five leave it. But along most directions of the head the loss is too flat for five
# steps, and along one too steep for a larger α. ANIL's body was trained so that five steps are enough. (ANIL chose the
# largest α of the grid as well, so its row is, if anything, pessimistic.)
#
# </details>
#
# **6.** Set `inner_steps = 1` and run the chapter again (some facts will then say False). Reptile with one step is joint
# training (chapter [04](04_first_order_and_reptile.ipynb) proves it). Predict its row in the table.
#
# <details><summary>Answer</summary>
#
# It falls to the level of the pretrained network: with one step its update is, on average, $-\alpha$ times the gradient
# of the loss *before* adaptation.
#
# </details>
#
# ## What to remember
#
# - Equal data, equal gradients, equal seconds and equal memory are four different budgets. Say which, and show the rest.
# - What a network is trained *for* matters more here than which of its layers move: head alone or body alone both work
#   if training knew about it.
# - MAML's network can adapt by its head alone; on sentences it can by nothing else. Similar features alone do not show
#   it.
# - Second order keeps every inner step in memory; first order none; replay almost none, for more time.
# - The loss falls with a wrong gradient too. Check the gradient by a second way to the same number.
# - Equal methods differ by 2 points after 10 episodes more often than not. Fix the number of episodes, pair them, look
#   once.
#
# ## Sources
#
# - Finn, Abbeel, Levine: *Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks*, ICML 2017,
#   [arXiv:1703.03400](https://arxiv.org/abs/1703.03400).
# - Nichol, Achiam, Schulman: *On First-Order Meta-Learning Algorithms*, 2018,
#   [arXiv:1803.02999](https://arxiv.org/abs/1803.02999). Section 6 has the numbers with and without transduction.
# - Raghu, Raghu, Bengio, Vinyals: *Rapid Learning or Feature Reuse?*, ICLR 2020,
#   [arXiv:1909.09157](https://arxiv.org/abs/1909.09157): layers frozen at test time, similarities, and ANIL.
# - Oh, Yoo, Kim, Yun: *BOIL: Towards Representation Change for Few-shot Learning*, ICLR 2021,
#   [arXiv:2008.08882](https://arxiv.org/abs/2008.08882).
# - Kornblith, Norouzi, Lee, Hinton: *Similarity of Neural Network Representations Revisited*, ICML 2019,
#   [arXiv:1905.00414](https://arxiv.org/abs/1905.00414). Section 3 has linear CKA.
# - Antoniou, Edwards, Storkey: *How to Train Your MAML*, ICLR 2019,
#   [arXiv:1810.09502](https://arxiv.org/abs/1810.09502): what inner rates and steps do to stability.
#
# Next: [06 Few-shot text](06_few_shot_text.ipynb), the same comparison on sentences.
