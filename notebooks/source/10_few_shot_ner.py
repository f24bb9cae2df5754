# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/10_few_shot_ner.ipynb)
#
# # Few-shot named entities
#
# After this chapter you will be able to
#
# - find the best path of tags through a sentence, and say what a temperature does to it;
# - score named entities as spans, and say which tagging scheme and which rule a score used;
# - check a published F1 by the arithmetic of its own report;
# - draw episodes of tagged sentences, and judge taggers on types that training never saw.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% tags=["parameters"]
# Leave these as they are for now.
sentences: int = 500  # made for each part of the types
iterations: int = 200  # outer steps of the training
shots: int = 5  # K, entities of each type in the support, at least
episodes: int = 12  # episodes that results are taken over
seed: int = 0  # of the split of the types, the weights and the episodes
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## Which path through the tags?
#
# **Named entity recognition** marks the names in a sentence and gives each a *type*, such as PER (person) or LOC (place). A **tagger** gives each word a *tag*: a type, or O (outside of
# any name). In the *few-shot* task a new type is explained by a few tagged sentences, the **support**.
#
# The simplest tagger lets each word decide for itself: it takes the tag with the largest probability. But tags follow one another in a regular way. After O there is mostly O. So
# **StructShot** looks for the best *path*. It multiplies the probabilities of the words, $e_i(t)$, and those of the steps from tag to tag, $p(t \mid t')$. The score is the logarithm of the product:
#
# $$\text{score}(t_1, \dots, t_n) = \sum_i \big(\log e_i(t_i) + \log p_\tau(t_i \mid t_{i-1})\big), \qquad p_\tau \propto p^\tau.$$
#
# The steps were counted on *other* types. The **temperature** τ says how much they count: at τ = 1 in full, at τ = 0 not at all.

# %% [markdown]
# Below are three words. On the left, a large disc is a probable tag, a wide grey line is a probable step. The blue path is the best one. The dashed path is each word's own choice. On the right you drag
# what each word says: to the right for more PER, up for more O; the rest is LOC.
#
# **Predict, then move.** (1) Lower τ from 1. Does the blue path meet the dashed one at once, or late? (2) Back at τ = 1: how sure must word 1 be of PER until the blue path believes it?

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

from metalearn_lab.explorers.lattice_explorer import LatticeExplorer

LatticeExplorer().show()

# %% [markdown] tags=["instructor"]
# **Instructor, 10 minutes.** Let the class compute one path by hand first: O O O at τ = 1 is 0.8 · 0.3 · 0.9 · 0.4 · 0.9 · 0.8. One student drags, the others say when the blue path will jump.
# Ask how many paths a sentence of 20 words has with three tags, and why nobody lists them.

# %% [markdown]
# A sentence of $n$ words and $C$ tags has $C^n$ paths. **Viterbi's rule** does not list them. For each word and tag it keeps the best score of a path that ends there. The best path to the next word goes on from one of these, so $n C^2$ additions are enough.
#
# We check it against all 27 paths. We also ask why τ must be so small in practice. StructShot's word probabilities are a softmax of $-d^2$, where $d$ is a distance of vectors of length 1. So $d^2$ lies between 0 and 4.
#
# **Predict.** How large can the ratio of two such probabilities be at most? And for $d^2 = 0.4$ against $0.8$?

# %% tags=["nbval-check-output", "hide-output"]
from itertools import product

import torch

from metalearn_lab.experiments.tag_lattice import path_score, transitions, viterbi
from metalearn_lab.explorers.lattice_explorer import ABSTRACT, EMISSIONS
from metalearn_lab.workbook.facts import finding, proof

words, paths = torch.tensor(EMISSIONS).double(), list(product(range(3), repeat=3))
outside, person = (0, 0, 0), (1, 0, 0)
for τ, best, score in ((1.0, outside, -2.7773), (0.3, outside, -4.2917), (0.05, person, -4.839)):
    table = transitions(ABSTRACT, 2, τ)
    scores = {path: path_score(words, table, path) for path in paths}
    proof(f"τ = {τ}: of 27 paths, Viterbi's is the best", best == tuple(viterbi(words, table)))
    proof(f"τ = {τ}: the best score is {score}", abs(max(scores.values()) - score), below=5e-5)
flat = transitions(ABSTRACT, 2, 0)
proof("τ = 0: each word's own choice", viterbi(words, flat) == words.argmax(1).tolist())
proof("unit vectors: no ratio is above e^4", torch.tensor(4.0).exp(), above=54.59, below=54.6)
near = torch.tensor([-0.4, -0.8]).softmax(0)[0]
proof("squared distances 0.4 and 0.8: p = 0.599 of the nearer", near, above=0.598, below=0.6)
p = 0.72 / 0.78  # of PER, where 0.06 p = 0.72 (1 - p): the rest is O
sure = torch.tensor([[1 - p, p, 1e-9], *EMISSIONS[1:]]).double()
both = [path_score(sure, transitions(ABSTRACT, 2), path) for path in (outside, person)]
proof("τ = 1: at p = 12/13 both paths are equal", abs(both[0] - both[1]), below=1e-5)

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) Late: at τ = 0.3 the best path is still O O O. At τ = 0.05 the blue path is each word's own choice. (2) Very sure: where the rest is O, PER needs a probability of 12/13 = 0.92.
#
# The words whisper and the steps shout. Say that PER is at $d^2 = 0.4$ of a word, and LOC twice as far. Then their probabilities are 0.6 and 0.4. But a step from O to O has 0.9, and a step from O to a given type 0.05. So at τ = 1 the steps decide, and the answer is O.
#
# The authors' code takes τ = 0.1 or 0.05 for unit vectors. The code of the benchmark Few-NERD takes 0.32 to 0.43, but its vectors are not unit vectors. A τ is worth nothing without the scale of its distances.
#
# </details>

# %% [markdown]
# ## What counts as right?
#
# A name is right if its **span** is right: first word, last word and type. From the spans we count **precision** $P$ (right spans among the predicted ones), **recall** $R$ (right among the true ones)
# and $F_1 = 2PR/(P + R)$. *Micro* counts the spans of all types together; *macro* takes the mean of the types' $F_1$.
#
# Spans are written as tags in one of three **schemes**:
#
# - IO: each word of a person is I-PER.
# - BIO: the first word is B-PER, the others I-PER.
# - BIOES: also E- for the last word, and S- for a name of one word.
#
# A model may write what no scheme allows, such as O and then I-PER. The **lenient** rule (of the script *conlleval*, and the default of the library *seqeval*) opens a name there. The **strict** rule passes over it.
#
# **Predict, then try.** (1) *Always O* with 82 % of O: token accuracy, $F_1$? (2) *All spans right* in the scheme IO: is $F_1$ 100 %? Look at Bo Li and Kim Roe. (3) *Ann gets I- instead of B-*: which switch decides?

# %%
from metalearn_lab.explorers.tag_scoring_explorer import TagScoringExplorer

TagScoringExplorer().show()

# %% [markdown] tags=["instructor"]
# **Instructor, 8 minutes.** Let them compute precision and recall of *Lee is missed* before they look: three of four. Ask for a tagger with a token accuracy of 95 % and an F1 of 0. Somebody will say that nobody would publish this number: the next section waits for them.

# %% tags=["nbval-check-output", "hide-output"]
from metalearn_lab.evaluation.span_score import Span, count_spans, micro, spans_of, tags_of
from metalearn_lab.evaluation.span_score import token_accuracy

gold = [["B-PER", "I-PER", "O", "B-LOC", "O", "O", "B-ORG", "I-ORG", "O", "O"]]
given = [[*gold[0][:7], "O", "O", "O"]]
accuracy = token_accuracy(gold, given)
proof("one word missed of ten: token accuracy 0.9", abs(accuracy - 0.9), below=1e-9)
counts = micro(count_spans(gold, given))
ratios = [counts.precision, counts.recall, counts.f1]
proof("one word missed: P, R and F1 are 2/3", [abs(r - 2 / 3) for r in ratios], below=1e-9)
two = [Span("PER", 0, 1), Span("PER", 1, 2)]
melted = spans_of(tags_of(two, 2, "io"))
proof("IO melts two neighbours into one span, so F1 is 0", melted == [Span("PER", 0, 2)])
example = [["B-NP", "I-NP", "O"]], [["I-NP", "I-NP", "O"]]
proof("seqeval's example, lenient: F1 = 1", micro(count_spans(*example)).f1 == 1)
proof("seqeval's example, strict: F1 = 0", micro(count_spans(*example, "bio")).f1 == 0)

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) 82 % and 0: the accuracy is the share of O. (2) No. IO writes Bo Li Kim Roe as one person, so even a perfect IO tagger finds two of four names and one that is none. (3) *Strict*. Under the lenient rule Ann Lee counts, under the strict one she does not. On the
# three tags of the proof, the two rules give an $F_1$ of 1 and of 0 for the same prediction.
#
# Our scorer gives the same numbers as seqeval 1.2.2 on 12,000 random pairs of tag sequences (a test of this package).
#
# </details>

# %% [markdown]
# ## The court
#
# One of the articles that this workbook follows says: meta-learning reached an $F_1$ of 97.3 % on CoNLL-2003, newspaper sentences with four types. This is its report.
#
# | tag | precision | recall | tokens | | tag | precision | recall | tokens |
# | --- | --- | --- | --- | --- | --- | --- | --- | --- |
# | B-LOC | 0.926 | 0.906 | 1,668 | | I-ORG | 0.911 | 0.894 | 835 |
# | I-LOC | 0.900 | 0.805 | 257 | | B-PER | 0.964 | 0.957 | 1,617 |
# | B-MISC | 0.875 | 0.856 | 702 | | I-PER | 0.983 | 0.980 | 1,156 |
# | I-MISC | 0.838 | 0.782 | 216 | | O | 0.993 | 0.995 | 38,323 |
# | B-ORG | 0.914 | 0.898 | 1,661 | | **micro avg** | **0.973** | **0.973** | 46,435 |
#
# Each row counts *tokens*, and O is a row. The number of right tokens of a row is recall times tokens; divided by the precision, it is the number of predicted tokens.
#
# **Predict.** (1) What is the micro average of these nine rows: 0.973? (2) What does *always O* reach in this report? (3) A name can be right only if its B- is right. Which $F_1$ of names is the most that these rows allow?

# %% tags=["nbval-check-output", "hide-output"]
report = {
    "B-LOC": (0.926, 0.906, 1668), "I-LOC": (0.900, 0.805, 257), "B-MISC": (0.875, 0.856, 702),
    "I-MISC": (0.838, 0.782, 216), "B-ORG": (0.914, 0.898, 1661), "I-ORG": (0.911, 0.894, 835),
    "B-PER": (0.964, 0.957, 1617), "I-PER": (0.983, 0.980, 1156), "O": (0.993, 0.995, 38323),
}  # fmt: skip


def micro_f1(tags):
    right = {tag: report[tag][1] * report[tag][2] for tag in tags}
    predicted = sum(right[tag] / report[tag][0] for tag in tags)
    return 2 * sum(right.values()) / (predicted + sum(report[tag][2] for tag in tags))


whole = micro_f1(report)
proof("all nine rows: their micro F1 is 0.981, not 0.973", whole, above=0.9805, below=0.9825)
nothing = report["O"][2] / sum(row[2] for row in report.values())
proof("always O: this report would say 0.825", nothing, above=0.825, below=0.826)
without_o = micro_f1([tag for tag in report if tag != "O"])
proof("without the row of O: 0.922", without_o, above=0.9215, below=0.922)
ceiling = micro_f1([tag for tag in report if tag[0] == "B"])
proof("names: an F1 of 0.920 at the very most", ceiling, above=0.919, below=0.920)

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) The nine rows give 0.981. The report's own total does not follow from its rows. (2) *Always O* would reach 82.5 % in this report and find no name. (3) A true name has one B-. Each predicted B- opens a name. So the right names are at most the right B-'s,
# and the $F_1$ of names is at most 92.0 %. With every name that ends wrongly it is lower.
#
# The verdict: "97.3 % F1" is a token score with O in it, and it does not belong to its table. The report is introduced by "Suppose that …", and only the sentence after it says "we reached". The code beside it has no model that reads words, no support set and no inner loop.
#
# </details>

# %% [markdown]
# ### Two more cases
#
# **What a scheme is worth.** StructShot's repository reports an $F_1$ of 29.5 from CoNLL to the tweets of WNUT with five shots. A user who tagged with BIO in a similar experiment (from OntoNotes) got 17.7; with IO labels it became the paper's 23.9. Six points are in the scheme.
#
# **Three tables for one paper.** Few-NERD is the best-known benchmark. Its first table had errors in settings and tokenisation; its second was corrected; its third followed after an error in the sampler. Five-way, one to two shots, *INTER* part:
#
# | | second table | third table |
# | --- | --- | --- |
# | ProtoBERT (class means) | 44.44 | 38.83 ± 1.49 |
# | NNShot | 54.29 | 47.24 ± 1.00 |
# | StructShot | 57.33 | 51.88 ± 0.69 |
#
# The *order* of the three stayed. The numbers moved by five to seven points, more than most papers gain. So a number needs its table's version.

# %% [markdown] tags=["instructor"]
# **Instructor, 8 minutes.** Play it as a court: one group defends the report, one attacks it, both with the table alone. The defence usually finds that the rows are good numbers: they are, for a tagger with thousands of sentences. Ask what the defence would need to show: spans, a split by types, a support set.

# %% [markdown]
# ## Episodes of sentences
#
# Our sentences are English names in templates. The names come from the package Babel: 16 types, from countries to units of energy. Eight types are for training, four for choosing settings, and four are **new**; `seed` deals them.
#
# A task is 3-way: three types, and O. But a sentence may hold two names, so exactly $K$ names of each type cannot be promised. The **greedy rule** takes sentences in random order. It keeps a sentence if one of its types has fewer than $K$ names so far, and passes over it if some type
# would have more than $2K$ ("K~2K shots").
#
# A sentence may also hold a name of a type that is *not* in the episode. It becomes O: **an O that hides some**. In half of our sentences the second name is of any of the 16 types, so O hides many. Few-NERD allows no such sentence, which makes its O easier than that of real text.
#
# **Predict.** Look at the support below. Which words of O would a tagger take for names, and why?

# %% [markdown] tags=["instructor"]
# **Instructor, 6 minutes.** Let one student deal an episode from the board: ten sentences, K = 2, the greedy rule. Then put a sentence with two types that are both full at the top and ask what happens to it. Ask what a support with a hidden weekday teaches about weekdays.

# %% tags=["hide-output"]
import pandas as pd

from metalearn_lab import choose_device
from metalearn_lab.experiments.entity_lab import name_world
from metalearn_lab.tasks.devices import device_in_words

where = choose_device(device)
print("Computing on", device_in_words(where))
world = name_world(seed, sentences, where)
for part, types in world.types._asdict().items():
    print(f"{part}: {', '.join(types)}")
episode = world.sampler("test", 1, seed=seed).episode(0)
print("The three types of the first episode:", ", ".join(episode.types))
rows = []
for row, sentence in zip(episode.support_rows, episode.support, strict=True):
    names = sentence.entities()
    hidden = [pair for pair in world.parts["test"][row].entities() if pair not in names]
    texts = ["; ".join(f"{name} ({kind})" for kind, name in pairs) for pairs in (names, hidden)]
    rows.append([" ".join(sentence.words), *texts])
with pd.option_context("display.max_colwidth", None):
    display(pd.DataFrame(rows, columns=["support sentence", "names", "hidden in O"]))

# %% tags=["nbval-check-output", "hide-output"]
from metalearn_lab.tasks.token_episodes import assert_token_episode_is_clean, assert_types_unseen

sampler = world.sampler("test", shots, seed=seed)
drawn = [sampler.episode(index) for index in range(episodes)]
for each in drawn:
    assert_token_episode_is_clean(each, shots, sampler.queries)  # raises where something leaks
assert_types_unseen(world.parts["train"], {*world.types.validation, *world.types.test})
again = world.sampler("test", shots, seed=seed).episode(3)
proof("the same number gives the same episode", again == drawn[3])
types = [[kind for sentence in each.support for kind in sentence.types] for each in drawn]
names = [own.count(kind) for own, each in zip(types, drawn, strict=True) for kind in each.types]
proof("K to 2K names of each type in the support", names, above=shots - 1, below=2 * shots + 1)
tags = [tag for each in drawn for sentence in each.query for tag in sentence.tags]
share = tags.count("O") / len(tags)
finding("the share of O among the words to be tagged", share, above=0.7, below=0.95)

# %% [markdown]
# ## Taggers from a few sentences
#
# A small encoder turns each word into a vector $z$. It reads the character n-grams of the word and of two neighbours on each side. Four ways to use it:
#
# - **Class means** (ProtoNet, chapter 06): the mean vector $p_c$ of the support words of each tag, and the nearest one wins. O has a mean too.
# - **O without a mean**: the types have means, and the score of O is one learned number. A word far from every type is O.
# - **NNShot**: the nearest *single* support word, by unit vectors. $\text{score}_c = -\min_{s \in c}\lVert z - s\rVert^2$.
# - **StructShot**: the softmax of NNShot's scores, then the best path.
#
# O is a drawer for everything: "the", "ticket", "Tuesday". Can *one* mean describe it?
#
# We train the encoder as ProtoNet on the eight training types (β = 0.003). Then we judge it in other sentences of the *training types*, and on *new types*. Beside it stand *always O* and NNShot on the **untrained** encoder. Two more read the *word pieces* of the frozen sentence encoder (chapter 06), its vectors before they are pooled: NNShot, and ridge regression (also chapter 06, λ = 0.01).
#
# **Predict.** (1) ProtoNet's $F_1$ on training types, and on new types? (2) Its token accuracy on new types: above that of *always O*? (3) NNShot on new types: which encoder is better, the trained or the untrained one?

# %% [markdown] tags=["instructor"]
# **Instructor, 7 minutes.** Collect three numbers in writing. Most classes expect a loss of ten or twenty points from training types to new types. Ask afterwards what the encoder has learned to call O: every word of the eight training types is labelled in training, and everything else is O.

# %% tags=["hide-output"]
from metalearn_lab.experiments.entity_lab import EntityLab, always_o, frozen_words, judge
from metalearn_lab.experiments.entity_lab import learner_tagger, nearest_scores, percent_table
from metalearn_lab.experiments.entity_lab import ridge_scores, tagger

lab = EntityLab(world, iterations, seed=seed)
proto_net = lab.proto_net(outer_lr=0.003)

trained, pieces = lab.embed(proto_net.model), frozen_words(where)
taggers = {"always O": always_o, "ProtoNet": learner_tagger(world, proto_net)}
taggers["NNShot, ProtoNet's encoder"] = tagger(trained, nearest_scores)
taggers["NNShot, untrained encoder"] = tagger(lab.untrained(), nearest_scores)
taggers["NNShot, word pieces"] = tagger(pieces, nearest_scores)
taggers["ridge, word pieces"] = tagger(pieces, ridge_scores)
familiar = world.sampler("familiar", shots, seed=seed)
known = judge(taggers, [familiar.episode(index) for index in range(episodes)])
new = judge(taggers, drawn)
print(f"{shots}~{2 * shots} shots, {episodes} episodes each; per cent")
percent_table({"training types": known, "new types": new})

# %% tags=["nbval-check-output", "hide-output"]
f1 = {name: 100 * each.counts.f1 for name, each in new.items()}
f1_known = 100 * known["ProtoNet"].counts.f1
finding("ProtoNet, training types: F1 in per cent", f1_known, above=60)
finding("ProtoNet, new types: F1 in per cent", f1["ProtoNet"], below=35)
lead = 100 * (new["always O"].accuracy - new["ProtoNet"].accuracy)
finding("new types: points of token accuracy of always O over ProtoNet", lead, above=0)
gain = f1["NNShot, ProtoNet's encoder"] - f1["ProtoNet"]
finding("new types: points of F1 of NNShot over ProtoNet, same encoder", gain, above=0)
gain = f1["NNShot, untrained encoder"] - f1["ProtoNet"]
finding("new types: points of F1 of NNShot, untrained, over ProtoNet", gain, above=0)
frozen, others = [[name for name in f1 if ("pieces" in name) is on] for on in (True, False)]
gain = [f1[name] - f1[other] for name in frozen for other in others]
finding("new types: points of F1 of both on word pieces over the other four", gain, above=0)

# %% [markdown]
# <details><summary>What happens</summary>
#
# This is one training on one split of the types; `seed` gives others. (1) From training types to new types, ProtoNet loses most of its $F_1$. (2) Below: *always O*, which finds no name at all, has more right words. ProtoNet takes words of O for names. (3) Read the two rows of the table. Either
# way, NNShot on an encoder that *nobody trained* is ahead of ProtoNet on the trained one.
#
# With the same trained encoder, the nearest support word is ahead of the class means. This fits the drawer: one mean does not describe O. Both taggers on the frozen word pieces are ahead of the other four.
#
# </details>

# %% [markdown]
# ### Five splits, five seeds, and tweets
#
# One split says little. The next table is saved (`benchmarks/entity_tagging.py`), with more taggers:
#
# - the **gazetteer** tags exactly the names of the support;
# - **all types at once**: the encoder learns to tag all training types with one head, without episodes, as StructShot's authors did;
# - **first-order MAML** and **ANIL** (chapters 04 and 05) take inner steps on the support's words. Their control is *fine-tuning, untrained*: the same steps from a start that nobody trained.
#
# *Names in templates*: five splits of the types, five seeds each. Every training has 200 outer steps and six trials of its rates. The validation types choose; they also choose τ, λ and the inner steps in use (5 or 20).
#
# *Tweets*: WNUT-17 has six types: corporation, creative work, group, location, person, product. Three are trained on, three are new. Of the ten ways to halve them the table has five, one seed each; each type is new in at least one. No type is left to choose by: rates come from the templates, τ and λ from the training types. Splits share types, so the intervals are rough.
#
# **Predict.** (1) New types, five shots, without the frozen encoder: which tagger is best? (2) Which trainings help on new types? (3) How much of the best $F_1$ is left on tweets?

# %% tags=["hide-output"]
from metalearn_lab.experiments.entity_results import by_split, in_words, lead

made, tweets = (by_split(text) for text in ("names in templates", "tweets"))
once = by_split("names in templates", 1)
columns = {
    "templates, 1 shot": once,
    "templates, 5 shots": made,
    "training types, 5 shots": by_split("names in templates", 5, "training"),
    "tweets, 1 shot": by_split("tweets", 1),
    "tweets, 5 shots": tweets,
}
left_out = ("τ = 1", "BIO", "ridge, untrained", "ridge, P", "ridge, all", "means, all")
rows = [name for name in made if not any(part in name for part in left_out)]
print("F1 in per cent; mean ± half of the 95 % interval over the splits")
in_words(columns, rows)

# %% tags=["nbval-check-output", "hide-output"]
splits, frozen, plain = "5 splits, 5 seeds", "StructShot, word pieces", "NNShot, all types at once"
maml, tuned = "first-order MAML", "fine-tuning, untrained"
learned = [name for name in made if "word pieces" not in name]
claim = f"5 shots: points of {frozen}, over each tagger without word pieces"
finding(claim, [lead(made, frozen, name) for name in learned], above=0, saved=splits)
up, down, unclear = {"above": 0.0}, {"below": 0.0}, {"above": -3.0, "below": 6.0}
for text, numbers, name, other, bounds in (
    ("5 shots", made, plain, "NNShot, untrained", up),
    ("5 shots", made, plain, maml, up),
    ("1 shot", once, maml, plain, up),
    ("5 shots", made, maml, tuned, up),
    ("5 shots", made, "ANIL", tuned, down),
    ("5 shots", made, "ProtoNet, O without prototype", "ProtoNet", up),
    ("5 shots", made, "ProtoNet", "class means, untrained", unclear),
    ("5 shots", made, frozen, "NNShot, word pieces", unclear),
    ("5 shots", made, "NNShot in BIO, word pieces", "NNShot, word pieces", down),
    ("5 shots", made, "ridge in BIO, word pieces", "ridge, word pieces", down),
):
    claim = f"{text}: points of {name}, over {other}"
    finding(claim, lead(numbers, name, other), saved=splits, **bounds)
silent = [made[name] for name in made if "τ = 1" in name]
finding("5 shots: F1 with τ = 1, on four kinds of vectors", silent, below=0.1, saved=splits)

# %% tags=["nbval-check-output", "hide-output"]
few = f"{len(tweets)} halvings"
claim = f"tweets, 5 shots: points of {frozen}, over each tagger without word pieces"
finding(claim, [lead(tweets, frozen, name) for name in learned], above=0, saved=few)
claim = "tweets, 5 shots: mean F1 of each tagger without word pieces"
finding(claim, tweets[learned].mean(), below=6, saved=few)

# %% [markdown] tags=["instructor"]
# **Instructor, 6 minutes.** Cover the rows of the word pieces first: which of the others would they publish, and beside which control? Then uncover them. Ask what "six trials each" leaves unfair: the frozen encoder was trained by others, on very many sentences.

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) NNShot on the plainly trained encoder, 40.6 %: no episode was in its training. With one shot first-order MAML is 3.9 ± 2.3 points above it, with five 7.2 ± 6.1 below.
#
# (2) Plain training gives NNShot 3.9 ± 1.4 points over the untrained encoder. First-order MAML is 9.1 ± 4.8 above its control. ProtoNet is not told apart from class means on an encoder that nobody trained. ANIL is 10.6 ± 4.1 *below* its control, though it is good on training types. For ProtoNet every split chose β = 0.0003, the smallest of six; so its row
# on training types is below what you saw with 0.003.
#
# Without a prototype of O, ProtoNet gains 3.4 ± 3.1 points on new types. StructShot is not told apart from NNShot on the word pieces; with τ = 1 it finds no name in any split. On *all types at once* it loses. The smallest τ we tried was 0.001; τ = 0 would be NNShot.
#
# **The strongest taggers use the frozen word pieces**: StructShot on them is above every tagger without them.
#
# (3) A third: 17.0 % on tweets. The mean of no tagger without word pieces is above 4 %, and on *training* types none is above 5 %. A tagger that cannot tag its own types says nothing about new ones, so those rows do not rank the methods.
#
# </details>

# %% [markdown]
# ### What the scheme is worth here
#
# In our templates two names never touch, so IO loses nothing. With BIO labels the support of each type is cut in two: first words and later words. On the word pieces this cost NNShot 3.0 ± 2.4 points of $F_1$ at five shots, and ridge regression 5.1 ± 4.5. Nothing else was changed, but for ridge regression's λ, which each scheme chose for itself. At one shot the interval contains 0 for both.

# %% [markdown]
# ### One sentence, live
#
# Here one new sentence is tagged while tagged sentences are added to the support. The vectors are those of the word pieces.
#
# **Predict, then add.** With one support sentence, which types can be found at all? Can a tag that was right become wrong when a sentence is added? Then switch to *class means*, and to *StructShot* with τ at its right end.

# %%
from metalearn_lab.explorers.live_tagger_explorer import LiveTaggerExplorer

LiveTaggerExplorer(drawn[0], pieces, world.abstract).show()

# %% [markdown] tags=["instructor"]
# **Instructor, 6 minutes.** Let them add sentences until the first name is right, and find the support word that did it. Then switch to class means with the same support: which words of O become names?

# %% [markdown]
# ## Try it yourself
#
# ### Exercise 1: write the score of entities (20 minutes, level 2 of 3)
#
# `gold` and `predicted` are lists of sentences; a sentence is a list of BIO tags. Return $F_1$ of the spans, a number: micro, over all sentences. Use the **lenient** rule: a B- opens a name; an I- goes on with the name of the word before if that has the
# same type, and opens one otherwise. Without any span $F_1$ is 0. It must be right to six digits.
#
# <details><summary>Hint 1</summary>
#
# Write a helper that turns the tags of *one* sentence into a set of (type, first, end). A span ends where the next tag is O, a B-, or has another type, or where the sentence ends.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# Put the sentence's number into each span, so that sets of all sentences can be compared: `right = len(a & b)`, and $F_1$ is `2 * right / (len(a) + len(b))`.
#
# </details>

# %% [markdown] tags=["instructor"]
# **Instructor, 6 minutes.** Start exercise 1 in class, in pairs. Most errors are a name at the end of a sentence that is lost, and two neighbours that melt. Exercise 2 is homework.


# %% tags=["exercise"]
def entity_f1(gold, predicted):
    """F1 of the spans that BIO tags mean, over all sentences, by the lenient rule."""
    # <solution>
    sides = []
    for sentences in (gold, predicted):
        spans = set()
        for number, tags in enumerate(sentences):
            first, before = 0, "O"
            for i, tag in enumerate([*tags, "O"]):
                goes_on = tag[0] == "I" and before[2:] == tag[2:] and before != "O"
                if before != "O" and not goes_on:
                    spans.add((number, before[2:], first, i))
                if not goes_on:
                    first = i
                before = tag
        sides.append(spans)
    total = len(sides[0]) + len(sides[1])
    return 2 * len(sides[0] & sides[1]) / total if total else 0.0
    # </solution>


# %%
from metalearn_lab.exercises.few_shot_ner import check_entity_f1

check_entity_f1(entity_f1)

# %% [markdown]
# ### Exercise 2: write one step of Viterbi's rule (10 minutes, level 1 of 3)
#
# `best` `[tags]` holds, for each tag, the best score of a path that ends there. `steps` `[tags, tags]` has $\log p(t \mid t')$ in row $t'$ (the tag before) and column $t$. `own` `[tags]` holds $\log e(t)$ of the next word. Return the best scores of paths
# that end in each tag of the next word, a tensor `[tags]`. They must be right to six digits.
#
# <details><summary>Hint 1</summary>
#
# All ways to the next word are a table: row $t'$, column $t$, with the score $\text{best}(t') + \text{steps}(t', t)$.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# `best[:, None]` puts the old scores into rows. `.amax(0)` takes the largest of each column.
#
# </details>


# %% tags=["exercise"]
def viterbi_step(best, steps, own):
    """The best scores of paths that end in each tag of the next word, a tensor [tags]."""
    # <solution>
    return (best[:, None] + steps).amax(0) + own
    # </solution>


# %%
from metalearn_lab.exercises.few_shot_ner import check_viterbi_step

check_viterbi_step(viterbi_step)

# %%
from metalearn_lab.workbook.headline import headline

headline(
    f"Three-way, {shots} shots: ProtoNet tags names of its training types with an F1 of "
    f"{f1_known:.0f} %, and names of new types with {f1['ProtoNet']:.0f} %. Ridge regression on "
    f"a frozen sentence encoder's word pieces has {f1['ridge, word pieces']:.0f} % there.",
    known=f1_known,
    new=f1["ProtoNet"],
    frozen=f1["ridge, word pieces"],
)

# %% [markdown]
# ## What to remember
#
# - A name is right as a whole or not at all. Token accuracy counts mostly O: *always O* can have a high one, and its $F_1$ is 0.
# - An $F_1$ of names needs its scheme (IO, BIO, BIOES) and its rule (lenient, strict). The same prediction can have 1 and 0.
# - Check a report by its own rows. The one with "97.3 %" allows at most 92.0 % for names.
# - Viterbi's rule finds the best path of tags. At τ = 0 the path is each word's own choice; at τ = 1 the steps drowned the words.
# - ProtoNet was good on its training types. On new types it was not told apart from class means on an encoder that nobody trained.
# - Give each training its control: the same use of a start that nobody trained. First-order MAML was above it, ANIL below.
# - Over five splits and on tweets, the frozen word pieces were ahead of everything that was trained here.

# %% [markdown]
# ## Sources
#
# - Yang, Katiyar: *Simple and Effective Few-Shot Named Entity Recognition with Structured Nearest Neighbor Learning*, EMNLP 2020, [arXiv:2010.02405](https://arxiv.org/abs/2010.02405); [their code](https://github.com/asappresearch/structshot), with the numbers of its README and of issues 6 and 11.
# - Ding et al.: *Few-NERD*, ACL 2021, [arXiv:2105.07464](https://arxiv.org/abs/2105.07464); [its code](https://github.com/thunlp/Few-NERD), issues 5 and 22, on the three tables.
# - Snell, Swersky, Zemel: *Prototypical Networks for Few-shot Learning*, NeurIPS 2017, [arXiv:1703.05175](https://arxiv.org/abs/1703.05175).
# - Tjong Kim Sang, De Meulder: *Introduction to the CoNLL-2003 Shared Task*, 2003, [arXiv:cs/0306050](https://arxiv.org/abs/cs/0306050).
# - Nakayama: *seqeval*, [its code](https://github.com/chakki-works/seqeval), version 1.2.2, on the two rules.
#
# Next: [11 Streams: learning from one task after another](11_streams.ipynb).
