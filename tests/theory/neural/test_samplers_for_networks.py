"""Samplers as they are written for networks, run on an oracle: what they draw follows laws that are known exactly.

Each is written out here in the conventions of a family: how it calls its network, what it expects back, and how it
chooses what to reveal.
"""

import math
from collections import Counter
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import torch

from oracles import Oracle, uniform_on, zoo
from tests.theory import brute_force
from tests.theory.cases import as_law
from theory import IID, LowConfidence, TopK, sampler_law
from theory.denoisers import Ideal
from theory.monte_carlo import clopper_pearson
from theory.neural import OracleModel, TokenMap

ERROR_PROBABILITY = 3e-8
"""Chance that one comparison of draws with a law fails although they agree; there are 21, with fixed seeds."""

DRAWS = 20_000

LAWS: dict[str, Oracle] = {
    "golden mean": zoo.golden_mean(4).to("float64"),
    "ABAB": uniform_on(["0101", "1010", "1100"], 2).to("float64"),
}


def check(drawn: torch.Tensor, vocab: int, law: Callable[[tuple[int, ...]], Any]) -> None:
    """Whether sequences `[n, L]` agree with a law, by exact intervals for all sequences."""
    counts, everything = (
        Counter(map(tuple, drawn.tolist())),
        list(product(range(vocab), repeat=drawn.shape[1])),
    )
    assert counts.keys() <= set(everything)
    for x in everything:
        low, high = clopper_pearson(counts[x], len(drawn), 1 - ERROR_PROBABILITY / len(everything))
        assert low - 1e-12 <= float(law(x)) <= high + 1e-12


def noise(seed: int = 5) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def gumbel_choice(scores: torch.Tensor, chance: torch.Generator) -> torch.Tensor:
    """A token of the law of every row of logits, as LLaDA draws it: argmax exp(l) / -ln u."""
    uniform = torch.rand(scores.shape, generator=chance, dtype=torch.float64)
    return (scores.double().exp() / -uniform.log()).argmax(-1)


# ------------------------------------------------------------------ LLaDA


def llada(
    model: Any,
    prompt: torch.Tensor,
    mask: int,
    *,
    length: int,
    block: int,
    sizes: list[int],
    remasking: str,
    guidance: float = 0.0,
    chance: torch.Generator,
) -> torch.Tensor:
    """Block by block: draw every masked token, keep those of the largest confidence, mask the others again.

    prompt: `[B, P]`; sizes: how many tokens each step of a block keeps.
    """
    start = prompt.shape[1]
    x = torch.full((len(prompt), start + length), mask, device=model.device)
    x[:, :start] = prompt
    given = x != mask
    for end in range(start + block, start + length + 1, block):
        for size in sizes:
            masked = x == mask
            if guidance:
                both = torch.cat([x, x.masked_fill(given, mask)])
                with_prompt, without = model(both).logits.chunk(2)
                scores = without + (guidance + 1) * (with_prompt - without)
            else:
                scores = model(x, attention_mask=torch.ones_like(x)).logits
            drawn = gumbel_choice(scores, chance)
            if remasking == "low confidence":
                confidence = scores.double().softmax(-1).gather(-1, drawn[..., None])[..., 0]
            else:
                confidence = torch.rand(x.shape, generator=chance, dtype=torch.float64)
            # Rounding decides no tie: it goes to the first position.
            confidence = confidence.round(decimals=9).masked_fill(~masked, -math.inf)
            confidence[:, end:] = -math.inf
            kept = confidence.argsort(dim=-1, descending=True, stable=True)[:, :size]
            x = x.scatter(1, kept, drawn.gather(1, kept))
    return x


@pytest.mark.parametrize("name", LAWS)
def test_llada_of_low_confidence(name: str) -> None:
    q = LAWS[name]
    options: dict[str, Any] = {"length": 4, "block": 4, "sizes": [2, 2], "remasking": "low confidence"}
    nothing = torch.zeros(DRAWS, 0, dtype=torch.int64)
    drawn = llada(OracleModel(q, mask_logit=False), nothing, q.mask, chance=noise(), **options)
    check(drawn, 2, sampler_law(q, LowConfidence(2)).probability)


@pytest.mark.parametrize("name", LAWS)
def test_llada_of_one_token_at_a_time_draws_the_law_itself(name: str) -> None:
    """In blocks, behind a prompt, and with ids of its own."""
    q, ids = LAWS[name], TokenMap([3, 7], 5)
    options: dict[str, Any] = {"length": 4, "block": 2, "sizes": [1, 1], "remasking": "random"}
    nothing = torch.zeros(DRAWS, 0, dtype=torch.int64)
    drawn = llada(OracleModel(q, ids=ids), nothing, 5, chance=noise(), **options)
    check((drawn == 7).long() + 9 * ((drawn != 7) & (drawn != 3)), 2, q.probability)
    prompt = torch.full((DRAWS, 1), 7)
    options |= {"length": 3, "block": 1, "sizes": [1]}
    drawn = llada(OracleModel(q, ids=ids), prompt, 5, chance=noise(), **options)
    first = float(q.probability([1, 2, 2, 2]))
    check((drawn == 7).long(), 2, lambda x: float(q.probability(x)) / first if x[0] else 0)


@pytest.mark.parametrize("name", LAWS)
def test_llada_with_guidance(name: str) -> None:
    """From left to right every token is drawn from c^(1+w) / u^w, normalised: c with the prompt, u without it."""
    q, scale = LAWS[name], 1.5
    prompt = torch.ones(DRAWS, 1, dtype=torch.int64)
    options: dict[str, Any] = {
        "length": 3,
        "block": 1,
        "sizes": [1],
        "remasking": "random",
        "guidance": scale,
    }
    drawn = llada(OracleModel(q, impossible=-1e6), prompt, q.mask, chance=noise(), **options)
    ideal = brute_force.ideal(as_law(q.to("exact", rationalise=10**6)), 2)

    def law(x: tuple[int, ...]) -> float:
        chance = float(x[0] == 1)
        for i in range(1, 4):
            known = frozenset((j, x[j]) for j in range(1, i))
            try:
                pairs = list(zip(ideal(known | {(0, 1)}, i), ideal(known, i), strict=True))
            except ZeroDivisionError:
                return 0.0
            weights = [float(c) ** (1 + scale) / float(u) ** scale if u else 0.0 for c, u in pairs]
            chance *= weights[x[i]] / sum(weights)
        return chance

    check(drawn, 2, law)


def test_guidance_needs_numbers() -> None:
    """Infinities of impossible tokens cancel to no number."""
    q = LAWS["golden mean"]
    asked = torch.tensor([[1, 2, 2, 2], [2, 1, 2, 2]])
    assert (OracleModel(q)(asked).logits.diff(dim=0).isnan()).any()
    assert OracleModel(q, impossible=-1e6)(asked).logits.diff(dim=0).isfinite().all()


# ------------------------------------------------------------------ MDLM


class Subs(torch.nn.Module):
    """What MDLM makes of its network: no masks, tokens that stay what they are, log-probabilities."""

    def __init__(self, backbone: torch.nn.Module, mask: int) -> None:
        super().__init__()
        self.backbone, self.mask = backbone, mask

    def forward(self, x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        scores = self.backbone(x, sigma)
        scores[:, :, self.mask] += -1e6
        scores = scores - scores.logsumexp(-1, keepdim=True)
        observed = x != self.mask
        scores[observed] = -1e6
        scores[observed, x[observed]] = 0
        return scores


def mdlm(
    model: Subs, length: int, steps: int, n: int, *, caching: bool, chance: torch.Generator
) -> torch.Tensor:
    """Ancestral sampling on a uniform grid of times: from t to s a mask stays one with probability s/t.

    caching: the network, which is told no time, is asked again only once something has been revealed.
    """
    x, laws = torch.full((n, length), model.mask), None
    for step in range(steps, 0, -1):
        t, s = step / steps, (step - 1) / steps
        if laws is None:
            told = 0.0 if caching else -math.log1p(-0.999 * t)
            laws = model(x, torch.full((n,), told)).exp()
        revealed = laws * (t - s)
        revealed[:, :, model.mask] = s
        race = torch.empty_like(revealed).exponential_(generator=chance)
        after = torch.where(x == model.mask, (revealed / race).argmax(-1), x)
        if not caching or not torch.equal(after, x):
            laws = None
        x = after
    return x


@pytest.mark.parametrize("caching", [False, True])
@pytest.mark.parametrize("name", LAWS)
def test_mdlm(name: str, caching: bool) -> None:
    q = LAWS[name]
    model = Subs(OracleModel(q).backbone(), q.mask)
    drawn = mdlm(model, 4, 2, DRAWS, caching=caching, chance=noise())
    check(drawn, 2, sampler_law(q, IID.uniform(2)).probability)


def test_a_cache_serves_while_nothing_is_revealed() -> None:
    """Of one sequence in many more steps than it has tokens."""
    q, asked = LAWS["ABAB"], []
    backbone = OracleModel(q).backbone()
    backbone.register_forward_hook(lambda *call: asked.append(call))
    drawn = mdlm(Subs(backbone, q.mask), 4, 200, 1, caching=True, chance=noise())
    assert q.in_support(drawn).all()
    assert len(asked) <= 5


# ------------------------------------------------------------------ Dream


def dream(
    model: Any, x: torch.Tensor, mask: int, steps: int, *, choice: str, chance: torch.Generator
) -> torch.Tensor:
    """Logits of the token before, moved by one place; what is revealed is random, or of the least entropy."""
    for step in range(steps):
        scores = model(x, "full", None).logits
        scores = torch.cat([scores[:, :1], scores[:, :-1]], dim=1)
        masked = x == mask
        if choice == "origin":
            now = torch.rand(x.shape, generator=chance) < 1 / (steps - step)  # 1 - s/t
        else:
            laws = scores.softmax(-1)
            certainty = (
                (laws * (laws + 1e-10).log()).sum(-1).round(decimals=9).masked_fill(~masked, -math.inf)
            )
            chosen = certainty.argsort(dim=-1, descending=True, stable=True)[:, :1]
            now = torch.zeros_like(masked).scatter(1, chosen, True)
        drawn = torch.distributions.Categorical(logits=scores[masked]).probs
        tokens = x.clone()
        tokens[masked] = torch.multinomial(drawn, 1, generator=chance)[:, 0]
        x = torch.where(masked & now, tokens, x)
    return x


@pytest.mark.parametrize("name", LAWS)
def test_dream_behind_a_first_token(name: str) -> None:
    """In random order, two tokens or so at a time, and one at a time where that is the law itself."""
    q, ids = LAWS[name], TokenMap([0, 1], 2, [3])
    model = OracleModel(q, ids=ids, shifted=True)
    x = torch.full((DRAWS, 5), 2)
    x[:, 0] = 3
    for choice, steps, law in (
        ("origin", 2, sampler_law(q, IID.uniform(2))),
        ("entropy", 4, q),
    ):
        drawn = dream(model, x, 2, steps, choice=choice, chance=noise())
        check(drawn[:, 1:], 2, law.probability)


def test_dream_of_a_first_token_that_is_given() -> None:
    """In contexts that are impossible a model knows no prompt: uniform answers are the same with it."""
    q = LAWS["golden mean"]
    x, denoiser = torch.full((DRAWS, 4), 2), Ideal(q, "uniform")
    x[:, 0] = 1
    drawn = dream(OracleModel(q, denoiser, shifted=True), x, 2, 2, choice="origin", chance=noise())
    check(drawn, 2, sampler_law(q, IID.uniform(2), denoiser, given=[1, 2, 2, 2]).probability)


# ------------------------------------------------------------------ Hugging Face


def fill_in(model: Any, x: torch.Tensor, mask: int, size: int, chance: torch.Generator) -> torch.Tensor:
    """A masked language model called by names: the most certain positions get any tokens of their laws."""
    where = next(model.parameters()).device
    while bool((x == mask).any()):
        attention = torch.ones_like(x)
        answer = model(
            input_ids=x.to(where), attention_mask=attention, token_type_ids=0 * x, return_dict=True
        )
        laws = answer["logits"].softmax(-1)
        certainty = laws.amax(-1).round(decimals=9).masked_fill(x != mask, -1.0)
        kept = certainty.argsort(dim=-1, descending=True, stable=True)[:, :size]
        drawn = torch.multinomial(laws.flatten(0, 1), 1, generator=chance).reshape(x.shape)
        x = x.scatter(1, kept, drawn.gather(1, kept))
    return x


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("size", [1, 2])
def test_masked_language_models(name: str, size: int) -> None:
    """With the ids that BERT has around a sentence."""
    q, ids = LAWS[name], TokenMap([2, 3], 4, [0], [1])
    x = torch.full((DRAWS, 6), 4)
    x[:, 0], x[:, -1] = 0, 1
    drawn = fill_in(OracleModel(q, ids=ids), x, 4, size, noise())
    assert (drawn[:, 0] == 0).all()
    assert (drawn[:, -1] == 1).all()
    law = q if size == 1 else sampler_law(q, TopK(2))
    check(drawn[:, 1:-1] - 2, 2, law.probability)
