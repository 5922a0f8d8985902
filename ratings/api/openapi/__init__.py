"""``/v1/openapi.json``: the contract of the API, made of the code that keeps it.

::

    walking     the URL tree -> operations
    schemas     WSME types -> schemas of JSON; `absences` and `bounds` know what types do not
    glossary    what every attribute means
    bodies      what has no WSME type: events and samples
    refusals    what may go wrong: statuses, codes, the one form of errors
    operations  an operation in the words of OpenAPI
    document    all of it

Everything here is pure. What the types cannot tell (a description, a null) stands in a table
of this package; tests compare each with the types and with what the API answers.
"""
