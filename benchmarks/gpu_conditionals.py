"""Ideal conditionals on a GPU, half the tokens masked, and an error rate by the gap recursion there.

    python benchmarks/gpu_conditionals.py [WORKLOAD ..] [--device cuda] [--repeats 20] [--json FILE] [--again]
    python benchmarks/gpu_conditionals.py --prepare

For every workload and precision: each way to compute it, PyJuice among them where it is installed, warm, fastest ..
median milliseconds by the clock of the device, the error against certified enclosures, and the floor, from the rates
this very device reaches for matrix products and copies.  Every line goes to a JSON file once it is known, and what
stands there for this device is not measured again unless asked for, so a run that was cut off goes on.  --prepare
only computes the enclosures, which takes python-flint and no GPU, and leaves them under build/.  Exit status 2
without a GPU; `--device cpu` checks the program itself, on tiny sizes.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import itertools
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch

from oracles import HMM, MarkovChain, SparseMarkovChain
from oracles.kernels.device.lookups import DeviceLookups
from oracles.kernels.device.scan import FUSED_STATES, HiddenChain
from oracles.kernels.device.selection import fused
from oracles.optional import installed
from theory import IID, sequence_error_rate

RESULTS = Path(__file__).parent / "results" / "gpu_conditionals.json"
REFERENCES = Path(__file__).parents[1] / "build" / "gpu_references"
DTYPES = {"float32": torch.float32, "float64": torch.float64}
SECONDS = 10.0
"""No way is repeated for longer; most are done in a fraction of it."""
ERROR_GAPS = 6
"""Gaps between revealed tokens of chains, and ..."""
ERROR_ENTRIES = 2**16
"""... entries of the answer of hidden chains, at least one position, that are compared with enclosures."""


@dataclass(frozen=True)
class Workload:
    """H hidden states (of a chain: tokens), V tokens, L positions, B patterns; wanted milliseconds by precision."""

    name: str
    states: int
    vocab: int
    length: int
    batch: int
    successors: int = 0
    wanted: tuple[float, float] = (math.nan, math.nan)

    @property
    def hidden(self) -> bool:
        """Whether it is an HMM."""
        return self.name in ("hmm", "words")

    def law(self, kind: str) -> Any:
        """Random rational parameters: "exact", or rounded to a precision, which takes no python-flint."""
        rng, read = np.random.default_rng(0), functools.partial(_rows, kind)
        if self.hidden:
            return HMM(
                read(rng, self.states), read(rng, self.states, self.states), read(rng, self.states, self.vocab),
                self.length,
            )  # fmt: skip
        if not self.successors:
            return MarkovChain(read(rng, self.vocab), read(rng, self.vocab, self.vocab), self.length)
        targets = rng.integers(self.vocab, size=(self.vocab, self.successors))
        weights = read(rng, self.vocab, self.successors, share=Fraction(9, 10))
        return SparseMarkovChain(read(rng, self.vocab), targets, weights, read(rng, self.vocab), self.length)

    def patterns(self) -> np.ndarray:
        """Samples, half of whose tokens are masked."""
        law, rng = self.law("float64"), np.random.default_rng(1)
        drawn = law.sample(self.batch, seed=2)
        drawn[rng.random(drawn.shape) < 0.5] = law.mask
        return drawn

    def floor(self, rates: dict[str, float], dtype: str) -> float:
        """Milliseconds that the device needs at least: the products of a hidden chain, or what must be written."""
        flops = 0.0
        if self.hidden:
            flops = 2.0 * self.batch * self.length * self.states * (2 * self.states + self.vocab)
        written = self.batch * self.length * self.vocab * DTYPES[dtype].itemsize
        return 1e3 * max(flops / rates[dtype], written / rates["write"])


SIZES = [
    Workload("hmm", 64, 64, 512, 4096, wanted=(5, 10)),
    Workload("chain", 64, 64, 1024, 4096, wanted=(1, 2)),
    Workload("sparse", 4096, 4096, 1024, 256, 16, wanted=(50, 100)),
    Workload("words", 64, 33279, 32, 512),  # the size of PyJuice's own test
]
TINY = [
    Workload("hmm", 16, 4, 12, 16), Workload("chain", 6, 6, 15, 9), Workload("sparse", 20, 20, 12, 5, 3),
    Workload("words", 16, 90, 5, 16),
]  # fmt: skip
NAMES = [*(work.name for work in SIZES), "rate"]


def _rows(kind: str, rng: np.random.Generator, *shape: int, share: Fraction = Fraction(1)) -> np.ndarray:
    """Rows of rationals that sum to a share, or what they are rounded to."""
    numbers = rng.integers(1, 1000, size=shape) * share.numerator
    totals = numbers.sum(-1, keepdims=True) // share.numerator * share.denominator
    if kind != "exact":
        return (numbers / totals).astype(kind)
    fractions = np.vectorize(Fraction, otypes=[object])
    return fractions(numbers, totals)


# ------------------------------------------------------------------ time


def timed(run: Callable[[], Any], device: str, repeats: int) -> tuple[float, float]:
    """Fastest and median milliseconds of a warm run."""
    for _ in range(3):
        run()
    times: list[float] = []
    start = time.perf_counter()
    while len(times) < repeats and (len(times) < 3 or time.perf_counter() - start < SECONDS):
        if device == "cpu":
            before = time.perf_counter()
            run()
            times.append(1e3 * (time.perf_counter() - before))
            continue
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        run()
        end.record()
        torch.cuda.synchronize()
        times.append(begin.elapsed_time(end))
    return min(times), statistics.median(times)


def measured_rates(device: str) -> dict[str, float]:
    """Flops a second of large matrix products, without TF32, and bytes a second of writing."""
    torch.backends.cuda.matmul.allow_tf32 = False
    size = 4096 if device != "cpu" else 256
    rates = {}
    for name, dtype in DTYPES.items():
        square = torch.ones(size, size, dtype=dtype, device=device)
        rates[name] = 2e3 * size**3 / timed(lambda square=square: square @ square, device, 10)[0]
    written = torch.empty(2**28 if device != "cpu" else 2**20, dtype=torch.float32, device=device)
    rates["write"] = 1e3 * written.numel() * 4 / timed(lambda: written.fill_(1.0), device, 10)[0]
    return rates


# ------------------------------------------------------------------ contenders


def contenders(
    law: Any, patterns: torch.Tensor, out: torch.Tensor
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Ways to the conditionals of patterns that are on the device: in `out` `[B, L, V]`, or returned."""
    yield "conditionals(out=)", lambda: law.conditionals(patterns, out=out)
    yield "conditionals", lambda: law.conditionals(patterns)
    kernel, rows = (
        law._device_kernel if patterns.device.type != "cpu" else _kernel(law),
        out.reshape(-1, out.shape[2]),
    )
    if isinstance(kernel, HiddenChain):
        yield "scan in torch", lambda: kernel.scan(patterns)[0]
        if patterns.device.type == "cuda":
            yield "scan in torch, CUDA graph", _graphed(lambda: out.copy_(kernel.scan(patterns)[0]))
        yield f"plain torch, {law.arithmetic.name}", _plain(law, patterns, out)
        if out.dtype == torch.float32 and installed("pyjuice") and patterns.device.type == "cuda":
            from pyjuice_peer import ways  # beside this program

            yield from ways(law, patterns)
    if isinstance(kernel, DeviceLookups):
        yield "lookups in torch", lambda: _in_torch(kernel, patterns, rows)
    fits = isinstance(kernel, DeviceLookups) or max(kernel.states, law.vocab_size) <= FUSED_STATES
    if fits and fused(patterns.device) is not None:
        alone = functools.partial(kernel.conditionals, patterns, None, rows)
        yield "in Triton, without the request", alone
        yield "in Triton, without the request, CUDA graph", _graphed(alone)


def _kernel(law: Any) -> Any:
    """What a device would run, for a law on the CPU."""
    if isinstance(law, HMM):
        return HiddenChain.pack(law.space)
    from oracles.kernels.gaps import GapTables

    matrix = law.space.transitions[0].dense(law.arithmetic)
    return DeviceLookups(GapTables.build(law.initial, matrix, law.length))


def _in_torch(kernel: DeviceLookups, patterns: torch.Tensor, rows: torch.Tensor) -> None:
    from oracles.kernels.device import lookups

    chosen, lookups.fused = lookups.fused, lambda device: None
    try:
        kernel.conditionals(patterns, None, rows)
    finally:
        lookups.fused = chosen


def _graphed(run: Callable[[], Any]) -> Callable[[], None]:
    """All launches of a way, recorded at the first call and replayed."""

    @functools.cache
    def graph() -> Any:
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            run()
        torch.cuda.current_stream().wait_stream(side)
        recorded = torch.cuda.CUDAGraph()
        with torch.cuda.graph(recorded):
            run()
        return recorded

    return lambda: graph().replay()


def _plain(law: Any, patterns: torch.Tensor, out: torch.Tensor) -> Callable[[], Any]:
    """Forward-backward as one writes it down: normalised messages in the precision of the law."""
    initial, move, emission = law.initial, law.transitions[0], law.emissions[0]
    evidence = torch.concat([emission.T, torch.ones_like(emission.T[:1])])

    def run() -> None:
        beliefs, message = [], initial.expand(len(patterns), -1)
        for i in range(patterns.shape[1]):
            belief = message * evidence[patterns[:, i]]
            beliefs.append(belief / belief.sum(1, keepdim=True))
            message = beliefs[-1] @ move
        message = torch.ones_like(message)
        observed = torch.eye(law.vocab_size + 1, law.vocab_size, dtype=out.dtype, device=out.device)
        for i in reversed(range(patterns.shape[1])):
            masses = (beliefs[i] * message) @ emission
            masked = (patterns[:, i] == law.mask)[:, None]
            out[:, i] = torch.where(masked, masses / masses.sum(1, keepdim=True), observed[patterns[:, i]])
            message = message * evidence[patterns[:, i]]
            message = (message / message.sum(1, keepdim=True)) @ move.T

    return run


# ------------------------------------------------------------------ errors


@dataclass(frozen=True, eq=False)
class Reference:
    """Patterns, and laws `[N, V]` of single tokens from balls: where they stand, rows and places `[N]` each."""

    patterns: np.ndarray
    rows: np.ndarray
    places: np.ndarray
    laws: np.ndarray

    @classmethod
    def of(cls, work: Workload, folder: Path | None) -> Reference:
        """Computed, or read from where they were left; None leaves nothing."""
        if folder is None:
            return cls.computed(work)
        size = f"{work.states}-{work.vocab}-{work.length}-{work.batch}-{work.successors}"
        path = folder / f"{work.name}-{size}.npz"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".partial.npz")
            np.savez_compressed(partial, **vars(cls.computed(work)))
            partial.replace(path)
        with np.load(path) as stored:
            return cls(**stored)

    @classmethod
    def computed(cls, work: Workload) -> Reference:
        """What lies between two revealed tokens of a chain depends on nothing else, so gaps stand for patterns."""
        exact, patterns = work.law("exact"), work.patterns()
        if work.hidden:
            places = np.flatnonzero(patterns[0] == exact.mask)[: max(1, ERROR_ENTRIES // work.vocab)]
            found = [(0, places, exact.to("ball", bits=160).conditionals(patterns[0], places.tolist()))]
        else:
            found = [
                (b, np.arange(first + 1, last), part.conditionals(patterns[b, first : last + 1])[1:-1])
                for b, first, last in _gaps(patterns, exact.mask)
                for part in [_shortened(exact, last - first + 1).to("ball", bits=160)]
            ]
        return cls(
            patterns,
            np.concatenate([np.full(len(places), b) for b, places, _ in found]),
            np.concatenate([places for _, places, _ in found]),
            np.concatenate([laws.astype(float) for *_, laws in found]),
        )

    def largest_error(self, out: torch.Tensor) -> float:
        """The largest difference of a probability from its enclosure's middle."""
        rows, places = (torch.as_tensor(index, device=out.device) for index in (self.rows, self.places))
        # NumPy's maximum: what nobody wrote is NaN, and has to come out as that.
        return float(np.abs(out[rows, places].double().cpu().numpy() - self.laws).max())


def _gaps(patterns: np.ndarray, mask: int) -> list[tuple[int, int, int]]:
    """A few gaps, the longest of the first patterns among them: (pattern, left end, right end)."""
    gaps = []
    for b, pattern in enumerate(patterns[:16]):
        shown = np.flatnonzero(pattern != mask).tolist()
        gaps.extend((b, a, c) for a, c in itertools.pairwise(shown) if c > a + 1)
    return sorted(gaps, key=lambda gap: gap[1] - gap[2])[:ERROR_GAPS]


def _shortened(chain: Any, length: int) -> Any:
    if isinstance(chain, MarkovChain):
        return MarkovChain(chain.initial, chain.transitions[0], length)
    return SparseMarkovChain.with_rest(
        chain.initial, chain.successors, chain.weights, chain.rest, chain.background, length, chain.arithmetic
    )


# ------------------------------------------------------------------ the run


def conditionals(
    work: Workload, device: str, repeats: int, rates: dict[str, float], reference: Reference, known: set[Any]
) -> Iterator[dict[str, Any]]:
    """A line for every precision and contender that is not known yet."""
    patterns = torch.as_tensor(reference.patterns, device=device)
    for (dtype, kind), wanted in zip(DTYPES.items(), work.wanted, strict=True):
        law = work.law(dtype).to(dtype, device=device)
        out = torch.empty(work.batch, work.length, work.vocab, dtype=kind, device=device)
        floor = work.floor(rates, dtype)
        for name, run in contenders(law, patterns, out):
            row = {"workload": work.name, "dtype": dtype, "way": name, "wanted_ms": wanted, "floor_ms": floor}
            if key(row) in known:
                continue
            try:
                yield row | measured(run, out, reference, device, repeats, floor)
            except Exception as error:  # noqa: BLE001 - whatever one way does, the others are still worth a number
                yield row | {"failure": f"{type(error).__name__}: {error}".partition("\n")[0]}


def key(row: dict[str, Any]) -> tuple[str, str, str]:
    """What was measured."""
    return row["workload"], row["dtype"], row["way"]


def measured(
    run: Callable[[], Any],
    out: torch.Tensor,
    reference: Reference,
    device: str,
    repeats: int,
    floor: float,
) -> dict[str, float]:
    """The error of what a way returns, or leaves in `out`, and its times."""
    out.fill_(torch.nan)
    answer = run()
    whole = isinstance(answer, torch.Tensor) and answer.ndim == 3
    error = reference.largest_error(answer if whole else out)
    del answer
    fastest, median = timed(run, device, repeats)
    return {"fastest_ms": fastest, "median_ms": median, "floor_share": floor / fastest, "error": error}


def error_rate(device: str, tiny: bool) -> dict[str, Any]:
    """The error rate of N uniform steps of a chain with forbidden pairs, by the gap recursion."""
    length, steps, vocab = (24, 4, 3) if tiny else (512, 64, 8)
    step = np.random.default_rng(0).random((vocab, vocab)) + 0.05
    step[np.arange(vocab), (np.arange(vocab) + 1) % vocab] = 0
    step /= step.sum(1, keepdims=True)
    law = MarkovChain(np.full(vocab, 1 / vocab), step, length)
    there = law.to("float64", device=device)
    values = []
    fastest, median = timed(
        lambda: values.append(float(sequence_error_rate(there, IID.uniform(steps), method="gaps"))), device, 3
    )
    return {
        "workload": "rate", "what": f"SER, L={length}, N={steps}, V={vocab}", "dtype": "float64",
        "way": "gap recursion",
        "fastest_ms": fastest, "median_ms": median, "wanted_ms": math.nan if tiny else 2000.0, "value": values[-1],
    }  # fmt: skip


def shown(row: dict[str, Any]) -> str:
    """A line of the table."""
    if "failure" in row:
        return f"| {row['workload']} | {row['dtype']} | {row['way']} | {row['failure']} | | | | |"
    floor = (
        f"{row['floor_ms']:.3g} | {row['floor_share']:.0%} | {row['error']:.1e}"
        if "error" in row
        else " | | "
    )
    wanted = "" if math.isnan(row["wanted_ms"]) else f"{row['wanted_ms']:g}"
    return (
        f"| {row['workload']} | {row['dtype']} | {row['way']} | {row['fastest_ms']:.3g} .. {row['median_ms']:.3g} | "
        f"{wanted} | {floor} |"
    )


def lines(options: argparse.Namespace, rates: dict[str, float], known: set[Any]) -> Iterator[dict[str, Any]]:
    """What is asked for and not known yet."""
    tiny = options.device == "cpu"
    for work in TINY if tiny else SIZES:
        if work.name in options.workloads:
            reference = Reference.of(work, None if tiny else REFERENCES)
            yield from conditionals(work, options.device, options.repeats, rates, reference, known)
    if "rate" in options.workloads and ("rate", "float64", "gap recursion") not in known:
        yield error_rate(options.device, tiny)


def stored(path: Path | None, head: dict[str, Any]) -> list[dict[str, Any]]:
    """What an earlier run on the same device measured."""
    if path is None or not path.exists():
        return []
    earlier = json.loads(path.read_text())
    same = all(earlier.get(name) == head[name] for name in ("device", "torch", "triton"))
    return [row for row in earlier["rows"] if "failure" not in row] if same else []


def write(path: Path, text: str) -> None:
    """All of it or nothing."""
    partial = path.with_suffix(".partial")
    partial.write_text(text)
    partial.replace(path)


def run(options: argparse.Namespace) -> int:
    """Measure, print and keep."""
    tiny = options.device == "cpu"
    rates = measured_rates(options.device)
    head = {
        "date": datetime.date.today().isoformat(),
        "device": "the CPU, on tiny sizes" if tiny else torch.cuda.get_device_name(),
        "torch": torch.__version__, "triton": fused(torch.device(options.device)) is not None, "rates": rates,
    }  # fmt: skip
    print(f"{head['date']}, {head['device']}, torch {torch.__version__}, Triton {'yes' if head['triton'] else 'no'}; "
          f"products {rates['float32'] / 1e12:.3g} and {rates['float64'] / 1e12:.3g} Tflop/s in float32 and float64, "
          f"writing {rates['write'] / 1e9:.4g} GB/s\n")  # fmt: skip
    print("| law | precision | way | ms | wanted | floor | share | error |\n" + "| --- " * 8 + "|")
    target = options.json or (None if tiny else RESULTS)
    rows = [] if options.again else stored(target, head)
    for row in rows:
        print(shown(row))
    for row in lines(options, rates, {key(row) for row in rows}):
        rows.append(row)
        print(shown(row), flush=True)
        if target is not None:
            sizes = [asdict(work) for work in (TINY if tiny else SIZES)]
            write(target, json.dumps({**head, "workloads": sizes, "rows": rows}, indent=1))
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Exit status 2 where there is no such device."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "workloads", nargs="*", metavar="WORKLOAD", help=f"of {', '.join(NAMES)}; all where none is named"
    )
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--json", type=Path, help=f"where to keep the numbers; on a GPU {RESULTS}")
    parser.add_argument("--again", action="store_true", help="measure anew what the file holds")
    parser.add_argument("--prepare", action="store_true", help="only leave the enclosures under build/")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.workloads) - set(NAMES))
    if unknown:
        parser.error(f"WORKLOAD: expected some of {', '.join(NAMES)}, got {', '.join(unknown)}")
    options.workloads = options.workloads or NAMES
    if options.prepare:
        for work in SIZES:
            print(work.name, len(Reference.of(work, REFERENCES).laws), "laws enclosed", flush=True)
        return 0
    if options.device == "cuda" and not torch.cuda.is_available():
        print(
            "no GPU here: torch.cuda.is_available() is false; --device cpu checks this program",
            file=sys.stderr,
        )
        return 2
    return run(options)


if __name__ == "__main__":
    sys.exit(main())
