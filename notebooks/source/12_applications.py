# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/12_applications.ipynb)
#
# # Applications: a desk and an alarm
#
# After this chapter you will be able to
#
# - build a desk that knows a new intent after three sentences, and says when none of its intents fits;
# - read opinions on a topic from a few headlines, and set an alarm by its false alarms and its delay;
# - save a trained learner, load it elsewhere, and serve it to customers who never see each other's sentences;
# - say for each application whether meta-learning paid, and against which rival.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% tags=["parameters"]
# Leave these as they are for now.
iterations: int = 200  # outer steps of each training
episodes: int = 100  # that heads are judged on
shots: int = 1  # K, headlines of each opinion on a new topic
seed: int = 0  # of the splits, the trainings and the streams
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## A desk that is taught by sentences
#
# A **desk** here is a program that answers the sentences of customers. Each sentence has an **intent**, what the customer wants, such as *timer*. The owner adds new intents all the time, and nobody wants to train a network for each.
#
# Our desk is a ProtoNet (chapter [06](06_few_shot_text.ipynb)). A frozen sentence encoder turns a sentence into a vector $x$. A linear layer $f$ turns $x$ into features $f(x)$; chapter 06 wrote $Px$. We meta-trained $f$ on half of the bundled intents. To teach the desk an intent $c$, the owner types a few sentences. The desk keeps $p_c$, the mean of their features. The score of $c$ for a new sentence is $-\lVert f(x) - p_c \rVert^2$, so 0 is the best score.
#
# If the best score is below a **threshold**, no intent fits, and the desk shows the nearest sentences that it knows. We set the threshold on *validation* intents: it lets 95 % of their sentences pass. Teaching only computes a mean. **Nothing is retrained.**
#
# **Predict, then try.** The desk knows four intents, and none of them fits *play some jazz*. (1) The button *teach the desk* teaches it *music* by three sentences. None of the three says "jazz". Will *play some jazz* fit then? (2) Now ask *order a pizza*. What will the desk answer, and why?

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

from metalearn_lab import choose_device
from metalearn_lab.experiments.desk_training import train_home_desk
from metalearn_lab.explorers.desk_explorer import DeskExplorer
from metalearn_lab.tasks.devices import device_in_words

where = choose_device(device)
print("Computing on", device_in_words(where))
desk = train_home_desk(seed, iterations, where)
music = ("music", ("play a song by the Beatles", "put some music on", "I want to hear Mozart"))
DeskExplorer(desk, "play some jazz", (*music, "Music plays in the {room}.")).show()

# %% [markdown] tags=["instructor"]
# **Instructor, 7 minutes.** One student plays the customer, one the owner who teaches. Let them teach an intent that overlaps with *timer*. Ask what the desk would need in order to know that a pizza can be ordered. Ask what happens to *lights on* when somebody teaches *lights off* with the sentence "light".

# %% tags=["nbval-check-output", "hide-output"]
import torch

from metalearn_lab.workbook.facts import finding, proof

before = [weight.clone() for weight in desk.learner.parameters()]
taught = desk.taught(*music, "Music plays in the {room}.")
same = all(map(torch.equal, before, taught.learner.parameters()))
proof("to teach changes no weight", same)
proof("the desk before does not know what the desk after was taught", "music" not in desk.intents)
for name, each, bounds in (("before", desk, {"below": 0}), ("after", taught, {"above": 0})):
    best = each.ask("play some jazz").scores[0][1] - desk.threshold
    finding(f"play some jazz, {name} the lesson: best score less the threshold", best, **bounds)
answer = taught.ask("put some music on")
features = desk.learner.model(taught.vectors["music"])
distance = ((features[1] - features.mean(0)) ** 2).sum()
proof("the score is −‖f(x) − p‖² (|Δ|)", abs(dict(answer.scores)["music"] + distance), below=1e-3)
reply = taught.ask("put some music on in the living room").reply
proof("the longest value fills the slot", reply == "Music plays in the living room.")

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) *Play some jazz* fits *music* at once. Its best score was 2.1 below the threshold before the lesson. After the lesson it is 3.5 above (in the run shown). (No training intent asks for a song by name. One validation intent does, so such sentences helped to choose the threshold.)
#
# (2) *Order a pizza* shares a word with "start a pizza timer", one of the three sentences for *timer*. Compare the score of *timer* with the threshold: is it above? The desk knows no orders, and three sentences do not tell it that the word *pizza* did not matter. In the training intents "pizza" is also always the name of a timer. Now teach the desk an intent *order food* and ask again.
#
# The gap `{room}` in a reply is a **slot**. The desk has a list of rooms and fills the slot with the longest one that stands in the sentence. If there is none, the slot stays as it is; a real desk would ask.
#
# </details>

# %% [markdown]
# ## Does the desk know what it does not know?
#
# Does a desk notice when a sentence fits none of its intents? We test this with **domains**, groups of intents such as *timers*. In a test episode the desk knows five intents of one domain. Sentences of another domain are unknown to it. No domain is used twice: ProtoNet trains on two, two others (one known, one unknown) choose the threshold, and the report is on the last two.
#
# Three numbers judge it:
#
# - **accuracy**: the share of known sentences that get the right intent, whatever the threshold;
# - **AUROC**: take one known and one unknown sentence. How often has the known one the higher best score? A tie counts one half; chance is 50 %.
# - **refused**: the threshold lets 95 % of the known *validation* sentences pass. Which share of the unknown *test* sentences does it refuse? Beside it, *accepted* is the share of known test sentences that pass.
#
# We compare seven **heads**. A head here is any rule that turns vectors into scores. ProtoNet gives two: its distance (the score above), and the **softmax** of the same scores. (Its largest probability is often called *confidence*.) The other five use no episodes: cosines with class means, plain, centred or whitened (chapter 06), the cosine with the nearest single sentence, and ridge regression. None is tuned: λ = 1, s = 1, β = 0.001.
#
# **Predict.** Order these four by AUROC: ProtoNet's distance, ProtoNet's softmax, class means, ridge.

# %% [markdown] tags=["instructor"]
# **Instructor, 6 minutes.** Let them compute the AUROC of known scores 0.9, 0.8, 0.4 and unknown scores 0.7, 0.3 by hand: of six pairs one is in the wrong order. Ask why a softmax must sum to 1 even for a sentence about football.

# %% tags=["hide-output"]
import pandas as pd
from sklearn.metrics import roc_auc_score

from metalearn_lab import load_table
from metalearn_lab.comparison.scope import heads, home_domains, judge, scope_of, split_domains
from metalearn_lab.models.sentence_encoder import sentence_vectors

auroc = roc_auc_score([1, 1, 1, 0, 0], [0.9, 0.8, 0.4, 0.7, 0.3])
proof("by hand: 5 of 6 pairs", abs(auroc - 5 / 6), below=1e-9)
table = load_table("embedded")
vectors = sentence_vectors(table.texts, device=where)
domains = home_domains(table.classes)
parts = split_domains(domains, seed)
for part, classes in (("train", parts.train), *zip(("known", "unknown"), parts.test, strict=True)):
    print(f"{part}: {', '.join(sorted({domains[c] for c in classes}))}")
chosen_by = scope_of(table, vectors, parts.validation, episodes, f"validation {seed}")
reported_on = scope_of(table, vectors, parts.test, episodes, f"test {seed}")
judged = judge(heads(table, vectors, parts.train, seed, iterations), chosen_by, reported_on)
print("5-way 3-shot, per cent; accepted and refused by the threshold of validation domains")
judged.set_index("head").round(1)

# %% tags=["nbval-check-output", "hide-output"]
rows = judged.set_index("head")
lead = rows.auroc["ProtoNet, distance"] - rows.auroc["ProtoNet, softmax"]
finding("points of AUROC, ProtoNet: distance over softmax", lead, above=5)
lead = rows.refused["ProtoNet, distance"] - rows.refused["ProtoNet, softmax"]
finding("points of unknown sentences refused: distance over softmax", lead, above=20)
finding("class means: AUROC in per cent", rows.auroc["class means"], above=95)
lead = rows.accuracy["ProtoNet, distance"] - rows.accuracy["class means"]
finding("points of accuracy among known intents: ProtoNet over class means", lead, above=0)
lead = rows.auroc["ProtoNet, distance"] - rows.auroc["class means, centred"]
finding("points of AUROC: ProtoNet over centred class means", lead, below=0.1)

# %% [markdown]
# <details><summary>What happens</summary>
#
# In the run shown:
#
# 1. **The distance tells known from unknown better than the softmax**: its AUROC is 97.2 %, the softmax's 85.0 %. A softmax depends only on the *differences* of the scores. A sentence far from all intents can still be much nearer to one of them, and then its probability is high.
# 2. **Which intent? ProtoNet is right more often than class means**: 86.5 % against 84.7 %. But whitened class means (87.8 %) and ridge (87.4 %) are above ProtoNet, without any episode.
# 3. **Known or unknown? ProtoNet's AUROC is not above that of class means**, which train nothing and have 98.9 %.
#
# **The threshold is the weak part.** It was set to let 95 % of known sentences pass. On the test domains it lets 77 % of them pass, by ProtoNet's distance.
#
# </details>
#
# The next cell reads a saved table of five splits, one training each, for two sets: the bundled intents, and **CLINC150** (150 intents in ten domains, chapter 06). On CLINC150 four domains are for training, two for the threshold, four for the report. The authors of CLINC150 also collected 1,200 sentences that fit none of its intents. In a third set 1,000 of them are the unknown sentences. **Predict.** (1) Which of the three numbered statements above will hold in all five splits of both sets? (2) Are the authors' sentences easier or harder to refuse than sentences of another domain?

# %% tags=["hide-output"]
from metalearn_lab.comparison.scope import SAVED_SCOPE

kept = pd.read_csv(SAVED_SCOPE)
spans = kept.groupby(["set", "head"], sort=False)[["accuracy", "auroc", "accepted", "refused"]]
spans.agg(["mean", "min", "max"]).round(1)

# %% tags=["nbval-check-output", "hide-output"]
splits = "five splits of the domains"
by_split = kept.pivot(index=["set", "split"], columns="head")
distance = [by_split[each]["ProtoNet, distance"] for each in ("accuracy", "auroc")]
softmax = distance[1] - by_split["auroc"]["ProtoNet, softmax"]
means = distance[0] - by_split["accuracy"]["class means"]
bounds = {"bundled intents": (12, {"above": 1.9}), "CLINC150": (3, {"above": -0.5, "below": 0.5})}
for name, (least, between) in bounds.items():
    claim = f"{name}: points of AUROC of the distance over the softmax"
    finding(claim, softmax[name].tolist(), above=least, saved=splits)
    claim = f"{name}: points of accuracy of ProtoNet over class means"
    finding(claim, means[name].tolist(), **between, saved=splits)
out = "CLINC150, its own out of scope"
claim = "authors' sentences: points of AUROC of the distance over the softmax"
finding(claim, softmax[out].tolist(), above=3.5, saved=splits)
easier = distance[1].loc[out] - distance[1].loc["CLINC150"]
claim = "splits in which they have a higher AUROC than sentences of another domain"
finding(claim, int((easier > 0).sum()), above=3, below=5, saved=splits)

# %% [markdown]
# <details><summary>What happens</summary>
#
# 1. **Distance over softmax: yes, in all ten splits.** The distance leads by 12.7 to 20.5 points of AUROC on the bundled intents, by 3.3 to 4.6 on CLINC150. The softmax refuses 21.8 % of the unknown sentences, the distance 90.5 % (CLINC150: 58.5 % and 95.7 %), but its threshold also accepts more known ones.
# 2. **Which intent: on the bundled intents only.** There ProtoNet leads class means by 2.0 to 6.5 points in all five splits. It leads *whitened* class means in four. On CLINC150 ProtoNet and class means are within half a point of each other.
# 3. **Known or unknown: not quite.** On the bundled intents ProtoNet was above class means in two splits, by at most 0.13 points. *Centred* class means had a higher AUROC than ProtoNet in four of five. On CLINC150 ProtoNet was above plain class means in four of five, by 2.1 points at most, and above centred ones in two.
#
# **The authors' sentences** were easier to refuse than those of another domain in four of five splits (ProtoNet's distance; 99.3 % AUROC on average against 98.7 %). Even class means without training have 99.1 %. The softmax is again behind in all five splits, by 3.7 to 5.4 points.
#
# **The threshold**, set to let 95 % of the known validation sentences pass, let 77 to 100 % of the known test sentences pass (ProtoNet's distance, all ten splits). Set it on sentences of your own customers.
#
# </details>

# %% [markdown]
# ## Nothing fits: ask the archive
#
# If no intent fits, a desk can still look into an **archive** of old sentences with their answers, and show the answers in order, the nearest first. The customer reads from the top. If the right answer has **rank** $r$, its **reciprocal rank** is $1/r$. The mean over the questions is the **MRR** (mean reciprocal rank). Ranks 1, 2 and 4 give $(1 + \tfrac12 + \tfrac14)/3 = \tfrac{7}{12}$.
#
# Our archive holds all intents of the test domains, one answer for each: about 16 answers on the bundled intents, 60 on CLINC150. Each answer has one archived sentence, or three. ProtoNet was trained on other domains, so it has met none of these intents. Its rivals train on no episodes: class means (plain or whitened), the nearest single sentence, and a search for common words. This search weighs a word by **tf-idf**: rare words count more.
#
# **Predict** for one archived sentence an answer: (1) does ProtoNet's training on *other* domains help? (2) How far behind are common words, and what changes with three sentences?

# %% [markdown] tags=["instructor"]
# **Instructor, 4 minutes.** Write five help pages on the board and let somebody ask a question without any word of the right page. Ask which is worse for a shop: the right page at rank 2, or no page at all?

# %% tags=["hide-output"]
from metalearn_lab.comparison.archive import SAVED_ARCHIVE

asked = pd.read_csv(SAVED_ARCHIVE)
spans = asked.groupby(["set", "sentences", "ranker"], sort=False)[["answers", "mrr", "first"]]
spans.mean().round(1).rename(columns={"mrr": "MRR, %", "first": "right one first, %"})

# %% tags=["nbval-check-output", "hide-output"]
from metalearn_lab.comparison.archive import reciprocal_ranks

scores = torch.tensor([[9.0, 1, 2, 3], [5, 4, 2, 3], [1, 2, 3, 4]])
ranks = reciprocal_ranks(scores, right=torch.tensor([0, 1, 0]))
proof("ranks 1, 2 and 4: MRR 7/12 (|Δ|)", abs(ranks.mean() - 7 / 12), below=1e-6)
mrr = asked.pivot(index=["set", "sentences", "split"], columns="ranker", values="mrr")
rival = mrr.drop(columns="ProtoNet").max(axis=1)
for (name, k), leads in (mrr["ProtoNet"] - rival).groupby(["set", "sentences"]):
    claim = f"{name}, {k} archived: points of MRR of ProtoNet over the best rival"
    finding(claim, leads.tolist(), above=0.2, below=5, saved=splits)
means = (mrr["class means"] - mrr["nearest sentence"]).xs(3, level="sentences").tolist()
finding("3 archived: class means over the nearest", means, above=2.5, below=8, saved=splits)
words = mrr["nearest sentence"] - mrr["words in common (tf-idf)"]
claim = "CLINC150, 1 archived: points of MRR of the nearest sentence over common words"
finding(claim, words.loc["CLINC150", 1].tolist(), above=20, saved=splits)
claim = "the same on the bundled intents with 3"
finding(claim, words.loc["bundled intents", 3].tolist(), above=-0.5, below=3, saved=splits)

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) **ProtoNet is ahead of every rival in all five splits**, on both sets, with one sentence and with three. The lead over the best rival is 0.3 to 4.8 points of MRR on the bundled intents, and 0.4 to 1.5 on CLINC150. So training on some domains helped on others, but mostly by little. On CLINC150 class means without training have 80.0 % with one sentence, ProtoNet 81.0 %.
#
# (2) With one sentence an answer, common words are far behind. On CLINC150 they have 58.0 %, the nearest sentence by the encoder 80.0 %. With three sentences words catch up. On the bundled intents they are then within 3 points of the nearest sentence. The bundled intents come from templates, which repeat their words. Three sentences help all rankers. A *mean* of three was better than the nearest of three, by 2.6 to 7.5 points in all ten splits.
#
# An archive always shows something. So show the order, not a single answer, unless the score is above the threshold.
#
# </details>

# %% [markdown]
# ## Good news or bad news?
#
# A newsroom reads headlines on many topics. It wants an alarm when bad news about *one* topic grows, so it must read **opinions**: negative, neutral or positive. The verb alone does not tell: *profit falls* is bad news, *debt falls* is good news. So each topic is a task, with $K$ support headlines of each opinion.
#
# Our headlines are made up: 24 topics × 18 verbs × 8 frames. A **frame** is a sentence with two gaps, such as "report: {topic} {verb}". Support and query share no frame. Twelve topics are for training, six choose settings, six are new.
#
# Six **readers** compete, all on frozen vectors:
#
# - *pooled*: ridge regression on all training topics, with weights $W_0$; it does not adapt;
# - *class means* and *ridge*: from the support alone;
# - *ridge towards pooled*: its penalty, of strength λ, pulls the weights to $W_0$: $\min_W \lVert XW - Y\rVert^2 + \lambda \lVert W - W_0 \rVert^2$. The rows of $X$ are the support vectors, those of $Y$ their opinions (one-hot);
# - *ProtoNet* and *MAML* (3 inner steps), trained on episodes. Label 0 is *negative* in every task, so MAML's last layer can be meta-learned too.
#
# The table has a seventh row as a **control**: MAML's start, before its inner steps.
#
# The validation topics choose the settings: λ of both adapting ridge readers (six values), ProtoNet's β (two), MAML's α (two).
#
# **Predict** the order of the six for K = 1.

# %% [markdown] tags=["instructor"]
# **Instructor, 6 minutes.** Collect the orders. Let somebody write three headlines on a topic of their own, and let the class say which words carry the opinion. Ask what the pooled reader can know about debt if it has never read about it.

# %% tags=["hide-output"]
from metalearn_lab.comparison.opinions import Newsroom, accuracy
from metalearn_lab.tasks.opinions import headlines

written = headlines()
letters = sentence_vectors([row.text for row in written], device=where)
newsroom = Newsroom(written, letters, shots=shots, iterations=iterations, seed=seed)
print("new topics:", ", ".join(newsroom.topics.test))
readers = newsroom.readers()
right = {name: 100 * accuracy(reader, newsroom.test) for name, reader in readers.items()}
pd.Series(right, name=f"accuracy in per cent, K = {shots}").round(1).to_frame()

# %% tags=["nbval-check-output", "hide-output"]
trained_ones = [right["ProtoNet"], right["MAML"]]
finding("ProtoNet and MAML: accuracy on new topics in per cent", trained_ones, above=90)
cheap = max(right[name] for name in ("class means", "ridge", "ridge towards pooled"))
finding(
    "points of ProtoNet over the best of three cheap readers", right["ProtoNet"] - cheap, above=10
)
lead = right["ridge towards pooled"] - right["ridge"]
finding("points of ridge towards pooled over ridge", lead, above=10)
finding("pooled: accuracy in per cent", right["pooled, not adapted"], above=60, below=85)

# %% [markdown]
# <details><summary>What happens</summary>
#
# ProtoNet (99.9 %) and MAML (99.2 %) read almost every headline rightly, after *one* headline of each opinion. The control shows that MAML needs its inner steps: before them it has 66.0 %. *Ridge towards pooled* is the best of the others with 80.3 %. The pooled reader has 65.5 %, ridge 61.4 %, class means 60.4 %. Chance is 33 %.
#
# A topic of these headlines hides one bit: is it good or bad when it rises? Our explanation, which we did not test: training on episodes enlarges the features that show this bit. The pooled reader cannot see the bit of a new topic. We expect it to be right where the topic behaves like most training topics.
#
# </details>
#
# Made-up headlines are a gift to meta-learning: their topics differ in just this one bit. So we tried the same readers and the control on **product reviews**, sentences of customers about 14 products. Seven products are for training, three choose settings, four are new. The next cell reads a saved table of five splits, one training each, for K = 1 and K = 5. **Predict.** Which reader is best on the reviews at K = 1? And is ProtoNet ahead of the pooled reader?

# %% tags=["hide-output"]
from metalearn_lab.comparison.opinions import SAVED_OPINIONS

read = pd.read_csv(SAVED_OPINIONS)
cells = read.groupby(["set", "shots", "reader"], sort=False).accuracy.agg(["mean", "min", "max"])
cells.round(1).xs("reviews").unstack("shots").swaplevel(axis=1)[[1, 5]]

# %% tags=["nbval-check-output", "hide-output"]
splits = "five splits of the topics"
of = read.pivot(index=["set", "shots", "split"], columns="reader", values="accuracy")
pairs = {
    ("headlines", 1): ("MAML", "MAML, before adaptation"),
    ("reviews", 1): ("pooled, not adapted", "ProtoNet"),
    ("reviews", 5): ("MAML", "MAML, before adaptation"),
}
for (name, k), (one, other) in pairs.items():
    lead = (of[one] - of[other]).loc[name, k].tolist()
    finding(f"{name}, K = {k}: points of “{one}” over “{other}”", lead, above=0, saved=splits)
gained = (of["MAML"] - of["MAML, before adaptation"]).loc["reviews", 1].tolist()
finding(
    "reviews, K = 1: points that MAML's inner steps add", gained, above=-2.5, below=1, saved=splits
)

# %% [markdown]
# <details><summary>What happens</summary>
#
# All numbers are means of five splits of the products; chance is 33 %.
#
# **ProtoNet, the best reader of headlines, is fifth of the seven rows on reviews** at K = 1, with 42 %. The pooled reader has 54 % and is ahead in all five splits. Only class means and ridge (40 % and 41 %) are lower. A likely reason: ProtoNet must learn from three sentences what *negative* means for a camera. People praise a camera and a phone in much the same words, and the pooled reader has learned such words from seven products.
#
# **MAML has 61 %, and its inner steps add nothing** at K = 1: its start alone has 61 %, too. From split to split the inner steps change the accuracy by −2.1 to +0.6 points. So the start did the work, and the start is one more way to train on all topics. Without the control we would have praised the adaptation.
#
# At K = 5 the inner steps add 1 to 5 points in all five splits. But *ridge towards pooled*, which trains no network, is about as good there: MAML is between 0.9 points below it and 1.5 above.
#
# So ask first what the tasks have in common. If the same words mean the same in every task, try a pooled model first, and pull the adapted one towards it.
#
# </details>

# %% [markdown]
# ## The alarm
#
# Now the newsroom reads a stream. Headline $t$ counts $x_t = 1$ if it is read as negative, 0 if neutral, −1 if positive. An alarm at every negative headline would ring all day. The **cumulative sum** (CUSUM) $S_t$ adds the $x_t$ up and takes away an **allowance** $k$ each time, so that noise does not add up. (This $k$ counts no inner steps.) It never falls below 0, so old good news cannot hide new bad news. The alarm rings at the **bar** $h$:
#
# $$S_0 = 0, \qquad S_t = \max(0,\; S_{t-1} + x_t - k), \qquad \text{alarm when } S_t \ge h.$$
#
# Two numbers judge it: **false alarms** per 1,000 headlines while nothing has changed, and the **delay**, the number of headlines from a change to the alarm. If headlines are independent, both can be computed exactly. Our $x_t$, $k$ and $h$ are multiples of ¼, so below the bar $S$ takes finitely many values: a Markov chain. Its matrix $Q$ has the probabilities of moving between these values. From $S = 0$, the mean number of headlines until the alarm is the first entry of $(I - Q)^{-1}\mathbf{1}$, with $\mathbf{1}$ a vector of ones.
#
# **Predict, then drag.** After headline 120 the share of negative headlines rises from 25 % to 45 %: the **drift**. (1) Halve the bar: what do you gain, what do you pay? (2) Let *ridge* read instead of *ProtoNet* at the same bar. Which of the two numbers suffers?

# %%
from metalearn_lab.explorers.alarm_explorer import AlarmExplorer, chances, labels_by_opinion

heard = {"true labels": None} | {
    name: readers[name] for name in ("ProtoNet", "ridge", "pooled, not adapted")
}
predictions = {name: labels_by_opinion(reader, newsroom.test) for name, reader in heard.items()}
AlarmExplorer(predictions, seed).show()

# %% [markdown] tags=["instructor"]
# **Instructor, 6 minutes.** Play the stream with coins: two coins a step, both heads is bad news, both tails good news; k = 1/4, h = 2. Then ask who should choose h: the one who answers alarms at night.

# %% tags=["nbval-check-output", "hide-output"]
from metalearn_lab.experiments.cusum import cumulative_sums, first_alarm, mean_run_length

shifted = first_alarm(cumulative_sums([1.5] * 9, 0.5), 4)
proof("x = 1.5, k = 0.5, h = 4: ⌈h / (x − k)⌉ = 4 headlines", shifted == 4)
alarms = []
for name, labels in predictions.items():
    before, after = chances(labels, 0.0), chances(labels, 0.2)  # of 4 x; k = 1/4
    bar = next(h for h in range(1, 400) if mean_run_length(before, 1, h) >= 500)
    means = [sum(value * p for value, p in each.items()) / 4 for each in (before, after)]
    false = 1000 / mean_run_length(before, 1, bar)
    alarms.append((name, bar / 4, false, *means, mean_run_length(after, 1, bar)))
columns = ["reader", "bar", "false alarms per 1,000", "mean x before", "mean x after", "delay"]
table = pd.DataFrame(alarms, columns=columns).set_index("reader")
table.round(2)

# %% tags=["nbval-check-output", "hide-output"]
slow = table.delay / table.delay["true labels"]
finding("delay of ridge over that of true labels, same limit", slow["ridge"], above=3)
finding("delay of ProtoNet over that of true labels", slow["ProtoNet"], above=0.95, below=1.1)
finding("delay of the pooled reader over that of true labels", slow["pooled, not adapted"], above=3)
late = slow["pooled, not adapted"] - slow["ridge"]
finding("the same, less that of ridge", late, above=0, share="3 of 5 seeds")

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) The alarm comes sooner, and there are many more false alarms. With true labels and $h = 3$ instead of 6, the mean delay falls from 57 headlines to 20. The false alarms rise from 0.1 to 5.5 per 1,000: each 1 that you take from $h$ multiplies them by three to four.
#
# (2) Both suffer in the run shown. A wrong label adds noise while nothing has changed, and after the drift it hides bad news.
#
# So we compare the readers at the *same* limit of false alarms. Each reader gets the lowest bar (in quarters) with at most 2 false alarms per 1,000 headlines. Then the negative share grows by 20 points. With true labels the alarm comes after 31 headlines, and with ProtoNet's labels (99.9 % right) too. With ridge's (61.4 % right) it takes 122, four times as many; over five seeds it was always more than three times.
#
# The pooled reader needs 719. The columns *mean x* say why: with more bad news its mean count does not rise, but falls from −0.06 to −0.08. It reads some topics the wrong way round, and there bad news counts as good. Over five seeds its delay was always more than three times that of true labels, and longer than ridge's in three of them.
#
# So accuracy does not say enough. Here the pooled reader is right more often than ridge, and its alarm takes nearly six times as long.
#
# </details>

# %% [markdown]
# ## Save, load, serve
#
# A trained learner is useful to others only if they can load it. Our desk goes into *one file* in the format **safetensors**, which cannot hold code. The file holds the weights and the sentence vectors as tensors, and the intents, slots and threshold as text (JSON). A second process loads the file and must give the same scores.
#
# Then many customers use the desk at once. All share the weights. Each customer has a desk of their own. It begins with the same four intents, and no numbers are copied. **Predict.** Customer A teaches *music*. What does customer B's desk say to *play some jazz*?

# %% tags=["nbval-check-output", "hide-output"]
from pathlib import Path
from tempfile import TemporaryDirectory

from metalearn_lab.experiments.desk_file import save_desk
from metalearn_lab.serving.customers import Customers
from metalearn_lab.serving.elsewhere import scores_elsewhere

with TemporaryDirectory() as folder:
    file = Path(folder, "desk.safetensors")
    save_desk(file, taught, {"seed": seed})
    [there] = scores_elsewhere(file, "play some jazz")
here = dict(taught.ask("play some jazz").scores)
apart = [abs(there[name] - here[name]) for name in here]
proof("another process gives the same scores (max |Δ|)", apart, below=1e-3)
customers = Customers(desk)
a, b = (customers.new() for _ in range(2))
customers.change(a, lambda own: own.taught(*music))
knows = ["music" in customers.desk(key).intents for key in (a, b)]
proof("A's desk knows music, B's does not", knows == [True, False])
shared = customers.desk(a).learner is customers.desk(b).learner
proof("both have the same weights in memory", shared)

# %% [markdown]
# <details><summary>What happens</summary>
#
# The other process gave the same scores. B's desk does not know *music* and still says that no intent fits. A and B use the same weights in memory.
#
# </details>
#
# In a terminal, this serves the desk as a small page, for this machine alone. The first line trains a desk, saves it and serves it until you press Ctrl-C. The second line serves the saved desk. The address that it prints holds a **token**, a long random word. Without it nobody gets in.
#
# ```
# metalearn-lab serve --save desk.safetensors
# metalearn-lab serve desk.safetensors --port 9999
# ```
#
# Every page that opens becomes a customer with a key. In the package's tests, twelve customers teach ten intents each at the same time, under the same names. The tests check that no customer sees a sentence of another, and that the weights stay as they were to the last bit. Empty, huge or broken requests must get an answer and change nothing.
#
# **What is missing for real use.** Customers' sentences live in memory and go when the server ends. There is no login, no log, and no limit on how often one customer asks. A page that is open to the internet needs all of these.

# %% [markdown] tags=["instructor"]
# **Instructor, 4 minutes.** Open the page on the projector in two windows. Teach in one, ask in the other. Ask what the owner of the desk may learn from customers' sentences, and whether the customers know.

# %% [markdown]
# ### When is meta-learning the wrong tool?
#
# The *rival* has the highest mean of all that is not meta-trained. The last column has the lead over it in points, in five splits (for the archive, over each split's best rival). The measure is AUROC for *known or unknown*, MRR for the archive (one sentence), else accuracy.
#
# | application | rival | did meta-learning pay? |
# | --- | --- | --- |
# | which intent, bundled | whitened class means | mostly: ProtoNet leads in 4 of 5, −1.7 to 5.5 |
# | which intent, CLINC150 | centred class means | no: leads in 2, −0.4 to 0.2 |
# | known or unknown, bundled | centred class means | no: leads in 1, −2.8 to 0.0 |
# | known or unknown, CLINC150 | centred class means | undecided: leads in 2, behind in 2, −0.2 to 1.8 |
# | archive, bundled | whitened class means | yes: 0.3 to 4.8 |
# | archive, CLINC150 | class means | yes, by little: 0.4 to 1.5 |
# | made-up headlines | ridge towards pooled | yes: ProtoNet 16 to 22 ($K=1$), 3 to 4 ($K=5$) |
# | product reviews, $K=1$ | ridge towards pooled | ProtoNet no: −20 to −12. MAML leads in 4, −0.8 to 4.8, but by its start alone |
# | product reviews, $K=5$ | ridge towards pooled | undecided: MAML leads in 3, behind in 1, −0.9 to 1.5 |

# %% [markdown]
# ## Try it yourself
#
# ### Exercise 1: write the desk (15 minutes, level 2 of 3)
#
# `features` `[sentences, d]` has one row for each support sentence. `labels` `[sentences]` says to which intent each row belongs: 0, …, N − 1. `new` `[queries, d]` has one row $z$ for each new sentence; these are features already. With $p_c$ the mean of the rows of intent $c$, the score of $c$ is $-\lVert z - p_c\rVert^2$. Return for each new sentence the intent with the best score, or −1 if this score is below `threshold`: a tensor `[queries]` of whole numbers.
#
# <details><summary>Hint 1</summary>
#
# `torch.stack([features[labels == c].mean(0) for c in range(N)])` are the means.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# `torch.cdist(new, means) ** 2` are the squared distances. `.max(1)` of the scores gives the best scores and their intents. `torch.where` puts −1 in.
#
# </details>

# %% [markdown] tags=["instructor"]
# **Instructor, 3 minutes.** Exercise 1 in class, in pairs; the others are homework.


# %% tags=["exercise"]
def desk_answers(features, labels, new, threshold):
    """The intent of each new sentence, or −1 where none fits."""
    # <solution>
    intents = range(int(labels.max()) + 1)
    means = torch.stack([features[labels == c].mean(0) for c in intents])
    best, intent = (-((new[:, None] - means) ** 2).sum(2)).max(1)
    return torch.where(best >= threshold, intent, -1)
    # </solution>


# %%
from metalearn_lab.exercises.applications import check_desk_answers

check_desk_answers(desk_answers)

# %% [markdown]
# ### Exercise 2: write the alarm (10 minutes, level 1 of 3)
#
# `values` is a list of numbers, one for each headline. The cumulative sum begins at 0 and has the allowance `k`. After how many headlines is it first at the bar `h` or above? Return this number, or 0 if the sum never gets there.
#
# <details><summary>Hint 1</summary>
#
# Keep one number, S, that starts at 0. Loop over `enumerate(values, 1)`, which counts from 1.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# In each round add the value and take `k` away. If S is below 0, set it to 0. Then compare S with the bar.
#
# </details>


# %% tags=["exercise"]
def alarm_after(values, k, h):
    """The number of values until the alarm, or 0."""
    # <solution>
    total = 0.0
    for count, value in enumerate(values, 1):
        total = max(0.0, total + value - k)
        if total >= h:
            return count
    return 0
    # </solution>


# %%
from metalearn_lab.exercises.applications import check_alarm_after

check_alarm_after(alarm_after)

# %%
from metalearn_lab.workbook.headline import headline

headline(
    f"A ProtoNet's distance tells known from unknown intents with an AUROC of "
    f"{rows.auroc['ProtoNet, distance']:.0f} %, its softmax with {rows.auroc['ProtoNet, softmax']:.0f} %, "
    f"class means without any training with {rows.auroc['class means']:.0f} %.",
    distance=rows.auroc["ProtoNet, distance"],
    softmax=rows.auroc["ProtoNet, softmax"],
    means=rows.auroc["class means"],
)

# %% [markdown]
# ## What to remember
#
# - To teach the desk an intent is to take a mean. Nothing is retrained, and every customer can have a desk of their own.
# - To find out whether a sentence is known, use the distance, not the softmax: it had the higher AUROC in all ten splits. Choose the threshold on validation *domains*, and expect it to be off on new ones.
# - For *which* intent, ProtoNet was ahead of whitened class means in four of five splits of the bundled intents. On CLINC150, and for *known or unknown* on the bundled intents, class means did as well or better.
# - If no intent fits, an archive can be searched. Judge it by the MRR. Training on other domains helped in all ten splits, by 0.3 to 4.8 points with one sentence an answer.
# - On made-up headlines, whose topics differ in one bit, one example of each opinion was enough for ProtoNet and MAML. On product reviews MAML's inner steps added nothing at K = 1. A control, the start alone, showed it.
# - Judge an alarm by its delay at the same limit of false alarms. Both can be computed exactly if headlines are independent.

# %% [markdown]
# ## Sources
#
# - Snell, Swersky, Zemel: *Prototypical Networks for Few-shot Learning*, NeurIPS 2017, [arXiv:1703.05175](https://arxiv.org/abs/1703.05175).
# - Larson et al.: *An Evaluation Dataset for Intent Classification and Out-of-Scope Prediction*, EMNLP 2019, [arXiv:1909.02027](https://arxiv.org/abs/1909.02027): CLINC150.
# - Page: *Continuous inspection schemes*, Biometrika 1954; Brook and Evans: *An approach to the probability distribution of CUSUM run length*, Biometrika 1972.
# - Hu and Liu: *Mining and summarizing customer reviews*, KDD 2004; Ding, Liu, Yu: *A holistic lexicon-based approach to opinion mining*, WSDM 2008: the product reviews.
#
# Next: [13 What the articles say](13_what_the_articles_say.ipynb).
