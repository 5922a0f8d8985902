"""``beancount``: an order as one transaction of a ledger in plain text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from ratings.core.composing import exact_sum
from ratings.core.orders import Issued, Line, Order
from ratings.core.writing import plain
from ratings.exporters import Exporter, invoice_number, is_draft
from ratings.exporters.parties import Parties

OPENS_ACCOUNTS = 'plugin "beancount.plugins.auto_accounts"'
"""So that the file is a ledger on its own; where accounts are opened, it changes nothing."""


def export(issued: Issued, parties: Parties) -> bytes:
    """Money that is owed stands against income by component, to the last digit.

    What rounding adds or takes is an account of its own. A draft bears the flag ``!``
    and the tag ``#draft``, and no link.
    """
    lines = [OPENS_ACCOUNTS, "", *_transaction(issued, parties), ""]
    return "\n".join(lines).encode()


def _transaction(issued: Issued, parties: Parties) -> Iterator[str]:
    order, draft = issued.order, is_draft(issued)
    number = invoice_number(issued.id, parties)
    what = "Draft" if draft else f"Sales order {number}"
    narration = f"{what}, {order.start:%Y-%m-%d %H:%M} to {order.end:%Y-%m-%d %H:%M} UTC"
    flag, end = ("!", "#draft") if draft else ("*", f"^sales-order-{issued.id}")
    payee = _quoted(parties.buyer.name)
    yield f"{issued.created_at:%Y-%m-%d} {flag} {payee} {_quoted(narration)} {end}"
    yield f"  tenant: {_quoted(order.tenant_id)}"
    if order.digest:
        yield f"  digest: {_quoted(order.digest)}"
    if issued.corrects:
        numbers = (invoice_number(number, parties) for number in issued.corrects)
        yield f"  corrects: {_quoted(', '.join(numbers))}"
    yield from _postings(order, parties)


def _postings(order: Order, parties: Parties) -> Iterator[str]:
    accounts = parties.accounts
    owed = f"{accounts.receivable}:{_segment(order.tenant_id)}"
    yield _posting(owed, order.payable, order.currency)
    charged = (*order.lines, *order.corrections)
    for (account, reason), amount in _sums(charged, accounts.income).items():
        yield _posting(account, amount.copy_negate(), order.currency)
        if reason:
            yield f"    reason: {_quoted(reason)}"
    rounding = exact_sum((order.total, order.payable.copy_negate()))
    if rounding:
        yield _posting(accounts.rounding, rounding, order.currency)


def _sums(lines: Iterable[Line], income: str) -> dict[tuple[str, str], Decimal]:
    """What is charged by account and reason of a correction, in the order of the lines."""
    amounts: dict[tuple[str, str], list[Decimal]] = {}
    for line in lines:
        assert line.amount is not None
        parts = [line.subject.resource_type if line.subject else line.kind, line.component]
        account = ":".join([income, *(_segment(part) for part in parts if part)])
        amounts.setdefault((account, line.reason or ""), []).append(line.amount)
    return {key: exact_sum(each) for key, each in amounts.items()}


def _posting(account: str, amount: Decimal, currency: str) -> str:
    return f"  {account}  {plain(amount)} {currency}"


def _segment(name: str) -> str:
    """A part of an account's name: a capital or a digit, then letters, digits and dashes."""
    words = re.sub("[^A-Za-z0-9]+", "-", name).strip("-") or "X"
    return words[0].upper() + words[1:]


def _quoted(text: str) -> str:
    escaped = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


EXPORTER = Exporter("text/plain; charset=utf-8", ".beancount", export)
