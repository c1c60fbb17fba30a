# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Learned against ideal: the paper's experiment, with exact curves under the points
#
# Feng et al. (2025, *Theoretical Benefit and Limitation of Diffusion Language Model*, arXiv 2502.09622) prove that
# masked diffusion needs a number of steps that does not grow with the length $L$ if it is judged by perplexity (token
# error rate, TER), and one in proportion to $L$ if it is judged by sequence errors (SER). They then train models on
# small languages, and see it. Here is that experiment with something beside the models that no training run can
# have: the *ideal* denoiser of the same language, whose error rates are exact. What a model does worse than the
# ideal one is what it has not learned; what the ideal one does wrong, no training will repair.
#
# `benchmarks/learned_against_ideal.py` runs it for more languages, and at the length of the paper on a GPU.

# %%
# %matplotlib inline
import time
from itertools import pairwise

import numpy as np
import torch
from IPython.display import display

from oracles import zoo
from proofs_check.plots.step_curves import Panel, step_curve_figure
from theory import IID, FixedSizes, expected_kl, expected_steps, simulate, steps_needed
from theory.estimators import estimate_nelbo
from theory.learning import estimate_learning_error, estimate_worst
from theory.learning.step_curves import autoregressive_point, interval_ends, step_curve
from theory.neural import ModelShape, TrainingPlan, train
from theory.neural.autoregressive import AutoregressiveLaw

torch.set_num_threads(2)

L = 32
SURE = 1 - 1e-7  # the confidence of every interval that is asserted about

# %% [markdown]
# ## Two languages that can be got wrong
#
# SER says something only where some sequences are impossible. In the first language, a bigram over 8 tokens, each
# token allows 4 others, with probabilities 4/10, 3/10, 2/10 and 1/10; which ones, was drawn once. The second is the
# paper's own witness, an HMM over 16 tokens: $L/2$ independent pairs of equal tokens.

# %%
bigram, pairs = zoo.random_ngram(L), zoo.equal_pairs(L, 16)
print(bigram.transitions[0])

tenths = np.array([4, 3, 2, 1]) / 10
assert np.isclose(float(bigram.entropy()), 3 - (L - 1) * tenths @ np.log2(tenths))
assert float(pairs.entropy()) == L / 2 * 4
print(f"H/L = {float(bigram.entropy()) / L:.4f} and {float(pairs.entropy()) / L:.4f} bits a token")
print(f"a sequence of independent uniform tokens is possible with probability 2^-{L - 1} and 2^-{2 * L}")

# %% [markdown]
# ## What to expect: the ideal denoiser, exactly
#
# Reveal each position in one of $N$ steps, uniformly at random, with the ideal conditionals $q(x_i \mid x_S)$. By
# convexity $\mathrm{KL}(q \| p) \le \mathrm{EKL}$, and by coarse-graining to possible or not it is at least
# $-\log_2(1 - \mathrm{SER})$. Both ends are exact for the bigram at any length. So is the number of steps that a SER
# of 1/2 takes:

# %%
lengths, few = [8, 16, 32, 64], 8
needed, excess = [], []
for length in lengths:
    q = zoo.random_ngram(length).to("float64")
    needed.append(steps_needed(q, "uniform", ser=0.5).value)
    excess.append(float(expected_kl(q, IID.uniform(few))) / length)
    print(
        f"L = {length:2}: {needed[-1]:2} steps for SER <= 1/2;  log2 TER with {few} steps <= H/L + {excess[-1]:.4f}"
    )

# Twice the length, twice the steps (to within rounding of a whole number), and the same TER.
assert all(abs(after - 2 * before) <= 1 for before, after in pairwise(needed))
assert max(excess) < min(3 / few, 1.3 * min(excess))

# %% [markdown]
# The bound of Theorem A, $\log_2 |V| / N = 3/8$ bits, is met with room to spare, and does not depend on $L$.
#
# ## Learning both languages
#
# A bidirectional transformer of two layers learns to fill in masked tokens, from endless samples; an autoregressive
# transformer of the same shape learns to continue. What is printed is how far the loss is above the entropy of the
# language, in bits a sequence: for masked diffusion that is the gap of the NELBO, for the other one its divergence
# $\mathrm{KL}(q \| p)$.

# %%
laws = {"bigram": bigram.to("float64"), "16-token HMM": pairs.to("float64")}
BATCHES = {"any_order": {"bigram": 2000, "16-token HMM": 700}, "autoregressive": dict.fromkeys(laws, 400)}


def learned(name, q, objective):
    def watch(now):
        print(f"{name}, {objective}, batch {now.step}: {now.loss * L - float(q.entropy()):.2f} bits above H")

    steps = BATCHES[objective][name]
    plan = TrainingPlan(objective, steps, batch=64)
    return train(q, ModelShape(q.vocab_size, L), plan, watch=watch, watch_every=steps // 4)


denoisers = {name: learned(name, q, "any_order").denoiser(q) for name, q in laws.items()}
followers = {name: AutoregressiveLaw(q, learned(name, q, "autoregressive").model) for name, q in laws.items()}

# %% [markdown]
# ## The error of learning
#
# In every context the divergence of the learned law of a token from $q(x_i \mid x_S)$ is computed exactly; only the
# contexts are drawn. Averaged over contexts at every masking rate it is $(\mathrm{NELBO} - H) / L$: the one number
# that training sees. The NELBO can also be estimated along whole random orders, which shares nothing with that but
# the model. And there are contexts far worse than the mean, where the theorems ask for the largest.

# %%
for name, q in laws.items():
    denoiser = denoisers[name]
    mean = estimate_learning_error(q, denoiser, 2000, confidence=SURE, seed=1)
    gap = estimate_nelbo(q, FixedSizes([1] * L), 300, denoiser=denoiser, confidence=SURE, seed=2)
    worst = estimate_worst(q, denoiser, 2000, seed=3)
    above = [(end - float(q.entropy())) / L for end in (gap.low, gap.high)]
    print(
        f"{name}: {mean.value:.4f} bits a token on average over all masking rates, worst of 2000: {worst.value:.4f}"
    )
    print(f"    along whole orders, (NELBO - H)/L is in [{above[0]:.4f}, {above[1]:.4f}]")
    assert mean.high < worst.value
    assert mean.low <= above[1]
    assert above[0] <= mean.high
    for rate in (0.1, 0.5, 0.9, 1.0):
        here = estimate_learning_error(q, denoiser, 1000, rate=rate, seed=4)
        print(f"    masking rate {rate}: {here.value:.4f} [{here.low:.4f}, {here.high:.4f}]")

# %% [markdown]
# ## TER and SER against the number of steps
#
# For every $N$ now three samplers. Of the ideal one everything below is exact. Of the learned ones, SER is the share
# of impossible sequences among 500 draws, with the exact binomial interval, and
# $$\mathrm{EKL} = \text{factorisation} + \text{learning}$$
# splits into what the ideal denoiser loses as well and what the model adds: the first is exact, so only the second
# is estimated.

# %%
COUNTS = (1, 2, 4, 8, 16, 32, 64, 128)
DRAWS = 500


def tokens_per_second(draw, n=64):
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        draw(n)
        seconds.append(time.perf_counter() - start)
    return n * L / min(seconds)


def measured(name, q):
    denoiser, follower = denoisers[name], followers[name]

    def speed(schedule):
        return tokens_per_second(lambda n: simulate(q, schedule, n, denoiser=denoiser, seed=0))

    return Panel(
        title=name,
        law=q,
        ideal=step_curve(q, COUNTS, draws=DRAWS, seed=5),
        learned=step_curve(q, COUNTS, denoiser, draws=DRAWS, confidence=SURE, seed=6),
        autoregressive=autoregressive_point(follower, draws=DRAWS, confidence=SURE, seed=7),
        speeds=[speed(IID.uniform(count)) for count in COUNTS],
        autoregressive_speed=tokens_per_second(lambda n: follower.sample(n, seed=0)),
    )


panels = [measured(name, q) for name, q in laws.items()]
display(step_curve_figure(panels, "Learned against ideal, L = 32; dotted: N = L"))

# %% [markdown]
# Lines are the ideal denoiser, points the learned one, and the dashed line is the autoregressive model, which takes
# $L$ steps. Where TER is not known exactly, what is drawn is the most that it can be, $(H + \mathrm{EKL})/L$, and the
# shade reaches down to the least. Bars and shades of the learned models are meant to be wrong once in ten million
# times: those of SER are (Clopper-Pearson), those of EKL nearly (Student's intervals, an approximation).
#
# The same in numbers, and what is certain about them:

# %%
for panel in panels:
    q, rate = panel.law, float(panel.law.entropy()) / L
    print(f"{panel.title}, H/L = {rate:.4f}")
    print("   N   factorisation   learning, bits a token      SER: ideal   learned")
    for ideal, point in zip(panel.ideal, panel.learned, strict=True):
        factorisation = float(ideal.expected_kl) / L
        learning = [end / L - factorisation for end in interval_ends(point.expected_kl)]
        low, high = interval_ends(point.sequence_error_rate)
        print(
            f"{point.steps:4}   {factorisation:13.4f}   {learning[0]:10.4f} .. {learning[1]:.4f}"
            f"       {float(ideal.sequence_error_rate):10.4f}   {low:.4f} .. {high:.4f}"
        )
        # Theorem A: factorisation costs at most log2|V| / N bits a token; all else was not learned.
        assert factorisation <= np.log2(q.vocab_size) / point.steps
        # SER <= 1 - 2^-KL, whatever the denoiser.
        assert low <= 1 - 2 ** -interval_ends(point.expected_kl)[1]
    follower = panel.autoregressive
    low, high = interval_ends(follower.sequence_error_rate)
    missed = [end / L for end in interval_ends(follower.expected_kl)]
    print(f"  AR   {0:13.4f}   {missed[0]:10.4f} .. {missed[1]:.4f}       {'':10}   {low:.4f} .. {high:.4f}")
    assert low <= 1 - 2 ** -interval_ends(follower.expected_kl)[1]

# %% [markdown]
# What can be read off:
#
# * *TER is flat.* With $N = L/4$ steps, four tokens at a time, the ideal sampler's TER is within 10% of that of the
#   language itself, at any length, and the learned one's is hardly worse. Perplexity has nothing left to gain.
# * *SER is not.* With the same $L/4$ steps most sequences are wrong, whether the denoiser is learned or ideal: this
#   is no fault of the model. SER falls like $1/N$ only where $N$ exceeds $L$.
# * *From left to right is better.* The autoregressive model has no errors but those of learning. With $L$ calls it
#   generates fewer impossible sequences than masked diffusion in $L$ steps would with an *ideal* denoiser.
# * *What was not learned stays.* From four steps on the learning part of EKL hardly depends on their number. Of the
#   bigram it is invisible in TER, but it is paid for every token, and one impossible token spoils a sequence: with
#   many steps, when factorisation costs next to nothing, it is what is left. The pairs are learned so well that all
#   their errors are of factorisation.

# %%
quarter, all_of_it = COUNTS.index(L // 4), COUNTS.index(L)
for panel in panels:
    ideal, point = panel.ideal[quarter], panel.learned[quarter]
    rate = float(panel.law.entropy()) / L
    assert 2 ** (interval_ends(ideal.log2_token_error_rate)[1] - rate) < 1.1
    assert float(ideal.sequence_error_rate) > 0.5
    assert interval_ends(point.sequence_error_rate)[0] > 0.5
    before, after = (float(ideal.sequence_error_rate) for ideal in panel.ideal[-2:])
    assert 1.8 < before / after < 2
    lost = interval_ends(panel.autoregressive.sequence_error_rate)[1]
    assert lost < float(panel.ideal[all_of_it].sequence_error_rate)

for panel, most in zip(panels, (0.05, 0.01), strict=True):
    for ideal, point in zip(panel.ideal, panel.learned, strict=True):
        assert interval_ends(point.expected_kl)[1] - float(ideal.expected_kl) < most * L
        assert abs(float(point.sequence_error_rate.value) - float(ideal.sequence_error_rate)) < 0.15
# Machines round differently, and so learn a little differently: this leaves room for that.
for ideal, point in zip(panels[0].ideal[1:], panels[0].learned[1:], strict=True):
    assert interval_ends(point.expected_kl)[0] > float(ideal.expected_kl)

# %% [markdown]
# ## Speed
#
# A step that reveals nothing calls no model, so that masked diffusion never takes more than $L$ calls a sequence. But
# where its SER is small it takes nearly as many: with four steps a token, nine calls for every ten tokens. Where
# it takes less than half the calls of the autoregressive model, most of its sequences are wrong.

# %%
for panel in panels:
    print(
        f"{panel.title}: {panel.autoregressive_speed:.0f} tokens per second from left to right, in {L} calls"
    )
    for ideal, speed in zip(panel.ideal, panel.speeds, strict=True):
        calls = float(expected_steps(panel.law, IID.uniform(ideal.steps)))
        gain, wrong = speed / panel.autoregressive_speed, float(ideal.sequence_error_rate)
        print(
            f"    {ideal.steps:3} steps: {calls:5.2f} calls, {gain:5.1f} times as fast; SER at best {wrong:.4f}"
        )
        assert calls >= L / 2 or wrong > 0.5
assert calls > 0.85 * L

# %% [markdown]
# The autoregressive model keeps its keys and values, so that a token costs it one new position. A bidirectional model
# cannot keep them: what it has computed for a position changes with every token that is revealed.
