"""Arguments of the wrong type get the same ValueError as those of the wrong value.

Under pytest the checked annotations catch them first, so these calls run in a process of their own.
"""

import subprocess
import sys

import pytest

PREAMBLE = "from oracles import *; from theory import *; from theory.denoisers import *; "
CALLS = {
    "fit_ngram(b'..', 2, 8)": "text_or_path: expected a text or a path, got b'..'",
    "fit_ngram(None, 2, 8)": "text_or_path: expected a text or a path, got None",
    "uniform_on(None, 2)": "strings: expected a list of sequences, got None",
    "load(3)": "path: expected a path, got 3",
    "save(3, 'law.json')": "law: expected an oracle, got 3",
    "IID.from_alpha(0.5, 4)": "alpha: expected a function of time, got 0.5",
    "Corrected(TopK(1), sweeps=0.5)": "sweeps: expected an integer of at least 1, got 0.5",
    "Perturbed(zoo.tetracode(), '1/10')": "inner: expected a denoiser",
    "sampler_law([1, 2], IID.uniform(1))": "q: expected an oracle, got [1, 2]",
    "sequence_error_rate(zoo.tetracode(), 4)": "schedule: expected a schedule or planner",
    "optimal_sizes(3, 2)": "q_or_profile: expected a law or its profile, got 3",
    "steps_needed(zoo.tetracode(), 5, ser=0.5)": "schedule_family: expected a name or a function of N, got 5",
    "Corrected(3)": "inner: expected a schedule or planner, got 3",
    "Corrected(TopK(1), 0.5)": "size: expected an integer of at least 1, got 0.5",
    "Blocks(2, None)": "inner: expected a schedule or planner, got None",
    "Blocks(2.0, TopK(1))": "block_length: expected an integer of at least 1, got 2.0",
    "OneOf([TopK(1), 3], [1, 0])": "choices: expected one or more schedules or planners, got",
    "OneOf(TopK(1), [1])": "choices: expected one or more schedules or planners, got",
    "RandomSizes(4, [1])": "sizes: expected one or more vectors of sizes, got 4",
    "Windowed(zoo.tetracode(), 0.5)": "radius: expected an integer of at least 0, got 0.5",
    "Windowed(None, 1)": "oracle: expected an oracle, got None",
    "Ideal(3)": "oracle: expected an oracle, got 3",
    "Tabulated(3, [1])": "oracle: expected an oracle, got 3",
    "Function(zoo.tetracode(), 3)": "function: expected a function of a batch of patterns, got 3",
    "MarkovChain([0.5, 0.5], [[0.5, 0.5]] * 2, 10**9)": "length: expected a law of at most 1,000,000 steps",
}


@pytest.fixture(scope="module")
def messages() -> dict[str, str]:
    script = [PREAMBLE]
    for call in CALLS:
        script += ["try:", f"    {call}", "except ValueError as error:", "    print(error)"]
        script += ["else:", "    print('no error')"]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(script)], capture_output=True, text=True, check=True
    )
    return dict(zip(CALLS, done.stdout.splitlines(), strict=True))


@pytest.mark.parametrize("call", CALLS)
def test_a_value_error_names_the_argument(call: str, messages: dict[str, str]) -> None:
    assert messages[call].startswith(CALLS[call])
