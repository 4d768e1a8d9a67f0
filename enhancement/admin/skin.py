"""The admin's look (unfold), and the rules that its pages share."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action as unfold_action
from unfold.decorators import display as unfold_display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin, TabularInline
    from django.forms import Form as DialogForm
else:
    from unfold.admin import ModelAdmin as UnfoldModelAdmin
    from unfold.admin import TabularInline as UnfoldTabularInline

    DialogForm = BaseDialogForm

    class _Subscripted:
        """Lets ``ModelAdmin[Job]`` be said where the types are read, and mean ``ModelAdmin`` where the code runs."""

        def __class_getitem__(cls, model: object) -> type:
            return cls

    class ModelAdmin(_Subscripted, UnfoldModelAdmin):
        """Unfold's; what isn't there for the person is a 404, as everywhere else, and not a way back with a message."""

        def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
            raise Http404

    class TabularInline(_Subscripted, UnfoldTabularInline):
        """Unfold's."""


__all__ = ["ActionVariant", "DialogForm", "ModelAdmin", "ReadOnly", "TabularInline"]

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class ReadOnly:
    """Mixed into what workers or observers write: a person may look, and never add, change or delete."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def shown(description: str, **options: Any) -> Callable[[Decorated], Decorated]:
    """A column: unfold's ``display``, typed."""
    return cast("Callable[[Decorated], Decorated]", unfold_display(description=description, **options))


def confirmed(
    description: str,
    question: str,
    *,
    permission: str,
    form: type[DialogForm] | None = None,
    icon: str = "",
    danger: bool = False,
) -> Callable[[Decorated], Decorated]:
    """A button that opens a dialog; what it does happens on the dialog's POST, so that no link can do it by itself.

    ``permission`` names a ``has_…_permission`` method. (Unfold looks ``app.codename`` up in the database during system
    checks, before there are tables.)
    """
    dialog = {"title": description, "description": question, "form_class": form, "form_submit_text": description}
    variant = ActionVariant.DANGER if danger else ActionVariant.DEFAULT
    made = unfold_action(
        description=description, permissions=[permission], dialog=dialog, icon=icon or None, variant=variant
    )
    return cast("Callable[[Decorated], Decorated]", made)


def page_button(description: str, *, permission: str, icon: str = "") -> Callable[[Decorated], Decorated]:
    """A button that leads to a page of its own."""
    made = unfold_action(description=description, permissions=[permission], icon=icon or None)
    return cast("Callable[[Decorated], Decorated]", made)


def leave_dialog(request: HttpRequest, url: str) -> HttpResponse:
    """Where to go once a dialog's work is done."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": url})
    return redirect(url)


def form_page(
    admin: "ModelAdmin[Any]", request: HttpRequest, form: Any, *, title: str, lead: str, submit: str
) -> HttpResponse:
    """One form on a page of its own, in the admin's look."""
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.model._meta,
        "title": title,
        "lead": lead,
        "form": form,
        "submit_label": submit,
        "list_url": list_url(admin.model),
    }
    return TemplateResponse(request, "admin/enhancement/form_page.html", context)


def list_url(model: type[Model]) -> str:
    """The admin's list of a model."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def page_url(row: Model) -> str:
    """The admin's page of a row."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=(row.pk,))


def link(row: Model | None) -> str:
    """A row's name, leading to its page."""
    if row is None:
        return "–"
    style = "text-primary-600 hover:underline dark:text-primary-500"
    return format_html('<a class="{}" href="{}">{}</a>', style, page_url(row), row)


def who(request: HttpRequest) -> User:
    """The person at the page; what they ask for is kept with their name."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
