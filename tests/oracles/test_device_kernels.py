"""Conditionals on devices: passes in plain torch and in Triton against exact numbers, and the requests around them.

Triton runs on the GPU where there is one, else by its interpreter, on the CPU; without Triton these tests are
skipped.  Seeds are fixed: nothing here depends on chance.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import oracles.kernels.device.lookups as lookups
import oracles.kernels.device.scan as scan
import oracles.kernels.device.selection as selection
import oracles.sparse_chain as sparse_chain
from oracles import HMM, MarkovChain, NGram, SparseMarkovChain, zoo
from oracles.kernels.device.lookups import DeviceLookups
from oracles.kernels.device.scan import HiddenChain
from oracles.kernels.gaps import GapTables
from oracles.memory import budget, room_for
from oracles.oracle import Oracle
from oracles.patterns import all_patterns
from oracles.testing import hmms, markov_chains
from tests.oracles.brute_force import BruteForce
from tests.pretend_device import DEVICE
from tests.test_devices import DEVICES

TOLERANCE = {"float32": 2e-7, "float64": 1e-12}
PLACE = "cuda" if torch.cuda.is_available() else "cpu"


@pytest.fixture(params=["torch", "triton"])
def passes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which passes run, wherever the test is."""
    monkeypatch.setattr(lookups, "fused", lambda device: chosen)
    monkeypatch.setattr(scan, "fused", lambda device: chosen)
    chosen = triton_passes() if request.param == "triton" else None
    return request.param


def triton_passes() -> ModuleType:
    pytest.importorskip("triton")
    from oracles.kernels.device import fused

    return fused


def by_gaps(law: MarkovChain, reach: int | None = None) -> DeviceLookups:
    return DeviceLookups(GapTables.build(law.initial, law.transitions[0], law.length, reach))


def by_scan(law: HMM) -> HiddenChain:
    return HiddenChain.pack(law.space)


def answered(kernel: Any, law: Oracle, patterns: np.ndarray, chosen: np.ndarray | None) -> tuple[Any, Any]:
    """The rows and which patterns are doubtful, as arrays; rows that nobody wrote are NaN."""
    count = patterns.size if chosen is None else int(chosen.sum())
    out = torch.full(
        (count, law.vocab_size), torch.nan, dtype=getattr(torch, law.arithmetic.name), device=PLACE
    )
    mask = None if chosen is None else torch.as_tensor(chosen, device=PLACE)
    doubtful = kernel.conditionals(torch.as_tensor(patterns, device=PLACE), mask, out)
    return out.double().cpu().numpy(), doubtful.cpu().numpy()


@pytest.mark.parametrize("name", TOLERANCE)
@pytest.mark.parametrize(
    ("laws", "kernel"),
    [(markov_chains(position_dependent=False, max_length=4), by_gaps), (hmms(max_length=4), by_scan)],
)
@settings(max_examples=12)
@given(data=st.data())
@pytest.mark.usefixtures("passes")
def test_every_pattern_against_sums_over_all_sequences(
    name: str, laws: Any, kernel: Callable[[Any], Any], data: st.DataObject
) -> None:
    law = data.draw(laws)
    twin, patterns = BruteForce(law), all_patterns(law.vocab_size, law.length)
    possible = np.array([twin.probability(pattern) > 0 for pattern in patterns])
    chosen = np.random.default_rng(data.draw(st.integers(0, 99))).random(patterns.shape) < 0.7
    there = law.to(name, device=PLACE)
    for wanted in (None, chosen):
        rows, doubtful = answered(kernel(there), there, patterns, wanted)
        assert doubtful[~possible].all()
        places = np.argwhere(np.ones_like(chosen) if wanted is None else wanted)
        sure = ~doubtful[places[:, 0]]
        assert sure[possible[places[:, 0]]].all()  # nothing underflows in laws this small
        expected = [[float(p) for p in twin.conditional(patterns[row], place)] for row, place in places[sure]]
        np.testing.assert_allclose(
            rows[sure], np.reshape(expected, (-1, law.vocab_size)), rtol=0, atol=TOLERANCE[name]
        )


def rational(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Rows of fractions that sum to 1."""
    numbers = rng.integers(1, 50, size=shape)
    array = np.empty(shape, dtype=object)
    for index in np.ndindex(shape):
        array[index] = Fraction(int(numbers[index]), int(numbers[index[:-1]].sum()))
    return array


def half_masked(law: Oracle, count: int, rng: np.random.Generator) -> np.ndarray:
    patterns = law.to("float64").sample(count, seed=1)
    patterns[rng.random(patterns.shape) < 0.5] = law.mask
    return patterns


@pytest.mark.parametrize("name", TOLERANCE)
@pytest.mark.parametrize(("states", "vocab"), [(17, 3), (3, 40), (1, 1)])
@pytest.mark.usefixtures("passes")
def test_sizes_that_are_no_powers_of_two_and_matrices_of_every_step(
    states: int, vocab: int, name: str
) -> None:
    rng = np.random.default_rng(0)
    moves = [rational(rng, states, states) for _ in range(6)]
    words = [rational(rng, states, vocab) for _ in range(7)]
    law = HMM(rational(rng, states), moves, words, 7)
    chain = MarkovChain(rational(rng, vocab), rational(rng, vocab, vocab), 7)
    for q, kernel in ((law, by_scan), (chain, by_gaps)):
        patterns = half_masked(q, 19, rng)
        expected = np.array(q.conditionals(patterns[:3]), dtype=float).reshape(-1, vocab)
        there = q.to(name, device=PLACE)
        rows, doubtful = answered(kernel(there), there, patterns, None)
        assert not doubtful.any()
        np.testing.assert_allclose(rows[: len(expected)], expected, rtol=0, atol=TOLERANCE[name])
        reference = q.to("float64").conditionals(patterns).numpy().reshape(-1, vocab)
        np.testing.assert_allclose(rows, reference, rtol=0, atol=TOLERANCE[name])


@pytest.mark.usefixtures("passes")
def test_patterns_go_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    law = zoo.topic_hmm(6).to("float64", device=PLACE)
    patterns = half_masked(law, 11, np.random.default_rng(2))
    chosen = np.random.default_rng(3).random(patterns.shape) < 0.5
    whole, _ = answered(by_scan(law), law, patterns, chosen)
    monkeypatch.setattr(scan, "KEPT_BYTES", 4000)
    monkeypatch.setattr(lookups, "ENTRIES", 7)
    parts, _ = answered(by_scan(law), law, patterns, chosen)
    np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-15)


@pytest.mark.parametrize("length", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1])
@pytest.mark.usefixtures("passes")
def test_hardly_any_patterns(count: int, length: int) -> None:
    rng = np.random.default_rng(6)
    moves = [rational(rng, 2, 2) for _ in range(length - 1)]
    hidden = HMM(rational(rng, 2), moves, [rational(rng, 2, 3) for _ in range(length)], length)
    chain = MarkovChain(rational(rng, 3), rational(rng, 3, 3), length)
    for law, kernel in ((hidden, by_scan), (chain, by_gaps)):
        here = law.to("float64")
        patterns = np.full((count, length), law.mask)
        patterns[:, -1] = 1
        rows, doubtful = answered(kernel(law.to("float64", device=PLACE)), here, patterns, None)
        assert doubtful.tolist() == [False] * count
        expected = here.conditionals(patterns).numpy().reshape(-1, law.vocab_size)
        np.testing.assert_allclose(rows, expected, rtol=0, atol=1e-12)


def test_what_is_too_large_for_a_program_takes_the_pass_in_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse = SimpleNamespace(scan=None, look_up=None)  # calling either fails
    monkeypatch.setattr(scan, "fused", lambda device: refuse)
    monkeypatch.setattr(lookups, "fused", lambda device: refuse)
    monkeypatch.setattr(scan, "FUSED_STATES", 5)
    monkeypatch.setattr(lookups, "FUSED_LENGTH", 4)
    rng = np.random.default_rng(7)
    hidden = HMM(rational(rng, 6), rational(rng, 6, 6), rational(rng, 6, 2), 5)
    wordy = HMM(rational(rng, 2), rational(rng, 2, 2), rational(rng, 2, 6), 5)
    chain = MarkovChain(rational(rng, 3), rational(rng, 3, 3), 5)
    for law, kernel in ((hidden, by_scan), (wordy, by_scan), (chain, by_gaps)):
        here, patterns = law.to("float64"), half_masked(law, 4, rng)
        rows, _ = answered(kernel(law.to("float64", device=PLACE)), here, patterns, None)
        expected = here.conditionals(patterns).numpy().reshape(-1, law.vocab_size)
        np.testing.assert_allclose(rows, expected, rtol=0, atol=1e-12)


@pytest.mark.usefixtures("passes")
def test_gaps_out_of_reach_are_doubtful() -> None:
    law = zoo.golden_mean(9).to("float64", device=PLACE)
    patterns = np.full((4, 9), 2)
    patterns[0, [0, 4]] = 0  # the last before it 4 back
    patterns[1, [1, 4, 7]] = 0
    patterns[2, 8] = (
        1  # nothing before it: the laws of single tokens reach everywhere, but those back from it do not
    )
    _, doubtful = answered(by_gaps(law, 4), law, patterns, None)
    assert doubtful.tolist() == [True, False, True, False]


def listed(length: int) -> SparseMarkovChain:
    rng = np.random.default_rng(5)
    successors = rng.integers(12, size=(12, 3))
    return SparseMarkovChain(
        np.full(12, 1 / 12), successors, np.full((12, 3), 0.3), np.full(12, 1 / 12), length
    )


NAMED: dict[str, Callable[[], Oracle]] = {
    "messages on the device": lambda: zoo.topic_hmm(8),
    "transition powers": lambda: zoo.golden_mean(8),
    "transition powers for near tokens": lambda: listed(8),
    "plain": lambda: NGram(np.full((2, 2), "1/4"), np.full((2, 2, 2), "1/2"), 8),
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("way", NAMED)
def test_requests(way: str, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse_chain, "DEVICE_ENTRIES", 4 * 12**2)  # gaps of 4 and more take the plain path
    law = NAMED[way]()
    here, there = law.to("float64"), law.to("float64", device=device)
    assert way.startswith(there.explain(5).name)
    rng = np.random.default_rng(4)
    patterns = half_masked(law, 12, rng).reshape(3, 4, 8)
    patterns[0, 0] = law.mask
    patterns[0, 1, 1:7] = law.mask
    for positions in (
        None,
        [0],
        [7, 0, 0],
        [],
        np.ones(patterns.shape, dtype=bool),
        rng.random(patterns.shape) < 0.4,
    ):
        expected = here.conditionals(patterns, positions)
        out = torch.empty(expected.shape, dtype=torch.float64, device=device)
        for given_patterns in (patterns, torch.as_tensor(patterns, device=device), torch.as_tensor(patterns)):
            found = there.conditionals(given_patterns, positions)
            assert found.device.type == device
            np.testing.assert_allclose(found.cpu().numpy(), expected.numpy(), rtol=0, atol=1e-12)
            assert there.conditionals(given_patterns, positions, out=out) is out
            assert torch.equal(out.cpu(), found.cpu())


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("way", NAMED)
def test_patterns_of_any_integer_type_and_order_in_memory(way: str, device: str) -> None:
    law = NAMED[way]()
    here, there = law.to("float64"), law.to("float64", device=device)
    patterns = half_masked(law, 3, np.random.default_rng(8))
    expected = here.conditionals(patterns)
    given_patterns = torch.as_tensor(patterns, device=device)
    for kind in (torch.uint8, torch.int8, torch.int16, torch.int32):
        assert torch.equal(there.conditionals(given_patterns.to(kind)), there.conditionals(given_patterns))
    turned = given_patterns.T.contiguous().T  # a column at a time
    np.testing.assert_allclose(there.conditionals(turned).cpu().numpy(), expected.numpy(), rtol=0, atol=1e-12)
    with pytest.raises(ValueError, match=r"^patterns: expected entries in 0\.\."):
        there.conditionals(torch.full((1, 8), law.mask + 1, dtype=torch.uint8, device=device))


@pytest.mark.parametrize("device", ["cpu", *DEVICES])
@pytest.mark.parametrize("way", NAMED)
def test_entries_are_chosen_by_tensors_too(way: str, device: str) -> None:
    law = NAMED[way]().to("float64", device=device)
    patterns = half_masked(law.to("float64", device="cpu"), 6, np.random.default_rng(9)).reshape(2, 3, 8)
    chosen = patterns == law.mask
    expected = law.conditionals(patterns, chosen)
    for positions in (torch.as_tensor(chosen), torch.as_tensor(chosen, device=device)):
        for given_patterns in (patterns, torch.as_tensor(patterns, device=device)):
            assert torch.equal(law.conditionals(given_patterns, positions), expected)
    with pytest.raises(ValueError, match=r"^positions: expected a Boolean array of shape \(2, 3, 8\)"):
        law.conditionals(patterns, torch.as_tensor(chosen[0], device=device))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("way", NAMED)
def test_requests_that_cannot_be_answered(way: str, device: str) -> None:
    law = NAMED[way]()
    here, there = law.to("float64"), law.to("float64", device=device)
    wrong = torch.full((2, 8), law.mask + 1, device=device)
    for patterns in (wrong, -wrong, wrong[:, 1:], wrong.double(), wrong > 0, wrong[0, 0]):
        with pytest.raises(ValueError, match=r"^patterns: expected") as raised:
            there.conditionals(patterns)
        with pytest.raises(ValueError, match=r"^patterns: expected") as same:
            here.conditionals(patterns.cpu())
        assert str(raised.value) == str(same.value)
    assert there.conditionals(wrong[:0]).shape == (0, 8, law.vocab_size)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("positions", [None, [], [3]])
def test_impossible_patterns_are_named(device: str, positions: Any) -> None:
    for law in (zoo.golden_mean(5), HMM([1, 0], [[0, 1], [1, 0]], [[1, 0], [0, 1]], 5)):
        there = law.to("float64", device=device)
        patterns = np.array([[0, 2, 2, 2, 2], [0, 2, 1, 1, 2]])
        with pytest.raises(ValueError, match=r"\[0, 2, 1, 1, 2\] \(row 1\) of probability zero$"):
            there.conditionals(patterns, positions)


@pytest.mark.parametrize("device", DEVICES)
def test_what_underflows_goes_the_plain_way(device: str) -> None:
    tiny = 1e-35  # a float32 holds it, products of two it does not
    emission = np.array([[1 - tiny, tiny], [0.5, 0.5]], dtype=np.float32)
    law = HMM(np.float32([0.5, 0.5]), np.eye(2, dtype=np.float32), emission, 4)
    chain = MarkovChain(np.float32([0.5, 0.5]), np.float32([[1 - tiny, tiny], [tiny, 1 - tiny]]), 4)
    for q in (law, chain):
        patterns = [[1, 1, 1, 2], [0, 1, 2, 2], [0, 1, 2, 0]]
        expected = q.conditionals(patterns)
        found = q.to("float32", device=device).conditionals(patterns)
        np.testing.assert_allclose(found.cpu().numpy(), expected.numpy(), rtol=0, atol=1e-6)


def test_budgets() -> None:
    assert room_for(zoo.golden_mean(3).arithmetic) == budget()
    assert room_for(zoo.golden_mean(3).to("float32", device=DEVICE).arithmetic) == budget()
    if torch.cuda.is_available():
        room = room_for(zoo.golden_mean(3).to("float32", device="cuda").arithmetic)
        assert room == int(0.75 * torch.cuda.get_device_properties(0).total_memory)


def test_a_gpu_has_a_budget_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    system = zoo.golden_mean(3).to("float32").arithmetic
    monkeypatch.setattr(system, "device", torch.device("cuda", 1))
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda device: SimpleNamespace(total_memory=1000 * device.index)
    )
    assert room_for(system) == 750


CUDA = torch.device("cuda", 3)


@pytest.fixture
def imagined_gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """What Triton and torch would say of a GPU; tests change it."""
    pytest.importorskip("triton")
    from triton.runtime import driver

    answers = SimpleNamespace(capability=(9, 0), get_current_target=lambda: None)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: answers.capability)
    monkeypatch.setattr(driver, "_active", answers)
    selection._works.cache_clear()
    yield answers
    selection._works.cache_clear()


def test_triton_serves_on_a_gpu_with_units_for_float64(imagined_gpu: SimpleNamespace) -> None:
    assert selection.fused(CUDA) is triton_passes()
    assert selection.fused(torch.device("cpu")) is None
    selection._works.cache_clear()
    imagined_gpu.capability = (7, 5)
    assert selection.fused(CUDA) is None


def test_without_a_compiler_the_passes_in_torch_serve(imagined_gpu: SimpleNamespace) -> None:
    def search() -> None:
        raise RuntimeError("Failed to find C compiler")

    imagined_gpu.get_current_target = search
    with pytest.warns(UserWarning, match=r"^Triton cannot start kernels here \(Failed to find C compiler\)"):
        assert selection.fused(CUDA) is None
    assert selection.fused(CUDA) is None  # said once
