"""Drivers against real servers; see ``tox -e erp``."""
