"""The compiled inner loop of enumeration: what the patterns of one set of masked positions branch into."""

from __future__ import annotations

from oracles.kernels.compiled import kernel


@kernel
def spread(arrived, base, offsets, revealed, answers, shares, scratch):
    """Add the outcomes of all steps from patterns with the same m masked positions to where they lead.

    arrived `[states, N]`: probabilities of being led to a pattern by each step.  base `[X]`: the patterns, with
    masked positions counted as token 0; offsets, revealed `[(V+1)**m]`: what an outcome adds to the number of the
    pattern, and how many positions it reveals.  answers `[X, m, V]`; shares `[X, m+1, N]`: probability of being at
    the pattern before each step, times that of revealing a given set of so many positions.
    """
    steps = arrived.shape[1]
    masked, vocab = answers.shape[1], answers.shape[2]
    for x in range(len(base)):
        scratch[0] = 1
        size = 1
        for j in range(masked):
            # From the back, so that nothing is overwritten before it is used.
            for o in range(size - 1, -1, -1):
                before = scratch[o]
                for v in range(vocab):
                    scratch[o * (vocab + 1) + v] = before * answers[x, j, v]
                scratch[o * (vocab + 1) + vocab] = before
            size *= vocab + 1
        for o in range(size - 1):  # the last outcome reveals nothing
            probability = scratch[o]
            if probability != 0:
                y, r = base[x] + offsets[o], revealed[o]
                for k in range(steps):
                    arrived[y, k] += probability * shares[x, r, k]
