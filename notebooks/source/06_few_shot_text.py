# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/06_few_shot_text.ipynb)
#
# # Few-shot text
#
# After this chapter you will be able to
#
# - compare methods on sentences of classes that none of them has seen, by a protocol that a reviewer would accept;
# - say what an interval covers: episodes, trainings or class splits;
# - say when meta-learning pays on sentences, and run the same comparison on your own.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% tags=["parameters"]
# Leave these as they are for now.
source: str = "embedded"  # embedded (no network needed), hub (a published set) or files (CSV, JSON Lines, parquet)
language: str = ""  # embedded: a language code, English if empty; else the lang value to keep
name: str = ""  # hub: the id of the set, such as clinc/clinc_oos
config: str = ""  # hub: the configuration of the set, such as plus
path: str = ""  # files: a file or a folder of files
exclude: str = ""  # classes to leave out, separated by commas, such as oos
representation: str = "sentence encoder"  # what a sentence is: sentence encoder or n-grams
ways: int = 5  # N, classes of an episode
shots: int = 1  # K, support sentences of a class
queries: int = 5  # Q, query sentences of a class
class_splits: int = 3  # how many class splits to average over
seeds: int = 1  # trainings of every method on every split
iterations: int = 300  # outer steps of a training
meta_batch: int = 4  # training episodes of an outer step
trials: int = 6  # random settings that a method may try
test_episodes: int = 200  # unseen episodes that a score is taken over
choose: str = "auto"  # auto: settings chosen beforehand where there are some; always: choose anew
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## One episode, and you
#
# You build an assistant for a home. Someone adds five new intents and gives you **one** sentence for each. Which of the
# five does a new sentence belong to? This is a 5-way 1-shot episode (chapter [01](01_tasks_and_episodes.ipynb)).
#
# The machine here is the simplest one. A **sentence encoder** is a network that turns a sentence into a vector, here of 384 numbers. Ours,
# all-MiniLM-L6-v2, was trained by others on a billion pairs of sentences, and is **frozen**: we do not change it. A query gets the class
# whose support vector is nearest. The classes of these episodes are in no training part of this chapter. What the encoder read
# before, we do not know.
#
# **Predict**, then run the two cells and classify the episode yourself. How many of the 25 sentences will you get right, and
# how many will the machine?

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

import torch
from torch.nn import functional as F

from metalearn_lab import METHODS, Budget, choose_device, load_table
from metalearn_lab.comparison.world import make_worlds
from metalearn_lab.tasks.devices import device_in_words

where = choose_device(device)
print("Computing on", device_in_words(where))
which = {"language": language, "name": name, "config": config, "path": path}
left_out = [each.strip() for each in exclude.split(",") if each.strip()]
table = load_table(source, exclude=left_out, **{k: v or None for k, v in which.items()})
counts = {"ways": ways, "shots": shots, "queries": queries}
splits = class_splits if table.published_split is None else 1  # the source's own
worlds = make_worlds(table, splits, representation=representation, device=where, **counts)
world = worlds[0]
print(table.source)
templates = len(set(table.groups))
print(f"{len(table):,} sentences, {templates:,} templates, {len(table.classes)} classes")

# %%
from metalearn_lab.evaluation.frozen_class_means import class_mean_cosines
from metalearn_lab.explorers.reader_explorer import ReaderExplorer

vectors = make_worlds(table, splits, representation="sentence encoder", **counts)[0]
some = vectors.sampler("test").batch(0, 20)
cosines = class_mean_cosines(*some.support, some.query.x, ways)
ReaderExplorer(world, {"nearest class mean": cosines.argmax(2)}).show()

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Everybody classifies one episode, in pairs, and says why. Write the scores on the board. Ask what they used that
# the machine could not: they know what a lamp is. Then ask what the machine used that they did not notice.

# %% [markdown]
# ## Which classes are seen when
#
# The classes are cut into three parts that share no class:
#
# - **training** classes: networks are trained on their sentences;
# - **validation** classes, a fifth of all: every setting is chosen by them;
# - **test** classes: results are reported on them, and nothing is chosen by them.
#
# We draw several such cuts, called **class splits**. All of them have the *same* validation classes. So a setting that was chosen once is
# never judged by the classes that chose it. Inside an episode, support and query sentences share no template (chapter
# [01](01_tasks_and_episodes.ipynb)).

# %% tags=["nbval-check-output"]
from metalearn_lab import assert_class_disjoint, assert_episode_is_clean
from metalearn_lab.workbook.facts import finding, proof

for part, members in zip(world.classes._fields, world.classes, strict=True):
    names = ", ".join(table.classes[i] for i in members[:4])
    print(f"{part:<10} {len(members):>3} classes: {names}, …")
print("left out, too few sentences or templates:", ", ".join(world.left_out) or "none")
for each in worlds:
    assert_class_disjoint(each.classes)  # an error that names what is shared
    for index in range(50):
        assert_episode_is_clean(each.row_sampler("test").episode(index), table.groups)
chosen_by = {c for each in worlds for c in each.classes.validation}
reported_on = {c for each in worlds for c in each.classes.test}
shared = len(chosen_by & reported_on)
proof("no class is both chosen by and reported on, in any split (count)", shared, below=1)

# %% [markdown] tags=["instructor"]
# **Instructor, 3 minutes.** Ask who may look at which part, and for what. Nothing is chosen by the test classes.

# %% [markdown]
# ## Three kinds of methods
#
# 1. **Untrained.** Take the vectors as they are. Fit a small classifier to the support set of each episode: class means, ridge regression or
#    logistic regression. At most the *sentences* of training classes are used, not their labels: **centred** class means first take away
#    the mean vector of all training sentences, and TF-IDF (chapter [02](02_transfer_learning.ipynb)) takes its weights from them.
# 2. **Joint.** Learn from the training classes, but not from episodes. *Pretraining* (chapter [02](02_transfer_learning.ipynb)) trains a
#    network to tell all training classes apart. Then a new task fine-tunes it, or takes frozen class means.
#    **Whitening** needs no network: it shrinks directions along which sentences of *one* class differ most. With Σ the covariance within
#    the training classes and $v$ its mean variance, $z = (\Sigma + s\,v I)^{-1/2}\,(x - \mu)$; then class means by cosine.
# 3. **Meta-learned.** Train on episodes of the training classes. MAML lowers the loss after $k$ steps. **ProtoNet** lowers the
#    loss of the nearest class mean itself: with $p_c$ the mean of the vectors $z = Px$ of class $c$, the scores of a
#    query are $-\lVert z - p_c \rVert^2$.
#
# On the encoder's vectors $x$ our network is a matrix $P$ of $384 \times 384$ that starts at a multiple of the
# identity, and a head of zeros. Before any training it keeps
# the encoder's distances.
#
# Two losses: pretraining's is taken before any adaptation, with an output for each training class;
# MAML's after $k$ inner steps on an episode.

# %%
from metalearn_lab.tasks.types import select_tasks


def features(theta, x):
    """The projected vectors, [items, 384]."""
    return x @ theta["body.weight"].T + theta["body.bias"]


def joint_loss(theta, sentences, labels):
    """Tell all training classes apart; no episodes."""
    scores = (
        features(theta, sentences) @ theta["pretraining_head.weight"].T
        + theta["pretraining_head.bias"]
    )
    return F.cross_entropy(scores, labels)


def task_loss(theta, part):
    """Of the scores of a head with one output for each class of the episode."""
    scores = features(theta, part.x) @ theta["head.weight"].T + theta["head.bias"]
    return F.cross_entropy(scores, part.y)


# %%
def maml_loss(theta, support, query, alpha, k):
    """The query loss after k inner steps on the support set."""
    adapted = theta
    for _ in range(k):
        loss, weights = task_loss(adapted, support), list(adapted.values())
        slopes = torch.autograd.grad(loss, weights, create_graph=True)
        adapted = {n: w - alpha * g for (n, w), g in zip(adapted.items(), slopes, strict=True)}
    return task_loss(adapted, query)


def mean_maml_loss(theta, batch, alpha, k):
    """Over the episodes of a batch."""
    episodes = [select_tasks(batch, i) for i in range(len(batch.query.y))]
    return sum(maml_loss(theta, *episode, alpha, k) for episode in episodes) / len(episodes)


# %% [markdown]
# Are these the losses that the package trains with? The next cell compares losses and gradients on one batch of episodes.

# %% tags=["nbval-check-output"]
from metalearn_lab import Rates
from metalearn_lab.comparison.methods import build, training_batches

budget = Budget(iterations, meta_batch, trials, test_episodes=test_episodes)


def gaps(method, loss_of):
    """The largest difference of losses, and of their gradients in P, on the first batch."""
    learner = build(method, vectors, Rates(1.0, 1e-3), budget, seed=0)
    batch = training_batches(learner, vectors, budget, seed=0)(0)
    theta = {n.removeprefix("model."): w for n, w in learner.named_parameters()}
    losses = loss_of(theta, batch), learner(batch)
    slopes = [torch.autograd.grad(loss, theta["body.weight"])[0] for loss in losses]
    return [(one - other).abs().max().item() for one, other in (losses, slopes)]


joint = gaps("fine_tuning", lambda theta, batch: joint_loss(theta, *(t[0] for t in batch.query)))
proof("pretraining's loss and gradient are the package's (max |Δ|)", joint, below=1e-5)
meta = gaps("maml", lambda theta, batch: mean_maml_loss(theta, batch, 1.0, 5))
proof("MAML's loss and meta-gradient are the package's (max |Δ|)", meta, below=1e-5)

# %% [markdown] tags=["instructor"]
# **Instructor, 7 minutes.** Ask in which line each loss looks at an episode, and what the test-time procedure of each
# network is, and which of the two losses knows about it.

# %% [markdown]
# ## The protocol
#
# A comparison can be made to say almost anything. So the rules come first, and the computer applies them
# (all of them stand in `protocol.md`, beside this notebook):
#
# - **The same episodes.** Every method is judged on the same test episodes. Two methods share the luck of a class split, so their
#   difference is taken split by split.
# - **The same number of trials.** Every method tries the same number of random settings, from ranges that stand in the code. The
#   validation classes choose.
# - **The same sentences.** Every training draws the same sentences. *Not* equal are gradients and seconds; the table shows them.
# - **Intervals over class splits.** Another draw of classes moves a method more than another training does. So we average over
#   trainings, and the 95 % interval is over class splits.
# - **The words are computed.** A *is above* B if the interval of their difference lies above 0. If the interval contains 0, they *are
#   not told apart*. Of each kind, the method that did best on the *validation* classes speaks for its kind.
#
# **Predict**, and write it down: order the three kinds. By how many points is the best one ahead of the nearest class mean?

# %%
from metalearn_lab import compare
from metalearn_lab.comparison.saved_runs import SAVED, chosen_beforehand

if choose not in ("auto", "always"):
    raise ValueError(f"choose is 'auto' or 'always', not {choose!r}")

live = ["nearest_class_mean", "centred_mean", "ridge", "whitened_mean", "frozen_class_means"]
live += ["fine_tuning", "maml", "proto_net", "ridge_head"]
here = [METHODS[n] for n in live if representation in METHODS[n].representations]
known = chosen_beforehand(SAVED / "embedded-en", world) if choose == "auto" else {}
print(f"settings chosen beforehand: {len(known.keys() & set(live))} of {len(here)} methods")
scores = compare(worlds, budget, here, seeds=seeds, chosen=known)

# %% tags=["hide-output"]
from metalearn_lab.comparison.table import mean_table, score_table

results = score_table(scores)
print(f"{ways}-way {shots}-shot, {test_episodes} episodes a run, {seeds} training(s) a split")
mean_table(results).drop(columns=["trials", "sentences"])

# %% [markdown]
# <details><summary>What happens</summary>
#
# Look at the intervals first. Over *episodes* they are narrow, about ± 1.4 points. Over three *class splits* they are three to six times as
# wide: another draw of classes is another exam. (Part of this is Student's $t$, which is large for three numbers.) The intervals of the
# *means* cannot put methods in order that share these splits. For that we need the differences split by split, and more splits.
#
# Whitening, MAML, ProtoNet and the **ridge head** (ridge regression on learned vectors) have the higher means here. MAML took eleven
# times the gradients of ProtoNet.
#
# </details>

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Start the run before you explain the protocol; it takes half a minute. Then go back to the list of guesses. Ask
# of every row: which classes was it trained on, which did it choose by, and what does its interval cover?

# %% [markdown]
# ## Three sets of sentences
#
# The run above is small, and it is one set. The same command was run beforehand on three: the bundled intents, **CLINC150** (150
# intents in ten domains) and **Banking77** (77 intents of one bank, hard to tell apart). We drew ten class splits of each set, and trained
# each network on the encoder's vectors twice on every split. Networks that learn from character n-grams alone were trained once, on five
# splits of CLINC150 and Banking77. Each dot is a mean over class splits, each bar its 95 % interval over class splits.
#
# New names: **Baseline++** is pretraining with a head of cosines. **ANIL** adapts the head alone, **BOIL** the body alone (chapter
# [05](05_adaptation_lab.ipynb)). **Proto-MAML** is MAML whose head starts from the class means. **MAML on an MLP** has a hidden layer of
# 64 units in place of the matrix $P$. **Distributional signatures** learn how much each n-gram counts, from how rare it is in training and
# how it points to a class in the support set.

# %% tags=["hide-output"]
from metalearn_lab.comparison.gains import at_first
from metalearn_lab.comparison.saved_runs import read_table
from metalearn_lab.comparison.table import ENTRY, accuracy_over_splits
from metalearn_lab.figures.accuracy_dots import Row, accuracy_dots_figure
from metalearn_lab.figures.style import label_of, show_figure, style_of

SETS = {"embedded-en": "bundled intents", "clinc150": "CLINC150", "banking77": "Banking77"}
saved = {title: read_table(SAVED / folder) for folder, title in SETS.items()}
alone = {title: at_first(rows) for title, rows in saved.items()}  # 5-way 1-shot
panels = {title: [] for title in alone}
few = ["frozen_class_means", "fine_tuning", "maml", "proto_net", "ridge_head", "signatures"]
for title, rows in alone.items():
    shown = rows[(rows.representation != "n-grams") | rows.method.isin(few)]
    shown = shown.sort_values("representation", ascending=False, kind="stable")
    for (kind, method), part in shown.groupby(ENTRY, sort=False):
        mean, half_width, _ = accuracy_over_splits(part)
        look, label = style_of(method), f"{label_of(method)}, {kind.removeprefix('sentence ')}"
        panels[title].append(Row(label, float(mean), float(half_width), look.color, look.marker))
best = "; ".join(f"{t}: {max(r, key=lambda row: row.mean).label}" for t, r in panels.items())
show_figure(
    accuracy_dots_figure(panels), f"Accuracy of all methods on three sets. Highest: {best}."
)

# %% tags=["hide-output", "nbval-check-output"]
from metalearn_lab.comparison.table import best_by_validation, sentence

for title, rows in alone.items():
    meta, joint, untrained = (
        best_by_validation(rows, kind) for kind in ("meta-learner", "joint", "untrained")
    )
    kept = rows[rows.representation == "sentence encoder"].groupby("method").validation_accuracy
    first_two = kept.mean()[["maml", "proto_net"]].round(2).to_dict()
    print(f"{title}, on validation classes {first_two}")
    proto, means = ((meta[0], method) for method in ("proto_net", "frozen_class_means"))
    for pair in ((meta, untrained), (meta, joint), (proto, joint), (proto, means)):
        print(" ", sentence(rows, *pair))

# %% [markdown]
# <details><summary>What happens</summary>
#
# Who speaks for its kind was chosen on validation classes: MAML for the meta-learners on two sets, ProtoNet on Banking77; whitening for the
# joint methods on two sets, Baseline++ on Banking77; centred class means for the untrained methods on all three.
#
# The best meta-learner **is above** the best untrained method on the bundled intents and on Banking77, and not told apart on CLINC150. Without centred class means in the table it would be above on all three:
# one line of code, without labels or training, takes one result away. Against the best *joint* method the meta-learner **is below** on the bundled
# intents, and not told apart on the other two. (Best means best on
# *validation* classes.)
#
# Do episodes help? Frozen class means and ProtoNet train the same matrix $P$, one without episodes, one with. ProtoNet is above on all
# three sets. (Their losses differ too: no clean control.) But whitening and Baseline++ use no episodes, and have higher means than most untrained methods too.
#
# **From n-grams alone**, without the pretrained encoder, every trained network but one (signatures on the bundled
# intents) has a lower mean than plain TF-IDF. All are far below the encoder.
#
# **A caution.** The class splits of a set overlap, so the intervals are too narrow. A correction (Nadeau and Bengio) multiplies them
# by $\sqrt{1 + n\,n_{\text{test}}/n_{\text{train}}}$, here about 2.6.
#
# </details>
#
# Every method took the same number of outer steps, not of gradients. **Predict**: who gains when each takes as many gradients as MAML?

# %% tags=["hide-output", "nbval-check-output"]
import pandas as pd

longer = read_table(SAVED / "embedded-en" / "equal_gradients")
usual = alone["bundled intents"]
usual = usual[(usual.representation == "sentence encoder") & usual.split.isin(longer.split)]
usual = usual[usual.seed == 0]  # three class splits, one training on each
as_maml = pd.concat([usual[~usual.method.isin(longer.method)], longer])
tables = {"equal trials": usual, "gradients of MAML": as_maml}
ranks = pd.DataFrame({of: rows.groupby("method").accuracy.mean() for of, rows in tables.items()})
ranks = ranks.join(ranks.rank(ascending=False).astype(int).add_suffix(", rank")).round(1)
print(ranks.sort_values("equal trials, rank").rename(index=label_of).to_string())
for one in ("fine_tuning", "proto_net"):
    for rows in tables.values():
        print(sentence(rows, (meta[0], one), (meta[0], "maml")))

# %% [markdown]
# <details><summary>What happens</summary>
#
# **Gradients.** In this table (bundled intents, three splits, one training) every trained method takes as many gradients as MAML, with
# more sentences and settings chosen anew. Pretrain + fine-tune moves from rank 12 to rank 4, above MAML's mean; ProtoNet to rank 1. Three
# splits do not tell these apart from MAML. But a ranking at equal trials is partly a ranking of who spent more.
#
# </details>

# %% [markdown] tags=["instructor"]
# **Instructor, 8 minutes.** Read one sentence of the computer aloud and ask what it does not say. "Not told apart" is not "equal".

# %% [markdown]
# ## When does meta-learning pay?
#
# The same tables hold more conditions, each on three class splits or more: five shots, twenty ways, fewer training classes, weaker features
# (n-grams in place of the encoder), and for CLINC150 test classes from *domains* (banking, travel, work, …) that no training class is
# from. The next picture varies one condition at a time. Its upper row asks how far the best meta-learner is ahead of the best untrained
# method, its lower row of the best joint one.
#
# **Predict** for each condition whether the lead grows or shrinks: more shots, more ways, more training classes, better features, other
# domains.

# %% tags=["hide-output"]
from metalearn_lab.comparison.gains import gains_by_condition
from metalearn_lab.figures.gain_panels import gain_panels_figure

domains = {"CLINC150": read_table(SAVED / "clinc150" / "domains")}
gains = gains_by_condition(saved, domains)
told = "; ".join(
    f"{row.set}, {row.panel} {row.x}: {row.mean:+.1f}"
    for row in gains[gains.less == "untrained"].round(1).itertuples()
)
show_figure(gain_panels_figure(gains), f"Points ahead of the best untrained method. {told}.")

# %% tags=["hide-output", "nbval-check-output"]
from metalearn_lab.comparison.table import difference_over_splits

for title, n in (("bundled intents", 5), ("CLINC150", 20), ("Banking77", 5)):
    rows = saved[title]
    rows = rows[(rows.representation == "sentence encoder") & (rows.ways == n) & (rows.shots == 1)]
    rows = rows[rows.train_classes == rows.train_classes.max()]
    meta, joint, untrained = (
        best_by_validation(rows, kind) for kind in ("meta-learner", "joint", "untrained")
    )
    print(f"{title}, {n}-way 1-shot\n  {sentence(rows, meta, untrained)}")
    print(f"  {sentence(rows, meta, joint)}")
    gap, over = (
        difference_over_splits(rows, meta, untrained),
        f"{rows.split.nunique()} class splits",
    )
    claim = f"{title}, {n}-way: the best meta-learner is above the best untrained"
    finding(claim, gap, above=0, saved=over)

# %% [markdown]
# <details><summary>What happens</summary>
#
# *Shots.* With five sentences a class no lead is told apart from 0, on any set (three class splits; one shot has ten).
#
# *Ways.* Twenty classes at once, possible on CLINC150 alone, are harder. There ProtoNet is above the best untrained *and* the best joint
# method. Multiplied by 2.6 its interval still excludes 0 against the untrained, as on the bundled intents; that of Banking77 does not. Against
# the joint method it then contains 0, and so does MAML's −1.5 on the bundled intents.
#
# *Training classes.* On all three sets the mean lead over the untrained method is higher with all classes than with six. With six it is not
# told apart from 0; but six classes were run on three splits, all classes on ten, and three splits show little. Settings, and who speaks for
# its kind, were chosen with all classes.
#
# *Features.* (The scale of this column is its own.) From n-grams a lead over TF-IDF is there on the bundled intents alone, +4.7. On CLINC150
# signatures, the best meta-learner on validation classes, are 11 points *below* TF-IDF.
#
# *Other domains.* ProtoNet is not told apart from logistic regression, the best untrained method there, and is a little
# below whitening (lower row). The test classes are others here.
#
# Where did it pay, then? On the encoder, with one sentence a class and a task that the encoder leaves hard, against *untrained* methods.
# Against joint ones only at 20 ways, and there not with the widened interval.
#
# </details>

# %% [markdown] tags=["instructor"]
# **Instructor, 7 minutes.** Let groups take one set each and defend "it pays" or "it does not" with the sentences that the computer wrote.
# Then ask what another encoder, or more training classes, would change.

# %% [markdown]
# ## Watch one episode adapt
#
# Pick an unseen episode and a learner, then move the step from 0 upwards. **Predict** first: which query sentence will still be wrong
# after the last step?

# %%
from metalearn_lab.explorers.adaptation_explorer import AdaptationExplorer

steppers = [s for s in scores if s.world is world and s.seed == 0 and s.curves and s.curves.steps]
AdaptationExplorer(world, {s.method: s.learner for s in steppers}, steps=budget.test_steps).show()

# %% [markdown] tags=["instructor"]
# **Instructor, 4 minutes.** Choose an episode together and predict a sentence that stays wrong. Ask with which support sentence it is
# confused, and what the two share.

# %% [markdown]
# ## Your own sentences
#
# A CSV file with a column `text` and a column `label` (or `intent`, or `category`) is enough:
#
#     papermill notebooks/06_few_shot_text.ipynb out.ipynb -p source files -p path sentences.csv
#
# A folder with `train.parquet`, `validation.parquet` and `test.parquet` works too. If the classes of these files do not overlap, their
# split is kept; otherwise classes are drawn. Settings are then chosen anew, with `trials` trainings a method. Chinese intents:
# `-p language zh-CN`. The encoder is English: use `-p representation n-grams` for other languages.

# %% [markdown] tags=["instructor"]
# **Instructor, 1 minute.** Whoever has labelled sentences takes them home with this line.

# %% [markdown]
# ## Try it yourself
#
# ### Exercise 1: write ProtoNet's loss (15 minutes, level 2 of 3)
#
# From the vectors of the support and query sentences of one episode, return the mean cross-entropy of the queries. The score of class $c$
# is $-\lVert z - p_c \rVert^2$, with $p_c$ the mean support vector of class $c$. Labels come in any order, and a class may have more
# support sentences than another. The result must stay differentiable. The check compares the loss and its gradients, to five digits.
#
# <details><summary>Hint 1</summary>
#
# For each class, first find its rows of `support`. What is their mean? Stack the means to `[ways, dim]`.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# `query[:, None] - means` has the shape `[queries, ways, dim]`. `F.cross_entropy` takes scores and labels.
#
# </details>


# %% tags=["exercise"]
def prototype_loss(support, labels, query, query_labels, ways):
    """From support [items, dim], labels [items], query [queries, dim] and query_labels [queries]."""
    # <solution>
    means = torch.stack([support[labels == c].mean(0) for c in range(ways)])
    distances = ((query[:, None] - means) ** 2).sum(-1)
    return F.cross_entropy(-distances, query_labels)
    # </solution>


# %%
from metalearn_lab.exercises.few_shot_text import check_prototype_loss

check_prototype_loss(prototype_loss)

# %% [markdown]
# ### Exercise 2: write the interval over class splits (15 minutes, level 2 of 3)
#
# Two methods were trained on the same class splits, several times on each. Return the mean of their difference and its 95 % half-width
# *over class splits*. Trainings of one split are no new splits: average over them first. The check allows a relative error of $10^{-3}$.
#
# <details><summary>Hint 1</summary>
#
# You need one number for each split: the mean of `one` over its seeds, less the mean of `other`.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# For $n$ numbers with standard deviation $s$ (divided by $n - 1$) the half-width is $t\, s / \sqrt{n}$. With
# `from scipy.stats import t`, the quantile is `t.ppf(0.975, n - 1)`.
#
# </details>


# %% tags=["exercise"]
def gap_over_splits(one, other):
    """Mean and half-width of the difference of accuracies, each [splits, seeds]."""
    # <solution>
    from scipy.stats import t

    gaps = one.mean(1) - other.mean(1)
    n = len(gaps)
    return gaps.mean(), t.ppf(0.975, n - 1) * gaps.std() / n**0.5
    # </solution>


# %%
from metalearn_lab.exercises.few_shot_text import check_difference_over_splits

check_difference_over_splits(gap_over_splits)

# %% [markdown]
# ### Exercise 3: a leak of your own (10 minutes, level 1 of 3)
#
# The number of inner steps at test time was chosen by the validation classes. Choose it on the *test* curve instead, and return by how
# many points a method then looks better. The check allows 0.001 points, and then says it for the methods above.
#
# <details><summary>Hint 1</summary>
#
# The mean over episodes is a curve: one accuracy for each step.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# One step is chosen for all episodes. A point is a hundredth of the whole.
#
# </details>


# %% tags=["exercise"]
def gain_from_peeking(accuracy, chosen):
    """Points, from accuracy [episodes, steps + 1] in 0…1 and the step that was chosen."""
    # <solution>
    mean = accuracy.mean(0)
    return 100 * (mean.max() - mean[chosen]).item()
    # </solution>


# %%
from metalearn_lab.exercises.few_shot_text import check_gain_from_peeking

peeked = {label_of(s.method): (s.curves.accuracy, s.choice.steps) for s in steppers}
check_gain_from_peeking(gain_from_peeking, peeked)

# %% [markdown]
# <details><summary>Answer</summary>
#
# The gain is never negative, because you took the maximum. It says nothing about new classes: on other test classes another step may be
# best.
#
# </details>

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Exercise 1 in pairs. In exercise 2 most pool splits and trainings; the check names it. Leave 3 for home.

# %%
from metalearn_lab.workbook.headline import headline

means = results.groupby("method").accuracy.mean().to_dict()
best = max(means, key=means.get)
headline(
    f"Highest of {len(means)} on unseen classes, {ways}-way {shots}-shot: {label_of(best)}, "
    f"{means[best]:.1f} % ({splits} class splits, {seeds} training(s) on each).",
    curves={s.method: s.curves for s in steppers},
    **{f"accuracy_{name}": mean for name, mean in means.items()},
)

# %% [markdown]
# ## What to remember
#
# - Put the strong cheap baselines into every table: classifiers on a frozen encoder's vectors, centred too, and a closed form like
#   whitening. Centring took one of three results away; on the bundled intents whitening was above MAML, the meta-learner that the
#   validation classes chose.
# - With one shot, the chosen meta-learner was above the chosen untrained method on the bundled intents, on Banking77, and on CLINC150 with
#   20 ways. With intervals widened by 2.6, Banking77 drops out. With five shots the mean lead was smaller, and not told apart from 0.
# - Whether it must be learning *from episodes* is not settled. With the same matrix, ProtoNet was above frozen class means on all three
#   sets. But at 5 ways the chosen joint method was above the chosen meta-learner, or not told apart from it.
# - An interval over episodes says little about new classes. Average over trainings, and take the interval over class splits.
# - Choose settings, and the method that speaks for its kind, on validation classes that are never reported on.
# - Write the rule for the words before the run, and let the computer apply it.

# %% [markdown]
# ## Sources
#
# - Snell, Swersky, Zemel: *Prototypical Networks for Few-shot Learning*, NeurIPS 2017,
#   [arXiv:1703.05175](https://arxiv.org/abs/1703.05175).
# - Wang, Chao, Weinberger, van der Maaten: *SimpleShot*, 2019, [arXiv:1911.04623](https://arxiv.org/abs/1911.04623): centred class means.
# - Bao, Wu, Chang, Barzilay: *Few-shot Text Classification with Distributional Signatures*, ICLR 2020,
#   [arXiv:1908.06039](https://arxiv.org/abs/1908.06039).
# - Finn, Abbeel, Levine: *Model-Agnostic Meta-Learning*, ICML 2017, [arXiv:1703.03400](https://arxiv.org/abs/1703.03400).
# - Nadeau, Bengio: *Inference for the Generalization Error*, Machine Learning 52, 2003: intervals of overlapping splits.
# - Chen, Liu, Kira, Wang, Huang: *A Closer Look at Few-shot Classification*, ICLR 2019,
#   [arXiv:1904.04232](https://arxiv.org/abs/1904.04232): strong baselines.
# - Larson et al.: *An Evaluation Dataset for Intent Classification and Out-of-Scope Prediction* (CLINC150), EMNLP 2019.
# - Casanueva et al.: *Efficient Intent Detection with Dual Sentence Encoders* (Banking77), NLP for ConvAI 2020.
# - Wang et al.: *MiniLM*, NeurIPS 2020; Reimers, Gurevych: *Sentence-BERT*, EMNLP 2019: the encoder.
# - The bundled sentences: `home-assistant-intents`, Apache-2.0, by the Home Assistant voice community.
#
# Next: [07 Learned rates and learned optimisers](07_learned_rates.ipynb), where the steps themselves are learned.
