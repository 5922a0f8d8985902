import logging

import pytest

from ratings.tests.simulation.site import running


@pytest.fixture(scope="module")
def site(pg_bindir):
    logging.disable(logging.CRITICAL)
    with running(pg_bindir) as found:
        yield found
    logging.disable(logging.NOTSET)
