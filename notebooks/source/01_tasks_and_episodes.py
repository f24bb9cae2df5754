# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/01_tasks_and_episodes.ipynb)
#
# # Tasks and episodes
#
# After this chapter you will be able to
#
# - turn any labelled table into *N*-way *K*-shot episodes, with your own code and with `EpisodeSampler`;
# - say why labels are dealt anew in every episode, and why classes, and siblings (sentences of one template), are
#   kept apart;
# - find a leak, measure what it does to an accuracy, and catch it with an assertion.
#
# The second cell below holds the chapter's parameters. Leave them as they are for now: each is explained where it is
# first used. Later you can change one and run the chapter again.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% tags=["parameters"]
language: str = "en"  # language of the sentences, one of 65 codes
ways: int = 5  # how many classes an episode has
shots: int = 5  # how many sentences of each class to learn from
queries: int = 5  # how many sentences of each class to be tested on
episodes: int = 600  # how many episodes each accuracy is taken over
class_splits: int = 5  # how many times the classes are divided anew
split_seed: int = 0  # another number divides the classes in other ways
seed: int = 0  # another number gives other episodes
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## An episode, card by card
#
# You are the learner. A machine deals you a tiny classification task that you have never seen. Move the slider
# *cards dealt* back to 0, then press the right arrow key again and again, and watch three rounds. Leave *split* as it is
# for now.
#
# 1. **classes**: $N$ of them are drawn, and each gets a label from 0 to $N-1$. Their names stay covered;
# 2. **support cards** (■): $K$ sentences of each class. You see their labels, so you can learn from them;
# 3. **query cards** (?): $Q$ other sentences of each class. Their labels are covered. **Which label?** Decide first,
#    then uncover.
#
# Then go to another *episode*. How many do you need before you make a mistake?

# %% [markdown] tags=["instructor"]
# **Instructor, 8 minutes.** One student deals, the others call the label before it is uncovered. Ask where the answer came from: nobody
# knew the classes, only the support cards.

# %%
import torch
from metalearn_lab import ClassSplit, load_table, split_classes
from metalearn_lab.explorers.episode_explorer import EpisodeExplorer
from metalearn_lab.tasks.sources.readable import readable_part
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a parameter of the wrong type is refused here

table = load_table("embedded", language=language)
readable = readable_part(table)  # the sentences shown on cards


def those_in(split, wanted):
    """The split without the classes that are not wanted."""
    return ClassSplit(*(tuple(sorted({*part} & {*wanted})) for part in split))


drawn = split_classes(table, seed=split_seed * class_splits)
EpisodeExplorer(readable, those_in(drawn, readable.labels), language=language, seed=seed).show()

# %% [markdown]
# What you held is an **episode**. Its cards make two sets:
#
# - the **support set** $S = \{(x_i, y_i)\}_{i=1}^{N K}$: $K$ labelled sentences of each of $N$ classes, to learn from;
# - the **query set**: $N Q$ other pairs $(x, y)$ of the same classes. You predict $y$, and are judged on it.
#
# Here $x$ is a sentence and $y \in \{0, \dots, N-1\}$ its label *in this episode*. We call the task $N$-**way**
# $K$-**shot**. You learned a classifier from six sentences, because you bring knowledge of English. The learners of
# the next chapters bring what they learned from other episodes.
#
# ## A labelled table
#
# Episodes are cut from an ordinary labelled table. Ours holds commands to a smart home. They come with a package
# that is already installed, so no network is needed. A class is what the speaker wants: an intent, and sometimes the
# kind of device (`HassTurnOn/light`). The sentences are made by a program from **templates**. A template is a pattern such
# as `turn on [the] {area} (light|lights)`: `[…]` may be left out, `{…}` is filled in, `(…|…)` is a choice. One template
# can give several sentences. We call two sentences of one template **siblings**.
#
# A line that ends in *True [a < b]* or *True [a > b]* is a check: *a* is what the cell found, *b* is the limit.

# %% [markdown] tags=["instructor"]
# **Instructor, 4 minutes.** Let them find two siblings in the output. The word *template* is what the section on leaks rests on.

# %% tags=["nbval-check-output"]
import pandas as pd

from metalearn_lab.workbook.facts import finding, proof


def show_rows(part, rows):
    """Some rows of a table, with the name of their class."""
    names = [part.classes[part.labels[row]] for row in rows]
    texts, templates = [part.texts[row] for row in rows], [part.groups[row] for row in rows]
    return pd.DataFrame({"text": texts, "class": names, "template": templates})


size = pd.Series(table.labels).value_counts()
print(f"{len(table):,} sentences, {len(table.classes)} classes, {len({*table.groups})} templates")
print(f"sentences in a class: {size.min()} to {size.max()}, median {size.median():.0f}")
classes_of_template = pd.Series(table.labels).groupby(list(table.groups)).nunique()
proof("every template belongs to one class", classes_of_template.max(), below=2)
show_rows(readable, range(8))

# %% [markdown]
# <details><summary>How were the sentences on the cards chosen?</summary>
#
# A program that fills in templates also makes sentences that nobody says, such as "who is the gym". You should not have to
# wonder whether the sentence is odd or your English has a gap. So we picked, by hand, sentences that people would
# say. They are in `metalearn_lab/tasks/sources/readable_en.csv`, and only these are on the cards. The accuracies below are
# measured on the whole table, odd sentences included. For another
# `language`, the cards show the whole table too.
#
# </details>
#
# ## Classes that were never met
#
# Can a learner learn a **new** class? To find out, we split the classes, not the sentences:
# $C_\text{train}$ to train on, $C_\text{validation}$ to choose settings with, $C_\text{test}$ to report on. No class is
# in two of them. In ordinary classification the sentences are split and the classes are shared; here it is the
# other way round. Classes with too few sentences or templates for $K$ support and $Q$ query sentences are left out.

# %% [markdown] tags=["instructor"]
# **Instructor, 4 minutes.** Ask what a random split of the rows would measure. It measures new sentences of known classes; the question is
# about new classes.

# %%
from metalearn_lab.tasks.dealing import dealable_classes

enough = dealable_classes(table.labels, table.groups, shots=shots, queries=queries)
split_seeds = [split_seed * class_splits + number for number in range(class_splits)]
splits = [those_in(split_classes(table, seed=each), enough) for each in split_seeds]
classes = splits[0]
print("left out, too few sentences or templates:", len(table.classes) - len(enough), "classes")
for part, members in classes._asdict().items():
    print(
        f"{part} ({len(members)} classes):", ", ".join(table.classes[c] for c in members[:6]), "…"
    )

# %% [markdown]
# Some classes are twins, such as turning something on and turning it off. If both are test classes, a learner may confuse
# them. So accuracy may depend on which classes are drawn. We therefore draw five class splits. The next three sections use the
# first one; the section on leaks uses all five.
#
# ## The sampler
#
# `EpisodeSampler` deals episodes from any labelled table. It takes `x`, whatever stands for a sentence. For now that is
# its row number. It also takes `groups`, here the templates: it keeps siblings on one side of an episode, all in
# the support set or all in the query set. You will soon see why.
#
# Suppose you test two learners on 600 episodes each, drawn at random. One of them may get easier episodes. To compare
# them fairly, both must get *the same* 600. That is why an episode has an **address**: seed, part (train, validation or
# test; `split` in code) and index. The same address gives the same episode, in any order, alone or in a batch. The cell
# prints the shape of a **batch** of 20 episodes: 20 tasks, with $N K = 25$ support sentences each.

# %% [markdown] tags=["instructor"]
# **Instructor, 4 minutes.** Ask how they would compare two learners on the same episodes without an address. Chapter 06 uses it for
# paired differences.

# %% tags=["nbval-check-output"]
from metalearn_lab import EpisodeSampler


def make_sampler(part, split=classes, groups=table.groups):
    """Episodes of one part of a class split; they hold row numbers."""
    counts = {"ways": ways, "shots": shots, "queries": queries}
    address = {"split": part, "seed": seed}
    rows, own = torch.arange(len(table)), getattr(split, part)
    return EpisodeSampler(rows, table.labels, groups=groups, classes=own, **counts, **address)


sampler = make_sampler("test")
batch = sampler.batch(0, 20)  # episodes 0 to 19, as one task with one more axis in front
print("a batch of 20 episodes: support x", list(batch.support.x.shape), "[tasks, sentences]")
alone = {index: sampler.episode(index) for index in reversed(range(20))}
differing = [(alone[i].query_rows != batch.query.x[i]).sum() for i in range(20)]
proof("backwards and alone, every episode has the rows that it has in a batch", differing, below=1)
shared = [len({*one.support_rows.tolist()} & {*one.query_rows.tolist()}) for one in alone.values()]
proof("no row is in the support set and in the query set", shared, below=1)

# %% [markdown]
# ## From text to numbers
#
# A network needs numbers. We cut a sentence into its runs of two and three characters (**n-grams**). A hash function gives
# every n-gram a number from 1 to 1,023. Different n-grams may get the same number. Nothing is fitted to the data, so nothing
# about the test classes can leak this way. Now we can try a simple learner that needs no training: the **nearest class
# mean**. Count a sentence's n-grams, take $v(x) = \log(1 + \text{counts})$ scaled to length 1, average $v$ over each class of the support set, and
# give a query to the class with the nearest mean:
#
# $$c_n = \frac1K \sum_{i:\, y_i = n} v(x_i), \qquad \hat y(x) = \arg\max_n \cos\big(v(x),\, c_n\big).$$
#
# **Predict:** of 100 query sentences of test classes, 5-way 5-shot, how many does it classify right? Guessing gives 20.

# %% [markdown] tags=["instructor"]
# **Instructor, 7 minutes.** Write the guesses on the board. Most are far too low. Ask what would leak if the n-gram vocabulary were fitted
# to all sentences.

# %% tags=["hide-output"]
from torch.nn import functional as F

from metalearn_lab import choose_device, hashed_ngrams, interval_over_tasks
from metalearn_lab.tasks.devices import device_in_words

where = choose_device(device)
print("Computing on", device_in_words(where))
BUCKETS = 1024
ids = hashed_ngrams(table.texts, buckets=BUCKETS)
counts = torch.zeros(len(table), BUCKETS).scatter_add_(1, ids, torch.ones(ids.shape))
counts[:, 0] = 0  # number 0 fills up short sentences
vectors = F.normalize(counts.log1p(), dim=1).to(where)  # v of every row


def nearest_class_mean(tasks):
    """Whether each query is classified right, [tasks, items]; the tasks hold row numbers."""
    support, query = vectors[tasks.support.x.to(where)], vectors[tasks.query.x.to(where)]
    member = F.one_hot(tasks.support.y.to(where), ways).float()  # [tasks, items, N]
    means = F.normalize(member.mT @ support, dim=-1)  # the direction of c_n, [tasks, N, BUCKETS]
    return ((query @ means.mT).argmax(-1).cpu() == tasks.query.y).float()


honest = sampler.batch(0, episodes)
mean, half_width, _ = interval_over_tasks(100 * nearest_class_mean(honest).mean(1))
print(f"nothing trained: {mean:.1f} ± {half_width:.1f} %, over {episodes} episodes of one split")

# %% [markdown]
# The number after ± covers the draw of the episodes, for *these* test classes. It says nothing about other classes; the
# other splits follow below. The nearest class mean needs no training. A trained learner is only worth its cost if it
# does better.
#
# ## Labels are dealt anew
#
# In one episode a class is called 0, in the next it may be called 3. Why make it so hard? Suppose each class had one *fixed*
# label: its number in the table, modulo $N$. (Two classes of an episode may then share a label. That does not matter
# here: we only ask whether the label can be known without a support set.) We train a linear classifier that sees
# **only query sentences**, never a
# support set.
#
# **Predict:** how many of 100 queries does it classify right (a) in new episodes of the training classes, with these fixed
# labels? (b) in episodes of test classes, where the sampler deals the labels? Then we train a second classifier on labels
# dealt anew: (c) how many does it classify right in new episodes of the training classes?

# %% [markdown] tags=["instructor"]
# **Instructor, 7 minutes.** Many think that dealing labels anew only makes the problem harder. Take guesses for all three before the table.

# %% tags=["hide-output"]
train = make_sampler("train")
learn, new, unseen = train.batch(0, 200).query, train.batch(200, 200).query, honest.query
fixed_label = torch.tensor(table.labels) % ways  # of each row: its class, modulo N


def train_on_queries(x, y, steps=40):
    """A linear classifier that never sees a support set, [BUCKETS, N]."""
    weights = torch.zeros(BUCKETS, ways, device=where, requires_grad=True)
    adam, inputs = torch.optim.Adam([weights], lr=0.2), vectors[x.flatten().to(where)]
    for _ in range(steps):
        adam.zero_grad()
        F.cross_entropy(inputs @ weights, y.flatten().to(where)).backward()
        adam.step()
    return weights.detach()


scores = {}
labels = {"fixed": (fixed_label[learn.x], fixed_label[new.x]), "dealt anew": (learn.y, new.y)}
for name, (y, y_new) in labels.items():
    weights = train_on_queries(learn.x, y)
    for place, x, right in (("new episodes", new.x, y_new), ("test classes", unseen.x, unseen.y)):
        guesses = (vectors[x.to(where)] @ weights).argmax(-1).cpu()
        scores[name, place] = interval_over_tasks((guesses == right).float().mean(1))
shown = {key: f"{100 * i.mean:.1f} ± {100 * i.half_width:.1f} %" for key, i in scores.items()}
pd.Series(shown).to_frame("queries classified right")

# %% tags=["nbval-check-output", "hide-output"]
finding(
    "with fixed labels, a classifier that never reads the support set is right in new episodes",
    scores["fixed", "new episodes"],
    above=0.9,
)
finding(
    "on test classes it is within 0.05 of guessing",
    abs(scores["fixed", "test classes"].mean - 1 / ways),
    below=0.05,
)
finding(
    "with labels dealt anew, it is within 0.05 of guessing in new episodes too",
    abs(scores["dealt anew", "new episodes"].mean - 1 / ways),
    below=0.05,
)

# %% [markdown]
# <details><summary>What happens</summary>
#
# With fixed labels the classifier is nearly perfect in new episodes of the training classes, and it never looks at a
# support set. Each class keeps its label, so the classifier can store the answers. (Many sentences of the new
# episodes were also in the training episodes, so we cannot tell whether it stored classes or single sentences.) In
# the test episodes the sampler deals the labels, so without the
# support set it can only guess.
#
# After training on labels dealt anew, it also guesses in new episodes of the training classes: what it learned in one
# episode does not hold in the next. Now only the support set holds the answer, so training has to teach a learner to
# read it.
#
# </details>
#
# ## What leaks
#
# A **leak** is information about the answer that the learner would not have in real use.
#
# ### Leak 1: a class in two splits
#
# It happens by a slip: for example, two data sets that share classes are joined. One line checks that no class number is
# in two parts. It cannot see one class listed under two names, so read the names too.

# %% [markdown] tags=["instructor"]
# **Instructor, 14 minutes.** Collect guesses for (a), (b) and (c) before the table. Some will say that siblings are natural in real data. Ask
# them what is measured when a *new* pattern arrives.

# %%
from metalearn_lab import LeakError, assert_class_disjoint, assert_episode_is_clean

for each in splits:
    assert_class_disjoint(each)  # silent: all is well
try:
    assert_class_disjoint(classes._replace(test=(*classes.test, classes.train[0])))
except LeakError as leak:
    print("LeakError:", leak)

# %% [markdown]
# ### Leak 2: siblings in support and query
#
# Suppose we keep only *sentences* apart, not templates. Then a query can have a sibling in the support set. Below, each
# query card says, folded, whether it has a sibling. (Siblings need not look alike: a template may let both the verb
# and the thing vary.) How many of the six do? Decide first, then unfold. Go to other episodes,
# then set *kept apart* to *templates*: now none has one.

# %%
cards = {"language": language, "seed": seed, "shots": 3, "queries": 2}
EpisodeExplorer(readable, those_in(drawn, readable.labels), siblings=True, **cards).show()

# %% [markdown]
# How much does this give away? On each class split we deal 600 episodes with templates kept apart and 600 with only
# sentences kept apart. But the two kinds of episodes differ in more than siblings: with only sentences kept apart, the
# support set can also cover more templates, because it need not leave any for the queries. So we need a
# **control**: the same queries, but each sibling of a query in its support set is *swapped* for a sentence of the same
# class from another template. If accuracy falls after the swap, the queries had gained from their siblings. We call
# this fall **copying**: accuracy with siblings let in, minus accuracy with siblings swapped. The swap does not
# explain the rest of the rise.
#
# **Predict** for 5-way 5-shot: (a) of 100 queries, how many have a sibling in the support set? (b) By how many points does
# the nearest class mean rise when siblings are let in? (c) How much of this rise, in percent, is copying?

# %% tags=["hide-output"]
from metalearn_lab.experiments.sibling_leak import sibling_mask, swap_siblings

rows_of_split = {}
for each, split in zip(split_seeds, splits, strict=True):
    apart = nearest_class_mean(make_sampler("test", split).batch(0, episodes))
    mixed = make_sampler("test", split, groups=None).batch(0, episodes)
    right, has_sibling = nearest_class_mean(mixed), sibling_mask(mixed, table).any(2)
    swapped = [nearest_class_mean(part) for part in swap_siblings(mixed, table, seed=seed)]
    accuracy = {
        "templates apart": apart.mean(),
        "siblings swapped": torch.cat(swapped).mean(),
        "siblings let in": right.mean(),
        "queries with a sibling": right[has_sibling].mean(),
        "queries without": right[~has_sibling].mean(),
        "have a sibling": has_sibling.float().mean(),
    }
    rows_of_split[f"split {each}"] = {name: float(value) for name, value in accuracy.items()}
leaks = pd.DataFrame(rows_of_split).T
(100 * pd.concat([leaks, leaks.mean().to_frame("mean").T])).round(1)

# %% tags=["hide-output"]
from metalearn_lab.figures.split_slopes import split_slopes_figure
from metalearn_lab.figures.style import show_figure

conditions = ["templates apart", "siblings swapped", "siblings let in"]
show_figure(
    split_slopes_figure({name: list(leaks[name]) for name in conditions}, split_seeds),
    "Accuracy of the nearest class mean on each class split in three conditions. All lines rise, and "
    "most of the rise is between swapped siblings and siblings let in.",
)

# %% tags=["hide-output"]
from metalearn_lab.workbook.headline import headline


def over_splits(values):
    """Mean over class splits with its 95 % interval, in points."""
    return interval_over_tasks(100 * torch.tensor(values.to_numpy()))


clean, leaky = over_splits(leaks["templates apart"]), over_splits(leaks["siblings let in"])
rise = over_splits(leaks["siblings let in"] - leaks["templates apart"])
copying = over_splits(leaks["siblings let in"] - leaks["siblings swapped"])
headline(
    f"Over {class_splits} class splits, {100 * leaks['have a sibling'].mean():.0f} of 100 queries have a "
    f"sibling when only sentences are kept apart. An untrained baseline then reads {leaky.mean:.1f} % "
    f"instead of {clean.mean:.1f} ± {clean.half_width:.1f} %: {rise.mean:.1f} ± {rise.half_width:.1f} points "
    f"more, of which {copying.mean:.1f} ± {copying.half_width:.1f} are copying (± over class splits; "
    f"{ways}-way {shots}-shot, {episodes} episodes each).",
    clean=clean,
    leaky=leaky,
    rise=rise,
    copying=copying,
    siblings=float(leaks["have a sibling"].mean()),
    episodes=episodes,
)

# %% tags=["nbval-check-output", "hide-output"]
have = leaks["have a sibling"]
finding("on every class split a fifth of the queries or more have a sibling", have, above=0.2)
gain = leaks["siblings let in"] - leaks["templates apart"]
finding("on every class split accuracy rises when siblings are let in", gain, above=0)
share = copying.mean / rise.mean
finding("copying is more than half of the mean rise", share, above=0.5)
rest = (leaks["siblings swapped"] - leaks["templates apart"]).mean()
finding("on average over the class splits, some of the rise is left without copying", rest, above=0)

# %% [markdown]
# <details><summary>What happens</summary>
#
# On all five splits the nearest class mean (the *untrained baseline* of the headline) rises when siblings are let in. It
# learned nothing in between. (The headline takes differences before rounding. The axis of the figure does not start at 0.)
#
# The swap takes most of the rise away. We call this part copying. Two limits: a sibling stays if the class has no unused
# sentence of another template, and the swap also changes which templates the support set covers. Swapping sentences
# that are no siblings would test this; we did not run it.
#
# We ran the chapter with five seeds, on 25 class splits in all. Accuracy rose on every one, and copying was more than
# half of the mean rise of each five. We did not test where the rest comes from. Perhaps a support set drawn
# over all templates covers more patterns.
#
# Why not compare queries *with* a sibling to queries *without*? They are different queries, and one kind may be easier
# anyway. The swap asks the same queries twice.
#
# The lines of the figure lie far apart, too. With templates apart, accuracy goes from 85.0 to 89.5 % over the splits.
# This range is wider than the mean rise of 3.3 points. An interval over the episodes of one split does not show it. The ±
# of the headline is over the splits; it may be too narrow, because the test sets share some classes.
#
# </details>

# %% [markdown]
# ### Catch it
#
# `assert_episode_is_clean` raises a `LeakError` if a row or a template is on both sides. A second test finds another fault:
# **shuffle the support labels.** A learner that takes its answers from the support set falls to guessing, here 20 %. If it
# stays above, it knows the answers from elsewhere, as with fixed labels. This test does not see leak 2: the sibling in the
# support set loses its right label too.

# %% tags=["nbval-check-output"]
for index in range(100):
    assert_episode_is_clean(sampler.episode(index), table.groups)  # silent: all is well
by_sentence = make_sampler("test", groups=None)
try:
    for index in range(100):
        assert_episode_is_clean(by_sentence.episode(index), table.groups)
except LeakError:
    print(f"LeakError in episode {index}, when only sentences are kept apart")

order = torch.rand(honest.support.y.shape, generator=torch.Generator().manual_seed(seed)).argsort(1)
shuffled = honest.support._replace(y=honest.support.y.gather(1, order))
guessing = nearest_class_mean(honest._replace(support=shuffled)).mean()
finding("with shuffled labels it is within 0.03 of guessing", abs(guessing - 1 / ways), below=0.03)

# %% [markdown]
# ## Try it yourself
#
# ### Exercise 1: write an episode sampler (15 minutes, level 2 of 3)
#
# Write `deal`. It gets the class of each row as a list of whole numbers, and returns two lists of pairs
# `(row, label)`: the support set and the query set. Templates play no role here.
#
# - $N$ different classes, labelled 0 to $N-1$; over many seeds every class gets every label;
# - $K$ support rows and $Q$ query rows of each class, drawn at random, no row twice;
# - the same seed gives the same episode, another seed another one.
#
# You may assume that every class has at least $K + Q$ rows.
#
# The check compares whole numbers, so there is nothing to round. The order within a list does not matter.
#
# <details><summary>Hint 1</summary>
#
# `numbers = random.Random(seed)` is a stream of random numbers of its own. `numbers.sample(things, count)` draws
# without replacement, in random order.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# Draw $K + Q$ rows of a class at once. The first $K$ are support, the others query. `enumerate` gives the labels.
#
# </details>

# %% [markdown] tags=["instructor"]
# **Instructor, 12 minutes.** Exercise 1 in pairs; exercises 2 and 3 at home. The most common slip is to sort the drawn classes, which fixes the
# order of labels. In exercise 2 many count pairs, or groups, in place of query rows; the check names both.


# %% tags=["exercise"]
def deal(labels, ways, shots, queries, seed):
    """The support set and the query set of an episode, as lists of pairs (row, label)."""
    # <solution>
    import random

    numbers = random.Random(seed)
    support, query = [], []
    for label, name in enumerate(numbers.sample(sorted(set(labels)), ways)):
        rows = [row for row, each in enumerate(labels) if each == name]
        drawn = numbers.sample(rows, shots + queries)
        support += [(row, label) for row in drawn[:shots]]
        query += [(row, label) for row in drawn[shots:]]
    return support, query
    # </solution>


# %%
from metalearn_lab.exercises.episodes import check_episode_sampler

check_episode_sampler(deal)

# %% [markdown]
# ### Exercise 2: count what leaks (10 minutes, level 1 of 3)
#
# Write `leaked`: how many query rows of an episode have a sibling in its support set. A sibling is a row of the same
# group; `groups[row]` is the group of a row. The answer is a whole number. The check tries episodes with and without a
# leak, and more than one list of groups.
#
# <details><summary>Hint 1</summary>
#
# `episode.support_rows.tolist()` and `episode.query_rows.tolist()` are the rows of the two sides.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# Collect the groups of the support rows in a set. Then count the query rows whose group is in it.
#
# </details>


# %% tags=["exercise"]
def leaked(episode, groups):
    """Number of query rows whose group also stands in support."""
    # <solution>
    seen = {groups[row] for row in episode.support_rows.tolist()}
    return sum(groups[row] in seen for row in episode.query_rows.tolist())
    # </solution>


# %%
from metalearn_lab.exercises.episodes import check_leaked

check_leaked(leaked, (sampler, by_sentence), table.groups)

# %% [markdown]
# ### Exercise 3: one shot, or another language (10 minutes, level 1 of 3)
#
# Set `shots` to 1 in the parameters cell and run the chapter again. Predict first: does the rise of leak 2 become larger
# or smaller? Then try `language`, for example `"de"` or `"zh-CN"`: nothing in the chapter knows English, except the
# cards that we picked by hand. Or take texts of your own: `load_table("files", path="my_data")` reads parquet files with a
# text and a label column. Such files have no templates, so only a repeated sentence counts as a sibling. If your
# texts come in groups that are alike, such as several messages of one person, give `EpisodeSampler` `groups` of your own.
#
# <details><summary>Hint 1</summary>
#
# Two things change: how many queries have a sibling, and how much one support sentence counts in a class mean.
#
# </details>

# %% [markdown]
# ## What to remember
#
# - An $N$-way $K$-shot episode has a support set of $N K$ items to learn from, and a query set of other items to be judged on.
# - Classes are disjoint between splits. Labels are dealt anew in every episode, so only the support set says
#   which class has which label.
# - Keep siblings (sentences of one template) on one side of an episode. Measure a leak against a control, and assert against it.
# - An interval over episodes covers one choice of test classes. Report several class splits.
# - Shuffle the support labels: a learner that stays above guessing knows the answers from elsewhere. This does not find
#   siblings.
#
# ## Sources
#
# - Vinyals et al.: *Matching Networks for One Shot Learning*, NeurIPS 2016,
#   [arXiv:1606.04080](https://arxiv.org/abs/1606.04080): training and testing by episodes.
# - Snell, Swersky, Zemel: *Prototypical Networks for Few-shot Learning*, NeurIPS 2017,
#   [arXiv:1703.05175](https://arxiv.org/abs/1703.05175): the nearest class mean, with a learned $v$.
# - Yin et al.: *Meta-Learning without Memorization*, ICLR 2020,
#   [arXiv:1912.03820](https://arxiv.org/abs/1912.03820): what happens when labels are not dealt anew.
# - The sentences: [home-assistant-intents](https://github.com/home-assistant/intents), Apache-2.0.
#
# Next: [02 Transfer learning](02_transfer_learning.ipynb).
