"""Studies in the admin: each module registers its pages."""

from studyapp.admin import jobs, people, sittings, studies

__all__ = ["jobs", "people", "sittings", "studies"]
