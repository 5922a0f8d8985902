"""A message as the broker gave it, whatever it holds.

oslo.messaging throws away what it cannot decode: the broker is told to drop a body that is no
JSON or no object, or whose envelope is of an unknown version. And a message that it has seen a
moment ago is left unacknowledged: after a restart of the broker some would stay in the queue until
the collector stops. Neither is for a ledger. Here every message gets through, and the journal
knows what it has already.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from oslo_messaging._drivers import common, impl_rabbit

_CONTEXT = "_context_"

KEPT = frozenset(
    {
        *("project_id", "tenant_id", "tenant", "user_id", "user"),
        *("request_id", "global_request_id", "timestamp"),
    }
)
"""What is kept of a request's context: who asked, and when. Some services send tokens in it."""

_TRANSPORT = ("_unique_id", "_msg_id", "_reply_q", "_timeout")


class Incoming(Protocol):
    """A message in a batch of oslo.messaging, which acknowledges or requeues it afterwards."""

    ctxt: dict[str, Any]
    message: dict[str, Any]


class Whole(impl_rabbit.RabbitMessage):  # type: ignore[misc]  # oslo.messaging has no types
    """What the driver of oslo.messaging makes of a delivery, with nothing in it to trip over.

    content:     the notification, None when the body cannot be decoded to one.
    body:        the body as text.
    redelivered: whether the broker has handed it out before.
    """

    def __init__(self, raw_message: Any) -> None:
        dict.__init__(self)
        self._raw_message = raw_message
        try:
            content = common.deserialize_msg(raw_message.payload)
        except Exception:  # whatever a decoder raises about a body that it cannot read
            content = None
        self.content: dict[str, Any] | None = content if isinstance(content, dict) else None
        self.body = _text(raw_message.body)
        self.redelivered = bool(raw_message.delivery_info.get("redelivered"))


def install() -> None:
    """Make the driver for RabbitMQ hand out `Whole` messages, in all of this process."""
    impl_rabbit.RabbitMessage = Whole


def wire(incoming: Incoming) -> bytes:
    """The notification in version 1 of the wire format; what is none, as it is.

    A token that a service put into the context is left out.
    """
    message = incoming.message
    if not isinstance(message, Whole):  # another driver, which has taken the context out already
        context = {_CONTEXT + key: value for key, value in incoming.ctxt.items()}
        return _encoded({**message, **context})
    if message.content is None:
        return message.body.encode()
    try:
        return _encoded(message.content)
    except ValueError:  # a number that JSON cannot tell, made of one that Python could not
        return message.body.encode()


def _encoded(content: Mapping[str, Any]) -> bytes:
    kept = {key: value for key, value in content.items() if _is_kept(key)}
    return json.dumps(kept, allow_nan=False).encode()


def _is_kept(key: str) -> bool:
    if key.startswith(_CONTEXT):
        return key.removeprefix(_CONTEXT) in KEPT
    return key not in _TRANSPORT


def _text(body: Any) -> str:
    return body if isinstance(body, str) else bytes(body).decode("utf-8", "backslashreplace")
