"""``/v1/samples``: where metering samples come in. The journal shows them with the events."""

from __future__ import annotations

from typing import Any

from ratings.api import intake
from ratings.api.caller import Caller
from ratings.api.endpoint import Contract, endpoint
from ratings.api.resource import Resource
from ratings.api.types import events as types
from ratings.policies import samples as policy


class Samples(Resource):
    @endpoint(
        Contract(
            rule=policy.CREATE,
            caller=True,
            query=types.PostEventsQuery,
            body=bytes,
            answer=types.Receipt,
            status=202,
        )
    )
    def post(self, caller: Caller, query: types.PostEventsQuery, body: bytes) -> dict[str, Any]:
        """Take in one sample or a list, as Ceilometer's HTTP publisher sends them.

        What cannot be understood is parked; what is no sample refuses the whole
        request. Raises InvalidInput, Forbidden, NotDurable.
        """
        reader = self.services.reader
        return intake.take_in(
            self.services, caller, body, query.region, "samples", reader.read_sample
        )
