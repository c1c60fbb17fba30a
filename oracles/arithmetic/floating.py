"""float32 and float64 on torch tensors, on the CPU or a GPU."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from oracles.arithmetic.base import Arithmetic, plain
from oracles.arithmetic.object_arrays import elementwise

LEAST_DRAWN = 2**17
"""Fewest weights for which it pays to load a kernel that draws."""

_DTYPES = {"float32": torch.float32, "float64": torch.float64}


def _usable(device: str | torch.device, dtype: torch.dtype) -> torch.device:
    """The device, once a number has been written to it and read back."""
    try:
        torch.zeros(1, dtype=dtype, device=device).tolist()
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"device: expected one that holds {dtype} here, got {device!r} ({reason})"
        ) from error
    return torch.device(device)


def _rounded(value: Any) -> float:
    value = Fraction(value) if isinstance(value, str) else value
    number = float(value)
    if number == 0 and not value == 0:
        raise ValueError(f"{value} is not zero, but a float64 would make it so")
    return number


def _refuse_underflow(wide: torch.Tensor, narrow: torch.Tensor) -> None:
    lost = (narrow == 0) & (wide != 0)
    if bool(lost.any()):
        raise ValueError(f"{wide[lost][0].item()} is not zero, but a float32 would make it so")


class FloatArithmetic(Arithmetic):
    """Floating point of one precision on one device; `rescale` keeps long products in range."""

    def __init__(self, name: str, device: str | torch.device = "cpu") -> None:
        self.name = name
        self.dtype = _DTYPES[name]
        self.device = _usable(device, self.dtype)

    @property
    def guarantee(self) -> str:
        return f"{self.name} rounding"

    @contextmanager
    def context(self) -> Iterator[None]:
        """All digits of float32 in products, also where torch may take TF32 or bfloat16 for networks."""
        allowed = torch.get_float32_matmul_precision()
        if self.name == "float64" or allowed == "highest":
            yield
            return
        torch.set_float32_matmul_precision("highest")
        try:
            yield
        finally:
            torch.set_float32_matmul_precision(allowed)

    @property
    def logs(self) -> FloatArithmetic:
        return self

    def array(self, values: Any) -> torch.Tensor:
        # A copy in any case: a law does not change when the user's own array does.
        if isinstance(values, torch.Tensor):
            wide = values.detach().clone()
        elif isinstance(values, np.ndarray) and values.dtype != object:
            wide = torch.as_tensor(values.copy())
        else:
            wide = torch.as_tensor(elementwise(_rounded, plain(values), dtype=np.float64))
        if wide.dtype == torch.bool or wide.is_complex():
            raise TypeError(f"expected real numbers, got {wide.dtype}")
        out = wide.to(dtype=self.dtype, device=self.device)
        if wide.dtype == torch.float64 and self.dtype == torch.float32:
            _refuse_underflow(wide, out.to(wide.device))
        return out

    def zeros(self, *shape: int) -> torch.Tensor:
        return torch.zeros(shape, dtype=self.dtype, device=self.device)

    def ones(self, *shape: int) -> torch.Tensor:
        return torch.ones(shape, dtype=self.dtype, device=self.device)

    def index(self, integers: NDArray[np.int64]) -> torch.Tensor:
        return self._moved(integers)

    def _moved(self, values: NDArray[Any]) -> torch.Tensor:
        # Torch takes no reversed or read-only views, as slices and broadcasts are.
        return torch.as_tensor(np.array(values, order="C"), device=self.device)

    def stack(self, arrays: Sequence[torch.Tensor], axis: int = 0) -> torch.Tensor:
        return torch.stack(list(arrays), axis)

    def concat(self, arrays: Sequence[torch.Tensor], axis: int = 0) -> torch.Tensor:
        return torch.concat(list(arrays), axis)

    def permute(self, array: torch.Tensor, axes: Sequence[int]) -> torch.Tensor:
        return array.permute(*axes)

    def matmul(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        return left @ right

    def sum(self, values: torch.Tensor, axis: int | tuple[int, ...]) -> torch.Tensor:
        # To torch, no axes means all of them.
        return values.sum(axis) if axis != () else values

    def scatter_sum(
        self, values: torch.Tensor, index: NDArray[np.int64], terms: torch.Tensor
    ) -> torch.Tensor:
        return values.index_add(0, self._moved(index), terms)

    def where(self, mask: NDArray[np.bool_], yes: torch.Tensor, no: torch.Tensor) -> torch.Tensor:
        return torch.where(self._moved(mask), yes, no)

    def divide(self, numerator: torch.Tensor, denominator: torch.Tensor) -> torch.Tensor:
        if bool((denominator == 0).any()):
            raise ZeroDivisionError("division by zero in a float array")
        return numerator / denominator

    def power(self, values: torch.Tensor, exponent: Fraction) -> torch.Tensor:
        raised = values ** float(exponent)
        if bool(((raised == 0) & (values != 0)).any()):
            smallest = float(values[values != 0].min())
            raise ArithmeticError(
                f"{smallest:.3g} to the power {float(exponent):.6g} underflows in {self.name}"
            )
        return raised

    def is_zero(self, values: torch.Tensor) -> NDArray[np.bool_]:
        return (values == 0).cpu().numpy()

    def log2(self, values: torch.Tensor) -> torch.Tensor:
        return torch.log2(values)

    def ln(self, values: torch.Tensor) -> torch.Tensor:
        return torch.log(values)

    def plogp(self, values: torch.Tensor) -> torch.Tensor:
        return torch.special.entr(values) / np.log(2.0)

    def element(self, value: torch.Tensor) -> float:
        return float(value)

    def tolist(self, values: torch.Tensor) -> Any:
        return values.tolist()

    def draw(self, weights: torch.Tensor, rng: np.random.Generator) -> NDArray[np.int64]:
        if self.device.type == "cpu" and weights.numel() >= LEAST_DRAWN:
            return self._compiled_draw(weights, rng)
        cumulative = weights.double().cumsum(-1)
        if bool((cumulative[:, -1] == 0).any()):
            raise ZeroDivisionError("cannot draw from weights that sum to zero")
        uniform = torch.as_tensor(rng.random(cumulative.shape[0]), device=self.device)
        point = uniform * cumulative[:, -1]
        chosen = torch.searchsorted(cumulative, point[:, None], right=True)[:, 0]
        # Rounding may carry `point` up to the total itself: fall back to the last index of positive weight.
        last = cumulative.shape[1] - 1 - (weights > 0).flip(-1).to(torch.uint8).argmax(-1)
        return torch.minimum(chosen, last).cpu().numpy()

    def _compiled_draw(self, weights: torch.Tensor, rng: np.random.Generator) -> NDArray[np.int64]:
        from oracles.kernels.choices import choose

        chosen = choose(weights.numpy(), rng.random(len(weights)))
        if (chosen < 0).any():
            raise ZeroDivisionError("cannot draw from weights that sum to zero")
        return chosen

    def rescale(self, messages: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        largest = messages.amax(-1, keepdim=True)
        _, exponents = torch.frexp(largest)
        scaled = torch.ldexp(messages, -exponents)
        kept = torch.where(largest < torch.finfo(self.dtype).tiny, torch.zeros_like(scaled), scaled)
        # The exponents stay beside the messages: a GPU would have to be waited for.
        return kept, exponents[:, 0].long()

    def unscale(self, values: torch.Tensor, exponents: torch.Tensor | int) -> torch.Tensor:
        powers = np.asarray(exponents if isinstance(exponents, int) else exponents.cpu())
        scaled = np.ldexp(values.double().cpu().numpy(), np.maximum(powers, -2000))
        return torch.as_tensor(scaled).to(dtype=self.dtype, device=self.device)
