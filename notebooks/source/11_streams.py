# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/11_streams.ipynb)
#
# # Streams: learning from one task after another
#
# A voice assistant gets new commands every month. It cannot wait until all of them are known. In a **stream** the tasks arrive one by one, and the learner must be ready for each. We ask two questions. From which start should the learner meet the next task? And what does it forget of the old ones?
#
# After this chapter you will be able to
#
# - follow the **meta-leader** of a stream (the best single start for all tasks so far), and measure its **regret** (what it costs more than the best single start chosen afterwards);
# - say what the order of the tasks changes, and for which learners;
# - measure what a learner forgets, and protect old knowledge with a penalty on the weights;
# - draw one data set in three ways: few-shot, zero-shot and continual.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% tags=["parameters"]
# Leave these as they are for now.
episodes: int = 100  # tasks of a draw that each few-shot and zero-shot accuracy is taken over
draws_of_twenty: int = 20  # continual draws that each row is taken over
rounds: int = 1000  # rounds of the last game
seed: int = 0  # of the drawn bowls, sentences and games
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## Tasks that arrive one after another
#
# In a stream, round $t$ brings one new task. The learner takes an inner step from its start $w_t$, and we measure the loss after it. Only then it may train on the task and choose $w_{t+1}$.
#
# Take the bowls of chapter 00: $f(w) = \frac a2(w-c)^2$, with **curvature** $a$ and **centre** $c$, the lowest point. A bowl is *steep* ($a = 9$) or *flat* ($a = 1$; "shallow" in chapter 00). A step of size α leaves the loss $\frac a2(1-\alpha a)^2(w-c)^2$. Four rules choose the next start:
#
# - **follow the meta-leader**: the single start with the lowest total loss *after* the step, over all tasks so far;
# - **train on everything**: the same, with the loss *before* the step;
# - **fine-tune the newest**: the centre of the newest task;
# - **from scratch**: always $w = 0$.
#
# The left panel shows the starts; time runs upwards. Discs are centres of steep tasks, rings of flat ones. The right panel shows the **regret**: the total loss of a rule so far, minus that of the best single start, chosen afterwards. At first α = 0: without a step, the first two rules have one curve.
#
# **Predict, then play.** (1) Move *α* to 0.1 and *tasks so far* to 200. One of the first two rules leaves the steep tasks. Which, and why? (2) Change the *order*. Which rules end elsewhere? (3) Make all *equally steep*. What do the first two do?

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

import torch

from metalearn_lab import choose_device
from metalearn_lab.explorers.stream_player_explorer import StreamPlayerExplorer
from metalearn_lab.tasks.devices import device_in_words
from metalearn_lab.workbook.facts import finding, proof

where = choose_device(device)
print("Computing on", device_in_words(where))
StreamPlayerExplorer().show()

# %% [markdown] tags=["instructor"]
# **Instructor, 11 minutes.** Ask for the side of each rule at α = 0.1 before anybody plays. Let one student drag the steep tasks (the black handle) while the others say which curves follow. In sorted orders some regrets fall below 0 and leave the right panel: read them in the table. For question 3 the students need paper: write the two weights, $a$ and $a(1-\alpha a)^2$, for equal $a$. Then set α to 0.11, where a step leaves 0.01 % of the loss of a steep task.

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) The meta-leader. It settles near the *flat* tasks, at about −0.8; training on everything stays near 0.8. One step of size 0.1 almost solves a steep task: it leaves $(1-0.9)^2 = 1\,\%$ of the loss. A flat task keeps 81 %. So the meta-leader cares for the flat tasks.
#
# (2) Only fine-tuning ends elsewhere: at the centre of the last task. A sum over all tasks does not know their order. **Following the meta-leader is not fine-tuning on the newest task.**
#
# The *regret* does depend on the order. With *flat ones first*, fine-tuning and training on everything end below 0, the meta-leader above. A start that moves with the tasks can beat every fixed one.
#
# (3) They have the same starts: with equal curvatures both weigh all tasks alike. They differ only where a step helps some tasks more than others.
#
# </details>
#
# ### The meta-leader as a formula
#
# After $t$ tasks the meta-leader is a weighted mean of the centres:
#
# $$w_{t+1} = \frac{\sum_{i\le t} v_i\, c_i}{\sum_{i\le t} v_i},\qquad v_i = a_i(1-\alpha a_i)^2 .$$
#
# Training on everything has the weights $v_i = a_i$.
#
# How fast does regret grow? Let the centres alternate, 1, −1, 1, …, all with $a = 1$ and α = 0. Then the first two rules are the same.
#
# **Predict, then run.** The regret of following the meta-leader is 2.38 after 10 tasks. After a million: about 8, about 750, or about 238,000?

# %% tags=["hide-output"]
import pandas as pd

from metalearn_lab.experiments import bowl_stream as bowl
from metalearn_lab.experiments.bowl_stream import EVERYTHING, META_LEADER, NEWEST

line = bowl.alternating(1000)
rules = (META_LEADER, EVERYTHING, NEWEST)
cost = {rule: bowl.regret(rule, line, 0.0) for rule in rules}
counts = [10, 100, 1000]
print(pd.DataFrame({f"{n:,}": {r: cost[r][n - 1].item() for r in rules} for n in counts}).round(3))
# After an odd number t of tasks the meta-leader is at 1/t, and the next centre is −1. After an even
# number it is at 0. So the regret is a sum over the odd numbers.
odd = torch.arange(1, 1_000_000, 2).double()
million = (1 / odd + 1 / (2 * odd**2)).sum()
print(f"following the meta-leader, after 1,000,000 tasks: {million:.2f}")

# %% [markdown]
# <details><summary>What happens</summary>
#
# About 8. On this stream the regret grows like $\frac12\log t$ (the natural logarithm), so each factor of ten adds about 1.15. (Growth like $\sqrt t$ would give 750, growth like $t$ would give 238,000.) So the loss *per task* comes ever closer to that of the best single start. Fine-tuning the newest has a regret of 1.5 in every round, because here the newest task is always the opposite of the next one.
#
# </details>
#
# The next cell proves these sentences. The last three lines hold for five drawn streams of 200 steep and flat bowls.

# %% tags=["nbval-check-output", "hide-output"]
three = torch.tensor([[1.0, 9, 4], [-1, 1, 0.5]]).double()  # curvatures, centres
three = bowl.BowlStream(*three)
ends = bowl.meta_leader(three, 0.1)[-1], bowl.meta_leader(three, 0.0)[-1]
proof("three bowls: the meta-leader is at 0", ends[0].abs(), below=1e-12)
proof("training on everything is at 5/7", (ends[1] - 5 / 7).abs(), below=1e-12)
back = three.in_order(torch.tensor([2, 1, 0]))
moved = [(bowl.starts(r, three, 0.1) - bowl.starts(r, back, 0.1)).abs()[-1] for r in rules]
proof("backwards: the first two rules end in the same place", moved[:2], below=1e-12)
proof("backwards: fine-tuning the newest ends elsewhere", moved[2], above=1)
same = bowl.starts(META_LEADER, line, 0.5) - bowl.starts(EVERYTHING, line, 0.5)
proof("equal curvatures: the starts of both rules are the same", same.abs().max(), below=1e-12)
gaps = cost[META_LEADER][[9, 99, 999]] - torch.tensor([2.379, 3.552, 4.706])
proof("regret after 10, 100, 1,000: 2.379, 3.552, 4.706", gaps, above=-6e-4, below=6e-4)
proof("after a million tasks", million, above=8.15, below=8.17)
proof("each round of fine-tuning the newest", cost[NEWEST][-1] / 1000, above=1.49, below=1.51)
drawn = {"steep": 9.0, "flat": 1.0, "at": (1.0, -1.0), "spread": 0.3}
drawn = [bowl.steep_and_flat(200, **drawn, seed=5 * seed + i) for i in range(5)]
ends = {r: [bowl.starts(r, each, 0.1)[-1] for each in drawn] for r in rules}
finding("where the meta-leader settles", ends[META_LEADER], above=-0.9, below=-0.7)
finding("where training on everything settles", ends[EVERYTHING], above=0.7, below=0.9)
sorted_ = [each.in_order(each.curvatures.argsort(stable=True)) for each in drawn]
paid = {r: torch.stack([bowl.regret(r, each, 0.1)[-1] for each in sorted_]) for r in rules}
signs = [paid[META_LEADER], -paid[EVERYTHING], -paid[NEWEST]]
finding("flat ones first: the sign of each regret, + − −", signs, above=0)

# %% [markdown]
# ## Two streams for networks
#
# No formula gives the meta-leader of a network. The published algorithm (Finn and others, 2019) takes some steps of MAML after each task instead, on tasks drawn from all that came so far. We take three such steps, each on up to ten tasks. Four trainings differ in two choices:
#
# | | trains the loss after inner steps | trains the loss before |
# | --- | --- | --- |
# | on **all tasks** so far | follow the meta-leader | train on everything |
# | on the **newest** task | MAML on the newest | fine-tune the newest |
#
# All four begin with the same network and take three outer steps for each task. Two cells of one *row* differ in the loss. (On intents, the right column trains a head with one output for every class; the head for a new task begins at 0.) Two cells of one *column* differ in the memory, but also in the number of tasks in a step: up to ten in the upper row, one in the lower. So a column alone cannot show that memory is the cause.

# %% [markdown]
# ### Two kinds of tasks, two orders
#
# *Sinusoids* are those of chapter 03, ten points each. *Intents* are 5-way 1-shot tasks of chapter 06's sentences, as frozen vectors. Each stream has 200 tasks. In the **drift**, the phase moves from 0 to π; intents come from a window of ten names that slides over 24 names in alphabetical order. **Shuffled**: the same tasks in a random order.
#
# *From scratch*, *predicting 0*, *ridge* and *class means* learn nothing from the stream. On sinusoids, ridge has a Gaussian kernel: near points get near answers. *Whitened class means* (chapter 06) use the covariance within the classes of past tasks; a share γ of it is replaced by a multiple of the identity. They take no gradient.
#
# Each method had at most six trials: a validation stream of the same order chose its settings and its number of inner steps. The error is the mean squared error, or the share of wrong answers, on the query set. Five seeds; for intents, each draws other classes.
#
# **Predict, then play 200 tasks.** (1) Sinusoids that drift: which is better, training on everything or fine-tuning the newest? And shuffled? (2) On sinusoids, *ridge* is far ahead of the meta-leader after five tasks. Does the meta-leader catch up? (3) Intents that drift: which training is best?
#
# The next tables also have *later tasks*: 100 new tasks of the whole family, judged from the last start. (4) After the drift, which trainings are worst on them?

# %%
from metalearn_lab.comparison.task_streams import SAVED_STREAMS
from metalearn_lab.explorers.saved_stream_explorer import SavedStreamExplorer

along = pd.read_csv(SAVED_STREAMS / "along.csv")
SavedStreamExplorer(along).show()

# %% [markdown] tags=["instructor"]
# **Instructor, 13 minutes.** Draw the table of two choices on the board first, and collect one guess for each cell. Play the drift slowly and ask at task 50, 100 and 150 what the newest task knows about the next one. Then ask what the start knows *afterwards*, about tasks from the beginning: that is the column of later tasks in the next table.

# %% tags=["hide-output"]
from metalearn_lab.comparison.task_streams import INTENTS, SINUSOIDS, error_table

summary = pd.read_csv(SAVED_STREAMS / "summary.csv")
print("Sinusoids: mean squared error; mean and 95 % interval over five seeds")
display(error_table(summary, SINUSOIDS).fillna(""))
print("Intents: share of wrong answers; mean and 95 % interval over five seeds")
error_table(summary, INTENTS)

# %% [markdown]
# <details><summary>What happens</summary>
#
# (All but the first sentence of (3) held in all five seeds.)
#
# (1) In the drift, the newest task is much like the next, and fine-tuning it beat training on everything. Shuffled, it was the other way round. **Which start is better depends on the order of the tasks.**
#
# (2) Nearly, but late. Over the stream, ridge had less than half of the meta-leader's error. This includes the first tasks, when the start knew little. On *later tasks* the two differ by less than 0.2. The meta-leader was the best of the four trainings, with less than 0.6 times the error of the next.
#
# (3) Fine-tuning the newest, in four of five seeds. It made fewer mistakes than the meta-leader. Shuffled, the meta-leader led all trainings. All four left less than 0.6 times the error of class means. But *whitened* class means left less than half of it, and no training's mean was more than 0.011 away from theirs.
#
# (4) The two that train on the newest alone: on sinusoids they are worse than *from scratch*, and MAML on the newest has over ten times the error of the meta-leader. On intents, MAML on the newest is the worst of four. It differs from the meta-leader in memory, and in the tasks per step.
#
# Caution: all four trainings chose the largest outer step size tried, whitened class means the smallest γ, *from scratch* on sinusoids all 100 steps. Others may do better.
#
# </details>

# %% tags=["nbval-check-output", "hide-output"]
runs = {"saved": "5 seeds"}
by_seed = summary.pivot_table(["error", "later"], ["stream", "order", "method"], "seed")
sin = {order: by_seed["error"].loc[SINUSOIDS, order] for order in ("drift", "shuffled")}
later = {order: by_seed["later"].loc[SINUSOIDS, order] for order in ("drift", "shuffled")}
three = ["train on everything", "MAML on the newest", "fine-tune the newest"]
ratio = [sin[o].loc[META_LEADER] / sin[o].loc[three].min() for o in sin]
finding("sinusoids: meta-leader over the best other training", ratio, below=0.6, **runs)
over = [sin[o].loc["ridge"] / sin[o].loc[META_LEADER] for o in sin]
finding("sinusoids: ridge, untrained, over the meta-leader", over, below=0.5, **runs)
begun = along[along.tasks.eq(5) & along.stream.eq(SINUSOIDS)]
begun = begun.pivot_table("error", ["order", "seed"], "method")
finding("the same after five tasks", begun["ridge"] / begun[META_LEADER], below=0.1, **runs)
gap = [later[o].loc[META_LEADER] - later[o].loc["ridge"] for o in later]
finding("later sinusoids: meta-leader less ridge", gap, above=-0.2, below=0.2, **runs)
gap = sin["drift"].loc[NEWEST] - sin["drift"].loc[EVERYTHING]
finding("sinusoids, drift: the newest less everything", gap, below=0, **runs)
gap = sin["shuffled"].loc[NEWEST] - sin["shuffled"].loc[EVERYTHING]
finding("sinusoids, shuffled: the newest less everything", gap, above=0, **runs)
after = later["drift"]
ratio = after.loc["MAML on the newest"] / after.loc[META_LEADER]
finding("later sinusoids: MAML on the newest over the meta-leader", ratio, above=10, **runs)
ratio = after.loc[["MAML on the newest", NEWEST]] / after.loc["from scratch"]
finding("later sinusoids: training on the newest over scratch", ratio.to_numpy(), above=1, **runs)

# %% tags=["nbval-check-output", "hide-output"]
text = {order: by_seed["error"].loc[INTENTS, order] for order in ("drift", "shuffled")}
trained = [META_LEADER, *three]
ratio = [text[o].loc[trained].max() / text[o].loc["class means"] for o in text]
finding("intents: every training over class means", ratio, below=0.6, **runs)
whitened = {o: text[o].loc["whitened class means"] for o in text}
ratio = [whitened[o] / text[o].loc["class means"] for o in text]
finding("intents: whitened class means over class means", ratio, below=0.5, **runs)
gap = [(text[o].loc[trained] - whitened[o]).mean(axis=1).abs() for o in text]
finding("intents: mean distance of each training to them", gap, below=0.011, **runs)
best = (text["drift"].loc[trained].idxmin() == NEWEST).sum()
finding("intents, drift: seeds of 5 where the newest is best", best, above=3, below=5, **runs)
gap = text["drift"].loc[META_LEADER] - text["drift"].loc[NEWEST]
finding("intents, drift: meta-leader less the newest", gap, above=0, **runs)
gap = text["shuffled"].loc[META_LEADER] - text["shuffled"].loc[three].min()
finding("intents, shuffled: meta-leader less the best other training", gap, below=0, **runs)
after = by_seed["later"].loc[INTENTS, "drift"].loc[trained]
gap = after.loc["MAML on the newest"] - after.drop("MAML on the newest").max()
finding("later intents: MAML on the newest less the next worst", gap, above=0, **runs)
chosen = summary.set_index("method")
ends = chosen.loc[trained, "setting"].str.endswith("β = 0.01").tolist()
ends += chosen.loc["whitened class means", "setting"].eq("γ = 0.03").tolist()
ends += chosen[chosen.stream.eq(SINUSOIDS)].loc["from scratch", "steps"].eq(100).tolist()
finding("settings chosen at the end of their range", ends, **runs)

# %% [markdown]
# ## What is forgotten?
#
# What does the learner still know of *old* tasks? It trains on task 1, then 2, then 3, and is tested on all, without adapting. After task $i$ the accuracy on task $j$ is $R_{ij}$; before training it is $b_j$. Four scores of $T$ tasks:
#
# - **accuracy**: the mean of the last row;
# - **backward transfer**: the mean of $R_{Tj} - R_{jj}$ over $j < T$; negative if later tasks did harm;
# - **forward transfer**: the mean of $R_{j-1,j} - b_j$ over $j > 1$; positive if earlier tasks helped;
# - **forgetting**: for each $j < T$ the best $R_{ij}$ with $i < T$, minus $R_{Tj}$; then the mean.
#
# Compute all four **by hand**, with $b_j = 0.1$. What changes if $R_{21}$ is 0.95?
#
# $$R = \begin{pmatrix}0.9&0.2&0.1\\0.7&0.8&0.3\\0.6&0.7&0.9\end{pmatrix}$$
#
# **Elastic weight consolidation** (EWC) ties the weights to $c_1$, where the first task ended. The second task is trained on $L_2(w) + \frac\lambda2 (w-c_1)^\top F\,(w-c_1)$. For a bowl, $F$ is its curvature, here a $2\times2$ matrix. With $\lambda=1$ this penalty *is* the first loss. A network has too many weights for such a matrix, so EWC keeps only its **diagonal**.
#
# Left: contours of both losses, and a ring at their lowest sum. Right: the **excess**, how much higher the sum is where EWC ends.
#
# **Predict, then turn from 0° to 90°.** (1) Where has the diagonal no excess? Why? (2) At 45°, can another λ remove it? (3) Where does the second task end for $\lambda=0$?

# %%
from metalearn_lab.explorers.rotation_dial_explorer import RotationDialExplorer

RotationDialExplorer().show()

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** First the four scores by hand, in pairs: three minutes. Most errors are a wrong divisor: two tasks can be forgotten, not three. Then the dial. The curve grows as you turn, so stop at 30° and ask how it goes on. At 90° ask for the reason. (The matrix is diagonal again.)

# %% [markdown]
# <details><summary>What happens</summary>
#
# By hand: accuracy 0.7333, backward transfer −0.20, forward transfer 0.15, forgetting 0.20. With $R_{21} = 0.95$ only forgetting changes, to 0.225: it counts from the best accuracy.
#
# (1) At 0° and at 90°. There the curvature *is* a diagonal matrix, so the diagonal is all of it. At other angles its off-diagonal part is lost. At 45° the excess is 0.265. Plain fine-tuning has 17.4 there, so the diagonal still keeps most of the first task.
#
# (2) Only in part. Of 100 values from 0.1 to 10, λ = 1.8 is best and leaves 0.056. (3) At the orange handle: λ = 0 is fine-tuning.
#
# </details>

# %% tags=["nbval-check-output", "hide-output"]
from metalearn_lab.evaluation.forgetting import transfer_scores
from metalearn_lab.experiments.elastic_weights import elastic_point, excess
from metalearn_lab.explorers.rotation_dial_explorer import bowls_of

R = torch.tensor([[0.9, 0.2, 0.1], [0.7, 0.8, 0.3], [0.6, 0.7, 0.9]]).double()
known = {"accuracy": 0.7333, "backward": -0.2, "forward": 0.15, "forgetting": 0.2}
for (name, value), score in zip(known.items(), transfer_scores(R, 0.1), strict=True):
    proof(f"{name}: {value}", abs(score - value), below=1e-4)
R[1, 0] = 0.95
again = torch.tensor(transfer_scores(R, 0.1)) - torch.tensor([0.7333, -0.2, 0.15, 0.225])
proof("R₂₁ = 0.95 changes forgetting alone, to 0.225", again.abs(), below=1e-4)
for degrees, value in ((0, 0.0), (20, 0.166), (45, 0.265), (90, 0.0)):
    pair = bowls_of(degrees, (1.0, 1.0), (-1.0, 0.0))
    found = excess(elastic_point(*pair, diagonal=True), *pair)
    proof(f"EWC, the diagonal, {degrees}°: excess {value}", (found - value).abs(), below=6e-4)
    found = excess(elastic_point(*pair, diagonal=False), *pair)
    proof(f"EWC, all of the curvature, {degrees}°: no excess", found.abs(), below=1e-9)
pair = bowls_of(45, (1.0, 1.0), (-1.0, 0.0))
lost = excess(pair[1].centre, *pair)
proof("EWC without a tie, 45°: excess", lost, above=17.35, below=17.45)
tries = [s / 10 for s in range(1, 101)]
costs = [excess(elastic_point(*pair, strength=s, diagonal=True), *pair).item() for s in tries]
proof("45°, the best of 100 values of λ: excess", min(costs), above=0.0555, below=0.0565)
proof("this best λ", tries[costs.index(min(costs))], above=1.75, below=1.85)

# %% [markdown]
# ### Four tasks for one network
#
# Four tasks have five intents each, with eight sentences for each intent. All tasks share five labels, as if five departments took over new requests. A network on frozen vectors must remember the label of each old intent. We compare
#
# - **fine-tuning** on the new task, and training **all at once** on every sentence so far;
# - **EWC**: the diagonal is the mean squared gradient of a label's log-probability (the *Fisher information*); each old task has its own penalty;
# - **replay**: two sentences of each old intent are kept and trained on again;
# - **class means**: one mean vector is kept for each intent; nothing is trained.
#
# The network begins *untrained*, *pretrained* to tell the other 27 intents apart, or *meta-trained* on them by MAML. Each method chooses its settings by six trials on the other intents, from the untrained start. All is repeated for ten draws of the intents.
#
# **Predict.** Which keeps more, EWC or replay? Does the meta-trained start forget less than the others?

# %% tags=["hide-output"]
from metalearn_lab import interval_over_tasks
from metalearn_lab.experiments.task_sequence import SAVED_SEQUENCES, score_table

sequences = pd.read_csv(SAVED_SEQUENCES)
scores = sequences.pivot_table(["accuracy", "forgetting"], ["start", "method"], "draw")
right, lost = {}, {}  # by method: a row for each start, a column for each draw
for method in sequences.method.unique():
    right[method] = torch.tensor(scores["accuracy"].xs(method, level="method").to_numpy())
    lost[method] = torch.tensor(scores["forgetting"].xs(method, level="method").to_numpy())
print("Mean and 95 % interval over ten draws of the intents")
score_table(sequences)

# %% [markdown] tags=["instructor"]
# **Instructor, 7 minutes.** Ask what each method keeps from an old task, in numbers: a Fisher value and an old value for each of 24,965 weights, two sentences of each intent, or one vector for each intent. Then let them predict the order of the rows. A paper on forgetting may leave out the row of class means.

# %% [markdown]
# <details><summary>What happens</summary>
#
# **Replay keeps more.** In the mean over starts, replay forgets 0.20 ± 0.06 less than fine-tuning, EWC 0.14 ± 0.05 less (± is the 95 % interval over ten draws). Replay is also 0.08 ± 0.04 ahead of EWC in accuracy. It kept ten sentences of each old task.
#
# Does meta-training help? With fine-tuning, the meta-trained start forgets less than the pretrained one, and is not told apart from the *untrained* one. With EWC it is the other way round: it forgets less than the untrained start, and is not told apart from the pretrained one. With replay, it is told apart from neither. So it was not the best under every method. These are six comparisons, and the two differences are only just larger than their intervals, so do not build on them. (The settings were chosen from the untrained start, so they may suit it best.) What was kept of the old tasks mattered more than the start.
#
# **The strongest row trains nothing.** The class means of the frozen vectors are ahead of EWC in each draw, from each start, and of replay by 0.07 ± 0.03. Even training on all sentences at once is not ahead of them from any start. No other task can overwrite the mean of an intent. They still forget 0.07 ± 0.03. This is competition: the mean of a new intent may lie nearer to an old question.
#
# </details>

# %% tags=["nbval-check-output", "hide-output"]
runs = {"saved": "10 draws"}
for method in ("replay", "EWC"):
    gap = interval_over_tasks((lost[method] - lost["fine-tuning"]).mean(0))
    finding(f"forgetting: {method} less fine-tuning", gap, below=0, **runs)
for better, other in (("replay", "EWC"), ("class means", "replay")):
    gap = interval_over_tasks((right[better] - right[other]).mean(0))
    finding(f"accuracy: {better} less {other}", gap, above=0, **runs)
gap = right["class means"] - right["EWC"]
finding("accuracy: class means less EWC, each start and draw", gap, above=0, **runs)
gap = interval_over_tasks((right["all at once"] - right["class means"]).T)
finding("accuracy: all at once less class means, each start", gap, below=0.02, **runs)
gap = interval_over_tasks(lost["class means"][0])
finding("forgetting of class means", gap, above=0, **runs)
gaps = {}  # the meta-trained start less another; starts stand in the order of their names
for method in ("fine-tuning", "EWC", "replay"):
    for other, row in (("pretrained", 1), ("untrained", 2)):
        gaps[method, other] = interval_over_tasks(lost[method][0] - lost[method][row])
for method, other in (("fine-tuning", "pretrained"), ("EWC", "untrained")):
    claim = f"forgetting with {method}: meta-trained less {other}"
    finding(claim, gaps.pop((method, other)), below=0, **runs)
for (method, other), gap in gaps.items():
    claim = f"forgetting with {method}, meta-trained less {other}: the interval holds 0"
    finding(claim, bool(gap.mean.abs() < gap.half_width), **runs)

# %% [markdown]
# ## One table, three ways to draw from it
#
# *Few-shot*, *zero-shot* and *continual* are not kinds of data. They are ways to draw from one table. We take the sentences of the 47 intents. First two of the ways:
#
# - **few-shot**: 5-way tasks with $K$ examples of each intent. The nearest class mean answers;
# - **zero-shot**: the questions of the 1-shot tasks, but no examples. Each intent has a **label text** instead, and the nearest label text answers.
#
# A label text is one of three. The *name*: `HassTurnOn/light` is read as "turn on light". The *description*: one sentence that we wrote from the name alone, before we measured anything, such as "Switches the lights of a room on." Or *both*. Where there are examples too, the label text counts as one more example of its intent.
#
# We turn a text into a vector in three ways: by the frozen *sentence encoder*, as the set of its *words*, or as the set of its *n-grams* of letters (chapter 01). A label text becomes a vector like any other text.
#
# Five draws: each takes half of the intents, and draws tasks from them.
#
# **Predict, then run.** (1) Zero-shot: is the description better than the name, with the encoder and with words? (2) Is zero-shot with the encoder better than one shot with words? (3) Does one shot beat the label text? Does the label text still help beside five shots?

# %% tags=["hide-output"]
from functools import partial

from metalearn_lab import load_table
from metalearn_lab.experiments import three_samplers
from metalearn_lab.models.sentence_encoder import sentence_vectors
from metalearn_lab.tasks.class_splits import split_classes
from metalearn_lab.tasks.sources.intent_descriptions import intent_descriptions

table, vectors, rows = load_table("embedded"), {}, []
names = [three_samplers.name_in_words(name) for name in table.classes]
described = intent_descriptions(table.classes)
both = [f"{name}. {text}" for name, text in zip(names, described, strict=True)]
label_texts = {"name": names, "description": described, "both": both}
ways = {"words": three_samplers.word_bags, "n-grams": three_samplers.ngram_bags}
for way, encode in {"encoder": partial(sentence_vectors, device=where), **ways}.items():
    vectors[way] = encode(table.texts).to(where)
    of_labels = {name: encode(texts).to(where) for name, texts in label_texts.items()}
    for i in range(5 * seed, 5 * seed + 5):
        own = {"classes": list(split_classes(table, seed=i).train), "seed": i}
        draws = {k: three_samplers.draw(table, episodes, shots=k, **own) for k in (1, 5)}
        scores = three_samplers.zero_and_few_shot(draws, vectors[way], of_labels)
        rows += [(way, label, k, i, right) for (label, k), right in scores.items()]
scores = pd.DataFrame(rows, columns=["vectors", "label text", "shots", "draw", "right"])
print(f"Per cent right among five, over {episodes} tasks; mean and 95 % interval over five draws")
three_samplers.label_text_table(scores)

# %% [markdown] tags=["instructor"]
# **Instructor, 8 minutes.** Before the tables, let three groups write down what one draw of each sampler holds: which classes, which sentences, which question. Let each student write a description of one intent before they see ours. Ask why the continual column cannot be compared with the others at first sight: after block 4 a guess is right in 5 %, not in 20 %.

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) With the encoder they are about equal: less than four points apart in the mean. With words and n-grams the description is *worse*, in each draw. *Both* together beat the name by more than two points in the mean, with the encoder and with words. We did not test why words do badly with our descriptions; another author's may do better.
#
# (2) Yes: with the name alone, by more than five points in each draw. The encoder led words and n-grams in every cell. It was pretrained on far more text; we did not test whether this is why.
#
# (3) With the encoder hardly: one shot is less than four points from the name in the mean, and *both* texts are ahead of it. Beside one shot, the name adds more than two points in each draw. Beside five it still adds, with the encoder less than two.
#
# </details>
#
# ### Intents that come block by block
#
# The third way is **continual**: twenty intents come in four blocks of five. After each block we ask about all so far. No old sentence may be kept. *Class means* keep a mean for each intent. *Ridge* keeps two sums, $\sum xx^\top$ and $\sum xy^\top$, with $x$ the vector and $y$ its one-hot label. *Newest block* fits one linear layer to the new sentences alone.
#
# **Predict, then run.** (4) Does ridge forget? (5) Class means change no old mean. Do they stay as good on the first block?

# %% tags=["hide-output"]
of_twenty, rows = three_samplers.draw(table, draws_of_twenty, shots=5, ways=20, seed=seed), {}
for way, method in (
    *(("encoder", method) for method in ("class means", "ridge", "newest block")),
    *(("words", method) for method in ("class means", "newest block")),
):
    seen, first = three_samplers.continual_mean(of_twenty, vectors[way], 4, method)
    after = {f"after block {i + 1}": 100 * value for i, value in enumerate(seen.tolist())}
    rows[way, method] = {**after, "first block, at the end": 100 * first[-1].item()}
print(f"Continual: per cent right among all intents so far, over {draws_of_twenty} draws")
in_blocks = pd.DataFrame(rows).T
in_blocks.round(1)

# %% [markdown]
# <details><summary>What happens</summary>
#
# (4) No. A sum does not depend on the order of its terms, so block by block ends with the same layer as all at once. (The second of the next two cells proves it on each draw.) The *newest block* ended behind class means in all five seeds, with the encoder by more than 15 points.
#
# (5) No. **Not every fall is forgetting.** In this table every row falls from block to block, class means and ridge too: there are more and more intents to choose from. With the encoder, class means and ridge lose 5 to 15 points on the first block. So look at the first block, and compare with a method that forgets nothing. *Newest block* loses more than 50 (all in all five seeds).
#
# </details>

# %% tags=["nbval-check-output", "hide-output"]
right = scores.pivot_table("right", ["vectors", "draw"], ["label text", "shots"])
gap = right["description", 0] - right["name", 0]
mean = gap.groupby("vectors").mean()
finding("encoder: description less name, mean of the draws", mean["encoder"], above=-4, below=4)
finding("words, n-grams: description less name", gap.drop("encoder"), below=0)
mean = (right["both", 0] - right["name", 0]).groupby("vectors").mean()
finding("both less name, mean of the draws", mean[["encoder", "words"]], above=2)
finding("the same with n-grams", mean["n-grams"], above=0)
encoder, of_words = right.loc["encoder"], right.loc["words"]
lead = encoder - right.drop("encoder").groupby("draw").max()
finding("the encoder over words and n-grams, each cell", lead.to_numpy(), above=1)
gap = encoder["name", 0] - of_words["none", 1]
finding("the encoder's name over one shot with words", gap, above=5)
mean = encoder["none", 1].mean() - encoder[["name", "both"]].xs(0, axis=1, level=1).mean()
finding("encoder: one shot less the name, mean", mean["name"], above=-4, below=4)
finding("encoder: one shot less both, mean", mean["both"], below=0)
gap = right["none", 5] - right.xs(0, axis=1, level=1).max(axis=1)
finding("five shots less the best label text", gap, above=0)
adds = {k: right["name", k] - right["none", k] for k in (1, 5)}
finding("the name beside one shot adds", adds[1], above=2)
finding("the name beside five shots adds", adds[5], above=0)
finding("the same with the encoder", adds[5]["encoder"], below=2)

# %% tags=["nbval-check-output", "hide-output"]
from torch.nn import functional as F

from metalearn_lab.learners.ridge_head import ridge
from metalearn_lab.tasks.types import Split, Task, select_tasks

gaps = []
for i in range(draws_of_twenty):
    (x, y), query = select_tasks(of_twenty.seen(vectors["encoder"]), i)
    at_once = ridge(x, F.one_hot(y, 20).to(x), torch.tensor(0.1).to(x))
    blockwise = three_samplers.continual(Task(Split(x, y), query), 4, "ridge").seen[-1]
    gaps.append(((query.x @ at_once).argmax(1) == query.y).float().mean() - blockwise)
gaps = torch.stack(gaps).abs()
proof("ridge on sums, each draw: block by block is all at once, to one of 100", gaps, below=0.015)
falls = in_blocks.filter(like="after").diff(axis=1).iloc[:, 1:]
finding("every row falls from block to block", falls.to_numpy(), below=0)
end, start = in_blocks["after block 4"].unstack(), in_blocks["after block 1"].unstack()
gap = end["newest block"] - end["class means"]
finding("after block 4: newest block less class means: points", gap, below=0)
finding("the same with the encoder: points", gap["encoder"], below=-15)
lost = (start - in_blocks["first block, at the end"].unstack()).loc["encoder"]
finding(
    "first block: class means and ridge lose", lost[["class means", "ridge"]], above=5, below=15
)
finding("first block: newest block loses", lost["newest block"], above=50)

# %% [markdown]
# ## A name clash: MetaGrad
#
# *MetaGrad* is not meta-learning in the sense of this workbook. It plays **one** game of many rounds. In each round it chooses a point $w$ in $[-1, 1]$, pays a loss, and sees its gradient $g$. "Meta" means that a **master** mixes **experts**, each with its own step size $\eta_i$. So nobody must tune a step size. Here *regret* is the total loss minus that of the best fixed point.
#
# Expert $i$ proposes $w_i$. With $x_i = \eta_i (w - w_i)\, g$, the round adds $x_i^2 - x_i$ to its *surrogate loss*, whose total is $\ell_i$. Let $\pi_i$ be its prior weight. The **potential** $\Phi = \sum_i \pi_i e^{-\ell_i}$ begins at 1.
#
# The master plays the mean of the $w_i$ with weights $\eta_i\pi_i e^{-\ell_i}$. Then Φ **cannot rise, whatever the gradients are**. A round multiplies $e^{-\ell_i}$ by $e^{x_i-x_i^2}$, which is at most $1+x_i$ (true for $x_i\ge-\frac12$). And $\sum_i \pi_i e^{-\ell_i} x_i = 0$, because with the master's weights the mean of $w - w_i$ is 0. The regret bound follows from this.
#
# The loss is $|w - c_t|$ with $c_t = \pm 1$: drawn (70 % are 1), or alternating. Online gradient descent (OGD) takes steps of size $s/\sqrt t$. The textbook value is $s = 2$; *tuned* is the best of eight values in hindsight, on the same data.
#
# **Predict.** Is MetaGrad's regret lower than that of OGD with $s = 2$? Is it lower than that of tuned OGD?

# %% tags=["hide-output"]
from metalearn_lab.experiments.metagrad import distance_gradient, distance_regret
from metalearn_lab.experiments.metagrad import gradient_descent, metagrad

rng = torch.Generator().manual_seed(seed)
drawn = torch.where(torch.rand(rounds, generator=rng) < 0.7, 1.0, -1.0).double()
games, potentials, rows = {"drawn": drawn, "alternating": -bowl.alternating(rounds).centres}, {}, {}
for name, targets in games.items():
    gradient = distance_gradient(targets)
    run = metagrad(gradient, rounds)
    potentials[name] = run.potential
    steps = [2.0**power for power in range(-5, 3)]
    of_steps = {s: distance_regret(gradient_descent(gradient, rounds, s), targets) for s in steps}
    rows[name] = {"MetaGrad": distance_regret(run.points, targets), "OGD, s = 2": of_steps[2.0]}
    rows[name]["OGD, tuned"] = min(of_steps.values())
    rows[name]["largest potential"] = run.potential.max().item()
print(f"Regret after {rounds:,} rounds")
game = pd.DataFrame(rows).T
game.round(2)

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Ask for the three parts that all meta-learning in this workbook has: tasks, an inner loop, a meta-loss. Which of them does MetaGrad have? Then ask who would know the tuned $s$ before the game.

# %% [markdown]
# <details><summary>What happens</summary>
#
# Lower than with $s = 2$: yes, in both games. MetaGrad's regret was less than 0.6 times that of OGD (all five seeds). **A tuned OGD can do better still.** In the alternating game its regret is below 1, and MetaGrad's is more than ten times as large. In the drawn game it was ahead of MetaGrad in four of five seeds. But nobody knows the best $s$ before the game. MetaGrad promises a bound, not the lowest regret in each game.
#
# The potential never exceeded 1 in four games: these two, one with random gradients, and one with gradients chosen against MetaGrad. MetaGrad has no tasks, no inner loop and no meta-loss. It shares only the name.
#
# </details>

# %% tags=["nbval-check-output", "hide-output"]
fair = torch.Generator().manual_seed(seed)
noise = metagrad(lambda t, w: 2 * torch.rand((), generator=fair).item() - 1, 300)
against = metagrad(lambda t, w: 1.0 if w >= 0 else -1.0, 300)
largest = [p.max() - 1 for p in (*potentials.values(), noise.potential, against.potential)]
proof("the potential never exceeds 1, in four games", largest, below=1e-9)
rises = [p.diff().max() for p in (*potentials.values(), noise.potential, against.potential)]
proof("the potential never rises", rises, below=1e-9)
ratio = game["MetaGrad"] / game["OGD, s = 2"]
finding("MetaGrad's regret over that of OGD with s = 2", ratio, below=0.6)
own = game.loc["alternating"]
proof("alternating: the regret of tuned OGD", own["OGD, tuned"], below=1)
ratio = own["MetaGrad"] / own["OGD, tuned"]
proof("alternating: MetaGrad's regret over that of tuned OGD", ratio, above=10)
claim = "drawn: MetaGrad's regret less that of tuned OGD"
gap = game.loc["drawn", "MetaGrad"] - game.loc["drawn", "OGD, tuned"]
finding(claim, gap, above=0, share="4 of 5 seeds")

# %% [markdown]
# ## Try it yourself
#
# ### Exercise 1: follow the meta-leader (15 minutes, level 2 of 3)
#
# `curvatures` and `centres` are tensors `[T]` with $a_i$ and $c_i$ of the bowls in their order. Return a tensor `[T]`. Entry $t$, counted from 1, is the start with the lowest total loss over the first $t$ tasks, after `inner_steps` inner steps of size `inner_lr` on each. It must be right to six digits. No $\alpha a$ is 1, so no weight is 0.
#
# <details><summary>Hint 1</summary>
#
# One step multiplies $w - c$ by $1-\alpha a$. What do $k$ steps do to the loss? The weight of a task is the factor before $(w-c)^2$.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# `x.cumsum(0)` holds the sums of the first 1, 2, …, T entries.
#
# </details>


# %% tags=["exercise"]
def my_meta_leader(curvatures, centres, inner_lr, inner_steps):
    """The best single start after each task, a tensor [T]."""
    # <solution>
    weights = curvatures * (1 - inner_lr * curvatures) ** (2 * inner_steps)
    return (weights * centres).cumsum(0) / weights.cumsum(0)
    # </solution>


# %%
from metalearn_lab.exercises.streams import check_meta_leader

check_meta_leader(my_meta_leader)

# %% [markdown]
# ### Exercise 2: score a sequence of tasks (10 minutes, level 1 of 3)
#
# `accuracies` is $R$, a tensor `[T, T]`; `baseline` is $b$, a tensor `[T]`. Return one tensor with four numbers, in this order: accuracy, backward transfer, forward transfer and forgetting. They are defined in the section "What is forgotten?" and must be right to six digits. The check takes two to five tasks.
#
# <details><summary>Hint 1</summary>
#
# Backward transfer, forward transfer and forgetting are means over $T - 1$ tasks. Which task does each of them leave out?
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# `R.diagonal()` holds the $R_{jj}$, and `R.diagonal(1)` the entries just right of it. `R[:-1, :-1].max(0).values` has the largest of each column.
#
# </details>


# %% tags=["exercise"]
def my_transfer_scores(accuracies, baseline):
    """Accuracy, backward transfer, forward transfer and forgetting, a tensor [4]."""
    # <solution>
    last, own = accuracies[-1, :-1], accuracies.diagonal()[:-1]
    ahead = accuracies.diagonal(1) - baseline[1:]
    best = accuracies[:-1, :-1].max(0).values
    scores = accuracies[-1].mean(), (last - own).mean(), ahead.mean(), (best - last).mean()
    return torch.stack(scores)
    # </solution>


# %%
from metalearn_lab.exercises.streams import check_transfer_scores

check_transfer_scores(my_transfer_scores)

# %% [markdown] tags=["instructor"]
# **Instructor, 6 minutes.** Start exercise 1 in class, in pairs; exercise 2 is homework. A common mistake is the exponent $k$ instead of $2k$.

# %%
from metalearn_lab.workbook.headline import headline

means = {order: sin[order].mean(axis=1) for order in sin}
leader, everything = (means["drift"][rule] for rule in (META_LEADER, EVERYTHING))
headline(
    f"200 sinusoids that drift: an error of {leader:.2f} with the meta-leader, {everything:.2f} "
    f"with training on everything, {means['drift'][NEWEST]:.2f} with fine-tuning on the newest, and "
    f"{means['drift']['ridge']:.2f} with ridge, which trains on none of them.",
    meta_leader=float(leader),
    everything=float(everything),
    ridge=float(means["drift"]["ridge"]),
)

# %% [markdown]
# ## What to remember
#
# - On bowls the meta-leader weighs a centre by $a(1-\alpha a)^2$: a task that one step almost solves counts little. With equal curvatures, following it is training on everything.
# - On alternating bowls its regret grew like $\frac12\log t$. The order moves the end of fine-tuning, not that of the meta-leader.
# - On sinusoids the meta-leader was the best of four trainings. Untrained ridge had less than half of its error over the stream; on later tasks they were close. On intents, fine-tuning the newest beat the meta-leader in the drift, not when shuffled.
# - On ten sequences of intents, replay kept more than EWC, and frozen class means more than both.
# - With the encoder, descriptions did about as well as names, with words worse; both together did better.
# - Before you call a fall forgetting, compare with a method that forgets nothing.
# - MetaGrad needs no tuned step size. It has no tasks.
#
# ## Sources
#
# - Finn, Rajeswaran, Kakade, Levine: *Online Meta-Learning*, ICML 2019, [arXiv:1902.08438](https://arxiv.org/abs/1902.08438).
# - Lopez-Paz, Ranzato: *Gradient Episodic Memory for Continual Learning*, NeurIPS 2017, [arXiv:1706.08840](https://arxiv.org/abs/1706.08840).
# - Chaudhry et al.: *Riemannian Walk for Incremental Learning*, ECCV 2018, [arXiv:1801.10112](https://arxiv.org/abs/1801.10112), on forgetting.
# - Kirkpatrick et al.: *Overcoming catastrophic forgetting in neural networks*, PNAS 2017, [arXiv:1612.00796](https://arxiv.org/abs/1612.00796).
# - van Erven, Koolen: *MetaGrad: Multiple Learning Rates in Online Learning*, NeurIPS 2016, [arXiv:1604.08740](https://arxiv.org/abs/1604.08740).
# - Zinkevich: *Online Convex Programming and Generalized Infinitesimal Gradient Ascent*, ICML 2003.
#
# Next: [12 Applications: a desk and an alarm](12_applications.ipynb).
