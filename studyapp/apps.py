"""The study app."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class AdminConfig(admin_apps.AdminConfig):
    """The admin, behind the one login and with a policy of its own."""

    default = False
    default_site = "studyapp.admin_site.Site"


class StudyConfig(AppConfig):
    default = True
    name = "studyapp"
    verbose_name = "Asking people"

    def ready(self) -> None:
        """Set up Celery for every process that sends or runs jobs, and register the system checks."""
        from studyapp import celery, checks  # noqa: F401, PLC0415
