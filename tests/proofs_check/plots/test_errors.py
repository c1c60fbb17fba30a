"""The plot of error profiles: two panels in bits, one named line a schedule."""

import io

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from oracles import zoo
from proofs_check.plots.errors import error_figure
from theory import IID, FixedSizes, error_by_position, error_by_step

SCHEDULES = {"iid": IID.uniform(4), "sizes": FixedSizes([2, 2, 2])}


def test_two_panels_with_units_and_a_line_for_every_schedule() -> None:
    q = zoo.golden_mean(6)
    by_step = {name: error_by_step(q, schedule) for name, schedule in SCHEDULES.items()}
    by_position = {name: error_by_position(q, schedule) for name, schedule in SCHEDULES.items()}
    figure = error_figure(by_step, by_position, "golden mean")
    steps, positions = figure.axes
    assert (steps.get_xlabel(), steps.get_ylabel()) == ("step", "E KL (bits per step)")
    assert (positions.get_xlabel(), positions.get_ylabel()) == ("position", "E KL (bits per position)")
    assert np.asarray(steps.get_lines()[0].get_xdata()).tolist() == [1, 2, 3, 4]
    np.testing.assert_allclose(np.asarray(positions.get_lines()[1].get_ydata()), by_position["sizes"])
    total = f"{float(by_step['iid'].total):.3g} bits in all"
    legend = steps.get_legend()
    assert legend is not None
    assert legend.get_texts()[0].get_text() == f"iid: {total}"
    stream = io.BytesIO()
    FigureCanvasAgg(figure).print_png(stream)
    assert stream.getvalue().startswith(b"\x89PNG")


def test_lines_that_could_not_be_told_apart_are_refused() -> None:
    profile = error_by_step(zoo.golden_mean(3), IID.uniform(2))
    with pytest.raises(ValueError, match="by_step: expected at most 4 schedules, got 5"):
        error_figure({str(k): profile for k in range(5)}, {}, "too many")
