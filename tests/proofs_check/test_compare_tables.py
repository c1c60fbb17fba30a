"""The tables, JSON and plot of a comparison hold what there is to show, degenerate or infinite too."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from oracles import Oracle, uniform_on, zoo
from proofs_check.commands.compare_json import report_json
from proofs_check.commands.compare_numbers import bits, nats, rate
from proofs_check.commands.compare_reading import reading
from proofs_check.commands.compare_tables import (
    calibration_tables,
    context_tables,
    footnotes,
    parts_table,
    rate_tables,
    senses_table,
    visits_table,
    written,
)
from proofs_check.plots.learning import save_compare_plot
from theory.denoisers import Function, Ideal, Perturbed, Tempered, Windowed
from theory.learning.report import LearningReport, learning_report
from theory.monte_carlo import Estimate

CASES: dict[str, tuple[Oracle, Callable[[Oracle], Any]]] = {
    "one token": (uniform_on(["0", "1"], 2), lambda q: Perturbed(Ideal(q), 0.1)),
    "one word": (uniform_on(["000"], 1), Ideal),
    "one sentence": (uniform_on(["010"], 2), lambda q: Perturbed(Ideal(q), 0.1)),
    "greedy": (zoo.golden_mean(4), lambda q: Tempered(Ideal(q), 0)),
    "ideal": (zoo.golden_mean(4), Ideal),
    "many tokens": (zoo.all_equal(3, 12), lambda q: Windowed(q, 1)),
}


WIDTH = 80
"""Columns of a terminal."""


def text_of(found: LearningReport) -> str:
    console = Console(width=WIDTH)
    with console.capture() as capture:
        for table in (
            senses_table(found),
            *context_tables(found),
            *rate_tables(found),
            parts_table(found),
            visits_table(found),
            *calibration_tables(found),
        ):
            console.print(table, crop=False)
        for line in [*footnotes(found), *reading(found)]:
            console.print(line, markup=False)
    return capture.get()


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_everything_is_shown(name: str, exact: bool, tmp_path: Path) -> None:
    law, make = CASES[name]
    q = law.to("float64")
    options: dict[str, Any] = {} if exact else {"patterns": 0, "draws": 10, "runs": 10}
    found = learning_report(q, make(q), [1, 2, 5], **options)
    text = text_of(found)
    assert "…" not in text
    assert max(map(cell_len, text.splitlines())) <= WIDTH
    assert bool(re.search(r"\binf\b", text)) is (name == "greedy")
    assert found.exact is exact
    document = json.loads(json.dumps(report_json(found), allow_nan=False))
    assert (document["nelbo"]["value"] is None) is (name == "greedy")
    save_compare_plot(found, name, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_long_words_of_a_kind_are_all_there() -> None:
    """Beside an entropy that is enclosed and an error that is bounded from below only."""
    q = zoo.topic_hmm(16).to("float64")
    found = learning_report(q, Perturbed(Ideal(q), 0.1), [], draws=10, runs=10)
    text = text_of(found)
    assert max(map(cell_len, text.splitlines())) <= WIDTH
    assert "drawn" in text
    assert "rounding" in text


def test_what_is_said_of_the_ideal_denoiser_and_of_a_greedy_one() -> None:
    q = zoo.golden_mean(4).to("float64")
    ideal, greedy = (learning_report(q, each, [2, 4]) for each in (Ideal(q), Tempered(Ideal(q), 0)))
    assert reading(ideal)[0] == "The NELBO is the entropy: the model is the ideal denoiser."
    assert "within the 1/128" in reading(ideal)[1]
    assert "not within" not in reading(ideal)[1]
    assert "more than the error of the model at every N shown" in " ".join(reading(ideal))
    assert reading(greedy)[0].startswith("The NELBO is infinite")


def test_which_part_is_larger_is_said_for_the_numbers_of_steps_where_it_is() -> None:
    q = zoo.parity(4).to("float64")

    def ill_begun(patterns: Any) -> Any:
        """Ideal, but for the tokens that are drawn first."""
        nothing = (patterns == q.mask).all(axis=1)[:, None, None]
        return q.arithmetic.where(nothing, q.arithmetic.array([0.78, 0.22]), Ideal(q)(patterns))

    said = " ".join(reading(learning_report(q, Function(q, ill_begun), [1, 2, 20])))
    assert "At N = 1, 20 the error of the model costs more than revealing tokens together." in said
    said = " ".join(reading(learning_report(q, Function(q, ill_begun), [2, 20])))
    assert "From N = 20 on the error of the model costs more" in said
    certain = uniform_on(["01"], 2).to("float64")
    assert "together" not in " ".join(reading(learning_report(certain, Ideal(certain), [1, 2])))


@pytest.mark.parametrize("patterns", [10**6, 0])
def test_where_there_are_no_errors_that_is_said(patterns: int) -> None:
    q = zoo.sticky_chain(4).to("float64")
    found = learning_report(q, Perturbed(Ideal(q), 0.1), [1, 2], patterns=patterns, draws=10, runs=10)
    text = " ".join(text_of(found).split())
    assert "there are no errors to make, SER is 0" in text
    assert "within: full support (float64 rounding)" in text
    assert "the sampler draws" not in text
    assert "0–" not in text.partition("log2 TER")[0].partition("within")[2]
    document = report_json(found)["steps"][0]
    assert document["visited"]["impossible"]["value"] == document["ser_bound"]["value"] == 0
    assert document["ser_range"]["high"] == 0


def test_notes_are_in_the_json() -> None:
    q = zoo.golden_mean(4).to("float64")
    largest = report_json(learning_report(q, Ideal(q), [], patterns=0, draws=10, runs=10))["learning_error"][
        "largest"
    ]
    assert largest["notes"] == ["at most 0.37 of the contexts drawn so are worse"]


def test_numbers_say_what_they_are() -> None:
    def estimate(value: float, low: float, high: float) -> Estimate:
        return Estimate(value, low, high, 0.99, 10, "bits", "some interval")

    assert bits(estimate(0.5, 0.4, 0.6)) == "0.50 ± 0.10"
    assert bits(estimate(0.5, 0.5, math.inf)) == "≥ 0.5000"
    assert bits(estimate(0.5, 0.5, 0.5)) == "0.5000"
    assert bits(estimate(0.5, 0.5 - 2**-53, 0.5 + 2**-53)) == "0.5000"
    assert bits(estimate(math.inf, math.inf, math.inf)) == "inf"
    assert nats(estimate(0.5, 0.5, math.inf)) == "≥ 0.3465"
    assert rate(estimate(0.5, 0.41234, 0.61234)) == "0.412–0.613"
    assert rate(estimate(math.inf, 0.41234, math.inf)) == "0.412–inf"
    assert written((0, 2, 1), 2) == "0_1"
    assert written((0, 12, 11), 12) == "0 _ 11"
