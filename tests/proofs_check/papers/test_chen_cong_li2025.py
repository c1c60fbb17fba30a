"""Step functions, and few steps where TC or DTC is small."""

import pytest

from proofs_check import claims_in
from proofs_check.papers import chen_cong_li2025
from tests.proofs_check.papers.verdicts import as_claimed

CLAIMS = claims_in(chen_cong_li2025)


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    as_claimed(CLAIMS[id], examples=8)
