# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/11_streams.ipynb)
#
# # Streams: learning from one task after another
#
# After this chapter you will be able to
#
# - follow the meta-leader of a stream of tasks, and measure its regret;
# - say what the order of the tasks changes, and for which learners;
# - measure what a learner forgets, and tie weights to what they knew;
# - draw one data set in three ways: few-shot, zero-shot and continual.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% tags=["parameters"]
# Leave these as they are for now.
episodes: int = 200  # tasks that each few-shot and zero-shot accuracy is taken over
draws_of_twenty: int = 20  # continual draws that a row is taken over
rounds: int = 1000  # rounds of the last game
seed: int = 0  # of the drawn sentences, the weights and the game
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## Tasks that arrive one after another
#
# So far all training tasks were there from the beginning. In a **stream** they arrive one by one. In round $t$ the learner has a start $w_t$. It takes an inner step on the new task, and only then we see its loss. After that it may train on the task, and choose $w_{t+1}$.
#
# Take the bowls of chapter 00: $f(w) = \frac a2(w-c)^2$, with **curvature** $a$ and lowest point $c$. One inner step of size α leaves $\frac a2(1-\alpha a)^2(w-c)^2$. Here $\alpha=0.1$, and a bowl is *steep* ($a = 9$) or *flat* ($a = 1$). Four rules for the next start:
#
# - **follow the meta-leader**: the best single start for all tasks so far, *after* the step;
# - **train on everything**: the same, *before* the step;
# - **fine-tune the newest**: train on the newest task until its loss is 0;
# - **from scratch**: always $w = 0$.
#
# Left, time runs upwards. Discs and rings are lowest points of the newest tasks. Right is the **regret**: the total loss of a rule so far, less the total loss of the best single start for these same tasks.
#
# **Predict, then play.** (1) Steep tasks lie near 1, flat ones near −1. On which side does each of the first two rules settle? (2) Change the *order*. Whose start after 200 tasks moves? (3) Make all *equally steep*. What happens to the first two curves?

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
# **Instructor, 11 minutes.** Ask for the side of each rule before anybody plays. Let one student drag the steep tasks while the others say which curves follow. For question 3 they need paper: write the two weights, $a$ and $a(1-\alpha a)^2$, for equal $a$. Then set α to 0.11, where a step nearly solves every steep task.

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) The meta-leader settles near the *flat* tasks, training on everything near the *steep* ones. One step almost solves a steep task: it leaves $(1-0.9)^2 = 1\,\%$ of its loss. A flat task keeps 81 %. So a good start cares for the flat tasks.
#
# (2) Only fine-tuning ends elsewhere. Its last start is the centre of the last task. A sum over all tasks does not know their order, so the first two rules end where they ended before. **Following the meta-leader is not fine-tuning on the newest task.**
#
# (3) They coincide. With equal curvatures both means weigh all tasks alike. The meta-leader needs tasks that differ in how well a step serves them.
#
# </details>
#
# ### The meta-leader as a formula
#
# After $t$ tasks the meta-leader is a weighted mean:
#
# $$w_{t+1} = \frac{\sum_{i\le t} v_i\, c_i}{\sum_{i\le t} v_i},\qquad v_i = a_i(1-\alpha a_i)^2 .$$
#
# Training on everything has $v_i = a_i$.
#
# How fast does regret grow? Let the centres alternate, 1, −1, 1, …, all with $a = 1$ and α = 0. The best single start for an even number of tasks is 0.
#
# **Predict.** The regret of the meta-leader is 2.38 after 10 tasks. After 1,000: about 4.7, about 24, or about 238?

# %% tags=["nbval-check-output", "hide-output"]
from metalearn_lab.experiments import bowl_stream as bowl
from metalearn_lab.experiments.bowl_stream import EVERYTHING, META_LEADER, NEWEST

three = torch.tensor([[1.0, 9, 4], [-1, 1, 0.5]]).double()  # curvatures, centres
three = bowl.BowlStream(*three)
ends = bowl.meta_leader(three, 0.1)[-1], bowl.meta_leader(three, 0.0)[-1]
proof("three bowls: the meta-leader is at 0", ends[0].abs(), below=1e-12)
proof("training on everything is at 5/7", (ends[1] - 5 / 7).abs(), below=1e-12)
back, rules = three.in_order(torch.tensor([2, 1, 0])), (META_LEADER, NEWEST)
moved = [(bowl.starts(r, three, 0.1) - bowl.starts(r, back, 0.1)).abs()[-1] for r in rules]
proof("backwards: the meta-leader ends in the same place", moved[0], below=1e-12)
proof("backwards: fine-tuning the newest ends elsewhere", moved[1], above=1)
line = bowl.alternating(1000)
cost = bowl.regret(EVERYTHING, line, 0.0)
gaps = [cost[9] - 2.379, cost[99] - 3.552, cost[999] - 4.706]
proof("regret after 10, 100, 1,000: 2.379, 3.552, 4.706", gaps, above=-6e-4, below=6e-4)
slope = (cost[999] - cost[99]) / torch.tensor(10.0).log()
proof("regret grows by ½ for each factor of e", slope, above=0.499, below=0.502)
same = bowl.starts(META_LEADER, line, 0.5) - bowl.starts(EVERYTHING, line, 0.5)
proof("equal curvatures: the starts of both rules are the same", same.abs().max(), below=1e-12)
quarter = bowl.regret(META_LEADER, line, 0.5) / cost
proof("α = 0.5: the regret is a quarter of it", (quarter - 0.25).abs().max(), below=1e-9)
worst = bowl.regret(NEWEST, line, 0.0)[-1] / 1000
proof("fine-tuning the newest: regret for each task", worst, above=1.49, below=1.51)

# %% [markdown]
# <details><summary>What happens</summary>
#
# About 4.7. The regret grows like $\frac12\log t$: each factor of ten adds 1.15. So the loss *per task* comes ever closer to that of the best single start. Fine-tuning the newest pays 1.5 in every round: here, the newest task is always the opposite of the next.
#
# </details>

# %% [markdown]
# ## Two streams for networks
#
# A network has no formula for the meta-leader. The published algorithm takes some steps of MAML after each task instead, on tasks drawn from all that came so far. Here: 3 steps, each on up to ten tasks. Four ways to train differ in two choices:
#
# | | trains the loss after inner steps | trains the loss before |
# | --- | --- | --- |
# | on **all tasks** so far | follow the meta-leader | train on everything |
# | on the **newest** task | MAML on the newest | fine-tune the newest |
#
# All four take the same network and as many steps. So each row of the table is a control for the meta-loss, and each column for the memory. (On intents, the right column trains a head with one output for every class; the head for a new task begins at 0.)

# %% [markdown]
# ### Two kinds of tasks, two orders
#
# The *sinusoids* are those of chapter 03, ten points each. The *intents* are 5-way 1-shot tasks of chapter 06's sentences, as vectors of the frozen sentence encoder. Each stream has 200 tasks and two orders. In the **drift**, the phase moves from 0 to π, and intents come from a window that slides over 24 names in alphabetical order. **Shuffled**, the same tasks come in a drawn order.
#
# Some rows never train: *ridge* and *class means*, on the vectors. On sinusoids ridge has a Gaussian kernel, so its curve is smooth. *Whitened class means* divide by the covariance within classes of past tasks (with a share γ of a round covariance), without any gradient. Each method had at most six trials; its settings were chosen on a validation stream of its order. The error is the mean squared error, or the share of wrong answers. Five seeds; for intents each draws other classes.
#
# **Predict, then play** (move *tasks so far* to the end). (1) Sinusoids that drift: which is better, training on everything or fine-tuning the newest? And shuffled? (2) Can ten points without any training (*ridge*) compete with the meta-leader? (3) Intents that drift: who is best?
#
# The tables after the explorer have *later tasks* too: 100 new tasks of the whole family, judged from the last start. (4) After the drift, whose start is worst for them?

# %%
import pandas as pd

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
gap = sin["drift"].loc[NEWEST] - sin["drift"].loc[EVERYTHING]
finding("sinusoids, drift: the newest less everything", gap, below=0, **runs)
gap = sin["shuffled"].loc[NEWEST] - sin["shuffled"].loc[EVERYTHING]
finding("sinusoids, shuffled: the newest less everything", gap, above=0, **runs)
ratio = later["drift"].loc["MAML on the newest"] / later["drift"].loc[META_LEADER]
finding("later sinusoids: MAML on the newest over the meta-leader", ratio, above=10, **runs)

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
gap = text["drift"].loc[META_LEADER] - text["drift"].loc[NEWEST]
finding("intents, drift: meta-leader less the newest", gap, above=0, **runs)
gap = text["shuffled"].loc[META_LEADER] - text["shuffled"].loc[three].min()
finding("intents, shuffled: meta-leader less the best other training", gap, below=0, **runs)

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) In the drift, the newest task is much like the next, and fine-tuning it beat training on everything. Shuffled, it was the other way round. Both held for all five seeds. **Which start is better depends on the order of the tasks.**
#
# (2) Yes. Ridge with a Gaussian kernel knows no stream at all, and had less than half of the meta-leader's error in each seed and order. Of the four trainings, the meta-leader was clearly the best on sinusoids: less than 0.6 times the error of the next one.
#
# (3) In the drift, fine-tuning the newest made fewer mistakes than the meta-leader, in all five seeds. Shuffled, the meta-leader was ahead of the other three trainings, in all five. All four trainings left less than 0.6 times the error of class means. But *whitened* class means, without any gradient, left less than half of it, and no training's mean error on the stream was more than 0.011 away from theirs.
#
# (4) On sinusoids, both rows that train on the newest alone. MAML on the newest has the meta-leader's loss but not its memory, and its error on later tasks was more than ten times as large. So there it was the memory that counted.
#
# One caution: all four trainings chose the largest outer step size that was tried (β = 0.01), and the whitened class means the smallest γ (0.03). Values outside of these ranges may do better.
#
# </details>

# %% [markdown]
# ## What is forgotten?
#
# Now the tasks do not come back. Train on task 1, then 2, then 3. After task $i$ the accuracy on task $j$ is $R_{ij}$; before any training it is $b_j$. Four scores of $T$ tasks:
#
# - **accuracy**: the mean of the last row;
# - **backward transfer**: the mean of $R_{Tj} - R_{jj}$ over $j < T$; negative means forgetting;
# - **forward transfer**: the mean of $R_{j-1,j} - b_j$ over $j > 1$;
# - **forgetting**: for each $j < T$ the best $R_{ij}$ with $i < T$, less $R_{Tj}$; then the mean.
#
# **By hand**, with $b_j = 0.1$:
#
# $$R = \begin{pmatrix}0.9&0.2&0.1\\0.7&0.8&0.3\\0.6&0.7&0.9\end{pmatrix}$$
#
# **Elastic weight consolidation** (EWC) ties the weights to $c_A$, where task A ended. Task B is trained with a penalty: $L_B(w) + \frac\lambda2 (w-c_A)^\top F\,(w-c_A)$. For bowls, $F$ is the curvature of A, and with λ = 1 the penalty *is* A's loss. A network has too many weights for this matrix, so EWC keeps only its **diagonal**.
#
# Contours show both losses; a ring shows the lowest sum of both. The **excess** is by how much the sum is above that lowest value.
#
# **Predict, then turn.** (1) Turn the first task from 0° to 90°. At which angles does the diagonal lose nothing? (2) At 45°, can another λ repair it? (3) What is λ = 0?

# %%
from metalearn_lab.explorers.rotation_dial_explorer import RotationDialExplorer

RotationDialExplorer().show()

# %% tags=["nbval-check-output", "hide-output"]
from metalearn_lab.evaluation.forgetting import transfer_scores
from metalearn_lab.experiments.elastic_weights import elastic_point, excess
from metalearn_lab.explorers.rotation_dial_explorer import bowls_of

R = torch.tensor([[0.9, 0.2, 0.1], [0.7, 0.8, 0.3], [0.6, 0.7, 0.9]]).double()
known = {"accuracy": 0.7333, "backward": -0.2, "forward": 0.15, "forgetting": 0.2}
for (name, value), score in zip(known.items(), transfer_scores(R, 0.1), strict=True):
    proof(f"{name}: {value}", abs(score - value), below=1e-4)
for degrees, value in ((0, 0.0), (20, 0.166), (45, 0.265)):
    pair = bowls_of(degrees, (1.0, 1.0), (-1.0, 0.0))
    found = excess(elastic_point(*pair, diagonal=True), *pair)
    proof(f"EWC, the diagonal, {degrees}°: excess {value}", (found - value).abs(), below=6e-4)
    found = excess(elastic_point(*pair, diagonal=False), *pair)
    proof(f"EWC, all of the curvature, {degrees}°: no excess", found.abs(), below=1e-9)
    lost = pair[0].loss(pair[1].centre)
    proof(f"fine-tuning, {degrees}°: loss of the first task", lost, above=18, below=23)
tries = [s / 10 for s in range(1, 101)]
best = min(excess(elastic_point(*pair, strength=s, diagonal=True), *pair) for s in tries)
proof("45°, the best of 100 values of λ: excess", best, above=0.05, below=0.06)

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** First the four scores by hand, in pairs: three minutes. Most errors are a wrong divisor: two tasks can be forgotten, not three. Then the dial. Ask for the two angles before it moves, and why 90° is as good as 0°: the matrix is diagonal again.

# %% [markdown]
# <details><summary>What happens</summary>
#
# By hand: accuracy 0.7333, backward transfer −0.20, forward transfer 0.15, forgetting 0.20.
#
# (1) At 0° and 90°: there the curvature *is* a diagonal matrix. In between, its off-diagonal part is lost. At 45° the excess is 0.265. That is little beside plain fine-tuning, which leaves a loss of 20.5 on the first task.
#
# (2) Partly. λ = 1.8 leaves an excess of 0.056; no λ reaches 0. (3) λ = 0 is fine-tuning: the end is the second handle.
#
# </details>
#
# ### Four tasks for one network
#
# Twenty intents are dealt to four tasks of five, eight sentences each. All tasks share five labels, as if five departments took over new kinds of requests. So the network must remember the label of each old intent. We compare
#
# - **fine-tuning**, and **all at once**, which may keep every sentence;
# - **EWC**: the diagonal is the mean squared gradient of the log-probability of a label (the *Fisher information*), and each old task has its own penalty;
# - **replay**: two sentences of each old intent are kept and trained on again;
# - **class means** of the frozen vectors: one vector for each intent is kept, and nothing is trained.
#
# The network begins *untrained*, *pretrained* to tell the other 27 intents apart, or *meta-trained* on them by MAML. Settings: six trials for each method, chosen on sequences of the other intents. Ten draws of the intents.
#
# **Predict.** Which keeps more, EWC or replay? Does the meta-trained start forget less than the pretrained one?

# %% tags=["hide-output"]
from metalearn_lab import interval_over_tasks
from metalearn_lab.experiments.task_sequence import SAVED_SEQUENCES, score_table

sequences = pd.read_csv(SAVED_SEQUENCES)
print("Mean and 95 % interval over ten draws of the intents")
score_table(sequences)


# %% tags=["nbval-check-output", "hide-output"]
runs = {"saved": "10 draws"}
scores = sequences.pivot_table(["accuracy", "forgetting"], ["start", "method"], "draw")
right, lost = {}, {}  # by method: a row for each start, a column for each draw
for method in ("fine-tuning", "EWC", "replay", "class means"):
    right[method] = torch.tensor(scores["accuracy"].xs(method, level="method").to_numpy())
    lost[method] = torch.tensor(scores["forgetting"].xs(method, level="method").to_numpy())
gap = interval_over_tasks((lost["replay"] - lost["fine-tuning"]).mean(0))
finding("forgetting: replay less fine-tuning", gap, below=0, **runs)
gap = interval_over_tasks((lost["EWC"] - lost["fine-tuning"]).mean(0))
finding("forgetting: EWC less fine-tuning", gap, below=0, **runs)
gap = interval_over_tasks((right["replay"] - right["EWC"]).mean(0))
finding("accuracy: replay less EWC", gap, above=0, **runs)
gap = right["class means"] - right["EWC"]
finding("accuracy: class means less EWC, each start and draw", gap, above=0, **runs)
gap = interval_over_tasks((right["class means"] - right["replay"]).mean(0))
finding("accuracy: class means less replay", gap, above=0, **runs)
meta, pretrained, _ = lost["fine-tuning"]  # starts in the order of their names
gap = interval_over_tasks(meta - pretrained)
finding("forgetting by fine-tuning: meta-trained less pretrained", gap, below=0, **runs)
meta, pretrained, _ = lost["replay"]
gap = interval_over_tasks(meta - pretrained)
finding(
    "forgetting with replay: meta-trained less pretrained", gap, above=-0.03, below=0.03, **runs
)

# %% [markdown] tags=["instructor"]
# **Instructor, 7 minutes.** Ask what each method keeps from old tasks, in numbers: a Fisher value and a weight for each of 24,965 weights, two sentences, or one vector for each intent. Then let them predict the order of the rows. The class means are the row that a paper on forgetting may leave out.

# %% [markdown]
# <details><summary>What happens</summary>
#
# **Replay keeps more.** In the mean over starts, replay forgets 0.20 ± 0.06 less than fine-tuning, EWC 0.14 ± 0.05 less (± is the 95 % interval over ten draws). Replay is also 0.08 ± 0.04 ahead of EWC in accuracy. It kept ten sentences of each old task.
#
# Does meta-training help? Under plain fine-tuning the meta-trained start forgets 0.04 ± 0.04 less than the pretrained one (the interval just excludes 0). But the *untrained* start forgets no more than the meta-trained one: the difference is 0.02 ± 0.05. And with replay, pretrained and meta-trained differ by 0.00 ± 0.02. So here the start mattered little; what was kept of the old tasks mattered.
#
# **The strongest row trains nothing.** The class means of the frozen vectors end at 0.87. They are ahead of EWC in each draw, from each start, and of replay by 0.07 ± 0.03. Even training on all sentences at once, 0.86, is not ahead of them. A mean of its own cannot be overwritten by another task. The remaining forgetting, 0.07, is competition: each new intent may win an old question.
#
# </details>

# %% [markdown]
# ## One table, three ways to draw from it
#
# *Few-shot*, *zero-shot* and *continual* are not kinds of data. They are ways to draw from one table. We take the sentences of the 47 intents:
#
# - **few-shot**: 5-way tasks with $K$ examples; class means answer;
# - **zero-shot**: the same questions, but no example. Only the *names* of the five intents are given: `HassTurnOn/light` is read as "turn on light". The nearest name answers;
# - **continual**: twenty intents come in four blocks of five. After each block we ask about all intents so far. No old sentence may be kept.
#
# Three ways to turn a text into a vector: the frozen *sentence encoder*, the set of its *words*, and the set of its *n-grams* of letters (chapter 01).
#
# In the continual draw, *class means* keep a mean for each class. *Ridge* keeps two sums, $\sum xx^\top$ and $\sum xy^\top$. *Newest block* fits its linear layer to the new sentences alone.
#
# **Predict.** (1) Is zero-shot with the encoder better than one shot with words? (2) Does one shot beat the name? (3) Does ridge on the sums forget?

# %% tags=["hide-output"]
from metalearn_lab import load_table
from metalearn_lab.experiments import three_samplers
from metalearn_lab.models.sentence_encoder import sentence_vectors
from metalearn_lab.tasks.types import Split, Task

table = load_table("embedded")
names = [three_samplers.name_in_words(name) for name in table.classes]
encoder = [sentence_vectors(texts, device=where) for texts in (table.texts, names)]
words = [three_samplers.word_bags(texts).to(where) for texts in (table.texts, names)]
ngrams = [three_samplers.ngram_bags(texts).to(where) for texts in (table.texts, names)]
ways = {"sentence encoder": encoder, "words": words, "n-grams": ngrams}
draws = {k: three_samplers.draw(table, episodes, shots=k, seed=seed) for k in (1, 5)}
rows = {}
for name, (vectors, of_names) in ways.items():
    own = {"zero-shot": three_samplers.zero_shot(draws[1], vectors, of_names)}
    own |= {f"{k}-shot": three_samplers.few_shot(each, vectors) for k, each in draws.items()}
    rows[name] = {column: 100 * values.mean().item() for column, values in own.items()}
print(f"Per cent right among five, over {episodes} tasks")
three_ways = pd.DataFrame(rows).T
three_ways.round(1)

# %% tags=["hide-output"]
of_twenty, rows = three_samplers.draw(table, draws_of_twenty, shots=5, ways=20, seed=seed), {}
for name, method in (
    *(("sentence encoder", method) for method in ("class means", "ridge", "newest block")),
    *(("words", method) for method in ("class means", "newest block")),
):
    seen, first = three_samplers.continual_mean(of_twenty, ways[name][0], 4, method)
    after = {f"after block {i + 1}": 100 * value for i, value in enumerate(seen.tolist())}
    rows[name, method] = {**after, "first block, at the end": 100 * first[-1].item()}
print(f"Continual: per cent right among all intents so far, over {draws_of_twenty} draws")
in_blocks = pd.DataFrame(rows).T
in_blocks.round(1)

# %% tags=["nbval-check-output", "hide-output"]
from torch.nn import functional as F

from metalearn_lab.learners.ridge_head import ridge
from metalearn_lab.tasks.types import select_tasks

(x, y), query = select_tasks(of_twenty.seen(encoder[0]), 0)
at_once = ridge(x, F.one_hot(y, 20).to(x), torch.tensor(0.1).to(x))
blockwise = three_samplers.continual(Task(Split(x, y), query), 4, "ridge").seen[-1]
gap = ((query.x @ at_once).argmax(1) == query.y).float().mean() - blockwise
proof("ridge on sums: block by block is all at once, to one of 100", gap.abs(), below=0.015)
lead = three_ways.loc["sentence encoder"] - three_ways.loc[["words", "n-grams"]].max()
finding("the encoder leads words and n-grams: points", lead, above=3)
gap = three_ways.loc["sentence encoder", "zero-shot"] - three_ways.loc["words", "1-shot"]
finding("no shot with the encoder over one shot with words: points", gap, above=5)
gap = three_ways["1-shot"] - three_ways["zero-shot"]
finding("encoder: one shot over the name: points", gap["sentence encoder"], above=-4, below=4)
finding("five shots over the name: points", three_ways["5-shot"] - three_ways["zero-shot"], above=5)
end, start = in_blocks["after block 4"].unstack(), in_blocks["after block 1"].unstack()
gap = end["newest block"] - end["class means"]
finding("after block 4: newest block less class means: points", gap, below=0)
finding("the same with the encoder: points", gap["sentence encoder"], below=-15)
lost = start["newest block"] - in_blocks["first block, at the end"].unstack()["newest block"]
finding("the newest block forgets the first: points", lost, above=15)

# %% [markdown] tags=["instructor"]
# **Instructor, 8 minutes.** Before the tables, let three groups write down what one draw of each sampler holds: which classes, which sentences, which question. Ask why the continual column cannot be compared with the others at first sight: after block 4 a guess is right in 5 %, not in 20 %.

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) Yes. The encoder without an example was more than five points ahead of one shot with words, and it led both bags of text in all three columns (all five seeds). It was pretrained on far more text than our table holds; which part of that helps, the table does not say.
#
# (2) With the encoder hardly: one shot and the name differ by less than four points in all five seeds. Five shots were at least five points better than the name, for each kind of vector. A name is about as good as one example here, and it costs no labelled sentence.
#
# (3) No. A sum does not know in which order its terms came (the proof). The *newest block* ended behind class means in all five seeds, with the encoder by more than 15 points, and lost more than 15 points on its first intents. Among all intents so far, every row falls from block to block, class means too. **That fall is no forgetting**: there are more answers to choose from. Look at the first block, and compare with a method that forgets nothing.
#
# </details>

# %% [markdown]
# ## A name clash: MetaGrad
#
# *MetaGrad* is no meta-learning in the sense of this workbook. It plays **one** game of many rounds. In each it chooses $w_t$, sees a gradient, and pays. "Meta" means that a **master** mixes **experts**, each with its own step size $\eta_i$. Nobody must tune a step size.
#
# Let $\ell_i$ be the total *surrogate loss* of expert $i$ (its formula stands in `metagrad.py`) and $\pi_i$ its prior weight. The **potential** $\Phi = \sum_i \pi_i e^{-\ell_i}$ begins at 1. The master plays the mean of the experts with weights $\eta_i\pi_i e^{-\ell_i}$, and then Φ **cannot rise, whatever the gradients are**: $e^{x-x^2}\le 1+x$ for $x\ge-\frac12$, and with these weights the mean of $w - w_i$ is 0. The regret bound follows from this.
#
# The loss is $|w - c_t|$ with $c_t = \pm 1$: drawn (70 % are 1), or alternating. Online gradient descent (OGD) takes steps of size $s/\sqrt t$; $s = 2$ is the textbook value, and *tuned* is the best of eight in hindsight, on the same data.
#
# **Predict.** Is MetaGrad's regret lower than that of OGD with $s = 2$? And tuned?

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
ratio = game.loc["alternating", "MetaGrad"] / game.loc["alternating", "OGD, tuned"]
proof("alternating: MetaGrad's regret over that of tuned OGD", ratio, above=10)
claim = "drawn: MetaGrad's regret less that of tuned OGD"
gap = game.loc["drawn", "MetaGrad"] - game.loc["drawn", "OGD, tuned"]
finding(claim, gap, above=0, share="4 of 5 seeds")

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Ask for the three parts that all meta-learning in this workbook has: tasks, an inner loop, a meta-loss. Which of them does MetaGrad have? Then ask who would know the tuned $s$ before the game.

# %% [markdown]
# <details><summary>What happens</summary>
#
# With $s = 2$ OGD has a regret of 35 to 61; MetaGrad has 9 to 12, without any tuning. **But a tuned OGD can do better still**: in the alternating game its regret is 0.97, and in the drawn game it was ahead in four of five seeds. Nobody knows the best $s$ before the game, though. MetaGrad's promise is its bound, not the lowest regret in each game.
#
# The potential stayed at or below 1 in all four games, one of them played against MetaGrad. There are no tasks here, no inner loop and no meta-loss. So the name is all that it shares with this workbook.
#
# </details>
#
# ## Try it yourself
#
# ### Exercise 1: follow the meta-leader (15 minutes, level 2 of 3)
#
# `curvatures` and `centres` hold $a_i$ and $c_i$ of the bowls in their order, tensors `[T]`. Return a tensor `[T]`: entry $t$ is the best single start for the first $t$ tasks, after `inner_steps` inner steps of size `inner_lr`. It must be right to six digits. No $\alpha a$ is 1.
#
# <details><summary>Hint 1</summary>
#
# One step multiplies $w - c$ by $1-\alpha a$. What do $k$ steps do to the loss? The weight of a task is the factor before $(w-c)^2$.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# `x.cumsum(0)` has the sums of the first 1, 2, …, T entries.
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
# `accuracies` is $R$, a tensor `[T, T]`; `baseline` is $b$, a tensor `[T]`. Return one tensor with four numbers: accuracy, backward transfer, forward transfer and forgetting, as defined above, right to six digits. The check takes two to five tasks.
#
# <details><summary>Hint 1</summary>
#
# Backward transfer, forward transfer and forgetting are means over $T - 1$ tasks, each over other ones.
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
# **Instructor, 6 minutes.** Start exercise 1 in class, in pairs; exercise 2 is homework. Watch for the exponent $k$ in the place of $2k$.

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
# - The meta-leader weighs a task by $a(1-\alpha a)^2$: by what a step leaves of it. With equal curvatures it is training on everything.
# - Its regret on bowls grew like $\frac12\log t$. Order moves the end of fine-tuning, not of the meta-leader.
# - On sinusoids it was the best of four trainings in both orders, but ridge, which never trains, had less than half of its error. On intents the order decided: fine-tuning the newest was ahead in the drift, the meta-leader on the shuffled stream (all five seeds).
# - On ten sequences of intents, replay kept more than EWC, and class means of frozen vectors more than both. The meta-trained start forgot no less than an untrained one.
# - Few-shot, zero-shot and continual are three ways to draw from one table. Before you call a fall forgetting, look at what forgets nothing.
# - MetaGrad needs no tuned step size, and its potential never exceeds 1. It has no tasks and no inner loop.
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
