"""The compiled inner loop of enumeration: what the patterns of one set of masked positions branch into."""

from __future__ import annotations

from oracles.kernels.compiled import kernel


@kernel
def spread(arrived, base, places, answers, shares, products, offsets, revealed):
    """Add the outcomes of all steps from patterns with the same m masked positions to where they lead.

    arrived `[states, N]`: probabilities of being led to a pattern by each step.  base `[X]`: the numbers of the
    patterns, with masked positions counted as token 0; places `[m]`: what a token there adds, by its value.
    answers `[X, m, V]`; shares `[X, m+1, N]`: probability of being at the pattern before each step, times that
    of revealing a given set of so many positions.  products, offsets, revealed `[(V+1)**m]` at least: scratch, for
    the answers multiplied, what is added to the number of the pattern, and how many positions are revealed.
    """
    steps = arrived.shape[1]
    masked, vocab = answers.shape[1], answers.shape[2]
    _number_outcomes(places, vocab, offsets, revealed)
    for x in range(len(base)):
        products[0] = 1
        size = 1
        for j in range(masked):
            for o in range(size - 1, -1, -1):
                before = products[o]
                for v in range(vocab):
                    products[o * (vocab + 1) + v] = before * answers[x, j, v]
                products[o * (vocab + 1) + vocab] = before
            size *= vocab + 1
        for o in range(size - 1):  # the last outcome reveals nothing
            probability, r = products[o], revealed[o]
            if probability != 0:
                y = base[x] + offsets[o]
                for k in range(steps):
                    arrived[y, k] += probability * shares[x, r, k]


@kernel
def _number_outcomes(places, vocab, offsets, revealed):
    size = 1
    offsets[0], revealed[0] = 0, 0
    for j in range(len(places)):
        # From the back, so that nothing is overwritten before it is used.
        for o in range(size - 1, -1, -1):
            offset, count = offsets[o], revealed[o]
            for v in range(vocab + 1):
                offsets[o * (vocab + 1) + v] = offset + v * places[j]
                revealed[o * (vocab + 1) + v] = count + (v < vocab)
        size *= vocab + 1
