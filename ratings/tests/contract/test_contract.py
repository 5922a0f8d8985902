"""Schemathesis reads the document and asks the service whatever it allows, and what it does not."""

import os
import re
import subprocess

#: Of each operation; more than ten thousand requests in all.
EXAMPLES = "240"
SEED = "1"


def test_the_service_keeps_its_contract(schemathesis, url, tmp_path):
    examples = os.environ.get("RATINGS_CONTRACT_EXAMPLES", EXAMPLES)
    seed = os.environ.get("RATINGS_CONTRACT_SEED", SEED)
    done = subprocess.run(
        [
            *(str(schemathesis), "run", f"{url}/v1/openapi.json", "--no-color"),
            *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),
            *("--max-examples", examples, "--seed", seed, "--continue-on-failure"),
            *("--generation-database", "none", "--request-timeout", "60"),
        ],
        cwd=tmp_path,
        env=os.environ | {"SCHEMATHESIS_HOOKS": "ratings.tests.contract.hooks"},
        capture_output=True,
        text=True,
    )
    told = done.stdout + done.stderr
    (tmp_path / "log").write_text(told)
    assert done.returncode == 0, told
    found = re.search(r"(\d+) generated, (\d+) passed", told)
    assert found is not None, told
    assert found[1] == found[2], told
