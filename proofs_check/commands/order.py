"""`maskproof order`: any set of orders and planners side by side, at the same number of steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from oracles import Oracle
from oracles.files import check_writable
from oracles.patterns import Tokens
from oracles.validation import read_count
from proofs_check.commands.arguments import in_floats, masked_positions, read_float, read_prompt
from proofs_check.commands.console import output, print_closing, print_heading, print_json, progress
from proofs_check.commands.order_reading import Setting, reading
from proofs_check.commands.order_table import footnotes, order_json, order_table
from proofs_check.commands.target import Target, read_target, small_fit
from theory.comparison import Comparison, compare
from theory.denoisers import Ideal, Perturbed, Tempered
from theory.unmasking.orders import PLANNERS, Order, Space, read_order

DEFAULT_ORDERS = (
    "random,left,strided,bisection,confidence,margin,entropy,lowconfidence,threshold:0.6,eb:1,remask:0.2"
)


@dataclass(frozen=True)
class OrderRequest:
    """The options of the command, as given; fit: those of a reader, such as `fit_ngram`."""

    target: str | None = None
    fit: Mapping[str, Any] = field(default_factory=dict)
    steps: int | None = None
    orders: str = DEFAULT_ORDERS
    temperature: str = "1"
    perturb: str = "0"
    block: int | None = None
    given: str | None = None
    exact: bool = False
    samples: int = 500
    seed: int = 0
    confidence: float = 0.99
    plot: Path | None = None
    as_json: bool = False


def run_order(request: OrderRequest) -> int:
    """Compare and print; returns the exit status 0.  ValueError for anything wrong with the request."""
    if request.plot is not None:
        check_writable(request.plot)
    with progress() as report:
        report("reading", 0, 1)
        target = read_target(
            request.target, small_fit(request.target, request.fit), seed=request.seed, report=report
        )
        law = in_floats(target.law) if not request.exact else target.law
        given = read_prompt(law, request.given)
        model, denoiser, tempered = read_denoisers(law, request.perturb, request.temperature)
        steps, orders = _read_orders(request, law, given, model if tempered else None)
        comparison = compare(
            law,
            orders,
            denoiser=denoiser,
            given=given,
            samples=request.samples,
            seed=request.seed,
            confidence=request.confidence,
            progress=report,
        )
    if request.plot is not None:
        from proofs_check.plots.orders import save_order_plot

        save_order_plot(comparison, f"{target.name}, N = {steps}", request.plot)
    setting = Setting(steps, request.temperature if tempered else None, request.perturb)
    if request.as_json:
        about = {"target": target.name, "origin": target.origin, "errors": target.error, "steps": steps}
        options = {"temperature": request.temperature, "perturb": request.perturb, "given": request.given}
        said = {"reading": reading(comparison, setting), "plot": request.plot and str(request.plot)}
        print_json(about | options | order_json(comparison) | said)
    else:
        _print(target, request, comparison, setting, output())
    return 0


def read_denoisers(law: Oracle, perturb: str, temperature: str) -> tuple[Any, Any, bool]:
    """The model, the model as it is sampled from, and whether temperature makes them differ."""
    number = perturb if law.arithmetic.name == "exact" else read_float("perturb", perturb)
    model = Ideal(law) if perturb == "0" else Perturbed(Ideal(law), number)
    sampled = Tempered(model, temperature)
    tempered = sampled.temperature != 1
    return model, sampled if tempered else model, tempered


def _read_orders(
    request: OrderRequest, law: Oracle, given: Tokens | None, model: Any
) -> tuple[int, list[Order]]:
    """The number of steps, and every order: whole and by block, and with the confidences of the model itself."""
    free = masked_positions(law, given)
    blocks = len({position // request.block for position in free}) if request.block else 1
    steps = request.steps
    if steps is None:
        steps = -(-len(free) // (2 * blocks)) * blocks
    read_count("steps", steps)
    memory = max(getattr(law, "order", 2) - 1, 1)
    plain, scored = Space(free, steps, memory), Space(free, steps, memory, model)
    orders: list[Order] = []
    for text in (part.strip() for part in request.orders.split(",")):
        for name in [text, f"{text}@{request.block}"] if request.block and "@" not in text else [text]:
            orders.append(read_order(name, plain))
            if model is not None and text.partition("@")[0].partition(":")[0] in PLANNERS:
                orders.append(Order(f"{name} plain", read_order(name, scored).unmasking))
    return steps, orders


def _print(
    target: Target, request: OrderRequest, comparison: Comparison, setting: Setting, console: Console
) -> None:
    given = request.given
    heading = [] if given is None else [f"given {given!r}: the {comparison.length} tokens that are left"]
    heading += [f"H(q): {comparison.entropy}", f"SER: {target.error}", setting.describe(comparison)]
    print_heading(console, target.name, target.origin, heading)
    console.print()
    console.print(order_table(comparison))
    notes = footnotes(comparison)
    if setting.temperature is not None:
        notes.append("plain: by the confidences of the model itself, before the temperature")
    print_closing(console, notes, reading(comparison, setting), request.plot)
