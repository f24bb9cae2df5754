# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/04_first_order_and_reptile.ipynb)
#
# # First-order MAML and Reptile
#
# After this chapter you will be able to
#
# - say what first-order MAML drops, and above which inner step size its meta-gradient points elsewhere;
# - write Reptile in one line, and show why one inner step makes it joint training and ten do not;
# - recognise four wrong formulas by where they lead, each run beside the right one.
#
# **The question.** MAML's gradient goes through its own inner loop, which costs memory and a second derivative for each
# step. What does a learner that leaves this out lose, and what does it still learn?

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% [markdown]
# The cell below holds the chapter's parameters. `make run ARGS="04 -p iterations 30000"` trains ten times as long;
# more `draws` make the Monte Carlo intervals narrower.

# %% tags=["parameters"]
iterations: int = 3000  # outer steps of each training on the sinusoids
inner_lr: float = 0.01  # α on the sinusoids
outer_lr: float = 0.001  # β, the rate of the outer Adam
reptile_steps: int = 10  # k of Reptile on the sinusoids, 2 or more
unseen_tasks: int = 300  # tasks that the results of training are taken over
angle_tasks: int = 50  # tasks that the angles are taken over
draws: int = 20000  # Monte Carlo draws for each number of minibatches
seed: int = 0  # of the weights, the tasks and the draws
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## What first-order MAML drops
#
# With inner steps $\theta_{j+1} = \theta_j - \alpha\,\nabla L_S(\theta_j)$ and Hessians $H_j = \nabla^2 L_S(\theta_j)$,
#
# | | meta-gradient | |
# | --- | --- | --- |
# | **MAML** | $(I - \alpha H_0)(I - \alpha H_1)\cdots(I - \alpha H_{k-1})\;\nabla L_Q(\theta_k)$ | how $L_Q(\theta_k)$ changes with $\theta$ |
# | **first-order MAML** | $\nabla L_Q(\theta_k)$ | how $L_Q$ changes where the inner loop ended |
#
# The first is the true gradient of $L_Q(\theta_k)$ in $\theta$; it takes a Hessian-vector product for each inner
# step. The second drops every factor $(I - \alpha H_j)$.
#
# **Predict.** For which loss, or which inner step size, are the two the same vector? (Answer in the next section.)
#
# Here are both for one inner step on one sinusoid, and the Hessian-vector product that makes their difference:

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

import torch
from torch.func import functional_call
from torch.nn import functional as F

from metalearn_lab import MLP, Sinusoids, choose_device, to_device
from metalearn_lab.tasks.devices import device_in_words

where = choose_device(device)
print("Computing on", device_in_words(where))

training = Sinusoids(split="train", seed=seed)
one_task = to_device(training.batch(0, 1), where)
(support_x, support_y), (query_x, query_y) = one_task
network = MLP([1, 40, 40, 1], activation="tanh", seed=seed).to(where)
names, theta = zip(*network.named_parameters(), strict=True)

support_loss = F.mse_loss(network(support_x[0]), support_y[0])
g = torch.autograd.grad(support_loss, theta, create_graph=True)
theta_1 = [weight - inner_lr * slope for weight, slope in zip(theta, g, strict=True)]

adapted = dict(zip(names, theta_1, strict=True))
query_loss = F.mse_loss(functional_call(network, adapted, query_x[0]), query_y[0])
exact = torch.autograd.grad(query_loss, theta, retain_graph=True)  # through the inner step
first_order = torch.autograd.grad(query_loss, theta_1, retain_graph=True)  # at its end
H_times = torch.autograd.grad(g, theta, grad_outputs=first_order)  # H ∇L_Q(θ₁)

# %% [markdown]
# The learners of the package are the same two formulas. First-order MAML holds the inner gradients constant; then
# $\theta_k$ moves one for one with $\theta$, and that *is* the dropping of the factors.

# %% tags=["nbval-check-output"]
from metalearn_lab.evaluation.meta_gradient_check import meta_gradient
from metalearn_lab import MAML, FirstOrderMAML
from metalearn_lab.workbook.facts import finding, proof

for kind, by_hand in ((MAML, exact), (FirstOrderMAML, first_order)):
    learner = kind(network, F.mse_loss, inner_lr=inner_lr, inner_steps=1)
    ours = meta_gradient(learner, one_task, "loop").values()
    off = [(a - b).abs().max() for a, b in zip(ours, by_hand, strict=True)]
    proof(f"{kind.__name__} is the gradient by hand", off, below=1e-5)
off = [
    (whole - (part - inner_lr * product)).abs().max()
    for whole, part, product in zip(exact, first_order, H_times, strict=True)
]
proof("the exact gradient is the first-order one − αH times it", off, below=1e-5)

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Ask which line of the cell makes it second order (`create_graph=True`), and what `exact`
# would be without it: no error, and exactly `first_order`. Only the line of `H_times` fails then, because `g` no longer
# has a graph; most training code has no such line. Chapter 05 has that failure.

# %% [markdown]
# ## When it matters
#
# What is dropped has the size of $\alpha H$. It is often said that first-order MAML is nearly exact for ReLU
# networks, since a ReLU is made of straight pieces and has no second derivative.
#
# **Predict.** For the sinusoid network and squared error, at $\alpha = 0.01$: is the angle between the two
# meta-gradients much smaller with ReLU than with tanh? And which is larger: the angle at random weights, or at
# weights that MAML has trained?
#
# We need trained weights, so we train both learners with both activations, on the same tasks from the same start.

# %%
from metalearn_lab.experiments.gradient_angle import gradient_angles
from metalearn_lab import meta_train

rates = (0.0001, 0.0003, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
angle_on = to_device(Sinusoids(split="validation", seed=seed).batch(0, angle_tasks), where)


def meta_batch(iteration):
    """The tasks of an outer step."""
    return to_device(training.batch(25 * iteration, 25), where)


def trained(kind, activation):
    """A learner, meta-trained with one inner step."""
    model = MLP([1, 40, 40, 1], activation=activation.lower(), seed=seed)
    learner = kind(model, F.mse_loss, inner_lr=inner_lr, inner_steps=1).to(where)
    optimizer = torch.optim.Adam(learner.parameters(), lr=outer_lr)
    meta_train(learner, meta_batch, iterations=iterations, optimizer=optimizer)
    return learner


learners = {
    (kind, name): trained(kind, name)
    for kind in (MAML, FirstOrderMAML)
    for name in ("ReLU", "tanh")
}

# %%
starts = {}
for name in ("ReLU", "tanh"):
    untrained = MLP([1, 40, 40, 1], activation=name.lower(), seed=seed)
    starts[name, "untrained"] = untrained.to(where)
    starts[name, "trained"] = learners[MAML, name].model
measured = {
    key: gradient_angles(model, F.mse_loss, angle_on, rates, steps=10)
    for key, model in starts.items()
}

# %% [markdown]
# Choose an activation, a start (*trained* is by MAML with $k = 1$) and $k$. The angle is taken task by task. At 90° the
# first-order gradient says nothing about MAML's loss; beyond 90° a step against it *raises* that loss. The dotted line
# is $\alpha\lambda = 1$ for the chosen activation, with $\lambda$ the largest curvature: the largest eigenvalue of $H_0$
# (chapter 03), mean over the tasks.

# %%
from metalearn_lab.explorers.gradient_angle_explorer import GradientAngleExplorer

GradientAngleExplorer(measured).show()

# %%
import pandas as pd

from metalearn_lab import interval_over_tasks


def degrees(activation, start, rate, k):
    """Angles of all tasks."""
    found = measured[activation, start]
    return found.degrees[found.rates.index(rate), k - 1]


def plus_minus(values, digits=1):
    """Mean ± half-width of the 95 % interval over tasks."""
    mean, half, _ = interval_over_tasks(values)
    return f"{mean:.{digits}f} ± {half:.{digits}f}"


# %%
def from_the_loss(model):
    """The largest eigenvalue of (2/K) JᵀJ, from the small matrix (2/K) JJᵀ; mean over tasks."""
    weights = {name: weight.detach() for name, weight in model.named_parameters()}

    def of_one(x):
        parts = torch.func.jacrev(lambda each: functional_call(model, each, x)[:, 0])(weights)
        J = torch.cat([part.flatten(1) for part in parts.values()], 1)
        return 2 / len(x) * torch.linalg.eigvalsh(J @ J.T)[-1]

    return torch.func.vmap(of_one)(angle_on.support.x).mean().item()


# %%
shares = {key: from_the_loss(starts[key]) / measured[key].curvature.mean().item() for key in starts}
rows = {
    ", ".join(key): {
        **{f"α = 0.01, k = {k}": plus_minus(degrees(*key, 0.01, k)) for k in (1, 5)},
        "largest curvature λ": plus_minus(found.curvature, 0),
        "of λ, (2/K) JᵀJ alone has": f"{shares[key]:.0%}",
    }
    for key, found in measured.items()
}
display(pd.DataFrame(rows).T)
wider = {
    start: interval_over_tasks(degrees("ReLU", start, 0.01, 1) - degrees("tanh", start, 0.01, 1))
    for start in ("untrained", "trained")
}
mean, half, _ = wider["trained"]
print(f"trained, k = 1: the angle with ReLU minus that with tanh is {mean:.1f} ± {half:.1f}")
print(f"angles in degrees, and λ; mean and 95 % interval over {angle_tasks} tasks")

# %% [markdown]
# No: at random weights the angle is even wider with ReLU, at trained weights it is no narrower; and training widens
# both. The curvature comes from the *loss*, not from the bends of the activation: for squared error
# $H = \frac{2}{K} J^\top J$ plus the residual times the second derivatives of the network, with $J$ the
# derivatives of the outputs in the weights. A ReLU makes part of the second term vanish and leaves the first, which at
# trained weights is nearly all (the last column). What decides is $\alpha\lambda$: along the direction of $\lambda$,
# MAML's gradient has the factor $1 - \alpha\lambda$, the first-order gradient has 1. Past $\alpha\lambda = 1$ the two
# disagree about the sign. Meta-training itself makes $\lambda$ larger, because it looks for weights where one step
# changes much.

# %% tags=["nbval-check-output"]
gap = wider["untrained"]
finding("untrained: the angle is wider with ReLU, by more than the interval", gap, above=0)
mean, half, _ = wider["trained"]
finding(
    "trained: the angle is not narrower with ReLU by more than the interval", mean + half, above=0
)
before, after = (
    {name: measured[name, start] for name in ("ReLU", "tanh")} for start in ("untrained", "trained")
)
place = rates.index(0.01)
widened = [(after[n].degrees - before[n].degrees)[place, 0].mean() for n in after]
finding("training widens the angle with both activations", widened, above=0)
grown = [(after[n].curvature - before[n].curvature).mean() for n in after]
finding("training makes λ larger with both activations", grown, above=0)
off = [abs(shares[name, "trained"] - 1) for name in after]
finding("trained: (2/K) JᵀJ alone has λ, within a fifth, with both activations", off, below=0.2)

# %% [markdown]
# The answer to the first question: two cases where nothing is lost, checked below. One is the limit $\alpha \to 0$ (an
# $\alpha$ ten times smaller makes an angle ten times smaller), the other no curvature at all (a loss that is linear in
# the weights).

# %% tags=["nbval-check-output"]
smooth = MLP([1, 8, 8, 1], activation="tanh").to(where)
smaller = gradient_angles(smooth, F.mse_loss, angle_on, (1e-8, 1e-7, 1e-6), steps=3)
ratios = smaller.degrees[1:] / smaller.degrees[:-1]
off = (ratios - 10).abs().max()
proof("an α ten times smaller makes the angle ten times smaller", off, below=0.01)

line = torch.nn.Linear(1, 1).to(where)
straight = gradient_angles(
    line, lambda output, y: (output * y).mean(), angle_on, (0.01, 1.0), steps=10
)
proof("without curvature every angle is exactly 0", straight.degrees == 0)

# %% [markdown]
# An angle is not a result. **Predict:** does the learner that was trained without the factors end up worse, and with
# which activation more? (One training each: the intervals cover the choice of tasks, not of seeds.)

# %%
from metalearn_lab import adaptation_curves
from metalearn_lab.workbook.headline import headline

family = Sinusoids(queries=100, split="test", seed=seed)
unseen = to_device(family.batch(0, unseen_tasks), where)
curves = {key: adaptation_curves(learner, unseen, 10) for key, learner in learners.items()}
one_step_errors = {key: each.loss[:, 1] for key, each in curves.items()}
dropping = {
    name: one_step_errors[FirstOrderMAML, name] - one_step_errors[MAML, name]
    for name in ("ReLU", "tanh")
}
rows = {
    name: {
        "MAML": plus_minus(one_step_errors[MAML, name], 2),
        "first-order MAML": plus_minus(one_step_errors[FirstOrderMAML, name], 2),
        "difference": plus_minus(difference, 2),
    }
    for name, difference in dropping.items()
}
display(pd.DataFrame(rows).T)
headline(
    f"Query error after one step, α = {inner_lr}, on {unseen_tasks} unseen sinusoids: first-order MAML "
    f"minus MAML is {rows['ReLU']['difference']} with ReLU and {rows['tanh']['difference']} with tanh.",
    curves={
        f"{'maml' if kind is MAML else 'first_order_maml'}, {name}": each
        for (kind, name), each in curves.items()
    },
    relu=interval_over_tasks(dropping["ReLU"]),
    tanh=interval_over_tasks(dropping["tanh"]),
    tasks=unseen_tasks,
)

# %% tags=["nbval-check-output"]
for name, difference in dropping.items():
    gap = interval_over_tasks(difference)
    finding(f"{name}: first-order MAML is worse, by more than the interval", gap, above=0)
gap = interval_over_tasks(dropping["tanh"] - dropping["ReLU"])
finding("first-order MAML loses more with tanh, by more than the interval", gap, above=0)

# %% [markdown]
# On these sinusoids, after this training and for one seed each, the factors are worth having. With tanh dropping them
# costs more, although the angle was wider with ReLU: an angle at one point does not predict a whole training. In image
# classification with ReLU networks it depends: on 5-way 1-shot miniImageNet 48.07 ± 1.75 % for first-order MAML against
# 48.70 ± 1.84 % for MAML, on 20-way 1-shot Omniglot 89.4 ± 0.5 % against 95.8 ± 0.3 % (as published). So measure the
# angle, and the result, on your own network.

# %% [markdown] tags=["instructor"]
# **Instructor, 15 minutes.** Collect the predictions on ReLU against tanh before the explorer is shown; most will
# expect a wide gap. Move $k$ with the trained start, then ask why the dotted line moved left when the start changed.

# %% [markdown]
# ## Reptile
#
# Reptile has no query set and differentiates nothing twice. It trains on a task for $k$ steps, and moves the start
# $\phi$ (this algorithm's name for $\theta$) part of the way, $\epsilon$, to the point $\tilde\phi$ where that ended.
# With $n$ tasks in a meta-batch it takes the mean of their moves:
#
# $$\text{serial:}\quad \phi \leftarrow \phi + \epsilon\,(\tilde\phi - \phi), \qquad\qquad
# \text{batched:}\quad \phi \leftarrow \phi + \epsilon\,\frac{1}{n}\sum_{i=1}^{n} (\tilde\phi_i - \phi).$$
#
# Three step sizes are at work in this chapter, and they are three different things: $\alpha$ of the inner steps,
# $\beta$ of an outer optimiser on a gradient, and $\epsilon$, which is a share of the way between two points. An
# optimiser made for gradients can be handed $(\phi - \tilde\phi)/\alpha$ as if it were the gradient; the package's
# learner hands over $\phi - \tilde\phi$, so that the rate of a plain `SGD` *is* $\epsilon$.
#
# **Predict.** If every task of a meta-batch is put in three times, what happens to the update?
#
# On three tasks in the plane, bowls $\frac12(\phi - c_i)^\top A_i(\phi - c_i)$ with curvature matrices $A_i$, all of it
# has a closed form: $\tilde\phi_i = c_i + (I - \alpha A_i)^k(\phi - c_i)$. Below, the rule in one line beside the
# package's learner, which trains on data with autograd and leaves the outer step to `SGD(lr=ε)`.

# %%
from metalearn_lab import Reptile, Split, Task
from metalearn_lab.tasks.planar_quadratics import planar_quadratics
from metalearn_lab.tasks.quadratics import half_squared_error

bowls = planar_quadratics(
    steepness=[(9, 0.6), (7, 0.5), (1.5, 1.5)],
    angles=[20, 110, 0],
    centres=[(-2, -1), (2, 0.4), (0, 2)],
)


def by_rule(phi, tasks, epsilon):
    """φ + ε · mean of (φ̃ − φ), for α = 0.1 and k = 5."""
    return phi + epsilon * (tasks.adapted(phi, inner_lr=0.1, inner_steps=5) - phi).mean(0)


def by_learner(phi, data, epsilon):
    """The same step by the learner and an outer SGD."""
    model = torch.nn.Linear(2, 1, bias=False).double()
    model.weight.data[0] = phi
    learner = Reptile(model, half_squared_error, inner_lr=0.1, inner_steps=5)
    learner(data).backward()
    torch.optim.SGD(learner.parameters(), lr=epsilon).step()
    return model.weight.data[0]


# %% tags=["nbval-check-output"]
phi, data = torch.tensor([2.0, -1.5]).double(), bowls.tasks()


def repeated(times):
    """The meta-batch, several times over."""
    return Task(*(Split(*(part.repeat(times, 1, 1) for part in split)) for split in data))


step = by_learner(phi, data, 0.3)
off = (step - by_rule(phi, bowls, 0.3)).abs()
proof("batched Reptile: the learner's step is the rule's", off, below=1e-12)
first = type(bowls)(*(part[:1] for part in bowls))  # the first bowl alone
serial = phi + 0.3 * (first.adapted(phi, inner_lr=0.1, inner_steps=5)[0] - phi)
off = (by_learner(phi, first.tasks(), 0.3) - serial).abs()
proof("serial Reptile is batched Reptile with n = 1", off, below=1e-12)
off = (by_learner(phi, repeated(3), 0.3) - step).abs()
proof("a meta-batch three times over moves φ as it does once", off, below=1e-12)

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** The last line is a test worth keeping: it fails for any update that forgets $1/n$. Ask the
# class to say in one sentence why "set the parameters to the mean of the adapted ones" is Reptile only for
# $\epsilon = 1$. The published runs start at $\epsilon = 1$ and bring it down to 0.

# %% [markdown]
# ## Why Reptile with one step is joint training
#
# With $k = 1$ the whole update is $\tilde\phi - \phi = -\alpha\,\nabla L(\phi)$, a step down the task's own loss. Averaged
# over the tasks it is $-\alpha$ times the gradient of joint training: exactly a joint-training step, with step size
# $\epsilon\alpha$. On sinusoids, in float64 (the learner's gradient is $\phi - \tilde\phi$):

# %% tags=["nbval-check-output"]
from metalearn_lab import JointPretraining, merge_splits

torch.set_default_dtype(torch.float64)
batch = merge_splits(training.batch(0, 25))
precise = MLP([1, 40, 40, 1], seed=seed)
gradients = {
    k: meta_gradient(Reptile(precise, F.mse_loss, inner_lr=0.01, inner_steps=k), batch, "vmap")
    for k in (1, 2)
}
joint_learner = JointPretraining(precise, F.mse_loss, inner_lr=0.01, inner_steps=1)
wanted = meta_gradient(joint_learner, batch, "vmap")
torch.set_default_dtype(torch.float32)

off = {
    k: max((found[name] - k * 0.01 * wanted[name]).abs().max() for name in wanted)
    for k, found in gradients.items()
}
proof("k = 1: Reptile's gradient is kα times the joint gradient", off[1], below=1e-12)
proof("k = 2: Reptile's gradient is not kα times the joint gradient", off[2], above=1e-12)

# %% [markdown]
# In the plane below the dotted ellipses show how steep each task is in which direction. The explorer opens with
# $k = 1$ and all three tasks in each meta-batch: from anywhere Reptile goes to the joint optimum, the black cross.
#
# **Predict.** Start at the cross: towards which point of the plane does Reptile go with $k = 10$, and with 20? Then set
# $k = 10$. What does ticking *forget 1/n* do at $\epsilon = 0.3$, and at $\epsilon = 1$, with $n = 3$ and 6?

# %%
from metalearn_lab.explorers.reptile_path_explorer import JOINT, ReptilePathExplorer

paths_in_the_plane = ReptilePathExplorer(bowls)
paths_in_the_plane.show()

# %% [markdown]
# From the cross with $k = 1$ nothing moves. With more steps the steep directions of a task are solved by the inner steps
# from anywhere; there a task pulls with weight 1 however steep it is. (The pull is the *weight* of chapter 00; here it is
# the matrix $I - (I - \alpha A_i)^k$.) So Reptile moves towards the plain mean of the three stars, the open circle:

# %%
many = paths_in_the_plane.view(k=10, epsilon=0.3, n=3, start=JOINT, forget=False)
display(many.data, metadata=many.metadata, raw=True)

# %% [markdown]
# Without $1/n$ the step is $\epsilon n$. At $\epsilon = 0.3$ that is 0.9 or 1.8, and Reptile even arrives sooner, which is
# why the mistake is not noticed; at $\epsilon = 1$ it is 3 or 6, and the path leaves the picture. From the cross, $k = 10$:

# %% tags=["nbval-check-output"]
from metalearn_lab.experiments.reptile_path import reptile_path
from metalearn_lab.figures.reptile_path import inside

cross, settles = (
    bowls.stationary_point(name, inner_lr=0.1, inner_steps=10) for name in ("joint", "reptile")
)


def ending(epsilon, n, averaged):
    """When φ has come to within 0.01 of where Reptile settles, or has left the picture."""
    setting = {"inner_lr": 0.1, "inner_steps": 10, "outer_step": epsilon, "meta_batch": n}
    path = reptile_path(bowls, cross, **setting, outer_steps=60, averaged=averaged)
    left, far = ~inside(path), (path - settles).norm(dim=1) > 0.01
    if left.any():
        return f"leaves the picture at outer step {left.nonzero()[0].item()}"
    return f"arrives at outer step {far.nonzero()[-1].item() + 1}"


for epsilon in (0.3, 1.0):
    for n in (3, 6):
        right, forgotten = ending(epsilon, n, True), ending(epsilon, n, False)
        print(f"ε = {epsilon}, n = {n}: with 1/n it {right}; without, it {forgotten}")

# %% [markdown]
# In the last two columns of the explorer's table, or the lines below, the point where Reptile settles is worse before
# adaptation, and better after it.

# %% tags=["nbval-check-output"]
for k in (1, 2, 10):
    setting = {"inner_lr": 0.1, "inner_steps": k}
    points = {name: bowls.stationary_point(name, **setting) for name in ("joint", "reptile")}
    distance = (points["reptile"] - points["joint"]).norm().item()
    before, after = (
        (bowls.loss(points[name]).item() for name in points),
        (bowls.loss_after(points[name], **setting).item() for name in points),
    )
    print(
        f"k = {k:2}: {distance:.2f} from the joint optimum; loss, joint and Reptile, before "
        "{:.2f} {:.2f}, after {:.2f} {:.2f}".format(*before, *after)
    )

# %% [markdown] tags=["instructor"]
# **Instructor, 15 minutes.** Let the class call out settings of the explorer. With $k = 10$ show $n = 1$ (serial: the path
# keeps jumping, and only a smaller $\epsilon$ calms it), then $n = 3$. Then tick *forget 1/n* at $\epsilon = 0.3$ and 1.

# %% [markdown]
# ### On sinusoids
#
# The same on a network. Joint training learns the mean of all sinusoids, $\approx -1.6\cos x$: the best there is
# without adaptation. Reptile sees the same tasks, ten an outer step, and trains $k$ steps on five of a task's 20 points
# each: with $k = 1$ only on the first five, with $k = 10$ two and a half times through all 20. All are adapted with the
# same $\alpha$ (chapters 00 and 03 let the baseline choose its own).
#
# **Predict.** (a) How far is Reptile's network from the mean function before adaptation? (b) Joint training gets one gradient
# of each task an outer step and Reptile ten. Give Reptile a tenth of the outer steps, so that the gradients are equal
# in number: is it still better after adaptation?

# %%
from torch.optim.lr_scheduler import LinearLR


def ten_tasks(iteration):
    """The tasks of an outer step: support and query points alike."""
    return to_device(merge_splits(training.batch(10 * iteration, 10)), where)


def trained_reptile(steps, outer_steps):
    """Batched Reptile; each step takes five points of the task; ε from 1 to 0, as published."""
    learner = Reptile(
        MLP([1, 40, 40, 1], seed=seed),
        F.mse_loss,
        inner_lr=inner_lr,
        inner_steps=steps,
        inner_batch=5,
    ).to(where)
    optimizer = torch.optim.SGD(learner.parameters(), lr=1.0)  # ε
    to_zero = LinearLR(optimizer, 1.0, 0.0, total_iters=outer_steps)
    meta_train(learner, ten_tasks, iterations=outer_steps, optimizer=optimizer, scheduler=to_zero)
    return learner


# %%
joint = JointPretraining(
    MLP([1, 40, 40, 1], seed=seed), F.mse_loss, inner_lr=inner_lr, inner_steps=1
).to(where)
adam = torch.optim.Adam(joint.parameters(), lr=outer_lr)
meta_train(joint, ten_tasks, iterations=iterations, optimizer=adam)
fewer = max(1, iterations // reptile_steps)
contenders = {
    "joint training": joint,
    "Reptile, k = 1": trained_reptile(1, iterations),
    f"Reptile, k = {reptile_steps}": trained_reptile(reptile_steps, iterations),
    f"Reptile, k = {reptile_steps}, equal gradients": trained_reptile(reptile_steps, fewer),
}

# %%
x = torch.linspace(-5, 5, 121)[:, None].to(where)
mean_function = -2.55 * 2 / torch.pi * torch.cos(x)
curves = {name: adaptation_curves(learner, unseen, 10) for name, learner in contenders.items()}
rows = {
    name: {
        "mean squared distance to −1.6 cos x": f"{F.mse_loss(each.model(x), mean_function).item():.2f}",
        **{f"error, step {step}": plus_minus(curves[name].loss[:, step], 2) for step in (0, 1, 10)},
    }
    for name, each in contenders.items()
}
display(pd.DataFrame(rows).T)
print(f"mean and 95 % interval over {unseen_tasks} unseen tasks")

# %%
from metalearn_lab.figures.adaptation_curves import adaptation_curves_figure
from metalearn_lab.figures.style import show_figure

joint_curves, _, many_steps, equal_gradients = curves.values()
drawn = {
    "joint": joint_curves,
    f"reptile, k = {reptile_steps}": many_steps,
    "reptile, equal gradients": equal_gradients,
}
show_figure(
    adaptation_curves_figure(drawn, ylabel="mean squared error on the query points"),
    "Query error against the inner step at test time. Joint training and both Reptiles begin alike; "
    "Reptile drops steeply with the first steps; with a tenth of the outer steps less so, but it too stays "
    "below joint training, which falls slowly.",
)

# %% tags=["nbval-check-output"]
joint_errors, one, several, _ = (each.loss.mean(0) for each in curves.values())
distances = [F.mse_loss(each.model(x), mean_function).item() for each in contenders.values()]
finding("before adaptation all four are near the mean function", distances, below=0.3)
gap = one[10] - joint_errors[10]
finding("after 10 steps Reptile with k = 1 is no better than joint training", gap, above=0)
left = several[10] / joint_errors[10]
finding(
    "trained with many steps, Reptile has less than half of joint training's error", left, below=0.5
)
gap = interval_over_tasks(joint_curves.loss[:, 10] - equal_gradients.loss[:, 10])
finding("with equal gradients Reptile is still better, by more than the interval", gap, above=0)

# %% [markdown]
# Before adaptation Reptile's function is the mean function too. What differs is what one step on a new task does to it.
# (With one step Reptile lags behind joint training: it sees a quarter of the points, and its outer optimiser is plain
# SGD, not Adam. On the same points the two gradients are proportional, as shown above.) So "a start that is good on all
# tasks at once" does not say what Reptile learns: joint training's start is just as good there, and gains far less from
# a step.
#
# ## What each gradient is made of
#
# Why do several steps help? Take $k$ minibatches of one task, drawn independently, with gradients $\bar g_i$ and
# Hessians $\bar H_i$ at the start $\phi$. Minibatch $i$ meets the weights
# $\phi_i = \phi - \alpha\sum_{j<i}\bar g_j + O(\alpha^2)$, and the gradient there is $\bar g_i + \bar H_i(\phi_i - \phi)$:
#
# $$g_i = \bar g_i - \alpha\,\bar H_i \sum_{j<i} \bar g_j + O(\alpha^2).$$
#
# In the mean over draws only two vectors are left. $\text{AvgGrad} = \mathbb E[\bar g]$ is the gradient of the joint loss.
# $\text{AvgGradInner} = \mathbb E[\bar H_2 \bar g_1] = \tfrac12 \nabla_\phi\, \mathbb E[\bar g_1 \cdot \bar g_2]$ is half the
# gradient of the inner product of two minibatches' gradients. (Minibatches are exchangeable, so
# $\mathbb E[\bar H_1 \bar g_2] = \mathbb E[\bar H_2 \bar g_1]$; with the product rule that gives the ½.)
#
# Here $k$ counts minibatches. Reptile trains on all of them; MAML and first-order MAML adapt on $k - 1$, in $k - 1$ inner
# steps, and are judged on the last, which must not overlap the others: with overlap, the published first-order MAML was
# much worse.
#
# | | AvgGrad | AvgGradInner |
# | --- | --- | --- |
# | MAML | $1$ | $-2(k-1)\,\alpha$ |
# | first-order MAML | $1$ | $-(k-1)\,\alpha$ |
# | Reptile, $(\phi - \tilde\phi)/\alpha$ | $k$ | $-\tfrac12 k(k-1)\,\alpha$ |
#
# Count the products: Reptile has one for each pair $j < i$, first-order MAML those with $i = k$, and MAML $k - 1$ more,
# $-\alpha\bar H_j\bar g_k$, from its factors $(I - \alpha\bar H_j)$.
#
# All three hold AvgGrad with a plus and AvgGradInner with a **minus** sign, so their descent lowers the joint loss and
# raises the inner product: a step on one minibatch helps on the other, which is what adaptation needs.
#
# **Predict.** Which of the three presses hardest on this agreement, per unit of AvgGrad?
#
# A table of coefficients can be measured. We take eight sinusoids of eight minibatches each and a small tanh network
# in float64. Both vectors are then known exactly (the mean over ordered pairs of minibatches is the Hessian times the
# gradient of the whole task). Each draw gives three meta-gradients, and least squares gives the coefficients. Most of a
# draw's noise is in the gradients at $\phi$ of the minibatches that were drawn. In the mean they contain no
# AvgGradInner, so for that coefficient we subtract them from the draw first.

# %%
from metalearn_lab.experiments.taylor import measured_coefficients

tiny = 1e-5  # α: small, so that what the Taylor result leaves out is small
points = Sinusoids(shots=80, split="train", seed=seed).batch(0, 8).support
population = Split(*(part.double().reshape(8, 8, 10, 1).to(where) for part in points))
small = MLP([1, 8, 8, 1], activation="tanh", seed=seed).double().to(where)


def coefficients(alpha, k):
    """The coefficients of the three algorithms with k minibatches."""
    learner = Reptile(small, F.mse_loss, inner_lr=alpha, inner_steps=k)
    return measured_coefficients(learner, population, draws=draws, minibatches=k, seed=seed)


monte_carlo = {k: coefficients(tiny, k) for k in (2, 3, 4)}

# %%
from metalearn_lab.experiments.taylor import expected_coefficients
from metalearn_lab.figures.style import LABELS

rows = []
for k, found in monte_carlo.items():
    for name, (grad, inner) in found.items():
        wanted = expected_coefficients(name, k)
        rows.append(
            {
                "k": k,
                "algorithm": LABELS[name],
                "AvgGrad": f"{wanted.grad:g}",
                "AvgGrad, measured": f"{grad.mean:.3f} ± {grad.half_width:.3f}",
                "AvgGradInner / α": f"{wanted.inner:g}",
                "AvgGradInner / α, measured": f"{inner.mean:.3f} ± {inner.half_width:.3f}",
            }
        )
display(pd.DataFrame(rows).set_index(["k", "algorithm"]))
larger = coefficients(10 * tiny, 4)
moved = [abs(larger[n].inner.mean - monte_carlo[4][n].inner.mean).item() for n in larger]
print(f"95 % intervals over {draws:,} draws for each k")
print(f"bias by the terms in α² (k = 4, from the same draws at 10α): below {max(moved) / 9:.4f}")

# %%
from metalearn_lab.figures.taylor_coefficients import taylor_coefficients_figure

show_figure(
    taylor_coefficients_figure(monte_carlo),
    "Coefficient of AvgGradInner in units of α for two, three and four minibatches. The measured points "
    "of MAML, first-order MAML and Reptile lie on the lines of the Taylor result within their intervals.",
)
inner = {name: monte_carlo[4][name].inner for name in monte_carlo[4]}
found = [f"{LABELS[n]} {each.mean:.2f} ± {each.half_width:.2f}" for n, each in inner.items()]
headline(
    "AvgGradInner with four minibatches, in units of α (expected −6, −3, −6): "
    f"{', '.join(found).replace(' -', ' −')} ({draws:,} draws).",
    **inner,
    draws=draws,
)

# %% [markdown]
# Nine pairs of coefficients were compared; among eighteen 95 % intervals one is expected to miss. The check below
# therefore asks that none is off by more than 1.6 half-widths; if all eighteen are right, it fails for at most about 3
# seeds in 100.

# %% tags=["nbval-check-output"]
off = [
    ((part.mean - wanted).abs() / part.half_width).item()
    for k, found in monte_carlo.items()
    for name, each in found.items()
    for part, wanted in zip(each, expected_coefficients(name, k), strict=True)
]
print("coefficients compared:", len(off))
finding("every coefficient agrees within 1.6 half-widths", off, below=1.6)
press = {name: -(each.inner.mean / each.grad.mean) for name, each in monte_carlo[4].items()}
order = [press["maml"] - press["first_order_maml"], press["first_order_maml"] - press["reptile"]]
finding("per unit of AvgGrad, MAML presses hardest on AvgGradInner, Reptile least", order, above=0)

# %%
far = coefficients(0.01, 4)["maml"].inner
print(f"at α = 0.01 MAML's is {far.mean:.2f} ± {far.half_width:.2f}, not −6".replace("-", "−"))

# %% [markdown]
# Per unit of AvgGrad, MAML presses hardest on the agreement of gradients and Reptile least; and Reptile with one step
# does not press at all. All of it holds for small $\alpha k$ only: at the $\alpha = 0.01$ of the trainings above, the terms
# in $\alpha^2$ show.

# %% [markdown] tags=["instructor"]
# **Instructor, 15 minutes.** Do $k = 2$ on the board. Ask why the minibatches must be independent, and what
# $\mathbb E[\bar H_1 \bar g_1]$ would be with the same minibatch twice: half the gradient of $\mathbb E\|\bar g\|^2$, which
# descent raises. Gradients become large, and need not be alike.

# %% [markdown]
# ## Wrong formulas that circulate
#
# Four versions of these updates are copied from page to page. None raises an error, and with each the loss may fall.
#
# | | as it circulates | right |
# | --- | --- | --- |
# | **the sign** | $\theta \leftarrow \theta - \beta\nabla_\theta \frac1n\sum_i L_i(\theta + \alpha\nabla L_i(\theta))$, given as "Reptile" | $L_i(\theta - \alpha\nabla L_i(\theta))$, and it is MAML |
# | **the mean** | $\phi \leftarrow \phi + \epsilon\sum_i(\tilde\phi_i - \phi)$ | $\phi + \epsilon\,\frac1n\sum_i(\tilde\phi_i - \phi)$ |
# | **the step** | one "learning rate" for $\alpha$ and $\epsilon$ | $\epsilon$ is a share of the way, without unit |
# | **the query set** | $\min_\theta \sum_i L_i(\theta - \alpha\nabla L_i(\theta))$, one data set $D_i$ | adapt on $S_i$, judge on other items $Q_i$ |
#
# **Predict** for each where it leads: to the same place, elsewhere, or nowhere. The two bowls are those of chapter 00,
# $a = (1, 9)$ and $c = (-1, 1)$ with $\alpha = 0.1$, where MAML settles at $-0.8$.

# %%
a, c, alpha = torch.tensor([1.0, 9.0]), torch.tensor([-1.0, 1.0]), 0.1


def repeat(update, start, times):
    """start, update(start), update(update(start)), …"""
    path = [torch.tensor(start)]
    for _ in range(times):
        path.append(update(path[-1]))
    return [value.item() for value in path]


def after_step(theta, sign):
    theta_1 = theta + sign * alpha * a * (theta - c)  # −1 is right
    return (a / 2 * (theta_1 - c) ** 2).mean()


def outer_step(sign):
    return lambda theta: theta - 0.06 * torch.func.grad(after_step)(theta, sign)


right_sign, wrong_sign = (repeat(outer_step(sign), 0.0, 400) for sign in (-1, +1))

# %% [markdown]
# For the mean and the step: Reptile on the same bowls with $k = 5$. `move` holds $\tilde\phi - \phi$ of both; repeated
# three times it is a meta-batch of six.


# %%
def move(phi, k=5):
    return c + (1 - alpha * a) ** k * (phi - c) - phi  # φ̃ − φ of both bowls


mean_of_6 = repeat(lambda phi: phi + 1.0 * move(phi).repeat(3).mean(), 0.0, 12)
sum_of_2 = repeat(lambda phi: phi + 1.0 * move(phi).sum(), 0.0, 12)
sum_of_6 = repeat(lambda phi: phi + 1.0 * move(phi).repeat(3).sum(), 0.0, 12)

share = repeat(lambda phi: phi + 0.5 * move(phi).mean(), -1.0, 12)  # ε = 0.5
alpha_for_epsilon = repeat(lambda phi: phi + alpha * move(phi).mean(), -1.0, 12)
over_alpha = repeat(lambda phi: phi + 0.5 * move(phi).mean() / alpha, -1.0, 12)

# %% [markdown]
# For the missing query set we need tasks with noise. The centre of a task is drawn from a normal distribution; its
# support set is one noisy look at it, its query set another. The start is the mean, and what is learned is how far to
# step: $\alpha$ itself (such a rate becomes a meta-parameter once it is learned across tasks).

# %%
from metalearn_lab.tasks.seeds import generator


def looks(name, count):
    """A noisy look at each centre to adapt on, and another to be judged on."""
    centre, *noise = torch.randn(3, count, generator=generator("noisy centres", name, seed))
    return centre + noise[0], centre + noise[1]


def adapted_loss(alpha, support, judged_on):
    theta_1 = 0 - alpha * (0 - support)  # one step on ½(θ − support)² from the start θ = 0
    return ((theta_1 - judged_on) ** 2 / 2).mean()


support, query = looks("train", 5000)
slope = torch.func.grad(adapted_loss)
with_query = repeat(lambda rate: rate - 0.1 * slope(rate, support, query), 0.0, 40)
without_query = repeat(lambda rate: rate - 0.1 * slope(rate, support, support), 0.0, 40)

# %% tags=["nbval-check-output"]
print(f"sign: right settles at {right_sign[-1]:+.3f}, wrong at {wrong_sign[-1]:+.3f}")
print(f"mean: right settles at {mean_of_6[-1]:+.3f}; n = 2 without 1/n at {sum_of_2[-1]:+.3f}")
proof("the mean: with n = 6, Reptile without 1/n runs away", abs(sum_of_6[-1]), above=1000)
right, crawling = (abs(path[-1] - mean_of_6[-1]) for path in (share, alpha_for_epsilon))
proof("the step: Reptile with ε = 0.5 has arrived after 12 outer steps", right, below=0.01)
proof("the step: with α for ε it has not arrived after 12 outer steps", crawling, above=0.01)
proof("the step: Reptile divided by α too runs away", abs(over_alpha[-1]), above=1000)
learned = with_query[-1]
finding("the query set: with it the learned α is 0.5, to 0.05", learned, above=0.45, below=0.55)
learned = without_query[-1]
finding("the query set: without it the learned α is 1, to 0.05", learned, above=0.95, below=1.05)

# %%
from metalearn_lab.figures.right_and_wrong import RightAndWrong, right_and_wrong_figure

no_mean = {"no 1/n, n = 2": sum_of_2, "no 1/n, n = 6": sum_of_6}
confused = {"α in place of ε": alpha_for_epsilon, "divided by α too": over_alpha}
panels = [
    RightAndWrong("The sign", "θ", "maml", right_sign, {"inner step uphill": wrong_sign}),
    RightAndWrong("The mean, ε = 1", "φ", "reptile", mean_of_6, no_mean),
    RightAndWrong("The step, ε = 0.5", "φ", "reptile", share, confused),
    RightAndWrong("The query set", "α", "maml", with_query, {"no query set": without_query}),
]
show_figure(
    right_and_wrong_figure(panels),
    "Four panels, the right update beside the wrong one. Wrong sign: ends near the steep bowl at 0.93 and "
    "not at minus 0.8. No 1/n: overshoots with two tasks, runs away with six. α for ε: crawls; divided by "
    "α too: runs away. No query set: the learned rate goes to 1 and not to a half.",
)

# %% [markdown]
# - **The sign.** The inner step climbs, and climbs farthest on the steep bowl. The start has to make up for that: the
#   pull of a centre is $a(1 + \alpha a)^2$, and the steep one takes nearly all.
# - **The mean.** Without $1/n$ the published $\epsilon = 1$ becomes $\epsilon = n$: two tasks overshoot, six run away.
# - **The step.** With $\alpha$ in place of $\epsilon$ nothing breaks, it only crawls. With a gradient $(\phi - \tilde\phi)/\alpha$
#   *and* a step made for $\tilde\phi - \phi$, each step is ten times too long.
# - **The query set.** Judged on its own support set, the learner learns to believe the noise: $\alpha = 1$ jumps onto the
#   one noisy look. Its training loss is perfect. On unseen tasks:

# %%
new_support, new_query = looks("test", 5000)


def score(rate, judged_on):
    """Loss of each unseen task after a step of this size."""
    return (rate * new_support - judged_on) ** 2 / 2


rows = {
    name: {
        "learned α": f"{rate:.2f}",
        "loss on the support set": plus_minus(score(rate, new_support), 3),
        "loss on the query set": plus_minus(score(rate, new_query), 3),
    }
    for name, rate in {
        "no adaptation": 0.0,
        "with query": with_query[-1],
        "without": without_query[-1],
    }.items()
}
display(pd.DataFrame(rows).T)
print("mean and 95 % interval over 5,000 unseen tasks")

# %% tags=["nbval-check-output"]
loss = {rate: score(rate, new_query).mean() for rate in (0.0, with_query[-1], without_query[-1])}
nothing, right_one, wrong_one = loss.values()
left = right_one / nothing
finding("with a query set, adaptation helps on unseen tasks", left, below=0.9)
left = wrong_one / nothing
finding("without a query set, to adapt is no better than not to adapt", left, above=0.95)

# %% [markdown] tags=["instructor"]
# **Instructor, 15 minutes.** Give each group one row of the table and the bowls, let them predict the end point from
# the pulls before the cell is run. Two relatives to name: "sum" for "mean" in MAML's objective only changes the outer
# rate; and "Reptile needs a single update" is the section before this one.

# %% [markdown]
# ## Try it yourself
#
# **1.** Here is MAML's meta-gradient in PyTorch. Write the **first-order** one, with as small a change as you can.
#
# ```python
# def maml_gradient(theta, support_loss, query_loss, alpha, steps):
#     start = theta.clone().requires_grad_()
#     theta_j = start
#     for _ in range(steps):
#         [g] = torch.autograd.grad(support_loss(theta_j), theta_j, create_graph=True)
#         theta_j = theta_j - alpha * g
#     [gradient] = torch.autograd.grad(query_loss(theta_j), start)
#     return gradient
# ```


# %% tags=["exercise"]
def first_order_gradient(theta, support_loss, query_loss, alpha, steps):
    """∇L_Q(θ_k): theta is a tensor, the losses are functions of such a tensor."""
    # <solution>
    start = theta.clone().requires_grad_()
    theta_j = start
    for _ in range(steps):
        [g] = torch.autograd.grad(support_loss(theta_j), theta_j)
        theta_j = theta_j - alpha * g
    [gradient] = torch.autograd.grad(query_loss(theta_j), start)
    return gradient
    # </solution>


# %%
from metalearn_lab.exercises.first_order import check_first_order_gradient

check_first_order_gradient(first_order_gradient)

# %% [markdown]
# **2.** Write an outer step of batched Reptile, inner loops and all. Each task is given as the function that returns the
# slope of its loss.


# %% tags=["exercise"]
def reptile_update(phi, slopes, alpha, k, epsilon):
    """The new φ after one outer step on the tasks with these slopes."""
    # <solution>
    moves = []
    for slope in slopes:
        phi_tilde = phi
        for _ in range(k):
            phi_tilde = phi_tilde - alpha * slope(phi_tilde)
        moves.append(phi_tilde - phi)
    return phi + epsilon * sum(moves) / len(moves)
    # </solution>


# %%
from metalearn_lab.exercises.reptile import check_reptile_update

check_reptile_update(reptile_update)

# %% [markdown]
# **3.** Paths of four rules, each scaled to the same outer rate, on two other bowls: $a = (2, 8)$ and $c = (-1, 1)$, from
# $\theta = 0.5$, with $\alpha = 0.1$ and $k = 1$ except where said. Which rule made which path? *Hint:* every rule settles
# at the mean of the two centres, weighted by its pulls; MAML's pull is $a(1 - \alpha a)^2$.

# %%
from metalearn_lab.exercises.reptile import RULES, unnamed_paths

shown = (0, 1, 2, 5, 10, 50)
paths = {
    letter: [round(path[step], 3) for step in shown] for letter, path in unnamed_paths(50).items()
}
display(pd.DataFrame(paths, index=pd.Index(shown, name="outer step")).T)
print("the rules:", "; ".join(RULES))

# %% tags=["exercise"]
# <solution>
my_rules = {
    "A": "MAML with the inner sign wrong",
    "B": "first-order MAML",
    "C": "Reptile, k = 5",
    "D": "MAML",
}
# <stub>
# my_rules = None  # a rule for each path, e.g. {"A": "MAML", "B": ..., "C": ..., "D": ...}
# </solution>

# %%
from metalearn_lab.exercises.reptile import check_rules

check_rules(my_rules)

# %% [markdown]
# **4.** How hard an algorithm presses on the agreement of gradients is the ratio of its two Taylor coefficients. With how
# many minibatches does Reptile have the ratio that first-order MAML has with 4?

# %% tags=["exercise"]
# <solution>
my_minibatches = 7
# <stub>
# my_minibatches = None  # a whole number
# </solution>

# %%
from metalearn_lab.exercises.first_order import check_matching_minibatches

check_matching_minibatches(my_minibatches)

# %% [markdown] tags=["instructor"]
# **Instructor, 20 minutes.** In exercise 1 the smallest change is to take out `create_graph=True`; ask why nothing else
# is needed. In exercise 2 most first answers forget $1/n$ or train the second task from where the first ended.

# %% [markdown]
# ## What to remember
#
# - First-order MAML drops the factors $(I - \alpha H_j)$. What matters is $\alpha$ times the largest curvature, and the
#   loss has curvature even where the network is made of straight pieces.
# - Reptile moves to where training on a task ends: $\phi + \epsilon\,\frac1n\sum(\tilde\phi_i - \phi)$. No query set, no second
#   derivative.
# - Reptile with one inner step is joint training. With more, on different minibatches, the update also raises the inner product of a
#   task's gradients; MAML and first-order MAML do that too.
# - A sign, a $1/n$, a query set, a step size: none raises an error. Where an update *settles* on two bowls tells
#   which it was.
#
# ## Sources
#
# - Finn, Abbeel, Levine: *Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks*, ICML 2017,
#   [arXiv:1703.03400](https://arxiv.org/abs/1703.03400). Section 5.2 has first-order MAML and the numbers on
#   miniImageNet; algorithm 2 separates the data to adapt on from the data to be judged on.
# - Nichol, Achiam, Schulman: *On First-Order Meta-Learning Algorithms*, 2018,
#   [arXiv:1803.02999](https://arxiv.org/abs/1803.02999). Algorithms 1 and 2 are serial and batched Reptile, section 5.1
#   has the Taylor result (equations 33 to 41), section 6 the numbers on Omniglot and the overlapping minibatches,
#   section 4 the sinusoids, there with phases in $[0, 2\pi]$, whose mean is zero.
#
# Next: [05 The adaptation lab](05_adaptation_lab.ipynb).
