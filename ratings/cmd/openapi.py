"""``ratings-manage openapi``: what ``GET /v1/openapi.json`` answers, without a service."""

import argparse
import json

from oslo_config.cfg import ConfigOpts

from ratings import plugins
from ratings.db.engine import create_engine


def openapi_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", help="where the API is reached, without /v1")


def openapi(conf: ConfigOpts) -> int:
    """Print the contract of the HTTP API as a document of OpenAPI 3.1."""
    # Everything that serves HTTP takes longer to import than the other commands take to run.
    from ratings.api import answers
    from ratings.api.app import make_services, url_tree
    from ratings.api.openapi.document import document

    url = conf.command.url or f"http://{conf.api.host}:{conf.api.port}"
    # Nothing is asked of the database, so it need not be there.
    engine = create_engine(conf.database.connection or "postgresql:///ratings")
    exports = plugins.exports(conf)
    services = make_services(conf, engine, plugins.settings(conf), exports, plugins.clock)
    found = document(
        url_tree(services), exports.exporters, url.rstrip("/"), secured=services.secured
    )
    print(json.dumps(json.loads(answers.encode(found)), indent=2))
    return 0
