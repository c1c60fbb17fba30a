"""The plot: what it shows, and that its file appears whole or not at all."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from oracles import Oracle, zoo
from proofs_check.plots.analysis import analysis_figure, save_analysis_plot
from theory.analysis import Analysis, Missing, analyse


def analysed(law: Oracle, steps: list[int], samples: int = 20) -> Analysis:
    return analyse(law, steps, samples=samples, seed=0, confidence=0.99)


def legends(figure: Figure) -> list[list[str]]:
    found = [axes.get_legend() for axes in figure.axes]
    return [[text.get_text() for text in legend.get_texts()] for legend in found if legend is not None]


@pytest.mark.parametrize("law", [zoo.golden_mean(4), zoo.golden_mean(24), zoo.pair_hmm(12)], ids=repr)
def test_two_panels_with_units(law: Oracle) -> None:
    figure = analysis_figure(analysed(law, [1, 2, 4]), "a law")
    token, sequence = figure.axes
    assert token.get_ylabel() == "log2 TER (bits per token)"
    assert sequence.get_ylabel() == "SER (probability)"
    assert {axes.get_xlabel() for axes in figure.axes} == {"N, number of steps"}
    assert [label.get_text() for label in sequence.get_xticklabels()] == ["1", "2", "4"]


def test_every_curve_is_named_for_what_it_is() -> None:
    small, long, hidden = (
        legends(analysis_figure(analysed(law, [1, 2, 4]), "a law"))
        for law in (zoo.golden_mean(4), zoo.golden_mean(24), zoo.pair_hmm(12))
    )
    assert "iid steps: TER" in small[0]
    assert "iid steps: TER at most" in long[0]
    assert "bound H/L + SI/(N L)" in long[0]
    assert "iid steps: bound 1 - 2^(-E KL)" in long[1]
    assert "iid steps: (H + E KL)/L, estimated" in hidden[0]
    assert not any("SI" in name for name in hidden[0])
    # Between the few N at which the bound is known a line would be no bound.
    assert not any("bound" in name for name in hidden[1])


def test_what_was_not_sampled_is_not_shown() -> None:
    figure = analysis_figure(analysed(zoo.pair_hmm(12), [2, 4], samples=0), "a law")
    assert [line.get_label() for line in figure.axes[1].get_lines()] == []


def test_a_gap_in_what_is_known_is_a_gap_in_the_line() -> None:
    analysis = analysed(zoo.pair_hmm(12), [1, 2, 12])
    left_out = [replace(row, sequence_error_rate=Missing("no time")) for row in analysis.rows[1:2]]
    partial = replace(analysis, rows=(analysis.rows[0], *left_out, *analysis.rows[2:]))
    line = analysis_figure(partial, "a law").axes[1].get_lines()[0]
    assert np.isnan(np.asarray(line.get_ydata(), dtype=float)).tolist() == [False, True, False]


def test_one_number_of_steps_is_enough(tmp_path: Path) -> None:
    save_analysis_plot(analysed(zoo.golden_mean(4), [3]), "a law", tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert len(list(tmp_path.iterdir())) == 1


def test_a_failed_save_keeps_the_old_plot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "plot.png"
    path.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_analysis_plot(analysed(zoo.golden_mean(4), [1]), "a law", path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
