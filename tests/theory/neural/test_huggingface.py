"""Masked language models of Hugging Face, tiny and randomly initialised, against calls of one sequence at a time."""

import copy
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from oracles import zoo
from oracles.patterns import all_patterns
from theory import TopK, sampler_law
from theory.denoisers import Ideal
from theory.neural.huggingface import HuggingFace
from theory.neural.oracle_model import OracleModel
from theory.neural.token_maps import TokenMap

transformers = pytest.importorskip("transformers")

# Older versions use parts of torch that newer ones deprecate.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

VOCAB, PAD = 24, 0
FAMILIES = ["Bert", "Roberta", "ModernBert"]
IDS = TokenMap([7, 19], 4, [5, 11], [6])
ERROR = 1e-5
"""How far float32 models may be from themselves in batches of another shape."""


@cache
def model(family: str, longest: int = 16) -> Any:
    """A model of two layers, with weights so large that it looks at everything; the same in every version."""
    config = getattr(transformers, f"{family}Config")(
        vocab_size=VOCAB,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=longest,
        pad_token_id=PAD,
        bos_token_id=1,
        eos_token_id=2,
        cls_token_id=1,
        sep_token_id=2,
    )
    made = getattr(transformers, f"{family}ForMaskedLM")(config)
    chance = torch.Generator().manual_seed(3)
    for _, weights in sorted(made.named_parameters()):
        if weights.ndim == 2:
            torch.nn.init.normal_(weights, std=0.5, generator=chance)
    return made.eval()


def alone(family: str, ids: list[int], padding: int = 0) -> Any:
    """The logits of one sequence, with padding behind it that is not attended to, `[T, W]`."""
    row = torch.tensor([ids + [PAD] * padding])
    attended = torch.tensor([[1] * len(ids) + [0] * padding])
    with torch.no_grad():
        return model(family)(row, attention_mask=attended).logits[0, : len(ids)].double()


def encoded(row: list[int], ids: TokenMap) -> list[int]:
    return [*ids.prefix, *((*ids.tokens, ids.mask)[v] for v in row), *ids.suffix]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("padding", [0, 3])
def test_answers_are_those_of_one_sequence_at_a_time(family: str, padding: int) -> None:
    q = zoo.golden_mean(3).to("float64")
    every = all_patterns(2, 3)
    denoiser = HuggingFace(q, model(family), IDS, batch=10)
    found, outside = denoiser(every), []
    for row, laws in zip(every.tolist(), found, strict=True):
        scores = alone(family, encoded(row, IDS), padding)
        for i, token in enumerate(row):
            law = scores[2 + i, [7, 19]].softmax(-1)
            if token != q.mask:
                law = torch.tensor([float(v == token) for v in range(2)])
            else:
                everything = scores[2 + i].softmax(-1)
                kept, mask = everything[[7, 19]].sum(), everything[4]
                outside.append([mask, (1 - kept - mask) / (1 - mask)])
            np.testing.assert_allclose(laws[i], law, atol=ERROR)
    shares = np.array(outside)
    expected = (len(shares), *shares.mean(axis=0), shares[:, 1].max())
    np.testing.assert_allclose(denoiser.left_out, expected, atol=ERROR)
    # The model is no constant, or all of this would show nothing.
    assert found[..., 0].std() > 0.05


@pytest.mark.parametrize("family", FAMILIES)
def test_another_map_of_the_vocabulary_permutes_the_answers(family: str) -> None:
    q = zoo.noisy_cycle(3, size=3).to("float64")
    order = [2, 0, 1]
    ids = [7, 19, 12]
    one = HuggingFace(q, model(family), TokenMap(ids, 4))
    other = HuggingFace(q, model(family), TokenMap([ids[v] for v in order], 4))
    every = all_patterns(3, 3)
    renamed = np.array([*order, 3])[every]  # what `one` must be asked for the same ids
    np.testing.assert_allclose(other(every), one(renamed)[..., order], atol=ERROR)
    assert (one(every) - other(every)).abs().max() > 0.05


@pytest.mark.parametrize("family", FAMILIES)
def test_what_surrounds_a_sequence_is_seen_and_moves_it(family: str) -> None:
    q = zoo.golden_mean(3).to("float64")
    masked = [q.all_masked()]
    found = [
        HuggingFace(q, model(family), TokenMap([7, 19], 4, prefix))(masked) for prefix in ([], [5], [11])
    ]
    for prefix, laws in zip(([], [5], [11]), found, strict=True):
        scores = alone(family, [*prefix, 4, 4, 4])[len(prefix) :]
        np.testing.assert_allclose(laws[0], scores[:, [7, 19]].softmax(-1), atol=ERROR)
    for one, other in pairwise(found):
        assert (one.log() - other.log()).abs().max() > 0.01


def test_exact_laws_take_it() -> None:
    q = zoo.golden_mean(3).to("float64")
    law = sampler_law(q, TopK(1), HuggingFace(q, model("Bert"), IDS))
    assert float(law.table().sum()) == pytest.approx(1)
    assert law.notes == ("a model's law restricted to the tokens of the oracle",)


def test_the_oracle_itself_is_such_a_model() -> None:
    q = zoo.golden_mean(3).to("float64")
    every = all_patterns(2, 3)
    found = HuggingFace(q, OracleModel(q).eval(), TokenMap.plain(2))(every)
    np.testing.assert_allclose(found, Ideal(q)(every), atol=1e-12)


@pytest.mark.parametrize(("family", "longest"), [("Bert", 6), ("ModernBert", 6), ("Roberta", 7)])
def test_sequences_as_long_as_it_takes(family: str, longest: int) -> None:
    """RoBERTa counts positions from the one after its padding, 1 in all."""
    fits, longer = (zoo.golden_mean(length).to("float64") for length in (3, 4))
    HuggingFace(fits, model(family, longest), IDS)([fits.all_masked()])
    with pytest.raises(ValueError, match="model: expected one of at least 7 positions, got one of 6"):
        HuggingFace(longer, model(family, longest), IDS)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (TokenMap([7, 24], 4), "ids: expected ids below 24, got 24"),
        (TokenMap([7, 8], 99), "ids: expected ids below 24, got 99"),
        (TokenMap([7, 0], 4), "ids: expected none that the model takes for padding, got 0"),
        (TokenMap([7, 8], 4, [0]), "ids: expected none that the model takes for padding, got 0"),
        (TokenMap([7, 8, 9], 4), "ids: expected those of V=2 tokens, got 3"),
    ],
)
def test_bad_maps(ids: TokenMap, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HuggingFace(zoo.golden_mean(3).to("float64"), model("Bert"), ids)


def test_a_model_in_training_answers_as_in_evaluation_and_goes_on_training() -> None:
    q = zoo.golden_mean(3).to("float64")
    trained = copy.deepcopy(model("Bert")).train()
    trained.cls.eval()
    modes = [layer.training for layer in trained.modules()]
    every = all_patterns(2, 3)
    np.testing.assert_allclose(
        HuggingFace(q, trained, IDS)(every), HuggingFace(q, model("Bert"), IDS)(every), atol=ERROR
    )
    assert [layer.training for layer in trained.modules()] == modes
    assert {True, False} == set(modes)
