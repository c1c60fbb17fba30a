"""Where bfloat16 and compilation are used by default."""

from typing import Any

import pytest
import torch

from theory.neural import ModelShape, TrainingPlan, speedups
from theory.neural.layers import Attention, rotation

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize(
    ("width", "device", "tiles", "expected"),
    [
        (64, CPU, True, True),
        (64, CPU, False, False),
        (32, CPU, True, False),
        (256, CUDA, False, True),
        (128, CUDA, True, False),
        (512, torch.device("meta"), True, False),
    ],
)
def test_bfloat16(
    width: int, device: torch.device, tiles: bool, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": tiles}, raising=False)
    assert speedups.mixing_pays(ModelShape(2, 3, width=width), device) is expected


def test_a_processor_that_torch_says_nothing_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict, raising=False)
    assert not speedups.mixing_pays(ModelShape(2, 3, width=512), CPU)
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert not speedups.mixing_pays(ModelShape(2, 3, width=512), CPU)


@pytest.mark.parametrize(
    ("steps", "length", "device", "works", "expected"),
    [
        (5000, 10, CPU, True, True),
        (4999, 10, CPU, True, False),
        (5000, 9, CPU, True, False),
        (5000, 10, CPU, False, False),
        (1999, 512, torch.device("meta"), True, False),
        (2000, 2, torch.device("meta"), True, True),
    ],
)
def test_compilation(
    steps: int,
    length: int,
    device: torch.device,
    works: bool,
    expected: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def compile(function: Any) -> Any:
        def compiled(argument: Any) -> Any:
            if not works:
                raise RuntimeError("no compiler of C++")
            return function(argument)

        return compiled

    monkeypatch.setattr(torch, "compile", compile)
    shape, plan = ModelShape(2, length), TrainingPlan(steps=steps, batch=100)
    assert speedups.compiling_pays(shape, plan, device) is expected


def test_attention_on_a_processor_is_never_in_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[torch.dtype] = []
    whole = torch.nn.functional.scaled_dot_product_attention

    def watched(
        queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, **options: Any
    ) -> torch.Tensor:
        answer = whole(queries, keys, values, **options)
        seen.extend(tensor.dtype for tensor in (queries, keys, values, answer))
        return answer

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", watched)
    layer, x = Attention(8, 2, causal=False), torch.randn(2, 3, 8)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = layer(x, rotation(3, 4))
    assert seen == [torch.float32] * 4
    assert mixed.dtype == torch.bfloat16
    assert torch.allclose(mixed.float(), layer(x, rotation(3, 4)), atol=0.02)
