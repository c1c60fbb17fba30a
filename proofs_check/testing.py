"""Claims as tests of pytest: one test a claim, which fails if anything is not as claimed.

from proofs_check.testing import claim_tests

test_claims = claim_tests(Path(__file__).with_name("claims_mine.py"))
"""

from __future__ import annotations

import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

from proofs_check.claims import Claim, claims_in, claims_of_file
from proofs_check.claims.library import joined
from proofs_check.engine import verify


def claim_tests(
    *places: ModuleType | str | os.PathLike[str], seed: int = 0, examples: int = 100
) -> Callable[..., Any]:
    """A test function with one case for every claim in these modules or files.

    examples: random instances for claims that name strategies.  ValueError for a file without claims, and for two
    claims of the same name.
    """
    import pytest  # on demand: the package itself does without

    claims: dict[str, Claim] = {}
    for place in places:
        found = claims_in(place) if isinstance(place, ModuleType) else claims_of_file(place)
        claims = joined(claims, found)

    @pytest.mark.parametrize("id", claims)
    def test_claim(id: str) -> None:
        report = verify(claims[id], seed=seed, examples=examples)
        wrong = "; ".join(report.failures) or f"{report.verdict}: {report.method} {report.witness}"
        if not report.as_claimed:
            pytest.fail(f"{id}: {wrong}", pytrace=False)

    return test_claim
