# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/02_transfer_learning.ipynb)
#
# # Transfer learning
#
# You have a network that was trained on some tasks. A new task arrives, with a few labelled examples. How much of the network
# should move? After this chapter you will be able to
#
# - say which weights move and which stay in a linear probe, LoRA and full fine-tuning, and in frozen class means, which train nothing;
# - write frozen class means and LoRA yourself;
# - compare such methods fairly: settings chosen on validation classes, a baseline that trains nothing, and one control for each cause.
#
# The next two cells prepare the notebook. The second holds its parameters: leave them as they are for now.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% tags=["parameters"]
class_split: int = 0  # which classes are for training, for choosing and for testing
iterations: int = 500  # steps of the pretraining
meta_batch: int = 4  # training episodes whose sentences one such step sees
most_shots: int = 32  # the most labelled sentences of a class; also tried are 1, 4 and 8
validation_episodes: int = 40  # episodes of validation classes, on which settings are chosen
test_episodes: int = 100  # episodes of test classes, on which accuracy is reported
most_steps: int = 40  # the most gradient steps on a new task
long_steps: int = 300  # gradient steps in the section on over-fitting
seed: int = 0  # of the first weights and of the training episodes
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## What moves, and what stays?
#
# First a toy that fits on the screen. A point $x$ of the plane becomes **features** $h = W x$. A **head** turns the features into one
# score for each of three classes. Pretraining has left us $W$. The new task gives one labelled point of each class: the **support set**.
# We take gradient steps on it, from a head of zeros.
#
# - A **linear probe** moves the head alone.
# - **LoRA** of rank 1 moves the head, and shifts all features along one line.
# - **Full fine-tuning** moves everything.
# - **Frozen class means** move nothing: a point gets the class whose mean feature has the largest cosine with its own.
#
# In the two panels of features, the large rings mark where pretraining puts the support points. Small rings are query points (same colours
# as the classes).
#
# **Predict.** With the inner step at 0, drag a support point: which borders follow it? Then move the step up from 0,
# one at a time: at which step do the discs in the right panel first leave their large rings? Why not earlier?

# %%
from metalearn_lab.explorers.what_moves_explorer import WhatMovesExplorer
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused
WhatMovesExplorer().show()

# %% [markdown]
# <details><summary>What happens</summary>
#
# At step 0 the dashed borders of the frozen class means follow the point you drag. From step 1 on there are
# black borders too. In the middle panel (linear probe) only these borders turn; the features stay in their rings. On the right
# the features move from step 2 on, because a head of zeros passes no gradient down. With LoRA all their arrows are parallel.
#
# </details>
#
# The toy shows *what* moves, not which method is best.
#
# ### The question
#
# A classifier was trained on some twenty kinds of commands to a smart home. Now come five *new* kinds, with $K$ labelled sentences
# (shots) of each.
#
# | | what moves | how many numbers |
# | --- | --- | --: |
# | **frozen class means**; **TF-IDF** (n-gram counts, no network) | nothing | 0 |
# | **linear probe**; **converged probe** (until the loss falls no further) | the new head | 325 |
# | **LoRA** | the head and a low-rank correction | from 421 |
# | **last layers** | the head and the layer under it | 2,437 |
# | **full fine-tuning** | everything | 133,509 |
#
# **Predict, in points of accuracy.**
#
# - (a) At $K = 1$, how far is full fine-tuning from the frozen class means?
# - (b) At $K = 32$, how far is it ahead of the linear probe, and of the converged probe?
# - (c) Does TF-IDF come first, in the middle, or last at $K = 32$?

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Give the toy seven minutes: step 0, 1, 2, then drag one point across the others. Ask why nothing but the head
# moves at the first step (a head of zeros passes no gradient down). Then collect guesses for (a), (b) and (c), and leave them on the board.

# %% [markdown]
# ## New classes for a pretrained network
#
# ### The sentences
#
# These are the English commands of chapter 01. We split the *classes* first: one part to train on, one to choose settings on (the
# validation classes), one to report on (the test classes).
#
# To compare different $K$, only $K$ may change. So the test classes and the query sentences are the same for every $K$, and the support
# sets are nested: the four sentences of $K = 4$ are the one of $K = 1$ and three more.

# %%
import torch
from torch.nn import functional as F

from metalearn_lab import choose_device, first_shots, load_table, make_world
from metalearn_lab.tasks.devices import device_in_words

where, ways, queries = choose_device(device), 5, 5
print("Computing on", device_in_words(where))
shots = sorted({k for k in (1, 4, 8) if k < most_shots} | {most_shots})
few, many = shots[0], shots[-1]
table = load_table("embedded")
split = {"ways": ways, "queries": queries, "split_seed": class_split, "device": where}
training = make_world(table, shots=1, **split)  # every training class
world = make_world(table, shots=many, **split)  # classes with enough sentences
print(f"{len(table):,} sentences from {len(set(table.groups)):,} templates")
print(f"{len(training.classes.train)} classes to train on")
print(f"{len(world.classes.validation)} to choose on, {len(world.classes.test)} to report on")

# %% tags=["nbval-check-output"]
from metalearn_lab.workbook.facts import finding, proof

rows = world.row_sampler("test")
episodes = [rows.episode(i) for i in range(50)]
sides = [
    [{table.groups[row] for row in part.tolist()} for part in (e.support_rows, e.query_rows)]
    for e in episodes
]
nested = [first_shots(rows.batch(0, 50), ways, k) for k in shots]
largest = nested[-1]
smaller = [
    torch.equal(task.support.x, largest.support.x[:, : ways * k])
    and torch.equal(task.query.x, largest.query.x)
    for k, task in zip(shots, nested, strict=True)
]
shared = set(training.classes.train) & {*world.classes.validation, *world.classes.test}
proof(
    "no template stands on both sides of an episode (count)",
    [len(s & q) for s, q in sides],
    below=1,
)
proof("no class to choose or to report on is a training class (count)", len(shared), below=1)
proof("every K has the same queries, and the support of K = 1 is in that of K = 4, …", smaller)

# %% [markdown]
# ### Pretrain once
#
# The network takes the mean embedding $z$ of a sentence's character n-grams, then a hidden layer, then a head:
#
# $$f_\theta(x) = W_{\text{head}}\, h + c, \qquad h = \mathrm{ReLU}(W z + b), \qquad z = \tfrac{1}{|x|}\sum_{g \in x} E_g.$$
#
# $E_g$ is the row of n-gram $g$ in a table of $4{,}096 \times 32$, $|x|$ is the number of n-grams, and $W$ is $64 \times 32$.
#
# **Pretraining** minimises the ordinary loss $L_{S \cup Q}(\theta)$ on the sentences of *all training classes*, with one output for each
# of these classes. Then we throw this head away: the new classes are others. The new five-way head starts at zero, because it is
# arbitrary which of the five new classes is called "0". The network that the next cell prints already has the new head, with 5 outputs.
#
# The outer step size β = 0.01, that of the pretraining, was chosen on validation classes beforehand.

# %%
import copy

from metalearn_lab import Budget, Rates, meta_train
from metalearn_lab.comparison.methods import build, outer_optimizer, training_batches

rates, budget = Rates(inner_lr=0.1, outer_lr=0.01), Budget(iterations, meta_batch)
pretraining = build("fine_tuning", training, rates, budget, seed)
untrained = copy.deepcopy(pretraining.model)
batches = training_batches(pretraining, training, budget, seed)
optimizer = outer_optimizer(pretraining, rates)
meta_train(pretraining, batches, iterations=iterations, optimizer=optimizer)
network = pretraining.model
print(network)

# %% [markdown]
# ### Nothing moves: frozen class means
#
# Before anything moves, ask what the pretrained network can do as it is. Take the 32 numbers $z$ of each sentence. The mean of a class
# over its $K$ support sentences is $\mu_c$. A query gets the class with the largest cosine:
#
# $$\hat y = \arg\max_c \frac{z \cdot \mu_c}{\lVert z \rVert\, \lVert \mu_c \rVert}.$$
#
# The same classifier also works on other features of the same n-grams. We try three kinds: the share of each n-gram in the sentence
# (4,096 numbers, no network), the $z$ of the network *before* pretraining (32 numbers from a random table), and the pretrained $z$. All
# three are means over the n-grams of a sentence. They differ only in the numbers that stand for an n-gram. (The probes further down read the
# 64 numbers $h$, as the head does. The class means read $z$ there too: a choice that we did not vary in this notebook.)
#
# Later we add **TF-IDF**: the nearest class mean of chapter 01, but n-grams that occur in many training sentences count less. Its n-grams
# have two or three characters too.

# %% [markdown]
# ### Exercise 1: write frozen class means (10 minutes, level 2 of 3)
#
# Return the cosine of every query with every class mean, a tensor `[queries, ways]`. The support items come in any order, and every
# class has the same number of them. The check allows a relative error of $10^{-5}$.
#
# <details><summary>Hint 1</summary>
#
# First find, for each class, the rows of `h` that belong to it. What is their mean?
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# A cosine is a product of two vectors of length 1: `F.normalize(..., dim=1)`.
#
# </details>


# %% tags=["exercise"]
def cosines(h, y, query, ways):
    """From h [items, dim], their labels y [items] and query [queries, dim]."""
    # <solution>
    means = torch.stack([h[y == c].mean(0) for c in range(ways)])
    return F.normalize(query, dim=1) @ F.normalize(means, dim=1).T
    # </solution>


# %%
from metalearn_lab.exercises.transfer import check_class_means

check_class_means(cosines)

# %% [markdown]
# **Predict** for $K = 1$ and $K = 32$: what does it cost to squeeze 4,096 numbers into 32 random ones, and how much of that does
# pretraining win back?

# %% tags=["hide-output"]
from metalearn_lab import Split, Task, interval_over_tasks
from metalearn_lab.evaluation.frozen_class_means import frozen_class_means

test_ids = world.sampler("test").batch(0, test_episodes)


@torch.no_grad()
def class_means(features, k):
    """Accuracy on each test episode; features maps n-gram ids to numbers."""
    task, parts = first_shots(test_ids, ways, k), []
    for i in range(0, test_episodes, 10):  # a few at a time, to save memory
        sides = (Split(features(s.x[i : i + 10]), s.y[i : i + 10]) for s in task)
        parts.append(frozen_class_means(Task(*sides), ways).cpu())
    return torch.cat(parts)


kinds = {"4,096 shares": network.body[0].shares, "32 random": untrained.body[0]}
kinds["32 pretrained"] = network.body[0]
frozen = {name: {k: class_means(f, k) for k in (few, many)} for name, f in kinds.items()}
for name, by_shots in frozen.items():
    print(f"{name:<14}", *(f"K = {k}: {100 * by_shots[k].mean():.1f}" for k in (few, many)))
shares, random, pretrained = frozen.values()
for what, other in (("the shares themselves", shares), ("the pretrained 32", pretrained)):
    gaps = [interval_over_tasks(100 * (other[k] - random[k])) for k in (few, many)]
    finding(f"at both K {what} are ahead of 32 random numbers (points)", gaps, above=0)

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Exercise 1 in pairs. Then ask what the three rows of numbers have in common (n-grams, episodes, classifier)
# and what differs. Only the squeezing differs between the first two, only the pretraining between the last two: each cause has its control.

# %% [markdown]
# Squeezing 4,096 shares into 32 random numbers cost 9 points or more at both $K$, in all five class splits that we ran (each with its own
# pretraining). Pretraining won points back in all five, at both $K$. On two further splits it won 8 and 2 points at $K = 32$, and
# the 2 did not exceed their interval. At $K = 1$ on split 0 the pretrained 32 numbers are even ahead of all 4,096 shares (71.5 against
# 67.0). At $K = 32$ they are behind (92.4 against 95.9), so the n-grams hold enough for more. A wider table would test whether 32
# numbers are too few. We did not run it.
#
# ## Ways to adapt
#
# The linear probe, LoRA, the last layers and full fine-tuning are the *same* algorithm, gradient descent on the
# support set with the inner step size α,
#
# $$\theta_{j+1} = \theta_j - \alpha\,\nabla L_S(\theta_j),$$
#
# and differ only in which entries of $\theta$ move. In code that is one argument, patterns of parameter names:
#
# | | `adapts` |
# | --- | --- |
# | linear probe | `"head.*"` |
# | LoRA | `("*lora_*", "head.*")` |
# | last layers | `("body.1.*", "head.*")` |
# | full fine-tuning | `"*"` |
#
# Only full fine-tuning moves the embedding table. For the others we compute $z$ once and run only the layers above it. In this smaller
# model `body.1` is called `body.0`. The next cell checks that this changes nothing.

# %% tags=["nbval-check-output"]
from metalearn_lab import JointPretraining
from metalearn_lab.models.text_encoder import above_table


def adapting(model, adapts):
    """Steps from the model's weights on those that match; of the class we use only `adapt`."""
    return JointPretraining(model, F.cross_entropy, inner_lr=0.1, inner_steps=5, adapts=adapts)


with torch.no_grad():
    z, h = network.body[0](world.inputs), network.body(world.inputs)  # of every sentence
upper = above_table(network)  # the layers above the table, the same weights
inputs = {"z": z, "h": h, "ids": world.inputs}
sizes = {"validation": validation_episodes, "test": test_episodes}
tasks = {
    part: {kind: world.sampler(part, x).batch(0, n) for kind, x in inputs.items()}
    for part, n in sizes.items()
}
some = {kind: Split(*(each[:5] for each in tasks["test"][kind].support)) for kind in inputs}
on_z = adapting(upper, "*").adapt(some["z"], 5)[-1]
on_ids = adapting(network, ("body.1.*", "head.*")).adapt(some["ids"], 5)[-1]
gaps = [(w - on_ids[name.replace("body.0", "body.1")]).abs().max() for name, w in on_z.items()]
proof("five steps on z and five on n-grams end at the same weights (max |Δ|)", gaps, below=1e-4)

# %% [markdown]
# ### LoRA
#
# Fine-tuning a layer may add any matrix to its weights $W_0$. **LoRA** (low-rank adaptation) adds only a matrix of rank $r$ or less,
# the product of two thin ones:
#
# $$W = W_0 + s\,BA, \qquad A \in \mathbb{R}^{r \times \text{in}}, \quad B \in \mathbb{R}^{\text{out} \times r}, \qquad s = \frac{\texttt{lora\_alpha}}{r}.$$
#
# $W_0$ stays frozen. $A$ starts at random and $B$ at zero, so before the first step the layer is exactly the old one. The scale $s$ belongs
# to LoRA; it is not the inner step size α. In this chapter $s = 4$, unless we say
# otherwise.
#
# LoRA trains $r(\text{in} + \text{out})$ numbers. For our layer, $32 \times 64$, that is $96\,r$; for a layer of $768 \times 768$ and
# $r = 8$ it is 12,288 in place of 589,824.

# %% [markdown]
# ### Exercise 2: write LoRA's forward (10 minutes, level 2 of 3)
#
# Return the outputs of a dense layer with its low-rank correction, `[items, out]`, differentiable in `a` and `b`. The check allows a
# relative error of $10^{-5}$. It tries other sizes and other values of `lora_alpha`.
#
# <details><summary>Hint 1</summary>
#
# The frozen layer gives `x @ weight.T + bias`. The rank $r$ is the number of rows of `a`.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# You need not build the matrix $BA$: send `x` through $A$, then through $B$.
#
# </details>


# %% tags=["exercise"]
def lora(x, weight, bias, a, b, lora_alpha):
    """From x [items, in], weight [out, in], bias [out], a [r, in] and b [out, r]."""
    # <solution>
    s = lora_alpha / a.shape[0]
    return x @ weight.T + bias + s * (x @ a.T) @ b.T
    # </solution>


# %%
from metalearn_lab.exercises.transfer import check_lora

check_lora(lora)

# %% [markdown]
# `with_lora` of the package puts the same correction on the layers that you name.
#
# Write $\partial L/\partial A$ and $\partial L/\partial B$ at $B = 0$ on paper. Then **predict**: at the very first step, which of $A$ and
# $B$ has a gradient? And with $s = 4$, how much larger is LoRA's first change of $W$ than with $s = 1$? The next cell checks it.
#
# <details><summary>What happens</summary>
#
# With $G = \partial L/\partial W$ the chain rule gives
#
# $$\frac{\partial L}{\partial B} = s\,G A^\top, \qquad \frac{\partial L}{\partial A} = s\,B^\top G = 0 \text{ at the start.}$$
#
# So, of $A$ and $B$, the first step that reaches this layer moves $B$ alone, and it changes the weights by $\Delta W
# = -\alpha\, s^2\, G A^\top A$. The scale enters *squared*: 16
# times the change. The factor $A^\top A$ lets through only the $r$ random directions of $A$, and it grows with $r$.
#
# If $A$ and $B$ both started at zero, neither would ever have a gradient. If both started at random, the layer would not start where
# pretraining left it.
#
# </details>

# %% tags=["hide-output", "nbval-check-output"]
from torch import nn

from metalearn_lab import with_lora

base = copy.deepcopy(upper).double().cpu()  # float64, to tell rounding from a difference
# At zero the head would let no gradient through to the layer under it.
nn.init.normal_(base.head.weight, generator=torch.Generator().manual_seed(seed))
model, alpha = with_lora(base, ["body.0"], rank=4, lora_alpha=16, seed=seed), 0.1
layer = model.get_submodule("body.0")
x, y = some["z"].x[0].double().cpu(), some["z"].y[0].cpu()
gap = (model(x) - base(x)).abs().max()
proof("at step 0 the outputs are those of the base (max |Δ|)", gap, below=1e-15)
F.cross_entropy(model(x), y).backward()
of_a, of_b = (weight.grad.abs().max() for weight in (layer.lora_A, layer.lora_B))
proof("at step 0 the gradient of A is zero (largest entry)", of_a, below=1e-15)
proof("at step 0 the gradient of B is not (largest entry)", of_b, above=1e-15)

support = Split(x[None], y[None])
a = layer.lora_A.detach()
low_rank = adapting(model, ("*lora_*", "head.*")).adapt(support, 1)[-1]["body.0.lora_B"][0] @ a
plain = adapting(base, "body.0.weight").adapt(support, 1)
full_step = (plain[1]["body.0.weight"] - plain[0]["body.0.weight"])[0]
gap = (4 * low_rank - 16 * full_step @ a.T @ a).abs().max()
proof("LoRA's first step is the full step times s² AᵀA (max |Δ|)", gap, below=1e-12)

# %% tags=["nbval-check-output"]
import peft

config = peft.LoraConfig(r=4, lora_alpha=16, target_modules=["body.0"], modules_to_save=["head"])
theirs = peft.get_peft_model(copy.deepcopy(base), config)  # LoRA as the library has it
with torch.no_grad():
    theirs.get_submodule("base_model.model.body.0.lora_A.default").weight.copy_(a)
learner = adapting(model, ("*lora_*", "head.*"))
ours_along = [learner.predict(theta, x[None])[0] for theta in learner.adapt(support, 20)]
optimizer = torch.optim.SGD([p for p in theirs.parameters() if p.requires_grad], lr=alpha)
gaps = []
for outputs in ours_along:
    gaps.append((theirs(x) - outputs).abs().max().item())
    optimizer.zero_grad()
    F.cross_entropy(theirs(x), y).backward()
    optimizer.step()
proof("after 0, …, 20 steps our outputs are those of peft (max |Δ|)", gaps, below=1e-9)

# %% [markdown] tags=["instructor"]
# **Instructor, 15 minutes.** Exercise 2 in pairs, then both gradients on paper. The usual slip: $s$ scales the correction, so people
# expect the first step to grow with $s$, not with $s^2$. Say that `peft` is what one uses in practice, and that ours does the same.

# %% [markdown]
# ## Accuracy against K, for each method
#
# Now every way of adapting, at every $K$. For each method and each $K$ the inner step size and the number of steps are chosen on the
# *validation* classes: three values of α, up to `most_steps` steps, the same for all.
#
# One control is missing in many such tables. A linear probe that stops after 40 steps may not have *converged*: it might lose because it
# moves slowly, not because it moves little. So we add a **converged probe**, a logistic regression on the same frozen features $h$, solved
# to the end. First we subtract from every $h$ the mean $h$ of the support set. Then we divide all of them by one
# number, the mean length of the centred support vectors. It also has a penalty on the weights, chosen on
# the validation classes.
#
# The table and the figures write *pretrain +* before a method that takes gradient steps: *pretrain + fine-tune* is full fine-tuning. They
# call TF-IDF *nearest class mean (TF-IDF)*.
#
# Look back at your predictions (a), (b), (c), then run on. The accuracies stay folded until you click.

# %%
from tqdm import tqdm

from metalearn_lab import few_shot_score

ranks = {r: with_lora(upper, ["body.0"], rank=r, lora_alpha=4 * r, seed=seed) for r in (1, 8)}
learners = {
    "linear_probe": (adapting(upper, "head.*"), "z"),
    **{f"lora_{r}": (adapting(m, ("*lora_*", "head.*")), "z") for r, m in ranks.items()},
    "last_layers": (adapting(upper, ("body.*", "head.*")), "z"),
    "fine_tuning": (adapting(network, "*"), "ids"),
}


def score(learner, kind, k):
    """Accuracy on each test episode, with settings chosen on validation classes."""
    parts = (first_shots(tasks[part][kind], ways, k) for part in sizes)
    settings = {"inner_lrs": (0.1, 0.3, 1.0), "most_steps": most_steps}
    at_once = 25 if kind == "ids" else 100
    return few_shot_score(learner, *parts, **settings, tasks_at_once=at_once)


scores = {
    name: {k: score(learner, kind, k) for k in shots}
    for name, (learner, kind) in tqdm(learners.items(), unit="method")
}

# %% tags=["hide-output"]
from dataclasses import replace

import pandas as pd

from metalearn_lab import FewShotScore
from metalearn_lab.comparison.untrained import tf_idf_tasks
from metalearn_lab.evaluation.converged_probe import converged_probe
from metalearn_lab.figures.shots import label

everything = replace(world, classes=world.classes._replace(train=training.classes.train))
counted = tf_idf_tasks(everything, "test", test_episodes, (2, 3))
tf_idf = {k: frozen_class_means(first_shots(counted, ways, k), ways) for k in shots}
probes = {
    k: converged_probe(*(first_shots(tasks[p]["h"], ways, k) for p in sizes), ways) for k in shots
}
in_z = {k: frozen_class_means(first_shots(tasks["test"]["z"], ways, k), ways) for k in shots}
nothing = {"frozen_class_means": in_z, "nearest_class_mean, TF-IDF": tf_idf}
still = {n: {k: FewShotScore(a.cpu()) for k, a in by.items()} for n, by in nothing.items()}
scores = still | scores
size = scores["linear_probe"][few].trainable
scores["converged_probe"] = {k: FewShotScore(p.accuracy.cpu(), size) for k, p in probes.items()}
scores = dict(sorted(scores.items(), key=lambda item: item[1][few].trainable))
means = {n: {f"K = {k}": 100 * by[k].mean.mean.item() for k in shots} for n, by in scores.items()}
print(f"accuracy in per cent, {ways}-way, mean over {test_episodes} episodes of one class split")
pd.DataFrame(means).T.rename(index=label).round(1)

# %% tags=["hide-output"]
from metalearn_lab.explorers.shots_explorer import ShotsExplorer
from metalearn_lab.workbook.headline import headline


def ahead(one, other, k):
    """Points by which one method is ahead, episode by episode, with the 95 % interval."""
    return interval_over_tasks(100 * (scores[one][k].accuracy - scores[other][k].accuracy))


ShotsExplorer(scores, chance=1 / ways).show()
gaps = {k: ahead("fine_tuning", "frozen_class_means", k) for k in (few, many)}
said = {k: f"{gap.mean:+.1f} ± {gap.half_width:.1f}" for k, gap in gaps.items()}
headline(
    f"Full fine-tuning less frozen class means: {said[few]} points at K = {few}, "
    f"{said[many]} at K = {many} ({test_episodes} episodes of one class split, paired).",
    **{f"gap_{k}": gap for k, gap in gaps.items()},
)

# %% tags=["hide-output", "nbval-check-output"]
adapted = [*learners, "converged_probe"]
leads = {k: [ahead(name, "frozen_class_means", k) for name in adapted] for k in (few, many)}
lead = ahead("fine_tuning", "linear_probe", many)
left = ahead("fine_tuning", "converged_probe", many)
gaps = [gap.mean for gap in leads[few]]
claim = f"K = {few}: what adapts is within 4 points of frozen class means"
finding(claim, gaps, above=-4, below=4)
lower_ends = [gap.mean - gap.half_width for gap in leads[few]]
claim = f"K = {few}: no lead over frozen class means is larger than its interval (lower ends)"
finding(claim, lower_ends, below=0)
finding(f"K = {many}: fine-tuning is ahead of the probe after {most_steps} steps", lead, above=0)
closed = 1 - left.mean / lead.mean
finding(f"K = {many}: converging closes more than half of this lead (share)", closed, above=0.5)
finding(f"K = {many}: it leaves less than 2 points", left.mean, below=2)
finding(
    f"K = {many}: TF-IDF is ahead of all that adapts (points)",
    min(ahead("nearest_class_mean, TF-IDF", name, many).mean for name in adapted),
    above=0,
    share="4 of 5 splits",
)
ends = [probe.gradient for probe in probes.values()]
finding("the converged probes have converged (norm of the gradient)", ends, below=1e-4)

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Return to the numbers on the board. Step through $K$ with *compared with* at frozen class means, then at
# the converged probe: at which $K$ does a difference leave its interval? Ask what the interval does *not* cover (other classes, another
# pretraining). The facts under it were checked on five class splits, each with its own pretraining.

# %% [markdown]
# To read the figure: the left panel shows one rank of LoRA, at first rank 8. Its accuracy axis does not start at 0. The lines
# across the right panel are the methods with no trained number.
#
# We ran five class splits, each with its own pretraining:
#
# - (a) At $K = 1$, in all five splits, nothing that adapts was ahead of the frozen class means by more than its interval. On split 0 full
#   fine-tuning was 1.8 ± 1.5 points behind. (What adapts also reads $h$ instead of $z$, so this compares whole methods.)
# - (b) At $K = 32$, in all five splits, full fine-tuning was ahead of the linear probe after 40 steps. But more than half of
#   this lead goes away when the probe is solved to the end (with centred features and a penalty): the converged probe was at most one point
#   behind.
# - (c) TF-IDF uses no label of the training classes. At $K = 32$ it came first in four of the five splits. In the fifth (split 4) it was
#   6 points behind the best.
#
# At $K = 32$ on split 0, full fine-tuning was level with the frozen class means (0.2 ± 0.9 points ahead). Without the converged
# probe and the two rows that train nothing, you could not see this in the table.

# %% [markdown]
# ### Ranks of LoRA
#
# On split 0, rank 8 is ahead of rank 1 at $K = 8$ and $K = 32$ (87.4 against 84.1 at $K = 8$). Is the reason that it can express more?
#
# At the same $s$ its first step also lowers the loss more: the decrease, about $\alpha s^2\lVert GA^\top\rVert^2$, grows on average like
# $s^2 r$. (Our head starts at zero. So the first step moves the head alone, and we mean the second one, the first that moves $B$.)
#
# The control is an **equal first decrease**. Rank 8 at $s = 4/\sqrt 8 = 1.41$ has, on average over the random $A$, the first decrease of
# rank 1 at $s = 4$. (Its first change of $W$ is shorter.) All take `most_steps` steps of α = 0.3.
#
# **Predict:** does rank 8 keep its lead when its first decrease is made equal?

# %% tags=["hide-output"]
from metalearn_lab import adaptation_curves

k = min(8, many)
task = first_shots(tasks["test"]["z"], ways, k)


def low_rank_accuracy(rank, scale):
    """Accuracy on each test episode, at one fixed setting."""
    model = with_lora(upper, ["body.0"], rank=rank, lora_alpha=scale * rank, seed=seed)
    learner = adapting(model, ("*lora_*", "head.*"))
    learner.inner_lr = 0.3
    curves = adaptation_curves(learner, task, most_steps, tasks_at_once=100)
    return curves.accuracy[:, -1]


one, eight, eight_equal = (low_rank_accuracy(r, s) for r, s in ((1, 4), (8, 4), (8, 2**0.5)))
for words, each in (("1, s = 4", one), ("8, s = 4", eight), ("8, s = 1.41", eight_equal)):
    print(f"K = {k}, rank {words:<12} {100 * each.mean():.1f} per cent")
same_scale, same_step = (interval_over_tasks(100 * (a - one)) for a in (eight, eight_equal))
finding("at the same s rank 8 is ahead of rank 1 (points)", same_scale, above=0)
finding("at an equal first decrease it is not (points)", same_step.mean, above=-2, below=0.5)

# %% [markdown]
# At $K = 8$, in all five splits, nothing is left at an equal first decrease. So rank alone does not explain the lead;
# the larger first decrease can. (The reverse test is less clean. In the five runs, rank 1 at $s = 4\sqrt 8$ was level
# with rank 8 on three splits. On two, some episodes diverged.)
#
# ## Over-fitting, made visible
#
# At $K = 1$ each of these methods fits the support set almost perfectly. What happens to the queries meanwhile? Here all take `long_steps`
# steps of α = 0.1.
#
# **Predict** for $K = 1$: the support loss falls to nearly nothing. Does the query *loss* follow, level off, or turn? And the query
# *accuracy*? And does the query loss turn earlier for full fine-tuning, which moves 400 times as many numbers as the
# linear probe?
#
# <details><summary>What happens</summary>
#
# The query loss falls, then turns. The share of right answers hardly changes, but the loss rises. A likely reason:
# the network gets *surer*, also where it is wrong. (We did not measure this separately.) If you need probabilities,
# watch the loss. At $K = 1$ the four methods turn within five steps of each other. Full fine-tuning
# turns later at $K = 4$ (45 steps later on split 0).
#
# </details>

# %% tags=["hide-output"]
from metalearn_lab.experiments.over_fitting import over_fitting
from metalearn_lab.explorers.over_fitting_explorer import OverFittingExplorer

few_shots, episodes = shots[:2], min(40, test_episodes)
watched = ("fine_tuning", "linear_probe", "lora_8", "last_layers")


def trace(learner, kind, k):
    """Loss and accuracy on both sides after every step."""
    task = first_shots(world.sampler("test", inputs[kind]).batch(0, episodes), ways, k)
    return over_fitting(learner, task, long_steps)


traces = {name: {k: trace(*learners[name], k) for k in few_shots} for name in watched}
OverFittingExplorer(traces, chance=1 / ways).show()

# %% tags=["hide-output", "nbval-check-output"]
at_one = [traces[name][few] for name in watched]


def rise(values, turn):
    """From the turn of the query loss to the end, with the paired interval."""
    return interval_over_tasks(values[:, -1] - values[:, turn])


ends = [each.support_loss[:, -1].mean() for each in at_one]
finding("K = 1: the support loss of each method ends below 0.02", ends, below=0.02)
rises = [rise(each.query_loss, each.turning_step) for each in at_one]
finding("K = 1: the query loss of each method turns and rises", rises, above=0)
moved = [100 * rise(each.query_accuracy, each.turning_step).mean for each in at_one]
finding("K = 1: accuracy moves by less than 4 points meanwhile", moved, above=-4, below=4)
turns = [each.turning_step for each in at_one]
finding("K = 1: all turn within five steps of each other", max(turns) - min(turns), below=6)
later = traces["fine_tuning"][few_shots[-1]].turning_step - turns[0]
finding(f"fine-tuning turns later at K = {few_shots[-1]} (steps)", later, above=0)

# %% [markdown] tags=["instructor"]
# **Instructor, 15 minutes.** Five for the ranks: write $s^2 r$ on the board first. Five for over-fitting: $K = 1$, the step from 0 to the
# end, query loss and accuracy read out. Ask how a loss can rise while the accuracy stays. Five for exercise 3: ask for ways to peek that
# are harder to see (breaking ties, dropping a bad split). Exercise 4 is homework.

# %% [markdown]
# ### Exercise 3: choose without peeking (5 minutes, level 1 of 3)
#
# You are given the accuracies of the candidates on validation classes and on test classes, each a dictionary by name. Return the name of
# the one to deploy. Where two are level on validation, either is right.
#
# <details><summary>Hint 1</summary>
#
# Which of the two dictionaries may have a say in a choice that you then report on test classes?
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# `max(names, key=...)` returns the name whose key is largest.
#
# </details>


# %% tags=["exercise"]
def choose(validation, test):
    """The name to deploy."""
    # <solution>
    return max(validation, key=validation.get)
    # </solution>


# %%
from metalearn_lab.exercises.transfer import check_choose

check_choose(choose)

# %% [markdown]
# ### Exercise 4: other classes (10 minutes, level 1 of 3)
#
# Run the chapter again with `class_split = 1` and `seed = 1` in its parameters cell. Which accuracy at $K = 1$ moved
# most? Is TF-IDF still first at $K = 32$? How large is the spread between splits beside the intervals over episodes?
# Both parameters change, so the spread mixes classes and
# pretraining. Which run would separate them?
#
# <details><summary>Hint 1</summary>
#
# The accuracy table has one row for each method. Compare it with the one saved on the web page.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# An interval over episodes of one split knows nothing of other classes. Split 4 is the one where TF-IDF does not
# lead at $K = 32$.
#
# </details>

# %% [markdown]
# ## What to remember
#
# - Probe, LoRA, last layers and full fine-tuning are one algorithm. They differ in which entries of θ move.
# - LoRA starts exactly at the base because $B = 0$. Its first change of $W$ is the full one times $s^2 A^\top A$: compare ranks at an equal
#   first decrease.
# - A probe that has not converged is not a fair opponent.
# - Put a baseline that trains nothing into every table. At $K = 1$, in all five splits, nothing that adapts was ahead of the frozen class
#   means by more than its interval.
# - Over-fitting showed in the query *loss*, not in the accuracy. A low support loss does not tell you the query loss.
# - Transfer learning minimises a loss *before* adaptation, $L_{S \cup Q}(\theta)$. Meta-learning minimises the loss *after* it. Chapter 03
#   shows how.
#
# ## Sources
#
# - Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022.
# - Chen et al., "A Closer Look at Few-shot Classification", ICLR 2019; Tian et al., "Rethinking Few-Shot Image Classification: a Good Embedding Is All You Need?", ECCV 2020: strong transfer baselines.
# - The library: `peft`, Apache-2.0. Sentences: `home-assistant-intents`, Apache-2.0.
#
# Next: [03 MAML](03_maml.ipynb), which differentiates through the adaptation.
