"""No answer: what the sender must send again.

Ceilometer drops what is answered with an error, whatever the error says, and
keeps what was not answered at all. So when events could not be made durable,
the connection is closed instead. What can do that depends on the server:

* gunicorn (``ratings-api``) hands over its socket;
* uWSGI can disconnect its client, which with ``--http`` is uWSGI's own router;
* anything else, mod_wsgi and the servers of tests among them, answers 503.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ratings.core.errors import Unavailable


class NotDurable(Unavailable):
    """What was sent could not be kept; its sender must not believe otherwise."""


def fall_silent(environ: Mapping[str, Any]) -> bool:
    """Close the connection of a request; False where the server cannot do that.

    An answer must follow even so, for WSGI demands one; it reaches nobody.
    """
    client = environ.get("gunicorn.socket")
    if client is not None:
        # The peer may have left already.
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
        return True
    if "uwsgi.version" in environ:
        import uwsgi  # exists inside of a uWSGI process only

        uwsgi.disconnect()
        return True
    return False
