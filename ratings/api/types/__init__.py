"""What the API takes and gives, as WSME types: a module per resource.

Names, kinds and bounds of every attribute; with the contracts of the endpoints
they are what ``/v1/openapi.json`` can be made of.
"""
