"""The admin's sidebar: the way back to the researchers' pages, then everything that the person may see."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

ORDER = ("studyapp", "enhancement", "auth")


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Unfold's groups of links, read by name from its settings."""
    back = {"title": "Studies, votes and reports", "link": reverse("studies"), "icon": "arrow_back", "active": False}
    apps = sorted(admin.site.get_app_list(request), key=lambda app: ORDER.index(app["app_label"]))
    groups = [{"title": app["name"], "items": _links(app)} for app in apps]
    return [{"items": [back]}, *groups]


def _links(app: Any) -> list[dict[str, Any]]:
    pages = [(model["name"], model["admin_url"]) for model in app["models"] if model["admin_url"]]
    return [{"title": str(name), "link": url} for name, url in pages]
