"""The simulation finds what is put into the code. Takes minutes: ``tox -e faults``."""

import pytest

from ratings.tests.simulation import bugs

SEED = 1


@pytest.mark.parametrize("fault", bugs.FAULTS, ids=lambda fault: fault.attribute)
def test_a_bug_put_into_the_code_is_caught(site, fault):
    _days, outcome = bugs.caught(site, fault, SEED, bugs.PATIENCE)
    assert outcome is not None
