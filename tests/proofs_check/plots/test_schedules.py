"""The plot of the best schedules: what it shows."""

from pathlib import Path

import numpy as np

from oracles import Oracle, zoo
from proofs_check.plots.schedules import save_schedule_plot, schedule_figure
from theory.optimise.survey import Survey, survey


def surveyed(law: Oracle, steps: list[int]) -> Survey:
    return survey(law.to("float64"), steps, {})


def test_sizes_by_step_and_divergence_by_number_of_steps() -> None:
    figure = schedule_figure(surveyed(zoo.sticky_chain(16), [2, 3, 4, 8, 16]), "a law")
    sizes, divergence = figure.axes
    assert [str(line.get_label()) for line in sizes.get_lines()][:4] == ["N = 3", "N = 4", "N = 8", "N = 16"]
    assert divergence.get_ylabel() == "E KL (bits)"
    assert divergence.get_yscale() == "log"
    curves = {str(line.get_label()): np.asarray(line.get_ydata(), float) for line in divergence.get_lines()}
    assert len(curves) == 8
    for name, values in curves.items():
        # One token a step is exact, which a logarithmic axis cannot show.
        assert np.isnan(values[-1]) == (name in ("best sizes", "equal sizes"))
        assert (values[:-1] >= curves["best sizes"][:-1] * (1 - 1e-9)).all()


def test_where_all_is_exact_the_axis_is_linear(tmp_path: Path) -> None:
    found = surveyed(zoo.parity(1), [1])
    assert schedule_figure(found, "a law").axes[1].get_yscale() == "linear"
    save_schedule_plot(found, "a law", tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
