# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/04_first_order_and_reptile.ipynb)
#
# # First-order MAML and Reptile
#
# After this chapter you will be able to
#
# - say what first-order MAML drops, and see its meta-gradient turn away from MAML's as $k$ and $\alpha$ grow;
# - write first-order MAML and Reptile yourself, and show why Reptile with one inner step is pretraining;
# - recognise four wrong formulas by where they lead, each run beside the right one.
#
# **The question.** MAML differentiates through its own inner steps. That costs memory and second derivatives. What is
# lost if we leave this out, and what is still learned?
#
# The next two cells prepare Colab and hold the chapter's parameters. Leave these as they are for now.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% tags=["parameters"]
iterations: int = 3000  # outer steps of each training on the sinusoids
inner_lr: float = 0.01  # α, the inner step size on the sinusoids
outer_lr: float = 0.001  # β, the outer step size, given to Adam
reptile_steps: int = 10  # k, inner steps of Reptile on each task, 2 or more
unseen_tasks: int = 300  # new tasks that trained networks are tested on
angle_tasks: int = 50  # tasks that angles are measured on
draws: int = 20000  # random draws in the section "What each gradient is made of"
seed: int = 0  # fixes the random weights, tasks and draws
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## Two meta-gradients as arrows
#
# A meta-gradient says which way to move the start $\theta$, so we can draw it as an arrow. The task below has only two
# weights. Its **support loss** is a bowl, lowest at the dot marked *support*. Its **query loss** has the same shape, but it
# is lowest at the ring marked *query*: both sets are small and noisy, so their losses differ. From $\theta$, $k$ inner
# steps of size $\alpha$ walk down the support bowl (dotted). Three algorithms move the start in three ways:
#
# - **MAML** goes where the query loss *after* the walk falls fastest.
# - **First-order MAML** takes the slope of the query loss at the *end* of the walk, and uses it at $\theta$.
# - **Reptile** goes towards the point where $k$ steps on all points of the task end.
#
# All arrows have the same length, because they show directions. The table under the live picture has the true
# lengths. On the right is the angle to MAML's arrow for every $k$.
#
# **Predict, then move.** (a) Before you scroll: $\alpha$ stays at 0.1, and $k$ grows from 1 to 20. Does first-order
# MAML's arrow come closer to MAML's, or turn away? (b) Set $\alpha = 0.4$, so that each step jumps across the bowl,
# and $k = 1$. Which arrow turns round? And at $k = 2$? (c) Go back to $\alpha = 0.1$, $k = 5$ and drag $\theta$. Can
# you make first-order MAML's arrow agree with MAML's?

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

import torch

from metalearn_lab import choose_device
from metalearn_lab.explorers.gradient_arrows_explorer import GradientArrowsExplorer
from metalearn_lab.tasks.devices import device_in_words
from metalearn_lab.tasks.planar_quadratics import planar_quadratics

where = choose_device(device)
print("Computing on", device_in_words(where))
two_bowls = planar_quadratics(  # of the support set, and of the query set
    steepness=[(4, 0.5), (4, 0.5)], angles=[25, 25], centres=[(-0.5, -0.4), (0.7, 0.5)]
)
arrows = GradientArrowsExplorer(two_bowls)
arrows.show()

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Let the class call out settings, and always ask for MAML's arrow before you move.

# %% [markdown]
# <details><summary>What happens</summary>
#
# (a) It turns away: by a few degrees at $k = 1$, 39° at $k = 5$, nearly 90° at $k = 20$. After many steps the inner
# walk has solved the steep direction, wherever it started. Moving $\theta$ along this direction changes nothing any
# more, so MAML's arrow turns to the flat direction. First-order MAML still follows the steep slope.
#
# (b) MAML's arrow turns round at $k = 1$. At $k = 2$ the two arrows nearly agree again. One step carries $\theta$
# across the bowl, and two carry it back. First-order MAML does not see this.
#
# (c) Yes, for example at $\theta = (1.5, 1)$. The angle depends on the start too.
#
# </details>
#
# ## What first-order MAML drops
#
# Write $\theta_{j+1} = \theta_j - \alpha\,\nabla L_S(\theta_j)$ for an inner step on the support set, and
# $H_j = \nabla^2 L_S(\theta_j)$ for the Hessian before it.
#
# | | meta-gradient |
# | --- | --- |
# | **MAML** | $(I - \alpha H_0)(I - \alpha H_1)\cdots(I - \alpha H_{k-1})\;\nabla L_Q(\theta_k)$ |
# | **first-order MAML** | $\nabla L_Q(\theta_k)$ |
#
# First-order MAML drops every factor $(I - \alpha H_j)$. Each factor costs one Hessian-vector product. In PyTorch,
# `create_graph=True` keeps the graph of the inner gradients, so that autograd can compute the factors:

# %% tags=["nbval-check-output"]
from metalearn_lab.experiments.gradient_angle import angles
from metalearn_lab.experiments.gradient_arrows import bowl_loss, gradient_arrows
from metalearn_lab.workbook.facts import finding, proof


def maml_gradient(theta, support_loss, query_loss, alpha, steps):
    """The gradient of L_Q(θ_k) in θ; the losses are functions of θ."""
    start = theta.clone().requires_grad_()
    theta_j = start
    for _ in range(steps):
        [g] = torch.autograd.grad(support_loss(theta_j), theta_j, create_graph=True)
        theta_j = theta_j - alpha * g
    [gradient] = torch.autograd.grad(query_loss(theta_j), start)
    return gradient


theta = torch.tensor([-1.6, 1.2]).double()
support_loss, query_loss = bowl_loss(two_bowls, 0), bowl_loss(two_bowls, 1)
for alpha in (0.2, 0.1, 0.01, 0.001):
    drawn = gradient_arrows(two_bowls, theta, inner_lr=alpha, inner_steps=5)
    angle = angles(drawn["maml"], drawn["first_order_maml"])
    print(f"α = {alpha:5}, k = 5: the angle is {angle:6.3f} degrees")
    by_autograd = maml_gradient(theta, support_loss, query_loss, alpha, 5)
    off = (by_autograd - drawn["maml"]).abs()
    proof(f"α = {alpha}: the arrow of MAML is the gradient by autograd", off, below=1e-12)

# %% [markdown]
# There is no threshold up to which first-order MAML is exact: for small $\alpha$ the angle grows about in proportion to
# $\alpha$. If the support loss has no curvature where the query gradient points, the two meta-gradients are equal;
# otherwise they differ in general.
#
# ### Exercise 1: write first-order MAML (10 minutes, level 1 of 3)
#
# Write the first-order gradient, starting from `maml_gradient` above, with as small a change as you can. `theta` is a
# tensor. The check tries other losses, other $\alpha$ and other numbers of steps, and compares to six digits.
#
# <details><summary>Hint 1</summary>
#
# Which argument keeps the graph of the inner gradients?
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# If the inner gradients are plain numbers, $\theta_k$ moves one for one with $\theta$. Then the gradient in $\theta$ *is*
# the gradient at $\theta_k$.
#
# </details>


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

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** The smallest change is to take out `create_graph=True`. Say that nothing fails without it;
# chapter 05 comes back to this.

# %% [markdown]
# ## When it matters
#
# On a network, how wide is the angle? It is often said that first-order MAML is nearly exact for ReLU networks, because a
# ReLU is made of straight pieces and has no second derivative.
#
# **Predict**, for the network of chapter 03 at $\alpha = 0.01$ and squared error: (a) Is the angle much smaller with ReLU
# than with tanh? (b) Which start has the widest angle: random weights, weights after **pretraining** (no inner step), or
# weights after **meta-training** by MAML?
#
# The first cell below trains three learners with each activation: MAML, first-order MAML and pretraining. All use the same
# tasks, and the same random weights for each activation. The second cell measures the angle task by task. In its picture
# you choose an activation, a start and $k$. Beyond 90° a small step along first-order MAML's arrow *raises* MAML's loss.
# The dotted line is at $\alpha = 1/\lambda$, with $\lambda$ the **largest curvature**: the largest eigenvalue of $H_0$
# (chapter 03), mean over the tasks. To the right of this line an inner step jumps over the bottom of the steepest
# direction, and $1 - \alpha\lambda$ is negative.
#
# The table after the picture also has the *share of λ without bends*. By **bends** we mean the second derivatives of the
# network in its weights. We take the part of $H_0$ that does not contain them, and divide its largest eigenvalue by
# $\lambda$. "What happens" below has the formula.

# %%
from torch.nn import functional as F

from metalearn_lab import MAML, MLP, FirstOrderMAML, JointPretraining, Sinusoids
from metalearn_lab import merge_splits, meta_train, to_device

training = Sinusoids(split="train", seed=seed)


def trained(kind, activation):
    """A learner after training; pretraining takes support and query points alike."""
    model = MLP([1, 40, 40, 1], activation=activation.lower(), seed=seed)
    learner = kind(model, F.mse_loss, inner_lr=inner_lr, inner_steps=1).to(where)

    def tasks(iteration):
        batch = to_device(training.batch(25 * iteration, 25), where)
        return merge_splits(batch) if kind is JointPretraining else batch

    optimizer = torch.optim.Adam(learner.parameters(), lr=outer_lr)
    meta_train(learner, tasks, iterations=iterations, optimizer=optimizer)
    return learner


kinds = {"maml": MAML, "first_order_maml": FirstOrderMAML, "joint": JointPretraining}
activations = ("ReLU", "tanh")
learners = {(kind, name): trained(kinds[kind], name) for kind in kinds for name in activations}

# %% tags=["hide-output"]
from metalearn_lab.experiments.gradient_angle import gradient_angles
from metalearn_lab.explorers.gradient_angle_explorer import GradientAngleExplorer

rates = (0.0003, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
angle_on = to_device(Sinusoids(split="validation", seed=seed).batch(0, angle_tasks), where)
models = {}
for name in activations:
    models[name, "untrained"] = MLP([1, 40, 40, 1], activation=name.lower(), seed=seed).to(where)
    models[name, "pretrained"] = learners["joint", name].model
    models[name, "meta-trained"] = learners["maml", name].model
measured = {
    key: gradient_angles(model, F.mse_loss, angle_on, rates, steps=5)
    for key, model in models.items()
}
GradientAngleExplorer(measured).show()

# %% tags=["hide-output"]
import pandas as pd

from metalearn_lab import interval_over_tasks
from metalearn_lab.experiments.gradient_angle import curvature_of_the_loss


def plus_minus(values, digits=0):
    """Mean ± half-width of the 95 % interval over tasks."""
    mean, half, _ = interval_over_tasks(values)
    return f"{mean:.{digits}f} ± {half:.{digits}f}"


shares, rows = {}, {}
for key, angle in measured.items():
    from_loss = curvature_of_the_loss(models[key], angle_on.support.x)
    shares[key] = (from_loss / angle.curvature).mean().item()
    at = rates.index(0.01)
    rows[", ".join(key)] = {
        **{f"angle at k = {k}, degrees": plus_minus(angle.degrees[at, k - 1]) for k in (1, 5)},
        "largest curvature λ": plus_minus(angle.curvature),
        "share of λ without bends": f"{shares[key]:.0%}",
    }
display(pd.DataFrame(rows).T)
print(f"α = 0.01; mean and 95 % interval over {angle_tasks} tasks")

# %% tags=["nbval-check-output", "hide-output"]
at = rates.index(0.01)
angle = {key: each.degrees[at, 0] for key, each in measured.items()}  # at k = 1
for start in ("untrained", "meta-trained"):
    gap = interval_over_tasks(angle["ReLU", start] - angle["tanh", start])
    print(
        f"{start}: the angle with ReLU less that with tanh is {gap.mean:.1f} ± {gap.half_width:.1f}"
    )
    if start == "untrained":
        finding("untrained: the angle is wider with ReLU, beyond the interval", gap, above=0)
upper_end = gap.mean + gap.half_width
finding("meta-trained: the interval of this difference is not below 0", upper_end, above=0)
curvature = {key: each.curvature.mean() for key, each in measured.items()}
trained_keys = [key for key in measured if key[1] != "untrained"]
times = [(angle[key].mean() / angle[key[0], "untrained"].mean()).item() for key in trained_keys]
finding("either training widens the angle, with either activation", times, above=1)
times = [(curvature[key] / curvature[key[0], "untrained"]).item() for key in trained_keys]
finding("either training makes λ more than twice as large", times, above=2)
claim = "after either training, the part of H without bends has λ, to a fifth"
finding(claim, [shares[key] for key in trained_keys], above=0.8, below=1.2)
gap = curvature["ReLU", "meta-trained"] - curvature["ReLU", "pretrained"]
finding("ReLU: λ is larger after meta-training than after pretraining", gap, above=0)
gap = (angle["tanh", "pretrained"] - angle["tanh", "meta-trained"]).mean()
claim = "tanh: the angle is wider after pretraining than after meta-training"
finding(claim, gap, above=0, share="4 of 5 seeds")

# %% [markdown]
# <details><summary>What happens</summary>
#
# (a) It depends on the start. With random weights the angle is wider with ReLU (11° against 5° at $k = 1$), and after
# meta-training it is not narrower by more than the interval; both hold at all five seeds. After pretraining it is
# about half as wide in this run. So a ReLU does not make first-order MAML nearly exact. Most of λ comes from the
# *loss*, not from the bends of the network. For squared error $H = \frac{2}{m} J^\top J$ plus a term with the second
# derivatives of the network; $J$ holds the derivatives of the $m$ outputs in the weights. A ReLU removes part of the
# second term. But after training the first term alone has nearly all of $\lambda$ (last column).
#
# (b) Either training widens the angle, with both activations, at all five seeds. With ReLU the angle is wider in this
# run after meta-training (44°) than after pretraining (27°). At all five seeds ReLU's $\lambda$ is larger after
# meta-training. With tanh pretraining has the wider angle, at four of five seeds.
#
# One cause is $\alpha\lambda$: along the direction of $\lambda$, MAML's gradient has the factor $1 - \alpha\lambda$
# and the first-order gradient has 1. But $\lambda$ alone does not decide. With tanh both trainings end here at nearly
# the same $\lambda$ and at different angles. The angle also depends on how much of the query gradient lies along the
# steep directions. We did not measure this.
#
# </details>

# %% [markdown]
# An angle is not a result. **Predict:** does the network that was trained without the factors end up worse, after one
# step on new tasks? (All intervals here are over the test tasks, of one training each.)

# %% tags=["hide-output"]
from metalearn_lab import adaptation_curves
from metalearn_lab.figures.style import label_of, show_figure
from metalearn_lab.workbook.headline import headline

unseen = to_device(Sinusoids(queries=100, split="test", seed=seed).batch(0, unseen_tasks), where)
curves = {key: adaptation_curves(learner, unseen, 10) for key, learner in learners.items()}
errors = {key: each.loss[:, 1] for key, each in curves.items()}  # after one step
rows = {
    name: {label_of(kind): plus_minus(errors[kind, name], 2) for kind in kinds}
    for name in activations
}
lost = {name: errors["first_order_maml", name] - errors["maml", name] for name in activations}
gaps = {name.lower(): interval_over_tasks(lost[name]) for name in activations}
for name in activations:
    rows[name]["first-order MAML less MAML"] = plus_minus(lost[name], 2)
    finding(f"{name}: first-order MAML is worse beyond the interval", gaps[name.lower()], above=0)
claim = "first-order MAML loses more with tanh, beyond the interval"
finding(claim, interval_over_tasks(lost["tanh"] - lost["ReLU"]), above=0, share="4 of 5 seeds")
display(pd.DataFrame(rows).T)
headline(
    f"Query error after one step, α = {inner_lr}, on {unseen_tasks} unseen sinusoids: first-order MAML "
    f"minus MAML is {plus_minus(lost['ReLU'], 2)} with ReLU and {plus_minus(lost['tanh'], 2)} with tanh.",
    curves={f"{kind}, {name}": each for (kind, name), each in curves.items()},
    **gaps,
)

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Collect the predictions before you open the table. Then go back to the angles and compare the
# pretrained with the meta-trained start.

# %% [markdown]
# <details><summary>What happens</summary>
#
# Yes, at all five seeds: here by 0.23 with ReLU and 0.64 with tanh. Published results are mixed. On 5-way 1-shot
# miniImageNet, first-order MAML has 48.07 ± 1.75 % and MAML 48.70 ± 1.84 %. On 20-way 1-shot Omniglot they have
# 89.4 ± 0.5 % and 95.8 ± 0.3 %. So measure on your tasks.
#
# </details>
#
# ## Reptile
#
# Reptile has no query set and no second derivative. It trains on a task for $k$ steps, up to a point $\tilde\phi$.
# Then it moves the start $\phi$ (its name for $\theta$) a share $\epsilon$ of the way there. Batched Reptile takes
# the mean move of $n$ tasks:
#
# $$\phi \leftarrow \phi + \epsilon\,\frac{1}{n}\sum_{i=1}^{n} (\tilde\phi_i - \phi).$$
#
# Do not mix up the step sizes: $\alpha$ is for inner steps, $\beta$ for an outer optimiser on a gradient, and
# $\epsilon$ is a share of the way. The package's learner gives $\phi - \tilde\phi$ to `SGD`, whose rate then *is*
# $\epsilon$.
#
# ### Exercise 2: write Reptile (15 minutes, level 2 of 3)
#
# Write one outer step of batched Reptile, with its inner loops. `slopes` has one function for each task: from $\phi$
# to the gradient of this task's loss. Return the new $\phi$ as a new tensor. The check compares to six digits.
#
# <details><summary>Hint 1</summary>
#
# Every task starts from the same $\phi$. Collect the moves $\tilde\phi_i - \phi$ in a list.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# If every task is put in twice, the new $\phi$ must stay the same. Does yours?
#
# </details>


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

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** What is not ready by then is homework. Most first answers forget $1/n$, or train the second
# task from where the first one ended. The check names both.

# %% [markdown]
# ## Why Reptile with one step is pretraining
#
# With $k = 1$ the whole move is $\tilde\phi - \phi = -\alpha\,\nabla L(\phi)$: one step down the task's own loss. The mean
# over the tasks is $-\alpha$ times the gradient of pretraining. So with $k = 1$ Reptile *is* pretraining, with outer step
# size $\epsilon\alpha$. We check this on the sinusoid network, in double precision:

# %% tags=["nbval-check-output"]
from metalearn_lab import Reptile
from metalearn_lab.evaluation.meta_gradient_check import meta_gradient
from metalearn_lab.tasks.types import Split, Task

tasks = Task(*(Split(*(part.double() for part in split)) for split in training.batch(0, 25)))
tasks, precise = merge_splits(tasks), MLP([1, 40, 40, 1], seed=seed).double()
pretraining = JointPretraining(precise, F.mse_loss, inner_lr=0.01, inner_steps=1)
wanted = meta_gradient(pretraining, tasks, "vmap")
off = {}
for k in (1, 2):
    learner = Reptile(precise, F.mse_loss, inner_lr=0.01, inner_steps=k)
    gradient = meta_gradient(learner, tasks, "vmap")  # mean of φ − φ̃
    off[k] = max((gradient[name] - k * 0.01 * wanted[name]).abs().max() for name in wanted)
proof("k = 1: the gradient of Reptile is α times that of pretraining", off[1], below=1e-12)
finding("k = 2: the gradient of Reptile is not 2α times that of pretraining", off[2], above=1e-4)

# %% [markdown]
# With more steps Reptile goes elsewhere. The picture below has three bowls in the plane. A dotted ellipse shows how steep
# a task is in each direction (narrow means steep). The white square is the start. It stands on the black cross, the optimum
# of pretraining. With $k = 10$ Reptile leaves it.
#
# **Predict, then move.** (a) Does Reptile go to the white circle, the plain mean of the three stars? What about $k = 20$?
# (b) Is the point where Reptile settles better or worse than the cross *before* adaptation? And *after* it? (c) What
# does *forget 1/n* do at $\epsilon = 0.3$, and at $\epsilon = 1$?

# %%
from metalearn_lab.explorers.reptile_path_explorer import ReptilePathExplorer

three_bowls = planar_quadratics(
    steepness=[(9, 0.6), (7, 0.5), (1.5, 1.5)],
    angles=[20, 110, 0],
    centres=[(-2, -1), (2, 0.4), (0, 2)],
)
ReptilePathExplorer(three_bowls).show()

# %% tags=["nbval-check-output", "hide-output"]
circle = three_bowls.centres.mean(0)
for k in (1, 2, 5, 10, 20, 100):
    setting = {"inner_lr": 0.1, "inner_steps": k}
    cross, settles = (
        three_bowls.stationary_point(name, **setting) for name in ("joint", "reptile")
    )
    x, y = settles.tolist()
    before, after = (
        " and ".join(f"{loss:5.2f}" for loss in pair)
        for pair in (
            [three_bowls.loss(point).item() for point in (cross, settles)],
            [three_bowls.loss_after(point, **setting).item() for point in (cross, settles)],
        )
    )
    print(
        f"k = {k:3}: settles at ({x:5.2f}, {y:5.2f}), {(settles - circle).norm():.2f} from the circle; "
        f"loss at cross and there: before {before}, after {after}"
    )

# %% [markdown]
# <details><summary>What happens</summary>
#
# (a) It moves in that direction, but it stops on the way: at (−0.53, 0.32) for $k = 10$ and at (−0.27, 0.43) for
# $k = 20$. The circle is at (0, 0.47). After many steps a task has reached its optimum along its steep directions,
# from wherever it started. Along these directions every task now has the same weight, 1. Along its flat direction a
# task still has less: at $k = 10$ task 1 has $1 - 0.94^{10} \approx 0.46$. Only for $k \to \infty$ are all weights 1;
# then Reptile settles at the circle.
#
# (b) Worse before, better after: for $k = 10$ the loss is 3.97 at the cross and 7.06 where Reptile settles. After
# the ten steps it is 0.48 and 0.22.
#
# (c) Without $1/n$ the step is $\epsilon n$. At $\epsilon = 0.3$ and $n = 3$ this is 0.9: Reptile arrives even sooner, so
# nobody notices the mistake. At $\epsilon = 1$ it is 3, and the path leaves the picture.
#
# </details>

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Show $n = 1$ (serial: the path keeps jumping, and only a smaller $\epsilon$ calms it), $n = 3$,
# and *forget 1/n*.

# %% [markdown]
# ## Reptile on sinusoids
#
# Pretraining learns approximately the mean of all sinusoids, $-1.6\cos x$. Without adaptation no function has a lower
# expected squared error. Now Reptile sees the same tasks, ten in an outer step. Each of its inner steps takes
# five of the task's 20 points: $k = 1$ uses the first five only, $k = 10$ goes through all 20 points two and a half times.
#
# After training, each network adapts to new tasks with the inner step size $\alpha$ that is best for it on validation tasks,
# so no method suffers from a badly chosen one.
#
# **Predict.** (a) How far is Reptile's network from the mean function *before* adaptation, compared with pretraining's?
# (b) Pretraining takes one gradient of each task in an outer step, Reptile takes ten. Give Reptile a tenth of the outer
# steps, so that both take equally many. Is Reptile still better after adaptation? (Each of Reptile's gradients uses 5
# points, each of pretraining's uses 20.)
#
# The row *Reptile, k = 1* stands in the table only; the picture after the table leaves it out.


# %%
def ten_tasks(iteration):
    """The tasks of an outer step: support and query points alike."""
    return to_device(merge_splits(training.batch(10 * iteration, 10)), where)


def trained_reptile(k, outer_steps):
    """Batched Reptile; ε goes from 1 to 0, as published."""
    model = MLP([1, 40, 40, 1], seed=seed)
    learner = Reptile(model, F.mse_loss, inner_lr=inner_lr, inner_steps=k, inner_batch=5).to(where)
    sgd = torch.optim.SGD(learner.parameters(), lr=1.0)  # ε
    to_zero = torch.optim.lr_scheduler.LinearLR(sgd, 1.0, 0.0, total_iters=outer_steps)
    meta_train(learner, ten_tasks, iterations=outer_steps, optimizer=sgd, scheduler=to_zero)
    return learner


model = MLP([1, 40, 40, 1], seed=seed)
pretraining = JointPretraining(model, F.mse_loss, inner_lr=inner_lr, inner_steps=1).to(where)
adam = torch.optim.Adam(pretraining.parameters(), lr=outer_lr)
meta_train(pretraining, ten_tasks, iterations=iterations, optimizer=adam)
contenders = {
    "joint": pretraining,
    "reptile, k = 1": trained_reptile(1, iterations),
    f"reptile, k = {reptile_steps}": trained_reptile(reptile_steps, iterations),
    "reptile, equal gradients": trained_reptile(reptile_steps, max(1, iterations // reptile_steps)),
}

# %% tags=["hide-output"]
x = torch.linspace(-5, 5, 121)[:, None].to(where)
mean_function = -2.55 * 2 / torch.pi * torch.cos(x)  # of all training sinusoids
validation = to_device(Sinusoids(split="validation", seed=seed).batch(0, 100), where)


def error_at(learner, rate):
    learner.inner_lr = rate
    return adaptation_curves(learner, validation, 10).loss[:, 10].nan_to_num(torch.inf).mean()


distances, curves, rows = {}, {}, {}
for name, learner in contenders.items():
    by_rate = {rate: error_at(learner, rate) for rate in (0.003, 0.005, 0.01, 0.02)}
    learner.inner_lr = min(by_rate, key=by_rate.get)
    curves[name] = adaptation_curves(learner, unseen, 10)
    distances[name] = F.mse_loss(learner.model(x), mean_function).item()
    rows[label_of(name)] = {
        "mean squared distance to −1.6 cos x": f"{distances[name]:.2f}",
        "α": learner.inner_lr,
        **{f"error, step {step}": plus_minus(curves[name].loss[:, step], 2) for step in (0, 1, 10)},
    }
display(pd.DataFrame(rows).T)
print(f"α: chosen on validation tasks; mean and 95 % interval over {unseen_tasks} unseen tasks")

# %% tags=["hide-output"]
from metalearn_lab.figures.adaptation_curves import adaptation_curves_figure

drawn = {name: each for name, each in curves.items() if name != "reptile, k = 1"}
show_figure(
    adaptation_curves_figure(drawn, ylabel="mean squared error on the query points"),
    "Query error against the inner step at test time. Pretraining and both Reptiles begin alike. Reptile with "
    "many steps drops steeply; with a tenth of the outer steps less so, but it too stays below pretraining, "
    "which falls slowly.",
)
finding("before adaptation all four are near the mean function", distances, below=0.3)
joint, one, many, equal = (each.loss[:, 10] for each in curves.values())
gap = interval_over_tasks(one - joint)
finding("after 10 steps Reptile with k = 1 is no better than pretraining", gap.mean, above=0)
left = (many.mean() / joint.mean()).item()
claim = "after 10 steps Reptile with many inner steps has less than half of pretraining's error"
finding(claim, left, below=0.5)
gap = interval_over_tasks(joint - equal)
finding("with equal gradients Reptile is better, beyond the interval", gap, above=0)

# %% [markdown]
# <details><summary>What happens</summary>
#
# (a) Before adaptation Reptile's function is close to the mean function too: mean squared distance 0.01, and 0.15 with equal
# gradients (pretraining 0.01). (b) Yes, in all five seeds that we tried. The outer optimiser and the points per
# gradient differ too; $k = 1$, with the same optimiser, was no better than pretraining. What differs is what a step
# on a new task does.
# So "a start that is good on all tasks at once" does not describe what Reptile learns: pretraining's start is as good, and
# gains far less from a step.
#
# Reptile with $k = 1$ is not better than pretraining. Its mean error after ten steps is higher at all five seeds, at one of
# them by only 0.01. Three things differ from pretraining here: it sees a quarter of the points, its outer optimiser is plain
# SGD instead of Adam, and its step size falls to 0. We did not measure which of them matters.
#
# </details>

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Ask why "a start that is good on all tasks at once" does not describe Reptile.

# %% [markdown]
# ## What each gradient is made of
#
# Why do several steps help? Take $k$ **minibatches** (small random parts) of a task, with gradients $\bar g_i$ and
# Hessians $\bar H_i$ at the start. Reptile takes $k$ inner steps. MAML and first-order MAML take $k - 1$: their last
# minibatch is the query set. For small $\alpha$, and on average over the draw, each meta-gradient is a sum of two
# vectors, up to terms of order $\alpha^2$:
#
# - $\text{AvgGrad} = \mathbb E[\bar g_1]$, the gradient of pretraining;
# - $\text{AvgGradInner} = \mathbb E[\bar H_2 \bar g_1] = \tfrac12 \nabla\, \mathbb E[\bar g_1 \cdot \bar g_2]$:
#   towards minibatches whose gradients *agree*.
#
# | | AvgGrad | AvgGradInner |
# | --- | --- | --- |
# | MAML | $1$ | $-2(k-1)\,\alpha$ |
# | first-order MAML | $1$ | $-(k-1)\,\alpha$ |
# | Reptile, $(\phi - \tilde\phi)/\alpha$ | $k$ | $-\tfrac12 k(k-1)\,\alpha$ |
#
# We go *down* these gradients, so the minus sign raises agreement: a step on one minibatch helps on the others.
#
# <details><summary>Where the table comes from</summary>
#
# At its turn, minibatch $i$ has the gradient $\bar g_i - \alpha\,\bar H_i \sum_{j<i} \bar g_j + O(\alpha^2)$. Count
# the products $\bar H_i\bar g_j$: Reptile has one for each pair, first-order MAML those with $i = k$. MAML has
# $k - 1$ more, from its factors $(I - \alpha\bar H_j)$.
#
# </details>
#
# **Work out** which of the three presses hardest on the agreement, per unit of AvgGrad. Below we measure the
# coefficients on eight sinusoids with a small tanh network.

# %% tags=["hide-output"]
from metalearn_lab.experiments.taylor import expected_coefficients, measured_coefficients
from metalearn_lab.figures.taylor_coefficients import taylor_coefficients_figure

points = Sinusoids(shots=80, split="train", seed=seed).batch(0, 8).support
minibatches = Split(*(part.double().reshape(8, 8, 10, 1).to(where) for part in points))
small = MLP([1, 8, 8, 1], activation="tanh", seed=seed).double().to(where)
by_count, off = {}, []
for k in (2, 3, 4):
    learner = Reptile(small, F.mse_loss, inner_lr=1e-5, inner_steps=k)  # small: α² must not show
    settings = {"draws": draws, "minibatches": k, "seed": seed}
    by_count[k] = measured_coefficients(learner, minibatches, **settings)
    for name, pair in by_count[k].items():
        for part, wanted in zip(pair, expected_coefficients(name, k), strict=True):
            off.append(((part.mean - wanted).abs() / part.half_width).item())
show_figure(
    taylor_coefficients_figure(by_count),
    "Coefficient of AvgGradInner in units of α for two, three and four minibatches. The measured points "
    "of MAML, first-order MAML and Reptile lie on the lines of the table within their intervals.",
)
finding("the 18 measured coefficients agree with the table, within 1.6 half-widths", off, below=1.6)
press = {name: -(pair.inner.mean / pair.grad.mean) for name, pair in by_count[4].items()}
order = [press["maml"] - press["first_order_maml"], press["first_order_maml"] - press["reptile"]]
finding("per unit of AvgGrad, MAML presses hardest, Reptile least (k = 4)", order, above=0)

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** On the board: count the products for $k = 2$.

# %% [markdown]
# <details><summary>What happens</summary>
#
# MAML presses hardest and Reptile least: for $k = 4$ the coefficients of AvgGradInner per unit of AvgGrad are −6, −3 and
# −1.5, in units of $\alpha$. (In the picture MAML and Reptile are both at −6 for $k = 4$; but Reptile has $k = 4$ units of
# AvgGrad.) With one minibatch Reptile does not press at all. All of this holds for small $\alpha k$ only. On the sinusoids
# $\alpha k$ is not small: what counts is $\alpha k\lambda$, and already at the random weights this is
# $0.01 \cdot 10 \cdot 37$, about 4. So this is a hint why several steps help, not a proof.
#
# </details>

# %% [markdown]
# ## Four wrong formulas
#
# Here are four mistakes that are easy to make. None raises an error.
#
# | | wrong | right |
# | --- | --- | --- |
# | **the sign** | $\theta \leftarrow \theta - \beta\nabla_\theta \frac1n\sum_i L_i(\theta + \alpha\nabla L_i(\theta))$, called "Reptile" | $L_i(\theta - \alpha\nabla L_i(\theta))$: the inner step goes *down*. This is MAML; these bowls have no noise, so support and query loss are the same. |
# | **the mean** | $\phi \leftarrow \phi + \epsilon\sum_i(\tilde\phi_i - \phi)$ | $\phi + \epsilon\,\frac1n\sum_i(\tilde\phi_i - \phi)$ |
# | **the step** | one "learning rate" for $\alpha$ and $\epsilon$ | $\epsilon$ is a share of the way |
# | **the query set** | $\min_\theta \sum_i L_{S_i}(\theta - \alpha\nabla L_{S_i}(\theta))$, judged on the support set | $\min_\theta \sum_i L_{Q_i}(\theta - \alpha\nabla L_{S_i}(\theta))$ |
#
# **Predict** for each where it leads: to the same place, elsewhere, or nowhere. The first three run on two bowls with one
# weight: steepness $a = (1, 9)$, centres $c = (-1, 1)$, $\alpha = 0.1$. MAML settles at $-0.8$ there (chapter 03). Reptile
# takes $k = 5$ inner steps there and settles at 0.42; with 6 tasks each of the two bowls stands in the list three times.
# For the last one we keep $\theta = 0$ and learn $\alpha$ instead, because there the harm is easy to see. Each task has a
# hidden centre; the support and the query set are one noisy look each at it.

# %%
a, c, alpha = torch.tensor([1.0, 9.0]), torch.tensor([-1.0, 1.0]), 0.1


def repeat(update, start, times):
    """start, update(start), update(update(start)), …"""
    path = [torch.tensor(start)]
    for _ in range(times):
        path.append(update(path[-1]))
    return [value.item() for value in path]


def loss_after(theta, sign):
    theta_1 = theta + sign * alpha * a * (theta - c)  # −1 is right
    return (a / 2 * (theta_1 - c) ** 2).mean()


def move(phi, tasks=2, k=5):
    """φ̃ − φ of 2 or 6 tasks: each bowl once, or three times."""
    return (c + (1 - alpha * a) ** k * (phi - c) - phi).repeat(tasks // 2)


slope = torch.func.grad(loss_after)
right_sign = repeat(lambda theta: theta - 0.06 * slope(theta, -1), 0.0, 400)
wrong_sign = repeat(lambda theta: theta - 0.06 * slope(theta, +1), 0.0, 400)

# %%
from metalearn_lab.tasks.seeds import generator

mean_of_6 = repeat(lambda phi: phi + 1.0 * move(phi, 6).mean(), 0.0, 12)  # ε = 1
sum_of_2 = repeat(lambda phi: phi + 1.0 * move(phi, 2).sum(), 0.0, 12)
sum_of_6 = repeat(lambda phi: phi + 1.0 * move(phi, 6).sum(), 0.0, 12)

share = repeat(lambda phi: phi + 0.5 * move(phi).mean(), -1.0, 12)  # ε = 0.5
alpha_for_epsilon = repeat(lambda phi: phi + alpha * move(phi).mean(), -1.0, 12)
over_alpha = repeat(lambda phi: phi + 0.5 * move(phi).mean() / alpha, -1.0, 12)


def looks(name, count):
    """For each task a noisy look at its centre to adapt on, and another to be judged on."""
    centre, *noise = torch.randn(3, count, generator=generator("noisy centres", name, seed))
    return centre + noise[0], centre + noise[1]


# One step of size α from θ = 0 on ½(θ − s)² goes to αs; it is judged by ½(αs − q)².
s, q = looks("train", 5000)
with_query = repeat(lambda rate: rate - 0.1 * ((rate * s - q) * s).mean(), 0.0, 40)
without_query = repeat(lambda rate: rate - 0.1 * ((rate * s - s) * s).mean(), 0.0, 40)

# %% tags=["hide-output"]
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

# %% tags=["nbval-check-output", "hide-output"]
print(f"sign: right settles at {right_sign[-1]:+.3f}, wrong at {wrong_sign[-1]:+.3f}")
print(f"mean: right settles at {mean_of_6[-1]:+.3f}, n = 2 without 1/n at {sum_of_2[-1]:+.3f}")
proof("the mean: with n = 6, Reptile without 1/n runs away", abs(sum_of_6[-1]), above=1000)
right, crawling = (abs(path[-1] - mean_of_6[-1]) for path in (share, alpha_for_epsilon))
proof("the step: Reptile with ε = 0.5 has arrived after 12 outer steps", right, below=0.01)
proof("the step: with α for ε it has not arrived after 12 outer steps", crawling, above=0.01)
proof("the step: Reptile divided by α too runs away", abs(over_alpha[-1]), above=1000)
learned, believed = with_query[-1], without_query[-1]
finding("the query set: with it the learned α is 0.5, to 0.05", learned, above=0.45, below=0.55)
proof("the query set: without it the learned α is 1", abs(believed - 1), below=1e-3)
s, q = looks("test", 5000)
nothing, right, wrong = (((rate * s - q) ** 2 / 2).mean() for rate in (0.0, learned, believed))
print(f"loss on unseen tasks: {nothing:.2f} without adaptation, {right:.2f} with the α learned on")
print(f"queries, {wrong:.2f} with the α learned on the support set")
finding("with a query set, adaptation helps on unseen tasks", right / nothing, below=0.9)
finding("without, adapting is no better than not adapting, to 5 %", wrong / nothing, above=0.95)

# %% [markdown]
# <details><summary>What happens</summary>
#
# - **The sign.** The inner step climbs, and climbs farthest on the steep bowl. The start has to make up for that: the
#   weight of a centre is $a(1 + \alpha a)^2$ instead of $a(1 - \alpha a)^2$. The steep bowl takes nearly all of it, and the
#   start settles at 0.93.
# - **The mean.** Without $1/n$ the published $\epsilon = 1$ becomes $\epsilon = n$. Two tasks overshoot and still arrive; six
#   run away.
# - **The step.** With $\alpha$ in place of $\epsilon$ nothing breaks, it only crawls. With a gradient $(\phi - \tilde\phi)/\alpha$
#   *and* a step size made for $\phi - \tilde\phi$, each step is ten times too long.
# - **The query set.** A learner judged on its own support set learns to believe the noise: $\alpha = 1$ jumps onto the one
#   noisy look. Its training loss is zero. On unseen tasks it is no better than not adapting.
#
# </details>

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Give each group one row of the table. They predict the end point with the weights of chapter
# 03 before you open the picture. One more to name: "sum" for "mean" in MAML's loss only changes the outer step size.

# %% [markdown]
# ### Exercise 3: more steps for Reptile (10 minutes, level 1 of 3)
#
# Set `reptile_steps` to 3, then 30, and run the chapter again. Predict first how the rows "Reptile, k = …" and
# "Reptile, equal gradients" change. (With equal gradients Reptile takes `iterations // reptile_steps` outer steps.)
#
# <details><summary>What happens</summary>
#
# From 3 to 30 both got better in five trainings that we ran separately.
#
# </details>
#
# ## What to remember
#
# - First-order MAML drops the factors $(I - \alpha H_j)$. For small $\alpha$ the angle to MAML's arrow grows with
#   $\alpha$. The loss of a ReLU network is curved too.
# - On the sinusoids (α = 0.01, k = 1) pretraining and meta-training both widen the angle (both activations, all five
#   seeds).
# - Reptile moves towards the point where training on a task ends. With one inner step it is pretraining. With more,
#   its expected update also has a term that makes a task's gradients agree, as MAML's has (small $\alpha k$).
# - A wrong sign, $1/n$ or query set raises no error. Look where an update *settles*, and whether it crawls,
#   overshoots or runs away.
#
# ## Sources
#
# - Finn, Abbeel, Levine: *Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks*, ICML 2017,
#   [arXiv:1703.03400](https://arxiv.org/abs/1703.03400). Section 5.2: first-order MAML, miniImageNet.
# - Nichol, Achiam, Schulman: *On First-Order Meta-Learning Algorithms*, 2018,
#   [arXiv:1803.02999](https://arxiv.org/abs/1803.02999). Algorithms 1 and 2: Reptile. Section 4: sinusoids, there
#   with phases in $[0, 2\pi]$, whose mean is zero. Section 5.1: the two vectors. Section 6: Omniglot.
#
# Next: [05 The adaptation lab](05_adaptation_lab.ipynb).
