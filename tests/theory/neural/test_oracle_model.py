"""The oracle as a model: its logits, in the conventions of the families of networks."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import Oracle, zoo
from oracles.patterns import all_patterns
from oracles.testing import oracles, patterns
from tests.theory import brute_force
from tests.theory.cases import as_law
from theory.denoisers import Ideal, Perturbed
from theory.neural.oracle_model import OracleModel
from theory.neural.remote import Remote
from theory.neural.token_maps import TokenMap


@pytest.mark.parametrize("name", ["float64", "float32"])
@settings(max_examples=40)
@given(data=st.data())
def test_logits_are_logarithms_of_conditionals(name: str, data: st.DataObject) -> None:
    q, with_mask = data.draw(oracles()), data.draw(st.booleans())
    batch = data.draw(st.lists(patterns(q), min_size=1, max_size=3))
    twin = brute_force.ideal(as_law(q), q.vocab_size)
    model = OracleModel(q.to(name), mask_logit=with_mask)
    found = model(torch.tensor(batch)).logits
    assert (found.dtype, found.shape) == (model.dtype, (len(batch), q.length, q.vocab_size + with_mask))
    for row, scores in zip(batch, found.tolist(), strict=True):
        context = frozenset((i, v) for i, v in enumerate(row) if v != q.mask)
        for i, token in enumerate(row):
            law = [float(v == token) for v in range(q.vocab_size)]
            if token == q.mask:
                law = [float(p) for p in twin(context, i)]
            law += [0.0] * with_mask
            for score, p in zip(scores[i], law, strict=True):
                assert (score == -math.inf) == (p == 0)
                assert math.isclose(math.exp(score), p, rel_tol=1e-12 if name == "float64" else 1e-4)


@settings(max_examples=30)
@given(data=st.data())
def test_through_a_function_the_ideal_denoiser_comes_back(data: st.DataObject) -> None:
    q = data.draw(oracles(max_length=3)).to("float64")
    every = all_patterns(q.vocab_size, q.length)
    model = OracleModel(q, mask_logit=data.draw(st.booleans()))
    np.testing.assert_allclose(Remote(q, model)(every), Ideal(q)(every), rtol=0, atol=1e-12)
    as_logs = Remote(q, lambda ids: model.logits(ids).numpy(), output="log-probabilities")
    np.testing.assert_allclose(as_logs(every), Ideal(q)(every), rtol=0, atol=1e-12)


def test_it_comes_back_from_another_numbering_and_place() -> None:
    """A model with a prefix, a suffix, shifted logits and ids of its own."""
    q = zoo.golden_mean(3).to("float64")
    ids, model = TokenMap([5, 3], 1, [0, 4], [2]), OracleModel(q, mask_logit=False)

    def elsewhere(asked: torch.Tensor) -> torch.Tensor:
        assert (asked[:, :2] == torch.tensor([0, 4])).all()
        assert (asked[:, 5:] == 2).all()
        own = torch.full((6,), -1)
        own[[5, 3, 1]] = torch.arange(3)
        found = torch.full((*asked.shape, 6), -math.inf, dtype=torch.float64)
        found[:, 1:4, [5, 3]] = model.logits(own[asked[:, 2:5]])  # of positions 2..4, one place before
        return found

    every = all_patterns(2, 3)
    denoiser = Remote(q, elsewhere, ids, shifted=True)
    np.testing.assert_allclose(denoiser(every), Ideal(q)(every), rtol=0, atol=1e-12)
    assert denoiser.left_out[1:] == (0, 0, 0)


def test_other_denoisers_and_functions_are_models_too() -> None:
    q = zoo.golden_mean(2).to("float64")
    careless = OracleModel(q, Perturbed(Ideal(q), 0.25))
    assert careless(torch.tensor([[1, 2]])).logits[0, 1].exp().tolist() == pytest.approx([0.875, 0.125, 0])
    flat = OracleModel(q, lambda rows: np.full((*rows.shape, 2), 0.5))
    assert flat.logits([[2, 2]])[0, 0].exp().tolist() == pytest.approx([0.5, 0.5, 0])


def test_it_is_called_as_other_models_are() -> None:
    q = zoo.golden_mean(2).to("float32")
    model = OracleModel(q).eval()
    ids = torch.tensor([[2, 2], [1, 2]])
    found = model(ids, attention_mask=torch.ones_like(ids), timesteps=torch.zeros(2), use_cache=False)
    torch.testing.assert_close(found.logits, model(input_ids=ids, sigma=torch.zeros(2)).logits)
    torch.testing.assert_close(found[0], model.logits(ids))
    assert (model.device, model.dtype) == (torch.device("cpu"), torch.float32)
    assert found["logits"] is found.logits
    weight = next(model.parameters())
    assert (weight.device, weight.dtype, weight.numel()) == (model.device, model.dtype, 0)
    assert not found.logits.requires_grad
    assert not weight.requires_grad
    torch.testing.assert_close(model(ids, "full", None).logits, found.logits)  # as Dream is
    torch.testing.assert_close(model.backbone()(ids, torch.zeros(2)), found.logits)  # as networks of MDLM are


@settings(max_examples=40)
@given(data=st.data())
def test_any_numbering_and_place_comes_back_through_a_function(data: st.DataObject) -> None:
    q = data.draw(oracles(max_length=3)).to("float64")
    known = data.draw(st.permutations(range(q.vocab_size + 4)))
    side = st.lists(st.integers(0, q.vocab_size + 5), max_size=2)
    ids = TokenMap(known[: q.vocab_size], known[q.vocab_size], data.draw(side), data.draw(side))
    shifted = bool(ids.prefix) and data.draw(st.booleans())
    options: dict[str, Any] = {"mask_logit": data.draw(st.booleans())}
    if data.draw(st.booleans()):
        options["impossible"] = -1e6
    model = OracleModel(q, ids=ids, shifted=shifted, **options)
    every = all_patterns(q.vocab_size, q.length)
    denoiser = Remote(q, model, ids, shifted=shifted)
    np.testing.assert_allclose(denoiser(every), Ideal(q)(every), rtol=0, atol=1e-12)
    assert denoiser.left_out[1:] == (0, 0, 0)


def test_every_place_has_its_row() -> None:
    q = zoo.golden_mean(2).to("float64")
    ids, low = TokenMap([4, 2], 5, [1], [0, 3]), -1e6
    asked = torch.tensor([[1, 2, 5, 0, 3]])  # 1 at the first position, so that 0 follows
    rows = {1: [low, 0, low, low, low, low], 0: [0, *[low] * 5], 3: [*[low] * 3, 0, low, low]}
    token = {0: [*[low] * 4, 0, low], 1: [low, low, 0, low, low, low]}
    expected = [rows[1], token[1], token[0], rows[0], rows[3]]
    assert OracleModel(q, ids=ids, impossible=low)(asked).logits.tolist() == [expected]
    shifted = OracleModel(q, ids=ids, impossible=low, shifted=True)
    assert shifted(asked).logits.tolist() == [[*expected[1:], [0] * 6]]
    without = OracleModel(q, ids=ids, impossible=low, mask_logit=False)
    assert without.logits(asked).tolist() == [[row[:5] for row in expected]]


def test_the_ids_of_large_vocabularies() -> None:
    """LLaDA's mask."""
    q = zoo.golden_mean(3).to("float32")
    model = OracleModel(q, ids=TokenMap([17, 4], 126_336))
    found = model(torch.tensor([[17, 126_336, 4]])).logits
    assert found.shape == (1, 3, 126_337)
    assert found[0, 1].argmax() == 17
    assert found.exp().sum(-1).tolist() == [[1, 1, 1]]


def test_a_first_token_is_given_where_logits_are_shifted() -> None:
    model = OracleModel(zoo.golden_mean(3).to("float64"), shifted=True)
    assert model.logits([[1, 2, 2]])[0, 0].exp().tolist() == pytest.approx([1, 0, 0])
    with pytest.raises(ValueError, match=r"input_ids: expected a first token, .* got a mask"):
        model.logits([[1, 2, 2], [2, 2, 2]])


Q: Oracle = zoo.golden_mean(3).to("float64")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: OracleModel(zoo.golden_mean(3)),
            "oracle: expected one in float32 or float64, got one in exact",
        ),
        (lambda: OracleModel(Q, Ideal(zoo.golden_mean(2).to("float64"))), "denoiser: expected V=2, L=3"),
        (
            lambda: OracleModel(Q)([2, 2, 2]),
            r"input_ids: expected a batch of sequences, got the leading shape",
        ),
        (lambda: OracleModel(Q)([[2, 2, 3]]), r"input_ids: expected entries in 0\.\.2, got 3"),
        (lambda: OracleModel(Q)([[2, 2]]), r"input_ids: expected last axis of length 3, got shape \(1, 2\)"),
        (
            lambda: OracleModel(Q)([[2, 2, 2]], attention_mask=torch.tensor([[1, 1, 0]])),
            'attention_mask: expected "full" or ones, .* got a zero',
        ),
        (
            lambda: OracleModel(Q)([[2, 2, 2]], "causal"),
            "attention_mask: expected \"full\" or ones, .* got 'causal'",
        ),
        (lambda: OracleModel(Q)(torch.tensor([[2, 2, 2]]), torch.zeros(1)), "a time goes by its name"),
        (lambda: OracleModel(Q, ids=TokenMap([0], 1)), "ids: expected those of V=2 tokens, got 1"),
        (lambda: OracleModel(Q, impossible=-10), "impossible: expected a logit of at most -1000, got -10"),
        (lambda: OracleModel(Q, impossible=math.nan), "impossible: expected a logit of at most -1000"),
        (
            lambda: OracleModel(Q, ids=TokenMap([5, 3], 1)).logits([[5, 4, 1]]),
            "input_ids: expected ids of tokens and masks, got 4",
        ),
        (
            lambda: OracleModel(Q, ids=TokenMap([0, 1], 2, [3])).logits([[1, 2, 2, 2]]),
            r"input_ids: expected the prefix \(3,\) in every sequence",
        ),
        (
            lambda: OracleModel(Q, ids=TokenMap([0, 1], 2, [], [3, 3])).logits([[2, 2, 2, 3, 0]]),
            r"input_ids: expected the suffix \(3, 3\) in every sequence",
        ),
    ],
)
def test_bad_input(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
