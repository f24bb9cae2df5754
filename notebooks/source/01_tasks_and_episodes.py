# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/01_tasks_and_episodes.ipynb)
#
# # Tasks and episodes
#
# After this chapter you will be able to
#
# - turn any labelled table into *N*-way *K*-shot episodes, by hand and with `EpisodeSampler`;
# - say why labels are dealt anew in every episode, and why classes, and sentences of one template, are kept apart;
# - find a leak, measure what it does to an accuracy, and catch it with an assertion.
#
# The second cell below holds the chapter's parameters. Change them and run the chapter again, or set them from the
# command line: `make run ARGS="01 -p language de"`.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% tags=["parameters"]
language: str = "en"  # language of the sentences, one of 65 codes
other_language: str = "zh-CN"  # shown beside it near the end
ways: int = 5  # N, classes of an episode
shots: int = 5  # K, support sentences of each class
queries: int = 5  # Q, query sentences of each class
episodes: int = 600  # episodes that accuracies are taken over
split_seed: int = 0  # another seed deals the classes to other splits
seed: int = 0  # of the stream of episodes
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## A labelled table
#
# Few-shot learning begins with an ordinary labelled table. Ours holds commands to a smart home, made from the
# templates of the Home Assistant community; some come out odd. It comes with a package that is already
# installed, so no network is needed. A class is what the speaker wants, an intent, and where there is one the
# kind of device: `HassTurnOn/light`. A **template** (`groups` in code) is a pattern such as
# `turn on [the] {area} (light|lights)`: `[…]` may be left out, `{…}` is filled in, `(…|…)` is a choice. Up to eight
# sentences were made from each.

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Ask for two sentences of one class that are nearly the same, before the templates are shown. The word
# *template* is what the section on leaks rests on.

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

import pandas as pd

from metalearn_lab import load_table

table = load_table("embedded", language=language)
print(table.source)
print(f"{len(table):,} sentences, {len(table.classes)} classes, {len(set(table.groups))} templates")

frame = pd.DataFrame(
    {
        "text": table.texts,
        "class": [table.classes[label] for label in table.labels],
        "label": table.labels,
        "template": table.groups,
    }
)
frame.sample(6, random_state=1).sort_values("label")

# %% [markdown]
# How much is there of each class? In the row marked 50 %, half of the classes have no more than that; *min* is the
# smallest class.

# %%
frame.groupby("class").agg(sentences=("text", "size"), templates=("template", "nunique")).describe(
    percentiles=[0.5]
).round(0).astype(int)

# %% tags=["nbval-check-output"]
from metalearn_lab.workbook.facts import finding, proof

proof(
    "every row has a text, a class and a template",
    len(table.texts) == len(table.labels) == len(table.groups),
)
proof("no sentence stands twice, so none has two classes", frame["text"].is_unique)
proof(
    "every template belongs to one class",
    frame.groupby("template")["class"].nunique().max() == 1,
)

# %% [markdown]
# ## One episode, by hand
#
# An **episode** is a small classification task made from the table: take $N$ classes, call them
# $0, \dots, N-1$, and take of each class $K$ sentences to learn from and $Q$ others to be judged on:
#
# $$S = \{(x_i, y_i)\}_{i=1}^{N K}, \qquad \mathcal{Q} = \{(x_j, y_j)\}_{j=1}^{N Q}, \qquad y \in \{0, \dots, N-1\}.$$
#
# $S$ is the **support set**, $\mathcal{Q}$ the **query set**. In plain Python, with $K = Q = 1$:

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Have one student play the learner: read out the support sentences with their numbers, then a query. Ask
# where the answer came from.

# %%
import random

numbers = random.Random(0)
by_hand = []
for label, name in enumerate(numbers.sample(table.classes, ways)):
    templates = {}
    for row in table.rows_of(name):
        templates.setdefault(table.groups[row], []).append(row)
    one, other = numbers.sample(sorted(templates), 2)  # two templates of this class
    support_row, query_row = numbers.choice(templates[one]), numbers.choice(templates[other])
    by_hand.append((label, name, table.texts[support_row], table.texts[query_row]))

pd.DataFrame(by_hand, columns=["label", "class", "support (learn from it)", "query (judged on it)"])

# %% [markdown]
# Try it as a human: cover the column *class*, read the support sentences, and give each query a label. That is
# the whole task. Note one line of the code: support and query come from *two templates*. Keep it in mind.
#
# ## Classes that were never met
#
# We want to know whether a learner can learn a **new** class. So the classes themselves are split:
# $C_\text{train}$ to train on, $C_\text{validation}$ to choose settings by, $C_\text{test}$ to report on, and no
# class is in two of them:
#
# $$C_\text{train} \cap C_\text{validation} = C_\text{train} \cap C_\text{test} = C_\text{validation} \cap C_\text{test} = \emptyset.$$
#
# In ordinary classification the *sentences* are split and the classes are shared. Here it is the other way
# round. A class that has not enough sentences and templates for $K$ support and $Q$ query items is left out.

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Ask what a usual random split of rows would measure here. It splits sentences of one class; the question is
# about classes.

# %%
from metalearn_lab import ClassSplit, split_classes
from metalearn_lab.tasks.dealing import dealable_classes

enough = dealable_classes(table.labels, table.groups, shots=shots, queries=queries)
drawn = split_classes(table, seed=split_seed)
classes = ClassSplit(*(tuple(sorted({*part} & {*enough})) for part in drawn))
print("left out, too few sentences or templates:", len(table.classes) - len(enough), "classes")
for part, members in classes._asdict().items():
    print(f"{part} ({len(members)} classes):")
    print("   " + ", ".join(table.classes[member] for member in members))

# %% [markdown]
# Look for twins, such as turning something on and turning it off: some are together in one split, some are set
# apart. And a class can have a close relative among the classes that were trained on: disjoint classes are not
# disjoint topics. So the draw of the classes decides how hard the test is. Change `split_seed`, and see the
# accuracy of the baseline below move. Trust a result more if it has several splits.
#
# ## The sampler
#
# `EpisodeSampler` does what we did by hand, for any labelled table. `x` is whatever stands for a sentence; for
# now, its row number.

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Ask why an episode needs an address at all. Two learners compared on different episodes differ by luck; show
# the interval of a paired difference later, in chapter 06.

# %%
import torch
from IPython.display import HTML

from metalearn_lab.explorers.episode_cards import episode_cards
from metalearn_lab import EpisodeSampler

rows = torch.arange(len(table))


def make_sampler(x, part, groups=table.groups, shots=shots, queries=queries):
    """Episodes of one part of the class split."""
    counts = {"ways": ways, "shots": shots, "queries": queries}
    names = {"classes": getattr(classes, part), "class_names": table.classes}
    address = {"split": part, "seed": seed}
    return EpisodeSampler(x, table.labels, groups=groups, **counts, **names, **address)


small = make_sampler(rows, "train", shots=1, queries=2).episode(0)
HTML(episode_cards(small, table, language=language))

# %% tags=["nbval-check-output"]
sampler = make_sampler(rows, "test")
episode = sampler.episode(0)
support_rows, query_rows = episode.support_rows.tolist(), episode.query_rows.tolist()
templates = [{table.groups[row] for row in side} for side in (support_rows, query_rows)]
print("support and query items:", len(support_rows), len(query_rows))
print("distinct classes:", len(set(episode.classes.tolist())))
proof(
    "all classes of the episode are test classes",
    set(episode.classes.tolist()) <= set(classes.test),
)
proof(
    "no row stands twice in the episode",
    len({*support_rows, *query_rows}) == len(support_rows) + len(query_rows),
)
proof("no template stands on both sides of the episode", not templates[0] & templates[1])

# %% [markdown]
# ### An episode has an address
#
# Episode (seed, split, index) is the same in every order, alone or in a batch, and in another process. So two learners can be compared *on the same episodes*, and a colleague can look at the one you
# talk about.

# %% tags=["nbval-check-output"]
again = make_sampler(rows, "test")
again.episode(99)  # another one first
seventh = sampler.episode(7).query_rows
proof(
    "an episode is the same in another order",
    torch.equal(again.episode(7).query_rows, seventh),
)
proof("an episode is the same in a batch", torch.equal(sampler.batch(5, 3).query.x[2], seventh))
proof(
    "another index is another episode",
    not torch.equal(sampler.episode(8).query_rows, seventh),
)

# %% [markdown]
# ## Labels are dealt anew
#
# In one episode a class may be called 0, in the next 3. **Predict:** suppose instead that the training classes were
# sorted into $N$ fixed groups, labelled $0$ to $N-1$, and every episode took one class of each group. What could a
# network do then? (The answer comes after the count.) Here is how often each class was given each label, over
# 2,000 training episodes:

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Take the guesses first. Many think that dealing labels anew only makes the problem harder; let someone say
# how a network with fixed labels would score in training without reading the support set.

# %%
label_of = torch.tensor(table.labels)
many = make_sampler(rows, "train", shots=1, queries=1).batch(0, 2000)
pairs = torch.stack([label_of[many.support.x].flatten(), many.support.y.flatten()])
counts = torch.zeros(len(table.classes), ways, dtype=torch.int64)
counts.index_put_(tuple(pairs), torch.ones(pairs.shape[1], dtype=torch.int64), accumulate=True)

trained = list(classes.train)
names = [f"label {label}" for label in range(ways)]
pd.DataFrame(
    counts[trained].numpy(), index=[table.classes[c] for c in trained], columns=names
).head(6)

# %% tags=["nbval-check-output"]
shares = counts[trained] / counts[trained].sum(1, keepdim=True)
finding("every training class had every label", counts[trained], above=0)
finding(
    "no training class had a label more than 1.5 times as often as its fair share",
    shares.max() * ways,
    below=1.5,
)
proof("no test class was dealt in training", counts[list(classes.test)].sum() == 0)

# %% [markdown]
# With fixed labels it could learn by heart which sentence belongs to which label, and never look at the support
# set. It would do well in training, and fail on classes it has not met. With labels dealt anew, the support set
# is the only place where the answer can be found.
#
# ## From text to tensors
#
# A network needs numbers. A sentence is cut into its runs of two and three characters (*n-grams*), and each is hashed
# to one of a fixed number of ids; id 0 is padding. Nothing is fitted to the data, so nothing can leak this way.

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Ask what would leak if the n-gram vocabulary were fitted to all sentences. Keep the untrained baseline on the
# board: every later number is held against it.

# %%
from metalearn_lab import hashed_ngrams

BUCKETS = 1024
ids = hashed_ngrams(table.texts, buckets=BUCKETS)
print(repr(table.texts[0]), "->", ids[0, :10].tolist(), "...")

# %% [markdown]
# A **batch of tasks** is the same pair of splits with one more axis in front. Everything in the workbook takes tasks
# in this form, and `torch.func.vmap` can run a function of one task on all of them at once.

# %% tags=["nbval-check-output"]
one = make_sampler(ids, "train").episode(0).task
batch = make_sampler(ids, "train").batch(0, 8)
print(
    "one task:  support x [items, ids]:       ",
    one.support.x.ndim,
    "axes,",
    one.support.x.shape[0],
    "items",
)
print(
    "a batch:   support x [tasks, items, ids]:",
    batch.support.x.ndim,
    "axes,",
    *batch.support.x.shape[:2],
)
print("           support y [tasks, items]:     ", *batch.support.y.shape)
proof("the first task of the batch is the one task", torch.equal(batch.query.x[0], one.query.x))

# %% [markdown]
# ### A baseline that is not trained
#
# Before any learner, the simplest thing that could work: count a sentence's n-grams, take $v(x) = \log(1 +
# \text{counts})$ scaled to length 1, take the mean of each class in the support set, and give a query to the nearest
# mean:
#
# $$c_n = \frac1K \sum_{i:\, y_i = n} v(x_i), \qquad \hat y(x) = \arg\max_n \cos\big(v(x),\, c_n\big).$$

# %%
from torch.nn import functional as F

from metalearn_lab import choose_device, interval_over_tasks, to_device
from metalearn_lab.tasks.devices import device_in_words

where = choose_device(device)
print("Computing on", device_in_words(where))

bags = torch.zeros(len(table), BUCKETS).scatter_add_(1, ids, torch.ones(ids.shape))
bags[:, 0] = 0  # padding counts for nothing
bags = F.normalize(bags.log1p(), dim=1).to(where)


def nearest_class_mean(tasks):
    """Accuracy on each task, [tasks]; the tasks hold row numbers."""
    tasks = to_device(tasks, where)
    support, query = bags[tasks.support.x], bags[tasks.query.x]  # [tasks, items, BUCKETS]
    member = F.one_hot(tasks.support.y, ways).float()  # [tasks, items, N]
    means = F.normalize(member.mT @ support, dim=-1)  # c_n, [tasks, N, BUCKETS]
    guesses = (query @ means.mT).argmax(-1)  # [tasks, items]
    return (guesses == tasks.query.y).float().mean(-1).cpu()


honest = sampler.batch(0, episodes)
results = {"split by template": interval_over_tasks(nearest_class_mean(honest))}
print(f"{ways}-way {shots}-shot, unseen classes, nothing trained: {results[next(iter(results))]}")

# %% [markdown]
# Nothing was trained for this number, so it is the one to beat. Chapter 06 has the same idea with TF-IDF weights, for
# its own episodes.
#
# ## What leaks
#
# ### Leak 1: a class in two splits
#
# It happens by a slip: two data sets joined, a class listed under two names. An assertion costs one line.

# %% [markdown] tags=["instructor"]
# **Instructor, 20 minutes.** Collect guesses for (a) and (b) before the picture. The usual objection is that siblings are natural in real data:
# ask what is measured when a *new* pattern arrives.

# %%
from metalearn_lab import LeakError, assert_class_disjoint

assert_class_disjoint(classes)  # silent: all is well
spoiled = classes._replace(test=(*classes.test, classes.train[0]))
try:
    assert_class_disjoint(spoiled)
except LeakError as leak:
    print("LeakError:", leak)

# %% [markdown]
# ### Leak 2: siblings in support and query
#
# Suppose we split a class's sentences at random, as one would without a thought, instead of its templates.
#
# **Predict** for 5-way 5-shot episodes: (a) of 100 query sentences, how many have a sibling from the same template
# in the support set? (b) By how many points does the untrained baseline rise?

# %%
by_sentence = make_sampler(rows, "test", groups=None)  # every sentence is its own group
leaky = by_sentence.batch(0, episodes)
template_of = torch.tensor(table.groups)


def has_sibling(tasks):
    """Whether each query sentence has one of its template in the support set, [tasks, items]."""
    query, support = template_of[tasks.query.x], template_of[tasks.support.x]
    return (query[:, :, None] == support[:, None, :]).any(-1)


pairs = []  # (likeness, support row, query row) of siblings in the first 50 episodes
for task_number, item in has_sibling(leaky)[:50].nonzero().tolist():
    query_row = leaky.query.x[task_number, item]
    same = template_of[leaky.support.x[task_number]] == template_of[query_row]
    sibling = leaky.support.x[task_number][same][0]
    pairs.append(((bags[sibling] @ bags[query_row]).item(), sibling, query_row))
pairs.sort(reverse=True)
for which, place in {"nearest": 0, "median": len(pairs) // 2, "farthest": -1}.items():
    likeness, sibling, query_row = pairs[place]
    print(
        f"{which}, cosine {likeness:.2f}: {table.texts[sibling]!r} and {table.texts[query_row]!r}"
    )

# %%
from metalearn_lab.figures.accuracy_intervals import accuracy_intervals_figure
from metalearn_lab.figures.style import show_figure

share = interval_over_tasks(has_sibling(leaky).float().mean(1))
accuracy = {"clean": nearest_class_mean(honest), "leaky": nearest_class_mean(leaky)}
results["split by sentence: siblings leak"] = interval_over_tasks(accuracy["leaky"])

order = torch.rand(honest.support.y.shape, generator=torch.Generator().manual_seed(seed)).argsort(1)
shuffled = honest._replace(support=honest.support._replace(y=honest.support.y.gather(1, order)))
results["support labels shuffled"] = interval_over_tasks(nearest_class_mean(shuffled))

print(f"query sentences with a sibling in support: {share}")
for name, interval in results.items():
    print(f"{name:38} {interval}")

show_figure(
    accuracy_intervals_figure(results, chance=1 / ways),
    "Accuracy of the nearest class mean in three conditions: split by template, a few points higher "
    "when split by sentence, and on the line of chance when support labels are shuffled.",
)

# %%
from metalearn_lab.workbook.headline import headline


def percent(interval):
    """Mean ± half-width in percent."""
    return f"{100 * interval.mean:.1f} ± {100 * interval.half_width:.1f} %"


clean, spoiled, chance_level = results.values()
# Both samplers deal the same classes at the same address, so the episodes come in pairs.
gap = interval_over_tasks(accuracy["leaky"] - accuracy["clean"])
rise, rise_half, _ = gap
headline(
    f"Split by sentence, {100 * share.mean:.0f} % of the queries have a sibling in the support set, and "
    f"an untrained baseline reads {percent(spoiled)} instead of {percent(clean)}: "
    f"{100 * rise:.1f} ± {100 * rise_half:.1f} points that a new pattern would not give "
    f"({ways}-way {shots}-shot, {episodes} episodes each).",
    clean=clean,
    leaky=spoiled,
    rise=gap,
    siblings=share,
    episodes=episodes,
)

# %% [markdown]
# Some siblings are almost the same sentence, others share only the pattern. Nothing was learned between the first
# number and the second. Part of the rise is copying; part comes because a support set drawn over all templates
# covers more patterns. Neither is there when a *new* pattern arrives. A method that remembers the wording of
# sentences might gain more than others; try it.
#
# The last row is the opposite test, and one to run on every learner: **shuffle the support labels.** A learner that
# uses the support set must fall to chance on average. One that does not fall has found the answer elsewhere.

# %% tags=["nbval-check-output"]
proof("split by template, no query has a sibling in support", not has_sibling(honest).any())
finding(
    "split by sentence, more than a tenth of the queries have a sibling in support",
    share.mean,
    above=0.1,
)
finding("the leak raises accuracy by more than the paired interval", gap, above=0)
finding(
    "with shuffled support labels accuracy is at chance, within two half-widths of its interval",
    abs(chance_level.mean - 1 / ways) / chance_level.half_width,
    below=2,
)

# %% [markdown]
# ### Catch it
#
# `assert_episode_is_clean` finds both kinds in an episode: a row on both sides, and a group on both sides.

# %%
from metalearn_lab import assert_episode_is_clean

for index in range(100):
    assert_episode_is_clean(sampler.episode(index), table.groups)  # silent: all is well

try:
    for index in range(100):
        assert_episode_is_clean(by_sentence.episode(index), table.groups)
except LeakError as leak:
    print(f"episode {index}: LeakError:", leak)

# %% [markdown]
# ## Explore
#
# Move $N$, $K$ and $Q$, choose a split, go from episode to episode. Solid frames with ■ are support, dashed frames
# with ? are query; the small number is the template. Ask for more than there is, and read the answer.

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Let them break it: ask for more ways than there are classes and read the refusal aloud. Then change the language.

# %%
from metalearn_lab.explorers.episode_explorer import EpisodeExplorer

EpisodeExplorer(table, classes, language=language, ways=ways, shots=2, queries=2).show()

# %% [markdown]
# ### Another language, by one argument
#
# Nothing above knows English. Here is an episode in the other language of the parameters:

# %%
other = load_table("embedded", language=other_language)
counts_3 = {"ways": 3, "shots": 1, "queries": 2}
usable = dealable_classes(other.labels, other.groups, shots=1, queries=2)
dealt = EpisodeSampler(
    torch.arange(len(other)), other.labels, groups=other.groups, classes=usable, **counts_3
)
print(f"{len(other):,} sentences, {len(other.classes)} classes; {other.source}")
HTML(episode_cards(dealt.episode(0), other, language=other_language))

# %% [markdown]
# Your own texts work the same way: `load_table("files", path="my_data")` reads parquet files with a text and a label
# column, and `load_table("hub", name="clinc/clinc_oos", config="plus")` a published set.
#
# ## Try it yourself
#
# **1.** How many sentences does a batch of 8 episodes hold, 5-way 2-shot with 3 queries a class?
# *Hint:* support and query, for every class, in every episode.

# %% [markdown] tags=["instructor"]
# **Instructor, 15 minutes.** In exercise 3 many count pairs, or groups, in place of query rows; the check names both. Who is early may write
# the same with tensors, as `has_sibling` does.

# %% tags=["exercise"]
# <solution>
my_sentences = 8 * 5 * (2 + 3)
# <stub>
# my_sentences = None  # a number
# </solution>

# %%
from metalearn_lab.exercises.episodes import check_batch_sentences

check_batch_sentences(my_sentences)

# %% [markdown]
# **2.** From how many ways on can the *validation* split no longer deal an episode? Find it with the explorer.

# %% tags=["exercise"]
# <solution>
my_ways = len(classes.validation) + 1  # one more than the split has classes
# <stub>
# my_ways = None  # a number
# </solution>

# %%
from metalearn_lab.exercises.episodes import check_refused_ways

check_refused_ways(my_ways, len(classes.validation))

# %% [markdown]
# **3.** Write `leaked`: how many query rows of an episode have a sibling, a row of the same group, in its support set.
# The check tries it on episodes of both samplers. *Hint:* `episode.support_rows.tolist()`.


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
# ## What to remember
#
# - An $N$-way $K$-shot episode has $N K$ support items to learn from and other items, the query set, to be judged on.
# - Classes are disjoint between splits; labels are dealt anew in every episode, so that only the support set can tell.
# - Keep near copies on one side. Splitting by sentence gives points away; measure it, and assert against it.
# - Every accuracy comes with its number of episodes and its interval, and beside an untrained baseline.
# - Shuffle the support labels: a learner that uses them falls to chance.
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
