"""Drawing sequences through few steps: time, memory, and where the same law answers a plain NumPy sampler.

    python benchmarks/simulate.py [--threads 2] [--draws 100000] [--contenders ours,numpy]

The law is the bigram over characters that `maskproof analyse` fits by default (V about 100, L = 256, float64),
the schedule 32 uniform iid steps.  The plain sampler does the same step by step with NumPy: powers of the
transition matrix, the nearest revealed tokens, a running sum and a comparison; it draws fewer sequences, since
its time grows in proportion.  Every contender runs in a fresh process.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

LENGTH, STEPS = 256, 32
PLAIN_DRAWS = 2000
"""Draws of the plain sampler."""

BLOCK = 500
"""Sequences it holds at a time."""

Sampler = Callable[[int], np.ndarray]


def ours(dtype: str) -> Sampler:
    """maskproof, tables of transition powers built in the first call."""
    from oracles import default_corpus, fit_ngram
    from theory import IID, simulate

    law, schedule = fit_ngram(default_corpus(), 2, LENGTH).to(dtype), IID.uniform(STEPS)
    return lambda n: simulate(law, schedule, n, seed=0)


def plain(dtype: str) -> Sampler:
    """The same sampler as one would write it with NumPy."""
    from oracles import default_corpus, fit_ngram

    law = fit_ngram(default_corpus(), 2, LENGTH).to(dtype)
    initial, transition = law.initial.numpy(), law.transitions[0].numpy()
    powers = [np.eye(len(initial), dtype=initial.dtype)]
    for _ in range(LENGTH):
        powers.append(powers[-1] @ transition)
    tables = np.stack(powers)
    marginals = np.stack([initial @ power for power in powers[:-1]])

    def draw(n: int) -> np.ndarray:
        rng = np.random.default_rng(0)
        return np.concatenate(
            [_plain_block(min(BLOCK, n - start), tables, marginals, rng) for start in range(0, n, BLOCK)]
        )

    return draw


def _plain_block(n: int, tables: np.ndarray, marginals: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    mask = marginals.shape[1]
    tokens, places = np.full((n, LENGTH), mask), np.arange(LENGTH)
    for step in range(STEPS):
        known = tokens != mask
        rows, wanted = np.nonzero(~known & (rng.random(tokens.shape) < 1 / (STEPS - step)))
        left = np.maximum.accumulate(np.where(known, places, -1), axis=1)[rows, wanted]
        right = np.minimum.accumulate(np.where(known, places, LENGTH)[:, ::-1], axis=1)[:, ::-1]
        right = right[rows, wanted]
        before = tables[wanted - left, tokens[rows, np.maximum(left, 0)] % mask]
        before = np.where((left < 0)[:, None], marginals[wanted], before)
        after = tables[right - wanted, :, tokens[rows, np.minimum(right, LENGTH - 1)] % mask]
        weights = np.where((right == LENGTH)[:, None], before, before * after)
        # Between tokens that do not fit together: the law given nothing.
        weights = np.where(weights.sum(1, keepdims=True) > 0, weights, marginals[wanted])
        running = weights.cumsum(1)
        points = rng.random(len(rows)) * running[:, -1]
        tokens[rows, wanted] = np.minimum((running <= points[:, None]).sum(1), mask - 1)
    return tokens


CONTENDERS: dict[str, Callable[[str], Sampler]] = {"ours": ours, "numpy": plain}


def measure(name: str, dtype: str, threads: int, draws: int) -> dict[str, Any]:
    """Seconds of a first small call and of all draws, the peak of memory in MB, and the SER for comparison."""
    import torch

    torch.set_num_threads(threads)
    sampler = CONTENDERS[name](dtype)
    start = time.perf_counter()
    sampler(10)
    middle = time.perf_counter()
    drawn = sampler(draws)
    end = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    from oracles import default_corpus, fit_ngram

    wrong = float(np.mean(~fit_ngram(default_corpus(), 2, LENGTH).in_support(drawn)))
    return {"first": middle - start, "seconds": end - middle, "peak": peak, "ser": wrong}


def main() -> None:
    """Print one line a contender."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--draws", type=int, default=100_000)
    parser.add_argument("--contenders", default="ours,numpy")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(*arguments.measure, arguments.threads, arguments.draws)))
        return
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{os.cpu_count()} cores, {arguments.threads} threads, load {load:.1f}")
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(arguments.threads))
    for name in arguments.contenders.split(","):
        for dtype in ("float64", "float32"):
            draws = arguments.draws if name == "ours" else min(PLAIN_DRAWS, arguments.draws)
            command = [sys.executable, __file__, "--measure", name, dtype]
            command += ["--threads", str(arguments.threads), "--draws", str(draws)]
            answer = subprocess.run(
                command, env=os.environ | threads, check=True, capture_output=True, text=True
            )
            found = json.loads(answer.stdout.splitlines()[-1])
            each = found["seconds"] / draws
            print(
                f"{name} {dtype}: first {found['first']:.2f} s, {draws} draws {found['seconds']:.2f} s "
                f"({each * 1e6:.0f} us each), peak {found['peak']:.0f} MB, SER {found['ser']:.4f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
