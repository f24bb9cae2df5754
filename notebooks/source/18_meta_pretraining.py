# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/18_meta_pretraining.ipynb)
#
# # Self-supervision and meta-pretraining
#
# After this chapter you will be able to
#
# - write down the contrastive loss and its predictive form, and say which of their values are good news;
# - ask of a self-supervised score what its wrong answers look like;
# - turn hidden words, next sentences, answers and translations into episodes;
# - test whether pretraining helps a new kind of task, against the baselines that it must beat.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% tags=["parameters"]
# Leave these as they are for now.
frequent: int = 100  # words that count as frequent, for the next sentence
schedule_steps: int = 400  # steps of each training in turns
pretraining_steps: int = 150  # steps of the training on next sentences
seed: int = 0  # of the drawn sentences and the weights
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## Learning without labels: which sentence is this?
#
# Where the text itself gives the answers we speak of **self-supervision**. For example: leave out some words of a sentence, twice. The two versions are
# two **views** of the sentence. An **encoder** turns every view into a vector $h$. Take $N$ sentences. Which of the $N$ second views $h_1^+, \dots, h_N^+$ belongs to the first view $h_i$?
#
# $$\ell_i = -\log\frac{\exp(s(h_i, h_i^+)/\tau)}{\sum_{j=1}^{N}\exp(s(h_i, h_j^+)/\tau)},\qquad s = \text{cosine}.$$
#
# This **contrastive loss** is the cross-entropy of a classification with $N$ classes. The **temperature** τ says how much a difference of cosines counts. **Alignment** is the mean squared distance of the two views of a sentence. **Uniformity** is $\log$ of the
# mean of $e^{-2d^2}$ over pairs of sentences at distance $d$. Both are better when lower; uniformity is 0 if all sentences lie in one point (*collapse*).
#
# Below, the vectors lie on a circle. You drag $h$, the first view of one sentence. Its own second view is blue; those of the others are orange. A larger disc has a larger weight: the softmax of the cosines divided by τ. The arrow is a step of gradient descent.
#
# **Predict, then drag.** (1) At τ = 0.05, how many of the other sentences push $h$? At τ = 2? (2) Put $h$ on the blue dot: how small is its loss at τ = 0.05 with $N = 8$? With $N = 32$? (3) Set the spread to 0. Which loss do you read, at any τ?

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

from metalearn_lab import choose_device
from metalearn_lab.explorers.contrastive_explorer import ContrastiveExplorer
from metalearn_lab.tasks.devices import device_in_words

where = choose_device(device)
print("Computing on", device_in_words(where))
ContrastiveExplorer().show()

# %% [markdown] tags=["instructor"]
# **Instructor, 13 minutes.** Ask the third question before anybody moves a control: many will say that a loss of 0.0000001 means collapse. Collapse costs $\log N$. Then let them find the temperature at which one neighbour does half of the pushing. For predictive coding, write $\log N - \ell$ on the board and ask for its largest value before the table: a loss is never negative.

# %% tags=["nbval-check-output", "hide-output"]
from math import log

import torch

from metalearn_lab.experiments.contrastive import alignment, contrastive_loss
from metalearn_lab.experiments.contrastive import loss_at_equal_cosines, uniformity
from metalearn_lab.workbook.facts import finding, proof

h = torch.eye(64).to(where)  # 64 sentences, each at a right angle to every other
tiny = loss_at_equal_cosines(64, 0.05, 0.0)
proof("right angles, N = 64, τ = 0.05: log(1 + 63 e^-20)", tiny, above=1.29e-7, below=1.31e-7)
proof("so says the loss", abs(contrastive_loss(h, h, 0.05).item() - tiny), below=2e-7)
collapsed = torch.ones_like(h)
lost = [contrastive_loss(collapsed, collapsed, τ).item() - log(64) for τ in (0.05, 0.5, 2)]
proof("collapse: log N, at every temperature", [abs(each) for each in lost], below=1e-5)
four = torch.eye(4).to(where)
right_angles = contrastive_loss(four, four, 1.0).item()
simplex = contrastive_loss(four - 1 / 4, four - 1 / 4, 1.0).item()  # four corners, far apart
proof("N = 4, τ = 1: right angles 0.7437", abs(right_angles - 0.743668), below=1e-5)
proof("N = 4, τ = 1: a regular simplex 0.5827", abs(simplex - 0.582658), below=1e-5)
best, worst = uniformity(h).item(), uniformity(collapsed).item()
proof("uniformity: -4 at right angles, 0 at collapse", [best + 4, worst], above=-1e-5, below=1e-5)
proof("alignment: 0 for equal views", alignment(h, 3 * h).abs().item(), below=1e-6)

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) At τ = 0.05 nearly all of the push comes from the nearest other sentence (or from two, if $h$ is between them); at τ = 2 all of them push. (2) With $N = 8$ it is almost zero. With $N = 32$ it is about 1: on a circle the neighbours are then only 11 degrees away. (3) It is $\log N$ at every τ: all $N$ answers are equally likely.
#
# So **a tiny loss is no sign of collapse.** If both views agree and all 64 sentences are at right angles, the loss at τ = 0.05 is $1.3\cdot10^{-7}$. The least possible loss belongs to a *regular simplex*: its corners lie evenly around the centre, with cosine $-1/(N-1)$ between any two.
#
# </details>

# %% [markdown]
# ### Predict the vector of what comes next
#
# **Contrastive predictive coding** (CPC) asks the same question about time. Let $c$ be the vector of a text, and $z$ the vector of what comes after it. A learned matrix $W$ turns $c$ into a prediction of $z$:
#
# $$\ell_i = -\log\frac{f(z_i, c_i)}{\sum_{j=1}^{N} f(z_j, c_i)},\qquad f(z, c) = e^{z^\top W c}.$$
#
# With $W = I/\tau$ and vectors of length 1 this is the loss above. The **mutual information** $I$ of $c$ and $z$ says how many nats $c$ tells about $z$. Van den Oord and others state $I \ge \log N - \ell$ for the expected loss $\ell$; Poole and others prove it. So a small loss shows that $c$ tells much.
#
# We test this where $I$ is known. A symbol, one of $M$, goes through a noisy channel; with the stated chance it comes out as it was. Here $f$ is the best that there is, $p(z \mid c)/p(z)$. The table gives $\log N - \ell$.
#
# **Predict.** 64 symbols come through without noise: $I = \log 64 = 4.16$. How close to it is $\log N - \ell$ for $N = 8$?

# %% tags=["hide-output"]
import pandas as pd

from metalearn_lab.experiments.contrastive import channel_information, predictive_bound

rows = {}
for symbols, right in ((2, 0.9), (64, 1.0)):
    own = {f"N = {N}": predictive_bound(symbols, right, N) for N in (2, 8, 64, 512)}
    rows[f"M = {symbols}, right {right:.0%}"] = {"I": channel_information(symbols, right), **own}
channel = pd.DataFrame(rows).T
channel.round(3)

# %% tags=["nbval-check-output", "hide-output"]
from torch.nn import functional as F

from metalearn_lab.experiments.contrastive import predictive_loss

c, z = torch.randn(2, 16, 6, generator=torch.Generator().manual_seed(seed))
c, z = F.normalize(c, dim=-1).to(where), F.normalize(z, dim=-1).to(where)
same = torch.eye(6).to(where) / 0.1
gap = (predictive_loss(c, z, same) - contrastive_loss(c, z, 0.1)).abs().item()
proof("W = I/τ, unit vectors: CPC's loss is the contrastive loss", gap, below=1e-5)
gap = abs(predictive_loss(c, z, 0 * same).item() - log(16))
proof("W = 0 predicts nothing: log N", gap, below=1e-6)
bounds = channel.drop(columns="I")
room = bounds.rsub(channel["I"], axis=0).to_numpy()
proof("log N - loss is below the mutual information", room, above=0)
room = [log(int(name[4:])) - value for name, row in bounds.items() for value in row]
proof("and never above log N", room, above=-1e-9)

# %% [markdown]
# <details><summary>What happens</summary>
#
# $\log N - \ell$ cannot exceed $\log N$, because a loss is not negative. So with $N = 8$ it stays below 2.08, although $I$ is 4.16. With more answers to choose from it rises: at $N = 512$ only 0.06 are missing. The noisy bit has $I = 0.37$, and 64 answers are enough to come near.
#
# So a small $N$ can hide what the vectors tell. And a low bound does not say that $c$ tells little: $f$ may be bad, or $N$ small.
#
# </details>

# %% [markdown]
# ## Two more questions that need no labels
#
# **Hidden words.** Hide a word, and ask which word it was. It must not stand elsewhere in the sentence.
#
# **Next sentence.** Show two sentences, and ask whether the second follows the first. The true pairs are neighbours in one docstring, the text that documents a function. Our docstrings come from 14 libraries, the **authors**. The false pairs come from one of three places: a docstring of *another author*, another docstring of the *same author*, or another place in the *same docstring*.
#
# Our small model adds a weight for each word that both sentences *share*, and a weight for each word of the second sentence. We train on seven authors and judge on five held-out ones. A guess is right in 50 % of the pairs.
#
# The column *right order* swaps the two sentences of each true pair: in how many does the true order score higher?
#
# The last columns are controls for the topic. *Equally many*: we judge on those true and false pairs that share equally many words. *Frequent words*: the model sees only the 100 most frequent words (*the*, *of*, *is*, ...), in training and in judging. *Other words*: it sees all but these.
#
# **Predict.** Which false pairs give the highest accuracy? Does a high accuracy mean that the model knows the order? With which words does it keep its accuracy?

# %% tags=["hide-output"]
from metalearn_lab.experiments.next_sentence import NEGATIVES, scores_with_controls
from metalearn_lab.experiments.next_sentence import sentence_pairs
from metalearn_lab.tasks.docstrings import HELD_OUT, TRAINING, authors, documents
from metalearn_lab.tasks.masked_words import masked_word_table

sentences = [each for author in TRAINING for each in authors()[author]]
hidden = masked_word_table(sentences)
print(f"{len(hidden):,} sentences, {len(hidden.classes)} hidden words. One of them:")
print(f"{hidden.texts[0]}  ({hidden.classes[hidden.labels[0]]})")
known, new = ({a: documents()[a] for a in part} for part in (TRAINING, HELD_OUT))
rows = {}
for kind in NEGATIVES:
    pairs = [sentence_pairs(each, kind, seed=seed, device=where) for each in (known, new)]
    rows[kind] = scores_with_controls(*pairs, frequent, seed)
follows = 100 * pd.DataFrame(rows).T.rename_axis("false pairs from")
print("\nPer cent of the pairs that are judged rightly")
follows.round(1)

# %% tags=["nbval-check-output", "hide-output"]
pairs_of = zip(hidden.texts, hidden.labels, strict=True)
copies = sum(hidden.classes[label] in text.lower() for text, label in pairs_of)
proof("no hidden word stands elsewhere in its sentence", copies == 0)
own = follows["all words"].to_list()
finding("false pairs of another author: per cent right", own[0], above=60)
finding("of the same docstring: per cent right", own[2], above=50, below=57)
finding("each nearer place is harder", [own[0] - own[1], own[1] - own[2]], above=0)
lost = follows["all words"] - follows[["equally many", "frequent words"]].T
finding("another author: points lost in both controls", lost["another author"], above=2)
finding("the order of a true pair: never above 60 per cent", follows["right order"], below=60)

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Let the class write one false pair of each of the three kinds on the board, before the table. Then ask which columns a model could reach that knows topics and nothing else.

# %% [markdown]
# <details><summary>What happens</summary>
#
# With false pairs of another author the model is right in more than 60 % of the pairs, with false pairs of the same docstring in less than 57 %, in all five draws. Question and model are the same; only the false pairs changed.
#
# How much of this is the topic? Take false pairs of another author. Where true and false pairs share equally many words, more than 2 points are lost, in all five draws. The same happens if the model sees only the frequent words. So the number of shared words, and the rarer words, carry a part of the score: signs of the topic. Some of the score is left in both controls, and we did not test what it is.
#
# True and swapped order are told apart in at most 60 % of the pairs, with each of the three kinds of training. So a score well above a guess did not mean that the order was known. **Before you believe a self-supervised score, ask what its wrong answers look like.**
#
# </details>

# %% [markdown]
# ## In turns, or one after the other?
#
# **Pretraining** learns on the task that has much data, **fine-tuning** on the task that you want. What happens to the first while the second is learned?
#
# On the left, two tasks pull at two weights θ. Each loss is a round bowl, $\frac12\lVert\theta - c\rVert^2$, with its lowest point $c$ at the handle of its colour. Gradient descent takes *turns*: some steps on pretraining (blue), as many on fine-tuning (orange). On the right are both losses. You first see turns of 60 steps, one turn each: one after the other. θ ends near the orange handle, and the loss of pretraining has risen again.
#
# **Predict, then move.** (1) With turns of 1, where does θ end? (2) Which places of the two handles make the order harmless?
#
# The cell after it does the same with sentences. Pretraining: which of some frequent words is hidden? Fine-tuning: the intents of chapter 06, from 300 labelled sentences. They share all but their heads. It takes 200 steps on either, in turns of 200 or of 1. The
# control takes the 200 steps of fine-tuning alone.
#
# **Predict.** Which schedule knows the hidden words better at the end? Which of the three is best at the intents?

# %%
from metalearn_lab.explorers.schedule_explorer import ScheduleExplorer

ScheduleExplorer().show()

# %% tags=["hide-output"]
from metalearn_lab import load_table
from metalearn_lab.experiments.schedule import in_turns, labelled, train_by_schedule

words_table = masked_word_table(sentences, least=60, most=150)
both = [labelled(words_table, seed, device=where)]
both.append(labelled(load_table(source="embedded"), seed, most=300, device=where))
half = schedule_steps // 2
turns = {"one after the other": in_turns(schedule_steps, half)}
turns |= {"in turns of 1": in_turns(schedule_steps, 1), "fine-tuning alone": [1] * half}
rows = {}
for name, order_of_turns in turns.items():
    curve = train_by_schedule(order_of_turns, both, lr=0.02, every=half // 4, seed=seed)
    words, intents = 100 * curve.accuracy.T
    rows[name] = {"hidden words, best": words.max().item(), "at the end": words[-1].item()}
    rows[name] |= {"intents": intents[-1].item()}
print(f"{len(words_table.classes)} words are hidden. Per cent right on unseen sentences")
ends = pd.DataFrame(rows).T
ends.round(1)

# %% tags=["nbval-check-output", "hide-output"]
from metalearn_lab.experiments.schedule import bowl_path

centres = torch.tensor([[-1.0, 2.0], [3.0, 0.5]], dtype=torch.float64)
after = bowl_path(in_turns(60, 30), centres, 0.1)[30]
gap = (after - (1 - 0.9**30) * centres[0]).abs().max()
proof("30 steps at α = 0.1 leave 0.9^30 of the way", gap, below=1e-12)
gap = (bowl_path(in_turns(20_000, 1), centres, 1e-3)[-1] - centres.mean(0)).abs().max()
proof("turns of 1, small α: θ settles in the middle", gap, below=2e-3)
last, turned, alone = (ends.loc[name] for name in turns)
finding("one after the other: hidden words forgotten, points", last.iloc[0] - last.iloc[1], above=1)
ahead = alone.iloc[2] - turned.iloc[2]
finding("intents: fine-tuning alone is ahead of turns, points", ahead, above=3)
finding("intents: one after the other gains on it", last.iloc[2] - alone.iloc[2], below=2)
finding("in turns: more hidden words at the end, points", turned.iloc[1] - last.iloc[1], above=1)

# %% [markdown] tags=["instructor"]
# **Instructor, 8 minutes.** In the explorer, ask for places of the handles at which one after the other is *better* for fine-tuning than turns: almost any. Then ask who needs pretraining's loss to stay low: whoever fine-tunes again, for another task.

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) θ settles between the two handles, where the sum of both losses is lowest. (2) If both handles are in one place, nothing is forgotten. In these bowls, the farther apart the two tasks are, the more is forgotten.
#
# One after the other, the network loses some of what it knew about hidden words while it learns the intents. In turns it ends with more, in all five trainings, after as many steps on both. Not all of this is forgetting: in the table, turns also have the higher best value.
#
# And the intents? In turns they end more than 3 points below fine-tuning alone, in all five trainings. One after the other gains less than 2 points on it, if anything. So here pretraining did not help the task that we want, and forgetting matters only if you still need the first task.
#
# </details>

# %% [markdown]
# ## Meta-pretraining: many kinds of tasks, then one of a new kind
#
# In chapter 06 the new tasks were *other* intents. Now they are of another **kind**: other texts, another sort of question. **Meta-pretraining** trains one encoder on several kinds of tasks, and hopes that a new kind then needs only $K$ examples of each class.
#
# One encoder can serve all kinds because each is made of **episodes**: five classes, a support set and a query set. Three kinds need no labels and are trained on:
#
# - *Hidden words* (called SMLMT): the class of a sentence is its hidden word.
# - *Docstrings*: from which of five docstrings is the sentence?
# - *Next sentence*: the support holds one sentence of each of five docstrings of an author. A query is the sentence that follows one of them. Which one? So the false pairs are of the *same author*, and $K = 1$.
#
# Four kinds are kept for the test:
#
# - *Intents* and the five *held-out authors*: which intent, which author?
# - *Answer*: the support holds the first sentence of five docstrings. A query is the last sentence of one of them, never the neighbour.
# - *Translation*: the support holds five messages of a voice assistant in English, the query the same messages in one of 11 languages.
#
# The last two are **retrieval**: find the partner among five. It is an episode with $K = 1$. Hidden words are also judged with unseen words, and next sentences with the held-out authors.

# %% [markdown]
# ### Who learns from these episodes?
#
# Tasks of different kinds cannot share a classifier. Two ways out:
#
# - **multi-task**: each kind has a classifier of its own for all of its training classes. Next sentences use the contrastive loss among 100 sentences;
# - **LEOPARD** generates a classifier for each episode. A trained map $g$ turns the mean vector of each class into the weights of its output. Then come inner steps, and first-order MAML trains everything. With $g$ the identity and no step, it is **ProtoNet**. **Reptile** takes inner steps from a common start.
#
# All encoders give 64 numbers, read pieces of three letters, and train for 150 steps; the outer step size is the better of two on validation words. One row has 512 numbers, one has 1,000 steps. *Contrastive* trains on two views of a sentence.
#
# All are judged by the nearest class mean, also LEOPARD: its head and inner steps serve the training alone. Three baselines train nothing here. *Untrained* presses the counts of all pieces, weighted by rareness, to random mixtures. *TF-IDF* keeps all 4,096 counts. The *sentence encoder* is MiniLM, frozen: others pretrained it on a very large corpus. It cannot read the sign for a hidden word. Where nothing is trained, the five "trainings" are five draws of episodes.
#
# **Predict.** Sort the rows *untrained*, *hidden words alone*, *multi-task*, *LEOPARD*, *TF-IDF* and *sentence encoder* for $K = 5$ on the intents.

# %% tags=["hide-output"]
from metalearn_lab.comparison.meta_pretraining import SAVED_META_PRETRAINING, means_over_seeds

saved = pd.read_csv(SAVED_META_PRETRAINING)
no_labels = saved[saved.mixture.eq("no labels")]
most_shots = no_labels.groupby("kind").shots.transform("max")
judged = no_labels[no_labels.shots.eq(most_shots)]
print("Per cent right among five; mean and 95 % interval over five trainings")
means_over_seeds(judged).fillna("")

# %% tags=["nbval-check-output", "hide-output"]
from metalearn_lab import Leopard, ProtoNet
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.blobs import blob_episodes

episodes = blob_episodes("LEOPARD", 4, ways=3, features=5, seed=seed)
leopard = Leopard(MLP([5, 8, 8, 3], seed=seed), F.cross_entropy, inner_lr=0.1, inner_steps=0)
proto_net = ProtoNet(leopard.model.body, F.cross_entropy, ways=3)
gap = (leopard(episodes) - proto_net(episodes)).abs().item()
proof("LEOPARD with the identity for g and no step is ProtoNet", gap, below=1e-5)

# %% tags=["nbval-check-output", "hide-output"]
by_seed = judged.pivot_table("class means", ["kind", "method"], "seed")
narrow = ["hidden words alone", "next sentence alone", "contrastive", "multi-task", "ProtoNet"]
narrow += ["Reptile", "LEOPARD", "hidden words, 1,000 steps"]  # trained, 64 numbers
runs = {"saved": "5 trainings"}
kinds = {kind: by_seed.loc[kind] for kind in judged.kind.unique()}
gain = {kind: of.loc[narrow] - of.loc["untrained"] for kind, of in kinds.items()}
own = gain["hidden words"].loc[["hidden words alone", "hidden words, 1,000 steps"]].to_numpy()
finding("hidden words: both rows trained on them are ahead of untrained", own, above=0, **runs)
lost = gain["intents"].to_numpy()
finding("intents: every trained encoder is behind the untrained one", lost, below=0, **runs)
others = {kind: gain[kind].mean(axis=1).to_list() for kind in gain if kind != "hidden words"}
finding("other kinds: no training has a mean gain of half a point", others, below=0.5, **runs)
small = [*narrow, "untrained"]
lead = [(of.loc["TF-IDF"] - of.loc[small].max()).to_list() for of in kinds.values()]
finding("TF-IDF leads all with 64 numbers by over 5 points, on each kind", lead, above=5, **runs)
wide = [(of.loc["untrained, 512 numbers"] - of.loc[small].max()).to_list() for of in kinds.values()]
finding("untrained, 512 numbers: ahead of all with 64, on each kind", wide, above=0, **runs)
four = [kinds[kind] for kind in ("next sentence", "intents", "authors", "answer")]
more = [(of.loc["sentence encoder"] - of.loc["TF-IDF"]).to_list() for of in four]
finding("the sentence encoder leads TF-IDF on four kinds", more, above=0, **runs)

# %% [markdown] tags=["instructor"]
# **Instructor, 16 minutes.** Collect the sorted rows in writing before the output is unfolded. Ask for each kind what the support holds and what the query asks. Then ask which row is the fair comparison for *hidden words alone*: the encoder of the same width that was not trained. After the last table of this section ask for a remedy, and how it could be tried without looking at the new authors.

# %% [markdown]
# <details><summary>What happens</summary>
#
# **On a new kind of task, no training helped.** On the intents every trained encoder is behind its own untrained start, in all five trainings. On authors, answers, translations and next sentences of new authors, none has a mean gain of half a point. On *unseen* hidden words the two rows that trained on hidden words alone are ahead, in all five trainings. The three that trained on episodes (LEOPARD, ProtoNet, Reptile) are not ahead even there, on average.
#
# The baselines lead. TF-IDF is ahead of each encoder with 64 numbers by more than five points, on every kind. The frozen sentence encoder is ahead of TF-IDF in all five draws on four kinds; on translations its lead changes sign. MiniLM is itself a pretrained network, but it is far larger and has read far more. The table does not say which of these differences counts.
#
# Width mattered more than any of these trainings: 512 random mixtures, untrained, are ahead of every encoder with 64 numbers, on each kind and in all five draws.
#
# Read this with care: these are small encoders, short trainings, and little text. It is no verdict on LEOPARD or on meta-pretraining. It is a reason for a habit: **put the untrained start, a plain count and a frozen encoder into every table of meta-pretraining.**
#
# </details>

# %% [markdown]
# ### Did the training learn anything?
#
# *Next sentence alone* trained on next sentences, and is not ahead of its start on next sentences. Perhaps it learned nothing. We train it once more, with the larger of the two outer step sizes (0.01; the row of the table has 0.001), and judge it twice: on the pairs of its own seven authors in new draws of five, and on the pairs of five new authors.
#
# **Predict.** Which of the two numbers rises?

# %% tags=["hide-output"]
from metalearn_lab.comparison.meta_pretraining import NEXT, WAYS, Pretraining
from metalearn_lab.comparison.meta_pretraining import kinds_of_tasks, seen_by
from metalearn_lab.evaluation.frozen_class_means import frozen_class_means

sources, rows = kinds_of_tasks(where), {}
draws = {"training authors": "train", "new authors": "test"}
draws = {
    name: sources.sampler(NEXT, part, 1, 1, seed).batch(1000, 200) for name, part in draws.items()
}
for steps in (0, pretraining_steps):
    run = Pretraining(sources, (NEXT,), steps, outer_lr=0.01, seed=seed)
    encoder = run.train("next sentence alone")
    rows[steps] = {
        name: 100 * frozen_class_means(seen_by(encoder, tasks), WAYS).mean().item()
        for name, tasks in draws.items()
    }
print("Per cent right among five sentences of one author")
learned = pd.DataFrame(rows).T.rename_axis("steps")
learned.round(1)

# %% tags=["nbval-check-output", "hide-output"]
rise = learned.iloc[1] - learned.iloc[0]
finding("next sentence: points gained on the training authors", rise.iloc[0], above=8)
finding("next sentence: points gained on new authors", rise.iloc[1], below=0)

# %% [markdown]
# <details><summary>What happens</summary>
#
# It learned: on its own authors it gains more than 8 points, in all five trainings. On new authors it lost in each of the five. It learned which sentences of its own authors belong together. This is **over-fitting** at the level of tasks: the tasks of training are solved, new ones are not.
#
# </details>
#
# ### Choose an objective
#
# Choose how the encoder was trained (its **objective**), the kind of task and $K$. On the left is the accuracy of its five trainings, beside three baselines. On the right you see one episode, as its first training sees it: discs are examples, rings are questions, large rings are class means. The plane is the one in which the class means lie farthest apart; each picture has its own scale. A cross marks a question whose nearest class mean, by all numbers of its vector, is a wrong one.
#
# **Predict, then choose.** (1) *Hidden words alone* is ahead of *untrained* on hidden words. On which other kinds? (2) For which kind is the sentence encoder farthest ahead of TF-IDF? (3) Set *intents* and $K = 5$, then *authors*. In which picture do the classes lie apart?

# %%
from metalearn_lab.comparison.pretraining_pictures import load_pictures
from metalearn_lab.explorers.pretraining_explorer import PretrainingExplorer

PretrainingExplorer(no_labels, load_pictures()).show()

# %% [markdown] tags=["instructor"]
# **Instructor, 6 minutes.** Let one student choose, and the others call the answer before the picture changes. Ask why a cross may lie near its own class mean: two numbers of 64 are drawn.

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) On no other kind is its mean ahead of the untrained encoder's by half a point. (2) On the authors, by about 16 points. (3) The intents lie apart: in the first episode 23 of 25 questions are right. The five authors overlap, and only 7 are right. The picture shows two directions of 64, but the count of right answers uses all.
#
# In the pictures for $K = 1$ the questions often stand in the middle, far from all examples: a question has only a little in common with its partner, in these two directions.
#
# </details>
#
# ## Try it yourself
#
# ### Exercise 1: write the contrastive loss (20 minutes, level 2 of 3)
#
# `first` and `second` hold the two views of $N$ sentences, a row for each. Return the mean of $\ell_i$ over the sentences, as a tensor, right to six digits. The rows may have any length but 0. The gradient must go through both views.
#
# <details><summary>Hint 1</summary>
#
# Divide each row by its length. Then one matrix product gives all $N^2$ cosines; row $i$ holds those of the first view $i$.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# $\ell_i$ is the cross-entropy of row $i$ with class $i$: `F.cross_entropy(scores, torch.arange(N))`.
#
# </details>


# %% tags=["exercise"]
def my_contrastive_loss(first, second, temperature):
    """The mean contrastive loss, a tensor."""
    # <solution>
    first, second = F.normalize(first, dim=1), F.normalize(second, dim=1)
    scores = first @ second.T / temperature
    return F.cross_entropy(scores, torch.arange(len(scores)))
    # </solution>


# %%
from metalearn_lab.exercises.meta_pretraining import check_my_contrastive_loss

check_my_contrastive_loss(my_contrastive_loss)

# %% [markdown]
# ### Exercise 2: write one class of a task of hidden words (10 minutes, level 1 of 3)
#
# Each row of `ids` is a sentence: whole numbers for its words, and 0 behind its end. Return the sentences in which `word` stands exactly once, with `mask` in its place. Keep their order. Five words, each with its sentences, are an episode.
#
# Why exactly once? A second one would give the answer away.
#
# <details><summary>Hint 1</summary>
#
# `(ids == word).sum(1)` counts the word in each sentence.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# `torch.where(condition, mask, kept)` takes the mask where the condition holds, and the number in `kept` elsewhere.
#
# </details>


# %% tags=["exercise"]
def hide_word(ids, word, mask):
    """The sentences of one class, a tensor of whole numbers."""
    # <solution>
    kept = ids[(ids == word).sum(1) == 1]
    return torch.where(kept == word, mask, kept)
    # </solution>


# %%
from metalearn_lab.exercises.meta_pretraining import check_hide_word

check_hide_word(hide_word)

# %% [markdown] tags=["instructor"]
# **Instructor, 6 minutes.** Start exercise 2 in class, in pairs; exercise 1 is homework. Watch for `any` in the place of `sum`: it keeps sentences that give the word away.

# %%
from metalearn_lab.workbook.headline import headline

at_five = {kind: of.mean(axis=1) for kind, of in kinds.items()}["intents"]
best_trained = at_five.loc[narrow].max()
headline(
    f"Five intents, five examples each: {at_five['untrained']:.1f} % are right without any training, "
    f"{best_trained:.1f} % with the best of {len(narrow)} trained encoders of that width, "
    f"{at_five['sentence encoder']:.1f} % with a frozen sentence encoder.",
    untrained=at_five["untrained"],
    best_trained=best_trained,
    sentence_encoder=at_five["sentence encoder"],
)

# %% [markdown]
# ## What to remember
#
# - Collapse costs $\log N$; a tiny contrastive loss is normal for vectors at right angles.
# - $\log N$ minus the loss is at most the mutual information, and at most $\log N$: a small $N$ can hide what the vectors tell.
# - A next-sentence score depends on where the false pairs come from. A part of it is the topic; a good score need not mean that the order is known.
# - In turns, the network ended with more of the first task than one after the other, and with less of the second than fine-tuning alone.
# - In our settings training helped on unseen hidden words alone. On the intents every trained encoder was behind its untrained start, in all five trainings.
# - Compare with the untrained start, a plain count, and a frozen sentence encoder. It led in all five draws on four kinds of five.
#
# ## Sources
#
# - van den Oord and others: *Contrastive Predictive Coding*, 2018, [arXiv:1807.03748](https://arxiv.org/abs/1807.03748), equations 3 and 4.
# - Poole and others: *On Variational Bounds of Mutual Information*, ICML 2019, [arXiv:1905.06922](https://arxiv.org/abs/1905.06922).
# - Gao and others: *SimCSE*, EMNLP 2021, [arXiv:2104.08821](https://arxiv.org/abs/2104.08821), equation 1.
# - Wang, Isola: *Alignment and Uniformity on the Hypersphere*, ICML 2020, [arXiv:2005.10242](https://arxiv.org/abs/2005.10242).
# - Devlin and others: *BERT*, NAACL 2019, [arXiv:1810.04805](https://arxiv.org/abs/1810.04805).
# - Bansal and others: *LEOPARD*, COLING 2020, [arXiv:1911.03863](https://arxiv.org/abs/1911.03863).
# - Bansal and others: *Self-Supervised Meta-Learning* (SMLMT), EMNLP 2020, [arXiv:2009.08445](https://arxiv.org/abs/2009.08445).
# - Wang and others: *MiniLM*, NeurIPS 2020, [arXiv:2002.10957](https://arxiv.org/abs/2002.10957).
#
# Next: back to the map in [00 Start here](00_start_here.ipynb).
