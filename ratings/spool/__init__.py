"""What could not go into the database yet, durably on the local disk.

::

    spool = Spool(directory, max_bytes=..., alarm_percent=..., clock=...)
    spool.append(Entry("events", "RegionOne", now, body))       durable when it returns

    with spool.claim() as claim:                                one process at a time
        while claim is not None and (items := claim.take(1000)):
            ...                                                 commit what they say
            claim.settle(items)                                 only now they are gone

``frames`` is the format, pure; ``segments`` the files; ``claims`` takes entries out again;
``measuring`` counts; ``directory`` is all of it.
Nothing here knows what a body means, nor any database.
"""

from ratings.spool.claims import Claim
from ratings.spool.directory import Spool, SpoolFull
from ratings.spool.frames import Entry
from ratings.spool.measuring import Measure
from ratings.spool.segments import Item

__all__ = ["Claim", "Entry", "Item", "Measure", "Spool", "SpoolFull"]
