"""Everything that can go wrong, by name.

::

    RatingError                     code, status, detail
    ├── InvalidInput          400   what was sent cannot be meant
    │   ├── InvalidBudget     400   a budget that breaks a rule
    │   ├── InvalidEvent      400   a flat event that breaks a rule
    │   ├── InvalidPrice      400   a price that breaks a rule
    │   ├── InvalidTerm       400   a term that breaks a rule
    │   └── NoNotification    400   a message bus may say nothing else
    ├── Unauthenticated       401   nobody knows who asks
    ├── Forbidden             403   who asks may not do it
    ├── NotFound              404
    ├── Conflict              409   the database would have to break a promise
    │   ├── OrderOverlap      409   another order of the tenant was issued meanwhile
    │   ├── PeriodBilled      409   it would change what has been billed
    │   └── PriceOverlap      409   two prices would hold at one instant
    ├── DigestMismatch        500   an issued order is not what it was
    └── Unavailable           503   the database cannot be reached

    DefinitionError                 the definitions file is wrong: a refusal to start
    DerivationError                 a timeline that cannot be turned into records
    DeliveryError                   an order that did not arrive: see `deliveries`

Bad data is not an error but data: a reader answers `Unreadable` (see `model`),
which is parked with its code. The codes of both are listed in
``doc/source/reference/codes.rst``, and a test keeps that list complete.
"""


class RatingError(Exception):
    """A refusal that a caller can act upon.

    `code` is stable and documented; `detail` is a sentence for a person.
    """

    code = "internal_error"
    status = 500

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code


class InvalidInput(RatingError):
    code = "invalid_input"
    status = 400


class InvalidBudget(InvalidInput):
    code = "budget_invalid"


class InvalidEvent(InvalidInput):
    code = "event_invalid"


class InvalidPrice(InvalidInput):
    code = "price_invalid"


class InvalidTerm(InvalidInput):
    code = "term_invalid"


class NoNotification(InvalidInput):
    code = "body_no_notification"


class Unauthenticated(RatingError):
    code = "unauthenticated"
    status = 401


class Forbidden(RatingError):
    code = "forbidden"
    status = 403


class NotFound(RatingError):
    code = "not_found"
    status = 404


class Conflict(RatingError):
    code = "conflict"
    status = 409


class OrderOverlap(Conflict):
    code = "order_overlap"


class PeriodBilled(Conflict):
    code = "period_billed"


class PriceOverlap(Conflict):
    code = "price_overlap"


class DigestMismatch(RatingError):
    code = "digest_mismatch"


class Unavailable(RatingError):
    code = "database_unavailable"
    status = 503


class DefinitionError(Exception):
    """The definitions file says something that cannot be; names the place."""


class DerivationError(Exception):
    """The timeline of one resource cannot be turned into records.

    Its new events are parked with `code`; the rest of the batch goes through.
    """

    def __init__(self, detail: str, code: str = "derivation_failed") -> None:
        super().__init__(detail)
        self.code = code
