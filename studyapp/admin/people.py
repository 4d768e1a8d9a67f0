"""The people of a laboratory, in the admin: invited, given a role, let in again."""

from typing import TYPE_CHECKING, Any

from axes.utils import reset
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget

from enhancement.admin.skin import ModelAdmin, confirmed, leave_dialog, page_button, page_url, shown
from studyapp.roles import Role, role_of
from studyapp.services.people import LastAdminError, give_role, password_path, refuse_without_admin

if TYPE_CHECKING:
    PersonModelForm = forms.ModelForm[User]
else:
    PersonModelForm = forms.ModelForm

admin.site.unregister(User)
admin.site.unregister(Group)  # a role is a group, and is given on the person's page


class PersonForm(PersonModelForm):
    """Who somebody is; their password is nobody else's to type."""

    role = forms.ChoiceField(choices=Role.choices, initial=Role.RESEARCHER, widget=UnfoldAdminSelectWidget())

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "email", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and (role := role_of(self.instance)):
            self.initial.setdefault("role", role)

    def clean(self) -> dict[str, Any]:
        """Somebody must be left who can give roles back."""
        told: dict[str, Any] = super().clean() or self.cleaned_data
        leaves = told.get("role") != Role.ADMIN or not told.get("is_active", True)
        if self.instance.pk and leaves:
            try:
                refuse_without_admin(self.instance)
            except LastAdminError as error:
                raise forms.ValidationError(str(error)) from error
        return told


@admin.register(User)
class PersonAdmin(ModelAdmin[User]):
    """Who may log in, and as what."""

    form = PersonForm
    list_display = ("username", "name", "role_shown", "email", "is_active", "last_login")
    list_filter = ("is_active",)
    search_fields = ("username", "first_name", "last_name", "email")
    ordering = ("username",)
    readonly_fields = ("last_login", "date_joined")
    actions_detail = ("password_link", "unlock")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        who = ("username", "role", "first_name", "last_name", "email")
        return ((None, {"fields": (*who, "is_active", "last_login", "date_joined") if obj else who}),)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Studies and jobs name who made them; who leaves is made inactive."""
        return False

    def has_invite_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Whoever makes a password link could log in by it, so it takes an admin."""
        return bool(request.user.is_superuser)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not request.user.is_superuser:
            raise PermissionDenied
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        give_role(form.instance, form.cleaned_data["role"])

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: str | None = None) -> HttpResponse:
        """To the link by which they choose their password."""
        return redirect("admin:auth_user_password_link", obj.pk)

    @shown("Name")
    def name(self, person: User) -> str:
        return person.get_full_name() or "–"

    @shown("Role", label={"admin": "warning", "researcher": "info", "viewer": "default"})
    def role_shown(self, person: User) -> str:
        return str(role_of(person) or Role.VIEWER)

    @page_button("Password link", permission="invite", icon="key")
    def password_link(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Made when asked for, shown once, kept nowhere."""
        person = get_object_or_404(User, pk=object_id, is_active=True)
        link = request.build_absolute_uri(password_path(person)) if request.method == "POST" else ""
        context = {
            **self.admin_site.each_context(request),
            "opts": User._meta,
            "title": f"Password link for {person}",
            "person": person,
            "link": link,
            "person_url": reverse("admin:auth_user_change", args=(person.pk,)),
        }
        return TemplateResponse(request, "admin/studyapp/password_link.html", context)

    @confirmed("Unlock", "Passwords that were wrong too often are forgotten.", permission="invite", icon="lock_open")
    def unlock(self, request: HttpRequest, form: object, object_id: str) -> HttpResponse:
        person = get_object_or_404(User, pk=object_id)
        reset(username=person.get_username())
        messages.success(request, f"{person} may try again at once.")
        return leave_dialog(request, page_url(person))
