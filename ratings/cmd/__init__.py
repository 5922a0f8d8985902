"""The commands: wiring and options only."""
