"""What SQL can say about the laws: named checks, each of the rows that break one.

Promises that constraints keep are checked all the same: constraints can be dropped
and triggers disabled, and then this is the second guard.
"""

from ratings.db.audit.budgets import BUDGETS
from ratings.db.audit.check import Check as Check
from ratings.db.audit.check import Finding as Finding
from ratings.db.audit.journal import JOURNAL, PRICES
from ratings.db.audit.ledger import LEDGER
from ratings.db.audit.orders import ORDERS
from ratings.db.audit.outbox import OUTBOX

CHECKS = (*JOURNAL, *PRICES, *LEDGER, *ORDERS, *OUTBOX, *BUDGETS)
