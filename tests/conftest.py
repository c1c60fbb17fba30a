"""What every test runs under: checked annotations, hypothesis profiles, one torch thread."""

import os

import torch
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

# This must run before the packages are first imported: beartype then checks every annotation,
# shapes included, on each call.
install_import_hook(["oracles", "theory", "proofs_check"], "beartype.beartype")

# The default repeats itself exactly; `pytest --hypothesis-profile=thorough` looks further, afresh.
# A machine's speed is not a property under test.
_UNTIMED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("ci", max_examples=50, derandomize=True, **_UNTIMED)
settings.register_profile("thorough", max_examples=2000, print_blob=True, **_UNTIMED)
settings.load_profile("ci")

# The workers of pytest-xdist already fill the cores.
if "PYTEST_XDIST_WORKER" in os.environ:
    torch.set_num_threads(1)
