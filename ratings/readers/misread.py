"""Why an event cannot be understood, on its way out of the readers."""

from __future__ import annotations

from ratings.core.model import Unreadable

SHOWN = 80


class Misread(Exception):
    """Raised within the readers only; `Reader.read` turns it into an answer.

    `code` is stable and documented, `detail` is a sentence for a person.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail

    def unreadable(self, message_id: str | None) -> Unreadable:
        return Unreadable(self.code, self.detail, message_id)


def shown(value: object) -> str:
    """A value as a detail may show it: escaped, and short whatever it was."""
    text = ascii(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."
