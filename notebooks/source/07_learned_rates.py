# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/07_learned_rates.ipynb)
#
# # Learned rates and learned optimisers
#
# After this chapter you will be able to
#
# - say what a learned rate for each weight can do that one tuned rate cannot, and when this advantage is gone;
# - learn rates while you descend or across tasks, and say where the tuning has gone;
# - see why rates that were learned over few steps are wrong for many.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% tags=["parameters"]
# Leave these as they are for now.
iterations: int = 2000  # outer steps of each training on sinusoids
inner_steps: int = 5  # k, in training and when results are taken
meta_batch: int = 25  # sinusoids in each outer step
unseen_tasks: int = 300  # sinusoids that results are taken over
text_iterations: int = 200  # outer steps of each training on sentences
class_split: int = 0  # how the classes of sentences are split
episodes: int = 200  # unseen episodes of sentences
seed: int = 0  # of the weights and the training tasks
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## A rate for each weight
#
# So far one inner step size α served all weights: $\theta_1 = \theta - \alpha\,g$, with $g = \nabla L_S(\theta)$. **Meta-SGD** gives
# every weight a rate of its own, and learns all rates together with the start:
#
# $$\theta_1 = \theta - \alpha \circ g,$$
#
# where $\circ$ multiplies element by element. What does this buy?
#
# Below is the loss of one task, a narrow bowl over two weights with curvatures 1 and 9. Its lowest point is $c$. The blue arrow is one
# step with the best single rate, the purple arrow one step with the best rate for each weight. *Best* means: the lowest mean loss after the
# step, over starts in all directions. On the right stands the share of the mean loss that is left.
#
# **Drag θ** and compare the two arrows. **Predict**: what happens to the purple arrow when the bowl turns by 10 degrees, by 20, by 45?
# Then turn it. At last choose *the start θ alone*, turn the bowl to 60 degrees, drag θ, and watch the signs of the two rates.

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

from metalearn_lab.explorers.turning_bowl_explorer import TurningBowlExplorer

TurningBowlExplorer(steepness=(1.0, 9.0)).show()

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Let one student turn the bowl while the others call out the two shares. Ask what the two rates *could* do with a
# turned bowl: they stretch the gradient along the two axes of the picture, and those are no longer the axes of the bowl. Then ask for a
# negative rate, and for the reason.

# %% tags=["nbval-check-output", "hide-output"]
import torch

from metalearn_lab.experiments.turning_bowl import turning_bowl
from metalearn_lab.workbook.facts import finding, proof

print("angle   one rate   a rate for each weight (mean loss after one step; 5 before it)")
for degrees in (0, 5, 10, 20, 45):
    bowl = turning_bowl((1.0, 9.0), degrees)
    one, each = bowl.best_single_rate(), bowl.best_rates()
    after = [bowl.loss_after(rates).item() for rates in (one, each)]
    print(
        f"{degrees:>4}°   {after[0]:.4f}     {after[1] + 1e-9:.4f}, rates {each[0]:.3f}, {each[1]:.3f}"
    )
straight, turned = turning_bowl((1.0, 9.0), 0), turning_bowl((1.0, 9.0), 45)
proof(
    "not turned: the best rates are 1/a",
    straight.best_rates() * torch.tensor([1, 9]) - 1,
    above=-1e-9,
    below=1e-9,
)
proof(
    "not turned: they leave no loss",
    straight.loss_after(straight.best_rates()),
    above=-1e-9,
    below=1e-9,
)
proof("not turned: one rate leaves 0.3945", straight.loss_after(one), above=0.3945, below=0.3946)
gap = turned.loss_after(turned.best_single_rate()) - turned.loss_after(turned.best_rates())
proof("turned by 45°: nothing is gained (difference)", gap, above=-1e-9, below=1e-9)
start = torch.tensor([1.5, 0.9], dtype=torch.float64)
alone = turning_bowl((1.0, 9.0), 60, start).best_rates()
proof("60°, one start: the best second rate is negative", alone[1], below=0)

# %% [markdown]
# <details><summary>What happens</summary>
#
# When the bowl's axes are those of the weights, two rates take it to its centre in *one* step, from anywhere: $\alpha_i = 1/a_i$. One
# rate leaves 7.9 % of the loss. Turned by 10 degrees, two rates still leave three quarters of what one rate leaves; by 20 degrees, 94 %; by
# 45 degrees, all of it. Rates can only stretch the gradient along the axes of the weights. Multiplying a gradient by a matrix before the step is called
# **preconditioning**. Learned rates are the diagonal of such a matrix. To undo a turned bowl you need the whole matrix.
#
# And a rate may turn **negative**: for one start, or for starts that all lie on one side, going up along one weight can be right, because the
# other weight pulls the other way.
#
# </details>
#
# ## Rates of a network
#
# Now 1,761 rates, on the sinusoids of chapter [03](03_maml.ipynb), with $k = 5$ inner steps. Three learners:
#
# - **MAML**: one α, tuned.
# - **Meta-SGD**: a rate for each weight, the same in all steps.
# - **MAML++**: a rate for each *layer's* weights and biases and each *step*, 30 in all. It also adds up the query losses after every step
#   early in training, and ends with the last one alone.
#
# The outer optimiser is Adam. It moves the start by about β in each outer step, and that would be far too much for a rate of 0.01. So the
# rates get an outer step size of their own, $\beta_\alpha$. Each learner tried sixteen settings with `seed = 0` (α or the first rate, β, and $\beta_\alpha$
# where rates are learned; for MAML more values of α and β instead). Its four best were trained with two more seeds, and the lowest mean loss on
# validation tasks decided.
#
# **Predict.** Whose loss is lowest after five steps, and how many of the 1,761 rates are negative? What happens if $\beta_\alpha$ is three times as large?

# %%
from torch.nn import functional as F

from metalearn_lab import MAML, MLP, MAMLPlusPlus, MetaSGD, Sinusoids, choose_device, to_device
from metalearn_lab.experiments.learned_rates import train_rates
from metalearn_lab.tasks.devices import device_in_words

where = choose_device(device)
print("Computing on", device_in_words(where))
KINDS = {"maml": MAML, "meta_sgd": MetaSGD, "maml_plus_plus": MAMLPlusPlus}
OWN = {
    "maml": {"inner_lr": 0.01},
    "meta_sgd": {"first_rate": 0.01},
    "maml_plus_plus": {"first_rate": 0.003, "annealing": iterations // 2},
}
# β of the start, and that of the rates
OUTER_LR = {"maml": (0.006, 0.0), "meta_sgd": (0.003, 1e-4), "maml_plus_plus": (0.003, 3e-5)}


def trained(kind, faster=1):
    """A learner after training, and whether it stayed finite; its rates move so many times faster."""
    network = MLP([1, 40, 40, 1], seed=seed).to(where)
    learner = KINDS[kind](network, F.mse_loss, inner_steps=inner_steps, **OWN[kind])
    family = Sinusoids(10, 10, "train", seed)

    def batch(i):
        return to_device(family.batch(meta_batch * i, meta_batch), where)

    start_lr, rates_lr = OUTER_LR[kind]
    sizes = (start_lr, faster * rates_lr)
    return learner, train_rates(learner, batch, iterations, *sizes, compiled=True)


learners = {kind: trained(kind)[0] for kind in KINDS}

# %% tags=["hide-output"]
from metalearn_lab import adaptation_curves
from metalearn_lab.experiments.learned_rates import flat_rates, loss_with_rates
from metalearn_lab.figures.adaptation_curves import adaptation_curves_figure
from metalearn_lab.figures.rate_histograms import rate_histograms_figure
from metalearn_lab.figures.style import LABELS, show_figure

unseen = to_device(Sinusoids(10, 100, "test", seed).batch(0, unseen_tasks), where)
curves = {kind: adaptation_curves(each, unseen, inner_steps) for kind, each in learners.items()}
ends = {LABELS[kind]: curve.loss[:, -1].mean().item() for kind, curve in curves.items()}
show_figure(
    adaptation_curves_figure(curves, ylabel="mean squared error", log_limits=(0.03, 7)),
    f"Query loss against the inner step. After {inner_steps} steps: {ends}.",
)
meta_sgd = learners["meta_sgd"]
by_layer = flat_rates(meta_sgd).split((40 + 40, 1600 + 40, 40 + 1))  # weights and biases
layers = {f"layer {i}": each for i, each in enumerate(by_layer, 1)}
names = [name for name, _ in meta_sgd.model.named_parameters()]
print("rates of MAML++ in steps 1 to", inner_steps)
for name, rates in zip(names, learners["maml_plus_plus"].rates, strict=True):
    print(f"{name:<14}", *(f"{rate:7.4f}" for rate in rates.tolist()))
negative = ", ".join(f"{name} {(each < 0).float().mean():.0%}" for name, each in layers.items())
show_figure(
    rate_histograms_figure(layers, OWN["meta_sgd"]["first_rate"]),
    f"Histograms of the learned rates of Meta-SGD, by layer; negative are: {negative}.",
)

# %% tags=["nbval-check-output", "hide-output"]
after = {kind: curve.loss[:, -1].mean().item() for kind, curve in curves.items()}
for kind in ("meta_sgd", "maml_plus_plus"):
    finding(
        f"{LABELS[kind]}'s loss after {inner_steps} steps over MAML's",
        after[kind] / after["maml"],
        below=0.8,
    )
share = (flat_rates(meta_sgd) < 0).float().mean()
finding("the share of Meta-SGD's rates that are negative", share, above=0.05, below=0.4)
drawn = torch.Generator().manual_seed(seed)


def shuffled(rates):
    """The rates of a tensor, dealt anew to its weights."""
    order = torch.randperm(rates.numel(), generator=drawn)
    return rates.flatten()[order.to(rates.device)].view_as(rates)


changes = {
    "all rates of a tensor are their mean": lambda rates: rates.mean().expand_as(rates),
    "the rates of a tensor are shuffled": shuffled,
    "negative rates are zero": lambda rates: rates.clamp(min=0),
}
for what, change in changes.items():
    times = loss_with_rates(meta_sgd, change, unseen) / after["meta_sgd"]
    finding(f"{what}: Meta-SGD's loss is so many times as high", times, above=1.5)
_, finite = trained("meta_sgd", faster=3)
finding(
    "with three times the outer step size of the rates, Meta-SGD's training diverges", not finite
)

# %% [markdown]
# TEXT NETWORK

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Collect guesses of the negative share. Ask for the three controls before you unfold them: how would they find out
# whether the values of the rates matter, or only their mean? Then ask where the tuning of α has gone.

# %% [markdown]
# ## A rate that learns while it descends
#
# Meta-SGD learns its rates across tasks. Can a rate learn *during* one descent? At step $t$ we took $\theta_t = \theta_{t-1} - \alpha\,g_{t-1}$. The
# chain rule says how the new loss depends on the rate that led to it:
#
# $$\frac{d L(\theta_t)}{d\alpha} = -\,g_t \cdot g_{t-1}, \qquad\text{so}\qquad \alpha \leftarrow \alpha + \kappa\; g_t \cdot g_{t-1}.$$
#
# This is **hypergradient descent**. Two gradients that agree make the rate grow; two that disagree make it shrink. κ is the step size of the
# rate. The loss is the bowl with curvatures 1 and 9 again, from $\theta = (1, 1)$.
#
# **Predict.** The paper starts even from $\alpha_0 = 0$. Does this remove the tuning? Move $\alpha_0$ at κ = 0.001, then κ at $\alpha_0 = 0.02$.
# Which slider hardly matters, and which one has a cliff?

# %%
from metalearn_lab.explorers.hypergradient_explorer import HypergradientExplorer

HypergradientExplorer(curvatures=(1.0, 9.0), steps=50).show()

# %% tags=["nbval-check-output", "hide-output"]
from metalearn_lab.experiments.hypergradient import hypergradient_descent

a, ones = torch.tensor([1.0, 9.0]).double(), torch.ones(2).double()
first = torch.tensor([0.0, 0.02, 0.05, 0.1, 0.15], dtype=torch.float64)
kappas = torch.tensor([0, 1e-5, 1e-4, 1e-3, 3e-3, 5e-3], dtype=torch.float64)
found = hypergradient_descent(a, ones, first[:, None], kappas, 50)
print("loss after 50 steps;  α₀ =", *(f"{rate:9g}" for rate in first.tolist()))
for kappa, losses in zip(kappas.tolist(), found.losses[:, :, -1].T.tolist(), strict=True):
    print(
        f"{f'κ = {kappa:g}':>26}",
        *(f"{loss:9.1e}" if loss < 1e6 else "  runs away"[-9:] for loss in losses),
    )
rate = torch.tensor(0.1, dtype=torch.float64, requires_grad=True)
theta_1 = ones - rate * a * ones
[slope] = torch.autograd.grad((a * theta_1**2).sum() / 2, rate)
proof("dL/dα by autograd is −g₁·g₀", slope + (a * theta_1) @ (a * ones), above=-1e-12, below=1e-12)
spread = found.losses[:4, 3, -1].log10()
proof(
    "κ = 0.001: α₀ from 0 to 0.1 changes the loss by powers of ten",
    spread.max() - spread.min(),
    below=1,
)
proof("κ = 0.003 from α₀ = 0: it runs away", not found.losses[0, 4, -1].isfinite().item())
proof(
    "κ = 0.001: the last rate, where a constant 0.197 would be best",
    found.rates[:, 3, -1],
    above=0.1,
    below=0.13,
)

# %% [markdown]
# <details><summary>What happens</summary>
#
# With a constant rate (κ = 0) everything depends on $\\alpha_0$. At κ = 0.001 it hardly matters: from 0 to 0.1 the loss after 50 steps differs
# by less than a factor of ten. But κ has a cliff. Three times as large, and the descent from $\\alpha_0 = 0$ runs away: the first gradients are
# large, so the first change of the rate is, too. A hundred times smaller, and the rate hardly moves. The tuning has not gone; **it has moved to κ**. The outer step
# size $\\beta_\\alpha$ of Meta-SGD's rates is the same story.
#
# And the rate that it finds is not the best one. It stays between 0.10 and 0.13. The best constant rate for 50 steps, 0.197, ends at a loss that is
# more than ten thousand times smaller. Hypergradient descent looks one step ahead; the next section shows what this costs.
#
# </details>
#
# ## How far ahead should it look?
#
# Hypergradient descent asks how the *next* loss would have been lower. So do all methods that train rates on short runs. What do they miss?
#
# The bowl below is seen through **noise**: each step sees a centre that is moved at random, with variance 1. It has a steep axis (curvature 1) and
# a shallow one (0.05). A step with rate α changes the mean square $A$ of the distance along an axis with curvature $h$ exactly to
#
# $$A \leftarrow (1 - \alpha h)^2 A + \alpha^2 h^2 .$$
#
# The first part shrinks with the right rate, the second is the noise that the step brings in. From these formulas a computer can find the schedule of 100 rates
# with the lowest loss at the end. It can also look only $T$ steps ahead, take these steps, and look again. $T$ is the **horizon**.
#
# **Predict.** With $T = 1$, are the rates larger or smaller than those of $T = 100$? At which $T$ does the final loss fall most? Move the
# slider.

# %%
from metalearn_lab.experiments.short_horizon import NOISY_BOWL
from metalearn_lab.explorers.horizon_explorer import HorizonExplorer

horizons = HorizonExplorer(NOISY_BOWL, steps=100)
horizons.show()

# %% tags=["nbval-check-output", "hide-output"]
last = {horizon: NOISY_BOWL.losses(rates)[-1] for horizon, rates in horizons.rates.items()}
print("horizon      ", *(f"{horizon:8d}" for horizon in last))
print("first rate   ", *(f"{rates[0]:8.2f}" for rates in horizons.rates.values()))
print("loss after 100", *(f"{loss:8.4f}" for loss in last.values()))
constant = NOISY_BOWL.losses(horizons.constant)[-1]
print(f"best constant rate: {constant:.4f}")
proof(
    "the first greedy rate is Σh²A / Σh³(A + 1)",
    horizons.rates[1][0] - 1.0025 / (2 * 1.000125),
    above=-1e-9,
    below=1e-9,
)
proof(
    "greedy ends so many times as high as the best schedule",
    last[1] / last[100],
    above=3,
    below=3.2,
)
proof("a horizon of 10 gains less than 1 % over greedy", last[10] / last[1], above=0.99, below=1)
proof(
    "the best schedule's first rate is above 2, where the steep axis diverges",
    horizons.rates[100][0],
    above=2,
)

# %% [markdown]
# <details><summary>What happens</summary>
#
# Greedy ($T = 1$) starts at 0.50 and ends 3.08 times as high as the schedule that looks at all 100 steps. That one starts at *ten*, five times the
# rate at which the steep axis diverges. It lets the loss along the steep axis explode, makes fast progress along the shallow axis, and repairs the steep
# axis at the end, which takes few steps. A learner that looks ten steps ahead sees only the explosion. Its schedule gains less than 1 % over greedy. The
# gain comes between 10 and 25 steps.
#
# This is the **short-horizon bias**: rates that are trained on short runs are too small for long ones. It is no lack of training. Each schedule
# here is the best for its horizon.
#
# </details>

# %% [markdown] tags=["instructor"]
# **Instructor, 12 minutes.** In the first picture let them find the largest κ that works from $\alpha_0 = 0$, then try it from 0.1. In the
# second, stop at $T = 10$ and ask why nothing has changed; then go to 20. Ask what this means for an optimiser that was trained on
# runs of 20 steps.

# %% [markdown]
# ## Learned rates as a fine-tuning policy
#
# A **fine-tuning policy** says how a network is fine-tuned: which weights move, in which step, how far. Can it be learned? We
# hold the start, so that *only the policy* is learned.
#
# The sentences, their vectors from a frozen encoder and the network are those of chapter [06](06_few_shot_text.ipynb), 5-way 1-shot. Its
# head starts at zero, and each policy moves the head alone, in five steps:
#
# - **one rate** for all its weights: fine-tuning of the head;
# - **a rate for each tensor and step**, 10 numbers (MAML++ with its start held, and the last loss alone);
# - **a rate for each weight**, 1,925 numbers (Meta-SGD with its start held);
# - **the gates of a meta-LSTM**, 14 numbers. The cell of an LSTM changes by $c \leftarrow f \circ c + i \circ \tilde c$. Put the weights θ for
#   $c$ and $-\nabla L$ for $\tilde c$: this is a gradient step with a rate $i$ and a **forget gate** $f$, which shrinks the weight. Both gates are
#   computed for each weight, from its gradient, the loss, the weight and the last gate. All weights share the fourteen numbers of this formula.
#
# Beside them stand methods that take no step at all: class means of the vectors, of the centred vectors, and of the **whitened** vectors of
# chapter 06, which are multiplied by a whole matrix. As a control we also whiten with the *diagonal* alone: each number of a vector is divided by its
# spread within the training classes. Each policy chose among three settings on validation classes.
#
# **Predict.** Order the rows. Where does the diagonal come?

# %%
from functools import partial

from metalearn_lab import MetaLSTM, load_table
from metalearn_lab.comparison.world import make_world
from metalearn_lab.models.feature_classifier import FeatureClassifier
from metalearn_lab.tasks.class_splits import split_with_one_validation

table = load_table("embedded")
parts = split_with_one_validation(table, seed=class_split)
encoder = {"representation": "sentence encoder", "device": where}
world = make_world(table, split_seed=class_split, classes=parts, **encoder)
few, batches = world.sampler("test").batch(0, episodes), world.sampler("train", seed=seed)
POLICIES = {  # with the outer step size of what is learned
    "one rate": (partial(MAML, inner_lr=3.0), 0.0),
    "a rate for each tensor and step": (partial(MAMLPlusPlus, first_rate=3.0, annealing=0), 0.1),
    "a rate for each weight": (partial(MetaSGD, first_rate=3.0), 0.1),
    "gates of a meta-LSTM": (partial(MetaLSTM, first_rate=3.0, largest_rate=100.0), 0.01),
}
accuracies = {}
for name, (kind, rates_lr) in POLICIES.items():
    network = FeatureClassifier(world.inputs.shape[1], world.ways).to(where)
    learner = kind(network, F.cross_entropy, inner_steps=5, adapts="head.*")
    if rates_lr:
        train_rates(learner, lambda i: batches.batch(4 * i, 4), text_iterations, 0.0, rates_lr)
    accuracies[name] = 100 * adaptation_curves(learner, few, 5).accuracy[:, -1]

# %% tags=["hide-output"]
from metalearn_lab import interval_over_tasks
from metalearn_lab.comparison.untrained import centred_mean, nearest_class_mean, whitened_mean
from metalearn_lab.evaluation.frozen_class_means import frozen_class_means

vectors, labels = world.inputs.cpu().double(), torch.tensor(table.labels)
of_class = [vectors[labels == c] for c in world.classes.train]
within = torch.cat([each - each.mean(0) for each in of_class]).square().mean(0)
centre = torch.stack([each.mean(0) for each in of_class]).mean(0)
stretched = (vectors - centre) / (within + within.mean()).sqrt()
no_steps = {
    "class means": nearest_class_mean(world, "test", episodes),
    "class means, centred": centred_mean(world, "test", episodes),
    "class means, diagonal alone": frozen_class_means(
        world.sampler("test", stretched).batch(0, episodes), world.ways
    ),
    "class means, whitened": whitened_mean(world, "test", episodes, shrinkage=1.0),
}
accuracies |= {name: 100 * each.cpu() for name, each in no_steps.items()}
print(f"accuracy in %, {episodes} unseen episodes of class split {class_split}, 95 % interval")
for name, accuracy in accuracies.items():
    print(f"{name:<32} {interval_over_tasks(accuracy)}")

# %% tags=["nbval-check-output", "hide-output"]
means, whitened = accuracies["class means"], accuracies["class means, whitened"]
for name in POLICIES:
    points = (accuracies[name] - means).mean()
    finding(f"{name}: points above class means without a step", points, above=-1, below=1)
rates_gain = (accuracies["a rate for each weight"] - accuracies["one rate"]).mean()
finding("points that a rate for each weight gains over one rate", rates_gain, above=0)
most = max(accuracies[name].mean() for name in POLICIES)
finding("points by which whitening is above the best policy", whitened.mean() - most, above=1)
diagonal = accuracies["class means, diagonal alone"]
finding(
    "points by which the whole matrix is above its diagonal", (whitened - diagonal).mean(), above=1
)

# %% [markdown]
# TEXT SENTENCES

# %% [markdown] tags=["instructor"]
# **Instructor, 7 minutes.** Let them say what a rate for each weight of the head can do to a vector of 384 numbers: stretch its coordinates, and
# nothing else. Then compare this row with whitening, and with the turned bowl.

# %% [markdown]
# ## Try it yourself
#
# ### Exercise 1: write hypergradient descent (10 minutes, level 1 of 3)
#
# Return θ after some steps. Begin at `theta` with the rate `first_rate`; after each step add κ times the product of the new gradient and the
# last one to the rate. `gradient` is a function that gives the gradient at θ. The check compares six digits.
#
# <details><summary>Hint 1</summary>
#
# Keep the gradient that you took the last step with. Each step needs only one new gradient.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# The order in the loop: step, new gradient, new rate. For vectors `a @ b` is the sum of the products.
#
# </details>


# %% tags=["exercise"]
def descend_with_a_learning_rate(gradient, theta, first_rate, kappa, steps):
    """θ after hypergradient descent, a vector."""
    # <solution>
    rate, last = first_rate, gradient(theta)
    for _ in range(steps):
        theta = theta - rate * last
        now = gradient(theta)
        rate, last = rate + kappa * (now @ last), now
    return theta
    # </solution>


# %%
from metalearn_lab.exercises.learned_rates import check_hypergradient_descent

check_hypergradient_descent(descend_with_a_learning_rate)

# %% [markdown]
# ### Exercise 2: write the loss of Meta-SGD (15 minutes, level 2 of 3)
#
# One task, one step: return $L_Q(\theta - \alpha \circ \nabla L_S(\theta))$ with the mean squared error. `rates` is a dictionary with a tensor of rates for each
# weight of the model, by its name. The result must be a scalar that can be differentiated in the weights *and* in the rates. The check
# compares the loss to six digits and both gradients to five. Begin with the imports that you need.
#
# <details><summary>Hint 1</summary>
#
# Start from MAML's loss (chapter 03, exercise 1). What takes the place of `inner_lr`?
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# `functional_call(model, theta, (x,))` of `torch.func` gives outputs at other weights. The inner gradient needs `create_graph=True`.
#
# </details>


# %% tags=["exercise"]
def loss_with_rates_of_its_own(model, rates, support, query):
    """L_Q(θ − α ∘ ∇L_S(θ)), to be differentiated in θ and α."""
    # <solution>
    from torch.func import functional_call

    theta = dict(model.named_parameters())
    loss = F.mse_loss(functional_call(model, theta, (support.x,)), support.y)
    slopes = torch.autograd.grad(loss, list(theta.values()), create_graph=True)
    moved = {n: w - rates[n] * g for (n, w), g in zip(theta.items(), slopes, strict=True)}
    return F.mse_loss(functional_call(model, moved, (query.x,)), query.y)
    # </solution>


# %%
from metalearn_lab.exercises.learned_rates import check_meta_sgd_loss

check_meta_sgd_loss(loss_with_rates_of_its_own)

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Start exercise 2 in class, in pairs; the check names a lost graph. Exercise 1 is homework.

# %%
from metalearn_lab.workbook.headline import headline

headline(
    f"After {inner_steps} steps the error is {after['maml']:.2f} with one tuned rate, "
    f"{after['meta_sgd']:.2f} with a learned rate for each weight and {after['maml_plus_plus']:.2f} with one for "
    f"each layer and step ({unseen_tasks} unseen sinusoids).",
    curves=curves,
    negative_share=share.item(),
)

# %% [markdown]
# ## What to remember
#
# - REMEMBER
#
# ## Sources
#
# - Li, Zhou, Chen, Li: *Meta-SGD: Learning to Learn Quickly for Few-Shot Learning*, 2017,
#   [arXiv:1707.09835](https://arxiv.org/abs/1707.09835), equations 3 and 4.
# - Antoniou, Edwards, Storkey: *How to train your MAML*, ICLR 2019, [arXiv:1810.09502](https://arxiv.org/abs/1810.09502).
# - Baydin, Cornish, Martínez Rubio, Schmidt, Wood: *Online Learning Rate Adaptation with Hypergradient Descent*, ICLR 2018,
#   [arXiv:1703.04782](https://arxiv.org/abs/1703.04782).
# - Wu, Ren, Liao, Grosse: *Understanding Short-Horizon Bias in Stochastic Meta-Optimization*, ICLR 2018,
#   [arXiv:1803.02021](https://arxiv.org/abs/1803.02021).
# - Ravi, Larochelle: *Optimization as a Model for Few-Shot Learning*, ICLR 2017: the meta-LSTM.
#
# Next: [14 Scaling up](14_scaling_up.ipynb).
