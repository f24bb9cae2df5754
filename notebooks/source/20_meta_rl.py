# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/20_meta_rl.ipynb)
#
# # A goal to find: meta-reinforcement learning
#
# After this chapter you will be able to
#
# - compute what a policy can earn without adapting, and what it can earn at most;
# - take an inner step from rewards alone, with REINFORCE;
# - say which part of the meta-gradient the usual program leaves out, and measure whether this matters;
# - compare meta-learned adaptation with baselines that need no meta-learning.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% tags=["parameters"]
# Leave these as they are for now.
draws: int = 20_000  # estimates of a derivative, each from 20 actions
gradient_draws: int = 40  # meta-gradients of each kind, each over 100 goals
score_draws: int = 100  # the same of the kind with score term
iterations: int = 150  # outer steps of the two trainings, a multiple of 10
inner_lr: float = 3.0  # α, the inner step size of the two trainings
outer_lr: float = 0.01  # β of the two trainings
seed: int = 0  # of the policies, goals and walks
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## A goal that the policy does not see
#
# So far, a task came with examples and answers. In **reinforcement learning** there are no answers. An agent acts, and a **reward** says how good the action was.
#
# Our agent is a point. It starts in the middle of a square of side 1 and takes 15 steps, each of at most 0.1 in $x$ and in $y$. After each step the reward is minus the distance to a **goal**. We report the mean per step. These 15 steps are a **walk** (often called *trajectory*). Each task has its own goal, uniform in the square. **The agent does not see the goal.**
#
# A **policy** chooses the action. Ours is a small network with weights θ. It maps the place of the point to the mean action. To explore, we add normal noise.
#
# To adapt, the agent makes 20 walks, reads their rewards, and takes an inner step of **inner step size α**. Below, grey lines are 8 of the walks. Thick paths show the policy without noise, before and after inner steps. On the right is the reward.
#
# **Predict, then drag.** (1) With 0 inner steps, drag the goal. Does the path change? (2) Set *inner steps* to 1. Does the path of the *meta-trained* start now end at the goal, wherever you drag it? (3) Choose *trained jointly* (trained without inner steps). Where does it go? Does it adapt at α = 1? At α = 10?

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

from metalearn_lab import choose_device
from metalearn_lab.comparison.navigation import read_starts
from metalearn_lab.explorers.navigation_explorer import NavigationExplorer
from metalearn_lab.tasks.devices import device_in_words

where = choose_device(device)
print("Computing on", device_in_words(where))
saved = read_starts()
shown = {"meta-trained": saved["usual"], "trained jointly": saved["joint"]}
shown["untrained"] = saved["from scratch"]
NavigationExplorer(shown, "meta-trained").show()

# %% [markdown] tags=["instructor"]
# **Instructor, 8 minutes.** Let one student drag the goal with 0 inner steps until the class says why nothing moves. Then one inner step. Ask what the agent learns from the grey walks: where the goal is, or only which walks earned more?

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) No. Without an inner step, the policy has no information about the goal, so it does the same for all goals. (2) Nearly. It goes in about the right direction, but it may stop too early or pass the goal. More inner steps do not always help: each reads 20 new walks, and their noise can spoil a good policy. (3) It stays near the middle. After an inner step with α = 1 it moves only a little; with α = 10 it adapts too. With α = 10 the meta-trained start fails. So in these saved starts α decides much, and **each start needs its own α**.
#
# </details>

# %% [markdown]
# ## What can be earned without adapting?
#
# Suppose that a policy never reads the rewards. At step $t$ the agent is at some place $s$, which does not depend on the goal $g$. Its expected reward there is $-f(s)$, with $f(s) = \mathbb{E}_g\lVert s - g\rVert$.
#
# The function $f$ is convex, because it is a mean of convex functions. The square is symmetric, so $f(-s) = f(s)$. Hence
#
# $$f(0) \le \tfrac12 f(s) + \tfrac12 f(-s) = f(s).$$
#
# So no place is better than the middle, at any step. **The best policy that does not adapt stands still.** Its reward per step is an integral over the square:
#
# $$-f(0) = -\frac{\sqrt2 + \ln(1+\sqrt2)}{6} = -0.382598.$$
#
# This is the **ceiling without adaptation**. An agent that earns more, on average over goals, must have used the rewards.
#
# And what can be earned at most? An agent that *sees* the goal goes straight there. After $t$ steps it can be anywhere within $0.1\,t$ of the middle, in $x$ and in $y$. At every step, it goes to that reachable place which is nearest to the goal.
#
# **Predict.** How much does an agent earn per step if it sees the goal: about −0.3, −0.1 or −0.03?

# %% tags=["nbval-check-output", "hide-output"]
import torch

from metalearn_lab.experiments.navigation import for_each_goal, reward_without_noise, start_policy
from metalearn_lab.tasks.navigation import CEILING, HALF_SIDE, rewards_of
from metalearn_lab.tasks.navigation import seen_goal_reward, straight_places
from metalearn_lab.workbook.facts import finding, proof

middles = HALF_SIDE * ((torch.arange(400, dtype=torch.float64) + 0.5) / 200 - 1)
every_goal = torch.cartesian_prod(middles, middles)  # 400 × 400 goals, evenly in the square
places = torch.tensor([[0.0, 0], [0.1, 0], [0, -0.1], [0.2, 0.1], [0.5, 0.5]]).double()
mean_rewards = torch.stack([rewards_of(place, every_goal).mean() for place in places])
print(f"The ceiling: {CEILING:.6f}. With the goal in sight: {seen_goal_reward():.6f}")
proof("the formula of the ceiling, by a sum", (mean_rewards[0] - CEILING).abs(), below=5e-6)
proof("four other places earn less than the middle", mean_rewards[1:] - CEILING, below=0)
straight = rewards_of(straight_places(every_goal), every_goal[:, None]).mean()
proof("the formula of the seen goal, by a sum", (straight - seen_goal_reward()).abs(), below=5e-6)
some_goals = every_goal[::37].float()
walks_away = start_policy(seed)
walks_away["b2"] = torch.tensor([1.0, -0.5])  # its action is the same at every place
reward = reward_without_noise(for_each_goal(walks_away, len(some_goals)), some_goals).mean()
proof("a policy that moves without reading rewards earns less", reward - CEILING, below=0)

# %% [markdown] tags=["instructor"]
# **Instructor, 6 minutes.** Draw the square and let the class vote for the best place to stand. Then ask whether a policy that walks in a spiral could be better on average. The inequality answers for every step.

# %% [markdown]
# <details><summary>What happens</summary>
#
# It earns −0.0337. This is not 0, because even an agent that sees the goal needs some steps to get there. So adaptation can raise the reward from −0.383 to at most −0.034.
#
# </details>

# %% [markdown]
# ## REINFORCE: a gradient from rewards
#
# We want the gradient of the expected reward in θ. But the reward is not a function of θ that we can differentiate: the world is unknown. **REINFORCE** needs only $p_\theta(a)$, the probability density with which the policy chooses the action $a$:
#
# $$\nabla_\theta\,\mathbb{E}[r] = \mathbb{E}\big[(r - b)\,\nabla_\theta\log p_\theta(a)\big].$$
#
# The **score** $\nabla_\theta\log p_\theta(a)$ points in the direction that makes the action more likely. The **baseline** $b$ is a number that does not depend on $a$ (in other chapters, a baseline is a simple method to beat). It does not change the mean, because the mean score is 0. The difference $r - b$ is the **advantage**. Actions with a positive advantage become more likely.
#
# In a walk of many steps, the **return-to-go** takes the place of $r$: the sum of the rewards from the action's own step to the last one.
#
# We first look at walks of one action, where we can compute everything. Let $a = θ + σz$ with $z$ standard normal, and $r = -\frac12(a-c)^2$. The score is $(a-θ)/σ^2$. The exact derivative of the expected reward is $-d$ with $d = θ - c$. We take $d = 1$ and $σ = 0.5$. Each estimate uses $n = 20$ actions.
#
# We compare three baselines: none, the mean of all 20 rewards, and the mean of the 19 *other* rewards.
#
# **Predict.** Which of the three have the right mean, −1? Which has the smallest standard deviation?

# %% tags=["hide-output"]
import pandas as pd

from metalearn_lab.experiments.one_action import BASELINES, reinforce, variance

θ, c, σ, n = 1.0, 0.0, 0.5, 20
numbers = torch.Generator().manual_seed(seed)
actions = (θ + σ * torch.randn(draws, n, generator=numbers, dtype=torch.float64)).to(where)
rows = {}
for name in BASELINES:
    estimates = reinforce(actions, θ, c, σ, name)
    rows[name] = {"mean": estimates.mean().item(), "standard deviation": estimates.std().item()}
    rows[name]["exactly"] = variance(θ - c, σ, n, name) ** 0.5
baselines = pd.DataFrame(rows).T.rename_axis("baseline")
baselines.round(3)

# %% tags=["nbval-check-output", "hide-output"]
error = 5 * baselines["exactly"] / draws**0.5  # five standard errors
means = pd.Series({"none": -1.0, "mean of all": -(n - 1) / n, "mean of the others": -1.0})
gap = (baselines["mean"] - means).abs() / error
proof("means: -1, -19/20, -1, within 5 standard errors", gap, below=1)
ratio = baselines["standard deviation"] / baselines["exactly"] - 1
proof("standard deviations: the closed form", ratio.abs(), below=0.05)
start = torch.tensor(θ).to(actions).requires_grad_()
log_density = -((actions[0] - start) ** 2) / (2 * σ**2)
rewards = -((actions[0] - c) ** 2) / 2
advantage = (rewards - rewards.mean()) * n / (n - 1)
(slope,) = torch.autograd.grad((log_density * advantage).mean(), start)
gap = (slope - reinforce(actions[:1], θ, c, σ, "mean of the others")[0]).abs()
proof("REINFORCE is the gradient of mean(log-density · advantage)", gap, below=1e-12)

# %% [markdown] tags=["instructor"]
# **Instructor, 8 minutes.** Write on the board why the mean score is 0: the density integrates to 1 for every θ. Then ask why a baseline must not contain the action's own reward.

# %% [markdown]
# <details><summary>What happens</summary>
#
# Without a baseline, and with the mean of the others, the mean is −1 (up to the noise of the draws). The mean of all 20 contains the action's own reward. This makes the estimate 5 % too small on average: its mean is −19/20. The two baselines reduce the standard deviation from 0.52 to 0.35 (mean of all) and 0.37 (mean of the others).
#
# Programs use the last fact of the output. They differentiate the **surrogate**: the mean of log-density times advantage. Its gradient is the estimate of REINFORCE. Its *value* means nothing.
#
# </details>

# %% [markdown]
# ## What the usual meta-gradient leaves out
#
# The inner step is $θ' = θ + α\,\hat g$, where $\hat g$ is the estimate from 20 walks. θ changes the reward after the step in two ways. It changes the step, **and it changes which walks are drawn**. Let τ be all 20 walks, and $J(θ')$ the expected reward after the step. Then
#
# $$\nabla_\theta\,\mathbb{E}_τ[J(θ')] = \mathbb{E}_τ\big[\nabla_\theta J(θ'(θ, τ))\big] + \mathbb{E}_τ\big[(J(θ') - b)\,\nabla_\theta\log p_\theta(τ)\big].$$
#
# The first part is the **usual** meta-gradient: MAML's program differentiates through the inner step and takes the walks as given. The second part is the **score term**. It favours walks that lead to a good step, even if they earn little. We call the sum of both parts **with score term**.

# %% [markdown]
# With one action, the mean of the sum (*exact*) and of the usual part have a closed form (baseline: the mean of the others):
#
# | | derivative in θ |
# | --- | --- |
# | exact | $-d\,\big((1-α)^2 + \frac{2α^2}{n-1}\big)$ |
# | usual | $-d\,(1-α)$ |
#
# Why does *usual* have only one factor $(1-α)$? The true gradient $-d$ changes with θ, so $θ'$ has the mean derivative $1-α$. The program takes the advantages as constants. They sum to 0, and $\log p$ has the same second derivative for all actions. So the program sees a constant $\hat g$, and the derivative of $θ'$ as 1.
#
# **Predict.** Here $d = 1$, so the right direction is negative. What does the usual gradient say at α = 1? At α = 1.5?

# %% tags=["hide-output"]
from metalearn_lab.experiments.one_action import drawn_meta_gradient, meta_gradient

rates = (0.1, 0.5, 1.0, 1.5)
rows, gaps = {}, []
for α in rates:
    drawn = drawn_meta_gradient(actions, θ, c, σ, α)
    closed = meta_gradient(torch.tensor(θ - c).double(), torch.tensor(α).double(), n)
    rows[α] = {"exact": closed.exact.item(), "usual": closed.usual.item()}
    rows[α] |= {"usual, drawn": drawn.usual.mean().item()}
    rows[α] |= {"with score term, drawn": drawn.exact.mean().item()}
    rows[α] |= {"noise of usual": drawn.usual.std().item()}
    rows[α] |= {"noise with score term": drawn.exact.std().item()}
    for part, formula in zip(drawn, closed, strict=True):
        gaps.append((part.mean() - formula).abs().item() / part.std().item() * draws**0.5)
one_action = pd.DataFrame(rows).T.rename_axis("α")
one_action.round(3)

# %% tags=["nbval-check-output", "hide-output"]
proof("both parts and their sum: the formulas, within 5 standard errors", gaps, below=5)


def expected_reward(d, α):
    """−½ E[(d + α ĝ)²]: mean and variance of ĝ are known."""
    return -((1 - α) ** 2 * d**2 + α**2 * variance(d, σ, n, "mean of the others")) / 2


step = 1e-5
slopes = [(expected_reward(1 + step, α) - expected_reward(1 - step, α)) / (2 * step) for α in rates]
gap = [abs(a - b) for a, b in zip(slopes, one_action["exact"], strict=True)]
proof("the formula of the exact derivative, by finite differences", gap, below=1e-8)
noise_ratio = one_action["noise with score term"] / one_action["noise of usual"]
finding("one action: noise with score term, over that of usual", noise_ratio, above=3)

# %% [markdown] tags=["instructor"]
# **Instructor, 9 minutes.** Derive the line *usual* on the board: the derivative of $θ + α\hat g$ is 1, because the advantages sum to 0. Then ask which of the two gradients the class would take for training, and why nobody can say yet.

# %% [markdown]
# <details><summary>What happens</summary>
#
# At α = 0.5 the usual gradient is nearly twice as large as the exact one. At α = 1 it is 0, although the exact derivative is −0.105. At α = 1.5 it is +0.5 and **points the wrong way**: the exact derivative is −0.487. *With score term*, the mean is right at every α, up to the noise of the 20,000 draws.
#
# But look at the last two columns. *With score term*, the noise of a single estimate is more than 3 times that of *usual*, at every α and in all five seeds. The price of a right mean is noise.
#
# </details>

# %% [markdown]
# ## The same gradients in navigation
#
# We return to the square. The policy has 162 weights, and a walk has 15 steps. We compare four meta-gradients:
#
# - *first order*: the inner gradient is taken as a constant, as in chapter 04;
# - *usual*: the first part alone;
# - *with score term*: both parts. The baseline $b$ is what standing still would earn for this goal, plus the mean gain of the other goals over standing still;
# - *exact*: our world is a known formula, so we can differentiate through the walks themselves, including how θ moves them. No agent in an unknown world can do this. We use it to judge the other three.
#
# The table compares the mean of each over 4,000 goals (10,000 for *with score term*) with the exact one, at the untrained start. Here α has four values; the next section uses settings from 0.1 to 30. The row *exact, other goals* is a control: it measures *exact* a second time, with new goals. The *cosine* is 1 for the same direction and −1 for the opposite one. *Length* and *noise* are given as multiples of the length of the exact gradient. *Noise* is the standard deviation of the gradient of a single goal.
#
# **Predict.** Does the usual gradient point in about the right direction at α = 0.3? At α = 1? At α = 10?

# %% tags=["hide-output"]
from metalearn_lab.experiments.navigation_gradients import compared, meta_gradients

counts = dict.fromkeys(("exact", "first order", "usual"), gradient_draws)
counts["with score term"] = score_draws
untrained, rows = start_policy(seed, where), {}
for α in (0.3, 1.0, 3.0, 10.0):
    gradients = {k: meta_gradients(untrained, α, k, count, seed) for k, count in counts.items()}
    other_goals = meta_gradients(untrained, α, "exact", gradient_draws, seed + 100)
    for kind, own in (gradients | {"exact, other goals": other_goals}).items():
        rows[f"α = {α:g}", kind] = compared(own, gradients["exact"])._asdict()
directions = pd.DataFrame(rows).T
directions.round(2)

# %% tags=["nbval-check-output", "hide-output"]
cosine, length, noise = (directions[part].unstack() for part in ("cosine", "length", "noise"))
finding("every α: cosine of exact, other goals", cosine["exact, other goals"], above=0.7)
finding("α = 0.3: cosine of usual", cosine.loc["α = 0.3", "usual"], below=-0.9)
finding("α = 0.3: cosine of first order", cosine.loc["α = 0.3", "first order"], below=-0.6)
finding("α = 1: cosine of usual", cosine.loc["α = 1", "usual"], above=0.9)
finding("α = 1: length of usual", length.loc["α = 1", "usual"], above=0.2, below=0.8)
finding("α = 3: cosine of usual", cosine.loc["α = 3", "usual"], below=0.7)
first_order = cosine["first order"]
finding("α = 1 and 3: cosine of first order", first_order[["α = 1", "α = 3"]], above=0.9)
finding("α = 10: cosine of first order", first_order["α = 10"], below=-0.5)
finding("α = 10: cosine of usual", cosine.loc["α = 10", "usual"], below=0)
finding("every α: cosine of with score term", cosine["with score term"], above=0.3)
ratio = noise["with score term"] / noise["usual"]
finding("every α: noise of with score term, over that of usual", ratio, above=2)

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Ask how the row *exact* could be had in a real robot: it could not. That is why we use it to judge here, and not as a method.

# %% [markdown]
# <details><summary>What happens</summary>
#
# At α = 0.3 the usual gradient points **nearly the opposite way**: its cosine is below −0.9 in all five seeds. First order does so too (below −0.6). At α = 1 both directions are right (cosine above 0.9 in all five), but the usual gradient is only 0.2 to 0.8 times as long as the exact one.
#
# At α = 3 first order is still right (above 0.9), but the cosine of *usual* is below 0.7. At α = 10 **both point away from the exact gradient**, in all five seeds: first order has a cosine below −0.5, and *usual* a cosine below 0. This is no accident of few goals: *exact, other goals* has a cosine above 0.7 at every α. Why the direction turns round between these α, this table cannot say.
#
# In theory *with score term* has exactly the right mean. Its cosine is above 0.3 at every α in all five seeds. It is not 1, because even means over thousands of goals are noisy. Its noise is more than 2 times that of *usual*, at every α in all five seeds.
#
# </details>

# %% [markdown]
# ## What adaptation earns
#
# Which gradient trains better: a **biased** one (its mean is wrong) with little noise, or an unbiased one with much? First come two trainings here, each with 150 outer steps of 20 goals. Row 30 shows the reward after one inner step, averaged over outer steps 21 to 30.
#
# Then comes a saved table. Every method but one had 21 trials of α and β: two trainings each, judged on validation goals. The table shows five other trainings, on 256 test goals, with the settings that were best after 1 or 5 inner steps. Meta-training always took one inner step, even for *after 5 steps*.
#
# - *from scratch*: the untrained policy, with 21 values of α;
# - *joint*: trained without inner steps, then fine-tuned by the same inner steps;
# - *with score term, 8 × goals*: a control with 160 goals in an outer step. It takes the α and β of *with score term*, and had no trials of its own.
#
# Last come three searches without training. They read 20 walks of an untrained policy:
#
# - *repeat the best walk*: repeat the actions that earned most;
# - *best place*: go straight to the visited place with the highest reward;
# - *fit the goal*: it knows that a reward is minus a distance. Three places and their distances determine the goal, by least squares.
#
# **Predict.** Sort *from scratch*, *joint*, *usual*, *with score term* and *fit the goal* after one inner step.

# %% tags=["hide-output"]
from metalearn_lab.experiments.navigation import train_policy

curves = {}
for kind in ("usual", "with score term"):
    rates = {"inner_lr": inner_lr, "outer_lr": outer_lr, "iterations": iterations}
    _, rewards = train_policy(kind, **rates, seed=seed, device=where)
    curves[kind] = torch.tensor(rewards).reshape(-1, 10).mean(1)[::2]
steps = [20 * i + 10 for i in range(len(curves["usual"]))]
pd.DataFrame(curves, index=pd.Index(steps, name="outer steps")).round(3)

# %% tags=["hide-output"]
from metalearn_lab.comparison.navigation import goal_grid, means_over_seeds, read_rewards

table = read_rewards()
print("Reward per step; mean and 95 % interval over five trainings")
means_over_seeds(table)

# %% tags=["hide-output"]
from metalearn_lab.experiments.goal_search import best_place, best_walk_reward, fitted_goal
from metalearn_lab.experiments.goal_search import straight_reward
from metalearn_lab.experiments.navigation import Walks, drawn_noise, walk

goal = goal_grid().to(where)
policy = for_each_goal(start_policy(seed, where), len(goal))
noise = drawn_noise(len(goal), torch.Generator().manual_seed(seed), goal)
walks = walk(policy, goal, noise)
three_steps = Walks(*(part[:, :1, :3] for part in walks))
searches = {
    "repeat the best walk": best_walk_reward(walks),
    "best place": straight_reward(best_place(walks), goal),
    "fit the goal": straight_reward(fitted_goal(walks), goal),
    "fit the goal, three steps": straight_reward(fitted_goal(three_steps), goal),
}
searches = pd.Series({name: reward.mean().item() for name, reward in searches.items()})
searches.round(3)

# %% tags=["nbval-check-output", "hide-output"]
runs = {"saved": "5 trainings"}
rewards = table.pivot_table("after", ["steps", "method"], "seed")
finding("all methods earn more than the ceiling", rewards.to_numpy() - CEILING, above=0, **runs)
after_1, after_5 = rewards.loc[1], rewards.loc[5]
joint, usual = after_1.loc["joint"], after_1.loc["usual"]
finding("1 step: usual is ahead of joint", usual - joint, above=0, **runs)
lead = joint - after_1.loc["from scratch"]
finding("1 step: joint is ahead of from scratch", lead, above=0, **runs)
lead = (after_1.loc[["usual", "first order"]] - after_1.loc["exact"]).to_numpy()
finding("1 step: usual, first order, exact: level", lead, above=-0.01, below=0.01, **runs)
wins = float((after_5.loc["joint"] > after_5.loc["usual"]).sum())
finding("5 steps: joint is ahead of usual in 3 of 5", wins, above=2, below=4, **runs)
behind = [after.loc["with score term"] - after.loc["usual"] for after in (after_1, after_5)]
finding("1 and 5 steps: with score term is behind usual", behind, below=0, **runs)
eight = after_1.loc["with score term, 8 × goals"]
lead = eight - after_1.loc["with score term"]
finding("1 step, with score term: 8 × goals are ahead of 1 ×", lead, above=0, **runs)
finding("1 step: 8 × goals, still behind usual", eight - usual, below=0, **runs)

# %% tags=["nbval-check-output", "hide-output"]
fits = ["fit the goal", "fit the goal, three steps"]
gap = (searches[fits] - seen_goal_reward()).abs()
proof("fit the goal: as good as seeing it", gap, below=0.002)
lead = searches["best place"] - after_1.to_numpy()
finding("best place: ahead of every training after 1 step", lead, above=0)
lead = curves["usual"][-1] - curves["with score term"][-1]
finding("this notebook: usual ends ahead of with score term", lead, above=0)

# %% [markdown] tags=["instructor"]
# **Instructor, 9 minutes.** Collect the sorted rows in writing. After the table, ask what *fit the goal* knows that the policy does not know (two things: the form of the reward, and how to walk straight to a place). Then ask for a world in which *fit the goal* would fail and the policy would not.

# %% [markdown]
# <details><summary>What happens</summary>
#
# **Adaptation earns a lot.** All methods are above the ceiling without adaptation, in all five trainings. After one inner step, *usual* earns −0.157 instead of −0.383.
#
# **Most of this needs no meta-learning.** One inner step earns −0.195 from scratch and −0.170 from *joint*. In all five trainings joint is ahead of from scratch, and usual is ahead of joint, by 0.013 on average. After 5 steps, joint is ahead of usual in three of five.
#
# **The bias did no visible harm.** After one step, *usual* and *first order* differ from *exact* by less than 0.01, in all five. Yet they use α = 3 and 10. At the untrained start, these directions are poor: see the table above. We did not measure directions later in training.
#
# **The noise did.** In all five, *with score term* is behind usual after 1 and after 5 steps. With 8 times as many goals, at the same α and β, it gains after one step, in all five: noise is a part of the reason. It stays behind usual there, but it had no trials of its own: with another α and β it might earn more. In the two trainings of this notebook, usual is ahead at the end, in all five seeds.
#
# </details>

# %% [markdown]
# <details><summary>What the searches show</summary>
#
# **A search beats them all.** *Fit the goal* finds the goal after three steps, then earns as much as with the goal in sight. *Best place* knows less, and is also ahead of all trained methods after one inner step. This world is easy: rewards have no noise and depend on the place alone. Before you meta-learn, ask what a search would find.
#
# </details>

# %% [markdown]
# ## Try it yourself
#
# ### Exercise 1: write the advantages (10 minutes, level 2 of 3)
#
# `rewards` is a tensor `[walks, steps]` for one goal. Return the advantage of each action, in the same shape, right to six digits: its return-to-go minus the mean return-to-go of the *other* walks at the same step.
#
# <details><summary>Hint 1</summary>
#
# `cumsum` sums from the left. Reverse the order of the steps with `flip(1)` before and after `cumsum`.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# Let $m$ be the mean of all $n$ numbers. A number $x$ minus the mean of the *others* is $(x - m)\,n/(n-1)$.
#
# </details>


# %% tags=["exercise"]
def my_advantages(rewards):
    """Return-to-go minus the mean of the other walks, [walks, steps]."""
    # <solution>
    to_go = rewards.flip(1).cumsum(1).flip(1)
    walks = len(rewards)
    return (to_go - to_go.mean(0)) * walks / (walks - 1)
    # </solution>


# %%
from metalearn_lab.exercises.meta_rl import check_my_advantages

check_my_advantages(my_advantages)

# %% [markdown]
# ### Exercise 2: write the meta-surrogate with the score term (20 minutes, level 3 of 3)
#
# Return one number, a tensor, whose gradient estimates the *whole* meta-gradient. The check compares the gradient; the value of your number may be anything. You are given
#
# - `after` `[goals]`: the surrogates of the walks after the inner step. The gradient of their mean is the usual meta-gradient;
# - `rewards` `[goals]`: the reward after the step, for each goal;
# - `log_before` `[goals, walks, steps]`: the log-densities of all actions before the step.
#
# All three carry a computation graph. The **gain** of a goal is its reward minus a baseline: here the mean reward of the *other* goals.
#
# <details><summary>Hint 1</summary>
#
# The walks of a goal are independent, and so is the noise of their steps. So $\log p_\theta(τ)$ is the sum over walks and steps.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# In the score term, we differentiate only $\log p_\theta(τ)$. Use `.detach()` on the gain.
#
# </details>


# %% tags=["exercise"]
def my_meta_surrogate(after, rewards, log_before):
    """A number whose gradient has both parts."""
    # <solution>
    goals = len(rewards)
    gain = (rewards - rewards.mean()) * goals / (goals - 1)
    return (after + gain.detach() * log_before.sum((1, 2))).mean()
    # </solution>


# %%
from metalearn_lab.exercises.meta_rl import check_my_meta_surrogate

check_my_meta_surrogate(my_meta_surrogate)

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Start exercise 1 in class, in pairs; exercise 2 is homework. Watch for `cumsum` in the wrong direction: it judges an action by what came before it.

# %%
from metalearn_lab.workbook.headline import headline

after_one = after_1.mean(axis=1)
headline(
    f"A hidden goal, reward per step: {CEILING:.3f} at most without adapting, "
    f"{after_one['usual']:.3f} after one meta-learned step, {after_one['joint']:.3f} after one step "
    f"from a jointly trained policy, {searches['fit the goal']:.3f} by least squares.",
    ceiling=CEILING,
    usual=after_one["usual"],
    joint=after_one["joint"],
    fit=searches["fit the goal"],
)

# %% [markdown]
# ## What to remember
#
# - Compute both limits first: the ceiling without adaptation, and what an agent earns if it sees the goal.
# - REINFORCE needs no derivative of the world. A baseline can reduce its noise. The mean of the *others* as baseline leaves its mean right.
# - MAML's usual program takes the walks as given. The score term corrects the mean of the meta-gradient, but it adds much noise.
# - Here the bias did no visible harm, but the noise did. After one inner step, usual, first order and exact differed by less than 0.01, and *with score term* was behind usual, in all five trainings.
# - One inner step from a jointly trained policy, with a tuned α, earned nearly as much as one from a meta-trained policy (−0.170 and −0.157). Least squares earned far more (−0.034).
#
# ## Sources
#
# - Williams: *Simple Statistical Gradient-Following Algorithms*, Machine Learning 8, 1992 (REINFORCE).
# - Finn, Abbeel, Levine: *MAML*, ICML 2017, [arXiv:1703.03400](https://arxiv.org/abs/1703.03400), section 5.3; program [cbfinn/maml_rl](https://github.com/cbfinn/maml_rl).
# - Stadie and others: *Some Considerations on Learning to Explore via Meta-Reinforcement Learning*, 2018, [arXiv:1803.01118](https://arxiv.org/abs/1803.01118) (E-MAML).
# - Foerster and others: *DiCE*, ICML 2018, [arXiv:1802.05098](https://arxiv.org/abs/1802.05098).
# - Rothfuss and others: *ProMP*, ICLR 2019, [arXiv:1810.06784](https://arxiv.org/abs/1810.06784).
#
# Next: [21 Other languages, and images](21_other_languages_and_images.ipynb).
