"""Markov chains and a trigram."""

from __future__ import annotations

from fractions import Fraction

from oracles.ngram import MarkovChain, NGram
from oracles.validation import read_count
from oracles.zoo.reading import Probability, read_probability


def golden_mean(length: int) -> MarkovChain:
    """No two 1s in a row; after a 0 a fair coin: P = [[1/2, 1/2], [1, 0]], stationary start (2/3, 1/3).

    The support has F(L+2) words (Fibonacci: F(1) = F(2) = 1).  H = h(1/3) + (L-1) 2/3 bits.  Not the chain of
    largest entropy with this support: `max_entropy_golden_mean`.
    """
    return MarkovChain(["2/3", "1/3"], [["1/2", "1/2"], [1, 0]], length)


def max_entropy_golden_mean(length: int) -> MarkovChain:
    """The stationary chain of largest entropy rate, log2 of the golden mean, without two 1s in a row.

    P = [[1/phi, 1/phi^2], [1, 0]], phi = (1 + sqrt 5)/2, start ((5 + sqrt 5)/10, (5 - sqrt 5)/10) (Parry 1964).
    The probability of a word depends on its ends only.  The numbers are irrational, so the law is symbolic:
    take `.to("float64")` at length.  Its twin in rationals, `golden_mean_words`, is uniform.
    """
    import sympy  # on demand, as everywhere: the other instances do without

    root = sympy.sqrt(5)
    return MarkovChain([(5 + root) / 10, (5 - root) / 10], [[(root - 1) / 2, (3 - root) / 2], [1, 0]], length)


def sticky_chain(length: int, stay: Probability = "19/20") -> MarkovChain:
    """Two tokens, each repeated with probability `stay`; uniform start, which is stationary.

    H = 1 + (L-1) h(stay) bits.
    """
    same = read_probability("stay", stay)
    return MarkovChain(["1/2", "1/2"], [[same, 1 - same], [1 - same, same]], length)


def noisy_cycle(length: int, size: int = 5, noise: Probability = "1/10") -> MarkovChain:
    """0 -> 1 -> .. -> size-1 -> 0 with probability 1 - noise, else any token: uniform start and marginals.

    With the default noise and 5 tokens, P = .9 * (cyclic shift) + .02 * ones(5, 5).
    """
    size, wild = read_count("size", size), read_probability("noise", noise)
    uniform = [Fraction(1, size)] * size
    transition = [
        [wild / size + (1 - wild if after == (before + 1) % size else 0) for after in range(size)]
        for before in range(size)
    ]
    return MarkovChain(uniform, transition, length)


def trigram(length: int, keep: Probability = "3/4") -> NGram:
    """Two tokens; the next is the exclusive or of the last two with probability `keep`; uniform start.

    Tokens one or two places apart are independent and uniform, so no chain on single tokens learns anything;
    three places apart they agree with probability keep^2 + (1 - keep)^2.
    H = min(L, 2) + max(L-2, 0) h(keep) bits.
    """
    kept = read_probability("keep", keep)
    uniform = [["1/4", "1/4"], ["1/4", "1/4"]]
    rows = [[[kept if c == a ^ b else 1 - kept for c in (0, 1)] for b in (0, 1)] for a in (0, 1)]
    return NGram(uniform, rows, length)


def two_token_chain(length: int) -> MarkovChain:
    """P = [[3/4, 1/4], [1/5, 4/5]] from the start (2/3, 1/3), which is not stationary ((4/9, 5/9) is).

    H = 1.713703 nats at L = 3 and 2.245794 nats at L = 4.
    """
    return MarkovChain(["2/3", "1/3"], [["3/4", "1/4"], ["1/5", "4/5"]], length)


def all_equal(length: int, vocab_size: int = 2) -> MarkovChain:
    """One uniform token, repeated: V words, H = log2 V bits, total correlation (L-1) log2 V."""
    vocab = read_count("vocab_size", vocab_size)
    identity = [[int(a == b) for b in range(vocab)] for a in range(vocab)]
    return MarkovChain([Fraction(1, vocab)] * vocab, identity, length)


def ababbaba(length: int) -> MarkovChain:
    """ABAB.. or BABA.., a fair choice of two sentences: the first token decides all; H = 1 bit."""
    return MarkovChain(["1/2", "1/2"], [[0, 1], [1, 0]], length)
