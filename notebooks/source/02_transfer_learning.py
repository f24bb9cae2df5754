# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/02_transfer_learning.ipynb)
#
# # Transfer learning
#
# After this chapter you will be able to
#
# - adapt one pretrained network to new classes in four ways (linear probe, LoRA, last layers, all of it) and say how many numbers each one trains;
# - write LoRA by hand, prove that it starts exactly where the network stood, and that the library `peft` does the same;
# - see over-fitting as it happens, choose how much to adapt without looking at the test classes, and say in one line what separates *transfer* from *meta-learning*.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% [markdown]
# The parameters. Most of the time goes into the sweep over $K$. Another `class_split` draws other
# classes for training and for testing: `make run ARGS="02 -p class_split 1"`.

# %% tags=["parameters"]
class_split: int = 0  # which of the class-disjoint splits to draw
iterations: int = 500  # outer steps of the pretraining, and of MAML
meta_batch: int = 4  # training episodes whose sentences an outer step sees
most_shots: int = 32  # the largest K; the smaller ones are 1, 2, 4, … up to it
validation_episodes: int = 40  # episodes of validation classes that settings are chosen by
test_episodes: int = 100  # unseen-class episodes that an accuracy is taken over
most_steps: int = 40  # the most inner steps at test time; how many is chosen
long_steps: int = 300  # inner steps in the section on over-fitting
seed: int = 0  # of the weights and of the training episodes
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## The question
#
# You have a classifier that was trained on some twenty kinds of commands to a smart home. Now there are five *new* kinds, with $K$
# labelled sentences of each. How much of the network should move?
#
# | | what adapts | |
# | --- | --- | --- |
# | **linear probe** | the new head alone | 325 numbers |
# | **LoRA** | the head, and a low-rank correction beside a frozen layer | from 421 |
# | **last layers** | the head and the layer under it | 2,437 |
# | **full fine-tuning** | everything | 133,509 |
#
# **Predict.** Five sentences in all ($K = 1$), and 133,509 numbers to fit them with. (a) How many points of accuracy does full
# fine-tuning lose to the probe at $K = 1$? (b) Who is ahead at $K = 32$, and by how much? (c) A method that trains *nothing*, the
# nearest class mean of chapter 01 (here on TF-IDF counts), stands beside them. Where will it come in?

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Collect numbers for (a), (b) and (c) on the board and leave them there. Most will say that full
# fine-tuning is hopeless at $K = 1$; ask them what exactly should go wrong.

# %% [markdown]
# ## The sentences
#
# The English commands of chapter 01. Classes are split before anything else: train on some, choose
# settings on others, report on a third part. To compare numbers of shots, *only* the number of shots may change. So
#
# - the test classes are the same for all $K$: those with enough sentences for the largest;
# - the query sentences are the same for all $K$;
# - the supports are nested: the two sentences of $K = 2$ are the one of $K = 1$ and another.

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

import torch
from torch.nn import functional as F

from metalearn_lab import choose_device, load_table, make_world
from metalearn_lab.tasks.devices import device_in_words

where, ways, queries = choose_device(device), 5, 5
print("Computing on", device_in_words(where))
shots = [2**i for i in range(most_shots.bit_length()) if 2**i <= most_shots]
table = load_table("embedded")
split = {"ways": ways, "queries": queries, "split_seed": class_split, "device": where}
training = make_world(table, shots=1, **split)  # every training class
world = make_world(table, shots=shots[-1], **split)  # classes with enough sentences
print(f"{len(table):,} sentences from {len(set(table.groups)):,} templates")
print(f"{len(training.classes.train)} classes to train on")
print(f"{len(world.classes.validation)} to choose on, {len(world.classes.test)} to report on")

# %% tags=["nbval-check-output"]
from metalearn_lab import first_shots
from metalearn_lab.workbook.facts import finding, proof

rows = world.row_sampler("test")


def templates_of(side):
    """The templates of some rows of the table."""
    return {table.groups[row] for row in side.tolist()}


clean = [
    templates_of(each.support_rows).isdisjoint(templates_of(each.query_rows))
    for each in map(rows.episode, range(50))
]
nested = [first_shots(rows.batch(0, 50), ways, k) for k in shots]
same_queries = [torch.equal(each.query.x, nested[0].query.x) for each in nested]
inside = [
    torch.equal(each.support.x, nested[-1].support.x[:, : ways * k])
    for k, each in zip(shots, nested, strict=True)
]
apart = not set(training.classes.train) & {*world.classes.validation, *world.classes.test}
proof("no template stands on both sides of an episode", clean)
proof("test and validation classes are new to the network", apart)
proof("every K has the same queries", same_queries)
proof("the support of every K holds those of the smaller ones", inside)

# %% [markdown]
# Within a support set several sentences may come from one template, so 32 sentences of a class tell less than 32 independent ones would.

# %% [markdown] tags=["instructor"]
# **Instructor, 4 minutes.** Ask what would be compared if each $K$ drew episodes of its own: the shots, and the luck of the
# draw. Then ask who would have let sentences of one template stand on both sides, and what that would have measured.

# %% [markdown]
# ## Pretrain once
#
# The mean embedding of a sentence's character n-grams, a hidden layer, a head:
#
# $$f_\theta(x) = W_{\text{head}}\, h + c, \qquad h = \mathrm{ReLU}(W z + b), \qquad z = \tfrac{1}{|x|}\sum_{g \in x} E_g.$$
#
# $E_g$ is the row of n-gram $g$ in a table of $4{,}096 \times 32$, and $|x|$ the number of n-grams; $W$ is $64 \times 32$.
# Pretraining minimises the ordinary loss over *all training classes*, with a head of their number. That head is thrown away; the
# five-way head starts at zero. The outer rate was chosen on validation classes in chapter 06.

# %%
from metalearn_lab import Budget, Rates, meta_train
from metalearn_lab.comparison.methods import build, outer_optimizer, training_batches

budget = Budget(iterations=iterations, meta_batch=meta_batch)


def trained(name, rates):
    """A learner that has seen the training classes."""
    learner = build(name, training, rates, budget, seed)
    batches = training_batches(learner, training, budget, seed)
    optimizer = outer_optimizer(learner, rates)
    meta_train(learner, batches, iterations=iterations, optimizer=optimizer)
    return learner


network = trained("fine_tuning", Rates(inner_lr=0.1, outer_lr=0.01)).model
print(network)

# %% [markdown] tags=["instructor"]
# **Instructor, 3 minutes.** Ask why the pretraining head cannot be kept (its classes are others), and why the new one starts at zero
# rather than at random: which of five new classes is called "0" means nothing.

# %% [markdown]
# ## Four ways to adapt
#
# All four are the *same* algorithm, plain gradient descent on the support set,
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
# The embedding table is frozen in all but the last, and what no step moves needs computing only once: for the other three a sentence
# is its 32 numbers $z$, and the hidden layer `body.1` becomes `body.0`. The second cell checks that nothing else changes.

# %%
from metalearn_lab import JointPretraining
from metalearn_lab.models.text_encoder import above_table


def adapting(model, adapts):
    """Gradient descent from the model's weights on those that match the pattern."""
    return JointPretraining(model, F.cross_entropy, inner_lr=0.1, inner_steps=5, adapts=adapts)


with torch.no_grad():
    z = network.body[0](world.ids)  # 32 numbers for each sentence of the table
upper = above_table(network)  # the layers above the table, the same weights

inputs = {"z": z, "ids": world.ids}
test = {kind: world.sampler("test", x).batch(0, test_episodes) for kind, x in inputs.items()}

# %% tags=["nbval-check-output"]
few = {
    kind: first_shots(world.sampler("test", x).batch(0, 5), ways, shots[-1])
    for kind, x in inputs.items()
}
on_z = adapting(upper, "*").adapt(few["z"].support, 5)[-1]
on_ids = adapting(network, ("body.1.*", "head.*")).adapt(few["ids"].support, 5)[-1]
renamed = {"body.0.weight": "body.1.weight", "body.0.bias": "body.1.bias"}
gaps = [(on_z[name] - on_ids[renamed.get(name, name)]).abs().max() for name in on_z]
proof("five steps on z and five on ids end at the same weights (max |Δ|)", gaps, below=1e-5)

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Ask which of the four lets a thousand customers share one network. All but full fine-tuning: each customer
# keeps only the numbers that move. Here last layers keep 2,437; in a large network a single layer is already many, and LoRA keeps few.

# %% [markdown]
# ## LoRA by hand
#
# Full fine-tuning of a layer adds an arbitrary matrix to its weights $W_0$. LoRA allows only one of rank $r$ or less, as a product of two thin ones:
#
# $$W = W_0 + s\,BA, \qquad A \in \mathbb{R}^{r \times \text{in}}, \quad B \in \mathbb{R}^{\text{out} \times r}, \qquad s = \frac{\texttt{lora\_alpha}}{r}.$$
#
# $W_0$ is frozen (`adapts` leaves it out), $A$ starts at random and $B$ at zero. The scale $s$ is the method's own; it is not the inner rate α.

# %%
from torch import nn


class LoRA(nn.Module):
    """A dense layer with W = W_0 + s B A."""

    def __init__(self, base, rank, lora_alpha, a):
        super().__init__()
        self.base, self.scale = base, lora_alpha / rank
        self.lora_A = nn.Parameter(a)
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank, dtype=a.dtype))

    def forward(self, x):
        return self.base(x) + self.scale * (x @ self.lora_A.T) @ self.lora_B.T


# %% [markdown]
# The package has the same, with checks and a merge, and `with_lora` to put it on the layers that you name. **Predict** before
# the next cell: at the very first step, which of $A$ and $B$ has a gradient, and why?

# %% tags=["nbval-check-output"]
import copy

from metalearn_lab import with_lora

base = copy.deepcopy(upper).double().cpu()  # float64, to tell rounding from a difference
# At zero the head would let no gradient through to the layers under it.
nn.init.normal_(base.head.weight, generator=torch.Generator().manual_seed(0))
model = with_lora(base, ["body.0"], rank=4, lora_alpha=8)
layer = model.get_submodule("body.0")
x, y = few["z"].support.x[0].double().cpu(), few["z"].support.y[0].cpu()
by_hand = LoRA(base.body[0], 4, 8, layer.lora_A.detach())

proof("at step 0 LoRA equals the base, bit for bit", torch.equal(model(x), base(x)))
F.cross_entropy(model(x), y).backward()
proof("at step 0 the gradient of A is zero", (layer.lora_A.grad == 0).all())
proof(
    "at step 0 the gradient of B is not zero (max |∂L/∂B|)",
    layer.lora_B.grad.abs().max(),
    above=0,
)

# %% [markdown]
# With $G = \partial L/\partial W$ the chain rule gives
#
# $$\frac{\partial L}{\partial B} = s\,G A^\top, \qquad \frac{\partial L}{\partial A} = s\,B^\top G = 0 \text{ at the start.}$$
#
# So the first step of LoRA changes the weights by $\Delta W = -\alpha\, s^2\, G A^\top A$: the step of full fine-tuning, seen through the
# $r$ random directions of $A$. A thin $A$ sees little of $G$; a square orthogonal $A$ with $s = 1$ sees all of it.
# (The head is random here. With the five-way head at zero, $G$ is zero too, and the very first step moves the head alone.)

# %% tags=["nbval-check-output"]
from metalearn_lab import Split

alpha, support = 0.1, Split(x[None], y[None])


def weight_change(model, steps):
    """s B A after some steps on one support set."""
    learner = adapting(model, ("*lora_*", "head.*"))
    theta, lora = learner.adapt(support, steps)[-1], model.get_submodule("body.0")
    return lora.scale * theta["body.0.lora_B"][0] @ theta["body.0.lora_A"][0]


plain = adapting(base, "body.0.weight").adapt(support, 1)
full_step = (plain[1]["body.0.weight"] - plain[0]["body.0.weight"])[0]
a = layer.lora_A.detach()
gap = (weight_change(model, 1) - layer.scale**2 * full_step @ a.T @ a).abs().max()
proof("the first step of LoRA is the full step times s² AᵀA (max |Δ|)", gap, below=1e-12)

square = with_lora(base, ["body.0"], rank=32, lora_alpha=32)
nn.init.orthogonal_(square.get_submodule("body.0").lora_A, generator=torch.Generator())
gap = (weight_change(square, 1) - full_step).abs().max()
proof(
    "with a square orthogonal A and s = 1, the first step of LoRA is the full step (max |Δ|)",
    gap,
    below=1e-12,
)
values = torch.linalg.svdvals(weight_change(model, 20))
print("rank of the change after 20 steps:", int((values > 1e-10 * values[0]).sum()))

# %% [markdown]
# Once adapted, the correction is added into the weights, and the layer costs what it cost before:

# %% tags=["nbval-check-output"]
with torch.no_grad():
    layer.lora_B.normal_(generator=torch.Generator().manual_seed(1))
    by_hand.lora_B.copy_(layer.lora_B)
    proof("LoRA by hand equals the package's, bit for bit", torch.equal(by_hand(x), layer(x)))
    gap = (layer.merged()(x) - layer(x)).abs().max()
proof("the merged layer equals LoRA (max |Δ|)", gap, below=1e-12)

# %% [markdown] tags=["instructor"]
# **Instructor, 12 minutes.** Let them derive both gradients on paper. Then ask what happens if A *and* B start at zero (no gradient,
# ever), and if both start at random (step 0 is not the base any more). The usual slip is to scale α and forget that $s$ enters squared.

# %% [markdown]
# ## The same by `peft`
#
# In practice you take the library. `LoraConfig` names the layers; `modules_to_save` trains a copy of the head in full. From the same
# $A$, with plain SGD in PyTorch's ordinary loop, it must do what our lines do. (Its count of all parameters has the head twice: the frozen
# one and the copy.)

# %%
import peft

config = peft.LoraConfig(
    r=4, lora_alpha=8, target_modules=["body.0"], modules_to_save=["head"], lora_dropout=0.0
)
theirs = peft.get_peft_model(copy.deepcopy(base), config)
theirs.print_trainable_parameters()

# %% tags=["nbval-check-output"]
ours = with_lora(base, ["body.0"], rank=4, lora_alpha=8)
with torch.no_grad():
    their_a = theirs.get_submodule("base_model.model.body.0.lora_A.default").weight
    their_a.copy_(ours.get_submodule("body.0").lora_A)
proof("at step 0 peft equals the base, bit for bit", torch.equal(theirs(x), base(x)))

learner = adapting(ours, ("*lora_*", "head.*"))
ours_along = [learner.predict(theta, x[None])[0] for theta in learner.adapt(support, 20)]
optimizer = torch.optim.SGD([p for p in theirs.parameters() if p.requires_grad], lr=alpha)
gaps = []
for outputs in ours_along:
    gaps.append((theirs(x) - outputs).abs().max().item())
    optimizer.zero_grad()
    F.cross_entropy(theirs(x), y).backward()
    optimizer.step()
proof("our outputs after 0, 1, …, 20 steps are those of peft (max |Δ|)", gaps, below=1e-9)

# %% [markdown] tags=["instructor"]
# **Instructor, 4 minutes.** Show `print(theirs)` and let them find $W_0$, $A$, $B$ and the two heads in it. Ask why the
# embedding table was left out here: `peft` adapts an `nn.Embedding`, and ours is a mean of n-gram rows of its own kind.

# %% [markdown]
# ## How accuracy moves with K, and with what is trained
#
# Now every way of adapting, at every $K$. LoRA sits beside the hidden layer, with $s = 4$, in ranks 1 to 8; the table stays frozen
# there. For each method and each $K$ the inner rate and the number of steps are chosen on the *validation* classes: three
# rates, up to `most_steps` steps, the same for all.

# %%
ranks = (1, 4, 8)
lora = {r: with_lora(upper, ["body.0"], rank=r, lora_alpha=4 * r) for r in ranks}
learners = {
    "linear_probe": (adapting(upper, "head.*"), "z"),
    **{f"lora_{r}": (adapting(lora[r], ("*lora_*", "head.*")), "z") for r in ranks},
    "last_layers": (adapting(upper, ("body.*", "head.*")), "z"),
    "fine_tuning": (adapting(network, "*"), "ids"),
}

# %% tags=["nbval-check-output"]
from metalearn_lab.evaluation.few_shot_score import trainable_parameters
from metalearn_lab.figures.shots import label

for name, (learner, _) in learners.items():
    print(f"{label(name):<26} {trainable_parameters(learner):>9,} trainable numbers")

# %%
from tqdm import tqdm

from metalearn_lab import few_shot_score

validation = {
    kind: world.sampler("validation", x).batch(0, validation_episodes) for kind, x in inputs.items()
}
rates, at_once = (0.1, 0.3, 1.0), {"z": 100, "ids": 25}


def score(learner, kind, k, rates=rates, steps=most_steps):
    """Accuracy on each test episode, with settings chosen on validation classes."""
    parts = (first_shots(tasks[kind], ways, k) for tasks in (validation, test))
    settings = {"inner_lrs": rates, "most_steps": steps}
    return few_shot_score(learner, *parts, **settings, tasks_at_once=at_once[kind])


scores = {
    name: {k: score(learner, kind, k) for k in shots}
    for name, (learner, kind) in tqdm(learners.items(), unit="method")
}

# %% [markdown]
# And the method that trains nothing. Its n-grams of three to five characters were chosen in chapter 06, on the validation classes of split 0; its
# weights come from the training classes' sentences, without their labels.

# %%
from dataclasses import replace

from metalearn_lab.comparison.nearest_class_mean import nearest_class_mean_by_shots
from metalearn_lab import FewShotScore

classes = world.classes._replace(train=training.classes.train)
everything = replace(world, classes=classes)
untrained = nearest_class_mean_by_shots(everything, "test", test_episodes, (3, 5), shots)
scores = {"nearest_class_mean": {k: FewShotScore(a) for k, a in untrained.items()}, **scores}

# %%
import pandas as pd


def percent(score):
    """Mean accuracy and the half-width of its 95 % interval over episodes, in per cent."""
    return f"{100 * score.mean.mean:.1f} ± {100 * score.mean.half_width:.1f}"


print(f"accuracy in per cent on {test_episodes} unseen-class episodes, {ways}-way")
pd.DataFrame(
    {f"K = {k}": {label(name): percent(each[k]) for name, each in scores.items()} for k in shots}
)

# %% [markdown]
# Intervals that overlap say little here, because all methods meet the same episodes. So take differences episode by episode:

# %%
from metalearn_lab import interval_over_tasks
from metalearn_lab.workbook.headline import headline


def ahead(one, other, k):
    """Points by which one method is ahead of another at K, with the 95 % interval."""
    gap = scores[one][k].accuracy - scores[other][k].accuracy
    return interval_over_tasks(100 * gap)


few_shot, many_shot = shots[0], shots[-1]
gaps = {k: ahead("fine_tuning", "linear_probe", k) for k in (few_shot, many_shot)}
said = {k: f"{gap.mean:+.1f} ± {gap.half_width:.1f}" for k, gap in gaps.items()}
headline(
    f"Full fine-tuning less linear probe: {said[few_shot]} points at K = {few_shot}, "
    f"{said[many_shot]} at K = {many_shot} ({test_episodes} episodes, paired).",
    **{f"gap_{k}": gap for k, gap in gaps.items()},
)

# %% tags=["nbval-check-output"]
ways_to_adapt = list(learners)
at_one = [scores[name][few_shot].mean.mean for name in ways_to_adapt]
finding(
    "K = 1: all trained ways are within 3 points of each other",
    100 * (max(at_one) - min(at_one)),
    below=3,
)
for one, other in (
    ("lora_8", "linear_probe"),
    ("last_layers", "lora_8"),
    ("fine_tuning", "linear_probe"),
):
    finding(
        f"K = {many_shot}: {label(one)} is ahead of {label(other)} "
        "by more than the paired interval",
        ahead(one, other, many_shot),
        above=0,
    )
if len(shots) > 1:
    finding(
        "K > 1: the untrained one is ahead of each trained one by more than the paired interval",
        [ahead("nearest_class_mean", name, k) for name in learners for k in shots[1:]],
        above=0,
    )

# %% [markdown]
# (a) At $K = 1$ all trained ways lie within three points: many trainable numbers do not ruin a small $K$, if rate and
# number of steps are chosen. (b) At $K = 32$, more that moves is better. A likely reason: some twenty training classes do not
# make features that suit every new class, and now there is data to mend them. (c) From $K = 2$ on, counting n-grams is ahead of all.
# It has more to count with: n-grams of up to five characters in a million buckets, where the network has those of two and three in 4,096.
# A table without that row would have hidden it.
#
# ### Features or steps?
#
# At large $K$ the settings chosen use nearly all the steps that were allowed. So the table says how
# far each gets in `most_steps` steps, not how far it could get. **Predict:** with five times the steps, does the probe catch
# up with the last layers?

# %%
k, longer = shots[-2:][0], 5 * most_steps
probe, layers = "linear_probe", "last_layers"
patient = {name: score(*learners[name], k, steps=longer) for name in (probe, layers)}
print(f"K = {k}, {test_episodes} episodes")
for name, each in patient.items():
    was, now = (f"{percent(x)} in {x.steps} steps" for x in (scores[name][k], each))
    print(f"{label(name):<24} {was}; {now}")
gained = interval_over_tasks(100 * (patient[probe].accuracy - scores[probe][k].accuracy))
lead = interval_over_tasks(100 * (patient[layers].accuracy - patient[probe].accuracy))
print(f"the probe gains {gained.mean:+.1f} ± {gained.half_width:.1f}")
print(f"last layers less probe, now {lead.mean:+.1f} ± {lead.half_width:.1f}")

# %% tags=["nbval-check-output"]
finding("with more steps the probe gains by more than the paired interval", gained, above=0)
finding(
    "with more steps last layers stay ahead of the probe by more than the paired interval",
    lead,
    above=0,
)
finding(
    "with more steps the lead of the last layers is smaller",
    ahead(layers, probe, k).mean - lead.mean,
    above=0,
)

# %% [markdown]
# Not quite: part of the lead was steps, the rest is features. Fewer trainable numbers were slower here, so a table at equal steps
# flatters those that train many. Where a line flattens as $K$ grows, suspect the step limit first.
#
# ### Move it
#
# Left, accuracy against $K$; right, at the marked $K$, against the trainable numbers (LoRA: ranks 1, 4, 8 from left to right).
# Compare each with the probe. **Predict** from which $K$ on full fine-tuning is ahead by more than the interval, and from which $K$ on rank 8
# is ahead of rank 1.

# %%
from metalearn_lab.explorers.shots_explorer import ShotsExplorer

ShotsExplorer(scores, chance=1 / ways).show()

# %%
for one, other in (("fine_tuning", "linear_probe"), ("lora_8", "lora_1")):
    leads = {k: ahead(one, other, k) for k in shots}
    said = ", ".join(f"{gap.mean:+.1f} ± {gap.half_width:.1f}" for gap in leads.values())
    print(f"{label(one)} less {label(other)}, K = {shots[0]}, …, {shots[-1]}:\n  {said}")

# %% [markdown] tags=["instructor"]
# **Instructor, 12 minutes.** Return to the numbers on the board. Set *compared with* to the probe and step through $K$: let them say
# at which $K$ the difference leaves its interval. Ask what the interval does *not* cover (other classes, another training).

# %% [markdown]
# ## Over-fitting, made visible
#
# With one sentence a class any of these methods can fit its support set perfectly. What happens to the queries meanwhile?
# Here everyone takes the same small rate, α = 0.1, and `long_steps` steps.
#
# **Predict** for $K = 1$: the loss on the support falls to nearly nothing. Does the query *loss* follow, level off, or turn?
# And the query *accuracy*?

# %%
from metalearn_lab.experiments.over_fitting import over_fitting

few_shots = shots[:3]
watched = ("linear_probe", "lora_8", "last_layers", "fine_tuning")
episodes = min(40, test_episodes)
some = {kind: world.sampler("test", x).batch(0, episodes) for kind, x in inputs.items()}


def trace(learner, kind, k):
    """Loss and accuracy on both sides after every step."""
    return over_fitting(learner, first_shots(some[kind], ways, k), long_steps)


traces = {name: {k: trace(*learners[name], k) for k in few_shots} for name in watched}

# %%
from metalearn_lab.explorers.over_fitting_explorer import OverFittingExplorer

OverFittingExplorer(traces, chance=1 / ways).show()

# %% tags=["nbval-check-output"]
from itertools import pairwise

at_one = [traces[name][few_shot] for name in watched]


def rise(values, turn):
    """From the turn of the query loss to the end, with the paired interval."""
    return interval_over_tasks(values[:, -1] - values[:, turn])


finding(
    "K = 1: the support loss of each method ends below 0.02",
    [each.support_loss[:, -1].mean() for each in at_one],
    below=0.02,
)
finding(
    "K = 1: the query loss of each method turns and rises by more than the paired interval",
    [rise(each.query_loss, each.turning_step) for each in at_one],
    above=0,
)
finding(
    "K = 1: accuracy at the end is less than 4 points from that at the turn, for each method",
    [100 * rise(each.query_accuracy, each.turning_step).mean for each in at_one],
    above=-4,
    below=4,
)
first = [each.turning_step for each in at_one]
finding("K = 1: the methods turn at most five steps apart", max(first) - min(first), below=6)
turns = [traces["fine_tuning"][k].turning_step for k in few_shots]
if len(turns) > 1:
    finding(
        "with more shots fine-tuning never turns at an earlier step",
        [after - before for before, after in pairwise(turns)],
        above=-1,
    )
    finding(
        f"fine-tuning turns later at K = {few_shots[-1]} than at K = {few_shot}",
        turns[-1] - turns[0],
        above=0,
    )

# %% [markdown]
# The query loss turns and climbs while the accuracy hardly moves: the network keeps its answers and gets *surer* of them, also where it
# is wrong. If you need probabilities, watch the loss. Now choose *pretrain + fine-tune*: with 400 times the
# numbers of the probe it turns at nearly the same step. At $K = 1$ the number of *steps* decides, not the number of weights; with more
# *sentences* the turn comes later.

# %% [markdown] tags=["instructor"]
# **Instructor, 8 minutes.** Take $K = 1$ and walk the step from 0 to the end, reading out query loss and accuracy from the table. Ask
# how a loss can rise while the accuracy stays. Then $K = 4$: where did the turn go?

# %% [markdown]
# ## What transfer and meta-learning really differ in
#
# Not the network, and not what happens at test time: both take gradient steps on the support set. Only the outer objective differs.
#
# | | minimised over training tasks | in the code |
# | --- | --- | --- |
# | **transfer** | $L_{S \cup Q}(\theta)$: the loss *before* adaptation | `loss_at(weights, both)` |
# | **meta (MAML)** | $L_Q(\theta_k)$, $\theta_{j+1} = \theta_j - \alpha\nabla L_S(\theta_j)$: the loss *after* it | `loss_at(inner_loop(weights, support, k)[-1], query)` |
#
# **Predict.** Give MAML $k = 0$ inner steps, and both the same points. How do their gradients differ?

# %% tags=["nbval-check-output"]
from metalearn_lab import MAML

tasks = training.sampler("train").batch(0, 4)
grown = copy.deepcopy(network)
with torch.no_grad():  # at zero the head would hide the gradient of the layers under it
    grown.head.weight.copy_(base.head.weight)
gradients = []
for kind, k in ((JointPretraining, 5), (MAML, 0), (MAML, 1)):
    learner = kind(grown, F.cross_entropy, inner_lr=0.5, inner_steps=k)
    learner.zero_grad()
    learner(tasks).backward()
    gradients.append(torch.cat([p.grad.flatten() for p in grown.parameters()]))
pretraining, no_step, one_step = gradients
proof(
    "MAML with k = 0 has pretraining's gradient (relative error)",
    (no_step - pretraining).norm() / pretraining.norm(),
    below=1e-5,
)
finding(
    "MAML with k = 1 has another gradient than pretraining (relative error)",
    (one_step - pretraining).norm() / pretraining.norm(),
    above=0.01,
)

# %% [markdown]
# Not at all: MAML without a step is pretraining, and one step parts them. (With classes comes one thing more: labels are dealt anew in every
# episode, so pretraining needs a head of its own over all training classes, as above.) What does the other objective buy? MAML is trained on the
# *same sentences* for as many iterations, with five inner steps on one-shot episodes; its rates were chosen in chapter 06, on validation
# classes. At test time both adapt all weights, with settings chosen alike.
#
# **Predict:** who is ahead at $K = 1$, and by how many points? And at $K = 8$, which MAML never met in training?

# %%
maml = trained("maml", Rates(inner_lr=2.0, outer_lr=0.003))
compared = [k for k in (1, 8) if k in shots]
tried = (0.3, 1.0, 2.0)  # for both; 2.0 is the α that MAML was trained with
meta = {k: score(maml, "ids", k, tried) for k in compared}
transfer = {k: score(learners["fine_tuning"][0], "ids", k, tried) for k in compared}

leads = {k: interval_over_tasks(100 * (meta[k].accuracy - transfer[k].accuracy)) for k in compared}
for k, lead in leads.items():
    print(f"K = {k}: MAML less fine-tuning {lead.mean:+.1f} ± {lead.half_width:.1f}, same episodes")
    for name, each in (("MAML", meta[k]), ("pretrain + fine-tune", transfer[k])):
        print(f"  {name:<28}{percent(each)}  (α = {each.inner_lr:g}, {each.steps} steps)")
    print(f"  {label('nearest_class_mean'):<28}{percent(scores['nearest_class_mean'][k])}")
print(f"({test_episodes} episodes; one class split, one training)")

# %%
from metalearn_lab import adaptation_curves
from metalearn_lab.evaluation.few_shot_score import with_rate
from metalearn_lab.figures.adaptation_curves import adaptation_curves_figure
from metalearn_lab.figures.style import show_figure

chosen = {"fine_tuning": transfer[1].inner_lr, "maml": meta[1].inner_lr}
both = {"fine_tuning": learners["fine_tuning"][0], "maml": maml}
curves = {
    name: adaptation_curves(
        with_rate(learner, chosen[name]), first_shots(test["ids"], ways, 1), most_steps
    )
    for name, learner in both.items()
}
ends = {name: 100 * each.accuracy.mean(0)[[0, 1, -1]] for name, each in curves.items()}
said = ", ".join(f"{label(n)} {e[0]:.0f}, {e[1]:.0f} and {e[2]:.0f}" for n, e in ends.items())
show_figure(
    adaptation_curves_figure(curves, "accuracy", chance=1 / ways),
    f"One-shot accuracy against the inner step. Per cent before adaptation, after the first step and "
    f"after the last: {said}.",
)

# %%
headline(
    f"MAML less pretrain + fine-tune at K = 1, on the same {test_episodes} episodes: "
    f"{leads[1].mean:+.1f} ± {leads[1].half_width:.1f} points.",
    curves=curves,
    **{f"lead_{k}": lead for k, lead in leads.items()},
)

# %% tags=["nbval-check-output"]
before = [each.accuracy[:, 0].mean().item() for each in curves.values()]
five = curves["maml"].accuracy.mean(0)[min(5, most_steps)]
finding(
    "before adaptation MAML is less than 2 points from chance",
    100 * (before[list(curves).index("maml")] - 1 / ways),
    above=-2,
    below=2,
)
last = curves["fine_tuning"].accuracy.mean(0)[-1]
finding(
    "K = 1: MAML after five steps is above where transfer ends, in points",
    100 * (five - last),
    above=0,
)
finding(
    f"MAML is ahead of transfer at K = {' and '.join(map(str, leads))} "
    "by more than the paired interval",
    list(leads.values()),
    above=0,
)
costs = [both[name].gradients_per_task for name in ("maml", "fine_tuning")]
print("gradients that MAML's training took for each of pretraining's:", costs[0] // costs[1])

# %% [markdown]
# Both begin at chance: labels are dealt anew in every episode, so before it has seen the support set no start can know them. What MAML
# has learned is a start from which a few steps lead to a better place. Same network, same sentences, same adaptation; what differs is the
# objective, and the gradients spent on it. And this is one class split of one small data set: chapter 06 has three, and more baselines.
# Where there are many training classes, a large network, or test classes
# from another domain, published comparisons found simple transfer level or ahead (Chen et al., Tian et al. below).
# *Meta-learning beats fine-tuning* is no law. How MAML takes its gradient through the steps is [chapter 03](03_maml.ipynb).

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Write both objectives one under the other and let them find the one symbol that differs. Then play the
# sceptic: which of data, gradients, seconds and choices were equal, and which were not?

# %% [markdown]
# ## Try it yourself

# %% [markdown] tags=["instructor"]
# **Instructor, 20 minutes.** 1 to 3 in class, in pairs; 4 is a good question to end on, 5 is homework. In 1 most build the whole
# product first: it is right, and the check says so, but ask them what it costs for a table of a million rows.

# %% [markdown]
# **1.** LoRA above left the embedding table frozen. Write its forward for the table: rows of $E_0 + s\,AB$, where $A$ has a row for each
# n-gram and $B$ is $r \times \text{dim}$. *Hint:* $AB$ is as large as the table; you need only the rows that occur.


# %% tags=["exercise"]
def lora_table(ids, table, a, b, s):
    """The rows `ids` of table + s a b: ids [items], table [rows, dim], a [rows, r], b [r, dim]."""
    # <solution>
    return table[ids] + s * a[ids] @ b
    # </solution>


# %%
from metalearn_lab.exercises.transfer import check_lora_table

check_lora_table(lora_table)

# %% [markdown]
# **2.** How many numbers does LoRA of rank $r$ train on one dense layer? From which rank on is it more than the layer's weight matrix has?


# %% tags=["exercise"]
def lora_parameters(inputs, outputs, rank):
    """How many numbers A and B hold together."""
    # <solution>
    return rank * (inputs + outputs)
    # </solution>


# %%
from metalearn_lab.exercises.transfer import check_lora_parameters

check_lora_parameters(lora_parameters)

# %% [markdown]
# <details><summary>Answer to the second question</summary>
#
# When $r(\text{in} + \text{out}) > \text{in} \cdot \text{out}$, that is $r > \frac{\text{in} \cdot \text{out}}{\text{in} + \text{out}}$. For our layer, $32 \times 64$, from
# rank 22 on. LoRA is made for large layers: on $768 \times 768$ it is from rank 385 on.
#
# </details>
#
# **3.** What should adapt? You are given the accuracies of the candidates on validation and on test classes. Return the name of the one
# to deploy.


# %% tags=["exercise"]
def choose(validation, test):
    """The name to deploy: both arguments map a name to an accuracy."""
    # <solution>
    return max(validation, key=validation.get)
    # </solution>


# %%
from metalearn_lab.exercises.transfer import check_choose

check_choose(choose)

# %% [markdown]
# **4.** Start $A$ *and* $B$ of LoRA at zero. What does it learn? Now start both at random: what is lost? Answer before you open.
#
# <details><summary>Answer</summary>
#
# Both at zero: $\partial L/\partial B = s\,GA^\top = 0$ and $\partial L/\partial A = s\,B^\top G = 0$, so neither ever moves, and only the head
# learns. Both at random: there is a gradient everywhere, but step 0 is no longer the pretrained network; a random matrix has been added to it.
#
# </details>
#
# **5.** Run the chapter with `class_split = 1`. Which facts still hold, and which accuracies at $K = 1$ moved most?
#
# <details><summary>Answer</summary>
#
# When we ran split 1, all trained ways fell far at $K = 1$ and the untrained row hardly, so it was ahead there too.
# MAML's lead over transfer at $K = 1$ does not clear its interval on every split, nor with every seed: one run tells you
# one thing or the other. Chapter 06 has three splits.
#
# </details>

# %% [markdown]
# ## What to remember
#
# - Probe, LoRA, last layers and full fine-tuning are one algorithm; they differ in which entries of θ move.
# - LoRA starts exactly at the base because $B = 0$, and its first step is the full step seen through $A^\top A$.
# - At $K = 1$ it hardly matters how much adapts; with more shots it pays to let more move, and to allow enough steps. Choose all three on validation classes.
# - Over-fitting shows in the query *loss* first; a low support loss says nothing.
# - Transfer minimises a loss before adaptation, meta-learning the loss after it. Everything else can be the same.
# - Keep a method that trains nothing in every table.
#
# ## Sources
#
# - Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022.
# - Chen et al., "A Closer Look at Few-shot Classification", ICLR 2019; Tian et al., "Rethinking Few-Shot Image Classification: a Good Embedding Is All You Need?", ECCV 2020: strong transfer baselines.
# - Finn, Abbeel and Levine, "Model-Agnostic Meta-Learning", ICML 2017.
# - The library: `peft`, Apache-2.0. Sentences: `home-assistant-intents`, Apache-2.0.
#
# Next: [03 MAML](03_maml.ipynb), which differentiates through the adaptation.
