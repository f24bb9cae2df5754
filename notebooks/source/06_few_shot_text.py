# %% [markdown]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/06_few_shot_text.ipynb)
#
# # Few-shot text
#
# After this chapter you will be able to
#
# - give six methods one equal budget and compare them on sentences of classes that none has seen;
# - read an adaptation curve, an interval over episodes and a paired difference, and say what each does not cover;
# - run the same comparison on your own labelled sentences.

# %%
if "google.colab" in str(get_ipython()): get_ipython().run_line_magic("pip", "install -q --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main hassil home-assistant-intents unicode-rbnf")  # fmt: skip

# %% tags=["parameters"]
source: str = "embedded"  # embedded (no network needed), hub (a published set) or files (parquet)
language: str = ""  # embedded: a language code, English if empty; else the lang value to keep
name: str = ""  # hub: the id of the set, such as clinc/clinc_oos
config: str = ""  # hub: the configuration of the set, such as plus
path: str = ""  # files: the folder that holds the parquet files
exclude: str = ""  # classes to leave out, separated by commas, such as oos
ways: int = 5  # N, classes of an episode
shots: str = "1"  # K, support sentences of a class; several separated by commas
queries: int = 5  # Q, query sentences of a class
class_splits: int = 1  # how many class-disjoint splits to draw and average over
seeds: int = 1  # trainings of every method on every split
iterations: int = 500  # outer steps of a training
meta_batch: int = 4  # training episodes of an outer step
test_episodes: int = 600  # unseen-class episodes that a score is taken over
choose: bool = False  # choose settings anew on the validation classes: four trials a method
device: str = "auto"  # auto takes a GPU if there is one
save_to: str = ""  # folder for the table and its configuration; nothing is written if empty

# %% [markdown]
# ## The question
#
# You are given five intents that nobody labelled before, with **one** sentence of each. Which
# method names the intents of 25 new sentences best?
#
# Three answers are possible, and all three are tried here on the same episodes:
#
# 1. *Train nothing.* Turn sentences into TF-IDF vectors and pick the nearest class mean.
# 2. *Transfer.* Train one classifier on all training classes, then adapt it to the new ones: all
#    weights (fine-tuning) or the head alone (linear probe).
# 3. *Meta-learn.* Train on thousands of small problems of the same form: MAML, first-order MAML,
#    Reptile.
#
# **Predict** before you run on: put the three in order, for one sentence a class and for five.
# Write your order down. By how many points will the best beat the second?

# %% [markdown]
# ## The sentences
#
# Everything below works on any table of sentences and labels; the parameters above choose it.

# %%

from metalearn_lab import choose_device, load_table
from metalearn_lab.comparison.budget import Budget
from metalearn_lab.comparison.world import make_world

table = load_table(
    source,
    language=language or None,
    name=name or None,
    config=config or None,
    path=path or None,
    exclude=[each.strip() for each in exclude.split(",") if each.strip()],
)
where = choose_device(device)
worlds = [
    make_world(table, ways=ways, shots=int(k), queries=queries, split_seed=split, device=where)
    for k in str(shots).split(",")
    for split in range(class_splits)
]
world = worlds[0]
print(table.source)
print(
    f"{len(table):,} sentences, {len(set(table.groups)):,} templates, {len(table.classes)} classes"
)
print("left out, too few sentences or templates:", ", ".join(world.left_out) or "none")

# %%
for part, members in zip(world.classes._fields, world.classes, strict=True):
    names = ", ".join(table.classes[i] for i in members[:4])
    print(f"{part:<10} {len(members):>3} classes: {names}, …")

# %% [markdown]
# The three parts share no class. Settings are chosen on the *validation* classes; the *test*
# classes are looked at once, at the end. Inside an episode, support and query share no template,
# because two sentences from one template are nearly copies. The cell checks both.

# %% tags=["nbval-check-output"]
from metalearn_lab.tasks.leaks import assert_class_disjoint, assert_episode_is_clean

for each in worlds:
    assert_class_disjoint(each.classes)
    for index in range(50):
        assert_episode_is_clean(each.row_sampler("test").episode(index), table.groups)
print("no class in two parts, no template on both sides of an episode: True")

# %% [markdown]
# ## The model
#
# A sentence becomes its character bigrams and trigrams, hashed to $4{,}096$ ids. The encoder is the mean of
# their embeddings, one hidden layer and a linear head of $N$ classes:
#
# $$f_\theta(x) = W\,\mathrm{ReLU}\Big(V\,\tfrac{1}{|x|}\sum_{g \in x} E_g + b\Big) + c.$$
#
# All of $\theta = (E, V, b, W, c)$ adapts in a fine-tuned or meta-learned model, $W$ and $c$ alone in a linear
# probe. The head starts at zero, so before it adapts every class is equally likely. Does the
# meta-gradient through this model hold? Prove it before you trust it: in float64, all tasks at once
# against one by one, and against finite differences.

# %% tags=["nbval-check-output"]
import torch
from torch.nn import functional as F

from metalearn_lab import MAML, TextClassifier, check_meta_gradient
from metalearn_lab.comparison.world import BUCKETS

small = MAML(
    TextClassifier(BUCKETS, ways, dim=4, hidden=6), F.cross_entropy, inner_lr=0.5, inner_steps=2
)
torch.nn.init.normal_(small.model.head.weight, generator=torch.Generator().manual_seed(0))
report = check_meta_gradient(small, world.sampler("train").batch(0, 2))
print("parameters checked:", len(report.parameters))
print("meta-gradient exact through the text model:", report.passed)

# %% [markdown]
# ## One budget for all
#
# A comparison says something only if everyone may spend the same:
#
# - **data**: every training sees the same episodes. Pretraining sees their sentences without the
#   episode: one fixed label for each training class, since with labels permuted in every episode an
#   un-adapted classifier could learn nothing. Reptile sees support and query as one set;
# - **trials**: four settings each, chosen on the validation classes, the untrained baseline too
#   (it chooses the length of its n-grams);
# - **steps at test time**: up to 20, how many is chosen on the validation classes as well;
# - **judgement**: the same unseen-class episodes.
#
# Gradient evaluations and seconds are *not* equal. They stand in the table, so you can see what
# each method costs.

# %% tags=["nbval-check-output"]
from metalearn_lab.comparison.methods import NGRAM_TRIALS, TITLES, TRAINED, trials

for method in TITLES:
    tried = trials(method) if method in TRAINED else NGRAM_TRIALS
    print(f"{TITLES[method]:<28} {len(tried)} trials")

# %% [markdown]
# Without `choose`, the settings are those that the same code chose before on the English intents'
# validation classes, for this shot and class split. On other sentences set `choose = True`, which
# takes about five times as long.

# %%
from metalearn_lab.comparison.compare import compare
from metalearn_lab.comparison.table import SAVED, chosen_beforehand

budget = Budget(iterations=iterations, meta_batch=meta_batch, test_episodes=test_episodes)
beforehand = None if choose else lambda each: chosen_beforehand(SAVED / "embedded-en", each)
scores = compare(worlds, budget, seeds=seeds, chosen=beforehand)

# %% [markdown]
# ## The table
#
# Accuracy on unseen classes in per cent, with the 95 % interval over episodes of one training. Now
# look at your prediction.

# %%
from metalearn_lab.comparison.table import mean_table, score_table

results = score_table(scores)
print(
    f"{test_episodes:,} unseen-class episodes a run, {ways}-way; {class_splits} class split(s), {seeds} seed(s)"
)
mean_table(results)

# %%
columns = [
    "shots",
    "split",
    "method",
    "seed",
    "accuracy",
    "half_width",
    "settings",
    "steps",
    "gradients",
    "seconds",
]
results[columns].round(1)

# %% tags=["nbval-check-output"]
# The same episodes for every method, and enough of them.
print(
    "methods:",
    results.method.nunique(),
    "| episodes of each:",
    set(results.episodes) == {test_episodes},
)
print(
    "every method is above chance:",
    bool((results.accuracy - results.half_width > 100 / ways).all()),
)

# %%
from pathlib import Path

from metalearn_lab.comparison.table import save_results
from metalearn_lab.workbook.environment import versions

if save_to:
    about = {"ways": ways, "queries": queries, "device": str(where), "versions": versions()}
    save_results(Path(save_to), scores, budget, about)

# %% [markdown]
# ## Adaptation curves
#
# **Predict:** which curve starts at chance, and which learner gains most from its first step?

# %%
from metalearn_lab.figures.adaptation_curves import adaptation_curves_figure
from metalearn_lab.figures.style import show_figure

first = [s for s in scores if s.world is world and s.seed == 0]
curves = {s.method: s.curves for s in first if s.curves is not None}
start = {TITLES[m]: 100 * c.accuracy[:, 0].mean().item() for m, c in curves.items()}
end = {TITLES[m]: 100 * c.accuracy[:, -1].mean().item() for m, c in curves.items()}
alt = "Query accuracy against inner step, " + "; ".join(
    f"{title} from {start[title]:.0f} to {end[title]:.0f} per cent" for title in start
)
show_figure(adaptation_curves_figure(curves, "accuracy", chance=1 / ways), alt)

# %% [markdown]
# The zero head of the transferred models says nothing until it has moved, so their curves start at
# chance. A meta-learner has trained its head too: it may start elsewhere, but with labels permuted
# in every episode it cannot start *well*. What it has learned is where to start from and how far a
# step carries.

# %% [markdown]
# ## The verdict, in words
#
# Two intervals that overlap can still hide a difference, because both methods meet the same hard
# episodes. So take the difference episode by episode, then its interval. The sentences below are
# written by the numbers.

# %%
from metalearn_lab.comparison.table import BASELINES, verdict

for k in sorted({s.world.shots for s in scores}):
    part = [s for s in scores if s.world.shots == k]
    print(f"{k}-shot")
    for baseline in BASELINES:
        print(*(f"  {sentence}" for sentence in verdict(part, baseline)), sep="\n")

# %%
from metalearn_lab.workbook.headline import headline

best = results.groupby("method").accuracy.mean().idxmax()
accuracy = results[results.method == best].accuracy.mean()
headline(
    f"Best of six on unseen classes, {ways}-way {shots}-shot: {TITLES[best]}, {accuracy:.1f} % "
    f"({test_episodes:,} episodes a run, {class_splits} split(s), {seeds} seed(s)).",
    **{m: round(float(a), 2) for m, a in results.groupby("method").accuracy.mean().items()},
)

# %% [markdown]
# An interval over episodes says how the score would move with *other episodes of these classes*. It
# says nothing of other classes or another training. For that, the same chapter was run with
# `choose = True`, three class splits, both shots and three seeds; this is its table.

# %%
from metalearn_lab.comparison.table import read_results

full, configurations = read_results(SAVED / "embedded-en")
for k, configuration in configurations.items():
    print(f"{k}-shot:", *configuration["verdict"], sep="\n  ")
mean_table(full)

# %% [markdown]
# Look at the columns *range over splits*: another draw of classes moves a method further than
# the methods lie apart. A paper that reports one split reports, above all, its split. The saved
# settings, budget and versions are in the package, in `comparison/results`.

# %% tags=["nbval-check-output"]
by_split = full[full.shots == 1].groupby(["split", "method"]).accuracy.mean().unstack()
spread_of_splits = (by_split.max() - by_split.min()).mean()
means = by_split.mean()
spread_of_trained = means[list(TRAINED)].max() - means[list(TRAINED)].min()
print(
    "class split moves accuracy more than the choice of trained method:",
    bool(spread_of_splits > spread_of_trained),
)

# %% [markdown]
# ## Watch one episode adapt
#
# Pick an unseen episode and a learner, then move the step from 0 upwards. **Predict** first: which
# query sentence will change its class, and because of which support sentence?

# %%
from metalearn_lab.explorers.adaptation_explorer import AdaptationExplorer

learners = {s.method: s.learner for s in first if s.learner is not None}
AdaptationExplorer(world, learners, steps=budget.test_steps).show()

# %% [markdown]
# ## Your own sentences
#
# A folder with `train.parquet`, and if you like `validation.parquet` and `test.parquet`, each with a
# column `text` and a column `label` (or `intent`, or `category`), is enough:
#
#     papermill notebooks/06_few_shot_text.ipynb out.ipynb -p source files -p path DIR -p choose True
#
# If the files' classes do not overlap, their split is used; otherwise all rows are pooled and
# classes are drawn. Chinese intents: `-p language zh-CN`. The full table above:
# `-p choose True -p shots 1,5 -p class_splits 3 -p seeds 3`.

# %% [markdown]
# ## Exercises
#
# **1. How many episodes?** (code) Write `half_width(accuracies)`: the 95 % half-width of the mean, from the
# standard deviation and the normal quantile 1.96. How many episodes do you need to tell apart two
# methods that differ by one point, *un*paired?

# %%
mine = next(s for s in first if s.method == "maml").accuracy


def half_width(accuracies: torch.Tensor) -> float:
    """95 % half-width of the mean of per-episode accuracies."""
    return float("nan")  # your line here


# %% [markdown]
# <details><summary>Answer</summary>
#
# `return (1.96 * accuracies.std() / len(accuracies) ** 0.5).item()`. The standard deviation over
# 1-shot episodes is 10 to 20 points, so a half-width of half a point needs thousands of episodes; pairing removes what the episodes share and needs far
# fewer.
# </details>
#
# **2. Same budget?** MAML took several times the gradient evaluations of pretraining. Give pretraining
# that many iterations (`iterations`) and see whether its line in the table moves. Which equal budget is
# the fair one?
#
# **3. A leak of your own.** Settings are chosen on validation classes. Choose the number of test-time
# steps on the *test* curve above instead. How much better does each method look, and is that gain real?

# %% [markdown]
# ## What to remember
#
# - An untrained baseline belongs in every table; here it is hard to beat.
# - Meta-learning trains *for* adaptation, transfer trains before it. With settings chosen equally
#   and enough steps at test time, the two come close.
# - The class split moves accuracy more than the method. Report several.
# - Compare methods on the same episodes, pair them, give the interval and the number of episodes.
#
# ## Sources
#
# - Finn, Abbeel and Levine, "Model-Agnostic Meta-Learning", ICML 2017.
# - Nichol, Achiam and Schulman, "On First-Order Meta-Learning Algorithms", 2018.
# - Chen et al., "A Closer Look at Few-shot Classification", ICLR 2019: strong transfer baselines.
# - Bao et al., "Few-shot Text Classification with Distributional Signatures", ICLR 2020.
# - Sentences: `home-assistant-intents`, Apache-2.0, by the Home Assistant voice community.
