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
# - **compiled**: the operations of one task are translated into one C function, which then runs over all tasks. (On a
#   GPU the operations are recorded once, and one command then starts the whole recording.)
#
# The network has 1,761 weights and the tasks are the sinusoids of chapter [00](00_start_here.ipynb).
#
# The clock below shows times of *your* machine. It times each step several times, in turns, and takes the median. So a
# busy moment hits all three ways alike.
#
# **Predict, in writing.** How many times as long does an outer step of 64 tasks take as a step of one task: with the loop,
# and with `vmap`? Then move *tasks n* to 1 and compare.

# %% [markdown] tags=["instructor"]
# **Instructor, 12 minutes.** Collect guesses for both on the board; most expect 64 twice. Then everyone opens the clock and
# moves *tasks n* from 1 to the end, once for each k. Times differ between machines: compare ratios, not milliseconds. Ask
# what the computer does during the fixed part: Python starts one operation after the other, a few microseconds each, and a
# step with k = 5 has many hundreds of them.

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
# With the loop, the step grows about in proportion to the tasks; single times are noisy. With vmap, a few tasks take
# hardly longer than one, and the bar *for each task* shrinks. The right panel shows where the time goes. At one task
# almost all of it is the **fixed part** $o$: Python starts each operation once, however many tasks it holds. Only
# when $n$ is large does the **part of the tasks** $n\,w$ take over. In the compiled step no Python runs between the
# operations. Both of its parts are much shorter.
#
# The loop has almost no fixed part, because it starts every operation again for every task. Beyond 64 tasks we do not
# time it: its hatched bar comes from the formula below.
#
# </details>
#
# So a step with vmap, or compiled, takes about
#
# $$T(n) = o + n\,w.$$
#
# The clock finds the $o$ and $w$ that fit your times best. The next picture shows them against $n$. Single points may
# lie off the line, above all on a busy machine (as in the saved run). A tick on each fitted line marks $n = o/w$,
# where both parts are equal. Far to the left of it, another task adds little. At the tick a task costs $T(n)/n = 2w$,
# and it can never cost less than $w$. So beyond the tick, more tasks at once gain at most a factor of two.
#
# With a single task vmap need not be faster than the loop.

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
# All ways compute the same gradient, up to rounding. They differ in time, and in memory.
#
# <details><summary>What about larger networks?</summary>
#
# The more arithmetic there is in each operation, the smaller is the share of starting it, and the less vmap can gain. So
# on a CPU this library runs convolutions and attention task by task, and dense networks with all tasks at once. The
# [benchmarks](https://github.com/metalearn-lab/metalearn-lab/blob/main/benchmarks/README.md) compare it with other libraries.
#
# </details>
#
# ## Memory
#
# Second-order MAML must keep what every inner step computed until the backward pass. For $n$ tasks at once and $k$
# inner steps, the most memory in use is again a sum:
#
# $$M(n, k) = b + n\,(t + k\,g).$$
#
# Here $g$ is the memory of one inner step of one task, $t$ that of the rest of a task, and $b$ is needed only once. Three
# settings change this sum:
#
# - `chunk_size=m` takes the batch $m$ tasks at a time and adds the gradients up;
# - `replay=True` keeps only the weights after each inner step, and computes the step a second time in the backward pass;
# - first-order MAML does not differentiate through the inner steps, so it keeps none of them.
#
# **Predict.** Take a convolutional network (Conv4, 16 filters), four tasks at once and 1 GB of memory. One inner step of one
# task keeps about 2 MB. How many inner steps fit with second-order MAML? How many with `replay=True`, whose step keeps one
# copy of the network's 7,000 or so weights?

# %% [markdown] tags=["instructor"]
# **Instructor, 12 minutes.** This includes *Fewer bits*. The bytes are counted, not sampled: everyone with the same version of
# torch gets the same. Expect guesses for replay that are far too low. Ask what a card of 80 GB buys over one of 8 GB (ten
# times the steps), and what replay buys on either. In *Fewer bits*, ask what 1 − 0.001 is before the cell says it.
# Watch for "8 bits, so 0.4 % everywhere": a sum of numbers that nearly cancel can be off by far more.

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


memory = {}  # counted at two n and two k, then solved for the constants of the formula
for name, kind in KINDS.items():
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
# Look for two things in the explorer. First, move *tasks at once* up until a line starts above the budget: then not
# even one inner step fits. Second, compare 50 steps with one (4 tasks at once; logarithmic axes). Second order needs
# about 17 times the memory. Replay needs about a third more, because each step keeps only one copy of the weights.
# The price is time: each inner step is computed twice.
#
# If memory is short, try these in order:
#
# 1. a smaller `chunk_size`. With $m$ tasks in a chunk, a task takes $w + o/m$. With $m = o/w$ tasks the step takes at
#    most twice as long; with several times $o/w$ it costs little. ($o$ and $w$ are your network's; the clock above
#    timed another one.)
# 2. `replay=True`;
# 3. more memory.
#
# ### Fewer bits
#
# A float32 number has 24 bits of precision. A **bfloat16** number has 8, and processors built for it multiply
# matrices faster. Rounding to 8 bits changes a number by at most $2^{-8} \approx 0.4\,\%$. If the *weights* were kept
# in bfloat16, an inner step smaller than about $0.2\,\%$ of a weight would vanish. So `meta_train(..., bf16=True)`
# keeps weights, inner steps and the meta-gradient in float32, and computes only the matrix products in bfloat16. Here
# we ask only what the rounding costs: many CPUs gain no time from it.
#
# **Predict.** (a) By how many per cent does `bf16=True` change the meta-gradient? (b) After a whole training with
# `bf16=True`, does the network adapt worse?

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
# (a) By less than one per cent at seed 0. This is no bound: with seed 1 (other weights and other tasks) it is off by
# 7.4 %. A likely reason, which we do not test: the gradients of its 25 tasks nearly cancel, so the same rounding is a
# larger share of their mean.
#
# (b) We cannot say that it does. We ran this chapter with five seeds. In four of them the loss changes by less than 5 %; at
# seed 3 the network trained with bfloat16 ends about 10 % *lower*. The interval over tasks may leave out 0, as at
# seed 0. This only says that *these two* networks differ. Whether bfloat16 helps or harms is a question for many
# seeds (see *From one run to many* below).
#
# </details>
#
# One warning: with max-pooling, rounding does much more harm: in our tests on a CPU the meta-gradient of such
# networks was off by 4 to 150 %. Max-pooling keeps the largest of four pixels, and rounding can change which one is
# the largest; we think this is the reason. So the library refuses bfloat16 for convolutional networks such as Conv4.

# %% [markdown]
# ## Sharding: more than one processor
#
# A **process** is one running Python program; several of them can share the work of one outer step. Each of $P$ processes
# takes a part of the batch, its **shard**. PyTorch calls a process a **rank**, and so do the pictures. A mean over tasks is a
# mean of the shards' means, *if the shards are equal*. For a batch of $B$ tasks (the $n$ of the clock), with $L^{(i)}$ the query
# loss of task $i$ after its inner steps,
#
# $$\nabla\,\frac1B\sum_{i=1}^{B} L^{(i)} \;=\; \frac1P\sum_{r=1}^{P}\;\nabla\,\frac{1}{B/P}\sum_{i\,\in\,\text{shard } r} L^{(i)}.$$
#
# Every process computes the meta-gradient of its shard. Then the processes send messages to average their gradients (an
# **all-reduce**), and all take the same outer step. So they hold the same weights again. In a terminal, `torchrun` starts
# the processes (you need not run this now):
#
#     torchrun --nproc-per-node 2 -m metalearn_lab.training.train_sinusoids
#
# **Predict.** (a) Take shards of 5 and 3 tasks. Is the mean of their two gradients the gradient of all 8 tasks? (b) Train
# once with one process and once with two. How far apart are the weights after 100 outer steps? (c) How many times as fast
# are two processes?

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
# (a) By 13 % at seed 0, and by more than 10 % at each of our five seeds: a task in the small shard counts for more.
# So the library refuses uneven shards. (b) By rounding only: two processes run the *same* algorithm. (c) Less than
# twice as fast. Do not be surprised if two are slower than one, above all on a busy machine.
#
# </details>
#
# How fast can $P$ processes be? Every process pays a fixed part $s$ (the clock's $o$), works on its own tasks, and sends
# messages. In a **ring** each process sends only to its neighbour. It sends $2(P-1)$ messages, each with $1/P$ of the
# gradient's $W$ numbers. A message has a delay $\ell$ and takes a time $c$ for each number:
#
# $$T(P) = s + \frac{B}{P}\,w + 2\,(P - 1)\Big(\ell + \frac{c\,W}{P}\Big).$$
#
# The **speed-up** is $T(1)/T(P)$. Even with free messages it stays below $T(1)/s$: this is **Amdahl's law**. The explorer
# begins with $s$ and $w$ from your clock, and with $\ell$ and $c$ from the two processes that you have just run.
#
# **Predict before you move:** which of these changes makes 64 processes worth having? Make one at a time, with *ranks P* at 64.
#
# 1. A batch of 4,096 tasks.
# 2. Slow tasks: $w$ = 100 ms.
# 3. $10^8$ weights, with *network* (the connection between the processes) set to Ethernet, then to NVLink. Both have
#    their nominal rates.

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
# Slow tasks make many processes worth having: with $w$ = 100 ms the tasks take nearly all of the step, and the tasks
# are what is shared out. A large batch helps too, because $B\,w$ counts, but less in the saved run: with many
# processes the messages then take most of the step. On 64 sinusoids two things stand in the way. Every process pays
# the fixed part in full: it starts the same operations, only for fewer tasks. And in the saved run the messages
# (green) take longer than the fixed part from about four processes on. So by this formula two processes gain little,
# and 64 are slower than one. Compiling gains more. With $10^8$ weights one all-reduce among 64 processes takes about
# 0.6 s over Ethernet (10 Gbit/s) and about 2 ms over NVLink (450 GB/s): compare this with the time that sharing the
# tasks saves.
#
# The formula leaves out that processes on one machine share its memory, and perhaps even a core. Compare it with (c)
# above: what the formula foretells for two processes and what we measured differ, and so do the two times of *one*
# process, which were taken at different moments of a busy machine. So read the shape of these curves, not their
# milliseconds.
#
# </details>

# %% [markdown]
# ## From one run to many
#
# Often you need many small runs rather than one large run: methods × settings × seeds. A **sweep file** lists them. Each entry
# stands for all combinations of its lists, and each combination is one run, a **point** of the sweep:
#
#     - chapter: 0
#       parameters:
#         iterations: [500, 1000, 2000]
#         seed: [0, 1, 2, 3]
#
# `metalearn-lab sweep sweep.yml --out results` runs these 12 points on the cores of this machine, or with `--scheduler` on
# a **Dask** cluster (Dask is a library that hands work to several machines). If a sweep was stopped, the same command goes
# on with it.
#
# The package contains the table of this sweep, so you need not wait for it. We added a 13th point with a mistake in it.
# `difference` is pretraining's error after one step minus MAML's. Each run has a ± for it, over its own 300 *tasks*.
#
# **Predict.** Another seed gives another network. Compare four seeds at one number of iterations. Do their results spread about
# as much as the ± over tasks explains, or more?

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
# 1. **Failures first.** One point asked for an empty support set. This was a mistake in the file, and it cost one row. But a
#    setting that fails for half of its seeds and does well on the others is not a good setting.
# 2. **Which ± is it?** An interval over tasks does not know that another seed gives another network. At 500 iterations the
#    four seeds spread 2.6 times as much as the tasks explain; at 1,000 and 2,000 about as much. You cannot know beforehand
#    which it will be, so run several seeds. All settings here have the *same* seeds. So compare them seed by seed: a seed that
#    is easy for one setting may be easy for the other. Here MAML's lead over pretraining is larger at 2,000
# iterations than at 1,000, by 0.48 ± 0.12 (95 % interval over the four seeds).
# 3. **The best of many is too good.** Take twelve runs of *equal* worth. On average the best of them lies 1.6 standard
#    deviations above their mean, by luck alone. So choose a setting on *validation* tasks. Then report it on test tasks, with
#    seeds that took no part in the choice. The seed is never a setting to choose.

# %% [markdown]
# ### Let a program choose the next point?
#
# A grid says beforehand what will be tried. A **search** chooses each next trial by a rule, its **sampler**. The *random* sampler
# draws every setting from its range. **TPE** (tree-structured Parzen estimator) draws ten trials at random. From then on it
# draws more often near the good trials than near the bad ones. Both are in the library Optuna. `metalearn-lab search search.yml
# --out found` searches a chapter's settings this way, and then judges the best trial at *other* seeds.
#
# Does a clever sampler pay? We searched four settings of the desk of chapter [12](12_applications.ipynb): β, the number of outer
# steps, the episodes in each, and $K$ in training. Each sampler had 20 trials on each of five class splits. Each trial is a training,
# and its value is the accuracy on *validation* classes. Then we judged the best trial of each search on test classes, beside the
# settings that chapter 12 uses and that no search has chosen.
#
# **Predict.** (1) TPE's last ten trials know the first ten. Are they better on average than ten more random trials? (2) By how
# many points does TPE's best lead on the test classes? (3) Is a searched setting ahead of chapter 12's?

# %% tags=["nbval-check-output", "hide-output"]
import pandas as pd

from metalearn_lab.comparison.scope import SAVED_SEARCH

tried, ways = pd.read_csv(SAVED_SEARCH), ["random", "tpe"]
test = tried.dropna(subset="test").pivot(index="split", columns="sampler", values="test")
known = tried[tried.trial > 10].groupby(["split", "sampler"]).validation.mean().unstack()[ways]
best = tried[tried.trial > 0].groupby(["split", "sampler"]).best.max().unstack()[ways]
columns = {"mean of trials 11 to 20": known, "best, validation": best, "the same, test": test}
splits = "five class splits, one search of each"
later, chosen = known["tpe"] - known["random"], best["tpe"] - best["random"]
finding("(1) trials 11 to 20: points of TPE over random", later.tolist(), above=0, saved=splits)
finding("best of 20: the same", chosen.tolist(), above=-0.2, below=0.2, saved=splits)
lead = (test["tpe"] - test["random"]).tolist()
finding("(2) the same on test classes", lead, above=-1.5, below=0.1, saved=splits)
own = (test["the chapter's settings"] - test[ways].max(axis=1)).tolist()
claim = "(3) points of chapter 12's settings over the better search, test"
finding(claim, own, above=-0.1, saved=splits)
pd.concat(columns, axis=1).round(1)

# %% [markdown]
# <details><summary>What happens</summary>
#
# 1. **Yes.** In all five splits the mean of TPE's trials 11 to 20 is higher, by 0.1 to 2.2 points. It wastes fewer trials.
# 2. **It does not lead.** The best of 20 on validation classes are within 0.2 points of each other. On test classes TPE's best is
#    equal to random's in one split and behind in four, by 0.2 to 1.3 points.
# 3. **No.** In all five splits chapter 12's settings are ahead of the better search, or less than 0.1 points behind. On test
#    classes the search has gained nothing.
#
# Our guess: many settings are about equally good here, and the validation classes are not the test classes. Then the best trial is
# mostly the luckiest. Random search, at equal trials, is the rival that a clever sampler must beat. The settings that you had
# before are the next.
#
# </details>

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
# tensors whose first axis counts the tasks. Call `meta_loss` once for each chunk, under `torch.func.vmap`, and take the gradient
# of a chunk before you begin the next. The last chunk may be smaller. Each number must be right to a relative error of 1e-5.
#
# <details><summary>Hint 1</summary>
#
# `torch.func.grad(meta_loss)` is a function: it gives the gradient of one task with respect to `weights`. `torch.func.vmap` of
# this function, with `in_dims=(None, 0)`, gives the gradient of every task of a chunk.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# When the last chunk is smaller, the mean of the chunks' means is not the mean over the tasks. Add up sums, and divide once.
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
# Take a network with so few weights that you can leave out $c\,W$. Write a function for the number of processes $P$ at which
# $T(P)$ is smallest. Treat $P$ as a real number, never below 1. The result must be right to 0.1 %.
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
# Write a sweep file that runs chapter 00 at 500 and at 2,000 iterations, each with the seeds 0 to 4: exactly these ten
# points. The check reads it as YAML, the format of the sweep file above.
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
# - Loop, `vmap`, compiler and several processes compute the same meta-gradient. Check this first; then look at the clock.
# - $T(n) = o + n\,w$: tasks that run at once share the fixed part $o$. Beyond $o/w$ tasks, at most a factor of two is left.
# - $M(n, k) = b + n\,(t + k\,g)$: first a smaller `chunk_size`, then `replay=True`, then more memory.
# - Equal shards give the same gradient as the whole batch. The speed-up stays below $T(1)/s$, and messages lower it further.
#   Several processes pay where the *tasks* take most of the step.
# - A search of settings needs rivals too: random draws at equal trials, and the settings that you had. Judge on what did not choose.
# - In a sweep, read the failures first. An interval over tasks is not the spread over seeds. The best of many runs looks
#   too good.
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
#
# Next: [15 In-context learning as meta-learning](15_in_context.ipynb).
