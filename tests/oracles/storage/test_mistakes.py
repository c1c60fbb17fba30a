"""Every mistake in a file of an oracle is named in one line, with the file and the field."""

import json
from pathlib import Path
from typing import Any

import pytest

from oracles.storage import load

CHAIN: dict[str, Any] = {
    "format": "maskproof-oracle/1",
    "family": "MarkovChain",
    "length": 3,
    "initial": ["1/3", "2/3"],
    "transition": [["1/2", "1/2"], [1, 0]],
}
SPACE: dict[str, Any] = {
    "format": "maskproof-oracle/1",
    "family": "StateSpace",
    "length": 2,
    "initial": [1, 0],
    "transition": {"distinct": [{"dense": [["1/2", "1/2"], [1, 0]]}], "runs": [[0, 1]]},
    "emission": {"distinct": [[[1, 0], [0, 1]]], "runs": [[0, 2]]},
}
BACKGROUND: dict[str, Any] = {
    "targets": [[0], [1]],
    "weights": [["1/2"], [1]],
    "rest": ["1/2", 0],
    "background": [0, 1],
    "left": [1, 1],
    "right": [1, 1],
}
SPARSE: dict[str, Any] = {
    "labels": [0, 1],
    "targets": [[0, 1], [0, -1]],
    "weights": [["1/2", "1/2"], [1, 0]],
    "scale": [1, 1],
    "width": 2,
}


def read(document: Any, folder: Path) -> Any:
    path = folder / "law.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return load(path)


def without(field: str) -> dict[str, Any]:
    return {name: value for name, value in CHAIN.items() if name != field}


def with_transition(transition: Any) -> dict[str, Any]:
    return SPACE | {"transition": {"distinct": [transition], "runs": [[0, 1]]}}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("", "expected text, got an empty file"),
        ("abc", r"expected JSON: .*line 1 column 1"),
        (json.dumps(CHAIN)[:-5], "expected JSON: "),
        ("[" * 100_000, "lists nested too deeply"),
        ("[1, 2]", "expected a JSON object, got a list"),
        ('{"format": 1, "format": 2}', "format: expected the field once, got it twice"),
        (json.dumps(CHAIN).replace("1,", "NaN,"), "expected finite numbers, got NaN"),
        (json.dumps(CHAIN).replace("1,", "Infinity,"), "expected finite numbers, got Infinity"),
        (without("format"), "format: expected \"maskproof-oracle/1\", got 'none'"),
        (CHAIN | {"format": "maskproof-oracle/2"}, "format: .* got 'maskproof-oracle/2'"),
        (
            without("family"),
            "family: expected one of MarkovChain, NGram, HMM, Table, SparseMarkovChain, StateSpace, got 'none'",
        ),
        (CHAIN | {"family": "Chain"}, "family: .* got 'Chain'"),
        (CHAIN | {"family": ["HMM"]}, r"family: .* got \['HMM'\]"),
        (CHAIN | {"family": "HMM"}, "emission: missing, a HMM has the fields"),
        (without("length"), "length: missing"),
        (without("transition"), "transition: missing"),
        (CHAIN | {"transitions": []}, "transitions: unknown"),
        (CHAIN | {"length": 0}, "length: expected an integer of at least 1, got 0"),
        (CHAIN | {"length": "3"}, "length: expected an integer"),
        (CHAIN | {"length": 3.0}, "length: expected an integer"),
        (CHAIN | {"length": True}, "length: expected an integer"),
        (CHAIN | {"arithmetic": "symbolic"}, "arithmetic: expected one of float32, .* got 'symbolic'"),
        (CHAIN | {"arithmetic": 64}, "arithmetic: expected one of"),
        (CHAIN | {"arithmetic": ["exact"]}, "arithmetic: expected one of"),
        (CHAIN | {"arithmetic": "float64", "bits": 64}, "bits: only 'ball' and 'exact' have them"),
        (CHAIN | {"bits": 1}, "bits: expected an integer of at least 2, got 1"),
        (CHAIN | {"initial": ["1/3", "1/3"]}, "initial: expected probabilities that sum to 1, .*2/3"),
        (CHAIN | {"initial": ["4/3", "-1/3"]}, "initial: expected non-negative probabilities, got -1/3"),
        (CHAIN | {"initial": [1]}, "shape"),
        (CHAIN | {"initial": []}, "initial"),
        (CHAIN | {"initial": "1/3"}, "initial: expected one probability a token"),
        (CHAIN | {"initial": {}}, "initial"),
        (CHAIN | {"initial": None}, "initial: expected an array of exact numbers"),
        (CHAIN | {"initial": ["1/3", "x"]}, "initial: expected an array of exact numbers: got 'x'"),
        (
            CHAIN | {"arithmetic": "exact", "initial": [0.5, 0.5]},
            "initial: expected an array of exact numbers",
        ),
        (CHAIN | {"transition": [["1/2", "1/2"], ["1/2", 0]]}, r"transition: .*row \(1,\) with sum 1/2"),
        (CHAIN | {"transition": [["1/2", "1/2"], [1]]}, "transition: .*differ in length or depth"),
        (
            CHAIN | {"transition": [[[1, 0], [0, 1]]] * 3},
            "transition: expected one array or 2 of them, got 3",
        ),
        (CHAIN | {"transition": []}, "transition"),
        (CHAIN | {"transition": {"distinct": [[[1, 0], [0, 1]]]}}, 'object with "distinct" and "runs"'),
        (
            CHAIN | {"transition": {"distinct": [[[1, 0], [0, 1]]], "runs": [[0, 10**15]]}},
            "transition: expected runs of 2 steps in all, got 1000000000000000",
        ),
        (
            CHAIN | {"transition": {"distinct": [[1]], "runs": [[1, 2]]}},
            r"which of 1, how many times.*\[1, 2\]",
        ),
        (CHAIN | {"transition": {"distinct": [[1]], "runs": [[-1, 2]]}}, "how many times"),
        (CHAIN | {"transition": {"distinct": [[1]], "runs": [[0, -2]]}}, "how many times"),
        (CHAIN | {"transition": {"distinct": [[1]], "runs": [[0, True]]}}, "how many times"),
        (CHAIN | {"transition": {"distinct": [[1]], "runs": ["01"]}}, "how many times"),
        (CHAIN | {"transition": {"distinct": 1, "runs": []}}, 'lists under "distinct" and "runs"'),
        (
            CHAIN | {"transition": {"distinct": [[["x", 0], [0, 1]]], "runs": [[0, 2]]}},
            r"transition.distinct\[0\]: expected an array of exact numbers",
        ),
        (CHAIN | {"symbols": "ab"}, "symbols: expected a list of strings, got 'ab'"),
        (CHAIN | {"symbols": ["a", 1]}, "symbols: expected a list of strings"),
        (CHAIN | {"symbols": ["a"]}, "symbols: expected 2 different strings, got 1 among 1"),
        (CHAIN | {"symbols": ["a", "a"]}, "symbols: expected 2 different strings, got 1 among 2"),
        (
            {"format": "maskproof-oracle/1", "family": "Table", "length": 2, "probabilities": [1]},
            "length: expected 1, the axes of probabilities, got 2",
        ),
        (SPACE | {"initial": ["1/2", 0]}, "initial: .* sum 1/2"),
        (SPACE | {"initial": [[1, 0]]}, "initial: expected 1 axes"),
        (
            SPACE | {"emission": {"distinct": [[1, 0]], "runs": [[0, 2]]}},
            r"emission.distinct\[0\]: expected 2 axes",
        ),
        (
            SPACE | {"emission": {"distinct": [[[1], [0]]], "runs": [[0, 2]]}},
            r"emission: .*row \(1,\) with sum 0",
        ),
        (
            SPACE | {"emission": {"distinct": [[[1]]], "runs": [[0, 2]]}},
            r"emission\[0\]: expected shape \(2, 1\)",
        ),
        (SPACE | {"length": 3}, "transition: expected runs of 2 steps in all, got 1"),
        (with_transition([[1, 0], [0, 1]]), "one of the keys dense, shift, sparse, background, blocks"),
        (with_transition({"full": 1}), "one of the keys dense, shift, sparse, background, blocks"),
        (with_transition({"dense": [[1, 0]]}), r"transition\[0\]: expected rows for 2 states, got 1"),
        (with_transition({"dense": [1, 0]}), r"transition.distinct\[0\].dense: expected 2 axes"),
        (with_transition({"shift": [[1, 0]]}), r"distinct\[0\].shift: expected 3 axes"),
        (with_transition({"blocks": []}), r"distinct\[0\].blocks: expected at least one transition"),
        (with_transition({"blocks": [{"dense": 1}]}), r"distinct\[0\].blocks\[0\].dense: expected 2 axes"),
        (
            with_transition({"background": SPARSE}),
            r"background: expected an object with the keys targets, weights",
        ),
        (
            with_transition({"background": BACKGROUND | {"rest": [1]}}),
            r"rest: expected shape \(2,\), got \(1,\)",
        ),
        (with_transition({"background": BACKGROUND | {"weights": 3}}), "weights: expected a list of rows"),
        (with_transition({"background": BACKGROUND | {"targets": [[0]]}}), "targets: expected 2 rows"),
        (
            with_transition({"background": BACKGROUND | {"targets": [[0], [2]]}}),
            r"targets\[1\]: expected integers in 0..1",
        ),
        (
            with_transition({"background": BACKGROUND | {"targets": [[0, 1], [1]]}}),
            r"targets\[0\]: expected shape \(1,\)",
        ),
        (with_transition({"background": BACKGROUND | {"weights": [["2/3"], [1]]}}), "transition: .*sum to 1"),
        (with_transition({"sparse": []}), r"distinct\[0\].sparse: expected an object with the keys labels"),
        (with_transition({"sparse": SPARSE | {"width": 0}}), "sparse.width: expected an integer"),
        (
            with_transition({"sparse": SPARSE | {"targets": [[0, 1], [0, 2]]}}),
            r"targets: expected integers in -1..1",
        ),
        (with_transition({"sparse": SPARSE | {"targets": [[0, 1]]}}), r"targets: expected shape \(2, 2\)"),
        (
            with_transition({"sparse": SPARSE | {"targets": [[0, 1], [0]]}}),
            "targets: expected a regular array of integers",
        ),
        (with_transition({"sparse": SPARSE | {"labels": [0, 2]}}), r"labels: expected integers in 0..1"),
        (with_transition({"sparse": SPARSE | {"labels": [0]}}), r"labels: expected shape \(2,\)"),
        (with_transition({"sparse": SPARSE | {"labels": [0, 10**30]}}), "labels: expected"),
        (
            with_transition({"sparse": SPARSE | {"targets": [[0, -1], [0, 1]]}}),
            "weights: expected zeros where the target is -1",
        ),
    ],
)
def test_every_mistake_is_named_with_file_and_field(document: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        read(document, tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'law.json'}: ")
    assert "\n" not in str(caught.value)


def test_files_that_are_no_text_are_named(tmp_path: Path) -> None:
    for content in (b"\x00\x01", b"\xff\xfe{", b"\x80\x04\x95pickle."):
        (tmp_path / "law.json").write_bytes(content)
        with pytest.raises(ValueError, match=r"law\.json: expected UTF-8 text"):
            load(tmp_path / "law.json")
    with pytest.raises(ValueError, match="No such file"):
        load(tmp_path / "nothing.json")
    with pytest.raises(ValueError, match=r"[Dd]irectory"):
        load(tmp_path)
