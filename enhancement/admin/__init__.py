"""The library in the admin: each module registers its pages."""

from enhancement.admin import jobs, methods, stimuli, testsets

__all__ = ["jobs", "methods", "stimuli", "testsets"]
