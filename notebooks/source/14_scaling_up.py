# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/14_scaling_up.ipynb)
#
# # Scaling up
#
# After this chapter you will be able to
#
# - say what vectorising, compiling, replaying, rounding and sharding a meta-gradient each buy, and when they buy nothing;
# - work out beforehand how many inner steps fit into memory, and how many processes are worth having;
# - run a sweep that survives being killed, and read its report without fooling yourself.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% tags=["parameters"]
inner_steps: int = 5  # k of MAML
most_tasks: int = 256  # the most tasks of one meta-gradient that is timed
rounds: int = 7  # how often a time is taken; the median counts
meta_batch: int = 64  # B, tasks of an outer step in the sharded run; an even number
iterations: int = 100  # outer steps of the sharded run
bf16_iterations: int = 200  # outer steps of the trainings that compare precisions
seed: int = 0  # of the weights and the tasks
device: str = "auto"  # auto takes a GPU if there is one; the sharded run stays on the CPU

# %% [markdown]
# ## One meta-gradient, three ways
#
# The meta-gradient is a mean over tasks,
#
# $$\nabla_\theta\,\frac1n\sum_{i=1}^{n} L_Q^{(i)}\big(\theta_k^{(i)}\big),$$
#
# and the formula does not say how they are run. On a laptop, on a GPU and on a cluster it is the same; what changes is
# who computes which term, and when. Three ways on one processor:
#
# - *one by one*: a Python loop over the tasks;
# - *vectorised*: every operation is started once, for all tasks (`torch.func.vmap`);
# - *compiled*: the operations of one task are written out as one C function, and run over all tasks (on a GPU: recorded
#   once, and replayed as a whole).
#
# A call costs something whatever it holds: Python has to start each operation. Call that $o$, and the arithmetic of a
# task $w$. Then $n$ tasks take
#
# $$T_{\text{one by one}}(n) = n\,(o + w), \qquad T_{\text{at once}}(n) = o + n\,w,$$
#
# and the speed-up $n(o+w)/(o+nw)$ tends to $1 + o/w$. It is at half of that for $n = o/w$ tasks: from there on, the
# tasks take longer than the starting.
#
# **Predict** for MAML on sinusoids, a network of 1,761 weights, $k = 5$: (a) how many times as fast are 64 tasks at
# once as 64 one by one? (b) What does compiling add to that? (c) And for a convolutional network on pictures?

# %% [markdown] tags=["instructor"]
# **Instructor, 20 minutes.** Ask what a processor does during $o$: it walks through Python and dispatch, a few
# microseconds an operation, and a MAML step with five inner steps has more than a thousand of them. Have (a), (b) and
# (c) as numbers on the board. Times differ between machines; ask for $o/w$ from each.

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

import torch
from torch.nn import functional as F

from metalearn_lab import MAML, MLP, OuterStep, Sinusoids, Split, Task, choose_device, to_device
from metalearn_lab.tasks.devices import device_in_words

where = choose_device(device)
torch.set_num_threads(1)  # one core: no way gets help from the others
print("Computing on", device_in_words(where))
family = Sinusoids(10, 10, "train", seed)


def sinusoids(n, dtype=torch.float32):
    """The first n tasks."""
    tasks = to_device(family.batch(0, n), where)
    return Task(*(Split(x.to(dtype), y.to(dtype)) for x, y in tasks))


# %% [markdown]
# `mapping` chooses between the first two; `OuterStep` compiles, and so does `meta_train` by itself where it pays.

# %%
from metalearn_lab.compiled import NotCompilable


class Way:
    """One way to the meta-gradient of the same MAML."""

    def __init__(self, name, dtype=torch.float32):
        mapping = "loop" if name == "one by one" else "vmap"
        settings = {"inner_lr": 0.01, "inner_steps": inner_steps, "mapping": mapping}
        self.learner = MAML(MLP([1, 40, 40, 1], seed=seed), F.mse_loss, **settings)
        self.learner.to(where, dtype)
        self.compiled, self.prepared = name == "compiled", {}

    def gradient(self, tasks):
        """The meta-gradient in one vector."""
        # A recording on a GPU is for one number of tasks, a C function for any.
        key = len(tasks.query.y) if where.type == "cuda" else "any"
        if key not in self.prepared:
            optimizer = torch.optim.SGD(self.learner.parameters())
            self.prepared[key] = OuterStep(self.learner, optimizer, self.compiled).prepare(tasks)
        self.learner.zero_grad()
        self.prepared[key](tasks).backward()
        return torch.cat([weight.grad.flatten() for weight in self.learner.parameters()])


# %%
def all_ways(dtype=torch.float32):
    """The three ways by name; without a C compiler there are two."""
    ways = {name: Way(name, dtype) for name in ("one by one", "vectorised", "compiled")}
    try:
        ways["compiled"].gradient(sinusoids(1, dtype))
    except NotCompilable as reason:
        print("left out, compiled:", reason)
        del ways["compiled"]
    return ways


eight = sinusoids(8, torch.float64)
exact = {name: way.gradient(eight) for name, way in all_ways(torch.float64).items()}
for name, gradient in exact.items():
    furthest = (gradient - exact["one by one"]).abs().max().item()
    print(f"{name:<12} largest difference {furthest:.1e}")

# %% tags=["nbval-check-output"]
from metalearn_lab.workbook.facts import finding, proof

proof(
    "every way gives the same meta-gradient of 8 tasks, in float64",
    [(gradient - exact["one by one"]).abs().max() for gradient in exact.values()],
    below=1e-12,
)

# %% [markdown]
# The same gradient, so only time can tell them apart. Each time below is the median of several, taken in turns, so
# that a busy moment hits all alike.

# %%
from functools import partial

from metalearn_lab.evaluation.median_time import median_milliseconds

counts = [n for n in (1, 4, 16, 64, 256, 1024) if n <= most_tasks]
ways = all_ways()
runs = {
    (name, n): partial(way.gradient, sinusoids(n))
    for name, way in ways.items()
    for n in counts
    if n <= 64 or name != "one by one"  # a loop over more takes seconds
}
for run in runs.values():
    run()  # the first time is another
times = median_milliseconds(runs, rounds=rounds)
measured = {name: {n: times[name, n] for n in counts if (name, n) in times} for name in ways}

# %%
from metalearn_lab.experiments.task_cost import fit_task_cost
from metalearn_lab.figures.style import show_figure
from metalearn_lab.figures.task_cost import task_cost_figure

costs = {name: fit_task_cost(measured[name]) for name in ways if name != "one by one"}
ends = "; ".join(f"{name} {list(each.values())[-1]:.1f} ms" for name, each in measured.items())
show_figure(
    task_cost_figure(measured, costs),
    f"Time of a meta-gradient against the tasks in it, both axes logarithmic. At the most: {ends}. "
    "One by one rises in proportion; the others stay level, then rise as fast.",
)
few = max(measured["one by one"])
faster = {name: measured["one by one"][few] / each[few] for name, each in measured.items()}
for name, cost in costs.items():
    print(
        f"{name:<11} o = {cost.overhead:.3g} ms, w = {cost.work:.3g} ms a task, o/w = {cost.half_way:.0f};",
        end=" ",
    )
    print(f"{faster[name]:.0f} times as fast as one by one at {few} tasks")
print(
    f"(a) by the formula, for a loop with the vectorised o and w: {costs['vectorised'].speed_up(few):.0f} times"
)

# %% [markdown]
# The points lie roughly on the lines: a level part where starting is all that counts, then a rise where the tasks do
# (the tick on each line is at $n = o/w$). Well left of it a further task is nearly free; right of it, more tasks at once
# buy at most another factor of two, and then only more processors help.
#
# (a) The formula promises more than is measured: `vmap` adds to every operation something that a loop does not have, so
# the loop's own $o$ is smaller. (b) Divide the two speed-ups above. Compiling leaves the curve its shape, and makes
# *both* $o$ and $w$ smaller: there is no Python left between the operations, and what lies between them need not be
# written to memory and read again.

# %%
from metalearn_lab import Conv4
from metalearn_lab.tasks.patterns import noisy_patterns

pictures = to_device(noisy_patterns(4, 0), where)


def on_pictures(mapping):
    """Take one meta-gradient of Conv4, 64 filters, on four tasks."""
    model = Conv4(5, filters=64, seed=seed).to(where)
    learner = MAML(model, F.cross_entropy, inner_lr=0.1, inner_steps=1, mapping=mapping)
    learner(pictures).backward()


conv = median_milliseconds({each: partial(on_pictures, each) for each in ("loop", "vmap")})
print(f"(c) Conv4, 4 tasks: one by one {conv['loop']:.0f} ms, vectorised {conv['vmap']:.0f} ms")

# %% [markdown]
# (c) A convolution keeps a core busy by itself: $w$ is many times $o$, and on a CPU there is little for vectorising to
# save; what it has to hold at once may even slow it down. So the library has a rule (`running/mapping.py`): dense
# networks at once; convolutions and attention, on a CPU, one by one, shared out to the cores; on a GPU, which is idle
# unless it is given much at a time, all at once.
#
# ### Larger, and beside other libraries
#
# What follows was measured once, on the machine named below, and is read from a table that comes with this package
# (`make bench` in a clone takes it anew). Each time is a whole training step, and is divided by that of the best other
# library in the same round; shown is the median of the rounds, in brackets their quartiles. The best other is the one of
# the least median time, so a point of another library may lie a little left of 1. **Predict:** on which of these does
# the choice of library matter least?

# %%
from metalearn_lab.comparison.benchmark_tables import benchmark_table
from metalearn_lab.figures.benchmark_ratios import benchmark_ratios_figure

both_states = benchmark_table("results")
table = both_states[both_states.state == "idle"]
NAMES = {
    "W1": "sinusoids, MAML, 1 step",
    "W2": "sinusoids, MAML, 5 steps",
    "W2f": "sinusoids, first order, 5 steps",
    "W2r-sgd-32": "sinusoids, Reptile, 32 steps",
    "W4": "sentences, dense head, 5 steps",
    "W3-5": "pictures, Conv4, 5 steps",
    "W5": "sentences, Transformer, 3 steps",
}
row = table.iloc[0]
print(f"{row.processor}, {row.cores} cores, {row.date}; {row.versions}")
show_figure(
    benchmark_ratios_figure(table, NAMES),
    "Time of a training step divided by the best other library's, for seven workloads, on a "
    "logarithmic axis. On sinusoids the other libraries spread over a factor of 50 and more, on "
    "pictures and the Transformer over less than two.",
)

# %%
rows = table.set_index(["workload", "variant"])
ratio = rows["ratio"]
for workload, name in NAMES.items():
    own = rows.loc[(workload, "ours"), :]
    of_it = table[(table.workload == workload) & (table.kind == "peer")]
    slowest = of_it.loc[of_it.ratio.idxmax()]
    print(f"{name}, {own.rounds} rounds:")
    print(
        f"  ours {own.ratio:.2f} [{own.ratio_q25:.2f}, {own.ratio_q75:.2f}] of {own.best_peer};",
        end=" ",
    )
    print(f"slowest {slowest.ratio:.1f} times the best other: {slowest.variant}")

busy = both_states[(both_states.state == "busy") & (both_states.variant == "ours")]
print("with one core taken by another process, ours divided by the best other:")
print(
    "  "
    + ", ".join(
        f"{NAMES[w]}: {x:.2f}" for w, x in zip(busy.workload, busy.ratio, strict=True) if w in NAMES
    )
)
loop, apart, whole = (ratio["W2", each] for each in ("per-task loop", "ours, not compiled", "ours"))
print(f"{NAMES['W2']}: vectorising buys a factor of {loop / apart:.1f},", end=" ")
print(f"and compiling one of {apart / whole:.1f} more")

# %% [markdown]
# The smaller the network, the more the way matters: on sinusoids a factor of 50 and more lies between libraries that
# compute the same gradient, on a Transformer one below 1.5. Where matrix products take the time, nobody can save
# much of it, and the next step is another kind of machine
# ([the same workloads on a GPU](https://github.com/metalearn-lab/metalearn-lab/blob/main/benchmarks/gpu/results.md)).
#
# ## Memory: how far does it reach?
#
# Chapter [05](05_adaptation_lab.ipynb) counts what differentiating through $k$ steps keeps: second order every step's
# activations, replay one copy of the weights a step, first order nothing. Here is the other question: given $M$ bytes,
# how far does each reach? The memory of $n$ tasks at once is a sum,
#
# $$M(n, k) = c + n\,(t + k\,g),$$
#
# $g$ for each inner step of a task, $t$ for the rest of a task, $c$ for all. So
#
# $$k_{\max} = \Big\lfloor\frac{M - c - n\,t}{n\,g}\Big\rfloor, \qquad n_{\max} = \Big\lfloor\frac{M - c}{t + k\,g}\Big\rfloor.$$
#
# `chunk_size=n` runs a meta-batch $n$ tasks at a time and adds the gradients up, so $n$ is free to be chosen: the
# meta-batch is one thing, what is in memory at once another.
#
# **Predict** for Conv4 with 16 filters and 1 GB, four tasks at once: how many inner steps fit, second order? Replayed?

# %% [markdown] tags=["instructor"]
# **Instructor, 15 minutes.** Everyone who has the same torch counts the same bytes, whatever the machine; use that.
# Expect guesses of replay's reach that are far too low. Ask what a card of 80 GB buys over one of 8 (ten times the
# steps) and what replay buys on either (more), and what each costs.

# %%
from metalearn_lab.experiments.extra_memory import step_bytes
from metalearn_lab.experiments.step_memory import fit_step_memory
from metalearn_lab import FirstOrderMAML

KINDS = {
    "second order": MAML,
    "second order, replayed": partial(MAML, replay=True),
    "first order": FirstOrderMAML,
}


def counted(kind, n, k, **more):
    """Bytes at the peak of one meta-gradient of Conv4."""
    learner = kind(
        Conv4(5, filters=16), F.cross_entropy, inner_lr=0.1, inner_steps=k, mapping="vmap", **more
    )
    return step_bytes(learner, noisy_patterns(n, 0))


memory = {
    name: fit_step_memory({(n, k): counted(kind, n, k) for n in (2, 4) for k in (1, 4)})
    for name, kind in KINDS.items()
}
for name, each in memory.items():
    print(
        f"{name:<23} t = {each.task / 1e6:.2f} MB a task, g = {abs(each.step) / 1e6:.3f} MB a step"
    )

# %% [markdown]
# Four counts each, and the formula foretells others. The cell below counts one more of each kind, and shows that a chunk
# of two tasks needs what two tasks need, whatever the meta-batch.

# %% tags=["nbval-check-output"]
for name, kind in KINDS.items():
    said = memory[name].bytes(3, 10) / counted(kind, 3, 10)
    proof(f"{name}: the formula foretells M(3, 10) to 2 %", abs(said - 1), below=0.02)
chunked = counted(MAML, 8, 2, chunk_size=2) / counted(MAML, 2, 2)
proof("8 tasks in chunks of 2 take what 2 tasks take, to 2 %", abs(chunked - 1), below=0.02)
weights = 4 * sum(weight.numel() for weight in Conv4(5, filters=16).parameters())
copies = memory["second order, replayed"].step / weights
proof("replay: g is one copy of the weights, to 1 %", abs(copies - 1), below=0.01)
reach = {name: each.most_steps(1e9, 4) for name, each in memory.items() if name != "first order"}
proof(
    "1 GB, 4 tasks: second order reaches about a hundred steps",
    reach["second order"],
    above=80,
    below=150,
)
proof(
    "1 GB, 4 tasks: replay reaches more than 50 times as many steps as second order",
    reach["second order, replayed"] / reach["second order"],
    above=50,
)

# %%
from metalearn_lab.explorers.memory_budget_explorer import MemoryBudgetExplorer

MemoryBudgetExplorer(memory, "Conv4, 16 filters, 5-way 1-shot").show()

# %% [markdown]
# Second order reaches about a hundred steps in 1 GB, replay some thousands (the explorer has the numbers). Where the
# lines begin is what the tasks cost before the inner steps count: below that budget no $k$ helps, only fewer tasks at
# once. Replay's price is time, each step is taken twice. So the order in which to reach for them: first
# `chunk_size` (it costs nothing until a chunk is too small to keep the device busy), then `replay=True`, then more memory.
#
# ## Precision: fewer bits
#
# A number in float32 has 24 bits of precision, one in bfloat16 has 8 (and the same range). On a GPU's tensor cores, and
# on processors built for it, matrix products in bfloat16 run several times as fast. What does rounding do to a
# derivative of a derivative?
#
# Two neighbours of 8 bits are between $2^{-8}$ and $2^{-7}$ of themselves apart. So rounding changes a number by at most
# $2^{-8} \approx 0.4\,\%$ of itself, and an inner step below half of the smallest gap, $\alpha\,|g| < 2^{-9}\,|\theta|$,
# would be rounded away altogether if the *weights* were kept in bfloat16. `meta_train(..., bf16=True)` keeps weights,
# inner steps and the meta-gradient in float32, and takes only the matrix products in bfloat16.
#
# **Predict:** by how many per cent, and by what angle, does that move the meta-gradient? Does the trained network adapt
# worse?

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Ask what $1 - 0.001$ is in bfloat16 before the cell says it. Watch for *8 bits, so 0.4 %
# everywhere*: a mean over tasks that nearly cancels is hit harder, relative to what is left. Other seeds show it.

# %%
from metalearn_lab.experiments.bf16_cost import bf16_cost

weight = torch.tensor(1.0, dtype=torch.bfloat16)
print("a step of 0.001 from 1 in bfloat16:", (weight - 0.001).item())
learner = MAML(MLP([1, 40, 40, 1], seed=seed), F.mse_loss, inner_lr=0.01, inner_steps=1)
unseen = to_device(Sinusoids(10, 100, "test", seed).batch(0, 300), where)
bits = bf16_cost(
    learner.to(where),
    lambda i: to_device(family.batch(25 * i, 25), where),
    unseen,
    iterations=bf16_iterations,
)
error, angle = 100 * bits.relative_error, bits.degrees
print(f"meta-gradient of 25 tasks, before training: off by {error:.1f} %, turned by {angle:.1f}°")
print(f"after {bf16_iterations} outer steps the query loss is {bits.loss} in float32;")
print(f"trained with bf16 it is higher by {bits.extra_loss}")

# %%
side = 1024
factors = {
    kind: torch.ones(side, side, device=where, dtype=kind)
    for kind in (torch.float32, torch.bfloat16)
}
for product in factors.values():
    product @ product  # the first time is another
flops = median_milliseconds({kind: partial(torch.mm, each, each) for kind, each in factors.items()})
ratio_of_types = flops[torch.float32] / flops[torch.bfloat16]
print(f"a product of {side} × {side}, here: bfloat16 is {ratio_of_types:.1f} times as fast")
try:
    conv4 = MAML(Conv4(5, filters=16), F.cross_entropy, inner_lr=0.1, inner_steps=1)
    bf16_cost(conv4, lambda i: noisy_patterns(2, i), noisy_patterns(2, 99), iterations=1)
except ValueError as error:
    print("refused:", error)

# %% tags=["nbval-check-output"]
proof("a step of 0.001 from 1 is rounded away in bfloat16", weight - 0.001 == 1)
finding("bfloat16: the meta-gradient is off by less than 10 %", bits.relative_error, below=0.1)
finding(
    "bfloat16: the loss after training changes by less than 5 %",
    abs(bits.extra_loss.mean) / bits.loss.mean,
    below=0.05,
)

# %% [markdown]
# Three warnings. The error of the meta-gradient is no bound: this very network and learner had one of 7.4 % and 4.3° at
# another seed, for where the gradients of the tasks nearly cancel, the rounding is large beside what is left. The ± of
# the difference covers tasks: the two networks were trained along slightly different paths, as two seeds would be, and
# an interval that leaves out 0 says that *these two* differ. And not every derivative survives: through max-pooling,
# rounding decides which of four pixels is the largest, so the library refuses convolutions (above), and iMAML, whose
# conjugate gradients multiply the error.
#
# ## Sharding: more than one processor
#
# A mean over tasks is a mean of means, *if the shards are equal*. With $P$ processes (*ranks*), each with its
# $B/P$ tasks,
#
# $$\nabla\,\frac1B\sum_{i=1}^{B} L^{(i)} \;=\; \frac1P\sum_{r=1}^{P}\;\nabla\,\frac{1}{B/P}\sum_{i\,\in\,\text{shard } r} L^{(i)}.$$
#
# So every rank computes the meta-gradient of its own tasks, the ranks average their gradients (an *all-reduce*), and all
# take the same outer step. PyTorch's `DistributedDataParallel` does the averaging; a learner is an `nn.Module` whose
# `forward` is the meta-loss, so it needs no change, second derivatives and all. `torchrun` starts the ranks:
#
#     torchrun --nproc-per-node 2 -m metalearn_lab.training.train_sinusoids --checkpoint maml.checkpoint
#
# on two GPUs, on two machines with `--nnodes 2` and a `--rdzv-endpoint`, or here, on two processes of a CPU.
#
# **Predict.** (a) After 100 outer steps, how far apart are the weights of one process and of two? (b) How many times as
# fast are two?

# %% [markdown] tags=["instructor"]
# **Instructor, 15 minutes.** Let them shard by hand: eight numbers on the board, mean of two means, first 4 + 4, then
# 5 + 3. What goes wrong with 5 + 3 is exercise 1. For (b) expect *two*; keep the answers for the formula below.

# %%
tasks = sinusoids(8, torch.float64)
way = Way("vectorised", torch.float64)


def shard(first, last):
    """The meta-gradient of some of the tasks."""
    return way.gradient(Task(*(Split(x[first:last], y[first:last]) for x, y in tasks)))


whole = shard(0, 8)
equal = (shard(0, 4) + shard(4, 8)) / 2
unequal = (shard(0, 5) + shard(5, 8)) / 2
off = {"4 + 4": (equal - whole).norm().item(), "5 + 3": (unequal - whole).norm().item()}
print(f"length of the whole meta-gradient {whole.norm().item():.3f}")
for shards, error in off.items():
    print(f"{shards} tasks: off by {error:.1g}")

# %% [markdown]
# Now for real: the same training alone, in this process, and shared out to two that `torchrun` starts on this
# machine's CPU.

# %%
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from safetensors.torch import load_file

from metalearn_lab.training import train_sinusoids

folder = Path(tempfile.mkdtemp())


def torchrun(module, *arguments):
    """Run a module of the package in two processes, one thread each."""
    start = ["-m", "torch.distributed.run", "--standalone", "--local-addr", "localhost"]
    start += ["--nproc-per-node", "2", "-m", module]
    done = subprocess.run(
        [sys.executable, *start, "--device", "cpu", *map(str, arguments)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{module} failed in two processes:\n{done.stderr[-3000:]}")


wanted = ["--tasks", str(meta_batch), "--iterations", str(iterations), "--weights"]
train_sinusoids.main([*wanted, str(folder / "one"), "--device", "cpu"])
torchrun("metalearn_lab.training.train_sinusoids", *wanted, folder / "two")
one, two = load_file(folder / "one"), load_file(folder / "two")
furthest = torch.stack([(one[name] - two[name]).abs().max() for name in one]).max().item()
print(f"{len(one)} tensors of weights after {iterations} steps; largest difference {furthest:.1e}")

# %% tags=["nbval-check-output"]
proof("shards of 4 + 4: the mean of their gradients is the whole's", off["4 + 4"], below=1e-12)
finding(
    "shards of 5 + 3: the mean is off by more than 1 % of the whole's length",
    off["5 + 3"] / whole.norm(),
    above=0.01,
)
finding("one process and two end with the same weights, up to rounding", furthest, below=1e-6)

# %% [markdown]
# (a) Rounding is all that differs. That is what sharding promises: not another algorithm, only more hands. An uneven
# meta-batch is refused, because the mean would be wrong (exercise 1 mends that by hand).
#
# (b) What does it cost? Each outer step has a part that no rank is spared ($s$: starting the operations, the outer
# optimiser), the tasks, and the messages. In a *ring* every rank passes on $2(P - 1)$ pieces of $W/P$ numbers, each with
# a latency $\ell$ and a time $c$ for every number:
#
# $$T(P) = s + \frac{B}{P}\,w + 2\,(P - 1)\Big(\ell + \frac{c\,W}{P}\Big).$$
#
# With a free network the speed-up $T(1)/T(P)$ stays below $T(1)/s$, **Amdahl's** ceiling. With a real one there is a
# best $P$ as well: $\frac{dT}{dP} = 0$ at $P = \sqrt{(Bw - 2cW)/2\ell}$, and where that is no number above 1, one rank is best.
# Measure the four constants here: $s$ and $w$ alone, from steps with few tasks and with many; $\ell$ and $c$ with two
# ranks, from a short gradient and a long one.

# %%
import json

from metalearn_lab.experiments.sharding_time import Network, ShardingTime
from metalearn_lab.training import time_ranks


def timed(run, tasks):
    """What `time_ranks` measures with so many tasks in the meta-batch."""
    settings = ["--tasks", str(tasks), "--inner-steps", str(inner_steps), "--rounds", str(rounds)]
    run(*settings, "--to", str(folder / "times"))
    return json.loads((folder / "times").read_text())


alone = {
    n: timed(lambda *given: time_ranks.main([*given, "--device", "cpu"]), n)
    for n in sorted({2, meta_batch, 4 * meta_batch})
}
pair = timed(partial(torchrun, "metalearn_lab.training.time_ranks"), meta_batch)
cost = fit_task_cost({n: found["step_ms"] for n, found in alone.items()})
network = Network.of_two_ranks({int(n): ms for n, ms in pair["all_reduce_ms"].items()})
step = ShardingTime(meta_batch, cost.work, cost.overhead, 1761, network)
print(f"s = {step.fixed:.3g} ms, w = {step.work:.3g} ms a task")
print(f"ℓ = {network.latency:.2g} ms, c = {1e6 * network.per_number:.2g} ms for a million numbers")
for ranks, found in ((1, alone[meta_batch]["step_ms"]), (2, pair["step_ms"])):
    print(
        f"P = {ranks}: T = {step.milliseconds(ranks):.3g} ms by the formula, {found:.3g} measured"
    )
half = step.fixed + step.own_tasks(2)
print(
    f"       of which its own tasks {half:.3g} ms, {pair['own_ms']:.3g} measured with the other beside it"
)
speed_up = alone[meta_batch]["step_ms"] / pair["step_ms"]
print(f"speed-up of two ranks {speed_up:.2f} measured,", end=" ")
print(f"{step.speed_up(2):.2f} foretold; Amdahl's ceiling {step.ceiling:.2f}")
print(f"the fixed part is {step.fixed / step.milliseconds(1):.0%} of a step alone")

# %% [markdown]
# It falls short of two, and may fall short of one. First, the fixed part is a large share of a step of so small tasks,
# and it is not shared out: every rank starts the same operations, only for fewer tasks. That is Amdahl's law, and it
# bites where vectorising was worth most. Second, the messages: $2\ell$ a step, however small the gradient, beside the
# $\tfrac12 Bw$ that the other rank takes over. Third, two processes on one machine are not two machines: compare what a
# rank's own tasks should take with what they do take while the other works. They share memory and cache, perhaps one
# core's two halves, and whatever else runs here. The formula is for ranks that do not disturb each other, and leaves
# out the bookkeeping of `DistributedDataParallel`.
#
# ### Move it
#
# The controls begin with the constants measured above. **Predict** before you move: which one makes 64 ranks worth
# having? Try a meta-batch of 4,096; then $w$ = 100 ms, about a large Conv4; then $10^8$ weights over Ethernet, then
# over NVLink. The networks' numbers are their nominal rates, with a latency that is typical.

# %%
from metalearn_lab.explorers.sharding_explorer import ShardingExplorer

ShardingExplorer(step._replace(tasks=64), "two processes here").show()

# %% tags=["nbval-check-output"]
slow = ShardingTime(64, 100.0, 20.0, 1e5, Network(0.05, 3.2e-6))
small = slow._replace(work=0.3)
proof(
    "tasks of 100 ms: 32 ranks are more than 20 times as fast as one",
    slow.speed_up(32),
    above=20,
)
proof(
    "tasks of 0.3 ms, the rest the same: 32 ranks are less than twice as fast as one",
    small.speed_up(32),
    below=2,
)
large = slow._replace(weights=1e8)
proof(
    "10^8 weights over 10 Gbit/s: 64 ranks are less than 12 times as fast as one",
    large.speed_up(64),
    below=12,
)

# %% [markdown]
# So shard what is slow *by its tasks*: large networks, many steps, large meta-batches. On sinusoids two ranks can at most
# halve a step, and compiling does more than that on one. If a rank dies, the others stop with an error that says so, and
# the same command goes on from the last checkpoint.
#
# ## From one run to many
#
# Most of what a cluster does for this field is not one large run but many small ones: methods × settings × seeds. A
# *sweep file* lists them, and each entry is the product of its lists:

# %% [markdown] tags=["instructor"]
# **Instructor, 15 minutes.** Show the report of a sweep of your own class beside this one: 20 students with a seed each
# make a better table than this. Ask for the two kinds of ± before anyone reads the answer; then who has picked the
# best of several seeds before.

# %%
from metalearn_lab.comparison.saved_sweep import saved_sweep

sweep = saved_sweep("start_here")
print(sweep.file)

# %% [markdown]
# In a clone, or wherever the package is installed with papermill,
#
#     metalearn-lab sweep sweep.yml --out results
#     metalearn-lab sweep sweep.yml --out results --scheduler tcp://HOST:8786
#     metalearn-lab report results
#
# the first line runs every point in worker processes on the cores of this machine, puts one row a point into
# `results/results.csv`, and ends with a page, `results/index.html`. The second uses the workers of a **Dask** cluster
# instead: `dask scheduler` on one machine, `dask worker ADDRESS` on the others, or whatever Dask can be started by (SSH,
# Kubernetes, Slurm; `notebooks/slurm_sweep.sh` in a clone is a job script). Twenty students or two hundred points are
# the same command. The third writes the page at any moment, of a sweep that still runs, too.
#
# Each point has a **key**, made of the chapter and its code, all parameters, and the version of what it calls: this
# package, torch and Python.
# A point whose key has a finished record is not run again. So a sweep that is killed, by a power cut or by you, goes on
# with the same command and ends with the same table; change one line of the package, and everything runs anew. If a
# *worker* dies, Dask gives its run to another; a run that takes four workers with it is written down as failed, and
# the others go on.
#
# **Predict:** which of these change a point's key: another seed, a corrected typing error in the chapter's prose, a changed
# line of its code?

# %%
import nbformat

from metalearn_lab.workbook.run_key import run_key

new = nbformat.v4


def key(code="print(seed)", prose="A chapter.", **parameters):
    """The key of a run of a small notebook."""
    cells = [new.new_markdown_cell(prose), new.new_code_cell(code)]
    path = folder / "small.ipynb"
    nbformat.write(new.new_notebook(cells=cells), path)
    return run_key(path, parameters)


print(
    key(seed=0), "the point;", key(seed=1), "another seed;", key(prose="Chapter.", seed=0), "prose"
)

# %% tags=["nbval-check-output"]
proof("another seed, another key", key(seed=0) != key(seed=1))
proof("other code, another key", key(seed=0) != key("print(seed + 1)", seed=0))
proof("other prose, the same key", key(seed=0) == key(prose="Chapter.", seed=0))

# %% [markdown]
# A key stands for what is computed; prose computes nothing.
#
# ### Reading the report
#
# The sweep above was run beforehand; its table comes with the package, in the columns of `results.csv`. Three rules, in
# this order.
#
# **Failures first.** A table of those that worked says nothing about why some did not; a setting that fails for half of
# its seeds and shines on the others is not a good setting.

# %%
results = sweep.results
shown = ["iterations", "seed", "maml", "pretraining", "difference", "difference_half_width"]
print(f"{(results.status == 'failed').sum()} of {len(results)} points failed:")
for _, lost in results[results.status == "failed"].iterrows():
    print(f"  iterations {lost.iterations}, seed {lost.seed}, shots {lost.shots}: {lost.error}")
good = results[results.status == "ok"]
good[shown].round(3)

# %% [markdown]
# One point asks for a support set of no points: a mistake in the sweep file, and it cost one row, not the sweep.
#
# **Which ± is it?** `difference` is by how much MAML's error after a step is below that of pretraining, and
# `difference_half_width` its 95 % interval over the *tasks* of that run: one pair of trained networks, met with 300
# sinusoids. It does not know that another seed gives other networks. **Predict:** how much do the four seeds of a setting
# differ, beside what their own intervals allow?

# %%
by_setting = good.groupby("iterations")
spread = by_setting.difference.agg(["mean", "std"])
# A 95 % interval is 1.97 standard errors wide to each side, at 300 tasks.
spread["of tasks"] = by_setting.difference_half_width.mean() / 1.97
spread.columns = ["mean of 4 seeds", "standard deviation over seeds", "standard error over tasks"]
spread.round(3)

# %%
from metalearn_lab.figures.sweep_values import Result, sweep_values_figure

points = [
    Result(row.iterations, row.difference, row.difference_half_width) for row in good.itertuples()
]
said = "; ".join(f"{n:,} iterations {mean:.2f}" for n, mean in by_setting.difference.mean().items())
show_figure(
    sweep_values_figure("iterations", {"error of pretraining less MAML's": points}),
    f"Twelve runs, four seeds side by side for each number of iterations, each with its 95 % interval over tasks. "
    f"Means over seeds: {said}. At 500 iterations some intervals do not meet.",
)

# %%
from metalearn_lab import interval_over_tasks

grid = good.pivot(index="seed", columns="iterations", values="difference")
gain = grid[2000] - grid[1000]
over_seeds = interval_over_tasks(torch.tensor(gain.to_numpy()))  # what is averaged here are seeds
print("2,000 less 1,000 iterations, seed by seed:", ", ".join(f"{each:.2f}" for each in gain))
print(f"mean {over_seeds.mean:.2f} ± {over_seeds.half_width:.2f}, 95 % interval over 4 seeds")

# %% tags=["nbval-check-output"]
failed = len(results) - len(good)
finding("one point of the sweep failed", failed, above=0.5, below=1.5, saved="13 points")
times_more = spread.iloc[:, 1] / spread.iloc[:, 2]
finding(
    "500 iterations: seeds differ more than twice as much as tasks explain",
    times_more[500],
    above=2,
    saved="4 seeds",
)
finding(
    "1,000 and 2,000 iterations: seeds differ less than 1.3 times as much as tasks explain",
    times_more[[1000, 2000]],
    below=1.3,
    saved="4 seeds at each number of iterations",
)
finding(
    "seed by seed, 2,000 iterations are ahead of 1,000, by more than the interval over seeds",
    over_seeds,
    above=0,
    saved="4 seeds",
)
finding(
    "from seed to seed the gain differs less than 0.7 times as much as the result of 2,000 does",
    gain.std() / grid[2000].std(),
    below=0.7,
    saved="4 seeds",
)

# %% [markdown]
# At 500 iterations the networks themselves differ, and no interval over tasks knows it. At 1,000 and 2,000 the seeds
# differ hardly more than the tasks explain (another seed is asked other tasks here, too). Only the seeds could tell you
# which it is; four of them tell it roughly.
#
# One thing in this table is better than it looks: every setting has the *same* seeds, so settings can be compared seed by
# seed, as methods were compared task by task in chapter [05](05_adaptation_lab.ipynb). What makes a seed easy is then taken out.
#
# **The best of many is too good.** **Predict:** twelve runs of *equal* worth, whose results have a standard deviation of
# $\sigma$: by how many $\sigma$ is the best of them better than their mean?

# %%
from metalearn_lab.tasks.seeds import generator

luck = torch.randn(100_000, 12, generator=generator("luck")).max(1).values
print(f"best of 12 equal runs: {luck.mean():.2f} σ above their mean, on average")
longest = good[good.iterations == good.iterations.max()]
best = longest.difference.max()
print(
    f"{len(longest)} seeds of the longest run: best {best:.2f}, mean {longest.difference.mean():.2f}"
)

# %% tags=["nbval-check-output"]
claim = "the best of 12 equal runs is 1.5 to 1.7 σ too good, on average over 100,000 draws"
proof(claim, luck.mean(), above=1.5, below=1.7)
finding(
    "2,000 iterations: the best of 4 seeds is more than 0.1 above their mean",
    best - longest.difference.mean(),
    above=0.1,
    saved="4 seeds",
)

# %% [markdown]
# Whoever reports the best of twelve reports luck as well, though every number in the table is true. So choose by
# *validation* tasks, and report what the chosen setting does on test tasks, over seeds that took no part in the choice.
# The seed is never a setting to choose.
#
# The report also shows every run's adaptation curve, as small multiples. Here they are by setting, each seed thin and
# their median thick:

# %%
from metalearn_lab.figures.sweep_curves import Curve, scale_of, sweep_curves_figure

panels = {}
for (n, _), run in sweep.curves.groupby(["iterations", "seed"]):
    lines = {name: Curve([*one["mean"]], [*one.half_width]) for name, one in run.groupby("learner")}
    panels.setdefault(f"{n:,} iterations", []).append(lines)
show_figure(
    sweep_curves_figure(panels, scale_of(panels, "loss"), "query error"),
    "Query error against the inner step for 500, 1,000 and 2,000 iterations, four seeds each. MAML "
    "falls most at the first step, pretraining slowly; more iterations lower MAML's curve by more than pretraining's.",
)

# %%
from metalearn_lab.workbook.headline import headline

gains = ", ".join(f"{name} {faster[name]:.0f} times" for name in costs)
headline(
    f"{few} sinusoids as one meta-gradient, k = {inner_steps}: {gains} as fast as one by one; "
    f"the same weights from two processes as from one, up to {furthest:.0e}.",
    weights_apart=furthest,
    steps_in_1_gb=reach["second order"],
    steps_in_1_gb_replayed=reach["second order, replayed"],
    extra_loss_of_bf16=bits.extra_loss,
)

# %% [markdown]
# ## Try it yourself
#
# The cell under each exercise checks your answer.

# %% [markdown] tags=["instructor"]
# **Instructor, 15 minutes.** Exercise 1 is the one that is met in practice: the last batch of an epoch is seldom full.
# In 3 let them draw $T(P)$ before they differentiate. Exercise 4 in pairs: one defends each claim.

# %% [markdown]
# **1.** (code) Eight tasks, and shards of 5, 2 and 1. Each rank has the *mean* gradient of its shard and the number of
# its tasks. Combine them so that the result is the mean over the eight.


# %% tags=["exercise"]
def combine_shards(means, sizes):
    """The mean gradient over all tasks.

    Args:
        means: the mean gradient of each shard, a list of tensors of one shape.
        sizes: how many tasks each shard has, a list of whole numbers.
    """
    # <solution>
    total = sum(size * mean for size, mean in zip(sizes, means, strict=True))
    return total / sum(sizes)
    # </solution>


# %%
from metalearn_lab.exercises.scaling import check_combined_shards

check_combined_shards(combine_shards)

# %% [markdown]
# **2.** (code) Write the sweep file that runs chapter 00 at 500 and at 2,000 iterations, each with the seeds 0 to 4: ten
# points. The check reads it as YAML.

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
# **3.** A meta-batch of 64 tasks of 8 ms each, $s$ = 2 ms, $\ell$ = 1 ms a message, and so few weights that $c\,W$ is
# nothing. How many ranks make a step fastest? *Hint:* write down $T(P)$ and its derivative.

# %% tags=["exercise"]
# <solution>
# T(P) = 2 + 512/P + 2(P − 1), and its derivative −512/P² + 2 is 0 at P² = 256.
most_ranks = 16
# <stub>
# most_ranks = None  # a whole number
# </solution>

# %%
from metalearn_lab.exercises.scaling import check_most_ranks

check_most_ranks(most_ranks)

# %% [markdown]
# **4.** A sweep's table has two settings with four seeds each, and every error has ± 0.03 beside it, the 95 % interval
# over the run's tasks.
#
# | | seed 0 | seed 1 | seed 2 | seed 3 | mean | standard deviation |
# | --- | --- | --- | --- | --- | --- | --- |
# | A | 0.92 | 1.13 | 1.00 | 1.07 | 1.03 | 0.09 |
# | B | 1.02 | 0.93 | 1.10 | 0.87 | 0.98 | 0.10 |
#
# Which claim does it support?
#
# - (a) B is better: its best run has 0.87, far below A's mean.
# - (b) B is better: at seed 1 it has 0.93 ± 0.03 and A 1.13 ± 0.03, and the intervals do not meet.
# - (c) B's mean is lower by 0.05, less than another seed changes: which is better is open.
# - (d) A and B are equally good: their seeds overlap.

# %% tags=["exercise"]
# <solution>
# (a) and (b) pick the seeds that suit them; (d) takes "not shown to differ" for "shown to be equal".
my_claim = "c"
# <stub>
# my_claim = None  # a letter, e.g. "a"
# </solution>

# %%
from metalearn_lab.exercises.scaling import check_supported_claim

check_supported_claim(my_claim)

# %% [markdown]
# **5.** The sharded run took 64 small tasks. Set `meta_batch = 1024` and run the chapter again. Predict first: does the
# speed-up of two ranks come nearer to 2?
#
# <details><summary>Answer</summary>
#
# Yes, as far as the two cores are free: $s$ and the messages stay what they were, and $Bw$ is sixteen times as large, so
# $T(1)/T(2)$ comes nearer to 2, and Amdahl's ceiling $1 + Bw/s$ rises. Weights of one process and two still agree.
#
# </details>
#
# ## What to remember
#
# - The meta-gradient is a mean over tasks. Loop, `vmap`, compiler, GPU and cluster compute the same one: check it, then
#   time it.
# - $T(n) = o + n\,w$: vectorising saves $o$, and beyond $o/w$ tasks at most a factor of two is left. The smaller the
#   network, the more it buys.
# - $M(n, k) = c + n(t + kg)$: first fewer tasks at once (`chunk_size`), then `replay=True`, then more memory.
# - Equal shards, equal gradient. The speed-up ends at $T(1)/s$, and messages end it earlier: shard what is slow by its
#   tasks.
# - In a sweep's report: failures first; an interval over tasks is not the spread over seeds; the best of many is too good.
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
