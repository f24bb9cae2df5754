# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/00_start_here.ipynb)
#
# # Start here
#
# After this chapter you will be able to
#
# - see what meta-learning buys: a network that gets most of the way to a new task in one gradient step on ten points;
# - say how *meta-training* differs from *pretraining*, in one formula and in two lines of code;
# - find your way: the chapters, the notation, a glossary, and the device you run on.
#
# **How to use the workbook.** Run the cells from top to bottom (Shift + Enter). Where a question is
# marked **Predict**, answer it before you run the next cell: being wrong there is the best way to
# learn. Beside the formulas stands the code that computes them, with a cell that checks the two against each other.
# Sliders move what was computed; they never train. By keyboard: arrows move a slider; Space opens a list, arrows and
# Enter choose from it. On a page without a kernel you see a still picture
# in their place.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% [markdown]
# The cell below holds the chapter's parameters. Change them and run the chapter again, or set them from
# the command line: `make run ARGS="00 -p iterations 16000"`. Twice the iterations take twice the time.

# %% tags=["parameters"]
iterations: int = 4000  # outer steps of each training; the released code of the paper runs 70000
inner_lr: float = 0.01  # α, the inner step size
outer_lr: float = 0.001  # β, the rate of the outer Adam
shots: int = 10  # K, support points of a task
meta_batch: int = 25  # tasks in each outer step
unseen_tasks: int = 300  # tasks that the results are taken over
test_steps: int = 10  # inner steps shown at test time, 1 or more
seed: int = 0  # of the weights and the training tasks
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## A task you have never seen
#
# A **task** here is one sinusoid, $y = A\sin(x - p)$. Its amplitude $A$ and phase $p$ are drawn at random
# and never told: $A$ between 0.1 and 5, $p$ between 0 and $\pi$. You get $K$ points of it with $x$ between $-5$
# and $5$, the **support** set. How you do is judged on other points of the same sinusoid, the **query** set.
#
# Ten points do not teach a network from scratch what a sinusoid is. But we have thousands of *other*
# sinusoids to prepare on. Two ways to prepare the same network, on the same points:
#
# | | what is minimised over the training tasks | in words |
# | --- | --- | --- |
# | **pretraining** | $L_{S\cup Q}(\theta)$: all points, no difference between them | be good on average, now |
# | **MAML** (meta-training) | $L_Q(\theta_1)$ with $\theta_1 = \theta - \alpha\,\nabla L_S(\theta)$ | be good *after one gradient step* on the support set |
#
# $\theta$ are the weights, $L_S$ and $L_Q$ the loss on a task's support and query set, $\alpha$ the inner
# step size. A pretrained network that then adapts is called *pretrain + fine-tune* in the figures; without
# the adaptation, *joint training*.
#
# **Predict.** Both networks get one gradient step, with the same $\alpha$, on ten points of a new
# sinusoid. (a) Before the step, which of the two is nearer to the new sinusoid? (b) After it? Write down
# your guess.

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Draw one sinusoid and ten points on the board, and ask what a network knows of it before and
# after one step. Collect the guesses for (a) and (b) in writing before anyone runs on: almost all expect MAML to be nearer
# already before the step.

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

import torch
from torch.nn import functional as F

from metalearn_lab import (
    MAML,
    MLP,
    JointPretraining,
    Sinusoids,
    Split,
    Task,
    choose_device,
    merge_splits,
    to_device,
)
from metalearn_lab.tasks.devices import device_in_words

where = choose_device(device)
print("Computing on", device_in_words(where))

training = Sinusoids(shots=shots, queries=shots, split="train", seed=seed)
unseen = Sinusoids(shots=shots, queries=100, split="test", seed=seed)

settings = {"inner_lr": inner_lr, "inner_steps": 1}
learners = {
    "fine_tuning": JointPretraining(MLP([1, 40, 40, 1], seed=seed), F.mse_loss, **settings),
    "maml": MAML(MLP([1, 40, 40, 1], seed=seed), F.mse_loss, **settings),
}

# %% [markdown]
# A batch of tasks is a pair of splits, and every tensor has the tasks on its first axis. Both networks
# start from the same weights.

# %% tags=["nbval-check-output"]
from metalearn_lab.workbook.facts import finding, proof

example = training.batch(0, 25)
print("support x", tuple(example.support.x.shape), " query x", tuple(example.query.x.shape))
weights = [dict(learner.model.named_parameters()) for learner in learners.values()]
print("parameters:", sum(w.numel() for w in weights[0].values()))
proof(
    "both networks start from the same weights",
    [torch.equal(weights[0][name], weights[1][name]) for name in weights[0]],
)

# %% [markdown]
# Now train both, with one loop. MAML adapts on the support points and is judged on the query points.
# Pretraining makes no difference between them, so `merge_splits` gives it both: each sees the same
# points. While they train, two bars show the rate and the time left.

# %%
from metalearn_lab import meta_train


def meta_batch_at(iteration):
    """The tasks of an outer step; they depend on its number alone."""
    return to_device(training.batch(iteration * meta_batch, meta_batch), where)


batches = {"fine_tuning": lambda i: merge_splits(meta_batch_at(i)), "maml": meta_batch_at}
for name, learner in learners.items():
    learner.to(where)
    optimizer = torch.optim.Adam(learner.parameters(), lr=outer_lr)
    run = meta_train(learner, batches[name], iterations=iterations, optimizer=optimizer)

# %% [markdown]
# ## One step on a new sinusoid
#
# Every learner has two verbs. `forward(tasks)` is what it does while training. `adapt(support)` is what it
# does with a new task: it returns the weights $\theta_0, \theta_1, \dots$ after each inner step. Here is
# the first unseen task; it was not picked.

# %% [markdown] tags=["instructor"]
# **Instructor, 15 minutes.** Return to the guesses: before the step the two are alike. Let the class find what is not fair in
# the comparison before they read the four questions, and ask why the α of pretraining was chosen on other tasks.

# %%
from metalearn_lab.figures.sinusoid_fit import SinusoidFit, sinusoid_fit_scene
from metalearn_lab.figures.style import show_figure

task = to_device(unseen.batch(0, 1), where)
amplitude, phase = unseen.curves(0, 1)
x = torch.linspace(-5, 5, 121)

predictions = {}
for name, learner in learners.items():
    trajectory = learner.adapt(task.support, steps=1)
    grid = x[None, :, None].to(where)
    curves = [learner.predict(weights, grid)[0, :, 0].cpu() for weights in trajectory]
    predictions[name] = torch.stack(curves)

support = Split(*(part[0].cpu() for part in task.support))
fit = SinusoidFit(x, amplitude * torch.sin(x - phase), support, 1, predictions)
show_figure(
    sinusoid_fit_scene(list(learners)).figure(fit),
    "Two panels with the same new sinusoid and ten support points. One gradient step moves the "
    "pretrained network a little; it bends the MAML network into a wave that follows the sinusoid.",
)

# %% [markdown]
# The dashed grey curve is each network before it has seen the new task (the markers only name the lines). The
# answer to (a) is *neither*: both begin close to the average of all sinusoids. That average is not flat: with
# phases in $[0, \pi]$ it is $2.55 \cdot (-\frac{2}{\pi}) \cos x \approx -1.6 \cos x$, the dashed curve. The difference
# is in what one step does.
#
# One task proves nothing. Below is the mean error on many unseen tasks, and its 95 % interval, after each
# of several steps. **Predict:** does the pretrained network catch up if you give it ten steps?

# %%
from metalearn_lab import adaptation_curves
from metalearn_lab.figures.adaptation_curves import adaptation_curves_figure

tasks = to_device(unseen.batch(0, unseen_tasks), where)
curves = {name: adaptation_curves(learner, tasks, test_steps) for name, learner in learners.items()}
show_figure(
    adaptation_curves_figure(curves, ylabel="mean squared error on the query points"),
    "Query error against the inner step. Both networks start alike; MAML drops steeply at the first "
    "step and stays low, the pretrained network falls slowly and stays far above it.",
)

# %%
import pandas as pd

from metalearn_lab.figures.style import LABELS


def mse(name, step):
    """Query error after a step, as mean ± half-width of the 95 % interval."""
    mean, half, _ = curves[name].mean_loss
    return f"{mean[step]:.2f} ± {half[step]:.2f}"


columns = sorted({0, 1, test_steps})
rows = {LABELS[name]: [mse(name, step) for step in columns] for name in curves}
table = pd.DataFrame(rows, index=pd.Index(columns, name="inner steps"))
display(table.T)

# %%
from metalearn_lab import interval_over_tasks
from metalearn_lab.workbook.headline import headline

after_one = {name: interval_over_tasks(each.loss[:, 1]) for name, each in curves.items()}
gap = interval_over_tasks(curves["fine_tuning"].loss[:, 1] - curves["maml"].loss[:, 1])
headline(
    f"After one step on {shots} points of an unseen sinusoid the query error is "
    f"{mse('maml', 1)} for MAML and {mse('fine_tuning', 1)} for pretraining ({unseen_tasks} tasks; "
    f"difference on the same tasks {gap.mean:.2f} ± {gap.half_width:.2f}).",
    curves=curves,
    maml=after_one["maml"],
    pretraining=after_one["fine_tuning"],
    difference=gap,
    tasks=unseen_tasks,
    iterations=iterations,
)

# %% [markdown]
# The pretrained network does not catch up: compare its error after the last step with MAML's after the first.
#
# **Is that fair?** Four questions to ask of any such result, and of this one:
#
# - *Same data, same network, same start?* Yes: the cells above say so.
# - *Was α chosen for MAML?* The cell below gives the pretrained network the step size that suits it best,
#   chosen on other tasks than the ones reported.
# - *Same cost?* No: an iteration of MAML takes a gradient through a gradient.
# - *Is it the published result?* No. The released code of the paper trains for 70,000 iterations; this run is
#   far shorter so that you need not wait. `make run ARGS="00 -p iterations 70000"` takes the published length, a
#   minute or two on two cores.

# %%
rates = (0.001, 0.003, 0.01, 0.02)
validation = to_device(Sinusoids(shots, 100, "validation", seed).batch(0, unseen_tasks), where)
pretrained = learners["fine_tuning"]

tried = {}
for rate in rates:
    pretrained.inner_lr = rate
    tried[rate] = (
        adaptation_curves(pretrained, validation, 1)
        .loss[:, 1]
        .mean()
        .nan_to_num(nan=torch.inf)
        .item()
    )
best_rate = min(tried, key=tried.get)

pretrained.inner_lr = best_rate
best = adaptation_curves(pretrained, tasks, 1).loss[:, 1]
pretrained.inner_lr = inner_lr
print("error of the pretrained network after one step, on validation tasks:")
print("  ".join(f"α = {rate}: {error:.2f}" for rate, error in tried.items()))
print(f"with the best, α = {best_rate}, on the unseen tasks: {interval_over_tasks(best)}")

# %% tags=["nbval-check-output"]
maml, joint = (curves[name].loss.mean(0) for name in ("maml", "fine_tuning"))
finding(
    "before adaptation the errors of the two differ by less than 10 %",
    abs(maml[0] / joint[0] - 1),
    below=0.1,
)
finding("after one step MAML's error is lower than pretraining's", joint[1] - maml[1], above=0)
finding(
    "after one step MAML's error is lower than pretraining's after its last",
    joint[-1] - maml[1],
    above=0,
)
finding("after one step MAML is ahead by more than the paired interval", gap, above=0)
finding(
    "after one step MAML's error is lower than pretraining's at its own best α",
    best.mean() - maml[1],
    above=0,
)

# %% [markdown]
# ### Move it
#
# Pick another unseen task, and a number of inner steps. **Predict**, then look: which sinusoids have the largest
# error after MAML's first step, the tall or the flat?

# %%
from metalearn_lab.explorers.sinusoid_explorer import SinusoidExplorer

SinusoidExplorer(learners, unseen, most_steps=test_steps, tasks=unseen_tasks, step=1).show()

# %% [markdown]
# Mostly the tall ones: they start farther away, and a squared error grows with $A^2$.

# %% tags=["nbval-check-output"]
amplitudes, _ = unseen.curves(0, unseen_tasks)
tall = amplitudes > amplitudes.median()
errors = curves["maml"].loss[:, 1]
finding(
    "after MAML's first step the taller half of the sinusoids has the larger error",
    errors[tall].mean() - errors[~tall].mean(),
    above=0,
)

# %% [markdown]
# ## Two checks, for a taste
#
# ### The gradient is the right one
#
# MAML differentiates *through* the inner step. With $H = \nabla^2 L_S(\theta)$ the meta-gradient is
#
# $$\nabla_\theta L_Q(\theta_1) = (I - \alpha H)\,\nabla L_Q(\theta_1).$$
#
# For $k$ steps the factor is a product of $(I - \alpha H_j)$. It is easy to lose (in PyTorch, by forgetting
# `create_graph=True`), and the loss would still go down. So we check, in float64: `check_meta_gradient` computes
# the gradient for all tasks at once (*vmap*), one by one (*loop*), and compares that with central finite
# differences of the meta-loss (*ref.*). The network is a smooth one, tanh in place of ReLU, because finite
# differences may step over a kink.

# %% [markdown] tags=["instructor"]
# **Instructor, 15 minutes.** Ask which of the four rules contain a Hessian, then which way MAML goes, with a show of hands. Most say
# towards the steep bowl; let one of them compute (1 − αa) for both bowls at the board.

# %%
from metalearn_lab import check_meta_gradient

smooth = MAML(MLP([1, 8, 8, 1], activation="tanh"), F.mse_loss, inner_lr=0.05, inner_steps=3)
report = check_meta_gradient(smooth, training.batch(0, 3))
report

# %% tags=["nbval-check-output"]
proof(
    "MAML's meta-gradient is the same for all tasks at once and one by one (relative error)",
    [each.vmap_error for each in report.parameters],
    below=1e-10,
)
proof(
    "MAML's meta-gradient agrees with finite differences (relative error)",
    [each.reference_error for each in report.parameters],
    below=1e-6,
)

# %% [markdown]
# ### Four algorithms, four answers
#
# Two tasks with one weight $\theta$: $L_i(\theta) = \frac{a_i}{2}(\theta - c_i)^2$ with $a = (1, 9)$ and
# $c = (-1, 1)$: a shallow bowl around $-1$ and a steep one around $+1$. Support and query have the same loss here.
# Four algorithms take the same start $\theta$ and the same inner steps, and move $\theta$ by different rules. Each
# settles at a weighted mean of the two centres; only the weights differ:
#
# | algorithm | how it moves θ | weight of a centre |
# | --- | --- | --- |
# | joint training (pretraining) | down $\nabla L(\theta)$: no inner step | $a_i$ |
# | MAML | down $\nabla_\theta L_Q(\theta_k)$, differentiated through the $k$ inner steps | $a_i(1-\alpha a_i)^{2k}$ |
# | first-order MAML | down $\nabla L_Q(\theta_k)$: the same with $I$ in place of every $(I - \alpha H_j)$ | $a_i(1-\alpha a_i)^{k}$ |
# | Reptile | towards $\theta_k$, where $k$ steps on the task end: $\theta \leftarrow \theta + \epsilon(\theta_k - \theta)$; no query set | $1-(1-\alpha a_i)^{k}$ |
#
# **Predict** for $\alpha = 0.1$, $k = 1$: joint training settles at 0.8, near the steep bowl. Does MAML move
# *towards* the steep bowl or *away* from it? (After one step, which bowl is already solved?)

# %%
from metalearn_lab import FirstOrderMAML, Reptile
from metalearn_lab.tasks import quadratics

bowls = {"curvatures": (1.0, 9.0), "centres": (-1.0, 1.0)}
kinds = {"joint": JointPretraining, "maml": MAML}
kinds |= {"first_order_maml": FirstOrderMAML, "reptile": Reptile}


def settled(kind, steps):
    """Where the algorithm's own update stops moving θ, found by running it in float64."""
    model, loss = quadratics.Weight(0.0), quadratics.half_squared_error
    learner = kind(model, loss, inner_lr=0.1, inner_steps=steps).double()
    two = Task(*(Split(x.double(), y.double()) for x, y in quadratics.quadratic_tasks(**bowls)))
    optimizer = torch.optim.SGD(learner.parameters(), lr=0.35)
    for _ in range(300):
        optimizer.zero_grad()
        learner(two).backward()
        optimizer.step()
    return learner.model.theta.item()


# %% tags=["nbval-check-output"]
closed_form = quadratics.stationary_point
gaps = []
print("settles at".ljust(18), "  k = 1    k = 2    k = 5")
for name, kind in kinds.items():
    ran = [settled(kind, k) for k in (1, 2, 5)]
    exact = [closed_form(name, **bowls, inner_lr=0.1, inner_steps=k) for k in (1, 2, 5)]
    gaps += [abs(one - other) for one, other in zip(ran, exact, strict=True)]
    print(LABELS[name].ljust(18), "".join(f"{round(value, 4) + 0.0:9.4f}" for value in ran))
proof("training settles where the closed form says (|Δθ|)", gaps, below=1e-6)

# %% [markdown]
# MAML goes *away* from the steep bowl, to $-0.8$: with $\alpha a = 0.9$ one inner step covers nine tenths of the
# way to the steep centre, from anywhere, but only a tenth of the way to the shallow one. So the start is spent
# on the shallow one. **The best start is not the best point.** That is the one idea of this chapter.
#
# First-order MAML has one factor $(1-\alpha a)^k$ where MAML has two, so it goes half as far. Reptile with one step
# is joint training; with many, each task pulls with weight 1 and it ends midway, at 0.
#
# ## Try it yourself
#
# **1.** What does first-order MAML settle at for $k = 3$? Work it out from the table of weights, put it below to three decimals, and
# run the two cells. *Hint:* $1 - \alpha a$ is 0.9 for the shallow bowl and 0.1 for the steep one.

# %% [markdown] tags=["instructor"]
# **Instructor, 15 minutes.** Exercise 1 goes wrong by forgetting to divide by the sum; exercise 2 by stopping at the loss's gradient at θ₁.
# The check names both. Exercise 3 takes a run of the chapter: start it early.

# %% tags=["exercise"]
# <solution>
my_answer = -0.9756
# <stub>
# my_answer = None  # a number, e.g. -0.5
# </solution>

# %%
from metalearn_lab.exercises.start_here import check_first_order_point

check_first_order_point(my_answer)

# %% [markdown]
# <details><summary>Answer</summary>
#
# The weights are $1 \cdot 0.9^3 = 0.729$ and $9 \cdot 0.1^3 = 0.009$, so
# $\theta = (-0.729 + 0.009) / 0.738 = -0.9756$.
#
# </details>
#
# **2.** Write MAML's meta-gradient for one bowl and one inner step, by hand: the derivative in $\theta$ of
# $\frac a2(\theta_1 - c)^2$ with $\theta_1 = \theta - \alpha a(\theta - c)$. The check compares it with central
# differences. *Hint:* the chain rule; what is $d\theta_1/d\theta$?


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
# **3.** Set `shots = 3` in the parameters and run the chapter again. Predict first: does one step still help each
# of the two networks?
#
# <details><summary>Answer</summary>
#
# It still helps MAML. The pretrained network gains next to nothing from it, and over ten steps it gets worse than
# it began. Three points would do for someone who *knows* that the curve is a sinusoid, because it has two unknowns; a
# network has to have learned that.
#
# </details>
#
# ## The map
#
# The chapters, in their order.

# %%
from IPython.display import Markdown

from metalearn_lab.workbook.chapter_table import chapter_table

Markdown(chapter_table(folder="", colab=False))

# %% [markdown]
# ## Notation
#
# | symbol | what it is | in code |
# | --- | --- | --- |
# | $\theta$ | the meta-parameters: the start that is shared by all tasks ($\phi$ in papers on Reptile) | `learner.weights()` |
# | $\theta_j$ | fast weights of one task after $j$ inner steps; $\theta_0 = \theta$ | `learner.adapt(support)[j]` |
# | $\tilde\phi$ | where $k$ steps of training on a task take $\phi$ (Reptile) | |
# | $L_S, L_Q$ | loss on the support and on the query set of a task | `task.support`, `task.query` |
# | $\alpha$ | inner step size | `inner_lr` |
# | $\beta$ | outer step size | the optimiser's `lr` |
# | $k$ | number of inner steps | `inner_steps` |
# | $H_j$ | Hessian $\nabla^2 L_S(\theta_j)$ | |
# | $N, K, Q$ | classes of an episode; support and query items of each | `ways`, `shots`, `queries` |
# | $a \pm b$ | mean and half-width of its 95 % interval over tasks | `interval_over_tasks` |
#
# ## Glossary
#
# | term | 中文 | meaning |
# | --- | --- | --- |
# | meta-learning | 元学习 | learning, from many tasks, how to learn a new one from little data |
# | task | 任务 | a support set and a query set that share one unknown function |
# | episode | 情节 | a task drawn from a labelled table: some classes, some items of each |
# | support set | 支持集 | the labelled items a learner adapts on |
# | query set | 查询集 | the items the adapted learner is judged on |
# | N-way | N 类 | the episode has N classes |
# | K-shot | K 样本 | each class has K support items |
# | few-shot learning | 小样本学习 | learning from a handful of labelled items |
# | joint training | 联合训练 | the same, as an algorithm to compare with |
# | meta-training | 元训练 | training, over many tasks, for the loss *after* adaptation |
# | meta-loss | 元损失 | what the outer loop lowers |
# | first-order MAML | 一阶 MAML | MAML without second derivatives |
# | Reptile | Reptile 算法 | move towards where training on a task ends |
# | n-gram | n 元组 | a run of n characters |
# | TF-IDF | 词频-逆文档频率 | counts, with what is in every sentence counting little |
# | meta-validation | 元验证 | other tasks (of other classes), to choose settings by |
# | meta-test | 元测试 | yet other tasks, to report on |
# | meta-parameters θ | 元参数 | what is learned across tasks, such as the start |
# | fast weights | 快速权重 | a task's own weights, after some inner steps |
# | inner loop | 内循环 | adaptation to one task |
# | outer loop | 外循环 | training of the meta-parameters over tasks |
# | inner step size α | 内层学习率 | the rate of the inner loop |
# | outer step size β | 外层学习率 | the rate of the outer loop |
# | adapt | 适应 | take inner steps on a support set |
# | meta-batch | 元批次 | the tasks of one outer step |
# | meta-gradient | 元梯度 | gradient of the meta-loss in the meta-parameters |
# | second order | 二阶 | differentiating through the inner gradient, by Hessian products |
# | first-order approximation | 一阶近似 | the meta-gradient without second derivatives |
# | initialisation | 初始化 | the weights at which adaptation begins |
# | pretraining | 预训练 | ordinary training on all tasks' data beforehand |
# | fine-tuning | 微调 | ordinary training on the new task's data afterwards |
# | linear probe | 线性探测 | fine-tuning of the last layer alone |
# | LoRA | 低秩适应 | adapt a layer by a matrix of low rank beside its frozen weights |
# | baseline | 基线 | the simple method that a new one must beat |
# | class-disjoint | 类别不相交 | no class of the test is met in training |
# | leak | 数据泄漏 | information about the answer that would not be there in use |
# | 95 % interval | 95% 置信区间 | range that covers the true mean in 95 of 100 repetitions |
#
# ## Your device
#
# What this run was made with. Timings, and the last digits of trained numbers, differ between machines.

# %%
from metalearn_lab.workbook import environment

print("available:", environment.available_device())
shown = ("python", "metalearn-lab", "torch", "datasets", "ipywidgets", "home-assistant-intents")
print(
    "\n".join(
        f"{name} {version}" for name, version in environment.versions().items() if name in shown
    )
)

# %% [markdown]
# `metalearn-lab doctor` prints the whole list, and how to get what is missing.
#
# ## What to remember
#
# - A task is a support set to adapt on and a query set to be judged on.
# - Pretraining minimises $L_Q(\theta)$; MAML minimises $L_Q(\theta_k)$, the loss *after* adaptation.
# - The best start is not the best point: before adaptation MAML's network is no better than the pretrained one.
# - A result is a mean over many unseen tasks with its interval, and a baseline that had a fair chance.
#
# ## Sources
#
# - Finn, Abbeel, Levine: *Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks*, ICML 2017,
#   [arXiv:1703.03400](https://arxiv.org/abs/1703.03400). Section 5.1 has the sinusoids: network 1-40-40-1, one inner
#   step, 25 tasks an outer step, Adam at 0.001. The paper gives α = 0.01, its released code 0.001; this chapter
#   takes 0.01.
# - Nichol, Achiam, Schulman: *On First-Order Meta-Learning Algorithms*, 2018,
#   [arXiv:1803.02999](https://arxiv.org/abs/1803.02999).
#
# Next: [01 Tasks and episodes](01_tasks_and_episodes.ipynb).
