# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/22_senses_and_grades.ipynb)
#
# # New senses, and grades
#
# After this chapter you will be able to
#
# - treat a word as a task: its senses are the classes, and $K$ sentences show each of them;
# - split by word, and say what a split by sentence flatters;
# - measure how far two graders agree, by the quadratic weighted kappa;
# - compare a machine that grades with what people reach, before you let it grade.

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
# Here **a word is a task**. Its two senses are the classes. The support set holds $K$ sentences of each sense, and the query set holds other sentences of the same word. A learner is trained on some words and tested on words that it has never seen. So we **split by word** (a word in the dictionary's form is a **lemma**).
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
# ### The methods
#
# - **Class means**: the mean vector of each sense; the larger cosine decides. *Centred* takes away the mean of the training words' sentences first. *Whitened* also evens out the spread within the senses.
# - **Nearest sentence**: the sense of the support sentence with the largest cosine.
# - **Ridge**: a linear model of the $2K$ support sentences.
# - **ProtoNet** (chapter [05](05_adaptation_lab.ipynb)): class means of a linear projection that is meta-trained on the training words.
#
# All of them answer the same questions about the same five test words.
#
# **Predict, then run.** There are two senses, so a guess is right in half of the cases. (1) How often are class means right with *one* sentence for each sense? (2) With $K = 1$, one pair of methods cannot differ. Which? (3) Which of the printed test words is hardest?

# %% tags=["hide-output"]
from pandas import DataFrame

methods = lab.untrained(world)
methods[lab.PROTO] = lab.learned(lab.train_senses(world, seed, iterations))
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
same = (right[lab.MEANS, 1] - right[lab.NEAREST, 1]).abs().max().item()
proof("K = 1: the nearest sentence decides as the class mean does", same, below=1e-12)
more = [three[name] - one[name] for name in methods]
finding("three sentences in place of one: points gained, every method", more, above=0)

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) In 70 to 81 % of the cases, in five splits of the words. Nobody told the encoder about senses: sentences about fishing lie near each other. (2) Class means and the nearest sentence: the mean of one sentence is that sentence. (3) It depends on the split; the rows of the table say it. Every method gained from three sentences.
#
# </details>

# %% [markdown] tags=["instructor"]
# **Instructor, 7 minutes.** Ask for the task, the classes, the support and the query set of *bank* before the figure. Collect guesses for question 1 in writing. Then ask for a word whose senses a sentence encoder cannot tell apart.
