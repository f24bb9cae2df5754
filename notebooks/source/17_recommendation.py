# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/17_recommendation.ipynb)
#
# # Recommend to a new user
#
# After this chapter you will be able to
#
# - treat a new user as a task, with a support set and a query set;
# - recommend from a few ratings, with a closed form and with MeLU, a meta-learned network;
# - measure a list by its nDCG, and say which of two gains a number was made with;
# - say where the closed forms were ahead of the meta-learner, and where they were not.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% tags=["parameters"]
# Leave these as they are for now.
iterations: int = 300  # outer steps of MeLU's training
seed: int = 0  # of the users, the new countries and the weights
device: str = "auto"  # auto takes a GPU if there is one; only the sentence encoder uses it

# %% [markdown]
# ## A user is a task
#
# A shop knows little about a new user. This is the **cold start**. Here **a user is a task**: the support set holds the user's first $K$ ratings. The query set holds other items, which we rate and rank.
#
# The items are countries, as holiday destinations. Each has 16 features: principal components of its name's vector, from a frozen sentence encoder (chapter [06](06_few_shot_text.ipynb)).
#
# The users are made up. Each likes the countries near one of five descriptions, such as *a tropical island with beaches*, and also has some taste of its own. Ratings go from 1 to 5, with noise.
#
# The figure shows three users. Grey points are all countries, in the plane of two of the 16 features. Squares are the support set for $K = 5$, discs are the query set.

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

from metalearn_lab import choose_device
from metalearn_lab.experiments.destinations import destinations
from metalearn_lab.experiments.recommendation import ColdStart
from metalearn_lab.figures.cold_start import user_tasks_figure
from metalearn_lab.figures.style import show_figure
from metalearn_lab.tasks.devices import device_in_words

where = choose_device(device)
print("Computing on", device_in_words(where))
cold = ColdStart(destinations(seed, device=where))
likes = {"likes islands": 0, "likes snow": 1, "likes Africa": 3}
users = {text: int((cold.world.tastes == taste).nonzero()[0, 0]) for text, taste in likes.items()}
show_figure(
    user_tasks_figure(cold.world, users, shots=5, named=["Samoa", "Kenya", "Italy", "Bahamas"]),
    "Three users in the plane of two features of the countries; each rates other regions high.",
)

# %% [markdown]
# ### Three methods
#
# - **Popularity**: what the average user rates.
# - **Ridge on item features**: popularity, plus a linear model of the features. It is fitted to this user's $K$ ratings; a penalty λ keeps its weights small.
# - **MeLU**: a network, meta-trained by MAML (chapter [03](03_maml.ipynb)). Its first layer embeds the item and is shared by all users. The inner steps move only the **decision layers** above it.
#
# λ, and MeLU's inner step size α and number of steps $k$, are chosen on validation users, for each $K$.
#
# Below, *you* are the new user. Rate a few countries (0 means not rated). The table shows the ten best of the others. In brackets: how many places further up than by popularity.
#
# **Predict, then rate.** (1) Before you rate, two columns are equal. Why? (2) Rate only the Bahamas, with 5. Which countries rise? (3) Then give Samoa 5, and Iceland and Norway 1. Which column stays as it was? (4) Rate all seven with 3. Do *ridge* and *MeLU* go back to the popularity?

# %%
from metalearn_lab.experiments.recommendation import MELU, POPULARITY, RIDGE
from metalearn_lab.experiments.recommendation import chosen_settings, predictors
from metalearn_lab.explorers.recommendation_explorer import RATED, RecommendationExplorer

melu = cold.train(MELU, steps=iterations, seed=seed, inner_lr=0.1, inner_steps=5)
rankers = predictors(cold, {MELU: melu}, rank=4, penalty=1.0)
rankers = {name: rankers[name] for name in (POPULARITY, RIDGE, MELU)}
settings = chosen_settings(cold, rankers)  # on validation users, for each K
explorer = RecommendationExplorer(cold, rankers, settings)
explorer.show()

# %% [markdown] tags=["instructor"]
# **Instructor, 9 minutes.** Let one student rate, and the others call what will rise. Ask what the task, the support set and the query set are before the first slider moves. For question 4, ask first what a 3 says about a country that the average user gives a 4.

# %% tags=["nbval-check-output", "hide-output"]
from metalearn_lab.workbook.facts import finding, proof

equal = explorer.ranking(RIDGE, {}) == explorer.ranking(POPULARITY, {})
proof("without ratings, ridge ranks by popularity", equal)
bahamas = {"Bahamas": 5}
like = {name: explorer.likeness(name, bahamas, "Bahamas") for name in rankers}
closer = [like[name] - like[POPULARITY] for name in (RIDGE, MELU)]
finding("after one rating the first ten are more like it, by ridge and by MeLU", closer, above=0.1)
more = {"Bahamas": 5, "Samoa": 5, "Iceland": 1, "Norway": 1}
orders = [explorer.ranking(POPULARITY, given) for given in (bahamas, more)]
stays = [name for name in orders[0] if name not in more] == orders[1]
proof("popularity keeps its order", stays)
threes = dict.fromkeys(RATED, 3)
popular = explorer.scores(POPULARITY, threes)
distances = []
for name in (RIDGE, MELU):
    own = explorer.scores(name, threes)
    distances.append(sum(abs(own[c] - popular[c]) for c in popular) / len(popular))
claim = "seven 3s: mean distance from popularity in points of rating, ridge and MeLU"
finding(claim, distances, above=0.1)

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) Without ratings, ridge has nothing to fit: popularity remains. MeLU ranks by its start θ. (2) Countries with features like those of the Bahamas, by ridge and by MeLU. (3) Popularity: it does not listen to one user. (4) No. A 3 says something too. For one country it is less than the average user gives, for another more.
#
# The names are those of a list for programmers (Babel's); a few that are no places, such as *Eurozone*, are left out of the table.
#
# </details>

# %% [markdown]
# ## What a local step does
#
# Let the network be linear, with prediction $w\cdot x$. The rows of $X$ are the features of the $K$ rated items, and $y$ holds their ratings less the mean. The support loss is the mean of the squared errors. Then MeLU's **local step**, one inner step, is
#
# $$w' = w-\frac{2\alpha}{K}X^\top(Xw-y).$$
#
# So $w$ moves along the features of the rated items. How far depends on how wrong the predictions were.
#
# Let $H = \frac{2}{K}X^\top X$. The meta-gradient is $(I-\alpha H)\,\nabla L_{\text{query}}(w')$. First-order MAML (chapter [04](04_first_order_and_reptile.ipynb)) leaves out the factor $I-\alpha H$. MeLU's published program writes the adapted weights into the network as plain numbers. So its meta-gradient, too, has no second order. Our MeLU has it; the table below shows both.
#
# **Predict.** A user has rated *one* item, and $w$ starts at 0. Ridge gives $w = x\,r/(\lVert x\rVert^2+\lambda)$, where $r$ is the rating less the popularity. Is there an α for which one local step towards $r$ gives the same $w$?

# %% tags=["nbval-check-output", "hide-output"]
import torch

from metalearn_lab.experiments.recommendation import local_step_gaps

step_gap, order_gap = local_step_gaps(cold)
proof("the local step of a linear head is one step of gradient descent", step_gap, below=1e-12)
proof("first-order MAML lacks the factor I - αH in the meta-gradient", order_gap, below=1e-12)
x = cold.world.features[explorer.numbers["Bahamas"]].double()
r, penalty = 1.5, 3.0
ridge = torch.linalg.solve(torch.outer(x, x) + penalty * torch.eye(len(x)), x * r)
w = torch.zeros_like(x, requires_grad=True)
[gradient] = torch.autograd.grad((x @ w - r) ** 2, w)
inner_lr = 1 / (2 * (x @ x + penalty))
gap = (w - inner_lr * gradient - ridge).abs().max().item()
proof("one rating: a step with α = 1 / (2(‖x‖² + λ)) is ridge (|Δ|)", gap, below=1e-9)

# %% [markdown]
# <details><summary>What happens</summary>
#
# Yes: the step from 0 is $2\alpha r\,x$, and this is ridge for $\alpha = 1/(2(\lVert x\rVert^2+\lambda))$. With one rating of a linear model, ridge and the local step move *the same items in the same order*. They can differ in the start, in how far they go, and with more ratings. MeLU's network is not linear, but its shared first layer is fixed in the inner steps.
#
# </details>

# %% [markdown] tags=["instructor"]
# **Instructor, 5 minutes.** Derive the local step on the board for one rating. Ask which items a step cannot move: those whose features are at right angles to those of the rated item.

# %% [markdown]
# ## Is the list good?
#
# The **mean absolute error** says how far predicted ratings are from the given ones. A shop shows a list, so its order counts too. Put the items in the order of their predicted ratings. Let $r_p$ be the relevance of the item in place $p$ (here its rating less 1). Then
#
# $$\text{DCG@}n=\sum_{p=1}^{n}\frac{\text{gain}(r_p)}{\log_2(p+1)},\qquad \text{nDCG@}n=\frac{\text{DCG@}n}{\text{DCG@}n\text{ of the best order}}.$$
#
# DCG is short for *discounted cumulative gain*, n for *normalised*. The best order has nDCG 1.
#
# Two gains are in use: $2^r-1$ and $r$ itself. `sklearn.metrics.ndcg_score` is linear in what you give it.
#
# **Predict.** The relevances in our order are $(3, 0, 2)$. Which gain gives the larger nDCG@3? Do the two differ on clicks (0 or 1)? And if we add 1 to every prediction, which changes: the error or the nDCG?

# %% tags=["nbval-check-output", "hide-output"]
from metalearn_lab.evaluation.ranking import ndcg

relevance, order = torch.tensor([[3, 0, 2]]), torch.tensor([[3, 2, 1]])
both = [ndcg(relevance, order, 3, gain).item() for gain in ("exponential", "linear")]
proof("nDCG@3 of (3, 0, 2): 0.9558 with the gain 2^r - 1", both[0], above=0.95575, below=0.95585)
proof("and 0.9386 with linear gain", both[1], above=0.93855, below=0.93865)
clicks = torch.tensor([[1, 0, 1]])
same = [ndcg(clicks, order, 3, gain).item() for gain in ("exponential", "linear")]
proof("on clicks both gains give the same number", abs(same[0] - same[1]), below=1e-12)
moved = ndcg(relevance, order + 1, 3).item()
proof("one number added to every prediction: the same nDCG", abs(moved - both[0]), below=1e-12)

# %% [markdown]
# <details><summary>What happens</summary>
#
# With $2^r-1$ the number is 0.956, with linear gain 0.939. The first gives the best item more weight, and it stands first here. On clicks, $2^1-1=1$: both are the same. A number added to every prediction changes the error. It changes no order, so no nDCG.
#
# </details>

# %% [markdown] tags=["instructor"]
# **Instructor, 4 minutes.** Compute nDCG@3 of (3, 0, 2) on the board with both gains. Ask which gain a shop would choose that shows only one item.

# %% [markdown]
# ## Many users: does meta-learning pay?
#
# The next table reads saved runs on three sets of users: countries with ratings, countries with clicks, and MovieLens (real users, each with 40 ratings in their order of time; features from the genres). Each has five splits of the users. One fifth of the countries is new: no training user rated them. All $K$ share the same 20 query items.
#
# Four more methods:
#
# - *Popularity + user's offset* adds one number for each user, pulled towards 0.
# - *Matrix factorisation* learns four or eight numbers for each item from the training users' ratings. It finds the new user's own numbers by ridge regression.
# - *Pretrain + fine-tune* is MeLU's network, trained on all users at once; all of its layers adapt.
# - *First-order MeLU* lacks the second order.
#
# Each trained method had four settings, chosen on validation users of the first split. For each $K$, the user's own part had ten (penalty and scale, or α and steps), chosen on validation users of each split.
#
# **Predict.** (1) Which is best with 20 ratings: ridge, matrix factorisation or MeLU? (2) On countries that nobody has rated, which of the three is worst? (3) Does the user's offset help the error? The nDCG? (4) Does the second order help?

# %% tags=["hide-output"]
import pandas as pd

from metalearn_lab.comparison import recommendation as lab
from metalearn_lab.experiments.recommendation import USER_MEAN
from metalearn_lab.figures.cold_start import cold_start_figure

table = pd.read_csv(lab.SAVED_RECOMMENDATION)
rated, clicked, movies = (table[table.users == u] for u in (lab.RATED, lab.CLICKED, lab.MOVIES))
panels = {
    "countries: mean absolute error": (rated, "error"),
    "countries: nDCG@10, gain 2^r - 1": (rated, "ndcg exponential"),
    "MovieLens: mean absolute error": (movies, "error"),
}
measures = {
    label: lab.intervals_by_shots(rows[rows.method != USER_MEAN], measure)
    for label, (rows, measure) in panels.items()
}
show_figure(
    cold_start_figure(measures, over="5 user splits"),
    "On the countries, errors fall and nDCG rises with K, but for popularity; on MovieLens less.",
)
lab.overview(table)

# %% tags=["nbval-check-output", "hide-output"]
from metalearn_lab.experiments.recommendation import FACTORS, FINE_TUNING, FIRST_ORDER, OFFSET

splits, new = "5 user splits", "error new items"
few, every = [5, 10, 20], [0, 1, 2, 5, 10, 20]
below = [(rated, "error", MELU, RIDGE, [10]), (rated, "error", MELU, FIRST_ORDER, few)]
below += [(rated, "error", MELU, FINE_TUNING, few), (rated, new, MELU, FACTORS, few)]
below += [(rated, new, RIDGE, FACTORS, few), (rated, "error", OFFSET, POPULARITY, few)]
above = [(rated, "error", MELU, RIDGE, [20]), (rated, "error", MELU, FACTORS, [10, 20])]
above += [(rated, new, MELU, RIDGE, [20]), (clicked, "error", MELU, RIDGE, every)]
above += [(movies, "error", MELU, RIDGE, [10])]
for rows, bound in ((below, {"below": 0}), (above, {"above": 0})):
    for one_set, measure, method, other, shots in rows:
        gap = lab.differences(one_set, measure, method, other).loc[shots].to_numpy()
        claim = f"{one_set.users.iloc[0]}, K in {shots}: {measure}, {method} less {other}"
        finding(claim, gap, saved=splits, **bound)
turned = lab.differences(rated, "ndcg exponential", OFFSET, POPULARITY).abs().to_numpy()
proof("one number for each user changes no ranking", turned, below=1e-9)

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) With 20 ratings of countries, MeLU's error is larger than that of ridge and of factorisation, in all five splits. With 10 it is ahead of ridge in all five, but behind factorisation. (2) Factorisation: it has no numbers for new countries. With 5, 10 and 20 ratings, MeLU and ridge are ahead of it in all five. (3) With 5, 10 and 20 ratings the offset lowers the error (all five). It cannot change a ranking. (4) Yes, on countries with 5, 10 and 20 ratings: MeLU is ahead of first-order MeLU and of plain fine-tuning, in all five.
#
# </details>
#
# ### When is meta-learning the wrong tool?
#
# **Predict.** Average the error on known items over the five splits (on clicks, the squared error). On how many of the three sets of users, and for which $K$, is MeLU ahead of *both* ridge and factorisation?

# %% tags=["nbval-check-output", "hide-output"]
means = table.groupby(["users", "shots", "method"]).error.mean().unstack()
lead = means[MELU] - means[[RIDGE, FACTORS]].min(axis=1)
claim = "mean error, all users and K: MeLU less the better of ridge and factorisation"
finding(claim, lead, above=0, saved=splits)
gain = lab.differences(movies, "ndcg exponential", MELU, POPULARITY).loc[20]
claim = "MovieLens, 20 ratings: nDCG of MeLU less that of popularity"
finding(claim, gain, above=-0.02, below=0.02, saved=splits)

# %% [markdown]
# <details><summary>What happens</summary>
#
# On none, and for no $K$: in mean error, ridge or factorisation is ahead of MeLU everywhere. On clicks, ridge is ahead in all five splits at every $K$. On MovieLens with 20 ratings, MeLU's nDCG is within 0.02 of that of popularity.
#
# Two cautions. Our made-up users like by a *linear* rule, which suits ridge. And MeLU had 300 outer steps, on at most 256 users. So this is no verdict on MeLU, but a habit: **try the closed forms first.**
#
# </details>

# %% [markdown] tags=["instructor"]
# **Instructor, 8 minutes.** Collect the predicted winner for $K = 20$ in writing before the table. Then ask what each method knows about a country that nobody has rated. Close with the question of the last heading: what would a data set look like on which MeLU should win?

# %% [markdown]
# ## Try it yourself
#
# ### Exercise 1: write the new user's fit (10 minutes, level 2 of 3)
#
# `features` `[items, d]` has a row for each item; its first column is all ones, so that a user's offset is one of the weights. `popularity` `[items]` is what the average user rates. The user has rated the items with the numbers `rated` `[K]`, and gave `ratings` `[K]`. Find the weights $w$ `[d]` that minimise
#
# $$\sum_{i\in\text{rated}}\left(\text{rating}_i-\text{popularity}_i-w\cdot x_i\right)^2+\text{penalty}\,\lVert w\rVert^2.$$
#
# Return the predicted ratings of *all* items, a tensor `[items]`. It must also work for $K = 0$.
#
# <details><summary>Hint 1</summary>
#
# With $X$ = `features[rated]` and $t$ = what popularity leaves of the ratings, $w$ solves $(X^\top X+\text{penalty}\cdot I)\,w=X^\top t$.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# `torch.linalg.solve(matrix, vector)` solves it; `torch.eye(d, dtype=features.dtype)` is $I$. Then add `features @ w` to the popularity.
#
# </details>


# %% tags=["exercise"]
def new_user_ratings(features, popularity, rated, ratings, penalty):
    """The predicted ratings of all items, ``[items]``."""
    # <solution>
    x, left = features[rated], ratings - popularity[rated]
    gram = x.T @ x + penalty * torch.eye(x.shape[1], dtype=x.dtype)
    weights = torch.linalg.solve(gram, x.T @ left)
    return popularity + features @ weights
    # </solution>


# %%
from metalearn_lab.exercises.recommendation import check_new_user_ratings

check_new_user_ratings(new_user_ratings)

# %% [markdown]
# ### Exercise 2: write the nDCG (10 minutes, level 2 of 3)
#
# `relevance` and `scores` are vectors with a number for each item. Put the items in descending order of `scores`. Return nDCG@`at` with the gain $2^r-1$, a number. There may be fewer items than `at`; at least one is relevant.
#
# <details><summary>Hint 1</summary>
#
# `relevance[scores.argsort(descending=True)]` is the relevance by place.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# The best order sorts `relevance` itself, over all items; cut both after `at` places.
#
# </details>


# %% tags=["exercise"]
def my_ndcg(relevance, scores, at):
    """The normalised discounted cumulative gain of one ranking, a number."""
    # <solution>
    gains = 2.0**relevance - 1
    ranked = gains[scores.argsort(descending=True)][:at]
    best = gains.sort(descending=True).values[:at]
    discount = torch.arange(2, len(best) + 2).log2()
    return ((ranked / discount).sum() / (best / discount).sum()).item()
    # </solution>


# %%
from metalearn_lab.exercises.recommendation import check_my_ndcg

check_my_ndcg(my_ndcg)

# %% [markdown] tags=["instructor"]
# **Instructor, 4 minutes.** Start exercise 1 in class, in pairs; exercise 2 is homework. Watch for a fit of the ratings themselves: it counts the popularity twice. In exercise 2, watch for a best order that is made of the first places alone.

# %%
from metalearn_lab.workbook.headline import headline

errors = [
    cold.judge(rankers[name], shots, settings[name][shots])["error"]
    for name, shots in ((POPULARITY, 5), (RIDGE, 5), (RIDGE, 20), (MELU, 5), (MELU, 20))
]
headline(
    "Mean error of a new user's predicted ratings (1 to 5): popularity {:.2f}; ridge {:.2f} after 5 "
    "ratings, {:.2f} after 20; MeLU {:.2f} and {:.2f}.".format(*errors),
    popularity=errors[0],
    ridge_5=errors[1],
    ridge_20=errors[2],
    melu_5=errors[3],
    melu_20=errors[4],
)

# %% [markdown]
# ## What to remember
#
# - A user is a task: the first $K$ ratings are the support set, and the query set is judged by error and by order.
# - One number added to all predictions lowers an error and changes no list. Report both measures, and the gain of the nDCG.
# - A local step moves items with features like those of the rated ones. With one rating and a linear model, it can be ridge.
# - Matrix factorisation knows nothing about items that nobody has rated. Features help there.
# - On countries with 5 to 20 ratings, MeLU's second order helped in all five splits. But in mean error, ridge or factorisation was ahead of MeLU on all three sets of users, at every $K$. Try the closed forms first.
#
# ## Sources
#
# - Lee and others: *MeLU: Meta-Learned User Preference Estimator for Cold-Start Recommendation*, KDD 2019, [arXiv:1908.00413](https://arxiv.org/abs/1908.00413); program: [hoyeoplee/MeLU](https://github.com/hoyeoplee/MeLU).
# - Järvelin, Kekäläinen: *Cumulated gain-based evaluation of IR techniques*, TOIS 2002 (linear gain); Burges and others: *Learning to Rank using Gradient Descent*, ICML 2005 (gain $2^r-1$).
# - Hu, Koren, Volinsky: *Collaborative Filtering for Implicit Feedback Datasets*, ICDM 2008 (alternating least squares).
# - Harper, Konstan: *The MovieLens Datasets*, TiiS 2015 (in the saved table; `ml-latest-small`).
#
# Next: [18 Self-supervision and meta-pretraining](18_meta_pretraining.ipynb).
