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
# # Which order? Exact laws of samplers
#
# A sampler of a masked diffusion model decides at every step *which* positions to reveal; the denoiser says with
# *what*. With an exactly known law $q$ and its ideal denoiser, the law $p$ of what comes out is itself computable,
# for random orders, confidence, entropy budgets, remasking and all. So questions that are usually answered by
# noisy plots get exact answers.

# %%
from fractions import Fraction
from math import log

import matplotlib.pyplot as plt
import numpy as np

from oracles import Table, uniform_on, zoo
from theory import (
    IID,
    Corrected,
    EntropyBounded,
    FixedSizes,
    LowConfidence,
    Margin,
    Remasking,
    TopK,
    expected_kl,
    expected_steps,
    explain,
    first_order_error,
    information_profile,
    kl_divergence,
    sampler_law,
    sequence_error_rate,
    total_variation,
)
from theory.unmasking.partitions import bisection

plt.rcParams |= {"figure.figsize": (8, 3.2), "axes.spines.top": False, "axes.spines.right": False}

# %% [markdown]
# ## Two sentences: ABAB.. and BABA..
#
# How can sampling in parallel ever be right, if two positions drawn together cannot know of each other? Take a
# language of two sentences. As soon as one token stands, everything else is determined, so the only errors happen
# in the first step that reveals anything. With uniform iid steps, that step reveals $n$ positions at once and is
# right with probability $2^{1-n}$.

# %%
two = uniform_on(["010101", "101010"], 2)
for steps in (1, 2, 4, 8, 16):
    print(f"{steps:3} steps: SER = {sequence_error_rate(two, IID.uniform(steps)).value}")
print("one token first, then five:", sequence_error_rate(two, FixedSizes([1, 5])).value)
print(sampler_law(two, FixedSizes([2, 4])).as_table().most_probable())

# %% [markdown]
# Revealing *one* token first and the other five together is exact in two steps. What counts is not how many tokens
# a step reveals but how much they still have to say to each other: the total correlation of the step given what
# stands already.
#
# ## Confidence is not a measure of dependence
#
# Planners reveal what they are most sure of. Here are two copies of a biased bit, and two fair coins. Confidence
# takes the two copies together, which is the one mistake there is to make.

# %%
biased = [Fraction(1, 10), Fraction(9, 10)]
joint = np.full((2, 2, 2, 2), Fraction(0), dtype=object)
for bit in range(2):
    joint[bit, bit] = biased[bit] / 4
copies = Table(joint)

samplers = {
    "random, two at a time": FixedSizes([2, 2]),
    "top-2 confidence": TopK(2),
    "top-2 margin": Margin(2),
    "drawn confidence (LLaDA)": LowConfidence(2),
    "entropy budget of 0.4 bits": EntropyBounded(Fraction(2, 5)),
    "one at a time, most confident": TopK(1),
    "one at a time, drawn confidence": LowConfidence(1),
}


def side_by_side(q, samplers):
    print(f"{'':34}{'KL (bits)':>10}{'SER':>10}{'TV':>10}{'steps':>8}")
    for name, sampler in samplers.items():
        kl, ser = float(kl_divergence(q, sampler)), float(sequence_error_rate(q, sampler))
        tv, steps = float(total_variation(q, sampler)), float(expected_steps(q, sampler))
        print(f"{name:34}{kl:10.4f}{ser:10.4f}{tv:10.4f}{steps:8.2f}")


side_by_side(copies, samplers)

# %% [markdown]
# An entropy budget does bound the total correlation of a step: below the entropy of the biased bit, 0.469, it keeps
# the copies apart. And one token a step is exact in *any* order that looks only at what stands, adaptive or not.
# The last row is the exception that practitioners meet: if the choice of position looks at the tokens just *drawn*
# (keep the most confident draw, mask the rest again), confident tokens are kept more often than they should be.
# Even one token a step is then wrong, and an error rate of 0 hides it: the sampler says too often what is likely.
#
# ## Remasking and correcting
#
# Remasking gives every token a second chance. With the ideal denoiser, does it help? A corrector that redraws one
# token at a time leaves $q$ alone and pulls the law towards it; redrawing several at once does not.

# %%
mean = zoo.golden_mean(6)
weights = [Fraction(1, 3)] * 3
side_by_side(
    mean,
    {
        "iid, 3 steps": IID(weights),
        "remasking, capped at 1/4": Remasking.capped(weights, Fraction(1, 4)),
        "two at a time": FixedSizes([2, 2, 2]),
        "the same, 1 token corrected": Corrected(FixedSizes([2, 2, 2]), size=1),
        "the same, 1 token corrected thrice": Corrected(FixedSizes([2, 2, 2]), size=1, sweeps=3),
        "the same, 3 tokens corrected": Corrected(FixedSizes([2, 2, 2]), size=3),
    },
)

# %% [markdown]
# ## A good order needs logarithmically many steps, a random one linearly many
#
# Between two revealed tokens a Markov chain is independent of the rest. Reveal the middle, then the middles of the
# halves, and so on: no step ever draws two tokens of the same gap, and $\lceil \log_2 (L+1) \rceil$ steps are exact.
# A random order leaves neighbours together, and needs steps in proportion to $L$. Exact sequence error rates of
# iid schedules at these lengths come from a recursion over gaps.

# %%
lengths = [8, 16, 24, 32, 48, 64]
needed = []
for length in lengths:
    q = zoo.golden_mean(length).to("float64")
    steps = next(n for n in range(1, length) if float(sequence_error_rate(q, IID.uniform(n))) <= 0.5)
    halves = bisection(length)
    needed.append((steps, len(halves.blocks)))
    print(f"L={length:3}: {steps} random steps for SER <= 1/2; {len(halves.blocks)} by bisection for SER = 0")
    assert sequence_error_rate(zoo.golden_mean(6), bisection(6)).value == 0

assert [steps for steps, _ in needed] == [length // 8 for length in lengths]

figure, axes = plt.subplots()
axes.plot(lengths, [steps for steps, _ in needed], "o-", label="random order, SER ≤ 1/2")
axes.plot(lengths, [steps for _, steps in needed], "s-", label="bisection, exact")
axes.set(xlabel="length $L$", ylabel="steps")
axes.legend()
plt.show()

# %% [markdown]
# ## More steps are not always better
#
# The *expected* divergence falls whenever a step is split. The error rate and the divergence of the law itself need
# not: on a language of five words, splitting the second of two steps makes both worse.

# %%
words = uniform_on(["0010", "0101", "1000", "1011", "1110"], 2)
for sizes in ([2, 2], [1, 1, 2]):
    s = FixedSizes(sizes)
    print(sizes, "SER", sequence_error_rate(words, s).value, " KL", f"{float(kl_divergence(words, s)):.4f}")
    print("       E KL", f"{float(expected_kl(words, s)):.4f}")

# %% [markdown]
# ## What many steps cannot repair
#
# For $N$ uniform iid steps and $N \to \infty$, $N \cdot \mathrm{SER} \to \Lambda$, $N \cdot \mathrm{KL}(q\|p) \to
# \Lambda / \ln 2$ and $N \cdot \mathrm{EKL} \to SI/2$. So to first order the only error of the sampler is leaving
# the support; the expected divergence, on which the usual bounds rest, overstates it.

# %%
q = zoo.golden_mean(5)
slope = first_order_error(q).value
correlation = float(information_profile(q).correlation)
counts = [1, 2, 4, 8, 16, 32, 64]
rates = [float(sequence_error_rate(q, IID.uniform(n))) * n for n in counts]
divergences = [float(kl_divergence(q, IID.uniform(n))) * n for n in counts]
expected = [float(expected_kl(q, IID.uniform(n))) * n for n in counts]
print("Lambda =", slope, "; SI =", correlation)

figure, axes = plt.subplots()
for values, limit, label in (
    (rates, float(slope), "$N$ SER"),
    (divergences, float(slope) / log(2), "$N$ KL"),
    (expected, correlation / 2, "$N$ EKL"),
):
    (line,) = axes.plot(counts, values, "o-", label=label)
    axes.axhline(limit, color=line.get_color(), linestyle=":")
axes.set(xscale="log", xlabel="steps $N$")
axes.legend()
plt.show()

# %% [markdown]
# ## Every answer says how it was found
#
# Results carry the route that computed them, and `explain` says what every exact route would cost.

# %%
print(explain(zoo.golden_mean(64).to("float64"), IID.uniform(8)))
