"""Jobs in the admin: a study's bear its name, so they are seen by whoever sees the study."""

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest

from enhancement.admin.jobs import JobAdmin
from enhancement.admin.skin import who
from enhancement.models import Job
from studyapp.services.access import jobs_for

admin.site.unregister(Job)


@admin.register(Job)
class SeenJobAdmin(JobAdmin):
    """The library's jobs, and those of the studies that the person sees."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        seen = jobs_for(who(request))
        neighbours = (Prefetch("after", seen), Prefetch("before", seen))
        return super().get_queryset(request).filter(pk__in=seen.values("pk")).prefetch_related(*neighbours)

    def operable(self, request: HttpRequest) -> QuerySet[Job]:
        return jobs_for(who(request), to="change")

    def has_operate_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """A researcher may cancel and retry what they asked for."""
        if object_id is None:
            return request.user.has_perm("studyapp.change_study")
        return super().has_operate_permission(request, object_id)
