# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/03_maml.ipynb)
#
# # MAML
#
# After this chapter you will be able to
#
# - differentiate *through* a gradient step: by hand on one weight, then with PyTorch, then on a network, and prove each against the other;
# - say where MAML puts the start, and why that is not the best point before adaptation;
# - repeat the published sinusoid run at its full length, and say how far α and $k$ may be changed after training.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% [markdown]
# The parameters are those of the published run. Most of this chapter's time goes into its two trainings, about half a
# minute each on two quiet cores with a C compiler. For a quick look take `make run ARGS="03 -p iterations 5000"`.

# %% tags=["parameters"]
iterations: int = 70000  # outer steps of each training, as in the released code
inner_lr: float = 0.01  # α, the inner step size; the paper says 0.01, the released default is 0.001
outer_lr: float = 0.001  # β, the rate of the outer Adam
shots: int = 10  # K in training, support points of a task
meta_batch: int = 25  # tasks in each outer step
unseen_tasks: int = 600  # tasks that the results are taken over
test_steps: int = 10  # inner steps shown at test time, 5 or more
seed: int = 0  # of the weights and the training tasks
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## One weight, one step
#
# How do you take the gradient of *the loss after a gradient step*? Begin with one weight $\theta$ and two bowls: the
# support loss $L_S(\theta) = \frac{a}{2}(\theta - c)^2$ and the query loss $L_Q(\theta) = \frac{b}{2}(\theta - d)^2$. One
# inner step on the support loss, then the query loss there:
#
# $$\theta_1 = \theta - \alpha\,a(\theta - c), \qquad \text{meta-loss} = L_Q(\theta_1).$$
#
# $\theta$ appears twice in $\theta_1$: as the place to start from, and inside the gradient. The chain rule counts both:
#
# $$\frac{d}{d\theta} L_Q(\theta_1) = \frac{d\theta_1}{d\theta}\, L_Q'(\theta_1) = (1 - \alpha a)\, L_Q'(\theta_1).$$
#
# **Predict.** If $\alpha a = 1$, the factor is 0: the meta-gradient vanishes, whatever the query loss is. Why must that be so?

# %% [markdown] tags=["instructor"]
# **Instructor, 8 minutes.** Let them derive the factor on paper before the code is shown. Who writes $L_Q'(\theta_1)$ alone has
# forgotten the second place where θ appears; do not correct it yet, the cells below do. At $\alpha a = 1$ the step ends in the centre
# from everywhere, so where it began cannot matter.

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

import torch

a, c, b, d = 2.0, 1.0, 1.0, -1.0
alpha, start = 0.3, 2.0


def support_loss(theta):
    """L_S"""
    return a / 2 * (theta - c) ** 2


def query_loss(theta):
    """L_Q"""
    return b / 2 * (theta - d) ** 2


theta_1 = start - alpha * a * (start - c)
by_hand = (1 - alpha * a) * b * (theta_1 - d)
print(f"θ = {start}, θ₁ = {theta_1:.2f}, factor 1 − αa = {1 - alpha * a:.2f}")
print(f"meta-gradient by hand: {by_hand:.4f}")

# %% [markdown]
# With $\alpha a = 1$ one step ends in $c$ from anywhere, so moving $\theta$ changes nothing.
#
# Now PyTorch. `torch.autograd.grad` gives the inner gradient. With `create_graph=True` that gradient is itself a
# function of $\theta$ that can be differentiated again; without it, it is a plain number.
#
# **Predict.** Leave `create_graph=True` out. Is there an error, no gradient at all, or a wrong one?


# %%
def one_step_gradient(create_graph):
    """dL_Q(θ_1)/dθ by autograd."""
    theta = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    [g] = torch.autograd.grad(support_loss(theta), theta, create_graph=create_graph)
    theta_1 = theta - alpha * g
    [meta_gradient] = torch.autograd.grad(query_loss(theta_1), theta)
    return meta_gradient.item()


print(f"with create_graph=True:  {one_step_gradient(True):.4f}")
print(f"without:                 {one_step_gradient(False):.4f}")

# %% tags=["nbval-check-output"]
from metalearn_lab.workbook.facts import finding, proof

with_graph, without = one_step_gradient(True), one_step_gradient(False)
proof("autograd agrees with the hand", abs(with_graph - by_hand), below=1e-12)
off = abs(without * (1 - alpha * a) - by_hand)
proof("without the graph, the factor is all that is lost", off, below=1e-12)

# %% [markdown]
# No error, and a gradient: $L_Q'(\theta_1)$ without its factor. That is *first-order MAML*, an algorithm in its own right
# (chapter 04), but not the one you meant. The meta-loss would still fall, so only a check like this one shows it.
#
# ## k steps
#
# Each inner step hands on one factor: $\theta_k - c = (1 - \alpha a)^k (\theta - c)$, therefore
#
# $$\frac{d}{d\theta} L_Q(\theta_k) = (1 - \alpha a)^k\, L_Q'(\theta_k).$$
#
# **Predict.** Five inner steps, $\alpha a = 0.6$: which part of $L_Q'(\theta_5)$ is left? And what happens to the
# meta-gradient if $\alpha a = 2.5$?

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Let the class call out the first numbers of the row αa = 0.6 (0.4, 0.16, …) before running. The point to
# make: long inner loops make the meta-gradient vanish where they work well and explode where they do not.


# %%
def k_step_gradient(rate, k):
    """dL_Q(θ_k)/dθ by autograd, and by the formula, with α = rate."""
    theta = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    theta_k = theta
    for _ in range(k):
        [g] = torch.autograd.grad(support_loss(theta_k), theta_k, create_graph=True)
        theta_k = theta_k - rate * g
    [by_autograd] = torch.autograd.grad(query_loss(theta_k), theta)
    by_formula = (1 - rate * a) ** k * b * (theta_k - d)
    return by_autograd.item(), by_formula.item()


# %% tags=["nbval-check-output"]
print("factor (1 − αa)^k,  k =", *(f"{k:8d}" for k in (1, 2, 3, 5, 10)))
for product in (0.6, 0.9, 2.5):
    factors = [f"{(1 - product) ** k:8.2g}" for k in (1, 2, 3, 5, 10)]
    print(f"{f'αa = {product}':>23}", *factors)
pairs = [k_step_gradient(rate, k) for rate in (0.3, 0.45, 1.25) for k in (1, 2, 3, 5, 10)]
off = [abs(one - other) / max(1, abs(other)) for one, other in pairs]
proof("k steps: autograd agrees with the formula, in relative terms", off, below=1e-12)

# %% [markdown]
# Where the inner loop solves the task, the start no longer matters and its gradient vanishes; where $|1 - \alpha a| > 1$ the
# inner loop runs away from $c$, and the gradient grows with it.
#
# ## A network
#
# With many weights the curvature $a$ becomes the Hessian $H_j = \nabla^2 L_S(\theta_j)$, another matrix at each step. One step
# has the Jacobian $\frac{d\theta_{j+1}}{d\theta_j} = I - \alpha H_j$, where one weight has $1 - \alpha a$. By the chain rule the
# Jacobian of $k$ steps is their product, the last on the left, and a gradient is multiplied by its transpose:
#
# $$\nabla_\theta L_Q(\theta_k) = \big[(I - \alpha H_{k-1})\cdots(I - \alpha H_0)\big]^{\top} \nabla L_Q(\theta_k)
# = (I - \alpha H_0)(I - \alpha H_1)\cdots(I - \alpha H_{k-1})\,\nabla L_Q(\theta_k).$$
#
# ($\nabla L_Q(\theta_k)$ is the gradient of $L_Q$, taken at $\theta_k$; $\nabla_\theta$ differentiates through the steps.) Every $H_j$ is
# symmetric, so transposing only turns the order round: the *last* step's factor is applied first, as in any backward pass.
#
# A network of ten weights is small enough to write every Hessian down, with three tools of PyTorch:
#
# - `functional_call(net, weights, (x,))` runs a network with weights that you give it;
# - `grad(f)` is the *function* $\nabla f$, which can be differentiated again (no `create_graph` needed);
# - `jacrev(g)` is the function that gives the Jacobian of $g$.

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Write $d\theta_{j+1}/d\theta_j = I - \alpha H_j$ on the board and let them multiply three of
# them. Ask for the shape of each object: the meta-gradient is a vector, so no matrix-matrix product is ever needed.

# %%
from torch.func import functional_call, grad, jacrev
from torch.nn import functional as F
from torch.nn.utils import parameters_to_vector

from metalearn_lab import MLP, Sinusoids, Split

net = MLP([1, 3, 1], activation="tanh").double()
shapes = {name: weight.shape for name, weight in net.named_parameters()}
support, query = (Split(*(part[0].double() for part in split)) for split in Sinusoids().batch(0, 1))


def loss_at(theta, split):
    """L(θ) of the network whose weights are the numbers of one vector θ."""
    parts = theta.split([shape.numel() for shape in shapes.values()])
    weights = {name: part.view(shapes[name]) for name, part in zip(shapes, parts, strict=True)}
    return F.mse_loss(functional_call(net, weights, (split.x,)), split.y)


# %% [markdown]
# Three inner steps forward, keeping each Hessian; then the factors backward:

# %%
theta, rate, k = parameters_to_vector(net.parameters()).detach(), 0.1, 3

theta_j, factors = theta, []
for _ in range(k):
    H_j = jacrev(grad(loss_at))(theta_j, support)  # the derivative of the gradient
    factors.append(torch.eye(len(theta)) - rate * H_j)
    theta_j = theta_j - rate * grad(loss_at)(theta_j, support)

query_gradient = grad(loss_at)(theta_j, query)
by_product = query_gradient
for factor in reversed(factors):
    by_product = factor @ by_product

print("weights:", len(theta), "  Hessian:", tuple(H_j.shape))
print(f"|∇L_Q(θ_k)| = {query_gradient.norm():.4f},  |meta-gradient| = {by_product.norm():.4f}")

# %% [markdown]
# Autograd does the same without ever building a matrix: it applies each $I - \alpha H_j$ to a vector, which costs about as much as
# one or two more gradients. (For the 1,761 weights below, one Hessian would have 3.1 million entries.)
#
# **Predict.** Apply the factors in the wrong order, first step first. Does it matter for $k = 1$? For $k = 3$?


# %%
def meta_loss(theta):
    """L_Q(θ_k), differentiable in θ."""
    for _ in range(k):
        theta = theta - rate * grad(loss_at)(theta, support)
    return loss_at(theta, query)


by_autograd = grad(meta_loss)(theta)

h = 1e-5
directions = h * torch.eye(len(theta), dtype=theta.dtype)
differences = torch.stack(
    [(meta_loss(theta + step) - meta_loss(theta - step)) / (2 * h) for step in directions]
)

wrong_order = query_gradient
for factor in factors:
    wrong_order = factor @ wrong_order

for name, other in (("in the wrong order", wrong_order), ("without factors", query_gradient)):
    print(f"{name}: off by {(other - by_autograd).norm() / by_autograd.norm():.0%}")


# %% tags=["nbval-check-output"]
def difference(other):
    """From the gradient by autograd."""
    return (other - by_autograd).abs().max().item()


proof("the product of factors I − αH_j agrees with autograd", difference(by_product), below=1e-10)
proof("central differences agree with autograd", difference(differences), below=1e-8)
finding("the factors in the wrong order give another gradient", difference(wrong_order), above=1e-4)
finding("no factors (first order) give another gradient", difference(query_gradient), above=1e-2)

# %% [markdown]
# One factor has no order; three have, because the Hessians differ from step to step and do not commute.
#
# ## The learner
#
# That is all of MAML, but for the mean over tasks:
#
# $$\min_\theta\; \frac{1}{n}\sum_{\tau=1}^{n} L_Q^\tau\big(\theta_k^\tau\big), \qquad
# \theta_{j+1}^\tau = \theta_j^\tau - \alpha \nabla L_S^\tau(\theta_j^\tau), \quad \theta_0^\tau = \theta.$$
#
# Here are the lines of the package that do it: the term of the sum, and the inner step, which `inner_loop` repeats $k$ times;
# `rate_of` gives $\alpha$.

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Let them point at each symbol of the formula in the code. Ask where the second derivative is: nowhere
# to be seen. It is in `backward`, because no line detaches θ_j.

# %%
import inspect

from metalearn_lab import MAML, GradientLearner

print(inspect.getsource(MAML.meta_loss))
print(inspect.getsource(GradientLearner.inner_step))

# %% [markdown]
# No line mentions a Hessian: autograd differentiates the loop because nothing in it is detached. (While the meta-loss is to be
# differentiated, `self.gradient` keeps the graph of its gradient, as `create_graph=True` does.) That is easy to break
# without noticing, so the package comes with the check you did by hand, for any learner and model. It takes the
# meta-gradient of a network as large as that of the published run, for all tasks at once (*vmap*) and one by one (*loop*), and
# compares up to 24 numbers of each parameter with finite differences (*ref.*). The activation is tanh, because finite
# differences may step over ReLU's kink.

# %%
from metalearn_lab import check_meta_gradient

smooth = MAML(MLP([1, 40, 40, 1], activation="tanh"), F.mse_loss, inner_lr=inner_lr, inner_steps=3)
report = check_meta_gradient(smooth, Sinusoids().batch(0, 2))
report

# %% tags=["nbval-check-output"]
proof(
    "MAML's meta-gradient through 3 steps of a network of 1,761 weights is right (relative error)",
    [each.reference_error for each in report.parameters],
    below=1e-6,
)

# %% [markdown]
# ## Where does MAML put the start?
#
# A common belief: *MAML finds the point that is best on average, from which it is not far to any task.* Two tasks with one weight
# show what is wrong with it. Bowl $i$ is $L_i(\theta) = \frac{a_i}{2}(\theta - c_i)^2$, the same for support and query. Joint
# training minimises the black dashed curve, the mean of the bowls. MAML minimises the solid blue one, the mean of
#
# $$L_i(\theta_k) = \frac{a_i}{2}(1 - \alpha a_i)^{2k}(\theta - c_i)^2 .$$
#
# Each algorithm is pulled towards $c_i$ with strength $w_i(c_i - \theta)$ and settles where the pulls cancel, at
# $\theta = \sum_i w_i c_i / \sum_i w_i$:
#
# | algorithm | weight $w_i$ of $c_i$ | because it follows |
# | --- | --- | --- |
# | joint training | $a_i$ | $L_i'(\theta)$ |
# | MAML | $a_i(1-\alpha a_i)^{2k}$ | the derivative of $L_i(\theta_k)$ |
# | first-order MAML | $a_i(1-\alpha a_i)^{k}$ | $L_i'(\theta_k)$, without the factor |
# | Reptile | $1-(1-\alpha a_i)^{k}$ | the way $\theta_k - \theta$ that $k$ steps went (chapter 04) |
#
# Chapter 00 had these bowls with $\alpha = 0.1$ and $k = 1$: joint training settles at 0.8, MAML at −0.8. **Predict** before you
# run the cell. (a) Which of the four move at $k = 2$, and which way? (b) Make both bowls equally steep, $a = (5, 5)$: where do
# the four stand, and does $k$ matter? (c) Go back to $a_2 = 9$. At $k = 1$, then at $k = 2$, raise α until $\alpha a_2$ is above 1,
# then above 2: who goes astray?

# %% [markdown] tags=["instructor"]
# **Instructor, 12 minutes.** Collect predictions for (a) by a show of hands before the cell is run. Then set $a_2 = 10$, α = 0.1 (one
# step solves the steep bowl, its weight is 0), then α = 0.2 with $k = 1$ (the step jumps to the mirror image), then
# α = 0.25 ($\alpha a_2 = 2.5$). Let them explain each from the table of weights.

# %%
from metalearn_lab.experiments.two_bowls import Bowls
from metalearn_lab.explorers.two_bowls_explorer import TwoBowlsExplorer

bowls = Bowls(curvatures=(1.0, 9.0), centres=(-1.0, 1.0), inner_lr=0.1, inner_steps=2)
TwoBowlsExplorer(bowls).show()

# %% tags=["nbval-check-output"]
from metalearn_lab.experiments.two_bowls import losses_along, settled

at = {name: settled(name, bowls).point for name in ("joint", "maml", "first_order_maml", "reptile")}
print("k = 2:", {name: round(point, 2) for name, point in at.items()})
places = torch.tensor([at["joint"], at["maml"]], dtype=torch.float64)
before, after = (losses_along(bowls, places, steps).mean(0) for steps in (0, bowls.inner_steps))
lead = before[1] - before[0]
proof("bowls: before adaptation the mean loss is lower for joint training", lead, above=0)
proof("bowls: after adaptation the mean loss is lower for MAML", after[0] - after[1], above=0)
alike = [bowls._replace(curvatures=(5.0, 5.0), inner_steps=steps) for steps in (1, 2, 5, 10)]
from_0 = [abs(settled(name, each).point) for name in at for each in alike]
proof("bowls at ∓1, equally steep: all four stand at 0 for k = 1, 2, 5, 10", from_0, below=1e-6)

# %% [markdown]
# MAML stands near the *shallow* bowl, and with larger $k$ nearer still. The steep one needs no help: an inner step covers nine
# tenths of the way to its centre from anywhere. The start is spent on the task that a step does little for. **The best start is
# not the best point.** First-order MAML follows, Reptile moves towards the middle, and joint training, which knows of no inner
# steps, stays. Where both bowls are equally steep the weights are equal too, and all four stand at 0, whatever $k$ is.

# %% tags=["nbval-check-output"]
cases = ((0.12, 1), (0.23, 2), (0.25, 2))
for there in (bowls._replace(inner_lr=lr, inner_steps=steps) for lr, steps in cases):
    print(f"α = {there.inner_lr}, αa₂ = {9 * there.inner_lr:.2f}, k = {there.inner_steps}:")
    for name in ("maml", "first_order_maml", "reptile"):
        end = settled(name, there)
        print(f"    {name:17}{end.ending.value} {end.point:.2f}")

# %% [markdown]
# With $\alpha a_2$ above 1 the step overshoots. First-order MAML's weight of the steep bowl is then negative for odd $k$: it may land
# outside both centres, as at α = 0.12, or be driven away from its own stationary point. Above 2 the inner loop diverges in
# that bowl: MAML can only stand close to its centre, and now Reptile is driven off, for even $k$.
#
# ## The published run
#
# Now the experiment that introduced MAML, with its published settings and at its published length.
#
# | setting | paper and released code | this run |
# | --- | --- | --- |
# | tasks | $y = A\sin(x - p)$, $A \in [0.1, 5]$, $p \in [0, \pi]$, $x \in [-5, 5]$; in training 10 support and 10 query points | the same |
# | network | 1-40-40-1, ReLU: 1,761 weights, drawn from a truncated normal of deviation 0.01 | the same, drawn as PyTorch does |
# | inner loop | $k = 1$; α is 0.01 in the paper, 0.001 as the code's default | $k = 1$, α = 0.01 |
# | outer loop | 25 tasks a step, Adam at 0.001, 70,000 steps | the same |
# | judged on | 600 unseen tasks, up to 10 steps | the same |
#
# The paper shows this as curves only, so there is no table of numbers to match; what must come out is their shape. Beside
# MAML we train the baseline, on the same points of the same tasks: *pretraining* minimises the loss before any adaptation and then
# fine-tunes. As in chapter 00, it gets support and query points as one set.

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Start the next two cells, then collect predictions while they train: MAML is trained for one step, so what
# will steps 2 to 10 do to it?

# %%
from metalearn_lab import JointPretraining, choose_device, merge_splits, to_device
from metalearn_lab.tasks.devices import device_in_words

where = choose_device(device)
print("Computing on", device_in_words(where))
training = Sinusoids(shots=shots, queries=shots, split="train", seed=seed)
settings = {"inner_lr": inner_lr, "inner_steps": 1}
learners = {
    "maml": MAML(MLP([1, 40, 40, 1], seed=seed), F.mse_loss, **settings),
    "fine_tuning": JointPretraining(MLP([1, 40, 40, 1], seed=seed), F.mse_loss, **settings),
}


def meta_batch_at(iteration):
    """The tasks of an outer step; they depend on its number alone."""
    return to_device(training.batch(iteration * meta_batch, meta_batch), where)


batches = {"maml": meta_batch_at, "fine_tuning": lambda i: merge_splits(meta_batch_at(i))}

# %% [markdown]
# Both trainings go through one loop. The package compiles the step of a network this small to C, where there is a C compiler;
# the formulas above are the same (the package's tests compare the two).

# %%
from time import perf_counter

from metalearn_lab.figures.style import LABELS
from metalearn_lab import meta_train

for name, learner in learners.items():
    learner.to(where)
    began = perf_counter()
    optimizer = torch.optim.Adam(learner.parameters(), lr=outer_lr)
    meta_train(learner, batches[name], iterations=iterations, optimizer=optimizer)
    print(f"{LABELS[name]}: {iterations:,} iterations in {perf_counter() - began:.0f} s")

# %% [markdown]
# **Predict.** MAML was trained for the loss after *one* step on ten points. (a) What will steps 2 to 10 do: help, nothing, or
# harm? (b) What if a new task has five points? (c) Pretraining may use the α that suits it best after each number of steps,
# chosen on validation tasks. Does it catch up?

# %%
import copy

from metalearn_lab import AdaptationCurves, adaptation_curves


def unseen(points, split="test"):
    """New tasks of so many support points, with a hundred query points each."""
    return to_device(Sinusoids(points, 100, split, seed).batch(0, unseen_tasks), where)


def at_its_best(learner, points, rates=(0.005, 0.01, 0.02, 0.03)):
    """Curves with the α that is best after each number of steps on validation tasks, and these α."""
    trial = copy.copy(learner)  # the same weights, another α

    def losses(rate, split):
        trial.inner_lr = rate
        return adaptation_curves(trial, unseen(points, split), test_steps).loss

    tried = torch.stack([losses(rate, "validation").mean(0) for rate in rates])
    best = tried.nan_to_num(nan=torch.inf).argmin(0).tolist()  # NaN: a task diverged
    judged = {r: losses(rates[r], "test") for r in set(best)}
    loss = torch.stack([judged[r][:, k] for k, r in enumerate(best)], 1)
    return AdaptationCurves(loss, None), [rates[r] for r in best]


# %%
curves = {}
for points in (5, 10):
    maml = adaptation_curves(learners["maml"], unseen(points), test_steps)
    pretrained, chosen = at_its_best(learners["fine_tuning"], points)
    curves[points] = {"maml": maml, "fine_tuning": pretrained}
    print(f"K = {points}: pretraining's α after 1 … {test_steps} steps:", *chosen[1:])

# %%
from metalearn_lab.figures.adaptation_curves import adaptation_curves_figure
from metalearn_lab.figures.style import show_figure

for points, each in curves.items():
    first = {name: each[name].loss.mean(0) for name in each}
    said = "; ".join(
        f"{LABELS[n]} {m[0]:.2f}, {m[1]:.2f} and {m[-1]:.2f}" for n, m in first.items()
    )
    figure = adaptation_curves_figure(each, ylabel=f"mean squared error, K = {points}")
    figure.axes[0].set_ylim(0, 3.5)  # the same for both
    show_figure(
        figure,
        f"Query error against the inner step, {points} support points. After 0, 1 and {test_steps} "
        f"steps: {said}. MAML drops at the first step and ends lower after the last; pretraining stays far above.",
    )

# %%
import pandas as pd

steps = sorted({0, 1, 5, test_steps})
rows = {}
for points, each in curves.items():
    for name, curve in each.items():
        mean, half, _ = curve.mean_loss
        rows[f"K = {points}", LABELS[name]] = [f"{mean[k]:.3f} ± {half[k]:.3f}" for k in steps]
table = pd.DataFrame(rows, index=pd.Index(steps, name="inner steps")).T
print(f"mean squared error on {unseen_tasks} unseen tasks, with the 95 % interval over tasks")
table

# %%
from metalearn_lab import interval_over_tasks
from metalearn_lab.workbook.headline import headline

maml, pretrained = (curves[10][name].loss for name in ("maml", "fine_tuning"))
one, other = interval_over_tasks(maml[:, 1]), interval_over_tasks(pretrained[:, 1])
headline(
    f"The published sinusoid run, {iterations:,} iterations: after one step on 10 points the error is "
    f"{one.mean:.3f} ± {one.half_width:.3f} for MAML and {other.mean:.3f} ± {other.half_width:.3f} for "
    f"pretraining at its best α ({unseen_tasks} unseen tasks).",
    curves=curves[10],
    maml=one,
    pretraining=other,
    iterations=iterations,
    tasks=unseen_tasks,
)


# %% tags=["nbval-check-output"]
def share(better):
    """Of the tasks on which it is so."""
    return better.float().mean()


for points, each in curves.items():
    maml, pretrained = (each[name].loss for name in ("maml", "fine_tuning"))
    mean, other = maml.mean(0), pretrained.mean(0)
    K = f"K = {points}"
    finding(f"{K}: before adaptation MAML is no better, to 5 %", mean[0] / other[0], above=0.95)
    lead = other[1] - mean[1]
    finding(f"{K}: after 1 step MAML's mean error is lower than pretraining's", lead, above=0)
    ahead = share(maml[:, 1] < pretrained[:, -1])
    finding(f"{K}: 1 step of MAML beats pretraining's last on most tasks", ahead, above=0.5)
    gain = share(maml[:, -1] < maml[:, 1])
    finding(f"{K}: most tasks gain from MAML's further steps", gain, above=0.5)

five, ten = (curves[points]["maml"].loss[:, 1].mean() for points in (5, 10))
finding("MAML's one step leaves 1.4 times as much error with 5 points", five / ten, above=1.4)

# %%
for points, each in curves.items():
    maml = each["maml"].loss
    worse = int((~(maml[:, -1] < maml[:, 1])).sum())
    print(
        f"K = {points}: {worse} of {unseen_tasks} tasks are worse after {test_steps} steps than after one"
    )

# %% [markdown]
# Both of the paper's claims come out: one step does most of it, and on most tasks later steps help, although MAML was never
# trained for them. On *most*: some tasks get worse, and where an inner loop diverges a single task can carry the whole mean away.
# That is where the interval grows from one step to the next. More steps do not always help. With five points in place of ten,
# one step leaves far more error, and more tasks get worse afterwards.
#
# Pretraining does not catch up at any of the α tried, 0.005 to 0.03. Before adaptation the two are alike: MAML's start is not
# nearer to the tasks, it is better placed.
#
# ## Points in one half only
#
# If the start knows sinusoids, it should know how one goes on where there are no points. Give each unseen task ten points with $x < 0$, and
# measure the error at $x > 0$ alone. **Predict:** after one step, has the error *there* fallen, stayed or risen: for MAML, for
# pretraining? And after ten?

# %% [markdown] tags=["instructor"]
# **Instructor, 8 minutes.** Draw five points on the left of the board and let someone continue the curve: they use what they know of
# sinusoids, as MAML does. Ask what the pretrained network could know. Then look at the later steps in the table.

# %%
from metalearn_lab.tasks.placement import points_of, squeezed
from metalearn_lab import Task

family = Sinusoids(shots=10, queries=100, split="test", seed=seed)
drawn, sinusoids = family.batch(0, unseen_tasks), family.curves(0, unseen_tasks)


def one_sided(here, there):
    """The unseen tasks with all support points in one half, judged in the same or the other."""
    support, query = squeezed(drawn.support.x, here), squeezed(drawn.query.x, there)
    return to_device(Task(points_of(sinusoids, support), points_of(sinusoids, query)), where)


seen, hidden = one_sided("left half", "left half"), one_sided("left half", "right half")
halves = {
    name: [adaptation_curves(learner, half, test_steps) for half in (seen, hidden)]
    for name, learner in learners.items()
}

# %%
rows = {}
for name, sides in halves.items():
    for side, curve in zip(("where the points are", "in the other half"), sides, strict=True):
        mean, half, _ = curve.mean_loss
        rows[LABELS[name], side] = [f"{mean[k]:.2f} ± {half[k]:.2f}" for k in steps]
print(f"mean squared error, ten points in the left half, {unseen_tasks} tasks, α = {inner_lr}")
pd.DataFrame(rows, index=pd.Index(steps, name="inner steps")).T

# %% tags=["nbval-check-output"]
far = {name: sides[1].loss.mean(0) for name, sides in halves.items()}
maml, pretrained = far["maml"], far["fine_tuning"]
there = "half without points"
left = maml[1] / maml[0]
finding(f"{there}: MAML's first step more than halves the error", left, below=0.5)
changed = (pretrained[1] / pretrained[0] - 1).abs()
finding(f"{there}: pretraining's first step hardly changes the error", changed, below=0.1)
rise = pretrained[-1] - pretrained[0]
finding(f"{there}: pretraining's error ends above where it began", rise, above=0)

# %% [markdown]
# MAML fits a half that it has no point in. Fine-tuning at the same α changes the pretrained network little there in one step, and
# for the worse in ten: it fits the points, and what it does elsewhere is a by-product. Look also at MAML's later steps in the
# other half: they have nothing to go by there, and need not help. That is another case where more steps do not.
#
# ### Move it
#
# Amplitude, phase, number of points, and where they lie. **Predict:** ten points in one cluster around 0, without noise, and only two
# unknowns. Is that enough? Choose *one cluster*, then raise the steps. Then *spread* again, and a phase above π: no sinusoid of the
# training had one.

# %%
from metalearn_lab.explorers.sinusoid_adaptation_explorer import SinusoidAdaptationExplorer

SinusoidAdaptationExplorer(learners, most_steps=test_steps, region="left half").show()

# %% [markdown]
# What one task shows, many must confirm:

# %%
amplitude, phase = sinusoids
cases = {
    "as in training": (drawn.support.x, sinusoids),
    "one cluster": (squeezed(drawn.support.x, "one cluster"), sinusoids),
    "phase above π": (drawn.support.x, (amplitude, phase + torch.pi)),
}
moved, rows, three = {}, {}, (0, 1, test_steps)
for case, (x, curve) in cases.items():
    task = to_device(Task(points_of(curve, x), points_of(curve, drawn.query.x)), where)
    for name, learner in learners.items():
        mean, half, _ = adaptation_curves(learner, task, test_steps).mean_loss
        moved[case, name] = mean
        rows[case, LABELS[name]] = [f"{mean[k]:.2f} ± {half[k]:.2f}" for k in three]
print(f"mean squared error, ten points, {unseen_tasks} tasks, α = {inner_lr}")
pd.DataFrame(rows, index=pd.Index(three, name="inner steps")).T

# %% tags=["nbval-check-output"]
usual, cluster, above = (moved[case, "maml"] for case in cases)
left, times = cluster[-1] / cluster[0], cluster[-1] / usual[-1]
finding("one cluster: MAML ends below three quarters of the error", left, below=0.75)
finding("one cluster: MAML ends above three times its usual error", times, above=3)
pretrained = moved["one cluster", "fine_tuning"]
finding("one cluster: pretraining gains nothing", pretrained[-1] - pretrained[0], above=0)
left, times = above[1] / above[0], above[-1] / usual[-1]
finding("phase above π: MAML's first step more than halves the error", left, below=0.5)
finding("phase above π: MAML ends above three times its usual error", times, above=3)

# %% [markdown]
# In principle the cluster is enough: value and slope at 0 give both unknowns. MAML comes part of the way, since no task of its
# training was like that. It does not solve for amplitude and phase; it has a start from which steps on *usual* supports lead to a
# sinusoid. Outside its family, with a phase above π, it still helps, but the last step leaves several times the error.
#
# ## The cliff
#
# MAML was trained at one α and one $k$. At test time you may change both, without training again. The map shows the query
# loss after $k$ steps at rate α; grey is a loss above 20, or one that is no longer a number. Right of the black line, $k$ steps
# are worse than none: that is the cliff.
#
# **Predict.** (a) MAML was trained at α = 0.01. What happens at half of it, and at three times? (b) After ten steps, whose cliff
# is at the smaller α, MAML's or that of pretraining?

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Move α to the right one step at a time with the arrow keys at $k = 1$, then again at $k = 10$. Ask why a
# rate that is safe for one step may not be for ten, and why the same rates are safe for the pretrained network at $k = 10$. The αa = 2 of the
# bowls is the answer to both.

# %%
from metalearn_lab.explorers.rate_steps_explorer import RateStepsExplorer

count = min(100, unseen_tasks)
validation = to_device(Sinusoids(10, 50, "validation", seed).batch(0, count), where)
cliff = RateStepsExplorer(learners, validation, most_steps=20)
cliff.show()

# %% [markdown]
# To the left the loss rises gently, and more steps make up for a smaller α. To the right it is a cliff, and more steps make it
# worse. In numbers, at the three rates of the question:

# %%
maml = cliff.maps["maml"]
low, trained, high = ((maml.rates - r * inner_lr).abs().argmin() for r in (0.5, 1, 3))
for at in (low, trained, high):
    one, ten = (f"{maml.loss[at, k]:.2f} ± {maml.half_width[at, k]:.2f}" for k in (1, 10))
    print(f"MAML, α = {maml.rates[at]:.4f}: {one} after one step, {ten} after ten")
print(f"before: {maml.loss[trained, 0]:.2f}; {maml.tasks} tasks; inf: on one it is no number")

# %% tags=["nbval-check-output"]
loss, margin = maml.loss, maml.half_width
finding("at half of its α one step of MAML does less", loss[low, 1] - loss[trained, 1], above=0)
apart = (loss[low, 10] - loss[trained, 10]).abs() / (margin[low, 10] + margin[trained, 10])
finding("at half of its α the interval of ten steps of MAML overlaps with its own", apart, below=1)
finding(
    "at three times its α one step of MAML is worse than none",
    loss[high, 1] - loss[high, 0],
    above=0,
)
finding("at three times its α ten steps of MAML diverge", loss[high, 10], above=20)

# %% [markdown]
# Why is the cliff there? In a bowl of curvature $a$ the inner loop diverges when $\alpha > 2/a$. A network has a curvature in every
# direction. The largest is $\lambda$, the largest eigenvalue of the Hessian $H_0$, so $2/\lambda$ takes the place of $2/a$.

# %%
from metalearn_lab.experiments.curvature import largest_curvature

steepest = {n: largest_curvature(each, validation.support) for n, each in learners.items()}
useful = {name: each.largest_useful_rate(10) or 0.0 for name, each in cliff.maps.items()}
for name, curvature in steepest.items():
    middle, tasks = curvature.median(), len(curvature)
    print(f"{LABELS[name]}: median λ of {tasks} tasks = {middle:.0f}, so 2/λ = {2 / middle:.4f}")
    below = int((2 / curvature < inner_lr).sum())
    print(f"    2/λ is below the α of the training, {inner_lr}, on {below} of {tasks} tasks")
    print(f"    largest α at which ten steps help: {useful[name]:.4f}")

# %% tags=["nbval-check-output"]
limit = 2 / steepest["maml"].median()
ratio = steepest["maml"].median() / steepest["fine_tuning"].median()
finding("MAML's start is more than twice as curved as that of pretraining", ratio, above=2)
nearer = useful["fine_tuning"] - useful["maml"]
finding("after ten steps MAML's cliff is at a smaller α than that of pretraining", nearer, above=0)
finding("MAML's α is within a factor of two of 2/λ", inner_lr / limit, above=0.5, below=2)
beyond = (2 / steepest["maml"] < inner_lr).sum()
finding("on some tasks MAML's α is above 2/λ", beyond, above=0)
reached = useful["maml"] / inner_lr
finding("ten steps of MAML help up to 0.9 of its own α or further", reached, above=0.9)

# %% [markdown]
# MAML has learned a start where the loss is strongly *curved*, about as strongly as its α allows: there one step covers most of the
# way. In the bowls the curvatures were given, and MAML could only choose the place: it left the steep bowl to the step. A network
# can choose the curvature too, and MAML makes every task like that steep bowl. The price is that the start is close to the cliff.
#
# $2/\lambda$ gives the order of magnitude only: MAML's own α is above it on many of the tasks, as printed, and ten steps still
# help. λ belongs to one direction at the start, and the curvature changes on the way.
#
# An inner rate is no detail of a trained learner but a part of it. And it is not "the learning rate" either. This chapter has
# two step sizes, the next one adds a third, and a value that is good for one says nothing about the others:
#
# | step size | what it moves | in this chapter |
# | --- | --- | --- |
# | α, inner | the fast weights of one task: $\theta_{j+1} = \theta_j - \alpha\nabla L_S(\theta_j)$ | `inner_lr`, 0.01 |
# | β, outer | the start: Adam on the meta-gradient | `outer_lr`, 0.001 |
# | ε, interpolation | Reptile's start: $\theta \leftarrow \theta + \epsilon(\theta_k - \theta)$ | chapter 04 |
#
# ## Draw your own task
#
# Put points on the canvas with the pointer or the keyboard, and both networks adapt as you do. Try: points of a sinusoid; two
# points only; points in one half; a straight line. **Predict:** what does MAML make of a straight line, after one step and after
# ten?

# %% [markdown] tags=["instructor"]
# **Instructor, 6 minutes.** Let one of them draw and the others say what the curve will do before the next point falls. A line drawn at
# one step and then at ten makes the point; the table below it keeps anybody from trusting one drawing.

# %%
from metalearn_lab.explorers.draw_task_explorer import DrawTaskExplorer

DrawTaskExplorer(learners, Sinusoids(shots, 100, "test", seed), most_steps=test_steps).show()

# %% [markdown]
# The same over many draws of ten points, beside sinusoids about as large:


# %%
def along(curve):
    """The inputs of the unseen tasks, with outputs on another curve."""
    return to_device(Task(*(Split(split.x, curve(split.x)) for split in drawn)), where)


beside = {
    "line y = x/2": along(lambda x: x / 2),
    "y = 2 sin(x − p)": along(lambda x: 2 * torch.sin(x - phase[:, None, None])),
}
rows, drawn_loss = {}, {}
for shape, task in beside.items():
    for name, learner in learners.items():
        mean, half, _ = adaptation_curves(learner, task, test_steps).mean_loss
        drawn_loss[shape, name] = mean
        rows[shape, LABELS[name]] = [f"{mean[k]:.2f} ± {half[k]:.2f}" for k in three]
two = adaptation_curves(learners["maml"], unseen(2), 1).mean_loss
print(f"mean squared error, {unseen_tasks} draws of ten points, α = {inner_lr}")
print(f"MAML, a step on two points of a sinusoid: {two.mean[1]:.2f} ± {two.half_width[1]:.2f}")
pd.DataFrame(rows, index=pd.Index(three, name="inner steps")).T

# %% tags=["nbval-check-output"]
line, wave = (drawn_loss[shape, "maml"] for shape in beside)
finding("line: MAML's first step leaves more than half of the error", line[1] / line[0], above=0.5)
left = wave[1] / wave[0]
finding("sinusoids: MAML's first step leaves less than a third of the error", left, below=1 / 3)
left = line[-1] / line[1]
finding("line: MAML's further steps more than halve what its first left", left, below=0.5)

# %% [markdown]
# After one step, a wave; after ten it bends to the line, with ripples. A straight line is not in the family, so the first step,
# which covers most of the way to a sinusoid, does far less here. θ holds a start for *this* family, not a good start in
# general. Two points would give amplitude and phase to whoever solves for them; MAML does not solve, it steps.
#
# ## Try it yourself
#
# **1.** Two steps by hand. Write $\frac{d}{d\theta}L_Q(\theta_2)$ for $L_S = \frac{a}{2}(\theta - c)^2$ and
# $L_Q = \frac{b}{2}(\theta - d)^2$, without autograd.

# %% [markdown] tags=["instructor"]
# **Instructor, 25 minutes.** 1 and 2 in class, in pairs: the check names the mistake, so let them read it before you help. Most lose
# `create_graph=True` in 2. 3 to 5 are homework; collect the predictions for 5 before anybody runs it.


# %% tags=["exercise"]
def two_step_gradient(theta, a, c, b, d, alpha):
    """The gradient of L_Q(θ_2) in θ, a number."""
    # <solution>
    theta_1 = theta - alpha * a * (theta - c)
    theta_2 = theta_1 - alpha * a * (theta_1 - c)
    return (1 - alpha * a) ** 2 * b * (theta_2 - d)
    # </solution>


# %%
from metalearn_lab.exercises.maml import check_two_step_gradient

check_two_step_gradient(two_step_gradient)

# %% [markdown]
# **2.** MAML without the package: $k$ inner steps on the support split, then the loss on the query split. Begin with
# `theta = dict(model.named_parameters())`. Use `torch.autograd.grad` with the list of weights, and
# `functional_call(model, weights, (x,))` for the outputs at given weights; `support` and `query` have `.x` and `.y`. The check
# compares your loss, and the gradient *through* it, with finite differences.


# %% tags=["exercise"]
def maml_loss(model, support, query, alpha, steps):
    """L_Q(θ_k) with the mean squared error, a scalar that can be differentiated in the weights."""
    # <solution>
    theta = dict(model.named_parameters())
    for _ in range(steps):
        loss = F.mse_loss(functional_call(model, theta, (support.x,)), support.y)
        gradients = torch.autograd.grad(loss, list(theta.values()), create_graph=True)
        theta = {
            name: weight - alpha * gradient
            for (name, weight), gradient in zip(theta.items(), gradients, strict=True)
        }
    return F.mse_loss(functional_call(model, theta, (query.x,)), query.y)
    # </solution>


# %%
from metalearn_lab.exercises.maml_loss import check_maml_loss

check_maml_loss(maml_loss)

# %% [markdown]
# **3.** Two bowls, $a = (1, 4)$ and $c = (0, 2)$, with $\alpha = 0.2$ and $k = 1$. Where does MAML settle? Work it out
# from the table of weights.

# %% tags=["exercise"]
# <solution>
my_place = 0.4
# <stub>
# my_place = None  # a number, e.g. -0.5
# </solution>

# %%
from metalearn_lab.exercises.maml import check_settled

check_settled(my_place, curvatures=(1.0, 4.0), centres=(0.0, 2.0), alpha=0.2)

# %% [markdown]
# <details><summary>Answer</summary>
#
# The weights are $1 \cdot 0.8^2 = 0.64$ and $4 \cdot 0.2^2 = 0.16$, so $\theta = 0.16 \cdot 2 / 0.8 = 0.4$. Joint training settles at
# 1.6 and first-order MAML at 1.
#
# </details>
#
# **4.** Bowls of curvature 1, 5 and 8. Up to which α does one inner step make no bowl's loss larger, wherever it starts?

# %% tags=["exercise"]
# <solution>
my_rate = 0.25
# <stub>
# my_rate = None  # a number, e.g. 0.1
# </solution>

# %%
from metalearn_lab.exercises.maml import check_largest_rate

check_largest_rate(my_rate, curvatures=(1.0, 5.0, 8.0))

# %% [markdown]
# <details><summary>Answer</summary>
#
# A step multiplies the distance to the centre by $1 - \alpha a$, and the loss by its square. It is at most 1 while $\alpha \le 2/a$. The
# steepest bowl decides: $2/8 = 0.25$.
#
# </details>
#
# **5.** Set `inner_lr = 0.001`, the default of the released code, and run the chapter again. Predict first: where will MAML's cliff
# be, and how large will λ at its start be? Will one step of 0.001 do as well as one of 0.01 did?
#
# <details><summary>Answer</summary>
#
# Not quite: after one step the error is larger than with 0.01, after ten the two are alike. MAML makes up for a smaller α by a more
# strongly curved start, and α again comes out close to $2/\lambda$. The cliff moves to a smaller α with it.
#
# </details>
#
# ## What to remember
#
# - The gradient through an inner step has a factor $I - \alpha H$ for each step. Without `create_graph=True` it is lost, and nothing tells you.
# - MAML minimises the loss *after* adaptation: it stands where a step does most, not where the mean loss is lowest.
# - The claims of the published run hold at its full length: one step does most, later steps help on most tasks, pretraining does not catch up.
# - More steps and larger rates do not always help: not where there are no points, and not beyond the cliff, which MAML puts close to its own α.
# - α, β and ε are three step sizes. α belongs to the trained learner.
#
# ## Sources
#
# - Finn, Abbeel, Levine: *Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks*, ICML 2017,
#   [arXiv:1703.03400](https://arxiv.org/abs/1703.03400): equation 1 and algorithm 2; section 5.1 and figures 2 and 3 for the sinusoids. The settings
#   that the paper does not give are those of its [released code](https://github.com/cbfinn/maml).
# - Antoniou, Edwards, Storkey: *How to train your MAML*, ICLR 2019, [arXiv:1810.09502](https://arxiv.org/abs/1810.09502), on why the
#   inner rate makes MAML hard to train.
#
# Next: [04 First-order MAML and Reptile](04_first_order_and_reptile.ipynb).
