# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/15_in_context.ipynb)
#
# # In-context learning as meta-learning
#
# After this chapter you will be able to
#
# - write a layer of attention that takes a gradient step, and say what each of its matrices does;
# - predict the step size that such a layer learns, and where it fails;
# - tell a network that knows a few tasks by heart from one that learns new ones;
# - choose between inner steps, generated weights and a context.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% tags=["parameters"]
# Leave these as they are for now.
attention_iterations: int = 1000  # outer steps of the training of a linear attention layer
unseen_tasks: int = 4000  # linear tasks that its results are taken over
seed: int = 0  # of the weights and the tasks
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## One layer, one step
#
# MAML changes weights to learn a task. A language model does not: you write some examples into its input, then a question, and it answers. The input is called
# the **context**, and learning from it **in-context learning**. In our words: the context is the *support set*, the question is a *query* point, and training on many
# contexts is *meta-training*. But where is the inner loop?
#
# The answer is in **attention**, the layer that lets the parts of an input, its **tokens**, read each other. Here a token is a point, $e_j = (x_j, y_j)$. The last
# token is the question, $(x_q, 0)$: its place for $y$, the **last slot**, is empty. One layer of *linear* attention does this to every token:
#
# $$e_j \;\leftarrow\; e_j + \frac1N \sum_{i=1}^N V e_i \,\bigl(e_i^\top A\, e_j\bigr).$$
#
# The number $e_i^\top A\, e_j$ is the **score**: how strongly token $j$ reads token $i$. The vector $V e_i$ is the **value**: what it reads there. All tokens read the $N$
# known points; nobody reads the question.
#
# Now choose $A$ so that the score is $x_i \cdot x_j$, and $V$ so that the value is $-\alpha\, y_i$ in the last slot. Then the last slot of the question becomes
# $-\frac{\alpha}{N}\sum_i y_i\, x_i \cdot x_q$. Compare this with one gradient step from $w = 0$ on $\frac{1}{2N}\sum_i (w \cdot x_i - y_i)^2$:
#
# $$w_1 = \frac{\alpha}{N}\sum_i y_i\, x_i, \qquad w_1 \cdot x_q = \text{minus the last slot of the question}.$$
#
# Left are the points and the line $y = w_1 x$. Right are the last slots of all tokens. **Predict, then drag.** What happens to the last slots of the *points* in the first layer? With
# more layers, where do they go, and where does the line go? And what does a step size α that is too large do?

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

from metalearn_lab.explorers.attention_step_explorer import AttentionStepExplorer

AttentionStepExplorer([(-2, -1.5), (-1, -1.2), (0.7, 0.2), (1.5, 2.2)], question=2.0).show()

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Ask for the score and the value of one point before you drag it; both stand in the table. Drag a point to $x = 0$: its score is 0, so nobody reads it. Then turn α
# up with eight layers and let them name what they see: gradient descent that diverges, without a gradient in sight.

# %% [markdown]
# <details><summary>What happens</summary>
#
# The points read each other too. The last slot of point $j$ becomes $y_j - w_1 \cdot x_j$: **what the step has not yet explained** of its $y$. The next layer reads these
# rests in place of the $y$, and so it takes the *second* gradient step. With more layers the line turns towards the line of least squares, and the slots come to rest at its errors.
# If α is too large, the slots grow from layer to layer, as the weights of gradient descent do.
#
# No layer ever holds $w$. The question holds $-w \cdot x_q$, and each point holds its rest.
#
# </details>
#
# The next cell proves this with three inputs, for one layer and for four. A start $w_0$ other than 0 works too: put $-w_0 \cdot x_q$ into the question's slot, and let the value be
# $\alpha\,(w_0 \cdot x_i - y_i)$.
#
# **Predict.** Does the answer depend on the order of the points? And if we repeat all points in the context?

# %% tags=["nbval-check-output", "hide-output"]
import torch

from metalearn_lab.models.linear_attention import gradient_step_layers
from metalearn_lab.workbook.facts import finding, proof

numbers = torch.Generator().manual_seed(seed)
x, y, question, start = (
    torch.randn(size, generator=numbers, dtype=torch.float64) for size in ((10, 3), (10, 1), 3, 3)
)


def after_steps(w, steps, inner_lr=0.3):
    for _ in range(steps):
        w = w - inner_lr * x.T @ (x @ w - y[:, 0]) / len(x)
    return w


zero = torch.zeros_like(start)
for layers, first in ((1, zero), (4, zero), (1, start), (4, start)):
    model = gradient_step_layers(3, layers, 0.3, first).double()
    gap = model(x, y, question, first)[0] - after_steps(first, layers) @ question
    name = "w = 0" if first is zero else "a start w_0"
    proof(f"layers: {layers}, gradient steps from {name}", gap.abs(), below=1e-12)
other = torch.randperm(10, generator=numbers)
gap = (model(x[other], y[other], question, start) - model(x, y, question, start)).abs()
proof("another order of the points gives the same answer", gap, below=1e-12)
gap = model(x.repeat(2, 1), y.repeat(2, 1), question, start) - model(x, y, question, start)
proof("so do points taken twice", gap.abs(), below=1e-12)

# %% [markdown]
# ## Does a layer find this by itself?
#
# We chose $A$ and $V$. Now training chooses them. The tasks are $y = w \cdot x$ with $w$ and $x$ standard normal, with $d = 3$ inputs, $N = 10$ points and no noise. Both matrices start at small random
# numbers; the loss is $\frac12(\text{answer} - y_q)^2$ on one question for each task.
#
# If the layer learns *one gradient step*, it must choose a step size. The best one has a closed form. Let each input have variance $s^2$ and fourth moment $m_4 = \mathbb{E}[x^4]$. Then
#
# $$c = \frac{m_4 + (d-1)s^4}{N} + \frac{N-1}{N}s^4, \qquad \alpha^* = \frac{s^2}{c}, \qquad \text{loss} = \frac{s^2 d}{2}\Bigl(1 - \frac{s^4}{c}\Bigr).$$
#
# For our tasks ($s^2 = 1$, $m_4 = 3$) this is $\alpha^* = 5/7$, with a loss of $3/7$; predicting 0 leaves $3/2$.
#
# **Predict.** What will stand in the part of $A$ that belongs to $x$? Will the loss reach $3/7$, or go below it? Then we double every $x$ at test time (and so every $y$). Is the
# learned layer still better than predicting 0?

# %% [markdown] tags=["instructor"]
# **Instructor, 8 minutes.** Let them derive the loss of one step for $d = 1$: expand $(w - \alpha w \overline{x^2})^2$ and take the mean. Where does $m_4$ come from? Before the last row of the table
# appears, ask by which factor the *step* grows when $x$ doubles: four, because $x$ stands in it twice.

# %% tags=["hide-output"]
import pandas as pd

from metalearn_lab import Split, Task, choose_device, to_device
from metalearn_lab.experiments.one_step_rate import (
    best_step,
    half_errors,
    rate_matrix,
    train_linear_attention,
)
from metalearn_lab.tasks.devices import device_in_words
from metalearn_lab.tasks.linear_tasks import LinearTasks

where = choose_device(device)
print("Computing on", device_in_words(where))
family = LinearTasks(shots=10, queries=1, dim=3, seed=seed)
learned = train_linear_attention(family, attention_iterations, device=where)
step = gradient_step_layers(3, 1, best_step(3, 10).inner_lr).to(where)
unseen = to_device(LinearTasks(10, 1, 3, split="test", seed=seed).batch(0, unseen_tasks), where)
doubled = Task(*(Split(2 * part.x, 2 * part.y) for part in unseen))
losses = {}
for name, tasks in {"as in training": unseen, "every x doubled": doubled}.items():
    rows = {n: half_errors(m, tasks).mean() for n, m in {"learned": learned, "step": step}.items()}
    rows["predicting 0"] = (tasks.query.y**2).mean() / 2
    losses[name] = {n: value.item() for n, value in rows.items()}
print("What the layer multiplies x_i · x_j with, a matrix:")
print(rate_matrix(learned).cpu().numpy().round(3))
pd.DataFrame(losses).round(3)

# %% tags=["nbval-check-output", "hide-output"]
rate, least, nothing = best_step(3, 10)
proof("the best rate is 5/7", abs(rate - 5 / 7), below=1e-12)
proof("the loss it leaves is 3/7", abs(least - 3 / 7), below=1e-12)
published = best_step(10, 10, variance=1 / 12, fourth=1 / 80)
proof("x uniform in ±½, d = N = 10: its rate", published.inner_lr, above=6.0605, below=6.0607)
proof("x uniform in ±½, d = N = 10: its loss", published.loss, above=0.20622, below=0.20624)
matrix = rate_matrix(learned).cpu()
finding("the learned rate, for each of the three inputs", matrix.diag(), above=0.67, below=0.76)
off = (matrix - matrix.diag().diag()).abs().max()
finding("what the layer mixes of two inputs", off, below=0.06)
inside, outside = losses["as in training"], losses["every x doubled"]
ratio = inside["learned"] / inside["step"]
finding("the learned layer's loss over that of the best step", ratio, above=0.98, below=1.02)
with torch.no_grad():
    answers = {m: m(*unseen.support, unseen.query.x[:, 0]) for m in (learned, step)}
apart = (answers[learned] - answers[step]).square().mean() / answers[step].square().mean()
finding("how far the two answers are apart, over their size", apart, below=0.01)
ratio = outside["learned"] / outside["predicting 0"]
finding("every x doubled: the learned loss over that of predicting 0", ratio, above=5)
ratio = outside["learned"] / outside["step"]
finding("every x doubled: over that of the fixed step", ratio, above=0.9, below=1.1)

# %% [markdown]
# <details><summary>What happens</summary>
#
# The layer finds the step. Its matrix is nearly $0.71\, I$, in all five trainings: each number on the diagonal lies between 0.67 and 0.76, and the others are below 0.06. Its loss is within 2 % of that of
# the best step. It does not go below, though it may use all of $A$ and $V$. Its answers are those of the step: they differ by less than 1 % of their size (in mean squares).
#
# With every $x$ doubled, the learned layer is more than five times as bad as predicting 0, and so is the fixed step of $5/7$. The step is four times as long as it should
# be. **The layer has learned one step size for one kind of inputs.** Nothing in it looks at how large the inputs are.
#
# The two lines with *x uniform in ±½* are the released setting of the paper that found this construction (von Oswald et al.): rate 6.06, loss 0.206.
#
# </details>
#
# ## How many tasks make it general?
#
# A layer that is a gradient step must treat every task alike. A larger network need not. Suppose that training uses only $M$ tasks, again and again. The network can then
# learn *these tasks* in place of learning to learn. How would we see it?
#
# Take $y = wx + \text{noise}$, with one input and noise of standard deviation $\sigma = 1$. A **pool** holds $M$ slopes $w_m$, drawn once from a standard normal. Two rules are the best possible, each
# for its own world:
#
# - the **pool rule**, if $w$ is one of the pool: a weighted mean of the slopes, $\sum_m \pi_m w_m$. The weights $\pi$ are the softmax of $-\sum_i (y_i - w_m x_i)^2 / 2\sigma^2$;
# - **ridge**, if $w$ is any standard normal number: least squares with $\lambda = \sigma^2$.
#
# Nobody trains these rules. The *network* is a small Transformer: two layers of attention with softmax, each followed by a small dense network. It was trained on $M = 1$ to 1,024 tasks, on contexts
# of 1 to 10 points, with 1,000 outer steps each. These are saved trainings; a command of the workbook makes them again.
#
# Left are the points and what the three answer at each $x$. Right we tilt the points, so that their least-squares slope runs over the axis, and draw each answer at $x = 1$.
# **Predict.** With $M = 4$, what does the pool rule look like on the right: a line, or a staircase? Does the network follow it? From which $M$ on does the network follow ridge? And what does it do at $M = 1$?

# %%
from metalearn_lab.comparison.task_pools import (
    NOISE,
    POOLS,
    pool_tasks,
    read_distances,
    read_pool_model,
)
from metalearn_lab.explorers.task_pool_explorer import TaskPoolExplorer

TaskPoolExplorer(
    {pool: read_pool_model(pool) for pool in POOLS},
    {pool: pool_tasks(pool, "train").pool_weights() for pool in POOLS},
    noise=NOISE,
    points=[(-2, -1.0), (-1, -1.6), (-0.4, 0.6), (0.7, 0.2), (1.2, 1.9), (2, 1.3)],
).show()
