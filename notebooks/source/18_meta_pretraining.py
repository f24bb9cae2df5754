# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/18_meta_pretraining.ipynb)
#
# # Self-supervision and meta-pretraining
#
# After this chapter you will be able to
#
# - write down the contrastive loss and its predictive form, and say which of their values are good;
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
# In **self-supervision** the text itself gives the answers. For example: leave out random words of a sentence, twice. This gives two **views** of it. An **encoder** turns each view into a vector.
#
# Which of the second views $h_1^+,\dots,h_N^+$ of $N$ sentences belongs to the first view $h_i$? The loss of sentence $i$ is
#
# $$\ell_i = -\log\frac{\exp(s(h_i,h_i^+)/\tau)}{\sum_{j=1}^{N}\exp(s(h_i,h_j^+)/\tau)},\qquad s=\text{cosine}.$$
#
# This **contrastive loss** is the cross-entropy of a classification with $N$ classes. The smaller the **temperature** τ, the more a difference of cosines counts.
#
# For vectors of length 1, **alignment** is the mean squared distance of the two views of a sentence. **Uniformity** is $\log$ of the mean of $e^{-2d^2}$ over pairs of sentences at distance $d$. Both are better when lower. If all sentences lie in one point (**collapse**), uniformity is 0.
#
# Below, you drag $h$, the first view of one sentence. Its own second view (blue) pulls; those of the others (orange) push. Larger circles have larger weights: the softmax of the cosines divided by τ. The arrow is a step of gradient descent. On the right is the loss of $h$ at every angle.
#
# **Predict, then drag.** (1) At τ = 0.05, how many of the seven others push $h$? At τ = 2? (2) Put $h$ on the blue dot, at τ = 0.05. How large is its loss for $N=8$? For $N=32$? (3) Set the spread to 0: all sentences collapse. Is the loss small? Does it depend on τ?

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
# (1) At τ = 0.05 nearly all of the push comes from the nearest other sentence (or from two, if $h$ is between them). At τ = 2 all seven push. (2) With $N = 8$ the loss is 0.006. With $N = 32$ it is about 1, because the neighbours on the circle are then only 11 degrees away. (3) The loss is $\log N$ at every τ. All second views lie in one point, so all $N$ answers are equally likely.
#
# So **a tiny loss is no sign of collapse.** If both views agree and all 64 sentences are at right angles, the loss at τ = 0.05 is $1.3\cdot10^{-7}$.
#
# Can the loss be lower than at right angles? Yes, in a *regular simplex*. Its corners lie evenly around the centre, with cosine $-1/(N-1)$ between any two. For $N = 4$ and τ = 1 its loss is 0.58; at right angles it is 0.74. No arrangement has a lower mean loss.
#
# </details>

# %% [markdown]
# ### Predict the vector of what comes next
#
# **Contrastive predictive coding** (CPC) asks which text comes next. Let $c$ be the vector of a text, and $z$ the vector of what comes after it. A learned matrix $W$ turns $c$ into a prediction of $z$:
#
# $$\ell_i = -\log\frac{f(z_i, c_i)}{\sum_{j=1}^{N} f(z_j, c_i)},\qquad f(z, c) = e^{z^\top W c}.$$
#
# Let $W$ be the identity matrix divided by τ, and let all vectors have length 1. Then this is the loss above.
#
# The **mutual information** $I$ of $c$ and $z$ says how much $c$ tells about $z$. Its unit here is the nat: we take natural logarithms. Let $\ell$ be the expected loss. Van den Oord and others state $I \ge \log N - \ell$; Poole and others prove it. So $c$ tells much about $z$ if $\ell$ is far below $\log N$.
#
# We test this where $I$ is known. Now $c$ is one of $M$ symbols, all equally likely. It goes through a noisy channel, and $z$ comes out. With the stated chance $z$ is the same symbol, otherwise any other one. For $f$ we take the best function that there is, $p(z \mid c)/p(z)$. The table gives $I$, and $\log N - \ell$ for four values of $N$.
#
# **Predict.** 64 symbols come through without noise, so $I = \log 64 = 4.16$. How close to it is $\log N - \ell$ for $N = 8$?

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
# A loss is not negative, so $\log N - \ell$ cannot exceed $\log N$. With $N = 8$ this limit is 2.08, and the table has 2.005, although $I$ is 4.16. (The rest is lost when the same symbol comes up twice among the eight.) With more answers to choose from, the bound rises: at $N = 512$ only 0.06 are missing. The noisy bit ($M = 2$) has $I = 0.368$, and $N = 64$ already gives 0.363.
#
# So a small $N$ can hide what the vectors tell. And a low bound does not prove that $c$ tells little: perhaps $f$ is bad, or $N$ is small.
#
# </details>

# %% [markdown]
# ## Two more questions that need no labels
#
# **Hidden words.** Write ### in the place of a word, and ask which word it was. The word must not stand elsewhere in the sentence.
#
# **Next sentence.** Show two sentences, and ask whether the second follows the first. The true pairs are neighbours in one docstring, the text that documents a function. As in chapter 09, each library is an **author**. The second sentence of a false pair comes from one of three places: *another author*, another docstring of the *same author*, or another place in the same docstring (*same document* in the table).
#
# Our small model adds a weight for each word that both sentences *share*, and a weight for each word of the second sentence. The sum is the score of the pair. We train on seven authors and judge on five held-out ones. A guess is right in 50 %.
#
# For *right order* we swap the two sentences of each true pair. How often does the true order score higher?
#
# The last columns are controls for the topic. *Equally many*: we judge only where true and false pair share equally many words. *Frequent words*: the model sees only the 100 most frequent words (*the*, *of*, *is*, ...). *Other words*: it sees all but these.
#
# **Predict.** Which false pairs give the highest accuracy? Does a high accuracy mean that the model knows the order? For *another author*, which costs more points: seeing only the frequent words, or only the others?

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
# With false pairs of another author, the model is right in more than 60 % of the pairs. With false pairs of the same docstring, it is right in less than 57 %. Both hold in all five draws. Question and model are the same; only the false pairs changed.
#
# How much of this is the topic? Take false pairs of another author. Where both second sentences share equally many words with the first, more than 2 points are lost, in all five draws. The same happens if the model sees only the frequent words. In the draw shown, either control costs about 5 points, but *other words* only 1. (The rows below differ.) So the number of shared words and the rarer words seem to carry a part of the score. This fits the topic, but does not prove it: a model that sees fewer words may lose points for other reasons. Some of the score is left in both controls, and we did not test what it is.
#
# True and swapped order are told apart in less than 60 % of the pairs, for each kind of false pairs, in all five draws. So a score well above a guess did not mean that the model knew the order. **Before you believe a self-supervised score, ask what its wrong answers look like.**
#
# </details>

# %% [markdown]
# ## In turns, or one after the other?
#
# **Pretraining** learns a task with much data. **Fine-tuning** learns the task that you want. What happens to the first task while the second is learned?
#
# On the left, two tasks pull at two weights θ. The loss of each task is a round bowl, $\frac12\lVert\theta - c\rVert^2$. Its lowest point $c$ is the handle of its colour. Gradient descent starts at 0 and takes *turns*: some steps on pretraining (blue), then as many on fine-tuning (orange). On the right are both losses. You first see one turn of 60 steps for each task: one after the other. θ ends near the orange handle, and the loss of pretraining has risen again.
#
# **Predict, then move.** (1) Set *steps of a turn* to 1. Does θ end exactly in the middle? Try α = 0.05, then 0.3. (2) Where must the two handles stand, so that nothing of pretraining is forgotten?
#
# The cell after the explorer does the same with sentences. Pretraining: which of some frequent words is hidden? Fine-tuning: the intents of chapter 06, from 300 labelled sentences. Both tasks share one network, but each has its own head. Each task gets 200 steps, in turns of 200 or of 1. The control takes the 200 steps of fine-tuning alone. *Hidden words, best* is the highest accuracy that we measured during training.
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
# (1) At α = 0.05 θ ends very near to the middle, where the sum of both losses is lowest. At α = 0.3 it ends nearer to the orange handle, because the last step was on fine-tuning. (2) Both must stand in one place. In these bowls, the farther apart the two tasks are, the more is forgotten.
#
# One after the other, the network loses some of what it knew about hidden words while it learns the intents (in the training shown, from 20.2 % to 16.4 %). In turns it knows more at the end, after as many steps on both. Both hold in all five trainings. Not all of the difference is forgetting: in the training shown, turns also reach the higher best value. *Fine-tuning alone* never trains on hidden words; its 1 % is a guess.
#
# And the intents? In turns they end more than 3 points below fine-tuning alone, in all five trainings. In none of the five is one after the other 2 points ahead of fine-tuning alone, and in the training shown it is behind. So here pretraining helped the intents by little or nothing. Forgetting matters only if you still need the first task.
#
# </details>

# %% [markdown]
# ## Meta-pretraining: many kinds of tasks, then one of a new kind
#
# In chapter 06 the new tasks were *other* intents. Now they are of another **kind**: other texts, another sort of question. **Meta-pretraining** trains one encoder on several kinds of tasks. We hope that a new kind then needs only $K$ examples of each class.
#
# One encoder can serve all kinds, because each is made of **episodes**: five classes, a support set and a query set. Three kinds need no labels and are trained on:
#
# - *Hidden words* (called SMLMT): the class of a sentence is its hidden word.
# - *Docstrings*: from which of five docstrings is the sentence?
# - *Next sentence*: the support set holds one sentence of each of five docstrings by one author. A query is the sentence that follows one of them. Which one? So wrong answers are of the *same author*.
#
# We keep four kinds for the test:
#
# - *Intents*: which intent?
# - *Authors*: which of the five held-out authors?
# - *Answer*: the support set holds the first sentences of five docstrings. A query is the last sentence of one of them, never the second sentence.
# - *Translation*: the support set holds five messages of a voice assistant in English. The queries are these messages in one of 11 languages.
#
# *Next sentence*, *answer* and *translation* are **retrieval**: find the partner among five. Such an episode has $K = 1$.
#
# We also judge hidden words on unseen words, and next sentences on the held-out authors.

# %% [markdown]
# ### Who learns from these episodes?
#
# Tasks of different kinds cannot share a classifier. Two ways out:
#
# - **multi-task**: each kind has its own classifier for all of its training classes. Next sentences use the contrastive loss among 100 sentences. *Hidden words alone* and *next sentence alone* use one kind;
# - **LEOPARD** generates a classifier for each episode. A trained map $g$ turns the mean vector of each class into the weights of its output. Inner steps follow. First-order MAML trains everything. With $g$ the identity and no inner step, LEOPARD is **ProtoNet**. **Reptile** takes inner steps from a common start.
#
# *Contrastive* trains on two views of a sentence, each without half of its n-grams.
#
# All encoders read n-grams of three letters, give 64 numbers and train for 150 steps, unless their row says otherwise. Three kinds get 50 steps each. The outer step size is 0.001 or 0.01, the better on validation hidden words.
#
# We judge all by frozen class means (chapter 02); LEOPARD's head and inner steps serve its training alone. Three baselines train nothing. *Untrained* is the encoder's start: it averages random vectors of n-grams, longer for rare ones. *TF-IDF* keeps all 4,096 counts. The *sentence encoder* is chapter 06's MiniLM, frozen. It never met our sign ###, so it skips hidden words. For TF-IDF and this encoder, the "five trainings" are five draws of episodes.
#
# **Predict.** Sort *untrained*, *hidden words alone*, *multi-task*, *LEOPARD*, *TF-IDF* and *sentence encoder* for $K = 5$ on the intents.

# %% tags=["hide-output"]
from metalearn_lab.comparison.meta_pretraining import SAVED_META_PRETRAINING, means_over_seeds

saved = pd.read_csv(SAVED_META_PRETRAINING)
no_labels = saved[saved.mixture.eq("no labels")]
most_shots = no_labels.groupby("kind").shots.transform("max")
judged = no_labels[no_labels.shots.eq(most_shots)]
by_seed = judged.pivot_table("class means", ["kind", "method"], "seed")
narrow = ["hidden words alone", "next sentence alone", "contrastive", "multi-task", "ProtoNet"]
narrow += ["Reptile", "LEOPARD", "hidden words, 50 steps", "hidden words, 1,000 steps"]
kinds = {kind: by_seed.loc[kind] for kind in judged.kind.unique()}
gain = {kind: of.loc[narrow] - of.loc["untrained"] for kind, of in kinds.items()}
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
runs = {"saved": "5 trainings"}
own = gain["hidden words"].loc[["hidden words alone", "hidden words, 1,000 steps"]].to_numpy()
finding("hidden words: 150 and 1,000 steps on them are ahead of untrained", own, above=0, **runs)
fewer = gain["hidden words"].loc["hidden words, 50 steps"]
mean = fewer.mean()
finding(
    "hidden words: 50 steps on them: the mean gain is small", mean, above=-0.5, below=0.5, **runs
)
less = (own[0] - fewer).to_list()
finding("and each of the five is over 2 points less than after 150", less, above=2, **runs)
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
# **In this table, no training helped on a new kind of task.** On the intents every trained encoder is behind its untrained start, in all five trainings. On authors, answers, translations and next sentences of new authors, none has a mean gain of half a point.
#
# On *unseen* hidden words, 150 or 1,000 steps on hidden words alone are ahead of *untrained*, in all five trainings. The mixtures and other objectives have lower means than *untrained* even there. But a mixture has only 50 steps for hidden words. The control is *hidden words, 50 steps*: its mean is level with *untrained*, and each training is over two points below that of 150 steps. So 50 steps are few.
#
# The baselines lead. In all five draws, TF-IDF is ahead of each encoder with 64 numbers by more than five points, on every kind. In all five, the sentence encoder is ahead of TF-IDF on four kinds; on translations its lead changes sign. MiniLM is far larger and has read far more. The table does not say which counts.
#
# An untrained encoder with 512 numbers is ahead of every encoder with 64, on each kind, in all five. Width brought more than any of these trainings.
#
# Read this with care: small encoders, short trainings, little text, two outer step sizes. It is no verdict on meta-pretraining, but a reason for a habit: **put the untrained start, a plain count and a frozen encoder into every table of meta-pretraining.**
#
# </details>

# %% [markdown]
# ### Did the training learn anything?
#
# *Next sentence alone* trained on next sentences, and its mean is below its untrained start on next sentences of new authors. Perhaps it learned nothing. We train it once more, with the larger of the two outer step sizes (0.01; the row of the table has 0.001). We judge it twice: on the pairs of its own seven training authors, dealt into new episodes of five, and on the pairs of the five new authors. The row `steps = 0` is the untrained start.
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
# It learned something. On its own authors it gains more than 8 points in all five trainings (here 21). On new authors it lost in each of the five (here 2.9). This is **over-fitting**: the tasks of training become easier, new tasks do not. Did it memorise the pairs, or learn something about these authors? This cell cannot say: training saw the same pairs. Nor do we know how the table's row, at 0.001, would do here.
#
# </details>
#
# ### Choose an objective
#
# Choose how the encoder was trained (its **objective**), the kind of task and $K$. On the left are the accuracies of its five trainings, beside three baselines. On the right is one episode, as its first training sees it. Discs are examples, small rings are questions (the queries), large rings are class means. The plane is the one in which the class means lie farthest apart; each picture has its own scale. A cross marks a question whose nearest class mean, by all numbers of its vector, is a wrong one.
#
# **Predict, then choose.** (1) The table had $K = 5$. Set $K = 1$. On which of hidden words, intents and authors is *hidden words alone* ahead of *untrained*? (2) With $K = 1$ in place of 5, does the lead of the sentence encoder over TF-IDF grow: on the intents? On the authors? (3) Choose *hidden words alone*, *intents* and $K = 5$, then *authors*. In which picture do the classes lie apart?

# %%
from metalearn_lab.comparison.pretraining_pictures import load_pictures
from metalearn_lab.explorers.pretraining_explorer import PretrainingExplorer

PretrainingExplorer(no_labels, load_pictures()).show()

# %% [markdown] tags=["instructor"]
# **Instructor, 6 minutes.** Let one student choose, and the others call the answer before the picture changes. Ask why a cross may lie near its own class mean: two numbers of 64 are drawn.

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) On hidden words alone: by about 3 points, and in all five trainings. On the intents it is behind in all five. On the authors it is ahead in three of five. (2) On the intents the lead doubles, from about 7.5 to 15 points. On the authors it stays at about 15. (3) The intents lie apart: in the first episode 23 of 25 questions are right. The five authors overlap, and only 7 are right; a guess gives 5. The picture shows two directions of 64; the count uses all.
#
# In the pictures for $K = 1$ the examples often lie far out and the questions in the middle. The plane was chosen to spread the class means, which for $K = 1$ are the examples themselves.
#
# </details>
#
# ## Try it yourself
#
# ### Exercise 1: write the contrastive loss (20 minutes, level 2 of 3)
#
# `first` and `second` hold the two views of $N$ sentences, one row for each sentence; `temperature` is τ. Return the mean of $\ell_i$ over the sentences, as a tensor, right to six digits. The rows are vectors of any length but 0. The gradient must go through both views.
#
# <details><summary>Hint 1</summary>
#
# Divide each row by its length. Then one matrix product gives all $N^2$ cosines; row $i$ holds those of the first view $i$.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# $\ell_i$ is the cross-entropy of row $i$, divided by τ, with class $i$: `F.cross_entropy(scores, torch.arange(N))`.
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
# Each row of `ids` is a sentence: one whole number for each word, and 0 after its end. `word` and `mask` are whole numbers too. Find the sentences in which `word` stands exactly once. Return these rows, in their order, with `mask` in the place of `word`. Five words, each with its sentences, make an episode.
#
# Why exactly once? A second copy would give the answer away.
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
# - $\log N$ minus the loss is at most the mutual information and $\log N$: a small $N$ can hide what the vectors tell.
# - A next-sentence score depends on where the false pairs come from. A part seems to be the topic; a good score need not mean that order is known.
# - In all five trainings, turns kept more of the first task than one after the other, and reached less of the second than fine-tuning alone.
# - Here training on hidden words alone helped on unseen hidden words; nothing helped on new kinds. On the intents every trained encoder was behind its start (all five).
# - Compare with the untrained start, a plain count, and a frozen sentence encoder. That encoder led TF-IDF on four of five kinds, in all draws.
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
# Next: [19 A graph of tasks](19_task_graph.ipynb).
