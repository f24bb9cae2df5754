# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/00_start_here.ipynb)
#
# # Start here
#
# **Meta-learning** prepares a model on many tasks, so that it learns a new one from very little data. For
# example, a model that has practised on 1,000 alphabets should read a new alphabet after five examples of each letter. One alphabet is
# then one **task**. After this chapter you will be able to
#
# - choose the start for one step of learning, and say how a start is judged;
# - say how *meta-training* differs from *pretraining*, in one formula and in two lines of code;
# - read a comparison of two trained networks and ask whether it is fair.
#
# **How to use the workbook.** Run the cells from top to bottom (Shift + Enter). Where you read **Predict**, write
# down a guess before you go on. The answer is folded: open it with a click, or run its cell. (Do not read the code of
# that cell first: the description of its picture may tell the answer.) A wrong guess teaches more than
# none. Pictures with controls need a running Python (a *kernel*); without one you see a still picture.
#
# The next cell matters only in Google Colab.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% [markdown]
# The next cell holds numbers that you can change later (it is folded: click it). **Leave them as they are
# for now**: the chapter explains each of them when it needs it.

# %% tags=["parameters"]
iterations: int = 4000  # how many training steps each network takes
inner_lr: float = 0.01  # size of a step that a network takes on a new task
outer_lr: float = 0.001  # size of a step of the training itself
shots: int = 10  # known points of a task
meta_batch: int = 25  # tasks in each training step
unseen_tasks: int = 300  # new tasks that the results are averaged over
test_steps: int = 10  # most steps on a new task, 1 or more
seed: int = 0  # of everything that is drawn at random
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## Two bowls
#
# You must choose **one number**, the **start** $\theta$. Then you are given one of two **tasks**. Task $i$ has the loss
# $L_i(\theta) = \frac{a_i}{2}(\theta - c_i)^2$: a bowl of curvature $a_i$ whose lowest point is its centre $c_i$.
#
# - The *shallow* bowl has $a_1 = 1$ and $c_1 = -1$.
# - The *steep* bowl has $a_2 = 9$ and $c_2 = 1$.
#
# Once you know your task, you may take one step of gradient descent from your start, the **inner step**:
# $\theta_1 = \theta - \alpha\,L_i'(\theta)$. Its size $\alpha$ is 0.1. (In $a_i$ and $c_i$ the index is the task. In $\theta_1$ it
# counts steps: $\theta_1$ is where you stand after one.)
#
# Only the loss *after* this step counts, and both tasks are equally likely. So you look for the start with the lowest mean loss
# after the step.
#
# Below, drag the black handle (or focus it and use the arrow keys). In each bowl a ball steps from $\theta$ (ring) to
# $\theta_1$ (disc). On the right, the dashed curve is the mean loss *before* the step. As you drag, a blue curve
# shows the mean loss *after* it. The two dots mark both losses at your $\theta$. (A loss above 4 is written as a number.)
#
# **Predict**, before you drag: the dashed curve is lowest at $\theta = 0.8$. Where is the blue one lowest: at 0.8 too, nearer to
# the steep bowl, or nearer to the shallow one?

# %% [markdown] tags=["instructor"]
# **Instructor, 12 minutes.** Draw both bowls on the board and collect guesses in writing before anyone drags. Then let
# one student drag and the others call where to go. Ask why the steep bowl's ball always lands near its centre. Last, set
# *inner steps k* to 3: the best start moves on, towards −1.

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

from metalearn_lab.experiments.two_bowls import Bowls
from metalearn_lab.explorers.two_bowls_explorer import TwoBowlsExplorer

bowls = Bowls(curvatures=(1.0, 9.0), centres=(-1.0, 1.0), inner_lr=0.1, inner_steps=1)
TwoBowlsExplorer(bowls, theta=0.0).show()

# %% tags=["hide-output"]
from metalearn_lab.figures.drawing import drawing_figure
from metalearn_lab.figures.style import show_figure

show_figure(
    drawing_figure(TwoBowlsExplorer(bowls, theta=-0.8, whole=True).drawing),
    "The mean loss before the step is lowest at 0.8, near the steep bowl. After it, the mean loss "
    "is lowest at −0.8, near the shallow bowl: from there the steep bowl's ball lands at 0.82.",
)

# %% [markdown]
# <details><summary>What happens</summary>
#
# The best start is at $-0.8$, on the *other* side. One step covers $\alpha a_2 = 0.9$ of the way to the steep centre,
# wherever you begin. It covers only $\alpha a_1 = 0.1$ of the way to the shallow centre. So let the step deal with the steep
# bowl, and start near the shallow one. At $-0.8$ the mean loss is 7.30 before the step and 0.08 after it. At 0.8 it is 0.90
# before the step and still 0.66 after it. **The best start is not the best point.**
#
# Set the slider *inner steps k* to 3: the best start moves to $-1.00$. With tiny steps, $\alpha = 0.01$ and $k = 1$, it is
# back at 0.77.
#
# </details>

# %% [markdown]
# ## One formula, two lines of code
#
# A real task comes with data in two parts. You **adapt**, that is, take inner steps, on the **support set**. You are judged on
# the **query set**: other points of the same task. $L_S$ and $L_Q$ are the losses on these two sets, $L_{S\cup Q}$ is the loss on
# both together. Here are two ways to prepare a start $\theta$ on many training tasks:
#
# | | it makes this small, on average over tasks | in words |
# | --- | --- | --- |
# | **pretraining** (or joint training) | $L_{S\cup Q}(\theta)$ | be good on all points, *now* |
# | **meta-training**, here **MAML** | $L_Q(\theta_1)$, with $\theta_1 = \theta - \alpha\,\nabla L_S(\theta)$ | be good *after one inner step* on the support set |
#
# MAML stands for Model-Agnostic Meta-Learning (Finn and others, 2017): it can be applied to any model that gradient descent can train.
# Its loss $L_Q(\theta_1)$ is called the **meta-loss**.
#
# In the bowls $L_S = L_Q = L_i$, so each loss is one line of code. Gradient descent finds the lowest point of each curve.
#
# A line with **True** in it checks a claim. A *proof* must always hold; a *finding* is what this run showed. The brackets give the
# number and its bound. You need not read the code of these lines.

# %% [markdown] tags=["instructor"]
# **Instructor, 8 minutes.** Let the class say in words what each of the two lines makes small. Then ask what changes for a
# network: θ has many numbers, the tasks are thousands, and nobody can draw the curve.

# %%
import torch

curvatures = torch.tensor(bowls.curvatures, dtype=torch.float64)
centres = torch.tensor(bowls.centres, dtype=torch.float64)


def loss(theta):
    return curvatures / 2 * (theta - centres) ** 2  # of each bowl


def gradient(theta):
    return curvatures * (theta - centres)  # of each bowl


def pretraining_loss(theta):
    return loss(theta).mean()  # the first line: before the step


def meta_loss(theta):
    return loss(theta - bowls.inner_lr * gradient(theta)).mean()  # the second: after it


# %% tags=["nbval-check-output"]
from metalearn_lab.tasks.quadratics import stationary_point
from metalearn_lab.workbook.facts import finding, proof

beta, gaps = 0.2, []
for name, objective in {"joint": pretraining_loss, "maml": meta_loss}.items():
    theta = torch.zeros((), dtype=torch.float64, requires_grad=True)
    for _ in range(300):
        (slope,) = torch.autograd.grad(objective(theta), theta)
        theta = (theta - beta * slope).detach().requires_grad_()
    formula = stationary_point(name, *bowls[:2], inner_lr=bowls.inner_lr, inner_steps=1)
    gaps.append(abs(theta.item() - formula))
    print(f"{objective.__name__}: lowest at θ = {theta.item():.4f}")
proof("gradient descent ends where the formula below says (|Δθ|)", gaps, below=1e-6)

# %% [markdown]
# Each turn of this loop is an **outer step**, of size $\beta$. The gradient of the meta-loss is the **meta-gradient**. It goes
# *through* the inner step: PyTorch differentiates $\theta_1$ with respect to $\theta$ too.
#
# Each of the two loops ends at a weighted mean of the two centres, $\theta = \sum_i w_i c_i / \sum_i w_i$. (This is the formula that
# the check above means.) For pretraining the weight of a bowl is $w_i = a_i$. For MAML it is
# $w_i = a_i(1-\alpha a_i)^2$: a bowl that one step nearly solves has little weight. (First-order
# MAML and Reptile, two cheaper relatives, use other weights. You meet them in chapters 03 and 04.)
#
# ## A network and a new sinusoid
#
# Now the same question for a network. A task is one sinusoid, $y = A\sin(x - p)$. Its amplitude $A$ (0.1 to 5) and its phase
# $p$ (0 to $\pi$) are drawn at random and never told. The support set is $K = 10$ points of it,
# with $x$ between $-5$ and 5, without noise. The query set is other points of the same curve. We prepare a network on 100,000 *other*
# sinusoids, by pretraining or by MAML. There are 4,000 outer steps (`iterations`), and
# each uses 25 of them (`meta_batch`). The start $\theta$ is now
# all 1,761 weights of the network.

# %%
from torch.nn import functional as F

from metalearn_lab import MAML, MLP, JointPretraining, Sinusoids, choose_device, to_device
from metalearn_lab.tasks.devices import device_in_words

where = choose_device(device)
print("Computing on", device_in_words(where))

training = Sinusoids(shots=shots, queries=shots, split="train", seed=seed)
unseen = Sinusoids(shots=shots, queries=100, split="test", seed=seed)


def network():
    """A network with the same weights each time."""
    return MLP([1, 40, 40, 1], seed=seed).to(where)


settings = {"inner_lr": inner_lr, "inner_steps": 1}
learners = {
    "fine_tuning": JointPretraining(network(), F.mse_loss, **settings),
    "maml": MAML(network(), F.mse_loss, **settings),
}

# %% tags=["nbval-check-output"]
example = training.batch(0, meta_batch)
print("support x:", tuple(example.support.x.shape), "= tasks, points, one number each")
starts = [torch.cat([w.flatten() for w in each.model.parameters()]) for each in learners.values()]
print("numbers in θ:", len(starts[0]))
proof("both networks start from the same weights", torch.equal(*starts))

# %% [markdown]
# Train both, by the same loop, on the same points. `merge_splits` makes one set of the two parts of a task, since
# pretraining makes no difference between them. Adam, a variant of gradient descent, takes the outer steps; its $\beta$ is `outer_lr`.

# %%
from metalearn_lab import merge_splits, meta_train


def meta_batch_at(iteration):
    """The tasks of an outer step; they depend on its number alone."""
    return to_device(training.batch(iteration * meta_batch, meta_batch), where)


def merged_batch_at(iteration):
    return merge_splits(meta_batch_at(iteration))


def train(learner, batches, steps):
    optimizer = torch.optim.Adam(learner.parameters(), lr=outer_lr)
    meta_train(learner, batches, iterations=steps, optimizer=optimizer)


train(learners["fine_tuning"], merged_batch_at, iterations)
train(learners["maml"], meta_batch_at, iterations)

# %% [markdown]
# Each network now takes one inner step on ten points of a sinusoid that neither has seen. On
# this new task both do exactly the same: a gradient step on the support set. For the pretrained network this is called
# **fine-tuning**, so the pictures call it *pretrain + fine-tune*.
#
# **Predict.** (a) *Before* the step, which of the two is nearer to the new sinusoid? (b) And *after* it? Then run the cell. Move the
# sliders *task* and *inner step*: is the first task an exception?

# %% [markdown] tags=["instructor"]
# **Instructor, 12 minutes.** Collect the guesses for (a) and (b) in writing. Then show step 0, and step 1. Let one student
# move the task, to see that task 0 is no exception.

# %% tags=["hide-output"]
from metalearn_lab.explorers.sinusoid_explorer import SinusoidExplorer

SinusoidExplorer(learners, unseen, most_steps=test_steps, tasks=unseen_tasks, step=1).show()

# %% [markdown]
# <details><summary>What happens</summary>
#
# (a) Neither is nearer. Before the step both draw nearly the same curve, the average of all sinusoids. It is not flat: with
# phases between 0 and $\pi$ it is $2.55\cdot(-\frac{2}{\pi})\cos x \approx -1.6\cos x$. (b) After the step MAML's curve follows the new
# sinusoid far better. The two starts are different weights, but they draw nearly the same curve. What differs is how that curve
# *moves* when you take one step.
#
# In the bowls MAML's start was much worse before the step. Here it is not. A likely reason: in the bowls $\theta$ is
# one number, so a change of the start always changes the loss before the step. A network has 1,761 weights, and
# different weights can draw nearly the same curve, as the two here do.
#
# </details>
#
# One task proves nothing. The next cell averages the error on the query points over many unseen tasks, after each inner step.
#
# **Predict.** Does pretrain + fine-tune catch up if it may take ten steps?

# %% tags=["hide-output"]
from metalearn_lab import adaptation_curves
from metalearn_lab.figures.adaptation_curves import adaptation_curves_figure

tasks = to_device(unseen.batch(0, unseen_tasks), where)
curves = {name: adaptation_curves(learner, tasks, test_steps) for name, learner in learners.items()}
show_figure(
    adaptation_curves_figure(curves, ylabel="mean squared error on the query points"),
    "Query error against the inner step. Both networks start alike. MAML falls steeply at the "
    "first step and stays low. Pretrain + fine-tune falls slowly and stays far above it.",
)

# %% tags=["hide-output"]
from metalearn_lab import interval_over_tasks
from metalearn_lab.workbook.headline import headline

maml, tuned = (curves[name].loss for name in ("maml", "fine_tuning"))
gap = interval_over_tasks(tuned[:, 1] - maml[:, 1])
values = {"maml": interval_over_tasks(maml[:, 1]), "pretraining": interval_over_tasks(tuned[:, 1])}


def in_words(interval):
    return f"{interval.mean:.2f} ± {interval.half_width:.2f}"


for step in sorted({0, 1, test_steps}):
    pair = [in_words(interval_over_tasks(losses[:, step])) for losses in (tuned, maml)]
    print(f"inner steps {step:2d}: pretrain + fine-tune {pair[0]}, MAML {pair[1]}")
headline(
    f"After one step on {shots} points of an unseen sinusoid the query error is "
    f"{in_words(values['maml'])} for MAML and {in_words(values['pretraining'])} for pretrain + "
    f"fine-tune ({unseen_tasks} tasks; difference on the same tasks {in_words(gap)}).",
    curves=curves,
    **values | {"difference": gap, "tasks": unseen_tasks, "iterations": iterations},
)

# %% [markdown]
# <details><summary>What happens</summary>
#
# In this run it does not catch up: after ten steps its error is 1.54, twice MAML's 0.76 after the first.
#
# </details>
#
# The number after ± is the half-width of a **95 % interval** for the mean error over all such tasks. It does not say how far one
# task lies from the mean, nor how another training would end. For the difference of two methods we subtract the two
# errors on each task, and then average. Its interval is called **paired**, since both networks are measured on the
# same tasks.
#
# ## Is that fair?
#
# Ask four questions of any such result:
#
# - *Same data, network and start?* Yes: both start from the same weights (checked above), and `merged_batch_at` uses the tasks of
#   `meta_batch_at`.
# - *Was the step size chosen for MAML?* Yes: MAML was trained with this $\alpha$. So the next cell tries four values of $\alpha$ for
#   pretrain + fine-tune, on **validation tasks** (other tasks, kept for such choices), and reports the best.
# - *Same cost?* No. MAML's meta-gradient goes back through the inner step. This costs more than the one gradient of
#   pretraining. So we also pretrain a network for three times as many steps (three is our choice; we did not measure the ratio here).
# - *Is it the published result?* No. The paper's released code trains for 70,000 iterations. To do so, run
#   `make run ARGS="00 -p iterations 70000"` in a terminal, in the project folder, and wait some minutes.

# %% [markdown] tags=["instructor"]
# **Instructor, 8 minutes.** Before the four questions are read, let the class say what is not fair in the comparison. Ask why
# the step size of fine-tuning is chosen on other tasks than those reported.

# %%
validation = to_device(Sinusoids(shots, 100, "validation", seed).batch(0, unseen_tasks), where)
longer = JointPretraining(network(), F.mse_loss, **settings)
train(longer, merged_batch_at, 3 * iterations)


def error_after_one(learner, tasks, alpha):
    """Query error of each task after one inner step of another size; what overflows is infinite."""
    learner.inner_lr = alpha
    error = adaptation_curves(learner, tasks, 1).loss[:, 1].nan_to_num(nan=torch.inf)
    learner.inner_lr = inner_lr
    return error


fair = {}
for label, learner in {"same length": learners["fine_tuning"], "3 times as long": longer}.items():
    rates = (0.001, 0.003, 0.01, 0.02)
    tried = {rate: error_after_one(learner, validation, rate).mean().item() for rate in rates}
    best = min(tried, key=tried.get)
    fair[label] = error_after_one(learner, tasks, best)
    left = in_words(interval_over_tasks(fair[label]))
    print(f"pretraining, {label}: best α = {best}; after one step the error is {left}")

# %% [markdown]
# In this run the best of the four is 0.01 in both cases, the value used before. Three times the training lowers the error by only 0.03.

# %% tags=["nbval-check-output"]
means = {"maml": maml.mean(0), "tuned": tuned.mean(0)}
finding(
    "before the step the errors of the two differ by less than 10 %",
    abs(means["maml"][0] / means["tuned"][0] - 1),
    below=0.1,
)
finding("after one step MAML is ahead by more than the paired interval", gap, above=0)
finding(
    "MAML's error after one step is below that of pretrain + fine-tune after its last",
    means["tuned"][-1] - means["maml"][1],
    above=0,
)
for label, errors in fair.items():
    finding(
        f"after one step MAML is ahead of pretrain + fine-tune at its own best α, {label}",
        interval_over_tasks(errors - maml[:, 1]),
        above=0,
    )

# %% [markdown]
# A **seed** fixes all random draws. The five findings above are true in all five runs, with seeds 0 to 4. The numbers differ from
# run to run.
#
# But this is one family of tasks. In chapter 06 the tasks are sentences, with one example of each class. There MAML
# gets 69.9 % of the sentences right and pretrain + fine-tune 69.2 %, averaged over three splits of the classes. In
# one of the three splits MAML is behind. A **baseline** (a simple method that a new one must beat) without any
# training is ahead of both, with 74.3 %. It compares counts of short pieces of text, weighted so that common pieces
# count little (**TF-IDF**).
#
# ## Try it yourself
#
# ### Exercise 1: where is the best start? (5 minutes, level 1 of 3)
#
# Two other bowls have the curvatures 2 and 6; the centres are still $-1$ and $1$. You may take one inner step with $\alpha = 0.1$.
# Where is the meta-loss lowest? Give two decimals. Use pencil and paper.
#
# <details><summary>Hint 1</summary>
#
# Work out the weight $a_i(1-\alpha a_i)^2$ of each bowl first. For the shallow one it is $2\cdot 0.8^2$.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# It is a weighted *mean* of the centres: divide by the sum of the weights.
#
# </details>

# %% tags=["exercise"]
# <solution>
my_answer = -0.14
# <stub>
# my_answer = None  # a number with two decimals
# </solution>

# %%
from metalearn_lab.exercises.start_here import check_best_start

check_best_start(my_answer)

# %% [markdown]
# <details><summary>Answer</summary>
#
# The weights are $2\cdot 0.8^2 = 1.28$ and $6\cdot 0.4^2 = 0.96$, so $\theta = (-1.28 + 0.96)/2.24 = -0.14$.
#
# </details>
#
# ### Exercise 2: write the meta-loss (10 minutes, level 2 of 3)
#
# Write the meta-loss of any number of bowls and any number $k$ of inner steps: from the same start, each bowl takes $k$ steps of its
# own. Return the mean of the losses after them, without rounding (the check compares six digits). `curvatures` and `centres`
# are lists of numbers, and `steps` may be 0.
#
# <details><summary>Hint 1</summary>
#
# Two loops, one inside the other: over the bowls, and over the steps of one bowl. Each bowl begins at `theta` again.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# Call the place of the ball `here`. Which two lines set `here`, and which line uses it after the inner loop? The gradient of one bowl
# is `curvature * (here - centre)`.
#
# </details>

# %% [markdown] tags=["instructor"]
# **Instructor, 15 minutes.** Exercises 1 and 2 in class, 3 and 4 at home. Exercise 1 goes wrong by forgetting to divide by the sum
# of the weights, exercise 2 by starting the second bowl where the first one ended. The checks name both.


# %% tags=["exercise"]
def my_meta_loss(theta, curvatures, centres, alpha, steps):
    """Mean loss of the bowls after `steps` inner steps from theta; curvatures and centres are lists."""
    # <solution>
    total = 0.0
    for curvature, centre in zip(curvatures, centres, strict=True):
        here = theta
        for _ in range(steps):
            here = here - alpha * curvature * (here - centre)
        total = total + curvature / 2 * (here - centre) ** 2
    return total / len(curvatures)
    # </solution>


# %%
from metalearn_lab.exercises.start_here import check_bowls_meta_loss

check_bowls_meta_loss(my_meta_loss)

# %% [markdown]
# ### Exercise 3: the meta-gradient by hand (15 minutes, level 3 of 3)
#
# For one bowl and one inner step, write the derivative in $\theta$ of the meta-loss $\frac a2(\theta_1 - c)^2$, where
# $\theta_1 = \theta - \alpha a(\theta - c)$. Do not round: the check compares five digits with central differences.
#
# <details><summary>Hint 1</summary>
#
# Use the chain rule: the derivative in $\theta_1$ times $d\theta_1/d\theta$.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# $d\theta_1/d\theta$ is a constant. It can be negative: do not take its absolute value.
#
# </details>


# %% tags=["exercise"]
def meta_gradient(theta, curvature, centre, alpha):
    """Derivative in theta of the loss after one inner step on one bowl; all are numbers."""
    # <solution>
    theta_1 = theta - alpha * curvature * (theta - centre)
    return (1 - alpha * curvature) * curvature * (theta_1 - centre)
    # </solution>


# %%
from metalearn_lab.exercises.start_here import check_meta_gradient_by_hand

check_meta_gradient_by_hand(meta_gradient)

# %% [markdown]
# ### Exercise 4: three points (10 minutes, level 1 of 3)
#
# Set `shots = 3` in the parameters and run the chapter again. This also cuts the query points of the *training* tasks to 3, since they are
# made with `queries=shots`. Predict first: does one inner step still help each of the two networks?
#
# <details><summary>Answer</summary>
#
# In five runs of our own (seeds 0 to 4, not shown here), one step still lowered MAML's error. In four of them it also lowered
# the error of the pretrained network, but less. In the fifth it raised that error. Compare this with your run.
#
# </details>
#
# ## The map
#
# The table lists the chapters. You can read chapter 16 right after 03. Looking for one method, or for a word of an article? See the index of methods (`index_of_methods.md`), the catalogue of tasks (`catalogue.md`) and the bibliography (`bibliography.md`). Chapter [13](13_what_the_articles_say.ipynb) answers eight frequent questions: guess first, then run.

# %%
from IPython.display import Markdown

from metalearn_lab.workbook.chapter_table import chapter_table

Markdown(chapter_table(folder="", colab=False))

# %% [markdown]
# ## Names
#
# Every chapter, picture and program uses these names. (The column 中文 is for readers of Chinese.)
#
# | name | 中文 | symbol | in code | meaning |
# | --- | --- | --- | --- | --- |
# | task | 任务 | | `Task` | a support set and a query set that share one unknown function |
# | support set | 支持集 | | `task.support` | the items a learner adapts on |
# | query set | 查询集 | | `task.query` | the items the adapted learner is judged on |
# | losses | 损失 | $L_S, L_Q, L_{S\cup Q}$ | `learner.loss` | on the support set, the query set, on both |
# | ways, shots, queries | 类数、样本数、查询数 | $N, K, Q$ | `ways`, `shots`, `queries` | classes; support and query items of each |
# | start | 初始化 | $\theta$ | `learner.weights()` | weights that adaptation begins with, the same for all tasks |
# | inner step | 内层步 | $\theta_j$ | `learner.adapt(support)[j]` | a gradient step on a support set; $\theta_j$ are the weights after $j$ steps |
# | inner step size | 内层学习率 | $\alpha$ | `inner_lr` | size of an inner step |
# | inner steps | 内层步数 | $k$ | `inner_steps` | how many are taken |

# %% [markdown]
# <details><summary>Names in training</summary>
#
# | name | 中文 | symbol or code | meaning |
# | --- | --- | --- | --- |
# | pretraining | 预训练 | $L_{S\cup Q}(\theta)$, `JointPretraining` | ordinary training on all points of the training tasks |
# | fine-tuning | 微调 | `learner.adapt` | ordinary training on the new task |
# | pretrain + fine-tune | 预训练加微调 | `"fine_tuning"` | both, one after the other |
# | meta-training | 元训练 | `meta_train` | training for the loss *after* adaptation (`meta_train` also runs pretraining) |
# | meta-loss | 元损失 | $L_Q(\theta_k)$, `learner.meta_loss` | the query loss after the inner steps |
# | meta-gradient | 元梯度 | $\nabla_\theta L_Q(\theta_k)$ | its gradient in $\theta$ |
# | outer step | 外层步 | `iterations` counts them | one step of the training of $\theta$ |
# | outer step size | 外层学习率 | $\beta$, `outer_lr` | size of an outer step |
# | meta-batch | 元批次 | `meta_batch` | the tasks of one outer step |
# | MAML | 模型无关元学习 | `MAML` | gradient descent on the meta-loss |
# | first-order MAML | 一阶 MAML | `FirstOrderMAML` | MAML without second derivatives |
# | Reptile | Reptile 算法 | $\phi$, $\tilde\phi$, $\epsilon$; `Reptile` | move the start $\phi$ towards $\tilde\phi$, where training on a task ends |
# | inner loop, outer loop | 内循环、外循环 | | adaptation to one task; training of the start over tasks |
#
# </details>

# %% [markdown]
# <details><summary>More names, for the later chapters</summary>
#
# | name | 中文 | symbol or code | meaning |
# | --- | --- | --- | --- |
# | episode | 情节 | `EpisodeSampler` | a task drawn from a labelled table: some classes, some items of each |
# | few-shot learning | 小样本学习 | | learning from a handful of labelled items |
# | class-disjoint | 类别不相交 | | no class of the test is met in training |
# | leak | 数据泄漏 | | information about the answer that is missing in real use |
# | validation tasks, test tasks | 验证任务、测试任务 | `split=` | other tasks, to choose settings by; yet others, to report on |
# | 95 % interval | 95% 置信区间 | $a \pm b$, `interval_over_tasks` | it covers the true mean in 95 of 100 repetitions |
# | baseline | 基线 | | the simple method that a new one must beat |
# | frozen class means | 冻结类均值 | | pretrained network, nearest class mean by cosine |
# | linear probe | 线性探测 | | fine-tuning of the last layer alone |
# | LoRA | 低秩适应 | | a matrix of low rank, adapted beside frozen weights |
# | Hessian | 海森矩阵 | $H_j = \nabla^2 L_S(\theta_j)$ | matrix of second derivatives |
# | n-gram | n 元组 | | a run of n characters |
# | TF-IDF | 词频-逆文档频率 | | counts (here of n-grams); what occurs in every sentence counts little |
#
# </details>

# %% [markdown]
# In a terminal, in the project folder, `.venv/bin/metalearn-lab doctor` prints what is installed on your machine, and how to get
# what is missing.
#
# ## What to remember
#
# - You adapt on a support set and are judged on a query set.
# - Pretraining minimises $L_{S\cup Q}(\theta)$. MAML minimises $L_Q(\theta_k)$, the loss *after* adaptation.
# - The best start is not the best point. In the bowls they are $-0.8$ and $0.8$.
# - On the sinusoids both networks are alike before the step. After one step MAML is ahead in all five runs (in the
#   run shown: error 0.76 against 2.43). Two things we did not test: an $\alpha$ tuned for ten steps, and a network
#   that starts from random weights.
# - A result is a mean over many unseen tasks with its interval, beside a baseline that had a fair chance.
#
# ## Sources
#
# - Finn, Abbeel, Levine: *Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks*, ICML 2017,
#   [arXiv:1703.03400](https://arxiv.org/abs/1703.03400). Section 5.1 has the sinusoids. The 25 tasks a step, Adam at 0.001 and the
#   70,000 iterations are settings of its [released code](https://github.com/cbfinn/maml). The paper says α = 0.01, the code's
#   default is 0.001; this chapter takes 0.01.
#
# Next: [01 Tasks and episodes](01_tasks_and_episodes.ipynb).
