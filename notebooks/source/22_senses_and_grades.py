# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/22_senses_and_grades.ipynb)
#
# # New senses, and grades
#
# After this chapter you will be able to
#
# - treat a word as a task: its senses are the classes, and $K$ sentences show each of them;
# - split by word, and say how much a split by sentence flatters a method;
# - measure how far two graders agree, by the quadratic weighted kappa;
# - compare a grading machine with the agreement between people, before you let it grade.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% tags=["parameters"]
# Leave these as they are for now.
iterations: int = 200  # outer steps of each training
seed: int = 0  # of the split of the words, the episodes and the rated words
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## A word is a task
#
# *Bank* is a house for money, or the edge of a river. A dictionary lists these **senses**; a text uses one of them. Words gain new senses all the time (*mouse*, *cloud*), and then there are only a few sentences that show the new sense.
#
# Here **a word is a task**. Its two senses are the classes. The support set holds $K$ sentences of each sense, and the query set holds other sentences of the same word. A learner is trained on some words and tested on words that it has never seen. So we **split by word**: no word is in two parts. A third part, the validation words, is for choosing settings.
#
# We wrote 20 words with two senses each, and ten sentences for each sense. Every sentence becomes a vector, by the frozen sentence encoder of chapter [06](06_few_shot_text.ipynb).
#
# The figure shows three words, each in the plane of its own two largest principal components. Squares are the support set for $K = 3$. Discs are the other sentences.

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

from metalearn_lab import choose_device
from metalearn_lab.comparison import word_senses as lab
from metalearn_lab.figures.sense_tasks import sense_tasks_figure
from metalearn_lab.figures.style import show_figure
from metalearn_lab.models.sentence_encoder import sentence_vectors
from metalearn_lab.tasks.devices import device_in_words
from metalearn_lab.tasks.word_senses import word_senses

where = choose_device(device)
print("Computing on", device_in_words(where))
senses = word_senses()
world = lab.sense_world(senses, sentence_vectors(senses.sentences, device=where), seed)
parts = {name: words[0] for name, words in world.parts.items()}
titles = {word: f"{part}: {word}" for part, word in parts.items()}
show_figure(
    sense_tasks_figure(senses, world.x, titles, shots=3),
    "Three words, one of each part of the split: sentences of two senses as points of two colours.",
)
print("Test words:", ", ".join(world.parts["test"]))

# %% [markdown]
# ### The methods, and your own sentence
#
# - **Class means**: the mean vector of each sense; the larger cosine decides. *Centred* takes away the mean of the training words' sentences first. *Whitened* also evens out the spread within the senses.
# - **Nearest sentence**: the sense of the support sentence with the largest cosine.
# - **Ridge**: ridge regression (chapter [06](06_few_shot_text.ipynb)) on the $2K$ support sentences.
# - **ProtoNet** (chapter [06](06_few_shot_text.ipynb)): class means after a linear map that is meta-trained on half of the sentences of the training words.
#
# The explorer takes one of the test words. The first $K$ sentences of each sense are the support set. The table says how many of the other sentences each method gets right. Nothing is trained while you play.
#
# **Try.** Type a sentence with the word, and see its sense. Then make it hard: write about one sense with words that belong to the other (for *jam*: *we ate toast in the traffic jam*). Does a larger $K$ help?

# %%
from functools import partial

from metalearn_lab.explorers.sense_explorer import SenseExplorer
from metalearn_lab.models.sentence_encoder import encode_sentences

encode = partial(encode_sentences, device=where)
methods = lab.untrained(world)
methods[lab.PROTO] = lab.learned(lab.train_senses(world, seed, iterations))
SenseExplorer(world, methods, encode).show()

# %% [markdown]
# ### Five unseen words
#
# Now all methods answer the same questions: 40 episodes of each test word, with sentences that no training saw. They are drawn from only ten sentences of the word, so small differences mean little.
#
# **Predict, then run.** There are two senses, so a guess is right in half of the cases. (1) How often are class means right with *one* sentence of each sense? (2) With $K = 1$, class means, nearest sentence and ridge always decide alike. Why? (3) Which of the test words printed above is hardest?

# %% tags=["hide-output"]
from pandas import DataFrame

right = {
    (name, shots): lab.recalls(world, scores, shots, most_shots=3, queries=2)
    for name, scores in methods.items()
    for shots in (1, 3)
}
words = world.parts["test"]
table = DataFrame(
    {
        f"{name}, K = {shots}": [*found.mean(1).tolist(), found.mean().item()]
        for (name, shots), found in right.items()
    },
    index=[*words, "all five"],
).T
(100 * table).round(0)

# %% tags=["nbval-check-output", "hide-output"]
from metalearn_lab.workbook.facts import finding, proof

one = {name: 100 * right[name, 1].mean().item() for name in methods}
three = {name: 100 * right[name, 3].mean().item() for name in methods}
finding("K = 1: class means are right in per cent", one[lab.MEANS], above=65, below=90)
alike = [(right[lab.MEANS, 1] - right[n, 1]).abs().max() for n in (lab.NEAREST, lab.RIDGE)]
proof("K = 1: nearest sentence and ridge decide as class means do", alike, below=1e-12)
more = [three[name] - one[name] for name in methods]
finding("three sentences in place of one: points gained, every method", more, above=0)

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) With seed 0, in 81 % of the cases. In five splits of the words (the saved runs of the next section) it was 70 to 81 %. The encoder was not trained for this: class means train nothing. (2) The mean of one sentence is that sentence, so class means and nearest sentence compare the same vectors. Ridge on two vectors of equal length treats both alike, so the nearer one wins. (3) Each column of the table is a word. With seed 0 and class means, it is *trunk* with one sentence and *mouse* with three. Every method gained from three sentences in the mean over the five words, but not on each word: on *trunk*, nearest sentence fell from 67 to 57 %.
#
# </details>

# %% [markdown] tags=["instructor"]
# **Instructor, 7 minutes.** Ask for the task, the classes, the support and the query set of *bank* before the figure. Collect guesses for question 1 in writing. Then ask for a word whose senses a sentence encoder cannot tell apart.

# %% [markdown]
# ### Twenty nouns of Wikipedia, five splits
#
# The next figure reads saved runs on two sets: our 20 words (*by hand*), and the 20 *nouns* of CoarseWSD-20 in sentences of Wikipedia (two most frequent senses, at most 60 sentences of each sense). The table shows the nouns alone. Each set has five splits of the words: 12 to train on, 3 to choose by, 5 to test. Each trained method is trained three times on each split. First-order MAML (chapter [04](04_first_order_and_reptile.ipynb)) chose its inner step size and number of steps on the validation words.
#
# One row has a leak: *ProtoNet, split by sentence*. It has as many training words as *ProtoNet*. But the test words are among them, with half of their sentences. Its tests use the other half.
#
# *Balanced* accuracy is the mean over both senses. *Natural* accuracy weights each sense by its share in the whole data set; it stands for running text. By this measure, *most frequent sense* is a real opponent: it never reads the sentence, but it knows the counts.
#
# **Predict.** (1) By how many points does the split by sentence flatter ProtoNet? (2) Is ProtoNet, split by word, ahead of class means in all five splits? (3) Which is better on running text with $K = 1$: class means, or always the most frequent sense?

# %% tags=["hide-output"]
import pandas as pd

from metalearn_lab.figures.accuracy_dots import Row, accuracy_dots_figure

saved = pd.read_csv(lab.SAVED_WORD_SENSES)
sentences = saved[saved.vector == "sentence"]
hand, nouns = (sentences[sentences["set"] == name] for name in (lab.BY_HAND, lab.NOUNS))
panels = {}
for name, rows, shots in (("by hand", hand, 1), ("nouns", nouns, 1), ("nouns", nouns, 5)):
    intervals = lab.sense_intervals(rows, "balanced")
    panels[f"{name}, K = {shots}"] = [
        Row(m, by[shots].mean.item(), by[shots].half_width.item()) for m, by in intervals.items()
    ]
said = "; ".join(f"{row.label} {row.mean:.0f}" for row in panels["nouns, K = 1"])
label = "balanced accuracy (%): mean and 95 % interval over 5 splits of the words"
show_figure(
    accuracy_dots_figure(panels, chance=50, xlabel=label),
    f"Balanced accuracy in per cent as dots, nine methods. On the nouns with K = 1: {said}.",
)
lab.sense_overview(nouns)

# %% tags=["nbval-check-output", "hide-output"]
splits = "5 splits of the words, 3 trainings each"
gap = {
    (method, other): lab.sense_differences(nouns, "balanced", method, other).to_numpy()
    for method, other in (
        (lab.LEAKY, lab.PROTO),
        (lab.LEAKY, lab.MEANS),
        (lab.PROTO, lab.MEANS),
        (lab.MAML, lab.MEANS),
    )
}
for method, other in list(gap)[:2]:
    claim = f"nouns, every K: {method}, less {other}, in points"
    finding(claim, gap[method, other], above=0, saved=splits)
claim = "nouns, every K: ProtoNet, split by word, less class means, in points"
finding(claim, gap[lab.PROTO, lab.MEANS], above=-2.5, below=1.5, saved=splits)
claim = "nouns, every K: first-order MAML less class means, in points"
finding(claim, gap[lab.MAML, lab.MEANS], above=-6, below=1, saved=splits)
hand_gap = lab.sense_differences(hand, "balanced", lab.LEAKY, lab.PROTO).loc[1]
finding("by hand, K = 1: the same split by sentence less by word", hand_gap, above=0, saved=splits)
running = lab.sense_differences(nouns, "natural", lab.MEANS, lab.FREQUENT)
claim = "nouns, running text: class means less the frequent sense, in points"
finding(claim, running.to_numpy(), above=5, saved=splits)

# %% [markdown]
# <details><summary>What happens</summary>
#
# The intervals of the figure overlap, since some splits are harder than others. So we compare two methods within each split. (1) On the nouns it flatters in all five splits and at every $K$: with $K = 1$ by 3 to 7 points. On our own words it flatters in all five splits with $K = 1$, by 1 to 5 points; with $K = 3$, in three of five. (2) No. On the nouns, ProtoNet split by word lies within 2.5 points of class means in every split, above or below. On our own words it is ahead in four of five splits, by 1.0 ($K = 1$) and 1.6 points ($K = 3$) in the mean of all five. *Split by sentence*, it seems ahead of class means in all five splits of the nouns, at every $K$. There the leak alone would make a success story. (3) Class means, by 6 to 12 points. The frequent sense is right in 66 to 80 % of the cases.
#
# </details>
#
# ### When is meta-learning the wrong tool?
#
# On the nouns, as far as our trainings go. In balanced accuracy, first-order MAML was at most 1 point above class means in any split, and up to 6 below. A possible reason, not tested: the encoder has already read many words, and twelve more add little. A caution: we had *few* training words, 200 outer steps, and one setting for ProtoNet.

# %% [markdown] tags=["instructor"]
# **Instructor, 6 minutes.** Collect the guesses for question 2 before the figure. Then show only the row *split by sentence* and let the class write the abstract of a paper. Then show the row above it.

# %% [markdown]
# ## What is a graded answer worth?
#
# This is the second lab. A teacher grades answers with 0, 1 or 2. A machine has seen a few graded answers and grades the others. Is it good? **Accuracy** counts equal grades. It treats a 1 in place of a 2 like a 0 in place of a 2.
#
# Let $O_{ij}$ be how often one grader gives $i$ where the other gives $j$. $E_{ij}$ is what we would expect if both had the same totals but graded independently: row total times column total, divided by all. The **quadratic weighted kappa** is
#
# $$\kappa=1-\frac{\sum_{ij}(i-j)^2\,O_{ij}}{\sum_{ij}(i-j)^2\,E_{ij}}.$$
#
# It is 1 for full agreement, and 0 if the graders agree as independent graders would on average. It can be negative.
#
# Below, 15 answers are graded; five deserve each grade. Two sliders move answers away from their true grade.
#
# **Predict, then move.** (1) Four answers are off by one. Accuracy is 11/15, about 0.73. Is kappa above or below this? (2) Which costs more kappa: four answers off by one, or one off by two? And which costs more accuracy? (3) The four errors all go upwards: *always too high*. Does accuracy change? Does kappa? (4) On paper: a lazy grader gives 1 to every answer. Accuracy is 1/3. What is kappa?

# %%
from metalearn_lab.explorers.agreement_explorer import AgreementExplorer

AgreementExplorer().show()

# %% tags=["nbval-check-output", "hide-output"]
import torch

from metalearn_lab.evaluation.agreement import agreement, quadratic_kappa
from metalearn_lab.explorers.agreement_explorer import BOTH, HIGH, graded

oracle = torch.tensor([[4, 1, 0], [1, 3, 1], [0, 1, 4]]).double()
kappa, accuracy = quadratic_kappa(oracle).item(), agreement(oracle).item()
proof("four of 15 off by one: quadratic kappa 0.80", abs(kappa - 0.8), below=1e-12)
proof("and accuracy 0.7333", abs(accuracy - 11 / 15), below=1e-12)
one_by_two = quadratic_kappa(graded(0, 1, BOTH)).item()
gap = abs(one_by_two - kappa)
proof("four off by one cost kappa what one off by two costs", gap, below=1e-12)
high = [measure(graded(4, 0, HIGH)).item() for measure in (agreement, quadratic_kappa)]
proof("too high: the same accuracy", abs(high[0] - accuracy), below=1e-12)
proof("too high: the same kappa", abs(high[1] - kappa), below=1e-12)
lazy = torch.tensor([[0, 0, 0], [5, 5, 5], [0, 0, 0]]).double()
proof("one grade for every answer: kappa 0", quadratic_kappa(lazy).item() == 0)

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) Above: 0.80. Near misses cost little. (2) Here both cost kappa the same: four squared errors of 1 are one squared error of 4, and the denominator is 20 in both tables. But accuracy is 0.73 with the four, and 0.93 with the one. (3) With four errors, neither changes: the squared errors and the denominator stay the same. (With three errors kappa changes a little: 0.84 instead of 0.86.) But the mean grade is now 1.27, where 1.00 is deserved. So *report the mean grade too*. (4) 0. Kappa measures what a grader gains over one who grades without reading.
#
# `sklearn.metrics.cohen_kappa_score(..., weights="quadratic")` gives the same number. Give it `labels` too: it leaves out a grade that neither list holds, and then the distances are wrong.
#
# </details>

# %% [markdown] tags=["instructor"]
# **Instructor, 7 minutes.** Compute the numerator and the denominator of the first table on the board: 4 and 20. Question 3 surprises: let them say which number a parent would want to see.

# %% [markdown]
# ### How well do people agree?
#
# People disagree, so their grades are noisy. We first measure how well one person agrees with the mean of the others: the **human ceiling**. It is a reference, not a law: a machine that knew this mean would lie above it.
#
# Our graded items are words. In the lexicon of VADER, ten people rated each word from −4 (very negative) to 4 (very positive). The figure shows six words. We take 1,000 words, and compare one of the ten columns of ratings with the rounded mean of the other nine, for each column. (A column need not be one person: the lexicon does not say who rated what.)
#
# The machine sees $K$ rated words. It fits **ridge regression** on the encoder's vectors, and grades the other words. It is judged by the same means of nine. Its predictions lie close to their mean. A second version, **stretched**, spreads them as widely as the $K$ known ratings, in the same order. Two simple graders join: *nearest word* copies the mean rating of the known word with the largest cosine; *always the mean* gives every word the mean of the $K$ ratings.
#
# **Predict.** (1) The mean kappa of the ten columns: 0.5, 0.8 or 0.95? (2) And of ridge after 50 words? (3) Does stretching help? (4) Does ridge after 50 words reach the lowest of the ten columns?

# %%
from metalearn_lab.figures.rated_words import rated_words_figure
from metalearn_lab.tasks.rated_words import rated_words

rated = rated_words()
show_figure(
    rated_words_figure(rated, ["great", "funny", "crazy", "wicked", "tears", "murder"]),
    "Ten ratings of six words as discs: closer together for murder than for crazy and tears.",
)

# %% tags=["hide-output"]
from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.experiments.grading import draw_words, few_word_kappas, rater_kappas

some = draw_words(rated, 1000, seed)
vectors = sentence_vectors(some.words, device=where)
people = rater_kappas(some)
draws = range(5 * seed, 5 * seed + 5)
kappas = {
    shots: DataFrame([few_word_kappas(some, vectors, shots, draw) for draw in draws])
    for shots in (10, 50)
}
panels = {}
for shots, by_method in kappas.items():
    columns = {"one column": people, **{n: torch.tensor(by_method[n]) for n in by_method}}
    found = {name: interval_over_tasks(values) for name, values in columns.items()}
    rows = [Row(n, i.mean.item(), i.half_width.item()) for n, i in found.items()]
    panels[f"K = {shots} rated words"] = rows
said = "; ".join(f"{row.label} {row.mean:.2f}" for row in panels["K = 50 rated words"])
label = "quadratic kappa: mean and 95 % interval, over ten columns or five draws"
show_figure(
    accuracy_dots_figure(panels, xlabel=label),
    f"Quadratic kappa as dots, five graders. After 50 words: {said}.",
)

# %% tags=["nbval-check-output", "hide-output"]
ridge, wide = (kappas[50][name] for name in ("ridge", "ridge, stretched"))
finding("kappa of one column with the mean of the others, in the mean", people.mean(), above=0.78)
finding("and the lowest of the ten", people.min(), above=0.7, below=0.8)
finding("K = 50: kappa of ridge, five draws", ridge, above=0.2, below=0.65)
finding("K = 50: ridge less the lowest column, five draws", ridge - people.min().item(), below=0)
gained = DataFrame({k: t["ridge, stretched"] - t["ridge"] for k, t in kappas.items()})
claim = "kappa gained by stretching, K = 10 and 50, five draws"
finding(claim, gained.to_numpy(), above=0)
finding("K = 50: stretched ridge less the lowest column", wide - people.min().item(), below=-0.05)
nothing = [kappas[k]["always the mean"].abs().max() for k in kappas]
proof("always the mean: kappa", nothing, below=1e-12)

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) About 0.82; the lowest of the ten columns has 0.78. (2) With seed 0, between 0.27 and 0.58 in five draws of the 50 words, and 0.44 in the mean. (3) Yes, in all five draws, with 10 words and with 50. Stretching keeps the order, so the order is not the reason: the spread is. A grader that gives nearly the same grade to everything agrees little. (4) No, in none of the draws, stretched or not.
#
# So report a kappa *with* its ceiling. A kappa of 0.55 sounds poor. With a ceiling of 0.6 it would be good.
#
# </details>
#
# ### One task is not a task distribution
#
# Meta-learning is the wrong tool for these words. There is *one* task, one scale of ratings. So there is nothing to meta-train on. A school that has graded hundreds of questions has a task distribution: a question is a task. Even then, measure ridge regression, and two teachers against each other, first.

# %% [markdown] tags=["instructor"]
# **Instructor, 6 minutes.** Before the figure, let six students rate *tears* from −4 to 4 on paper. Their spread is the ceiling.

# %% [markdown]
# ### Five questions: a demonstration without a claim
#
# We wrote five short questions with nine answers each, three of each grade. We made up the answers and their grades ourselves, so the numbers below say *nothing* about how well machines grade. They only show what such a check looks like.
#
# Each answer is scored by ridge regression on the other eight answers to its question. (The mean of these eight is no fair guess: it is 1.13 for a wrong answer and 0.88 for a full one.) Then we change the scored answer, but not its content: the question is repeated in front, or an empty sentence is added. The other eight stay as written.
#
# **Predict, then run.** (1) Does the empty sentence change the score of a *wrong* answer? (2) On how many of the five questions is kappa above 0.5?

# %% tags=["hide-output"]
from metalearn_lab.evaluation.agreement import kappa_of
from metalearn_lab.experiments.grading import left_out_scores
from metalearn_lab.tasks.graded_answers import graded_answers

answers = graded_answers()
grades = torch.tensor([each.grade for each in answers])
FILLER = " This is an important point, and there is more that one could say about it."
forms = {
    "as written": lambda each: each.answer,
    "question in front": lambda each: f"{each.question} {each.answer}",
    "empty sentence added": lambda each: each.answer + FILLER,
}
scores = {name: left_out_scores(answers, encode, form) for name, form in forms.items()}
as_written = scores["as written"].round().clamp(0, 2).long()
for i in range(0, len(answers), 9):
    own = kappa_of(as_written[i : i + 9], grades[i : i + 9], 3)
    print(f"{answers[i].question:50} kappa {own:5.2f}")
by_grade = {n: [s[grades == g].mean().item() for g in range(3)] for n, s in scores.items()}
columns = ["mean score of wrong answers", "of answers right in part", "of full answers"]
DataFrame(by_grade, index=columns).T.round(2)

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) Yes, a little: the mean score of the wrong answers rose from 0.91 to 0.95. All forms say the same, so every difference within a column is unfair. (2) On none; the highest is 0.44. A perfect grader would score 0, 1 and 2. Here a full answer scored 0.33 more than a wrong one, and only 0.18 more with the question in front.
#
# A possible reason, not tested: a sentence vector says what an answer is *about*, and wrong answers are about the same things as right ones.
#
# </details>
#
# ### Card: before a machine grades
#
# - **Who may grade?** Who signs the grade, and can this person overrule the machine without giving reasons?
# - **Appeal.** Can a pupil see the answer, the grade and the reason, and ask for a person? A score from a vector has no reason to show.
# - **Whose grades?** The machine repeats the graders of its examples. Measure two of them against each other first.
# - **Length and style.** Add an empty sentence, repeat the question, make spelling mistakes. Does the score move?
# - **Groups.** Compare mean grade and kappa for second-language writers and others. One kappa over all hides them.
# - **Gaming.** What happens when pupils know the rule?
# - **What does a wrong grade cost, and whom?** Practice at home is not an exam.

# %% [markdown] tags=["instructor"]
# **Instructor, 6 minutes.** Let each group take one line of the card and find a case where it fails. Do not discuss the kappas of the five questions: nine answers say nothing.

# %% [markdown]
# ## Try it yourself
#
# ### Exercise 1: a frequent sense (5 minutes, level 1 of 3)
#
# In running text, 90 % of the sentences with a word have its first sense. Your learner gives the right sense to 80 % of the sentences with the first sense, and to all with the second. Give three shares between 0 and 1: the learner's accuracy on running text, its balanced accuracy (the mean over both senses), and the accuracy on running text of *always the frequent sense*.
#
# <details><summary>Hint 1</summary>
#
# Of 100 sentences, 90 have the first sense. How many of these are right?
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# You do not need the 90 % for the balanced accuracy.
#
# </details>

# %% tags=["exercise"]
# <solution>
frequent_sense = (0.9 * 0.8 + 0.1 * 1.0, (0.8 + 1.0) / 2, 0.9)
# <stub>
# frequent_sense = None  # three shares: (running text, balanced, always the frequent sense)
# </solution>

# %%
from metalearn_lab.exercises.senses_and_grades import check_frequent_sense

check_frequent_sense(frequent_sense)

# %% [markdown]
# ### Exercise 2: write the kappa (10 minutes, level 2 of 3)
#
# `given` and `true` are tensors of whole numbers 0, …, `grades` − 1, one for each answer. Return the quadratic weighted kappa, a number. One of the graders may give the same grade to every answer.
#
# <details><summary>Hint 1</summary>
#
# Build the table $O$ of `grades` × `grades` counts first. Its expected counts are `O.sum(1, keepdim=True) * O.sum(0) / O.sum()`.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# With `levels = torch.arange(grades)`, the weights are `(levels[:, None] - levels) ** 2`.
#
# </details>


# %% tags=["exercise"]
def my_kappa(given, true, grades):
    """The quadratic weighted kappa of two lists of grades, a number."""
    # <solution>
    counts = torch.zeros(grades, grades, dtype=torch.float64)
    for i, j in zip(given.tolist(), true.tolist(), strict=True):
        counts[i, j] += 1
    expected = counts.sum(1, keepdim=True) * counts.sum(0) / counts.sum()
    levels = torch.arange(grades)
    weights = (levels[:, None] - levels) ** 2
    return 1 - ((weights * counts).sum() / (weights * expected).sum()).item()
    # </solution>


# %%
from metalearn_lab.exercises.senses_and_grades import check_my_kappa

check_my_kappa(my_kappa)

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Exercise 1 in class, in pairs; exercise 2 is homework. Watch for expected counts that are the same in every cell.

# %%
from metalearn_lab.workbook.headline import headline

numbers = (three[lab.MEANS], three[lab.PROTO], people.mean().item(), ridge.mean(), wide.mean())
headline(
    "New words, this split, K = 3: class means {:.0f} %, ProtoNet {:.0f} %. Kappa of one column "
    "of ratings {:.2f}; of ridge "
    "after 50 words {:.2f}, stretched {:.2f}.".format(*numbers),
    class_means=numbers[0],
    proto_net=numbers[1],
    person=numbers[2],
    ridge=numbers[3],
    stretched=numbers[4],
)

# %% [markdown]
# ## What to remember
#
# - A word is a task. Split by word: a split by sentence lets the learner meet the test words' senses.
# - Frozen sentence vectors and class means tell many senses apart from one sentence each. Measure them first.
# - Accuracy on running text, balanced accuracy and the most frequent sense belong side by side.
# - The quadratic weighted kappa weighs an error of two like four errors of one, and gives 0 to a grader with one grade for every answer. It hardly sees whether errors go up or down: report the mean grade.
# - A kappa needs its human ceiling. Ten columns of ratings reached about 0.8; ridge regression after 50 words stayed below each of them, in five draws.
# - One scale of grades is one task: there is nothing to meta-train on.
#
# ## Sources
#
# - Loureiro, Rezaee, Pilehvar, Camacho-Collados: *Analysis and Evaluation of Language Models for Word Sense Disambiguation*, Computational Linguistics 2021, [arXiv:2008.11608](https://arxiv.org/abs/2008.11608) (CoarseWSD-20; in the saved table alone).
# - Cohen: *Weighted kappa: Nominal scale agreement with provision for scaled disagreement or partial credit*, Psychological Bulletin 1968.
# - Hutto, Gilbert: *VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text*, ICWSM 2014; the ratings come with the package `vaderSentiment`.
# - Snell, Swersky, Zemel: *Prototypical Networks for Few-shot Learning*, NeurIPS 2017, [arXiv:1703.05175](https://arxiv.org/abs/1703.05175).
# - Our 20 words with 400 sentences and the 45 answers were written for this workbook.
#
# Next: back to the map in [00 Start here](00_start_here.ipynb).
