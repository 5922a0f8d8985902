"""Each file of ``gabbits/`` tells a story through the API, on a database of its own."""

import unittest
from pathlib import Path

import pytest
import yaml
from gabbi.handlers import RESPONSE_HANDLERS
from gabbi.suitemaker import test_suite_from_dict as suite_of

SCENARIOS = sorted(Path(__file__).parent.joinpath("gabbits").glob("*.yaml"))
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_scenario_holds(path, api):
    scenario = yaml.safe_load(path.read_text())
    scenario["defaults"] = {"request_headers": JSON, **scenario.get("defaults", {})}
    suite = suite_of(
        unittest.defaultTestLoader,
        path.stem,
        scenario,
        str(path.parent),
        host="ratings",
        port=80,
        fixture_module=None,
        intercept=lambda: api,
        handlers=[handler() for handler in RESPONSE_HANDLERS],
    )
    result = unittest.TestResult()
    suite.run(result)
    assert result.testsRun == len(scenario["tests"])
    wrong = result.failures + result.errors
    told = [f"{test.test_data['name']}: {text.rpartition('  File')[2]}" for test, text in wrong]
    assert not wrong, "\n".join(told)
