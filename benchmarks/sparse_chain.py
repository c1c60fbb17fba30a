"""All ideal conditionals of a chain over 4096 tokens, half of them masked: maskproof, dense torch and scipy.sparse.

    python benchmarks/sparse_chain.py [--threads 2] [--repeats 5] [--contenders ours,dense,scipy]

V = 4096, 64 listed successors a token and a shared background, L = 1024, B = 16, float32.  Every contender runs
in a process of its own, so that its peak of memory is its own.  The dense one multiplies by the matrix [V, V];
the sparse one by its listed part, as a CSR matrix, and adds the background.  Both keep messages in float32 and
write the answer over what they keep, as maskproof does.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

VOCAB, CHOICES, LENGTH, BATCH = 4096, 64, 1024, 16
CONTENDERS = ("ours", "dense", "scipy")

Law = dict[str, NDArray[Any]]


def law() -> Law:
    """Zipf's law in the background and among the successors, which hold 4/5 of every row."""
    rng = np.random.default_rng(0)
    background = 1 / np.arange(1, VOCAB + 1)
    background /= background.sum()
    return {
        "successors": rng.choice(VOCAB, (VOCAB, CHOICES), p=background),
        "weights": (0.8 * rng.dirichlet(np.ones(CHOICES), VOCAB)).astype(np.float32),
        "background": background.astype(np.float32),
    }


def patterns(given: Law) -> NDArray[np.int64]:
    """Samples of the law with every token masked with probability 1/2, `[B, L]`."""
    rng = np.random.default_rng(1)
    background = given["background"].astype(float).cumsum()
    tokens = np.empty((BATCH, LENGTH), dtype=np.int64)
    tokens[:, 0] = np.searchsorted(background[:-1], rng.random(BATCH))
    for i in range(1, LENGTH):
        cumulative = given["weights"][tokens[:, i - 1]].astype(float).cumsum(1)
        drawn = rng.random(BATCH)
        choice = (drawn[:, None] > cumulative).sum(1)
        others = np.searchsorted(background[:-1], rng.random(BATCH))
        listed = given["successors"][tokens[:, i - 1], np.minimum(choice, CHOICES - 1)]
        tokens[:, i] = np.where(choice < CHOICES, listed, others)
    tokens[rng.random(tokens.shape) < 0.5] = VOCAB
    return tokens


def ours(given: Law, told: NDArray[np.int64]) -> Callable[[], Any]:
    """`conditionals` of the `SparseMarkovChain`."""
    from oracles import SparseMarkovChain

    q = SparseMarkovChain(
        given["background"], given["successors"], given["weights"], given["background"], LENGTH
    )
    return lambda: q.conditionals(told).numpy()


def forward_backward(
    given: Law,
    told: NDArray[np.int64],
    push: Callable[[NDArray[Any]], NDArray[Any]],
    pull: Callable[[NDArray[Any]], NDArray[Any]],
) -> Callable[[], Any]:
    """One position at a time, messages `[B, V]` normalised to sum 1; beliefs wait in the answer."""

    def observe(messages: NDArray[Any], i: int) -> NDArray[Any]:
        rows = np.flatnonzero(told[:, i] < VOCAB)
        messages[rows] = 0
        messages[rows, told[rows, i]] = 1
        return messages / messages.sum(1, keepdims=True)

    def run() -> NDArray[Any]:
        out = np.empty((BATCH, LENGTH, VOCAB), np.float32)
        current = np.tile(given["background"], (BATCH, 1))
        for i in range(LENGTH):
            out[:, i] = observe(current, i)
            current = push(out[:, i])
        message = np.ones((BATCH, VOCAB), np.float32)
        for i in range(LENGTH - 1, -1, -1):
            out[:, i] *= message
            out[:, i] /= out[:, i].sum(1, keepdims=True)
            message = pull(observe(message, i))
        return out

    return run


def dense(given: Law, told: NDArray[np.int64]) -> Callable[[], Any]:
    """Products with the whole matrix, by torch."""
    import torch

    rest = 1 - given["weights"].sum(1)
    whole = np.multiply.outer(rest, given["background"]).astype(np.float32)
    np.add.at(whole, (np.arange(VOCAB)[:, None], given["successors"]), given["weights"])
    matrix = torch.from_numpy(whole)
    turned = matrix.T.contiguous()
    return forward_backward(
        given,
        told,
        lambda m: (torch.from_numpy(np.ascontiguousarray(m)) @ matrix).numpy(),
        lambda m: (torch.from_numpy(m) @ turned).numpy(),
    )


def scipy(given: Law, told: NDArray[np.int64]) -> Callable[[], Any]:
    """Products with the listed part as a CSR matrix, and the background beside it, by scipy and NumPy."""
    from scipy.sparse import csr_matrix

    rest = (1 - given["weights"].sum(1)).astype(np.float32)
    rows = np.repeat(np.arange(VOCAB), CHOICES)
    entries = given["weights"].ravel(), (rows, given["successors"].ravel())
    listed = csr_matrix(entries, shape=(VOCAB, VOCAB))
    turned = listed.T.tocsr()
    background = given["background"]
    return forward_backward(
        given,
        told,
        lambda m: np.ascontiguousarray((turned @ m.T).T) + (m @ rest)[:, None] * background,
        lambda m: np.ascontiguousarray((listed @ m.T).T) + (m @ background)[:, None] * rest,
    )


def measure(name: str, threads: int, repeats: int) -> dict[str, Any]:
    """Times in seconds, the peak of memory in MB, and a few answers to compare, in this process."""
    import torch

    torch.set_num_threads(threads)
    given = law()
    told = patterns(given)
    call = {"ours": ours, "dense": dense, "scipy": scipy}[name](given, told)
    times, answers = [], None
    for _ in range(repeats):
        start = time.perf_counter()
        answers = call()
        times.append(time.perf_counter() - start)
        sample = answers[:: BATCH // 4, :: LENGTH // 8, :: VOCAB // 64].astype(float).ravel().tolist()
        del answers
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return {"times": times, "peak": peak, "sample": sample}


def copy_rate() -> float:
    """Bytes a second that are read and written by a copy between arrays larger than the caches."""
    source, target = np.zeros(2**26, np.float32), np.empty(2**26, np.float32)
    best = min(_seconds(lambda: np.copyto(target, source)) for _ in range(5))
    return 2 * source.nbytes / best


def least_bytes() -> float:
    """What has to pass through memory: the answer written, read and written again, and the entries of the
    transition, larger than a core's own cache, at every position of both passes (8 bytes of weight, 4 of index).
    """
    return 3.0 * 4 * BATCH * LENGTH * VOCAB + 2.0 * LENGTH * VOCAB * CHOICES * 12


def _seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    """Print one line a contender."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--contenders", default=",".join(CONTENDERS))
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure, arguments.threads, arguments.repeats)))
        return
    rate = copy_rate()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    floor = least_bytes() / rate
    print(
        f"{os.cpu_count()} cores, {arguments.threads} threads, load {load:.1f}; copy {rate / 1e9:.0f} GB/s, "
        f"so at least {floor:.2f} s"
    )
    reference = None
    for name in arguments.contenders.split(","):
        environment = os.environ | dict.fromkeys(
            ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(arguments.threads)
        )
        command = [sys.executable, __file__, "--measure", name]
        command += ["--threads", str(arguments.threads), "--repeats", str(arguments.repeats)]
        answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        found = json.loads(answer.stdout.splitlines()[-1])
        sample = np.array(found["sample"])
        reference = sample if reference is None else reference
        median = statistics.median(found["times"])
        print(
            f"{name}: first {found['times'][0]:.2f} s, then {min(found['times']):.2f}..{median:.2f} s, "
            f"{floor / median:.0%} of the limit, peak {found['peak']:.0f} MB, "
            f"differs from the first by {np.abs(sample - reference).max():.0e}",
            flush=True,
        )


if __name__ == "__main__":
    main()
