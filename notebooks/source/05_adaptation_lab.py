# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/05_adaptation_lab.ipynb)
#
# # The adaptation lab
#
# After this chapter you will be able to
#
# - set learners side by side, and say in which currency they are equal: data, gradients, time or memory;
# - find out which layers of a network do the adapting, by freezing the others;
# - say what a similarity of features shows, and what it does not.
#
# It has two parts, with a good place to stop between them.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% tags=["parameters"]
# Leave these as they are for now.
iterations: int = 2000  # outer steps of each training on sinusoids
inner_steps: int = 5  # k while training
outer_lr: float = 0.001  # β, the step size of the outer Adam
shots: int = 10  # K, support points of a sinusoid
meta_batch: int = 25  # sinusoids in each outer step
unseen_tasks: int = 300  # sinusoids that results are taken over
test_steps: int = 10  # inner steps shown at test time, no fewer than inner_steps
trainings: int = 5  # of each network whose layers are frozen
text_iterations: int = 300  # outer steps of each training on sentences
class_splits: int = 3  # how many ways of splitting the classes of sentences
episodes: int = 100  # unseen episodes of each split
seed: int = 0  # of the weights and the training tasks
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## Part 1 of 2: all learners on one task
#
# Seven ways to prepare the same network for a sinusoid that it has never seen. All begin with the same weights. At test time all
# take the same steps $\theta_{j+1} = \theta_j - \alpha\,\nabla L_S(\theta_j)$ on the same $K$ support points. They differ in two things: the
# loss that training lowered, and the layers that move. The **head** is the last layer, the **body** is all below it.
#
# | learner | training lowers | gradients for each task | moves |
# | --- | --- | --- | --- |
# | pretrain + fine-tune | $L_{S\cup Q}(\theta)$ | 1 | all |
# | pretrain + linear probe | the same | 1 | head |
# | MAML | $L_Q(\theta_k)$, through the steps | $2k + 1$ | all |
# | first-order MAML | $L_Q(\theta_k)$, the steps held constant | $k + 1$ | all |
# | Reptile | the distance to $\theta_k$, held constant | $k$ | all |
# | ANIL | as MAML | $2k + 1$ | head |
# | BOIL | as MAML | $2k + 1$ | body |
#
# ANIL and BOIL are MAML with one argument, `adapts="head.*"` or `adapts="body.*"`. The next cell trains all seven in a few seconds.
#
# **Predict.** Before any step, which of the seven curves lies nearest to the new task? And after one step? Then drag the crest of the
# sinusoid and watch all seven follow.

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

from functools import partial

from metalearn_lab import MAML, FirstOrderMAML, JointPretraining, Reptile, Sinusoids, choose_device
from metalearn_lab.comparison.sinusoid_lab import SinusoidLab
from metalearn_lab.tasks.devices import device_in_words

where = choose_device(device)
print("Computing on", device_in_words(where))

KINDS = {
    "fine_tuning": JointPretraining,
    "linear_probe": partial(JointPretraining, adapts="head.*"),
    "maml": MAML,
    "first_order_maml": FirstOrderMAML,
    "reptile": partial(Reptile, inner_batch=shots),  # half of the points in each inner step
    "head_only": partial(MAML, adapts="head.*"),
    "body_only": partial(MAML, adapts="body.*"),
}
RATES = dict.fromkeys(KINDS, 0.01) | {"linear_probe": 0.03, "head_only": 0.03}  # each its own α

# %%
from metalearn_lab.explorers.one_task_explorer import OneTaskExplorer

lab = SinusoidLab(shots, meta_batch, inner_steps, outer_lr, seed, where)
trained = {
    name: lab.train(kind, RATES[name], iterations)
    for name, kind in KINDS.items()
    if name != "linear_probe"
}
probe = lab.adapting(trained["fine_tuning"], KINDS["linear_probe"], RATES["linear_probe"])
trained = {name: trained.get(name, probe) for name in KINDS}
learners = {name: each.learner for name, each in trained.items()}
unseen = Sinusoids(shots, 100, "test", seed)
OneTaskExplorer(learners, unseen, choices=20, steps=test_steps).show()

# %% [markdown] tags=["instructor"]
# **Instructor, 25 minutes.** Let everybody drag first, then collect what they saw. Drag the crest out of the range of training (amplitudes
# up to 5, crests between 1.6 and 4.7): which learner suffers first? Then collect the two predictions below by a show of hands. Insist that the
# pretrained network is not badly trained: it is good at another loss.
