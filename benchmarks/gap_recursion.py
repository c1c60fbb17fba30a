"""The gap recursion: time, share of the measured dgemm rate, and its twins beside it, in one run.

    OPENBLAS_NUM_THREADS=2 python benchmarks/gap_recursion.py [--threads 2] [--device cpu] [--exponents]

Twins of an error rate: enumeration of all patterns where it is small enough, and the same recursion in plain
NumPy, one position after the other, all gaps at once.  `share`: the multiplications and additions that
the recursion has to do (`gap_cost`), at the rate of a large dgemm, over the time taken.  --exponents: how times
grow with L, N and V, as slopes between neighbouring sizes.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import resource
import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from oracles import MarkovChain
from theory import IID, sequence_error_rate
from theory.laws.gap_cost import gap_cost
from theory.laws.gap_probability import SURE, gap_error_rate, sequence_ratios

Matrix = NDArray[np.float64]
Size = tuple[int, int, int]

WANTED: dict[Size, float] = {(64, 8, 4): 0.06, (256, 32, 8): 15.0}
"""Seconds for an error rate on two cores, by L, N, V."""

TWIN_LIMIT = 3e10
"""Largest number of multiplications for which plain NumPy runs too."""


def chain(length: int, vocab: int, device: str = "cpu") -> MarkovChain:
    """A random chain in which every token excludes one that follows."""
    rng = np.random.default_rng(0)
    step = rng.random((vocab, vocab)) + 0.05
    step[np.arange(vocab), (np.arange(vocab) + 1) % vocab] = 0
    start = rng.random(vocab)
    q = MarkovChain(start / start.sum(), step / step.sum(1, keepdims=True), length)
    return q.to("float64", device=device)


def plain_error_rate(q: MarkovChain, steps: int) -> float:
    """1 - p(support) by the recursion as on paper, gaps by length, in NumPy; uniform weights."""
    start, step = q.initial.cpu().numpy(), q.transitions[0].cpu().numpy()
    length, vocab = q.length, len(start)
    chances = np.zeros((length + 2, vocab + 1, vocab + 1))
    chances[1:-1, :vocab, vocab] = chances[-1, vocab, vocab] = 1
    power: Matrix = np.eye(vocab)
    for d in range(1, length + 1):
        chances[d, vocab, :vocab] = start @ power
        power = power @ step
        if d < length:
            chances[d, :vocab, :vocab] = power
    possible = chances > 0
    inverse = np.divide(1, chances, out=np.zeros_like(chances), where=possible)
    filled = np.zeros_like(chances)
    filled[1] = possible[1]
    for k in range(steps, 0, -1):
        left = steps - k + 1
        kept = filled * (1 - 1 / left) ** np.maximum(np.arange(length + 2) - 1, 0)[:, None, None]
        filled = kept + paths_through(kept, chances, inverse, 1 / left)
    return float(1 - filled[-1, -1, -1])


def paths_through(kept: Matrix, chances: Matrix, inverse: Matrix, rate: float) -> Matrix:
    """What a step that reveals something adds, `[r, a, b]`: one position j after the other, all gaps at once."""
    lengths, ends = kept.shape[:2]
    vocab = ends - 1
    paths = np.zeros((lengths, ends, ends, lengths, vocab))  # [r, a, b, j, c]
    total = np.zeros_like(kept)
    for j in range(1, lengths - 1):
        rows = slice(j + 1, lengths)
        before = paths[rows, :, :, 1:j].reshape((lengths - j - 1) * ends**2, (j - 1) * vocab)
        arriving = before @ kept[j - 1 : 0 : -1, :vocab, :vocab].reshape((j - 1) * vocab, vocab)
        arriving = arriving.reshape(lengths - j - 1, ends, ends, vocab) + kept[j, None, :, None, :vocab]
        incoming = chances[1 : lengths - j, :vocab].transpose(0, 2, 1)[:, None]
        arriving *= rate * chances[j, :, None, :vocab] * incoming * inverse[rows, :, :, None]
        paths[rows, :, :, j] = arriving
        total[rows] += np.einsum("rabc,rcb->rab", arriving, kept[1 : lengths - j, :vocab])
    return total


def seconds(run: Callable[[], object], most: float = 2.0) -> float:
    """The fastest of several runs that take a few seconds together, after one to warm up if that is quick."""
    times = []
    while not times or (sum(times) < most and len(times) < 8):
        start = time.perf_counter()
        run()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return min(times)


def matrix_rate(device: str) -> float:
    """Floating-point operations a second of a large product in float64."""
    square = torch.rand(2048, 2048, dtype=torch.float64, device=device)
    return 2 * 2048**3 / seconds(lambda: square @ square, 1.0)


def show_error_rates(rate: float, device: str) -> None:
    """Times of error rates, beside what else computes them."""
    print(" L   N   V   time      wanted  share  plain NumPy  enumeration  differ")
    for size in [(8, 4, 2), (32, 8, 4), (64, 8, 4), (128, 16, 4), (128, 16, 8), (256, 32, 8)]:
        length, steps, vocab = size
        q, schedule = chain(length, vocab, device), IID.uniform(steps)
        values: list[float] = []
        taken = seconds(lambda q=q, s=schedule, values=values: values.append(float(gap_error_rate(q, s))))
        value = values[0]
        # Large rates are computed without the complement.
        work = gap_cost(q, schedule).work * (0.5 if value >= 1 - SURE else 1)
        plain = listed = ""
        differ = []
        if work < TWIN_LIMIT:
            plain = f"{seconds(lambda q=q, steps=steps: plain_error_rate(q, steps)):.3g} s"
            differ.append(abs(plain_error_rate(q, steps) - value))
        if (2 * vocab + 1) ** length * steps < 1e8 and device == "cpu":
            by_hand = lambda q=q, s=schedule: sequence_error_rate(q, s, method="enumeration")  # noqa: E731
            listed = f"{seconds(by_hand):.3g} s"
            differ.append(abs(float(by_hand()) - value))
        wanted = f"{WANTED[size]:.3g} s" if size in WANTED else ""
        print(
            f"{length:3} {steps:3} {vocab:3}   {f'{taken:.3g} s':9} {wanted:7} {2 * work / rate / taken:5.0%}"
            f"  {plain:11}  {listed:11}  {f'{max(differ):.0e}' if differ else ''}"
        )


def show_sequences(device: str) -> None:
    """Time of p(x) for 100 sequences."""
    q = chain(128, 8, device)
    tokens = q.sample(100, seed=0)
    sequence_ratios(q, IID.uniform(2), tokens[:1])
    taken = seconds(lambda: sequence_ratios(q, IID.uniform(16), tokens))
    print(f"p(x) of 100 sequences, L = 128, N = 16, V = 8: {taken:.3g} s (wanted: 10 s)")


def show_exponents(device: str) -> None:
    """Slopes of log time (and of log work, as `gap_cost` counts it) in L, N and V."""
    series: dict[str, list[Size]] = {
        "L": [(length, 16, 8) for length in (32, 64, 128, 256)],
        "N": [(128, steps, 8) for steps in (4, 8, 16, 32)],
        "V": [(64, 8, vocab) for vocab in (2, 4, 8, 16)],
    }
    for name, sizes in series.items():
        axis = "LNV".index(name)
        found = []
        for size in sizes:
            q, schedule = chain(size[0], size[2], device), IID.uniform(size[1])
            taken = seconds(lambda q=q, s=schedule: gap_error_rate(q, s), 1.0)
            found.append((math.log(size[axis]), math.log(taken), math.log(gap_cost(q, schedule).work)))
        slopes = [
            f"{(b[1] - a[1]) / (b[0] - a[0]):.2f} ({(b[2] - a[2]) / (b[0] - a[0]):.2f})"
            for a, b in itertools.pairwise(found)
        ]
        print(f"exponent in {name}, L N V = {' '.join(map(str, sizes))}: {', '.join(slopes)}")


def main() -> None:
    """Measure dgemm, then the recursion."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=2, help="torch threads (default: 2)")
    parser.add_argument("--device", default="cpu", help="where the error rates are computed")
    parser.add_argument("--exponents", action="store_true", help="measure how times grow, and nothing else")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rate = matrix_rate(options.device)
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"float64, {options.threads} threads, {options.device}, {load}: dgemm {rate / 1e9:.0f} GF/s")
    if options.exponents:
        show_exponents(options.device)
    else:
        show_error_rates(rate, options.device)
        show_sequences(options.device)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


if __name__ == "__main__":
    main()
