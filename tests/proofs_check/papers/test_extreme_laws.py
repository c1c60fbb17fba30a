"""What a schedule loses at least and at most, among all laws."""

import pytest

from proofs_check import claims_in
from proofs_check.papers import extreme_laws
from tests.proofs_check.papers.verdicts import as_claimed

CLAIMS = claims_in(extreme_laws)


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    as_claimed(CLAIMS[id], examples=6)
