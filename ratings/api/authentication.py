"""Finding out who asks: tokens of Keystone, and the credentials of those who have none."""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Callable, Mapping
from typing import Any

from keystoneauth1.exceptions import ClientException
from keystonemiddleware.auth_token import AuthProtocol
from keystonemiddleware.opts import list_auth_token_opts
from oslo_config.cfg import ConfigOpts, Error
from webob.exc import HTTPServiceUnavailable

from ratings.api import caller as callers
from ratings.api import senders
from ratings.api.caller import ADMINISTRATOR, Caller
from ratings.api.faults import Challenged
from ratings.api.senders import Senders
from ratings.core.errors import Unavailable

LOG = logging.getLogger(__name__)

Environ = dict[str, Any]
Wsgi = Callable[..., Any]

OPEN_PATHS = ("/", "/v1", "/healthcheck", "/metrics", "/v1/openapi.json")
"""What is answered to everybody. Policy is asked all the same, for nobody."""

INGEST_PATHS = ("/v1/events", "/v1/samples")
"""Where, to POST, credentials of senders count."""

AUTHTOKEN = "keystone_authtoken"

_CHALLENGE = 'Basic realm="ratings ingestion", charset="UTF-8"'


class IdentityUnavailable(Unavailable):
    """Keystone cannot say whose token it is."""

    code = "identity_unavailable"


class Unconfigured(Error):
    """[keystone_authtoken] does not say how to reach Keystone."""


class Tokens(AuthProtocol):  # type: ignore[misc]  # it has no types
    """auth_token whose failures have codes. What it refuses is left to `faults`."""

    def process_request(self, request: Any) -> Any:
        try:
            return super().process_request(request)
        except (HTTPServiceUnavailable, ClientException) as error:
            LOG.error("Keystone cannot be asked about a token: %s", error)
            raise IdentityUnavailable("Tokens cannot be verified now.") from error


def check(conf: ConfigOpts) -> None:
    """See, before anything starts, that it can be found out who asks.

    Raises Unconfigured, DefinitionError, OSError.
    """
    senders.load(conf.ingest.credentials_file)
    if conf.auth_strategy == "noauth":
        return
    _register(conf)
    group = conf[AUTHTOKEN]
    if not (group.auth_type or group.auth_section):
        raise Unconfigured(
            "auth_strategy=keystone needs [keystone_authtoken]: auth_type, auth_url and a service "
            "user. To try ratings without Keystone, set [DEFAULT] auth_strategy=noauth, and let "
            "only those reach the API who may change prices"
        )
    try:
        Tokens(None, {"oslo_config_config": conf})
    except ClientException as error:
        raise Unconfigured(f"[keystone_authtoken]: {error}") from error


def ingestion(app: Wsgi, conf: ConfigOpts) -> Wsgi:
    """Who delivers events and has no token is known by a secret, or by a TLS certificate.

    Everything else goes on to `tokens`; so credentials on another path are not looked at.
    """
    if conf.auth_strategy == "noauth":
        return app
    known = senders.load(conf.ingest.credentials_file)
    variable = conf.ingest.tls_name_variable

    def recognised(environ: Environ, start_response: Any) -> Any:
        if _delivers(environ) and "HTTP_X_AUTH_TOKEN" not in environ:
            found = _by_certificate(known, environ, variable) or _by_secret(known, environ)
            if found is not None:
                callers.introduce(environ, found)
        return app(environ, start_response)

    return recognised


def tokens(app: Wsgi, conf: ConfigOpts) -> Wsgi:
    """Everybody else has a token of Keystone; without authentication, all are administrators."""
    if conf.auth_strategy == "noauth":
        return _introducing(app, lambda environ: ADMINISTRATOR)
    _register(conf)
    verified = Tokens(identified(app), {"oslo_config_config": conf})

    def asked(environ: Environ, start_response: Any) -> Any:
        known = callers.of(environ) is not callers.NOBODY
        known |= _path(environ) in OPEN_PATHS
        return (app if known else verified)(environ, start_response)

    return asked


def identified(app: Wsgi) -> Wsgi:
    """Who asks is whom the headers name that auth_token sets. Raises Unauthenticated."""
    return _introducing(app, callers.of_headers)


def _introducing(app: Wsgi, found: Callable[[Mapping[str, Any]], Caller]) -> Wsgi:
    def introduced(environ: Environ, start_response: Any) -> Any:
        callers.introduce(environ, found(environ))
        return app(environ, start_response)

    return introduced


def _register(conf: ConfigOpts) -> None:
    """The options of auth_token, some with other defaults than it has."""
    for group, opts in list_auth_token_opts():
        conf.register_opts(opts, group=group)
    # A service token vouches for an expired one, so it must be one of a service.
    conf.set_default("service_token_roles_required", True, group=AUTHTOKEN)
    # Without a limit, requests would wait for a Keystone that hangs until no thread is left.
    conf.set_default("http_connect_timeout", 10, group=AUTHTOKEN)


def _delivers(environ: Environ) -> bool:
    return environ["REQUEST_METHOD"] == "POST" and _path(environ) in INGEST_PATHS


def _path(environ: Environ) -> str:
    return str(environ.get("PATH_INFO", "")).removesuffix("/") or "/"


def _by_certificate(known: Senders, environ: Environ, variable: str | None) -> Caller | None:
    name = environ.get(variable) if variable else None
    return known.by_certificate(name) if name else None


def _by_secret(known: Senders, environ: Environ) -> Caller | None:
    """None without credentials. Raises Challenged for wrong ones."""
    scheme, _, encoded = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        found = known.by_secret(name.decode(), secret)
    except (binascii.Error, ValueError):
        found = None
    if found is None:
        LOG.warning("credentials of a sender are wrong, from %s", environ.get("REMOTE_ADDR"))
        raise Challenged(_CHALLENGE)
    return found
