"""What readers may keep: a strong ETag on every answer to GET, and 304 for who has it already.

An answer may be kept by who asked for it, and is asked for again each time. Only an issued
order says the same for ever; so much that asking again once a day is plenty. Not longer:
a new release may tell more of it.
"""

from __future__ import annotations

import hashlib

from webob import Request, Response

_ANEW = "private, no-cache"
_LASTING = "private, max-age=86400, immutable"


def conditional(request: Request, response: Response, *, lasting: bool = False) -> Response:
    """`response` to a GET, or 304 if the request says that its sender has the same bytes."""
    if request.method not in ("GET", "HEAD"):
        return response
    etag = hashlib.sha256(response.body).hexdigest()[:32]
    if etag in request.if_none_match:
        response = Response(status=304)
        # An answer without a body has no type.
        response.headers.pop("Content-Type", None)
        response.headers.pop("Content-Length", None)
    response.headers["ETag"] = f'"{etag}"'
    response.headers["Cache-Control"] = _LASTING if lasting else _ANEW
    response.headers["Vary"] = "X-Auth-Token, Authorization"
    return response
