# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/06_few_shot_text.ipynb)
#
# # Few-shot text
#
# After this chapter you will be able to
#
# - give six methods one equal budget and compare them on sentences of classes that none has seen;
# - read an adaptation curve, an interval over episodes and a paired difference, and say what each does not cover;
# - run the same comparison on your own labelled sentences.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

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
choose: str = "auto"  # auto: settings chosen before where there are some; always: choose anew
device: str = "auto"  # auto takes a GPU if there is one
save_to: str = ""  # folder for the table and its configuration; nothing is written if empty

# %% [markdown]
# ## The question
#
# You are given five intents that your model was never trained on, with **one** labelled sentence of
# each. Which method names the intents of 25 new sentences best?
#
# Three kinds of answer are tried here on the same episodes:
#
# 1. *Train nothing.* Turn sentences into TF-IDF vectors (counts of n-grams, with what stands in every
#    sentence counting little) and pick the nearest class mean.
# 2. *Transfer.* Train one classifier on all training classes, then adapt it to the new ones: all
#    weights (fine-tuning) or the head alone (linear probe).
# 3. *Meta-learn.* Train on thousands of small problems of the same form: MAML, which lowers the loss
#    after $k$ steps and differentiates through them; first-order MAML, which leaves out the second
#    derivatives; Reptile, which moves towards where $k$ steps on a task end
#    ([chapter 00](00_start_here.ipynb) has their rules side by side).
#
# **Predict** before you run on: put the three kinds in order. Write it down. By how many points will
# the first beat the second?

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Have everyone write an order of the three kinds and a difference in points. Keep the list; few put the untrained
# baseline first.

# %% [markdown]
# ## The sentences
#
# Everything below works on any table of sentences and labels; the parameters above choose it.

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Ask which of the three parts may be looked at, when, and for what. The test classes are looked at once.

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

from pathlib import Path

from metalearn_lab import Budget, choose_device, load_table, make_world
from metalearn_lab.comparison.saved_results import check_results_folder
from metalearn_lab.tasks.devices import device_in_words

if choose not in ("auto", "always"):
    raise ValueError(f"choose is 'auto' or 'always', not {choose!r}")
if save_to:  # found out now, not after the trainings
    check_results_folder(Path(save_to))

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
from metalearn_lab import assert_class_disjoint, assert_episode_is_clean
from metalearn_lab.workbook.facts import finding, proof


def templates(rows):
    """Of these rows of the table."""
    return {int(table.groups[row]) for row in rows.tolist()}


episodes = [each.row_sampler("test").episode(index) for each in worlds for index in range(50)]
for each in worlds:
    assert_class_disjoint(each.classes)  # an error that names what is shared
for each in episodes:
    assert_episode_is_clean(each, table.groups)
once = [len(set().union(*each.classes)) == sum(map(len, each.classes)) for each in worlds]
proof("no class is in two parts", once)
clean = [templates(each.support_rows).isdisjoint(templates(each.query_rows)) for each in episodes]
proof("no template is on both sides of an episode", clean)

# %% [markdown]
# ## The model
#
# A sentence becomes its character bigrams and trigrams, hashed to $4{,}096$ ids. The encoder is the mean of
# their embeddings, one hidden layer and a linear head of $N$ classes:
#
# $$f_\theta(x) = W\,\mathrm{ReLU}\Big(V\,\tfrac{1}{|x|}\sum_{g \in x} E_g + b\Big) + c.$$
#
# $E$ is $4{,}096 \times 32$, $V$ is $64 \times 32$, $W$ is $N \times 64$. All of $\theta = (E, V, b, W, c)$
# adapts in a fine-tuned or meta-learned model, $W$ and $c$ alone in a linear probe. The head starts at
# zero, so before it adapts every class is equally likely. Is the meta-gradient computed rightly through
# this model? Check it before you trust it: in float64, all tasks at once against one by one, and against
# finite differences. (For the check the head is made random: at zero, most of the gradient is zero.)

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Ask why the head starts at zero, and what would be wrong with checking the gradient there: most of it is zero.

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
proof("MAML's meta-gradient through the text model is right", report.passed)

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
# *Not* equal are the gradient evaluations and seconds, which stand in the table, and the features: the
# baseline counts n-grams of up to five characters in about a million buckets and takes its weights from
# all training-class sentences (not their labels); the learners get $4{,}096$ ids and 32 numbers a
# sentence. If the baseline wins, it wins with its features.

# %% [markdown] tags=["instructor"]
# **Instructor, 15 minutes.** Let the class list what could be made equal, then what cannot be at the same time. Data and gradient evaluations
# cannot both be; the features are not equal either. The run takes a minute: start it before the discussion.

# %% tags=["nbval-check-output"]
from metalearn_lab.comparison.methods import NGRAM_TRIALS, TITLES, TRAINED, trials

for method in TITLES:
    tried = trials(method) if method in TRAINED else NGRAM_TRIALS
    print(f"{TITLES[method]:<28} {len(tried)} trials")

# %% [markdown]
# Settings that the same code chose before, on the validation classes of the same source, class split,
# ways and shots, come with the package and are used again. For any other sentences they are chosen now:
# four more trainings a method.

# %%
from metalearn_lab import compare
from metalearn_lab.comparison.saved_results import SAVED, chosen_beforehand


def settings(world):
    """What was chosen beforehand for this world; None has it chosen now."""
    return None if choose == "always" else chosen_beforehand(SAVED / "embedded-en", world)


print("Computing on", device_in_words(where))
for each in worlds:
    known = "chosen beforehand" if settings(each) else "chosen now"
    print(f"{each.shots}-shot, class split {each.split_seed}: settings {known}")

budget = Budget(iterations=iterations, meta_batch=meta_batch, test_episodes=test_episodes)
scores = compare(worlds, budget, seeds=seeds, chosen=settings)

# %% [markdown]
# ## The table
#
# Accuracy on unseen classes in per cent, with the 95 % interval over episodes of one training. Now
# look at your prediction.
#
# In the second table, `settings` are the inner rate α and the outer rate β (for the baseline, its
# n-grams), `steps` the inner steps at test time, `gradients` and `seconds` what a training took.

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Back to the list of guesses. Ask for every row: what was it trained on, what did it choose, and on which classes?

# %%
import pandas as pd

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
print("methods:", results.method.nunique())
proof("every method is judged on as many episodes as asked for", results.episodes == test_episodes)
low = results.accuracy - results.half_width
finding("every method is above chance, by more than its interval", low, above=100 / ways)

# %%
from metalearn_lab.comparison.saved_results import save_results
from metalearn_lab.workbook.environment import versions

if save_to:
    about = {"ways": ways, "queries": queries, "device": str(where), "versions": versions()}
    save_results(Path(save_to), scores, budget, about)

# %% [markdown]
# ## Adaptation curves
#
# **Predict:** which of the curves start at chance, and which learner gains most from its first step?

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Take guesses for the start. Most expect the meta-trained ones to begin above chance; ask what labels dealt anew
# mean for a model that has not looked at the support set.

# %%
from metalearn_lab import Interval, interval_over_tasks
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
# *All* of them start at chance. Labels are dealt anew in every episode, so a model that has not looked at
# the support set is right once in $N$ on average, whatever its weights. What meta-training has learned is
# a start from which the gradient points the right way. The first step brings, in points:

# %%
for method, curve in curves.items():
    gain = interval_over_tasks(100 * (curve.accuracy[:, 1] - curve.accuracy[:, 0]))
    print(f"{TITLES[method]:<28} {gain.mean:+.1f} ± {gain.half_width:.1f}")

# %% [markdown]
# ## The verdict, in words
#
# Two intervals that overlap can still hide a difference, because both methods meet the same hard
# episodes. So take the difference episode by episode, then its interval. The sentences below are
# written by the numbers.

# %% [markdown] tags=["instructor"]
# **Instructor, 15 minutes.** Ask whether two overlapping intervals settle it, then show the paired difference. Do not pass over the split on
# which the order turns: one split would have told half the story.

# %%
from metalearn_lab.comparison.table import BASELINES, paired_difference, verdict

for k in sorted({s.world.shots for s in scores}):
    part = [s for s in scores if s.world.shots == k]
    print(f"{k}-shot")
    for baseline in BASELINES:
        print(*(f"  {sentence}" for sentence in verdict(part, baseline)), sep="\n")
    order = results[results.shots == k].groupby("method").accuracy.mean().nlargest(2).index
    lead = paired_difference(part, *order)
    print(
        f"  first, {TITLES[order[0]]}, less second, {TITLES[order[1]]}: "
        f"{lead.mean:+.1f} ± {lead.half_width:.1f} points"
    )

# %%
from metalearn_lab.workbook.headline import headline

means = results.groupby("method")[["accuracy", "half_width"]].mean()
best = means.accuracy.idxmax()
accuracy = means.accuracy[best]
headline(
    f"Highest of six on unseen classes, {ways}-way {shots}-shot: {TITLES[best]}, {accuracy:.1f} % "
    f"({test_episodes:,} episodes a run, {class_splits} split(s), {seeds} seed(s)).",
    curves=curves,
    **{
        method: Interval(*torch.tensor([mean, half], dtype=torch.float64), tasks=test_episodes)
        for method, mean, half in means.itertuples()
    },
)

# %% [markdown]
# An interval over episodes says how the score would move with *other episodes of these classes*. It
# says nothing of other classes or another training. For that, the same chapter was run on the English
# intents with `choose = always`, three class splits, both shots and three seeds. This is its table;
# `±` is again of one run, averaged.

# %%
from metalearn_lab.comparison.saved_results import read_results

full, configurations = read_results(SAVED / "embedded-en")
for k, configuration in configurations.items():
    print(f"{k}-shot:", *configuration["verdict"], sep="\n  ")
mean_table(full)

# %% [markdown]
# Look at the columns *range over splits*: another draw of classes moves a method by several points. Does it
# move the *difference* of two methods as much? The settings, budget and versions are in the package, in
# `comparison/results`.

# %%
by_split = full.groupby(["shots", "split", "method"]).accuracy.mean().unstack()
apart = pd.DataFrame(
    {
        f"{TITLES[one]} − {TITLES[other]}": by_split[one] - by_split[other]
        for one, other in [
            ("maml", "fine_tuning"),
            ("maml", "first_order_maml"),
            ("nearest_class_mean", "maml"),
        ]
    }
)
apart.round(1)

# %% tags=["nbval-check-output"]
mean = full.groupby(["shots", "method"]).accuracy.mean().unstack()
trained = mean[list(TRAINED)]
over = f"{full.split.nunique()} class splits, {full.seed.nunique()} seeds"
print("full table:", over)
lead = trained.maml - trained.drop(columns="maml").max(axis=1)
finding("MAML is the best trained method, at both shots", lead, above=0, saved=over)
lead = mean.nearest_class_mean - trained.max(axis=1)
finding("the untrained baseline is above every trained method", lead, above=0, saved=over)
gap = apart.iloc[:, 1]
finding("first-order MAML is below MAML in every split, at both shots", gap, above=0, saved=over)
least = apart.iloc[:, 0].min()
finding("there is a split in which MAML is not above fine-tuning", least, below=0, saved=over)

# %% [markdown]
# Both halves are worth knowing. *Among what is trained*, learning to adapt pays: MAML is ahead of honest transfer by
# a little, by more with five sentences a class, and its second derivatives matter. *And* a baseline that trains nothing
# is ahead of them all on average, though not on class split 0: look at the first row. That is the split you ran. One
# split would have told half the story, and so would a table without the untrained row. Why it wins is not shown
# here; a likely reason is that some twenty training classes are few to learn features from.

# %% [markdown]
# ## Watch one episode adapt
#
# Pick an unseen episode and a learner, then move the step from 0 upwards. **Predict** first: which
# query sentence will change its class first? Look for the support sentence it shares most letters with.

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Choose an episode together and predict the first sentence to flip. Ask which n-grams it shares with which support
# sentence.

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
#     papermill notebooks/06_few_shot_text.ipynb out.ipynb -p source files -p path DIR
#
# If the files' classes do not overlap, their split is used; otherwise all rows are pooled and
# classes are drawn. Chinese intents: `-p language zh-CN`. The full table above:
# `-p choose always -p shots 1,5 -p class_splits 3 -p seeds 3`.

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Whoever has labelled sentences of their own should try them now, with small `iterations`.

# %% [markdown]
# ## Try it yourself
#
# **1. How many episodes?** Write `half_width(accuracies)`: the 95 % half-width of their mean, from the standard
# deviation and the normal quantile 1.96. It is tried on MAML's accuracies.


# %% [markdown] tags=["instructor"]
# **Instructor, 20 minutes.** In exercise 1 the root of n is what is missed. Exercise 2 has no single right answer at its end: let two groups
# defend two budgets. Exercise 3 is never negative; ask why.


# %% tags=["exercise"]
def half_width(accuracies: torch.Tensor) -> float:
    """95 % half-width of the mean of per-episode accuracies, [episodes]."""
    # <solution>
    return (1.96 * accuracies.std() / len(accuracies) ** 0.5).item()
    # </solution>


# %%
from metalearn_lab.exercises.few_shot_text import check_half_width

one = next(s for s in first if s.method == "maml")
print(f"standard deviation over episodes: {100 * one.accuracy.std():.0f} points")
check_half_width(half_width, one.accuracy)

# %% [markdown]
# <details><summary>Answer, and how many you need</summary>
#
# The difference of two *independent* means over $n$ episodes each has half-width $1.96\, s \sqrt{2/n}$. To bring it
# below one point you need $n > 2\,(1.96\, s)^2$ with $s$ in points: for $s = 15$, about 1,730 episodes each. Pairing takes
# out what the episodes share: compare the half-widths in the verdict with those in the table.
#
# </details>
#
# **2. Same budget?** Look at the column *gradients*. With how many iterations would pretraining take as many as MAML
# took with `iterations`? Put it below. Then run the chapter with that many, read the two pretraining lines only, and
# hold them against this run's MAML. Does transfer use the extra gradients? Which budget would you call equal?

# %% tags=["exercise"]
# <solution>
my_iterations = 11 * iterations
# <stub>
# my_iterations = None  # a number
# </solution>

# %%
from metalearn_lab.exercises.few_shot_text import check_equal_gradients

pretraining = next(s for s in first if s.method == "fine_tuning")
check_equal_gradients(my_iterations, iterations, one.gradients, pretraining.gradients)

# %% [markdown]
# **3. A leak of your own.** The number of test-time steps was chosen on validation classes. Choose it on the *test*
# curves instead: write by how many points a method then looks better. The check says it for the methods above.


# %% tags=["exercise"]
def gain_from_peeking(accuracy: torch.Tensor, chosen: int) -> float:
    """Points that the best step of the test curve is above the chosen one.

    accuracy: [episodes, steps + 1], in 0…1; chosen: a step.
    """
    # <solution>
    mean = accuracy.mean(0)
    return 100 * (mean.max() - mean[chosen]).item()
    # </solution>


# %%
from metalearn_lab.exercises.few_shot_text import check_gain_from_peeking

measured = {
    TITLES[s.method]: (s.curves.accuracy, s.choice.steps) for s in first if s.method in curves
}
check_gain_from_peeking(gain_from_peeking, measured)

# %% [markdown]
# <details><summary>Answer</summary>
#
# The gain is never negative, and none of it is real: with other test classes another step would have been best.
#
# </details>

# %% [markdown]
# ## What to remember
#
# - An untrained baseline belongs in every table; on these sentences it is the one to beat.
# - Meta-learning minimises the loss *after* adaptation; transfer minimises a loss before it and adapts afterwards.
#   With settings chosen equally and enough steps at test time, they come within a few points of each other.
# - The class split moves accuracy by several points. Report several.
# - Compare methods on the same episodes, pair them, give the interval and the number of episodes.
#
# ## Sources
#
# - Finn, Abbeel and Levine, "Model-Agnostic Meta-Learning", ICML 2017.
# - Nichol, Achiam and Schulman, "On First-Order Meta-Learning Algorithms", 2018.
# - Chen et al., "A Closer Look at Few-shot Classification", ICLR 2019: strong transfer baselines.
# - Bao et al., "Few-shot Text Classification with Distributional Signatures", ICLR 2020.
# - Sentences: `home-assistant-intents`, Apache-2.0, by the Home Assistant voice community.
#
# Next: [14 Scaling up](14_scaling_up.ipynb), on time, memory, several processes and sweeps.
