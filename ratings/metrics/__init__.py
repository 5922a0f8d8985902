"""Metrics in the terms of Prometheus, for every service; each makes its own, none is global.

``rating``, ``requests``, ``pool``, ``messages``, ``deliveries``: what a process counts itself
``survey``, ``spool``, ``build``: what is asked for when somebody asks
``exposing``: both as text; ``processes``: workers that count as one; ``serving``: a port for them
"""
