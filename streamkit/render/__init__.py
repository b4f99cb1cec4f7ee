"""Rendering: the only place that turns templates into what a host receives."""
