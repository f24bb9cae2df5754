# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/08_meta_networks.ipynb)
#
# # Meta-networks and hypernetworks
#
# After this chapter you will be able to
#
# - write a network that turns a support set into the weights of another network, and say which earlier learners have this form;
# - compare it with MAML on tasks like those of training and on tasks unlike them;
# - repair a recipe for a meta-network that leaves its losses undefined;
# - test whether a generator of adapters listens to its support set.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% tags=["parameters"]
# Leave these as they are for now.
iterations: int = 1600  # outer steps of each training on sinusoids
shots: int = 10  # K, support points of a sinusoid
meta_batch: int = 25  # sinusoids in each outer step
unseen_tasks: int = 300  # sinusoids that results are taken over
test_steps: int = 50  # inner steps shown at test time, 10 or more
sketch_iterations: int = 1500  # steps of each training of the article's sketch
mix_iterations: int = 400  # steps of each training with two losses
adapter_iterations: int = 300  # outer steps of each training on sentences
adapter_tasks: int = 200  # sentence tasks that results are taken over
seed: int = 0  # of the weights and the tasks
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## From points to weights
#
# MAML takes gradient steps when a new task arrives. There is another way: train one network to *write down* the weights of a second
# network, in one pass. The first is called a **hypernetwork** (also *meta-network*; one method named *Meta Networks* comes at the end). It has three parts:
#
# - the **encoder** $e$ turns each support point into a **code**, a vector;
# - the **pool** takes the mean (or the sum) of the codes, which is the **task embedding** $z$;
# - the **generator** $g$ turns $z$ into the weights $\theta$ of the second network, the **base**.
#
# $$z = \frac1K\sum_{i=1}^K e(x_i, y_i), \qquad \theta = g(z).$$
#
# Before anything is learned, here are two examples by hand. The base is a line $y = b + wx$, so $\theta = (b, w)$. In the right panel, a grey arrow is the
# code $\alpha\,y\,(1, x)$ of one point, with step size α (a slider). The blue dot is the mean of the codes. The generator changes nothing: the
# dot *is* the blue line's $b$ and $w$. This blue line is one gradient step from $b = w = 0$.
#
# The orange line is ridge regression (chapter 06): least squares, with a penalty of strength λ on large weights. Its pool is a *sum*.
#
# **Predict, then drag.** You pull point 4 straight up: which way does the blue dot move? Then you take every point twice: does the blue line change, the
# orange line, or both?

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

from metalearn_lab.explorers.set_to_line_explorer import SetToLineExplorer

SetToLineExplorer([(-2, -1.5), (-1, 0.5), (0.5, 0.8), (2, 3)]).show()

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Let one student drag while the others predict where the blue dot goes: along the arrow of that point, a quarter of
# the way. Put two points at $x = 0$: their arrows have no slope. Collect answers to "take every point twice" by a show of hands. Then let them
# find the three identities below on paper before they unfold the output.

# %% [markdown]
# <details><summary>What happens</summary>
#
# The tip of arrow 4 moves along the arrow. The blue dot is the mean of four codes, so it moves in the same direction, a quarter as far.
#
# Taking every point twice leaves a mean as it was, and with it the blue line. So **a mean pool cannot count its points.** A sum can: twice as many points weigh
# twice as much against the penalty λ, and the orange line changes.
#
# </details>
#
# Three learners that you know are hypernetworks that nobody trained. In this table $x$ is a vector; for the line above it is $(1, x)$.
#
# | learner | code of a point | pool | generator |
# | --- | --- | --- | --- |
# | one gradient step from $\theta = 0$ on $\frac12(\theta^\top x - y)^2$ | $\alpha\,y\,x$ | mean | the identity |
# | ridge regression | $(x x^\top, x y)$ | sums $S$ and $r$ | $(S, r) \mapsto (S + \lambda I)^{-1} r$ |
# | ProtoNet (chapter 06) | $x$ | mean $p_c$ of each class $c$ | $w_c = 2p_c,\; b_c = -\lVert p_c\rVert^2$ |
#
# ProtoNet gives class $c$ the score $-\lVert x - p_c\rVert^2$; a softmax of the scores gives the probabilities. The last row says that a *linear* layer with the scores
# $w_c^\top x + b_c$ gives the same probabilities.
#
# **Predict.** Expand $-\lVert x - p_c\rVert^2$. Which term is missing in the last row, and why does it not matter?

# %% tags=["nbval-check-output", "hide-output"]
import torch
from torch.nn import functional as F

from metalearn_lab.workbook.facts import finding, proof

rng = torch.Generator().manual_seed(seed)
x, y = (torch.randn(6, n, generator=rng, dtype=torch.float64) for n in (3, 1))
theta = torch.zeros(3, 1, dtype=torch.float64, requires_grad=True)
(((x @ theta - y) ** 2).mean() / 2).backward()  # the mean loss of six points
step, mean_code = -0.1 * theta.grad[:, 0], (0.1 * y * x).mean(0)  # with α = 0.1
proof("one step is a mean of codes", (step - mean_code).abs().max(), below=1e-12)
S, r = torch.einsum("ki,kj->ij", x, x), (x * y).sum(0)  # the sums of the codes
ridge = torch.linalg.solve(S + torch.eye(3), r)  # with λ = 1
rows = torch.cat([x, torch.eye(3)]), torch.cat([y, torch.zeros(3, 1)])
least_squares = torch.linalg.lstsq(*rows).solution[:, 0]  # the penalty as three more rows
proof("ridge is a sum of codes, then a solve", (ridge - least_squares).abs().max(), below=1e-10)
twice = torch.linalg.solve(2 * S + torch.eye(3), 2 * r)
proof("points taken twice: ridge changes", (twice - ridge).abs().max(), above=1e-3)
p = x.view(2, 3, 3).mean(1)  # the six points as two classes of three: their means
query = torch.randn(5, 3, generator=rng, dtype=torch.float64)
linear = (query @ (2 * p).T - (p**2).sum(1)).softmax(1)
proto_net = (-(torch.cdist(query, p) ** 2)).softmax(1)
proof("a linear head gives ProtoNet's probabilities", (linear - proto_net).abs().max(), below=1e-12)

# %% [markdown]
# <details><summary>What happens</summary>
#
# The term $-\lVert x\rVert^2$ is missing. All classes share it, and softmax ignores what all scores share.
#
# </details>
#
# ## A network that learns it
#
# Now encoder and generator are networks. Training lowers the query loss of the *generated* weights, $L_Q(\theta)$. The base is chapter 03's network (two hidden layers
# of 40 units, 1,761 weights), the tasks are its sinusoids $y = A\sin(x - p)$, $A$ from 0.1 to 5, $p$ from 0 to π. All tasks share a learned *start* $\bar\theta$. The generator may change
#
# - **all weights**, $\theta = \bar\theta + g(z)$: 1,761 numbers for each task;
# - the large matrix $W$ by a **low rank**, $W + UV$ with 2 columns in $U$, and the rest in full: 321 numbers;
# - each of the 80 hidden units by a **scale** $1 + \gamma$ and a **shift** $\delta$ (*FiLM*): 160 numbers. A layer gives $(1 + \gamma)\circ(Wx + b) + \delta$.
#
# Here $z$ has 64 numbers; a fourth network emits all weights from a $z$ of two. A **conditional neural process** (below: *neural process*) generates no weights: one
# network reads $x$ and $z$, and gives a mean and a standard deviation. MAML takes five inner steps of α = 0.01.
#
# All train equally long on the same tasks. Each tried the same six outer step sizes β, judged on validation tasks with `seed = 0`.
#
# **Predict.** Divide the error with 160 numbers by that with all weights: below 1, 1 to 2, or above 2?

# %% [markdown] tags=["instructor"]
# **Instructor, 8 minutes.** Ask for the number of outputs of the generator before they see the table: it is the number of weights of the base, which is why nobody
# generates all weights of a large network. Let them name the three parts in a drawing of the neural process too: its generator is the identity,
# and $z$ is an input.

# %% tags=["hide-output"]
from metalearn_lab import Sinusoids, Split, choose_device, interval_over_tasks, to_device
from metalearn_lab.experiments import meta_network_lab
from metalearn_lab.experiments.meta_network_lab import errors_along
from metalearn_lab.models.weight_generators import FullWeights, LowRankWeights, ScaleAndShift
from metalearn_lab.tasks.devices import device_in_words

where = choose_device(device)
print("Computing on", device_in_words(where))
display(meta_network_lab.best_trials())
lab = meta_network_lab.MetaNetworkLab(shots, meta_batch, iterations, seed, where)
hypernetwork = lab.train(lab.hypernetwork(FullWeights), outer_lr=0.003)
low_rank = lab.train(lab.hypernetwork(LowRankWeights, rank=2), outer_lr=0.005)
film = lab.train(lab.hypernetwork(ScaleAndShift), outer_lr=0.005)
two_numbers = lab.train(lab.hypernetwork(FullWeights, embedding=2), outer_lr=0.005)
neural_process = lab.train(lab.neural_process(), outer_lr=0.01)
maml = lab.train(lab.maml(inner_lr=0.01, inner_steps=5), outer_lr=0.02)

unseen = to_device(Sinusoids(shots, 50, "test", seed).batch(0, unseen_tasks), where)
forms = {"all weights": hypernetwork, "low rank": low_rank, "scale and shift": film}
forms |= {"all weights, z of 2 numbers": two_numbers, "neural process": neural_process}
errors = {name: errors_along(learner, unseen, 0)[:, 0] for name, learner in forms.items()}
errors["predicting 0"] = (unseen.query.y**2).mean((1, 2)).cpu()
print(f"Mean squared error on {unseen_tasks} unseen sinusoids, in one pass")
meta_network_lab.error_table(errors, forms)

# %% tags=["nbval-check-output", "hide-output"]
means = {name: error.mean().item() for name, error in errors.items()}
whole, zero_error = means["all weights"], means.pop("predicting 0")
ratio = means["scale and shift"] / whole
finding("160 numbers: the error over that of all weights", ratio, above=1, below=2)
finding("low rank: the error over that of all weights", means["low rank"] / whole, below=1.5)
ratio = means["all weights, z of 2 numbers"] / whole
finding("z of 2 numbers: the error over that with 64", ratio, above=1, below=2)
ratio = max(means.values()) / zero_error
finding("every form leaves under a tenth of the error of predicting 0", ratio, below=0.1)
of_others = Split(*(part.roll(1, 0) for part in unseen.support))  # each task gets its neighbour's
ratio = errors_along(hypernetwork, unseen._replace(support=of_others), 0).mean().item() / whole
finding("another task's support: the error over that with its own", ratio, above=5)
W, v = (torch.randn(4, n, generator=rng, dtype=torch.float64) for n in (3, 1))
d, x = v[:, 0], query[0]
gap = (d * (W @ x) - (d[:, None] * W) @ x).abs().max()
proof("scaling a layer's outputs is scaling the rows of its matrix", gap, below=1e-12)
z = torch.randn(50, 2, generator=rng, dtype=torch.float64)
linear_generator = torch.randn(2, 1761, generator=rng, dtype=torch.float64)
rank = torch.linalg.matrix_rank(z @ linear_generator).item()
proof("a linear generator of z with 2 numbers: changes of rank 2", rank, above=1, below=3)

# %% [markdown]
# <details><summary>What happens</summary>
#
# **160 numbers** had a larger error than all 1,761 weights in all five trainings, but never twice as large (here 0.22 against 0.18). The **low rank**, 321
# numbers, never had more than 1.5 times the error of all weights; here it has less. Every form leaves less than a tenth of the error of predicting 0.
#
# A **z of two numbers** had a larger error too, by less than a factor of two. A *linear* generator could move the weights in two directions
# only (the proof); these generators have a hidden layer.
#
# Does the network *listen* to its support? With the support of another task its error was more than five times as large, in all five trainings.
#
# </details>
#
# ## Inside and outside the family
#
# A hypernetwork takes no gradient at test time, so nothing tells it that its curve misses the points. What does it do with a task unlike all that it
# has seen? MAML stands beside it, and both may take inner steps at test time, the hypernetwork from the weights that it *generated*:
# $\theta_{j+1} = \theta_j - \alpha\nabla L_S(\theta_j)$ with MAML's α = 0.01.
#
# The left panel is the plane of tasks: phase $p$ and amplitude $A$. Training saw the dashed rectangle alone. **Predict before you drag:** outside the rectangle,
# which curve is nearer before any inner step, and which after 50? Then **drag the task** out, first to the right, then up. The right panel shows the error after every step.

# %%
from metalearn_lab.explorers.task_plane_explorer import TaskPlaneExplorer

both = {"hypernetwork": hypernetwork, "maml": maml}
TaskPlaneExplorer(both, shots=shots, most_steps=test_steps).show()

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Let them drag along the upper edge of the rectangle and say where the hypernetwork's curve stops following. Collect
# predictions for phases above π in the table below: "worse than predicting 0" is the answer that few dare to give. Ask what a gradient knows that one pass does not.

# %% [markdown]
# One task proves nothing. The table has means over many tasks: inside the family, with phases from π to 2π, and with amplitudes from 5 to 10. The last three columns are
# inside the family, with other numbers of points $K$. Both methods were trained with $K = 10$.
#
# - *Best length*: of 0 to 50 inner steps, the number with the least mean error on validation tasks inside the family.
# - *Diverged*: an error above 1,000, or not finite. The means are over the other tasks, which flatters a method with many diverged tasks; their number stands in brackets.
#
# **Predict.** Inside the family: which is better, MAML at its best length or the hypernetwork's one pass? Outside: which of the two is worse than predicting 0?

# %% tags=["hide-output"]
from math import pi

import pandas as pd

from metalearn_lab.experiments.meta_network_lab import sinusoids_between, without_diverged

n = unseen_tasks
validation = to_device(Sinusoids(shots, 50, "validation", seed).batch(0, n), where)
phase_tasks = sinusoids_between((0.1, 5.0), (pi, 2 * pi), n, shots=shots, seed=seed)
large_tasks = sinusoids_between((5.0, 10.0), (0.0, pi), n, shots=shots, seed=seed)
worlds = {"inside": unseen, "phases π to 2π": phase_tasks, "amplitudes 5 to 10": large_tasks}
worlds |= {f"K = {k}": Sinusoids(k, 50, "test", seed).batch(0, n) for k in (1, 3, 50)}
worlds = {name: to_device(tasks, where) for name, tasks in worlds.items()}
zero = {name: (tasks.query.y**2).mean((1, 2)).cpu() for name, tasks in worlds.items()}
rows = {"predicting 0": {w: without_diverged(error) for w, error in zero.items()}}
along, best = {}, {}  # errors [tasks, steps + 1] by learner and world; best lengths
for name, learner in both.items():
    along[name] = {w: errors_along(learner, tasks, test_steps) for w, tasks in worlds.items()}
    on_validation = errors_along(learner, validation, test_steps).mean(0)
    best[name] = on_validation.nan_to_num(1e9).argmin().item()
    for words, k in {"0 steps": 0, "5 steps": 5, f"best length: {best[name]}": best[name]}.items():
        row = {w: without_diverged(error[:, k]) for w, error in along[name].items()}
        rows[f"{learner.title}, {words}"] = row
pd.DataFrame(rows).T

# %% tags=["nbval-check-output", "hide-output"]
of_hyper, of_maml = along["hypernetwork"], along["maml"]
one_pass = of_hyper["inside"][:, 0]
claim = "inside: MAML's first step leaves over twice the error of the hypernetwork's one pass"
finding(claim, of_maml["inside"][:, 1].mean() / one_pass.mean(), above=2)
at_best = of_maml["inside"][:, best["maml"]]
claim = "inside: MAML at its best length is ahead of one pass, by more than the paired interval"
finding(claim, interval_over_tasks(one_pass - at_best), above=0)
ratio = of_maml["inside"][:, 5].mean() / one_pass.mean()
claim = "inside: MAML's error after the five steps of its training over that of one pass"
finding(claim, ratio, above=0.5, below=1.5)
last = of_hyper["inside"][:, test_steps].median()
ratio = last / one_pass.median()
finding("inside: inner steps on generated weights halve the median", ratio, below=0.5)
claim = "inside: after as many inner steps its median error is below MAML's"
finding(claim, last / of_maml["inside"][:, test_steps].median(), below=1)

# %% tags=["nbval-check-output", "hide-output"]
unlike = "phases π to 2π"
nothing_known = zero[unlike].mean()
ratio = of_hyper[unlike][:, 0].mean() / nothing_known
finding("phases above π: one pass is worse than predicting 0", ratio, above=1)
ratio = of_hyper[unlike][:, test_steps].mean() / nothing_known
finding("phases above π: inner steps on generated weights leave under 0.6", ratio, below=0.6)
ratio = of_maml[unlike][:, best["maml"]].mean() / nothing_known
finding("phases above π: MAML at its best length leaves under 0.6", ratio, below=0.6)
large = [e["amplitudes 5 to 10"][:, test_steps] for e in (of_hyper, of_maml)]
more = (~(large[0] < 1e3)).sum().item() - (~(large[1] < 1e3)).sum().item()
finding("large amplitudes: more tasks diverge from generated weights than with MAML", more, above=0)
ratio = of_hyper["K = 3"][:, 0].mean() / of_maml["K = 3"][:, 5].mean()
finding("K = 3: the error of one pass over that of MAML's five steps", ratio, below=1)
maml_mean = of_maml["K = 50"][:, best["maml"]].mean()
ratio = of_hyper["K = 50"][:, 0].mean() / maml_mean
finding("K = 50: the error of one pass over MAML's at its best length", ratio, above=1)

# %% [markdown]
# <details><summary>What happens</summary>
#
# **Inside**, in all five trainings: MAML's first step leaves more than twice the error of one pass. After its five steps it has 0.5 to 1.5 times the error
# (its best β was the largest of the six: a larger one might do better).
# At its best length MAML is ahead, by more than the paired interval, but with up to 50 gradient steps at test time. The lowest *median* belongs to
# both together: to 50 inner steps from the generated weights.
#
# **Phases above π**, in all five: one pass is *worse than predicting 0*. MAML at its best length leaves less than 0.6 of that error, and so do 50 inner steps
# from the generated weights.
#
# **Large amplitudes.** From the generated weights more tasks diverge than from MAML's start, in all five. But α was chosen for MAML.
#
# **Number of points.** With $K = 3$ one pass has a lower error than MAML's five steps. With $K = 50$ it has a higher one than MAML at its best length (both in all five). With $K = 1$, in this table, inner steps hurt both.
#
# </details>
#
# ### What is in z?
#
# A sinusoid has two properties, $A$ and $p$. The network whose $z$ has two numbers never saw them. Each dot is its $z$ for one unseen task.
#
# **Predict.** Colour the dots by $A$, then by $p$. Will you see order in one picture, both, or none? Where must the tasks with $A$ near 0 lie?

# %% tags=["hide-output"]
from metalearn_lab.figures.embedding_plane import embedding_plane_figure
from metalearn_lab.figures.style import show_figure

amplitude, phase = Sinusoids(shots, 50, "test", seed).curves(0, unseen_tasks)
z = meta_network_lab.embeddings(two_numbers, unseen.support)
properties = {"amplitude A": amplitude, "phase p": phase}
show_figure(
    embedding_plane_figure(z, properties),
    "Embeddings of unseen sinusoids in the plane, left coloured by amplitude, right by phase; both "
    "colours change gradually over a fan that is narrow where the amplitude is small.",
)

# %% tags=["nbval-check-output", "hide-output"]
nearest = torch.cdist(z, z).fill_diagonal_(float("inf")).argmin(1)
for name, values in properties.items():
    neighbour = (values - values[nearest]).abs().mean()
    anyone = (values[:, None] - values).abs().mean()
    claim = f"{name}: the nearest dot differs by under 0.4 times as much as any dot"
    finding(claim, neighbour / anyone, below=0.4)
small = amplitude.argsort()[: len(amplitude) // 10 + 2]
ratio = z[small].std(0).norm() / z.std(0).norm()
finding("the tasks with the smallest A lie closer together than all", ratio, below=0.7)

# %% [markdown]
# <details><summary>What happens</summary>
#
# There is order in both pictures. On average, the amplitude of a task and that of its nearest dot differ by less than 0.4 times as much as the amplitudes of two tasks taken at random.
# The same holds for the phase, in all five trainings (both ratios are printed). Where $A$ is near 0, all phases give nearly the same flat curve. These tasks lie close together.
#
# </details>
#
# ## Who knows what it does not know?
#
# Draw points of your own. Two methods draw a *95 % band* as well, thin dotted lines at mean ± 1.96 standard deviations. The neural process *learned* its width.
# The **Gaussian process** is not trained: curve and band are computed exactly from the mean and the covariance of all sinusoids of the family, with noise of standard deviation 0.1.
# These two take no inner steps; the slider *inner steps* moves the hypernetwork and MAML alone.
#
# **Predict.** Clear the canvas: what should a method draw that knows the family but sees no points? Put down two points: whose band closes at them?
# Last, draw a sinusoid with a phase above π, such as $3\cos x = 3\sin(x - \frac32\pi)$. Whose band warns you?

# %% [markdown] tags=["instructor"]
# **Instructor, 8 minutes.** On the canvas let them draw $3\cos x$ and a straight line. Ask what the neural process would have to compare in order to notice its error (its
# curve with the points, as an inner step does). The Gaussian process knows every sinusoid; ask what it does on the line.

# %%
from metalearn_lab.explorers.band_explorer import BandExplorer

drawn = {"hypernetwork": hypernetwork, "neural_process": neural_process, "maml": maml}
BandExplorer(drawn, Sinusoids(shots, 50, "test", seed), most_steps=10).show()

# %% tags=["nbval-check-output", "hide-output"]
from metalearn_lab.experiments.sinusoid_process import process_errors, share_in_band

names = ("inside", "phases π to 2π", "amplitudes 5 to 10")
covered, *elsewhere = [share_in_band(neural_process, worlds[name]) for name in names]
finding("inside: the neural process's band holds about 95 %", covered, above=0.9, below=0.98)
finding("outside: its band holds under half of the points", elsewhere, below=0.5)
exact = [process_errors(worlds[name], 0.1).mean().item() for name in names[:2]]
finding("the Gaussian process's error, inside and with other phases", exact, below=0.01)
rho = torch.tensor(0.9)  # two targets with this correlation, predicted as if independent
pair = torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2) * (1 - rho) + rho)
lost = 2 * torch.distributions.Normal(0.0, 1.0).entropy() - pair.entropy()
gap = (lost + (1 - rho**2).log() / 2).abs()
proof("independent predictions lose −½ ln(1 − ρ²) nats", gap, below=1e-5)

# %% [markdown]
# <details><summary>What happens</summary>
#
# Without points the Gaussian process draws the mean of the family, with a wide band. At two points its band closes. That of the neural process
# does not; it was trained with ten.
#
# For a phase above π neither band warns you. The Gaussian process is right all the same, with an error below 0.01: every such sinusoid is $u\sin x + v\cos x$, and the points
# settle both. But its width does not depend on $y$: on a straight line its band is as narrow.
#
# The neural process is often wrong there: its band holds less than half of the points, with large amplitudes too. Inside it holds
# 90 to 98 % (in all five trainings). **Outside, the band is as blind as the curve.**
#
# It also predicts each point alone. For two targets with correlation ρ this costs $-\frac12\ln(1 - \rho^2)$ *nats* of log-likelihood: 0.83 for ρ = 0.9.
#
# </details>
#
# ## Mending a recipe
#
# An article sketches a meta-network. Its `forward` is
#
# ```python
# x = self.base_model(x)
# x = self.meta_head(x, task_id)
# x = self.meta_tail(x)
# ```
#
# with a random `task_id`, a loss on `train_x` alone, and `meta_loss = ...` left open. We run it
# on 100 sinusoids, as it stands and with the *true* number of each task. The head looks up a learned vector by `task_id`; the tail is a last layer.
#
# **Predict.** Predicting 0 leaves an error of about 4.7 on new points of training tasks, 4.4 on new tasks. What do the two versions leave?

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Before the sketch runs, let them search it for the support set, for generated weights, and for the use of `test_x`. None is there.
# With the sliders ask for $a = 1, b = 0$ first. Who says "more losses are better" should explain why the lowest place moves away from that of $L_{\text{meta}}$.

# %% tags=["hide-output"]
from metalearn_lab.experiments.article_sketch import train_sketch

known = to_device(Sinusoids(shots, 50, "train", seed).batch(0, 100), where)
sketches = {
    name: train_sketch(known, sketch_iterations, true_ids=true_ids, seed=seed)
    for name, true_ids in (("as it stands", False), ("with true numbers", True))
}
sketch_errors = {
    name: {
        "training tasks": sketch.error(known).item(),
        "new tasks": sketch.error(unseen, known=False).item(),
    }
    for name, sketch in sketches.items()
}
tasks_of = {"training tasks": known, "new tasks": unseen}
sketch_errors["hypernetwork"] = {
    name: errors_along(hypernetwork, tasks, 0).mean().item() for name, tasks in tasks_of.items()
}
sketch_errors["predicting 0"] = {
    name: (tasks.query.y**2).mean().item() for name, tasks in tasks_of.items()
}
pd.DataFrame(sketch_errors).T.round(2)

# %% tags=["nbval-check-output", "hide-output"]
sketch, true_ids = (sketch_errors[n] for n in ("as it stands", "with true numbers"))
zero_errors = sketch_errors["predicting 0"]
claim = "as it stands: over half of the error of predicting 0, on its own training tasks"
finding(claim, sketch["training tasks"] / zero_errors["training tasks"], above=0.5)
ratio = true_ids["training tasks"] / zero_errors["training tasks"]
finding("true numbers: under a third of it on the training tasks", ratio, below=1 / 3)
ratio = true_ids["new tasks"] / zero_errors["new tasks"]
finding("true numbers: on new tasks worse than predicting 0", ratio, above=1)

# %% [markdown]
# <details><summary>What happens</summary>
#
# *As it stands* the sketch cannot know its task: even on training tasks it leaves over half of the error of predicting 0, in all five. With *true numbers* it
# learns these tasks. But a new task has no number; with another's, the sketch is worse than predicting 0. What is missing:
#
# | in the sketch | mended |
# | --- | --- |
# | the head reads a task number | the head reads the support set |
# | the tail gives outputs | the tail gives weights, and the base runs with them |
# | the loss is on `train_x`; `test_x` is never read | the loss is on the query set |
#
# Mended, it is the hypernetwork of this chapter (exercise 1), which met new sinusoids in every step.
#
# </details>
#
# The text weighs a "task loss" and a "meta loss", both undefined: $a\,L_{\text{task}} + b\,L_{\text{meta}}$.
# For us $L_{\text{task}}$ is the loss of the generated weights on the support that they were generated *from*, $L_{\text{meta}}$ their query loss.
#
# A small model shows what $a$ and $b$ do. A task is a number $m$, its points are $m$ plus noise. The generator predicts
# $s\,\bar y$: the mean of the support times *one* learned number $s$. Dots mark where each loss is lowest; black: the sum divided by $a + b$.
#
# **Predict**: which dots move when $K$ grows, and where to? Which $a$ and $b$ predict new points best? Why is the orange dot at $s = 1$?

# %%
from metalearn_lab.experiments.task_and_meta_loss import NoisyMeans
from metalearn_lab.explorers.objective_explorer import ObjectiveExplorer

noisy_means = NoisyMeans(spread=1.0, noise=2.0, shots=3)
ObjectiveExplorer(noisy_means).show()

# %% tags=["nbval-check-output", "hide-output"]
best_s = noisy_means.best(1, 0)
proof("L_task alone is lowest at s = 1, whatever the noise", best_s, above=0.999, below=1.001)
gap = noisy_means.best(2, 6) - noisy_means.best(1, 3)
proof("only the ratio of a and b matters for the best s", abs(gap), below=1e-12)
both_losses, meta_alone = (noisy_means.meta_loss(noisy_means.best(a, 1)) for a in (1, 0))
worse = both_losses - meta_alone
proof("any weight on L_task makes new points worse here", worse, above=0)
mixed = {}
for name, weights in {"L_task": (1, 0), "both": (1, 1), "L_meta": (0, 1)}.items():
    trained = lab.train_on_two_losses(lab.hypernetwork(FullWeights), *weights, mix_iterations)
    mixed[name] = errors_along(trained, unseen, 0).mean().item()
ratio = max(mixed.values()) / min(mixed.values())
finding("sinusoids: the largest error of the three objectives over the least", ratio, below=2)

# %% [markdown]
# <details><summary>What happens</summary>
#
# $L_{\text{task}}$ alone is lowest at $s = 1$: repeat the mean of the support, noise and all. $L_{\text{meta}}$ is lowest at $s = v/(v + \sigma^2/K)$, where $v$ is the variance of $m$
# and $\sigma^2$ that of the noise. This is 0.6 here ($v = 1$, $\sigma^2 = 2$, $K = 3$). Every weight on $L_{\text{task}}$ pulls $s$ away from it, and only the ratio of $a$ and $b$ counts. With a larger $K$ the
# blue dot moves to $s = 1$, and the black one with it.
#
# The sinusoids have no noise. After 400 updates the errors of the three objectives differ there by less than a factor of two, in all five trainings.
#
# </details>
#
# The text also gives a training procedure of seven steps. With these two losses it can be run; the next cell prints what each step does.

# %% tags=["hide-output"]
from metalearn_lab import Task

network = lab.hypernetwork(FullWeights)
print(f"1. initialise: {sum(w.numel() for w in network.parameters()):,} numbers")
tasks = to_device(Sinusoids(shots, shots, "train", seed).batch(0, meta_batch), where)
print(f"2. draw tasks, each with support and query: x is {list(tasks.support.x.shape)}")
path = network.adapt(tasks.support, 5)  # the generated weights, then 5 inner steps
print(f"3. generate weights: the large matrix is {list(path[0]['body.2.weight'].shape)}")
fits = [F.mse_loss(network.predict(w, tasks.support.x), tasks.support.y).item() for w in path]
print(f"4. train on the new tasks (optional): support loss {fits[0]:.2f} to {fits[-1]:.2f}")
on_support = Task(tasks.support, tasks.support)  # judged on its own support
l_task, l_meta = network(on_support), network(tasks)
print(f"5. two losses: L_task = {l_task.item():.2f}, L_meta = {l_meta.item():.2f}")
before = network.encoder.items.head.weight.clone()
lab.train_on_two_losses(network, 1, 1, updates=1)
moved = (network.encoder.items.head.weight - before).abs().max().item()
print(f"6. update encoder, generator and base: a weight of the encoder moves by up to {moved:.4f}")
for _ in range(3):
    lab.train_on_two_losses(network, 1, 1, updates=100)
    error = errors_along(network, validation, 0).mean().item()
    print(f"7. repeat from 2 while the error on validation tasks falls: {error:.2f}")

# %% [markdown]
# ## Adapters for sentences
#
# Back to chapter 06: a frozen *sentence encoder* gives each sentence a vector of 384 numbers, and a task is 5-way 1-shot. After the encoder we put one layer $Wx$ that starts at a multiple
# of the identity. We freeze $W$ and add an **adapter** beside it, a matrix $BA$ of low rank (LoRA, chapter 02). Two ways to get it:
#
# - *shared*: one adapter for all tasks, trained with class means as in ProtoNet;
# - *emitted*: a hypernetwork writes one for each task, $(A, B) = (A_0, B_0) + g(z)$, with $z$ made of the support's class means. Class means of the adapted vectors then classify.
#
# *Shared* is the control of *emitted*: an adapter without a generator. The figure adds *anew* (each task starts from $B = 0$ and a head of zeros, and takes inner steps),
# *learned start* (MAML) and Meta Networks (explained at the end).
#
# Does the generator *listen*? We give it the support of **another** task; the class means stay those of the task's own. A generator that listens must lose accuracy. We repeat the test
# in a *disturbed* world, where tasks need different adapters: each has random noise along one of four directions.
#
# **Predict.** What does another task's support cost the generator on ordinary sentences? And in the disturbed world, at rank 1 and at rank 4?

# %% [markdown] tags=["instructor"]
# **Instructor, 9 minutes.** Ask first which matrix would be right in the disturbed world: $I - uu^\top$ for the noisy direction $u$, which differs from the identity by rank 1. Then
# ask what *one* adapter for all tasks would have to do there, and which rank this takes. Whoever finds this can predict the last lines of the output.

# %% tags=["hide-output"]
from metalearn_lab import load_table, make_world
from metalearn_lab.comparison import adapters
from metalearn_lab.comparison.saved_runs import SAVED, read_table
from metalearn_lab.experiments.listening import DisturbedEpisodes
from metalearn_lab.figures.gain_by_size import gain_by_size_figure

table = adapters.joined(read_table(adapters.SAVED_ADAPTERS), read_table(SAVED / "embedded-en"))
whitened = {"whitened class mean": adapters.gain(table, "whitened_mean")}
show_figure(
    gain_by_size_figure(adapters.gains_by_size(table), whitened),
    "Gain in points against trained numbers: none anew, with emitted and shared one to three.",
)
vectors = {"representation": "sentence encoder", "split_seed": seed, "device": where}
world = make_world(load_table(source="embedded"), **vectors)
ordinary = {part: world.sampler(part, seed=seed) for part in ("train", "test")}
disturbed = {part: DisturbedEpisodes(ordinary[part], 4, scale=1.5) for part in ordinary}
settings = {"tasks": adapter_tasks, "iterations": adapter_iterations, "seed": seed}
sources, costs, leads, rows = {"ordinary": ordinary, "disturbed": disturbed}, {}, {}, {}
for name, rank in (("ordinary", 4), ("disturbed", 1), ("disturbed", 4)):
    emitted, shared = adapters.emitted_and_shared(world, sources[name], rank, **settings)
    costs[name, rank] = emitted.cost_of_shuffling
    leads[name, rank] = interval_over_tasks(100 * (emitted.own - shared))
    columns = {"own support": emitted.own, "another's": emitted.shuffled, "shared": shared}
    rows[f"{name}, rank {rank}"] = {c: f"{100 * a.mean():.0f} %" for c, a in columns.items()}
pd.DataFrame(rows).T

# %% tags=["nbval-check-output", "hide-output"]
from metalearn_lab.learners.meta_networks import read

cost, lead = costs["disturbed", 1], leads["disturbed", 1]
finding("disturbed, rank 1: points that another support costs", cost, above=20)
finding("disturbed, rank 1: points that emitted gains over shared", lead, above=15)
at_rank_4 = [costs["ordinary", 4], costs["disturbed", 4]]
finding("rank 4: points that another support costs, in both worlds", at_rank_4, above=-2, below=2)
saved, narrow = {"saved": "5 splits"}, {"above": -0.5, "below": 0.5}
over = [adapters.gain(table, f"{name}, anew") for name in ("head", "adapter 4", "all weights")]
finding("anew: within half a point of the nearest class mean", over, **narrow, **saved)
over = [adapters.gain(table, f"adapter {r}, shared") for r in (1, 4, 16)]
finding("shared, ranks 1, 4, 16: points over the nearest class mean", over, above=0, **saved)
over = adapters.gain(table, "adapter 16, shared", "whitened_mean")
claim = "shared, rank 16: points over the whitened class mean, which takes no gradient"
finding(claim, over, below=0, **saved)
listening = pd.read_csv(adapters.SAVED_ADAPTERS / "listening.csv")
finding("ranks 1, 4, 16: points that another support costs", listening.cost, **narrow, **saved)
over = [adapters.gain(table, f"adapter {r}, emitted", f"adapter {r}, shared") for r in (1, 4, 16)]
finding("ranks 1, 4, 16: points of emitted over shared", over, above=-2, below=2, **saved)
structures = pd.read_csv(adapters.SAVED_ADAPTERS / "structures.csv")
over = structures["one for each"] - structures["one for all"]
finding("5 shots: points that a choice for each task gains", over, **narrow, **saved)
slots = read(torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0], [-1.0, 0.0]]))[0]
ratio = slots[0] / slots[1] / torch.e**2
proof("Meta Networks: a slot weighs at most e² times another", ratio, above=0.999, below=1.001)

# %% [markdown]
# <details><summary>What happens</summary>
#
# In the figure (saved runs, five class splits, settings chosen on validation classes; ± is the 95 % interval over the splits) *anew* gains nothing over the nearest class mean.
# A *shared* adapter of rank 4 gains 2.6 ± 1.4 points with 3,072 trained numbers, and training all 147,840 gains 3.3 ± 1.1. For a *learned start* of rank 4 (0.9 ± 1.1)
# and Meta Networks (1.8 ± 2.7) the interval contains 0. The whitened class mean gains the most, 4.2 ± 1.8. It takes no gradient, only the covariance of the training classes.
#
# On **ordinary sentences** the generator does not listen. At rank 4 an adapter made from another task's support is as good, to two points, in all five trainings; in the saved runs
# to half a point, at ranks 1, 4 and 16. At rank 1 *emitted* is 0.9 ± 0.8 points above *shared*, but listening cannot be the reason.
#
# Can the test show listening at all? In the **disturbed** world at rank 1, another support costs more than 20 points, and *emitted* is more than 15 points ahead of *shared*, in all
# five trainings. So it can. At rank 4, one adapter for all tasks can take out all four directions, and another support costs less than two points again.
# **In our tests the generator listened only where one adapter for all tasks was not good enough.**
#
# </details>

# %% [markdown]
# <details><summary>Two more ways: choose what moves, and Meta Networks</summary>
#
# *What* a task moves can be chosen too: only the head, the head and an adapter of rank 1, 4 or 16, or all weights. We chose it for each 5-shot task by holding out one shot in turn. On each of
# the five class splits the accuracy differed by at most 0.12 points from moving the head in all tasks. There was little to choose.
#
# **Meta Networks** generate weights in another way. For each support item they keep *fast weights*, made from its gradient. A query reads the mean of these, weighted by a softmax of
# cosines. Cosines lie between −1 and 1. So no item weighs more than $e^2 \approx 7.4$ times another (the proof), however near it is.
#
# </details>

# %% [markdown]
# ## Try it yourself
#
# ### Exercise 1: write the loss of a meta-network (20 minutes, level 2 of 3)
#
# This is the sketch, mended. `head` maps the rows $(x_i, y_i)$ of the support, `[K, 2]`, to codes. `tail` maps the mean of the codes to *all* weights of
# `base`, one vector in the order of `base.parameters()`. Return the mean squared error of `base` with these weights on the query set, a scalar tensor. It must be right to six digits,
# and its gradients in head and tail to five. The check varies networks and tasks.
#
# <details><summary>Hint 1</summary>
#
# `torch.cat([support.x, support.y], -1)` has the rows. `vector.split(sizes)` cuts a vector into pieces; `weight.numel()` and `weight.shape` say how large each is.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# Make a dictionary from the names of `base.named_parameters()` to the pieces, each in its shape. `torch.func.functional_call(base, weights, (query.x,))` runs the base with them.
#
# </details>

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Start exercise 1 in class, in pairs. Most errors are a pool that comes after the tail, or the query in the head. Exercise 2 is homework.


# %% tags=["exercise"]
def meta_network_loss(base, head, tail, support, query):
    """The query loss of the weights that head and tail make of the support, a scalar tensor."""
    # <solution>
    vector = tail(head(torch.cat([support.x, support.y], -1)).mean(0))
    pieces = vector.split([weight.numel() for weight in base.parameters()])
    weights = {
        name: piece.view(weight.shape)
        for (name, weight), piece in zip(base.named_parameters(), pieces, strict=True)
    }
    outputs = torch.func.functional_call(base, weights, (query.x,))
    return F.mse_loss(outputs, query.y)
    # </solution>


# %%
from metalearn_lab.exercises.meta_networks import check_meta_network_loss

check_meta_network_loss(meta_network_loss)

# %% [markdown]
# ### Exercise 2: write a head that nobody trained (10 minutes, level 1 of 3)
#
# The first table of this chapter has the formula; your function must take labels in any order and any number of classes. `x` is `[K, D]`, the features of the support; `y` holds its labels 0, …, `ways` − 1, each at least once. Return one tensor `[ways, D + 1]`: in row $c$ the weights $w_c$ of a linear
# layer, and in its last column the bias $b_c$, such that the softmax of $w_c^\top x + b_c$ gives ProtoNet's probabilities. They must be right to six digits.
#
# <details><summary>Hint 1</summary>
#
# Expand $-\lVert x - p_c\rVert^2$. Which of the three terms differ from class to class?
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# `x[y == c].mean(0)` is $p_c$. `torch.cat([weights, biases[:, None]], 1)` puts the biases behind the weights.
#
# </details>


# %% tags=["exercise"]
def class_mean_head(x, y, ways):
    """Weights and, in the last column, biases of a linear layer, a tensor [ways, D + 1]."""
    # <solution>
    means = torch.stack([x[y == c].mean(0) for c in range(ways)])
    biases = -(means**2).sum(1)
    return torch.cat([2 * means, biases[:, None]], 1)
    # </solution>


# %%
from metalearn_lab.exercises.meta_networks import check_class_head

check_class_head(class_mean_head)

# %%
from metalearn_lab.workbook.headline import headline

pass_error, maml_error = one_pass.mean().item(), at_best.mean().item()
outside = of_hyper[unlike][:, 0].mean().item()
headline(
    f"On unseen sinusoids one pass of a hypernetwork leaves an error of {pass_error:.2f}, and MAML at its "
    f"best length {maml_error:.2f}. On phases that training never saw, one pass leaves {outside:.1f}, where "
    f"predicting 0 leaves {nothing_known.item():.1f}.",
    one_pass=pass_error,
    maml=maml_error,
    outside=outside,
)

# %% [markdown]
# ## What to remember
#
# - A hypernetwork is an encoder, a pool and a generator. One gradient step has this form. A mean pool cannot count its points.
# - On tasks like those of training, one pass was about as good as MAML's five steps. At its best length MAML was ahead.
# - On phases that it never saw, one pass was worse than predicting 0, and the neural process's 95 % band held less than half of the points. Inner steps helped.
# - The number of a task describes no new task. Its support set does.
# - On ordinary sentences a generator of adapters did not listen to its support. In a disturbed world, where one adapter was not enough, it did. Test with another task's support.
# - Say what each term of an objective is computed on, before you weigh it.
#
# ## Sources
#
# - Ha, Dai, Le: *HyperNetworks*, ICLR 2017, [arXiv:1609.09106](https://arxiv.org/abs/1609.09106).
# - Garnelo et al.: *Conditional Neural Processes*, ICML 2018, [arXiv:1807.01613](https://arxiv.org/abs/1807.01613), equations 1 to 4; the least width of 0.1 is that of their [notebook](https://github.com/google-deepmind/neural-processes).
# - Perez et al.: *FiLM: Visual Reasoning with a General Conditioning Layer*, AAAI 2018, [arXiv:1709.07871](https://arxiv.org/abs/1709.07871).
# - Zaheer et al.: *Deep Sets*, NeurIPS 2017, [arXiv:1703.06114](https://arxiv.org/abs/1703.06114), on networks of sets.
# - Munkhdalai, Yu: *Meta Networks*, ICML 2017, [arXiv:1703.00837](https://arxiv.org/abs/1703.00837).
# - Hu et al.: *LoRA*, 2022, [arXiv:2106.09685](https://arxiv.org/abs/2106.09685).
# - *Text-to-LoRA*, ICML 2025, [its code](https://github.com/SakanaAI/text-to-lora): adapters from random descriptions still worked.
# - Rasmussen, Williams: *Gaussian Processes for Machine Learning*, 2006, chapter 2.
#
# Next: [09 Language models that adapt](09_language_models.ipynb).
