# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/20_meta_rl.ipynb)
#
# # Meta rl
#
# After this chapter you will be able to
#
# - TO DO: three things that a reader can do afterwards.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% tags=["parameters"]
seed: int = 0  # of the weights and the tasks
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## The idea
#
# TO DO: the question, the formula, and before each result a prediction.

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** TO DO: what to ask, and where a class gets stuck.

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

from metalearn_lab import Sinusoids, choose_device, to_device
from metalearn_lab.tasks.devices import device_in_words

where = choose_device(device)
print("Computing on", device_in_words(where))
tasks = to_device(Sinusoids(seed=seed).batch(0, 3), where)  # made on the CPU, then moved

# %% tags=["nbval-check-output"]
# TO DO: the formula proved, with its number: it holds whatever the seed
from metalearn_lab.workbook.facts import finding, proof

proof("there are three tasks", len(tasks.support.x) == 3)

# %% tags=["nbval-check-output"]
# TO DO: what the experiment showed, with its number and as it holds at five seeds
finding("each task has more than five points", tasks.support.x.shape[1], above=5)

# %% [markdown]
# ## Try it yourself
#
# TO DO: two to four exercises as this one of chapter 00, with checks of your own; one is code.
#
# ### Exercise 1: the best start (5 minutes, level 1 of 3)
#
# Where is the meta-loss of bowls with curvatures 2 and 6 lowest, for one step of size 0.1?
#
# <details><summary>Hint 1</summary>
#
# Weigh the bowls.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# Divide by the sum of the weights.
#
# </details>

# %% tags=["exercise"]
# <solution>
my_answer = -0.14
# <stub>
# my_answer = None  # a number
# </solution>

# %%
from metalearn_lab.exercises.start_here import check_best_start

check_best_start(my_answer)

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** TO DO: where the exercises go wrong.

# %% tags=["nbval-check-output"]
# TO DO: the last claim of the chapter
proof("a point is one number", tasks.support.x.shape[2] == 1)

# %%
# TO DO: the result in one sentence, with its numbers, as `run` collects it
from metalearn_lab.workbook.headline import headline

headline(f"{len(tasks.support.x)} sinusoids were drawn.", tasks=len(tasks.support.x))

# %% [markdown]
# ## What to remember
#
# - TO DO: the findings, one line each.
#
# ## Sources
#
# - TO DO: the papers, with the equations that are used.
#
# Next: [next](00_next.ipynb).
