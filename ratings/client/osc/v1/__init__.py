"""The commands for version 1 of the API: a module for each noun."""
