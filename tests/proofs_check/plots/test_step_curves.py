"""The plot of step curves: what is drawn is what was measured."""

import numpy as np
import pytest

from oracles import zoo
from proofs_check.plots.step_curves import Panel, save_step_curves, step_curve_figure
from theory.denoisers import Ideal, Perturbed
from theory.learning.step_curves import interval_ends, step_curve

COUNTS = (1, 2, 4)


@pytest.fixture(scope="module")
def panel() -> Panel:
    law = zoo.golden_mean(4)
    ideal = step_curve(law, COUNTS, draws=2, seed=0)
    learned = step_curve(law, COUNTS, Perturbed(Ideal(law), "1/10"), draws=2, seed=0)
    return Panel("golden mean", law, ideal, learned, learned[-1], (30.0, 20.0, 10.0), 15.0)


def test_every_point_is_drawn(panel) -> None:
    figure = step_curve_figure([panel], "learned against ideal")
    token, sequence, speed = figure.axes
    assert [axes.get_ylabel() for axes in figure.axes] == [
        "log2 TER (bits per token), at most",
        "SER",
        "tokens per second",
    ]
    named = {line.get_label(): line for line in token.get_lines()}
    for name, points in (("ideal denoiser", panel.ideal), ("learned denoiser", panel.learned)):
        assert np.asarray(named[name].get_xdata()).tolist() == list(COUNTS)
        exact = [float(point.log2_token_error_rate.value) for point in points]
        np.testing.assert_allclose(np.asarray(named[name].get_ydata()), exact)
        assert exact[1] < (float(panel.law.entropy()) + float(points[1].expected_kl)) / 4
    drawn = [np.asarray(line.get_ydata()).tolist() for line in sequence.get_lines()]
    for points in (panel.ideal, panel.learned):
        assert [float(point.sequence_error_rate.value) for point in points] in drawn
    assert [30.0, 20.0, 10.0] in [np.asarray(line.get_ydata()).tolist() for line in speed.get_lines()]
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {
        "oracle: H/L",
        "ideal denoiser",
        "learned denoiser",
        "autoregressive",
    }


def test_the_shade_reaches_from_the_least_that_ter_can_be_to_the_line() -> None:
    law = zoo.random_ngram(12, vocab_size=4, successors=2).to("float64")
    curve = step_curve(law, [1, 4], draws=2, seed=0)
    [token, _] = step_curve_figure([Panel("bigram", law, curve)], "ideal alone").axes
    line = next(line for line in token.get_lines() if line.get_label() == "ideal denoiser")
    [shade] = token.collections
    corners = np.asarray(shade.get_paths()[0].vertices)[:, 1]
    bounds = [interval_ends(point.log2_token_error_rate) for point in curve]
    assert corners.min() == pytest.approx(min(low for low, _ in bounds))
    assert corners.max() == pytest.approx(np.asarray(line.get_ydata()).max())
    np.testing.assert_allclose(np.asarray(line.get_ydata()), [high for _, high in bounds])


def test_is_saved_whole(panel, tmp_path) -> None:
    path = tmp_path / "curves.png"
    save_step_curves([panel, panel], "two columns", path)
    assert path.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="expected a file in an existing folder"):
        save_step_curves([panel], "nowhere", tmp_path / "missing" / "curves.png")
