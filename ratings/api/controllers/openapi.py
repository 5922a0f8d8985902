"""``/v1/openapi.json``: this API, described for programs."""

from __future__ import annotations

from collections.abc import Callable

from ratings.api import answers
from ratings.api.endpoint import Contract, endpoint
from ratings.api.openapi.document import document
from ratings.api.resource import Resource
from ratings.api.services import Services
from ratings.api.values import Json
from ratings.policies import versions as policy


class OpenApi(Resource):
    """plant: makes the URL tree that is described, of which this is a leaf."""

    def __init__(self, services: Services, plant: Callable[[Services], Resource]) -> None:
        super().__init__(services)
        self._plant = plant

    @endpoint(Contract(rule=policy.CONTRACT, url=True, answer=Json()))
    def get_all(self, url: str) -> str:
        """The contract of every URL, as a document of OpenAPI 3.1."""
        services = self.services
        tree, exporters = self._plant(services), services.exports.exporters
        return answers.encode(document(tree, exporters, url, secured=services.secured)).decode()
