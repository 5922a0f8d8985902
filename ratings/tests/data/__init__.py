"""What real services said, and the definitions that ship.

ceilometer_events.json      one event of each type, as Ceilometer 27 posts it by default
ceilometer_samples.json     68 requests with 177 samples that Ceilometer 27 posted, as they came
ceilometer_raw.json         a request with one event that holds its notification
notifications.json          notifications by story, with the fields that the services send
notification_wire_v2.json   a notification in the envelope of oslo.messaging 2.0
"""

import json
from pathlib import Path

import yaml

from ratings import shipped
from ratings.core.definitions import Definitions, parse

_FOLDER = Path(__file__).parent


def text(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()


def stories(name: str) -> dict[str, dict]:
    """The objects of a file by name."""
    return json.loads(text(name))


def document() -> dict:
    return yaml.safe_load((shipped.defaults() / "definitions.yaml").read_text())


def definitions() -> Definitions:
    return parse(document())
