# %% [markdown]
# [![Open in Colab](images/open_in_colab.svg)](https://colab.research.google.com/github/metalearn-lab/metalearn-lab/blob/main/notebooks/09_language_models.ipynb)
#
# # Language models that adapt
#
# After this chapter you will be able to
#
# - say what a language model predicts, and read its quality in bits per character and in three kinds of perplexity;
# - compare four kinds of language models by the text and by the seconds that they need;
# - adapt a model to a new author by mixing and by fine-tuning, and choose the settings without fooling yourself;
# - ask of a method that was meta-trained for new authors whether a control would have done as well.

# %%
if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab || pip install -qq --no-deps git+https://github.com/metalearn-lab/metalearn-lab@main"); from metalearn_lab.workbook.colab import install_missing; print(install_missing())  # fmt: skip

# %% tags=["parameters"]
# Leave these as they are for now.
order: int = 5  # n of the n-grams
shots: int = 20  # K, support sentences of a new author
longest: int = 8  # the longest n-grams that are tried
copy_steps: int = 300  # steps of each training on texts to copy
fine_tuning_steps: int = 30  # the most inner steps of the LSTM, more than 10
seed: int = 0  # of the drawn sentences and the weights
device: str = "auto"  # auto takes a GPU if there is one

# %% [markdown]
# ## A new author in twenty sentences
#
# A **language model** reads a text and gives each next character a probability. The simplest one counts: what
# followed the last $n - 1$ characters in its training text? This is an **n-gram model**; here $n = 5$. We measure a model in **bits per character**, the mean of $-\log_2 p$ over the characters that came. One bit means a
# probability of ½, and fewer bits are better.
#
# Our texts are sentences from the documentation of libraries on this computer. Each library is one **author**. Seven are for training, two for choosing settings, five are held out. A new task is
# a held-out author with $K$ support sentences. We count the *general model* on the training authors, and the *author's model* on the $K$ sentences alone. The **mixture** gives the author's model the share λ:
#
# $$p = (1 - \lambda)\,p_{\text{general}} + \lambda\,p_{\text{author}}.$$
#
# On the left, the black curve shows 150 *new* sentences of this author, the orange curve the $K$ sentences themselves. For the blue curve we leave one support sentence out,
# count the author's model on the others, and score the sentence that was left out; then the next. On the right are the bits of each letter of one new sentence.
#
# **Look, then predict.** Drag λ along the curves. Why do orange and black differ so much? Now predict, then move $K$ from 20 to 80: does the valley of the black curve move left or right? Does it become deeper?

# %%
from metalearn_lab.workbook.parameters import check_parameters

check_parameters(globals())  # a value of another type is refused

from metalearn_lab import choose_device
from metalearn_lab.explorers.author_mixture_explorer import AuthorMixtureExplorer
from metalearn_lab.models.ngram import NGram, bits_per_character, written_by
from metalearn_lab.tasks.devices import device_in_words
from metalearn_lab.tasks.docstrings import ALPHABET, HELD_OUT, TRAINING, VALIDATION
from metalearn_lab.tasks.docstrings import authors, decode, encode

where = choose_device(device)
print("Computing on", device_in_words(where))
sentences = authors()
training = encode(sentence for author in TRAINING for sentence in sentences[author])
general = NGram(order, len(ALPHABET)).fit(training)
print(f"{len(training):,} characters of {len(TRAINING)} training authors")
AuthorMixtureExplorer(general, HELD_OUT, seed).show()

# %% [markdown] tags=["instructor"]
# **Instructor, 8 minutes.** Let one student drag λ while the others say which letters will gain. Ask why the orange curve only falls: the author's model has seen each of its characters. Collect the predictions for $K$ in writing, then move it
# from 5 to 80 and watch the lowest place of the black curve.

# %% [markdown]
# <details><summary>What happens</summary>
#
# The black curve is a valley. A little of the author's model helps; much of it hurts, because twenty sentences do not show every context. With 80 sentences the valley moves to the right and becomes deeper. The orange curve falls all the way to λ = 1.
# It judges the author's model on sentences that this model has memorised: **over-fitting**. The blue curve
# has its valley near that of the black one, and it needs no new sentence.
#
# A mistake costs little. The mixture never gives a character less than $(1 - \lambda)\,p_{\text{general}}$, so it loses at most $-\log_2(1 - \lambda)$ bits on any character.
#
# </details>
#
# ## Counting, by hand
#
# Take ten words: *the cat sat the cat ran the dog sat down*. Its units are words, and $V = 6$ are different. Write $h$ for a word and $y$ for the word after it. Let $c(h, y)$ count how often $y$ follows $h$, and $c(h)$ how often anything follows $h$. We score the text *the cat sat down* by three models:
#
# - **unigram**: how often is each word among the ten?
# - **bigram**: $c(h, y)/c(h)$. After *the*, 2 of 3 words are *cat*.
# - **add-one**: the same with one added to each count, $(c(h, y) + 1)/(c(h) + V)$.
#
# **Perplexity** is the geometric mean of $1/p$: the number of equally likely words that would be as hard to guess.
#
# **Predict.** Which of the three perplexities is lowest? What is the bigram's perplexity on *the dog ran down*?

# %% tags=["nbval-check-output", "hide-output"]
from collections import Counter
from itertools import pairwise
from math import log, log2, prod

from metalearn_lab.workbook.facts import finding, proof

corpus, text = map(str.split, ("the cat sat the cat ran the dog sat down", "the cat sat down"))
single, pairs, before = Counter(corpus), Counter(pairwise(corpus)), Counter(corpus[:-1])
V = len(single)


def perplexity(probabilities):
    return prod(probabilities) ** (-1 / len(probabilities))


unigram = perplexity([single[word] / len(corpus) for word in text])
proof("unigram: perplexity (3/2500)^(-1/4) = 5.3728", unigram, above=5.37275, below=5.37285)
bigram = perplexity([pairs[pair] / before[pair[0]] for pair in pairwise(text)])
proof("bigram: perplexity 6^(1/3) = 1.8171", bigram, above=1.81705, below=1.81715)
add_one = perplexity([(pairs[pair] + 1) / (before[pair[0]] + V) for pair in pairwise(text)])
proof("add-one: perplexity 48^(1/3) = 3.6342", add_one, above=3.63415, below=3.63425)
proof("'dog ran' was never seen, so the bigram's perplexity is infinite", pairs["dog", "ran"] == 0)
mixed = (pairs["cat", "sat"] / before["cat"] + single["sat"] / len(corpus)) / 2
proof("half bigram, half unigram: p(sat | cat) = 7/20", abs(mixed - 7 / 20), below=1e-12)

# %% [markdown]
# <details><summary>What happens</summary>
#
# The bigram has the lowest perplexity, 1.82, on a text whose pairs it has all seen. One unseen pair, *dog ran*, makes its perplexity infinite. Add-one repairs this, but it takes much from
# the pairs that were seen: 3.63.
#
# Two details are easily wrong. The last word of the corpus has no successor, so $c(h)$ counts the first nine words. And a bigram says nothing about the first word of the text, so it has three probabilities, not four.
#
# </details>
#
# ### Longer contexts
#
# A better repair asks a shorter context. Let $h$ now be the context, several characters, and $h'$ the same without its oldest character. Let $t(h)$ be the number of *different* characters that followed $h$. Witten and Bell's rule is
#
# $$p(y \mid h) = \frac{c(h, y) + t(h)\,p(y \mid h')}{c(h) + t(h)}.$$
#
# The rule goes on down to the empty context, whose shorter context gives every character $1/V$. If many different characters have followed $h$, then a new one is likely, and the shorter context gets more weight. Our model uses this rule, with the 70 characters of our texts.
#
# We now count models with $n = 1, \dots, 8$ on the training authors. The first column scores the beginning of the training text itself, the second the validation authors. The last shows what the model *writes*, if each character
# is drawn from its probabilities.
#
# **Predict.** Which column falls all the way? Where does the other one turn?

# %% tags=["hide-output"]
import pandas as pd

validation = encode(sentence for author in VALIDATION for sentence in sentences[author])
rows = {}
for n in range(1, longest + 1):
    model = NGram(n, len(ALPHABET)).fit(training)
    rows[n] = {
        "training text": bits_per_character(model.probabilities(training[:100_000])),
        "validation authors": bits_per_character(model.probabilities(validation)),
        "it writes": decode(written_by(model, 46, seed)).replace("\n", " "),
    }
orders = pd.DataFrame(rows).T.rename_axis("n").infer_objects()
orders.round(2)

# %% tags=["nbval-check-output", "hide-output"]
seen, unseen = orders["training text"], orders["validation authors"]
one = {"saved": "one corpus, no draw"}
proof("nothing known: every character costs log2 V bits", log2(len(ALPHABET)), above=6.1, below=6.2)
finding("longer n-grams: bits of the training text always fall", seen.diff()[1:], below=0, **one)
finding("the lowest bits of new authors are at n = 5 or 6", unseen.idxmin() in (5, 6), **one)
finding("the longest n is worse than the best", unseen.iloc[-1] - unseen.min(), above=0.1, **one)
words = sum(len(sentence.split()) for author in VALIDATION for sentence in sentences[author])
per_word = len(validation) / words  # characters of a word, with the space or the end after it
bits = unseen[order]
units = {"per character": 2**bits, "per word": 2 ** (bits * per_word)}
proof("nats are bits times ln 2", abs(log(units["per character"]) - bits * log(2)), below=1e-9)
finding("one model, perplexity per character", units["per character"], above=3, below=6, **one)
finding("the same model, perplexity per word", units["per word"], above=1000, **one)

# %% [markdown] tags=["instructor"]
# **Instructor, 11 minutes.** Let them compute the bigram by hand before they unfold the output; watch for those who divide by 10. For the table, ask which model they would choose from the texts alone, and then from each column.

# %% [markdown]
# <details><summary>What happens</summary>
#
# The bits of the training text fall all the way: the model remembers its long contexts. Those of the validation authors fall to $n = 5$ or 6 and then rise. What the models write does not show that $n = 8$ is worse.
#
# **One model, three numbers.** Two bits per character are a perplexity of four per character. The same model has a perplexity of thousands *per word*, because a word has about six characters. In *nats* (natural logarithm) the two bits are 1.4.
# A perplexity needs its unit. Compare models in bits per character, on the *same text*.
#
# </details>
#
# ## λ, without fooling yourself
#
# The probability that the author's model made a character is $\lambda p_{\text{author}}/p$. Its mean over the characters is the new λ. Repeat. This is
# **expectation-maximisation** (EM). No step makes the total probability of the characters smaller. The explorer's blue dot shows λ after 50 steps.
#
# We compare, for each held-out author:
#
# - **own sentences**: EM on the support sentences themselves;
# - **left out**: EM on sentences that were left out, as above;
# - **best λ**: chosen on the new sentences. It only shows what is possible;
# - **counted together**: no mixture. The support sentences are counted with the training text, each 1, 10, 30 or 100 times, as is best on the validation authors.
#
# **Predict.** With λ from the own sentences, are new sentences cheaper or dearer than without adaptation? By how many bits? Who is ahead, *left out* or *counted together*?

# %% tags=["hide-output"]
from metalearn_lab.experiments.author_mixture import author_task, left_out, merged_bits
from metalearn_lab.experiments.author_mixture import em_step, on_query, on_support, share_by_em

tasks = {author: author_task(author, shots, seed) for author in (*VALIDATION, *HELD_OUT)}
together = {
    times: sum(merged_bits(training, tasks[author], order, times) for author in VALIDATION)
    for times in (1, 10, 30, 100)
}
times = min(together, key=together.get)
rows = {}
for author in HELD_OUT:
    query, others = on_query(general, tasks[author]), left_out(general, tasks[author])
    own, λ = share_by_em(on_support(general, tasks[author])), share_by_em(others)
    rows[author] = {
        "λ, own sentences": own,
        "λ, left out": λ,
        "general model": query.bits(0.0),
        "own sentences": query.bits(own),
        "left out": query.bits(λ),
        "best λ": min(query.bits(i / 100) for i in range(100)),
        "counted together": merged_bits(training, tasks[author], order, times),
    }
adapted = pd.DataFrame(rows).T
print(f"Bits per character on new sentences, K = {shots}; counted together {times} times")
adapted.round(3)

# %% tags=["nbval-check-output", "hide-output"]
import torch

from metalearn_lab import interval_over_tasks

λs, bits = [0.5], [others.bits(0.5)]
for _ in range(20):
    λs.append(em_step(λs[-1], others))
    bits.append(others.bits(λs[-1]))
proof("no step of EM raises the bits", [b - a for a, b in pairwise(bits)], below=1e-12)
least = (query.mixed(0.2) / query.general).min()
lost = log2(0.8) - least.log2()
proof("at λ = 0.2 no character costs over -log2(0.8) bits more", lost, below=1e-9)
finding("on their own sentences EM gives λ over 0.99", adapted["λ, own sentences"], above=0.99)
worse = adapted["own sentences"] - adapted["general model"]
finding("with this λ the bits are over 0.8 above those of the general model", worse, above=0.8)
share = adapted["λ, left out"]
finding("on sentences left out EM gives λ from 0.04 to 0.4", share, above=0.04, below=0.4)
gain = adapted["general model"] - adapted["left out"]
finding("with this λ the bits are below the general model's, for each author", gain, above=0.05)
missed = adapted["left out"] - adapted["best λ"]
finding("and at most 0.03 above those of the best λ", missed, below=0.03)
ahead = torch.tensor((adapted["counted together"] - adapted["left out"]).to_list())
finding("counting together is behind, over the five authors", interval_over_tasks(ahead), above=0)

# %% [markdown] tags=["instructor"]
# **Instructor, 7 minutes.** Ask for λ on the own sentences by a show of hands, before the output. A class that has seen cross-validation should find the leave-one-out by itself.

# %% [markdown]
# <details><summary>What happens</summary>
#
# On its own sentences EM gives the author's model nearly everything. New sentences then cost more than with no adaptation at all, by more than 0.8 bits. On sentences left out, it finds a λ between 0.04 and 0.4, for each of the five authors in all five draws. Each author then gains, and the result is at most 0.03 bits above the best possible λ.
# Counting together is behind the mixture in all five draws; in the table above, by about 0.06 bits on average.
#
# So this is adaptation without a gradient: the general model stays, λ and a table of counts move.
#
# </details>
#
# ## Neural language models
#
# A **neural language model** computes the probabilities with weights that gradient descent has learned. Three kinds are common:
#
# - a **recurrent network** (RNN) keeps a state $h$, a vector of numbers. Each character $x_t$ updates it: $h_t = \tanh(T[x_t] + W h_{t-1} + b)$. The row $T[x_t]$, the matrix $W$ and the vector $b$ are learned;
# - a **long short-term memory** (LSTM) has a second vector, the memory $c$. *Gates* between 0 and 1 decide how much of $c$ is kept, and what is written into it;
# - a **Transformer** has no state. At each character it reads *all* earlier characters and weighs them by **attention**.
#
# The right answer stands in the text itself, so no one has to label anything. [Chapter 18](18_meta_pretraining.ipynb) asks other questions of this kind, and whether they help a later task.

# %% [markdown]
# ### How far back can they look?
#
# Our texts look like `[gb..;,:|gb]`: a bracket, a word of two letters, a filler of random signs, then `|`. After `|` come the *same* word and the closing bracket. There are eight letters, so
# a guess costs $\log_2 8 = 3$ bits. A model that remembers pays almost nothing.
#
# The three networks have about equally many weights, 22,000 to 28,000. Each is trained for 300 steps on fillers of 0 to 16 signs, and once more without any filler. Its rate is the best of three, on texts kept for choosing. The n-gram models count the texts of the first training.
#
# **Predict.** (1) Which networks copy over a filler of 16 signs? (2) Without filler, the letter is three places back. Which networks copy it after the first training? And after the second? (3) A 12-gram sees 11 characters back, enough for a filler of 8. Does it copy there?

# %% tags=["hide-output"]
from metalearn_lab.experiments.copying import COPIERS, COPY_TRIALS, FILLERS, bits_by_gap
from metalearn_lab.experiments.copying import copy_batches, ngram_bits_by_gap, train_to_copy
from metalearn_lab.tasks.copying import CopyAndClose, spelled

texts, gaps = CopyAndClose(copied=2, seed=seed), (0, 4, 8, 16)
print("one text:", spelled(texts.texts(0, 1, 5).x[0, 1:]), "… and the closing bracket")
copying = pd.read_csv(COPY_TRIALS).sort_values("bits").groupby(["trained", "model"]).first()
letter, contexts = {}, {}
for trained in ("0 to 16", "0"):
    batches = copy_batches(texts, copy_steps, FILLERS[trained])
    for name, build in COPIERS.items():
        network, rate = build(seed).to(where), copying.outer_lr[trained, name]
        train_to_copy(network, batches, outer_lr=rate)
        letter[trained, name] = bits_by_gap(network, texts, gaps)[:, 0].numpy()
counted = copy_batches(texts, copy_steps, FILLERS["0 to 16"])
for n in (5, 8, 12):
    copied, known = ngram_bits_by_gap(n, counted, texts, gaps)
    letter["0 to 16", f"{n}-gram"] = copied[:, 0].numpy()
    contexts[n] = dict(zip(gaps, known[:, 0].tolist(), strict=True))
seen_of = [f"{contexts[n][8]:.0%} of the {n}-gram's" for n in contexts]
print("Contexts that were ever seen, for a filler of 8:", ", ".join(seen_of))
print("Bits of the first copied letter, for four fillers of new texts")
rows = pd.MultiIndex.from_tuples(letter, names=["trained on fillers", "model"])
pd.DataFrame(list(letter.values()), rows, pd.Index(gaps, name="filler")).round(2)

# %% tags=["nbval-check-output", "hide-output"]
mixed_fillers = pd.DataFrame({name: letter["0 to 16", name] for name in COPIERS}, gaps)
finding("Transformer, all fillers: it copies over each", mixed_fillers["Transformer"], below=1)
guessing = mixed_fillers[["RNN", "LSTM"]].to_numpy()
finding("RNN and LSTM, all fillers: they guess over each", guessing, above=2.5)
alone = letter["0", "LSTM"][0]
finding("LSTM, trained without filler: it copies without filler", alone, below=1)
far = [copying.bits["16", name] for name in ("RNN", "LSTM")]
once = {"saved": "3 rates, 1 seed"}
finding("RNN and LSTM, trained on fillers of 16 alone: they guess", far, above=2.5, **once)
reached = letter["0 to 16", "12-gram"][gaps.index(8)]
finding("12-gram, filler of 8: it reaches the letter and pays over a guess", reached, above=3)
more = contexts[8][8] - contexts[12][8]
finding("filler of 8: an 8-gram has seen over half more of its contexts", more, above=0.5)

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) Only the Transformer copies over a filler of 16 signs. It pays less than one bit over each of the four fillers, in all five trainings. The RNN and the LSTM guess.
#
# (2) The RNN and the LSTM guess even with no filler, after the first training. After the second one, on texts without filler, the same LSTM copies there, in all five trainings. So three places are not too far for it. What it does not learn in 300 steps is to copy when the distance changes from text to text. (Over fillers that it never saw it pays far more than a guess: it is sure of a wrong letter.)
#
# Is a long distance alone too much? In one further training, all texts had a filler of 16. The RNN and the LSTM then guessed at each of three rates. Here they fail for both reasons. With more steps they may learn it; we did not try.
#
# (3) The 12-gram does not copy. For a filler of 8 its context holds the letter, but hardly any such context was ever seen; of the shorter contexts of the 8-gram most were. This is **sparsity**. The model then asks shorter contexts, which do not hold the letter. It pays *more* than a guess, probably because rare contexts tell what followed by chance.
#
# </details>

# %% [markdown]
# ### Four models read one corpus
#
# `benchmarks/language_models.py` trained an RNN, an LSTM and a Transformer of about the same size, 102,000 to 119,000 weights. They read the sentences of the seven training authors again and again. There are five trainings of each, from five seeds. All of them read 4.2 million characters, three read over eight. One more training of the LSTM read 16.7 million (the thick curve). The n-gram model reads the same text once, 1.07 million characters.
#
# The figure shows the bits per character of 500 sentences of the validation authors. On the left they stand over the characters that were read, on the right over the seconds that one CPU core needed. Thin curves are further trainings.
#
# **Predict.** (1) How many characters must the LSTM read until it is as good as the n-gram model? How many seconds does it take? (2) At the beginning, which network learns fastest? Does the order change later, and where do the curves cross?

# %% tags=["hide-output"]
from metalearn_lab.experiments.language_models import general_sentences, ngram_history
from metalearn_lab.experiments.language_models import saved_histories
from metalearn_lab.figures.language_models import language_model_figure
from metalearn_lab.figures.style import show_figure

counting, histories = ngram_history(order, *general_sentences()), saved_histories()
trainings = {name: list(runs.values()) for name, runs in histories.items()}
show_figure(
    language_model_figure({"n-gram": [counting], **trainings}),
    "Bits per character of validation authors for four models, over the characters that they have "
    "read and over CPU seconds. The n-gram model is lowest wherever it has read as much.",
)
five = [f"seed_{i}" for i in range(5)]
bits_of = {
    name: torch.tensor([[row.bits for row in runs[training][:8]] for training in five])
    for name, runs in histories.items()
}  # [trainings, rows of a history]
means = pd.DataFrame({name: bits.mean(0).numpy() for name, bits in bits_of.items()})
means.index = [f"{row.characters / 1e6:.2f}" for row in histories["LSTM"][five[0]][:8]]
print(f"The n-gram model: {counting[-1].bits:.2f} bits, after {counting[-1].seconds:.1f} seconds")
print("Mean of five trainings, after so many million characters")
means.round(2)

# %% tags=["nbval-check-output", "hide-output"]
runs, longer = {"saved": "5 trainings"}, {"saved": "3 trainings"}
lead = bits_of["LSTM"] - bits_of["Transformer"]  # rows from 0.03 to 4.2 million characters
finding("at 0.13 million characters the Transformer is below the LSTM", lead[:, 2], above=0, **runs)
finding("from 0.5 to 4.2 million the LSTM is below the Transformer", lead[:, 4:], below=0, **runs)
shrinks = lead[:, 5:].diff()
finding("from one million on their distance shrinks with every doubling", shrinks, above=0, **runs)
above = bits_of["RNN"][:, 4:] - bits_of["LSTM"][:, 4:]
finding(
    "from 0.5 million on the RNN is above the LSTM by 0.3 bits or more", above, above=0.3, **runs
)
ends = {  # those that went on, to over 8 million characters
    name: [runs[training][-1].bits for training in five if len(runs[training]) > 8]
    for name, runs in histories.items()
}
behind = torch.tensor(list(ends.values())) - counting[-1].bits
finding("over 8 million: counting is below each network", behind, above=0, **longer)
last = histories["LSTM"]["long"][-1].bits - counting[-1].bits
finding(
    "one LSTM, 16.7 million: within 0.02 bits of counting", last, above=0, below=0.02, saved="once"
)
later = torch.tensor(ends["Transformer"]) - torch.tensor(ends["LSTM"])
finding("over 8 million: the LSTM is below the Transformer", later, above=0, below=0.1, **longer)

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) After eight million characters, about two minutes, each network is still above counting, which takes less than a second (three trainings of each). One LSTM read twice as much: it came within 0.02 bits of counting.
#
# (2) The Transformer learns fastest at first. Before 0.5 million characters the curves cross, and up to 4.2 million the LSTM is lowest, in all five trainings. From one million on the two come nearer with every doubling, so they may cross again. After eight million the LSTM is still below, by less than 0.1 bits. The RNN is last.
#
# </details>
#
# ### A trained LSTM meets a new author
#
# The LSTM of the first training meets the held-out authors, $K = 20$.
#
# **Fine-tuning** takes gradient steps on the support sentences, and all weights move. The first table shows how α was chosen on the validation authors.
#
# **Mixing** leaves the LSTM as it is. The author's n-gram model gets a share, by EM on sentences left out: *LSTM + author*. In *all three* the general n-gram model has a share too.
#
# **Predict.** (1) On the *held-out* authors, before adaptation: which is better, general n-gram or LSTM? Remember that $n = 5$ was chosen on the validation authors. (2) What do the bits of new sentences do while those of the support fall? (3) Which is better: fine-tuning or mixing?

# %% tags=["hide-output"]
from metalearn_lab import JointPretraining
from metalearn_lab.experiments.author_adaptation import adapt_to_authors, mixtures_with_network
from metalearn_lab.experiments.language_models import KEPT, load_language_model
from metalearn_lab.experiments.language_models import next_character_loss
from metalearn_lab.figures.language_models import author_steps_figure

trials = pd.read_csv(KEPT / "author_trials.csv")
tuned = trials[trials.way.eq("fine-tuning")]
print("Bits of the validation authors, by α and by the number of steps")
print(tuned.pivot_table("bits", "inner_lr", "steps").round(3))
lstm, steps = load_language_model("LSTM").model.to(where), [0, 1, 3, 10, fine_tuning_steps]
# It serves as a plain fine-tuner here; the authors adapt one after the other.
tuner = JointPretraining(lstm, next_character_loss, inner_lr=1.0, inner_steps=1, mapping="loop")
met = adapt_to_authors(tuner, [tasks[author] for author in HELD_OUT], steps)
on_support = torch.tensor([each.support for each in met]).mean(0)
on_new = {author: each.query for author, each in zip(HELD_OUT, met, strict=True)}
show_figure(
    author_steps_figure(steps, on_support.tolist(), on_new),
    "Bits per character over the steps of fine-tuning: those of the support sentences fall all the "
    "way; those of new sentences fall less.",
)

# %% tags=["hide-output"]
rows = {}
for author in HELD_OUT:
    rows[author] = {"general n-gram": adapted.loc[author, "general model"]}
    rows[author] |= {"LSTM": on_new[author][0], "fine-tuned, best step": min(on_new[author])}
    rows[author] |= {"n-gram + author": adapted.loc[author, "left out"]}
    rows[author] |= mixtures_with_network(lstm, general, tasks[author], where)
neural = pd.DataFrame(rows).T
neural.round(3)

# %% tags=["nbval-check-output", "hide-output"]
lstm_lead = torch.tensor((neural["general n-gram"] - neural["LSTM"]).to_list())
finding("held-out authors, no adaptation: the LSTM's mean is lower", lstm_lead.mean(), above=0)
finding(
    "fine-tuning: the bits of the support fall at each of these counts", on_support.diff(), below=0
)
new = torch.tensor(list(on_new.values()))
apart = new.mean(0)[-1] - on_support[-1] - (new.mean(0)[0] - on_support[0])
finding("new sentences fall behind the support by over 0.3 bits", apart, above=0.3)
rises = (new[:, -1] - new.min(1).values).max()
often = {"share": "3 of 5 seeds"}
finding("new sentences of one author or more rise by 0.005 bits", rises, above=0.005, **often)
gain = (neural["LSTM"] - neural["fine-tuned, best step"]).mean()
finding("mean gain of fine-tuning, at the best step of each author", gain, above=0, below=0.1)
for mixture in ("n-gram + author", "LSTM + author"):
    better = torch.tensor((neural["fine-tuned, best step"] - neural[mixture]).to_list())
    finding(f"{mixture} is ahead of that best step", interval_over_tasks(better), above=0)
lowest = neural.drop(columns="all three").min(axis=1) - neural["all three"]
finding("all three: below every other column, for each author", lowest, above=0)

# %% [markdown] tags=["instructor"]
# **Instructor, 18 minutes.** For the texts to copy, ask which character each model has to look at. Then ask for an experiment that tells *too far* from *too varied*, before the output is unfolded. For the curves, ask for the first guess in seconds, in writing. For the authors, ask which two columns make a fair comparison. Say that this LSTM is tiny and its corpus too; nobody should conclude that counting beats large networks.

# %% [markdown]
# <details><summary>What happens</summary>
#
# (1) Before adaptation the LSTM has the lower mean over the held-out authors, in all five draws of sentences. On the validation authors it was the other way round. There $n = 5$ was chosen on the very sentences of the figure. So "counting is ahead" was true of those two authors, and not in general.
#
# (2) At each count of steps the bits of the support are lower. Those of new sentences fall less. At the end they rise again for some authors, by more than 0.005 bits in three of five draws. From the first to the last step the two curves come apart by more than 0.3 bits, in all five draws. This is over-fitting again.
#
# (3) Mixing. Even at the best step of each author, which nobody could have chosen, fine-tuning gains less than 0.1 bits on average. The fair comparison starts from the same LSTM: *LSTM + author* is ahead of that best step, in all five draws. So is *n-gram + author*, which needs no network. The mixture of all three models is lowest for each author, in all five draws. We did not test why.
#
# </details>

# %% [markdown]
# ### Meta-training for new authors
#
# Does it help to *prepare* the LSTM for new authors? We deal tasks from the seven training authors: ten support sentences and ten query sentences of one author. All of these start at the same trained LSTM, with $k = 3$ inner steps:
#
# - **Reptile** and **first-order MAML** change the start θ;
# - **embedding (CAVIA)** gives each author 16 numbers φ, and the inner steps move φ alone. They shift the gates of the LSTM by $U\varphi$. The map $U$ and the start θ are meta-trained;
# - **pretraining goes on** is the control: the same sentences without tasks. Each of the four computes about equally many gradients of a sentence, 4,000.
#
# Then each adapts to the held-out authors by gradient steps on $K = 20$ sentences. For each way we tried two α and two outer step sizes β, and 1, 3 or 10 steps, on the validation authors; for *fine-tuning*, which is not prepared at all, three α. The mixtures of before stand below them.
#
# Five seeds draw the tasks and the sentences. The LSTM is the same one, so we do not see how another LSTM would do.
#
# **Predict.** Sort these rows by the bits of new sentences: *fine-tuning*, *pretraining goes on*, *first-order MAML*, *embedding*, *LSTM + author*.

# %% tags=["hide-output"]
table = pd.read_csv(KEPT / "authors.csv")
best = trials.sort_values("bits").groupby("way").first()
by_draw = table.pivot_table(["support", "before", "after"], "way", "seed")  # mean of five authors
gain = by_draw["after"].loc["fine-tuning"] - by_draw["after"]


def over_draws(row):
    mean, half, _ = interval_over_tasks(torch.tensor(row.to_numpy()))
    return f"{mean:.3f} ± {half:.3f}"


ways = pd.DataFrame(
    {
        "α": best.inner_lr,
        "steps": best.steps,
        "no step": by_draw["before"].mean(axis=1).round(3),
        "support, adapted": by_draw["support"].mean(axis=1).round(3),
        "new sentences": by_draw["after"].apply(over_draws, axis=1),
        "below fine-tuning by": gain.apply(over_draws, axis=1),
    }
).loc[table.way.unique()]
print("Bits per character, held-out authors; mean and 95 % interval over five draws")
ways.astype(object).fillna("–")

# %% tags=["nbval-check-output", "hide-output"]
draws, after = {"saved": "5 draws"}, by_draw["after"]
prepared = ["pretraining goes on", "Reptile", "first-order MAML"]
change = gain.loc[prepared].to_numpy()
finding(
    "control, Reptile, first-order MAML: within 0.01 bits of fine-tuning alone",
    change,
    above=-0.01,
    below=0.01,
    **draws,
)
behind = -gain.loc["embedding (CAVIA)"]
finding("the embedding is behind fine-tuning by over 0.01 bits", behind, above=0.01, **draws)
mixtures = ["n-gram + author", "LSTM + author", "LSTM + n-gram", "all three"]
lead = (after.drop(mixtures).min() - after.loc[mixtures]).to_numpy()
finding("each mixture is below each way of gradient steps", lead, above=0.02, **draws)
unadapted = by_draw["before"].loc["n-gram + author"] - by_draw["before"].loc["fine-tuning"]
finding("before adaptation the LSTM is below the general n-gram", unadapted, above=0, **draws)

# %% [markdown] tags=["instructor"]
# **Instructor, 7 minutes.** Collect the sorted rows in writing before the output is unfolded. Then ask what the row *pretraining goes on* is for: without it, would you believe the row above or below it?

# %% [markdown]
# <details><summary>What happens</summary>
#
# Preparing the LSTM made almost no difference. After Reptile and after first-order MAML, fine-tuning ended within 0.01 bits of where it ends without any preparation, in all five draws. So did the control, *pretraining goes on*.
#
# The embedding gained least: it is behind plain fine-tuning in all five draws. Every mixture is ahead of every way by gradient steps, also *LSTM + n-gram*, which has no author's model at all. Only its shares come from the support.
#
# Read this with care. It is one LSTM and a small budget: 4,000 gradients of a sentence, and the LSTM itself was trained on about 120,000. The best number of steps for fine-tuning was 10, the most that we tried, the best α of the embedding was the larger of two, and the best β was always the smaller of two. The result is a reason for a habit: **beside a meta-trained start, show the start without meta-training, and the same training without tasks.** The bits fell in each of these rows. Only the two controls say that meta-training was not why.
#
# </details>

# %% [markdown]
# ## Try it yourself
#
# ### Exercise 1: write a smoothed probability (20 minutes, level 2 of 3)
#
# Write Witten and Bell's rule for one text. `text` and `history` are strings, `letter` is one character, and `symbols` is $V$. Return $p(y \mid h)$ for $y$ = `letter` and $h$ = `history`, right to six digits. A history may be empty, and
# it may be one that never stands in the text: then the shorter history gives the answer. Count only places where a letter *follows* the history.
#
# <details><summary>Hint 1</summary>
#
# Let the function call itself with `history[1:]`. For the empty history the shorter probability is `1 / symbols`.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# `[text[i + n] for i in range(len(text) - n) if text.startswith(history, i)]` with `n = len(history)` are the letters that followed.
#
# </details>


# %% tags=["exercise"]
def smoothed_probability(text, history, letter, symbols):
    """The probability of the letter after the history, a number."""
    # <solution>
    shorter = 1 / symbols
    if history:
        shorter = smoothed_probability(text, history[1:], letter, symbols)
    n = len(history)
    followers = [text[i + n] for i in range(len(text) - n) if text.startswith(history, i)]
    if not followers:
        return shorter
    kinds = len(set(followers))
    return (followers.count(letter) + kinds * shorter) / (len(followers) + kinds)
    # </solution>


# %%
from metalearn_lab.exercises.language_models import check_smoothed_probability

check_smoothed_probability(smoothed_probability)

# %% [markdown]
# ### Exercise 2: write the adaptation to an author (10 minutes, level 1 of 3)
#
# `p_general` and `p_author` are tensors with the probabilities that the two models give the same characters. Return λ after `steps` steps of EM that begin at λ = ½, as a number that is right to six digits.
#
# <details><summary>Hint 1</summary>
#
# The probability that the author's model made a character is $\lambda p_{\text{author}}$ divided by the mixture.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# The new λ is the mean of these probabilities. `.item()` makes a number of a tensor.
#
# </details>


# %% tags=["exercise"]
def author_share(p_general, p_author, steps):
    """λ after some steps of EM from 1/2, a number."""
    # <solution>
    share = 0.5
    for _ in range(steps):
        mixture = (1 - share) * p_general + share * p_author
        share = (share * p_author / mixture).mean().item()
    return share
    # </solution>


# %%
from metalearn_lab.exercises.language_models import check_author_share

check_author_share(author_share)

# %% [markdown] tags=["instructor"]
# **Instructor, 4 minutes.** Start exercise 2 in class, in pairs; exercise 1 is homework. Watch for $p_{\text{author}}/(p_{\text{general}} + p_{\text{author}})$: it forgets the shares λ and 1 − λ.

# %%
from metalearn_lab.workbook.headline import headline

before_it, after_it = adapted["general model"].mean(), adapted["left out"].mean()
headline(
    f"With {shots} sentences of a new author and one number, a mixture lowers {before_it:.2f} bits per "
    f"character to {after_it:.2f}, the mean of {len(HELD_OUT)} held-out authors.",
    before=before_it,
    after=after_it,
)

# %% [markdown]
# ## What to remember
#
# - A language model gives each next character a probability. Compare models in bits per character, on the same text; a perplexity needs its unit.
# - Long contexts remember the training text. On our validation authors n-grams of 5 or 6 characters were best.
# - A mixture adapts with a table of counts and one number λ, without gradients. Choose λ on sentences that the author's model has not seen. On its own sentences EM trusted that model wholly, which was worse than no adaptation in all five draws.
# - In 300 steps a small LSTM copied over three places if all its training texts had this distance, and not if the distance varied. The Transformer copied over all.
# - Which network leads depends on how much it has read. After 8.3 million characters all three were behind counting on the validation authors. On the held-out authors the LSTM was ahead of it.
# - For a new author every mixture was ahead of every adaptation by gradient steps. Preparing the LSTM by Reptile or first-order MAML changed as little as training on without tasks.

# %% [markdown]
# ## Sources
#
# - Witten, Bell: *The zero-frequency problem*, IEEE Transactions on Information Theory 37 (4), 1991, method C.
# - Chen, Goodman: *An empirical study of smoothing techniques for language modeling*, Computer Speech & Language 13, 1999.
# - Jelinek, Mercer: *Interpolated estimation of Markov source parameters from sparse data*, 1980, on mixtures with weights from held-out text.
# - Dempster, Laird, Rubin: *Maximum likelihood from incomplete data via the EM algorithm*, 1977.
# - Hochreiter, Schmidhuber: *Long Short-Term Memory*, Neural Computation 9 (8), 1997.
# - Vaswani et al.: *Attention Is All You Need*, NeurIPS 2017, [arXiv:1706.03762](https://arxiv.org/abs/1706.03762).
# - Nichol, Achiam, Schulman: *On First-Order Meta-Learning Algorithms*, 2018, [arXiv:1803.02999](https://arxiv.org/abs/1803.02999).
# - Zintgraf, Shiarlis, Kurin, Hofmann, Whiteson: *Fast Context Adaptation via Meta-Learning* (CAVIA), ICML 2019, [arXiv:1810.03642](https://arxiv.org/abs/1810.03642).
#
# Next: [14 Scaling up](14_scaling_up.ipynb).
