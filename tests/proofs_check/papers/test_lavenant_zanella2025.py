"""Constant and optimal sizes."""

import pytest

from proofs_check import claims_in
from proofs_check.papers import lavenant_zanella2025
from tests.proofs_check.papers.verdicts import as_claimed

CLAIMS = claims_in(lavenant_zanella2025)


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    as_claimed(CLAIMS[id], examples=8)
