"""The suite would pass as well with no annotation checked: show that they are."""

from typing import Any

import pytest
from jaxtyping import TypeCheckError

from oracles import MarkovChain, uniform_on


def test_a_wrong_type_is_caught() -> None:
    wrong: Any = "two"
    with pytest.raises(TypeCheckError, match="vocab_size"):
        uniform_on(["01"], vocab_size=wrong)


def test_a_method_that_returns_self_is_still_checked() -> None:
    wrong: Any = "fifty"
    with pytest.raises(TypeCheckError, match="bits"):
        MarkovChain([1], [[1]], length=1).to("ball", bits=wrong)
