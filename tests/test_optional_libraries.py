"""Floats need torch, Numba and NumPy; whatever asks for more says what to install."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from oracles import zoo
from oracles.arithmetic.fraction import FractionArithmetic
from oracles.optional import installed, missing, needed_for
from tests.float_answers import LAWS, law_answers, sampler_answers
from theory import FixedSizes, sequence_error_rate
from theory.learning import context_errors
from theory.learning.calibration import calibration_of
from theory.learning.report import learning_report
from theory.learning.step_curves import step_curve
from theory.neural import ModelShape, TrainingPlan, train

LIBRARIES = [
    *("flint", "sympy", "scipy", "networkx", "hypothesis", "jaxtyping"),
    *("typer", "rich", "jinja2", "matplotlib"),
]

WITHOUT = f"""
import json, sys
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {LIBRARIES}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
"""
"""The start of a program that runs as if none of these libraries were installed."""

ANSWER = """
from tests.float_answers import LAWS, law_answers, sampler_answers
laws = [law_answers(law()) for law in LAWS.values()]
json.dump([list(answers) for answers in [*laws, sampler_answers(LAWS["chain"]())]], sys.stdout)
"""

REFUSE = """
from oracles import zoo
from theory import FixedSizes, kl_divergence, sequence_error_rate
from theory.learning.report import learning_report
law = zoo.golden_mean(4)
results = {"conditional": str(law.conditionals([0, 2, 2, 2])[1, 0]), "sample": law.sample(3).tolist()}
results["error rate"] = str(sequence_error_rate(law, FixedSizes([2, 2])).value)
for name, ask in {
    "exact": lambda: law.to("float64").to("exact", rationalise=10),
    "ball": lambda: law.to("ball"),
    "symbolic": lambda: law.to("symbolic"),
    "entropy": law.entropy,
    "log_prob": lambda: law.log_prob([0, 0, 0, 0]),
    "kl": lambda: kl_divergence(law, FixedSizes([2, 2])),
    "bounds": lambda: __import__("theory.bounds"),
    "bounds in a report": lambda: learning_report(law.to("float64"), None, [2]),
    "estimates": lambda: learning_report(law.to("float64"), None, [], patterns=0),
}.items():
    try:
        results[name] = f"answered {ask()}"
    except ModuleNotFoundError as error:
        results[name] = str(error)
json.dump(results, sys.stdout)
"""


LEARN = """
finder = sys.meta_path.pop(0)
import torch._dynamo  # an optimizer brings it, and it needs some of these libraries itself
sys.meta_path.insert(0, finder)
from tests.test_optional_libraries import learned_answers
json.dump(learned_answers(), sys.stdout)
"""


def learned_answers() -> list[float]:
    """What a network learns, and its exact errors."""
    q = LAWS["chain"]()
    learned = train(q, ModelShape(2, 6, width=8, depth=1, heads=1), TrainingPlan(steps=2, batch=4)).denoiser(
        q
    )
    [point] = step_curve(q, [2], learned, draws=2, seed=0)
    errors = context_errors(q, learned)
    found = learning_report(q, learned, [])
    answers = (errors.worst.value, calibration_of(errors).ece, point.expected_kl, point.log2_token_error_rate)
    return [float(answer.value) for answer in (*answers, found.worst, found.average, found.by_rate[3][1])]


def without_libraries(program: str) -> Any:
    """What a program prints in a process in which the libraries cannot be imported, from JSON."""
    root = Path(__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT + program], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_float_laws_answer_the_same_without_the_libraries() -> None:
    laws = [law_answers(law()) for law in LAWS.values()]
    here = [list(answers) for answers in [*laws, sampler_answers(LAWS["chain"]())]]
    assert without_libraries(ANSWER) == json.loads(json.dumps(here))


def test_networks_learn_and_are_measured_without_the_libraries() -> None:
    assert without_libraries(LEARN) == pytest.approx(learned_answers(), rel=1e-6)


def test_exact_numbers_name_the_library_they_need() -> None:
    found = without_libraries(REFUSE)
    law = zoo.golden_mean(4)
    assert found.pop("conditional") == str(law.conditionals([0, 2, 2, 2])[1, 0])
    assert found.pop("sample") == law.sample(3).tolist()
    assert found.pop("error rate") == str(sequence_error_rate(law, FixedSizes([2, 2])).value)
    assert found.pop("symbolic") == "symbolic numbers need sympy, which is not installed: pip install sympy"
    assert found.pop("estimates") == "intervals need scipy, which is not installed: pip install scipy"
    for name, message in found.items():
        assert message.endswith("need python-flint, which is not installed: pip install python-flint"), name


def test_fractions_are_exact_and_have_no_logarithms() -> None:
    system = FractionArithmetic()
    array = system.array(["1/3", 2, 0])
    assert system.tolist(system.power(array, array[1])) == [array[0] ** 2, 4, 0]
    assert system.guarantee == "exact rational"
    with pytest.raises(ModuleNotFoundError, match=r"^logarithms of exact numbers need python-flint"):
        system.ln(array)
    with pytest.raises(TypeError, match=r"^expected an exact rational, got 0.5 of type float"):
        system.array([0.5])


def test_errors_name_the_package() -> None:
    assert installed("numpy")
    assert not installed("no_such_library")
    assert str(missing("graphs", "networkx")).endswith("which is not installed: pip install networkx")
    with pytest.raises(ModuleNotFoundError, match=r"^dreams need no_such_library"), needed_for("dreams"):
        import no_such_library.within  # pyright: ignore[reportMissingImports] # noqa: F401
