# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/14_scaling_up.ipynb)
#
# # Scaling up
#
# After this chapter you will be able to
#
# - read the time of an outer step as a fixed part and a part for each task, and say which of the two a change makes smaller;
# - write a meta-gradient that takes its tasks in chunks, and work out how many inner steps fit into memory;
# - say what two processes can gain, and what they cannot;
# - run a sweep over seeds, and read its table without fooling yourself.
#
# This chapter has number 14 because the numbers 07 to 13 are kept free for chapters on further algorithms; nothing here
# needs them.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% tags=["parameters"]
# Leave these as they are for now; the chapter explains each where it is used.
inner_steps: int = 5  # gradient steps on each task, k
most_tasks: int = 256  # the most tasks of one outer step that is timed
rounds: int = 3  # how often a time is taken; the median counts
meta_batch: int = 64  # tasks of an outer step that two processes share: 8, 16, 32, …
iterations: int = 100  # outer steps of the training that two processes share
bf16_iterations: int = 2000  # outer steps of the two trainings that compare precisions
seed: int = 0  # of the weights and the tasks
device: str = "auto"  # auto takes a GPU if there is one; the two processes stay on the CPU

# %% [markdown]
# ## The clock
#
# An **outer step** takes a batch of $n$ tasks, makes $k$ inner steps on each, and moves the start θ against the
# meta-gradient, the mean over the tasks
#
# $$\nabla_\theta\,\frac1n\sum_{i=1}^{n} L_Q^{(i)}\big(\theta_k^{(i)}\big).$$
#
# The formula does not say how the tasks are run. We time three ways:
#
# - **loop**: Python takes one task after the other;
# - **vmap**: each operation is started once, for all tasks together (`torch.func.vmap`);
# - **compiled**: the operations of one task are translated into one C function, which then runs over all tasks. On a
#   GPU they are recorded once and replayed.
#
# The network has 1,761 weights and the tasks are the sinusoids of chapter [00](00_start_here.ipynb).
#
# The clock below draws times that are taken on *your* machine, a moment before: each is the median of several, in turns, so
# that a busy moment hits all ways alike.
#
# **Predict, in writing.** With `vmap`, an outer step of 64 tasks takes how many times as long as one of a single task? And
# with the loop?

# %% [markdown] tags=["instructor"]
# **Instructor, 12 minutes.** Collect guesses for both on the board; most expect 64 twice. Then everyone opens the clock and
# moves *tasks n* from 1 to the end, once for each k. Times differ between machines: compare ratios, not milliseconds. Ask
# what the computer does during the fixed part: it walks through Python, a few microseconds an operation, and a step with
# k = 5 has more than a thousand operations.

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

import torch
from torch.nn import functional as F

from metalearn_lab import MAML, MLP, Sinusoids, choose_device, to_device
from metalearn_lab.tasks.devices import device_in_words

where = choose_device(device)
torch.set_num_threads(1)  # one core, so that no way gets help from the others
print("Computing on", device_in_words(where))
family = Sinusoids(10, 10, "train", seed)


def maml(mapping, k):
    """A MAML learner that runs its tasks by "loop" or by "vmap", with k inner steps."""
    model = MLP([1, 40, 40, 1], seed=seed)
    return MAML(model, F.mse_loss, inner_lr=0.01, inner_steps=k, mapping=mapping).to(where)


# %%
from metalearn_lab.experiments.step_clock import time_outer_steps
from metalearn_lab.explorers.step_clock_explorer import StepClockExplorer

times = time_outer_steps(
    maml,
    lambda n: to_device(family.batch(0, n), where),  # a batch of n tasks
    task_counts=[n for n in (1, 4, 16, 64, 256, 1024) if n <= most_tasks],
    inner_steps=sorted({1, inner_steps, 2 * inner_steps}),
    rounds=rounds,
)
clock = StepClockExplorer(times)
clock.show()

# %% [markdown]
# <details><summary>What happens</summary>
#
# With the loop, the step grows in proportion to the tasks. With vmap, the first tasks are nearly free: the bar of the step
# hardly moves, and the bar *for each task* shrinks. On the right you see why. At one task almost all of the time is the
# **fixed part** $o$: Python starts each operation, however many tasks the operation holds. Only when $n$ is large
# does the **part of the tasks** $n\,w$ take over. More inner steps make both parts longer. Compiling leaves no Python between
# the operations, so $o$ is much smaller, and $w$ as well. The loop has no fixed part: it pays the start again for every task.
#
# </details>
#
# So the time of a step is
#
# $$T(n) = o + n\,w,$$
#
# and with a loop $n\,(o' + w')$. The clock fits $o$ and $w$ to your times. The same times against $n$ show where one part
# hands over to the other: at $n = o/w$ both are equal (the tick on each line). Left of it another task costs
# almost nothing. Right of it, more tasks at once can gain at most another factor of two.

# %%
from metalearn_lab.figures.style import show_figure
from metalearn_lab.figures.task_cost import task_cost_figure

measured = {way: times[way, inner_steps] for way in clock.ways}
costs = {way: clock.costs[way, inner_steps] for way in clock.ways if way != "loop"}
longest = [f"{way} {by_n[max(by_n)]:.1f} ms at {max(by_n)}" for way, by_n in measured.items()]
show_figure(
    task_cost_figure(measured, costs),
    f"Time of an outer step against its tasks, both axes logarithmic. At the most tasks: "
    f"{'; '.join(longest)}. The loop rises in proportion; the others begin level and then rise as fast.",
)
most_looped = max(measured["loop"])  # the loop is not timed with more tasks than this
faster = {way: measured["loop"][most_looped] / measured[way][most_looped] for way in costs}
print(f"On this machine now, with {most_looped} tasks against the loop:")
for way, cost in costs.items():
    print(f"{way:<9} {faster[way]:.0f} times as fast;", end=" ")
    print(f"o = {cost.overhead:.2g} ms, w = {cost.work:.2g} ms, o/w = {cost.half_way:.0f} tasks")

# %% tags=["nbval-check-output"]
from metalearn_lab import OuterStep, Split, Task
from metalearn_lab.workbook.facts import finding, proof


def double_sinusoids(first, count):
    """A batch of tasks in float64, from task number `first` on."""
    tasks = to_device(family.batch(first, count), where)
    return Task(*(Split(x.double(), y.double()) for x, y in tasks))


def meta_gradient(way, batch):
    """The meta-gradient in one vector, in float64, run in this way."""
    learner = maml("loop" if way == "loop" else "vmap", inner_steps).double()
    step = OuterStep(learner, torch.optim.Adam(learner.parameters()), way == "compiled")
    step.prepare(batch)(batch).backward()
    return torch.cat([weight.grad.flatten() for weight in learner.parameters()])


gradients = {way: meta_gradient(way, double_sinusoids(0, 8)) for way in clock.ways}
differences = [(each - gradients["loop"]).abs().max() for each in gradients.values()]
proof("all ways give the same meta-gradient of 8 tasks, in float64", differences, below=1e-12)

# %% [markdown]
# The three ways compute the same gradient; only the time tells them apart.
#
# <details><summary>What about larger networks?</summary>
#
# The more arithmetic there is in each operation, the less the way matters, because starting the operation is then a small
# part of it. So this library runs convolutions and attention on a CPU task by task, and dense networks all at once. The
# [benchmarks](https://github.com/metalearn-lab/metalearn-lab/blob/main/benchmarks/README.md) compare it with other libraries.
#
# </details>
#
# ## Memory
#
# The inner steps must be remembered until the backward pass. For $n$ tasks at once and $k$ inner steps, the memory at its
# peak is again a sum:
#
# $$M(n, k) = c + n\,(t + k\,g),$$
#
# with $g$ for each inner step of a task, $t$ for the rest of a task, and $c$ for all. Three settings change it:
#
# - `chunk_size=m` takes the batch $m$ tasks at a time and adds the gradients up;
# - `replay=True` keeps only the weights after each inner step and computes the step again in the backward pass;
# - first-order MAML forgets every step at once.
#
# **Predict.** A convolutional network (Conv4, 16 filters), four tasks at once, 1 GB: how many inner steps fit with
# second-order MAML? How many if the steps are replayed?

# %% [markdown] tags=["instructor"]
# **Instructor, 12 minutes.** This includes *Fewer bits*. The bytes are counted, not sampled: everyone with the same version of
# torch gets the same. Expect guesses for replay that are far too low. Ask what a card of 80 GB buys over one of 8 GB (ten
# times the steps), and what replay buys on either. In *Fewer bits*, ask what 1 − 0.001 is before the cell says it.
# Watch for "8 bits, so 0.4 % everywhere": where the tasks' gradients nearly cancel, the same rounding is a larger share.

# %% tags=["hide-output"]
from functools import partial

from metalearn_lab import Conv4, FirstOrderMAML
from metalearn_lab.experiments.extra_memory import step_bytes
from metalearn_lab.experiments.step_memory import fit_step_memory
from metalearn_lab.tasks.patterns import noisy_patterns

REPLAYED = "second order, replayed"
KINDS = {"second order": MAML, REPLAYED: partial(MAML, replay=True), "first order": FirstOrderMAML}


def counted_bytes(kind, n, k, **more):
    """Bytes at the peak of one meta-gradient of Conv4, for n one-shot episodes of noisy images."""
    settings = {"inner_lr": 0.1, "inner_steps": k, "mapping": "vmap", **more}
    return step_bytes(kind(Conv4(5, filters=16), F.cross_entropy, **settings), noisy_patterns(n, 0))


memory = {}
for name, kind in KINDS.items():
    # Count at two n and two k, then solve for the constants of the formula.
    counts = {(n, k): counted_bytes(kind, n, k) for n in (2, 4) for k in (1, 4)}
    memory[name] = fit_step_memory(counts)
    t, g = memory[name].task / 1e6, abs(memory[name].step) / 1e6  # abs: no "-0.000"
    print(f"{name:<23} t = {t:.2f} MB a task, g = {g:.3f} MB for each inner step of a task")
reach = {name: memory[name].most_steps(1e9, 4) for name in ("second order", REPLAYED)}
print(f"by the formula, inner steps that fit into 1 GB (torch {torch.__version__}): {reach}")

# %% tags=["nbval-check-output", "hide-output"]
for name, kind in KINDS.items():
    ratio = memory[name].bytes(3, 10) / counted_bytes(kind, 3, 10)
    proof(f"{name}: the formula foretells M(3, 10) to 2 %", abs(ratio - 1), below=0.02)
chunked = counted_bytes(MAML, 8, 2, chunk_size=2) / counted_bytes(MAML, 2, 2)
proof("8 tasks in chunks of 2 take what 2 tasks take, to 2 %", abs(chunked - 1), below=0.02)
bytes_of_weights = 4 * sum(weight.numel() for weight in Conv4(5, filters=16).parameters())
copies = memory[REPLAYED].step / bytes_of_weights
proof("replay: g is one copy of the weights, to 1 %", abs(copies - 1), below=0.01)
proof(
    "1 GB, 4 tasks: replay reaches more than 20 times as many steps as second order",
    reach[REPLAYED] / reach["second order"],
    above=20,
)

# %% tags=["hide-output"]
from metalearn_lab.explorers.memory_budget_explorer import MemoryBudgetExplorer

MemoryBudgetExplorer(memory, "Conv4, 16 filters, 5-way 1-shot").show()

# %% [markdown]
# Another version of torch may keep other tensors, so the cell above checks relations and not bytes. Two things to see in
# the explorer. Where a line starts above the budget, no $k$ helps: take fewer tasks at once. And replay's line
# stays almost level, because one step costs one copy of the weights; its price is time, since each step is taken twice.
#
# So: first a smaller `chunk_size`, which costs little until a chunk no longer keeps the processor busy (the clock again);
# then `replay=True`; then more memory.
#
# ### Fewer bits
#
# A number in float32 has 24 bits of precision. In **bfloat16** it has 8, and processors built for it multiply matrices
# several times as fast. Rounding to 8 bits changes a number by at most $2^{-8} \approx 0.4\,\%$. If the *weights* were
# kept in bfloat16, an inner step smaller than about $0.2\,\%$ of a weight would vanish. So
# `meta_train(..., bf16=True)` keeps weights, inner steps and the meta-gradient in float32, and takes only the matrix
# products in bfloat16.
#
# **Predict.** (a) By how many per cent does that change the meta-gradient? (b) After a whole training, does the network
# trained in this way adapt worse?

# %% tags=["hide-output"]
from metalearn_lab.experiments.bf16_cost import bf16_cost

weight = torch.tensor(1.0, dtype=torch.bfloat16)
print("1 − 0.001 in bfloat16:", (weight - 0.001).item())
bits = bf16_cost(
    maml("vmap", 1),
    lambda i: to_device(family.batch(25 * i, 25), where),
    to_device(Sinusoids(10, 100, "test", seed).batch(0, 300), where),
    iterations=bf16_iterations,
)
print(f"meta-gradient of 25 tasks: off by {bits.relative_error:.1%} of its length,", end=" ")
print(f"turned by {bits.degrees:.1f}°")
print(f"query loss after {bf16_iterations:,} outer steps and one inner step, 300 new tasks:")
print(f"trained in float32: {bits.loss}")
print(f"bfloat16 minus float32, task by task: {bits.extra_loss}")

# %% tags=["nbval-check-output", "hide-output"]
proof("a step of 0.001 from 1 is rounded away in bfloat16", weight - 0.001 == 1)
finding("bfloat16: the meta-gradient is off by less than 10 %", bits.relative_error, below=0.1)
finding("float32: the network has learned to adapt, its loss is below 1.3", bits.loss, below=1.3)
finding(
    "bfloat16: the loss after training changes by less than 5 %",
    abs(bits.extra_loss.mean) / bits.loss.mean,
    below=0.05,
    share="4 of 5 seeds",
)

# %% [markdown]
# <details><summary>What happens</summary>
#
# (a) By less than a per cent at this seed. That is no bound: at seed 1 the same network has 7.4 %, because there the gradients
# of the tasks nearly cancel, and the rounding is large beside what is left. (b) Not in general. Of five
# seeds, four change the loss by less than 5 %, some up and some down; at seed 3 bfloat16 ends 0.105 *lower*, a tenth of
# the loss. Often the interval over tasks leaves out 0. It says that *these two* networks differ, as two seeds would,
# and not that bfloat16 helps or harms.
#
# </details>
#
# One warning: not every derivative survives rounding. In max-pooling it decides which of four pixels is the largest, so the library refuses
# bfloat16 for such networks, and for iMAML.
#
# ## Sharding: more than one processor
#
# A mean over tasks is a mean of means, *if the shards are equal*. With $P$ processes, each with its own $B/P$ tasks of a
# batch of $B$,
#
# $$\nabla\,\frac1B\sum_{i=1}^{B} L^{(i)} \;=\; \frac1P\sum_{r=1}^{P}\;\nabla\,\frac{1}{B/P}\sum_{i\,\in\,\text{shard } r} L^{(i)}.$$
#
# Every process computes the meta-gradient of its shard, all average their gradients by messages (an **all-reduce**), and
# all take the same outer step. Then they hold the same weights again. `torchrun` starts the processes:
#
#     torchrun --nproc-per-node 2 -m metalearn_lab.training.train_sinusoids
#
# **Predict.** (a) Shards of 5 and 3 tasks: is the mean of their two gradients the whole gradient? (b) After 100 outer steps,
# how far apart are the weights of one process and of two? (c) How many times as fast are two?

# %% [markdown] tags=["instructor"]
# **Instructor, 12 minutes.** Let them shard by hand: eight numbers on the board, the mean of two means, first 4 + 4, then
# 5 + 3. For (c) expect *twice*. Keep the answers, and write T(P) on the board before they move the explorer.

# %% tags=["hide-output"]
from metalearn_lab.experiments.two_ranks import two_ranks

of_each = torch.stack([meta_gradient("vmap", double_sinusoids(i, 1)) for i in range(8)])
whole = of_each.mean(0)
off = {}
for size in (4, 5):
    mean_of_means = (of_each[:size].mean(0) + of_each[size:].mean(0)) / 2
    off[size] = ((mean_of_means - whole).norm() / whole.norm()).item()
    print(f"(a) shards of {size} and {8 - size}: off by {off[size]:.1e} of the gradient's length")
pair = two_ranks(
    tasks=meta_batch, inner_steps=inner_steps, iterations=iterations, rounds=rounds, seed=seed
)
print(f"(b) after {iterations} steps the weights differ by at most", end=" ")
print(f"{pair.weights_apart:.0e} of the largest weight")
print(
    f"(c) a step takes {pair.alone_ms:.3g} ms in one process, {pair.pair_ms:.3g} in two:", end=" "
)
print(f"{pair.alone_ms / pair.pair_ms:.2f} times as fast, on this machine now")

# %% tags=["nbval-check-output", "hide-output"]
proof("shards of 4 and 4: the mean of their gradients is the whole's", off[4], below=1e-12)
finding(
    "shards of 5 and 3: the mean is off by more than 1 % of the whole's length", off[5], above=0.01
)
proof(
    "one process and two end with the same weights, to 1e-4 of the largest",
    pair.weights_apart,
    below=1e-4,
)

# %% [markdown]
# <details><summary>What happens</summary>
#
# (a) No: a task in the small shard would count for more, so the library refuses uneven shards. (b) Only rounding tells
# the weights apart. Sharding is not another algorithm, it is more hands. (c) Less than twice as fast, here perhaps slower
# than one.
#
# </details>
#
# How fast can $P$ processes be? A step has a fixed part $s$ (the clock's $o$) that every process pays, the tasks,
# and the messages. In a *ring*, each process passes on $2(P-1)$ pieces of the gradient of $W$ numbers, each with a delay
# $\ell$ and a time $c$ for every number:
#
# $$T(P) = s + \frac{B}{P}\,w + 2\,(P - 1)\Big(\ell + \frac{c\,W}{P}\Big).$$
#
# Even with free messages the speed-up stays below $T(1)/s$: **Amdahl's** law. The explorer begins with $s$ and $w$ from your
# clock, and with $\ell$ and $c$ from the two processes that you have just run.
#
# **Predict before you move:** which one setting makes 64 processes worth having? Try a batch of 4,096 tasks; then $w$ = 100 ms,
# about a large Conv4; then $10^8$ weights over Ethernet, and over NVLink. The networks have their nominal rates.

# %%
from metalearn_lab.experiments.sharding_time import Network, ShardingTime
from metalearn_lab.explorers.sharding_explorer import ShardingExplorer

vmap_cost = clock.costs["vmap", inner_steps]
network = Network.of_two_ranks(pair.all_reduce_ms)
step = ShardingTime(64, vmap_cost.work, vmap_cost.overhead, 1761, network)
ShardingExplorer(step, "two processes here").show()

# %% [markdown]
# <details><summary>What happens</summary>
#
# Slow tasks make many processes worth having: with $w$ = 100 ms nearly all of the step is shared out. On sinusoids the fixed
# part rules, and it is not shared: each process starts the same operations, only for fewer tasks. Two processes then gain
# little, and compiling gains more. Many weights over a slow network cost more than the tasks that are shared out.
#
# Two processes on one machine also share its memory and perhaps one core's two halves, which the formula leaves out.
#
# </details>
#
# ## From one run to many
#
# Most large computations in this field are not one large run but many small ones: methods × settings × seeds. A
# **sweep file** lists them, and each entry stands for the product of its lists:
#
#     - chapter: 0
#       parameters:
#         iterations: [500, 1000, 2000]
#         seed: [0, 1, 2, 3]
#
# `metalearn-lab sweep sweep.yml --out results` runs the 12 points on the cores of this machine, or with `--scheduler` on a
# **Dask** cluster. A sweep that was stopped goes on with the same command.
#
# The table of this sweep comes with the package. In it, `difference` is how much lower MAML's error after one step is than
# that of pretraining, and its ± covers the 300 *tasks* of one run.
#
# **Predict.** Another seed gives another network. At one number of iterations, how much do four seeds differ, compared with
# what the ± over tasks allows?

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Ask for the two kinds of ± before anyone opens the cell. Who has picked the best of several
# seeds before? Twenty students with one seed each make a better table than this one.

# %% tags=["hide-output"]
from metalearn_lab.comparison.saved_sweep import saved_sweep
from metalearn_lab.figures.sweep_values import Result, sweep_values_figure

results = saved_sweep("start_here").results
good, failed = results[results.status == "ok"], results[results.status == "failed"]
print(f"{len(failed)} of {len(results)} points failed: {failed.error.iloc[0]}")
by_setting = good.groupby("iterations")
spread = by_setting.difference.agg(["mean", "std"])
# The ± is a 95 % interval: 1.97 standard errors over 300 tasks. We want one standard error.
spread["of tasks"] = by_setting.difference_half_width.mean() / 1.97
for n, row in spread.iterrows():
    print(f"{n:>5} iterations: mean {row['mean']:.2f}, the 4 seeds spread by", end=" ")
    print(f"{row['std']:.3f}, the tasks explain {row['of tasks']:.3f}")
points = [Result(p.iterations, p.difference, p.difference_half_width) for p in good.itertuples()]
show_figure(
    sweep_values_figure(
        "iterations", {"pretraining's error less MAML's": points}, is_over_seeds=True
    ),
    "Twelve runs, four seeds side by side for each number of iterations, each with its 95 % "
    "interval over tasks, and the means over seeds with theirs: the difference grows.",
)

# %% tags=["nbval-check-output", "hide-output"]
from metalearn_lab import interval_over_tasks
from metalearn_lab.tasks.seeds import generator

by_seed = good.pivot(index="seed", columns="iterations", values="difference")
gain = by_seed[2000] - by_seed[1000]
over_seeds = interval_over_tasks(torch.tensor(gain.to_numpy()))  # what is averaged here are seeds
times_more = spread["std"] / spread["of tasks"]
finding(
    "500 iterations: seeds differ more than twice as much as tasks explain",
    times_more[500],
    above=2,
    saved="4 seeds",
)
finding(
    "seed by seed, 2,000 iterations are ahead of 1,000, by more than the interval over seeds",
    over_seeds,
    above=0,
    saved="4 seeds",
)
luck = torch.randn(100_000, 12, generator=generator("luck")).max(1).values.mean()
proof("the best of 12 equal runs is 1.5 to 1.7 σ above their mean", luck, above=1.5, below=1.7)

# %% [markdown]
# Three rules for reading such a table:
#
# 1. **Failures first.** One point asked for a support set of no points. That was a mistake in the file, and it cost one row. But a
#    setting that fails for half of its seeds and shines on the others is not a good setting.
# 2. **Which ± is it?** An interval over tasks does not know that another seed gives another network: at 500 iterations the
#    four seeds differ by more than twice what it explains. All settings here have the *same* seeds, so compare them seed
#    by seed: that takes out what makes a seed easy.
# 3. **The best of many is too good.** Of twelve runs of *equal* worth, the best lies 1.6 standard deviations above their
#    mean, by luck. So choose a setting on *validation* tasks, and report it on test tasks with seeds that took no
#    part in the choice. The seed is never a setting to choose.

# %%
from metalearn_lab.workbook.headline import headline

gains = ", ".join(f"{way} {faster[way]:.0f} times" for way in costs)
headline(
    f"An outer step of {most_looped} sinusoids, k = {inner_steps}: {gains} as fast as a loop, here and now; "
    f"two processes end with the weights of one, to {pair.weights_apart:.0e}.",
    weights_apart=pair.weights_apart,
    steps_in_1_gb=reach["second order"],
    steps_in_1_gb_replayed=reach[REPLAYED],
    extra_loss_of_bf16=bits.extra_loss,
)

# %% [markdown]
# ## Try it yourself
#
# The cell under each exercise checks your answer.

# %% [markdown] tags=["instructor"]
# **Instructor, 14 minutes.** Exercise 1 in class: it is `chunk_size` itself, and the smaller last chunk is the uneven shard again.
# Exercises 2 and 3 make good homework. In 2, let them draw T(P) before they differentiate.

# %% [markdown]
# ### Exercise 1: write a meta-gradient in chunks (15 minutes, level 3 of 3)
#
# Write the gradient of an outer step: the mean over the tasks of the gradient of `meta_loss`, with at most `chunk_size`
# tasks in memory at once. `meta_loss(weights, task)` is the loss of *one* task after its inner step; `tasks` is a list of four
# tensors whose first axis counts the tasks. Call `meta_loss` once for each chunk, under `vmap`, and take the gradient of a
# chunk before you begin the next. The last chunk may be smaller. The result must agree to 1e-5 of each number.
#
# <details><summary>Hint 1</summary>
#
# `torch.func.grad(meta_loss)` is the gradient of one task with respect to `weights`. `vmap` of it, with `in_dims=(None, 0)`, is
# the gradient of every task of a chunk.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# Means of chunks do not average to the mean when the last chunk is smaller. Sums and counts do add up.
#
# </details>


# %% tags=["exercise"]
def chunked_meta_gradient(meta_loss, weights, tasks, chunk_size):
    """The mean over the tasks of the gradient of meta_loss, in chunks.

    Args:
        meta_loss: takes the weights and one task, a list of four tensors without the task axis.
        weights: one tensor with one axis.
        tasks: four tensors, each [tasks, points].
        chunk_size: the most tasks in one call of meta_loss.
    """
    # <solution>
    of_each = torch.func.vmap(torch.func.grad(meta_loss), in_dims=(None, 0))
    count, total = len(tasks[0]), torch.zeros_like(weights)
    for first in range(0, count, chunk_size):
        chunk = [part[first : first + chunk_size] for part in tasks]
        total = total + of_each(weights, chunk).sum(0)
    return total / count
    # </solution>


# %%
from metalearn_lab.exercises.scaling import check_chunked_gradient

check_chunked_gradient(chunked_meta_gradient)

# %% [markdown]
# ### Exercise 2: how many processes? (10 minutes, level 2 of 3)
#
# The network has so few weights that $c\,W$ is nothing. Write the number of processes $P$ at which $T(P)$ is least, as a real
# number and at least 1, to 0.1 %.
#
# <details><summary>Hint 1</summary>
#
# Write down $T(P)$ without $c\,W$, and set its derivative with respect to $P$ to 0.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# The derivative is $-B\,w/P^2 + 2\,\ell$. Where do you need the fixed part?
#
# </details>


# %% tags=["exercise"]
def best_ranks(tasks, work, fixed, latency):
    """The P at which T(P) is least.

    Args:
        tasks: B, in a batch.
        work: w, milliseconds of a task.
        fixed: s, milliseconds that every process pays.
        latency: ℓ, milliseconds of a message.
    """
    # <solution>
    return max((tasks * work / (2 * latency)) ** 0.5, 1.0)
    # </solution>


# %%
from metalearn_lab.exercises.scaling import check_best_ranks

check_best_ranks(best_ranks)

# %% [markdown]
# ### Exercise 3: write a sweep file (8 minutes, level 1 of 3)
#
# Write the sweep file that runs chapter 00 at 500 and at 2,000 iterations, each with the seeds 0 to 4: exactly these ten
# points. The check reads it as YAML.
#
# <details><summary>Hint 1</summary>
#
# The entry has two keys, `chapter` and `parameters`; the lists stand in the second, indented.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# Two lists in one entry stand for all their pairs: a list of 2 numbers and a list of 5 are 10 points.
#
# </details>

# %% tags=["exercise"]
# <solution>
sweep_file = """
- chapter: 0
  parameters:
    iterations: [500, 2000]
    seed: [0, 1, 2, 3, 4]
"""
# <stub>
# sweep_file = None  # text between triple quotes: """..."""
# </solution>

# %%
from metalearn_lab.exercises.scaling import check_sweep_grid

check_sweep_grid(sweep_file)

# %% [markdown]
# ## What to remember
#
# - Loop, `vmap`, compiler and several processes compute the same meta-gradient. Check that first; then look at the clock.
# - $T(n) = o + n\,w$: running tasks at once shares the fixed part $o$. Beyond $o/w$ tasks at most a factor of two is left.
# - $M(n, k) = c + n\,(t + k\,g)$: first a smaller `chunk_size`, then `replay=True`, then more memory.
# - Equal shards, equal gradient. The speed-up ends at $T(1)/s$, and messages end it earlier: share out what is slow *by its
#   tasks*.
# - In a sweep: failures first; an interval over tasks is not the spread over seeds; the best of many is too good.
#
# ## Sources
#
# - Li et al.: *PyTorch Distributed: Experiences on Accelerating Data Parallel Training*, VLDB 2020,
#   [arXiv:2006.15704](https://arxiv.org/abs/2006.15704).
# - Patarasuk, Yuan: *Bandwidth Optimal All-reduce Algorithms for Clusters of Workstations*, Journal of Parallel and
#   Distributed Computing 69, 2009: the ring.
# - Amdahl: *Validity of the Single Processor Approach to Achieving Large Scale Computing Capabilities*, AFIPS 1967.
# - Chen, Xu, Zhang, Guestrin: *Training Deep Nets with Sublinear Memory Cost*, 2016,
#   [arXiv:1604.06174](https://arxiv.org/abs/1604.06174): memory for time.
# - Rocklin: *Dask: Parallel Computation with Blocked Algorithms and Task Scheduling*, SciPy 2015.
