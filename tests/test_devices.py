"""Float laws on any device answer what they answer on the CPU; one that every machine pretends to have shows it."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

import oracles.arithmetic.floating
import oracles.background
import oracles.kernels.path
import oracles.sparse_chain
from oracles import HMM, MarkovChain, zoo
from oracles.oracle import Oracle
from tests.float_answers import LAWS, law_answers, sampler_answers
from tests.pretend_device import DEVICE, Pretended
from theory import IID, explain, sequence_error_rate

DEVICES = [DEVICE, *(["cuda"] if torch.cuda.is_available() else [])]
TOLERANCE = {"float32": 1e-5, "float64": 1e-11}


@pytest.fixture(autouse=True)
def kernels_at_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compiled for the CPU would be taken here too if nobody looked at the device."""
    for module in (oracles.kernels.path, oracles.background, oracles.sparse_chain):
        monkeypatch.setattr(module, "LEAST_WORK", 0)
    monkeypatch.setattr(oracles.arithmetic.floating, "LEAST_DRAWN", 0)


def close(left: Any, right: Any, tolerance: float) -> bool:
    """Whether nested lists agree; seeds give the same samples wherever they are drawn."""
    if isinstance(left, list):
        return len(left) == len(right) and all(
            close(a, b, tolerance) for a, b in zip(left, right, strict=True)
        )
    return bool(np.isclose(left, right, rtol=tolerance, atol=tolerance / 100))


def moved(law: Oracle, device: str) -> Oracle:
    other = law.to(law.arithmetic.name, device=device)
    assert other.conditionals(other.all_masked()).device.type == device
    return other


def agree(here: Iterator[tuple[str, Any]], there: Iterator[tuple[str, Any]], tolerance: float) -> None:
    for (asked, left), (_, right) in zip(here, there, strict=True):
        assert close(left, right, tolerance), asked


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", LAWS)
def test_laws(name: str, device: str) -> None:
    law = LAWS[name]()
    agree(law_answers(law), law_answers(moved(law, device)), TOLERANCE[law.arithmetic.name])


@pytest.mark.parametrize("device", DEVICES)
def test_samplers(device: str) -> None:
    law = LAWS["chain"]().marginal(range(2))
    agree(sampler_answers(law), sampler_answers(moved(law, device)), 1e-11)


@pytest.mark.parametrize("device", DEVICES)
def test_parameters_bring_their_device(device: str) -> None:
    halves = torch.full((2,), 0.5, dtype=torch.float64, device=device)
    chain = MarkovChain(halves, torch.full((2, 2), 0.5, dtype=torch.float64, device=device), 4)
    mixed = HMM(halves, [[0.5, 0.5], [0.5, 0.5]], torch.full((2, 2), 0.5, device=device), 4)
    for law in (chain, mixed, mixed.to("float32", device=device)):
        assert law.joint().device.type == device
        assert law.joint().reshape(-1).tolist() == pytest.approx([1 / 16] * 16)
    assert float(chain.to("float64").probability([0, 2, 2, 2])) == 0.5
    assert chain.to("float64").arithmetic.device.type == "cpu"
    assert chain.to("exact", rationalise=4).probability([0, 1, 2, 2]) == Fraction(1, 4)


@pytest.mark.parametrize("device", DEVICES)
def test_buffers_and_patterns_on_the_device(device: str) -> None:
    for law in (zoo.golden_mean(6), zoo.topic_hmm(6)):
        here = law.to("float64")
        there = moved(here, device)
        patterns = here.sample(7, seed=0)
        patterns[:, [1, 2, 4]] = law.mask
        expected = here.conditionals(patterns)
        out = torch.full(expected.shape, torch.nan, dtype=torch.float64, device=device)
        assert there.conditionals(torch.as_tensor(patterns, device=device), out=out) is out
        assert close(out.tolist(), expected.tolist(), 1e-12)
        with pytest.raises(ValueError, match=r"^out: expected a contiguous tensor .* on " + device):
            there.conditionals(patterns, out=torch.empty(expected.shape, dtype=torch.float64))


@pytest.mark.parametrize(
    "operate", [torch.Tensor.numpy, np.asarray, lambda x: x + torch.ones(3), lambda x: x[torch.ones(3) > 0]]
)
def test_the_pretended_device_is_far_from_the_cpu(operate: Any) -> None:
    with pytest.raises((RuntimeError, TypeError)):
        operate(torch.zeros(3, device=DEVICE))


def test_the_pretended_device_computes() -> None:
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], device=DEVICE)
    assert isinstance(x, Pretended)
    assert x.device.type == DEVICE
    assert (x @ x.T + torch.ones(()))[0, 1].item() == 12
    view = x[:, 1]
    view += 1
    assert x.cpu().tolist() == x.tolist() == [[1, 3], [3, 5]]
    x[0] = torch.eye(2, device=DEVICE)[1]
    assert x.reshape(-1).tolist() == [0, 1, 3, 5]


@pytest.mark.parametrize("device", DEVICES)
def test_devices_take_on_longer_gap_recursions(device: str) -> None:
    step = np.full((8, 8), 1 / 7)
    np.fill_diagonal(step, 0)
    law = MarkovChain(np.full(8, 1 / 8), step, 512).to("float64")
    assert gaps(law) == ["2.1e+12 multiplications (at most 2e+12)", "too large"]
    assert gaps(law.to("float64", device=device)) == ["2.1e+12 multiplications (at most 2e+13)", "<- taken"]


@pytest.mark.parametrize("device", DEVICES)
def test_products_of_float32_keep_their_digits(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed, product = [], oracles.arithmetic.floating.FloatArithmetic.matmul

    def watched(*operands: Any) -> Any:
        allowed.append(torch.get_float32_matmul_precision())
        return product(*operands)

    monkeypatch.setattr(oracles.arithmetic.floating.FloatArithmetic, "matmul", watched)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")  # as one does for a network
    try:
        law = zoo.golden_mean(9).to("float32", device=device)
        float(sequence_error_rate(law, IID.uniform(3), method="gaps"))
        float(law.entropy())
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)
    assert set(allowed) == {"highest"}


def gaps(law: Oracle) -> list[str]:
    """What `explain` says of the gap recursion for error rates: its cost, and whether it is taken."""
    [line] = [
        line for line in explain(law, IID.uniform(64)).splitlines() if line.split()[:2] == ["SER", "gaps"]
    ]
    return [part.strip() for part in line.split("  ") if part.strip()][2:]
