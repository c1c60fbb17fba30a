"""Number systems: floats, exact rationals, certified balls, symbols and Booleans behind one interface."""

from oracles.arithmetic.base import Arithmetic, Array, Scalar
from oracles.arithmetic.numbers import NAMES, arithmetic, convert, infer

__all__ = ["NAMES", "Arithmetic", "Array", "Scalar", "arithmetic", "convert", "infer"]
