"""The commands of ``python -m enhancement.nn``, one a module: its arguments, and one call."""
