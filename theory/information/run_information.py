"""What neighbouring tokens of a first-order Markov chain share, by how many they are.

All information in a chain lies on runs of neighbours: the run i..j has w(i, j) = I(X_i; X_j | X_{i-1}, X_{j+1}) >= 0
bits that its tokens share and no other token has.  The rest of the law does not matter to the expected KL of a
schedule: it is that of independent blocks of equal tokens, one for every run.
Source: Kawabata & Yeung 1992 (the I-measure of a Markov chain); checked by the claims `extreme_chains`.
"""

from __future__ import annotations

from typing import Any

from oracles.arithmetic import Scalar
from oracles.oracle import Oracle
from theory.information.chain_entropies import information_by_gap, is_chain
from theory.prompts import read_prompt


def run_information(q: Oracle, *, given: Any = None) -> list[Scalar]:
    """B_1, .., B_L in bits: B_b is the sum of w over the runs of b neighbours, so B_1 = sum_i H(X_i | X_rest).

        B_b = J(b-1) - 2 J(b) + J(b+1),  J(d) = sum_l I(X_l; X_{l+d}),  J(0) = sum_i H(X_i),  J(d) = 0 for d >= L.
    They add up to H(X); sum_{b>1} B_b = DTC, sum_b (b-1) B_b = TC, sum_{b>1} b B_b = SI; and the profile is
    f(m) = sum_b (b B_b/L) C(L-1-m, b-1)/C(L-1, b-1), that of blocks of b equal tokens in these shares.
    given: a pattern; everything is then conditional on its observed tokens, and neighbours are masked positions.
    Numbers in the law's log arithmetic: exact laws give enclosures; floats err by about 1e-15 L bits, and so may
    come out negative where nothing is shared.  O(L V^3) if homogeneous, O(L^2 V^3) if not.
    ValueError for a law that is no first-order Markov chain by its form, and for an impossible `given`.
    """
    law = read_prompt(q, given)[0]
    if not is_chain(law):
        raise ValueError(f"q: expected a first-order Markov chain, got {q!r}")
    logs = law.arithmetic.logs
    with logs.context():
        entropies, shared = information_by_gap(law)
        gaps = logs.concat([logs.sum(entropies, 0).reshape(1), shared, logs.zeros(2)])
        return logs.tolist(gaps[:-2] - 2 * gaps[1:-1] + gaps[2:])
