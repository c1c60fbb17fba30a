"""Hidden Markov models."""

from __future__ import annotations

from fractions import Fraction

from oracles.hmm import HMM
from oracles.validation import read_count
from oracles.zoo.reading import Probability, read_even, read_probability


def non_unifilar_hmm(length: int) -> HMM:
    """The simple non-unifilar source: no finite memory of the past predicts it as well as all of the past.

    From A a 1, then A or B by a fair coin; from B a 1 and B, or a 0 and A, by a fair coin.  Stationary start.
    Between two zeros stand n >= 1 ones with probability n / 2^(n+1), so 00 is impossible, P(0) = 1/4, and the
    entropy rate is 1 - (1/4) sum_n n log2(n) / 2^(n+1) = 0.677867 bits.  (Crutchfield 1994.)
    """
    after_a, after_b = ["1/2", "1/2", 0], [0, "1/2", "1/2"]
    # The hidden states are (1, then A), (1, then B), (0, then A).
    return HMM(["1/4", "1/2", "1/4"], [after_a, after_b, after_a], [[0, 1], [0, 1], [1, 0]], length)


def deterministic_cycle_hmm(length: int) -> HMM:
    """Three hidden states in a fixed cycle from a uniform start; each emits 1 with its own 1/10, 1/2, 9/10.

    It does not mix: H(X_i) = 1 bit, but (2 h(1/10) + 1)/3 = .646 bits given a hidden state however far away.
    """
    third, tenth = Fraction(1, 3), Fraction(1, 10)
    cycle = [[0, 1, 0], [0, 0, 1], [1, 0, 0]]
    emission = [[1 - tenth, tenth], [Fraction(1, 2), Fraction(1, 2)], [tenth, 1 - tenth]]
    return HMM([third] * 3, cycle, emission, length)


def pair_hmm(length: int, vocab_size: int = 16) -> HMM:
    """L/2 independent equal pairs, uniform over V tokens, as one homogeneous HMM with 2 V hidden states.

    The witness that some laws need a number of steps in proportion to L (Feng et al. 2025, 16 tokens and 32
    hidden states): V^(L/2) words, uniform.  The same law as `equal_pairs`.
    """
    read_even("length", length)
    vocab = read_count("vocab_size", vocab_size)
    share = Fraction(1, vocab)
    second = [[0] * vocab + [int(a == b) for b in range(vocab)] for a in range(vocab)]
    first = [[share] * vocab + [0] * vocab] * vocab
    emission = [[int(a == b) for b in range(vocab)] for a in range(vocab)] * 2
    return HMM([share] * vocab + [0] * vocab, second + first, emission, length)


def topic_hmm(
    length: int, topics: int = 3, words: int = 2, stay: Probability = "4/5", own: Probability = "4/5"
) -> HMM:
    """A topic that stays with probability `stay`, else moves to another; its own words with probability `own`.

    V = topics * words tokens; topic k owns the k-th stretch of `words` tokens, which it emits uniformly, and
    with probability 1 - own any token, uniformly.  Stationary from a uniform start; tokens are uniform.
    """
    topics, words = read_count("topics", topics, minimum=2), read_count("words", words)
    kept, mine = read_probability("stay", stay), read_probability("own", own)
    move, other, favoured = (1 - kept) / (topics - 1), (1 - mine) / (topics * words), mine / words
    transition = [[kept if a == b else move for b in range(topics)] for a in range(topics)]
    emission = [
        [other + (favoured if token // words == topic else 0) for token in range(topics * words)]
        for topic in range(topics)
    ]
    return HMM([Fraction(1, topics)] * topics, transition, emission, length)
