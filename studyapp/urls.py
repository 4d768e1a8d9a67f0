"""Every address."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from studyapp.api.addresses import patterns
from studyapp.views import (
    account,
    decisions,
    jobs,
    lab,
    library,
    live,
    observer,
    plans,
    recruiting,
    reports,
    researcher,
    rights,
    sharing,
    steps,
    tiles,
    tokens,
    turned_away,
    welcome,
)

urlpatterns = [
    # observers
    path("s/<str:code>/", welcome.welcome, name="welcome"),
    path("s/<str:code>/lab/", lab.lab, name="lab"),
    path("s/<str:code>/decline/", turned_away.decline, name="decline"),
    path("look/<str:token>/yours/", rights.yours, name="yours"),
    path("look/<str:token>/my-data.json", rights.own_data, name="own-data"),
    path("look/<str:token>/withdraw/", rights.withdraw, name="withdraw"),
    path("look/<str:token>/", observer.look, name="look"),
    path("look/<str:token>/place/", observer.place, name="place"),
    path("look/<str:token>/thanks/", observer.thanks, name="thanks"),
    path("look/<str:token>/agreed/", steps.receipt, name="receipt"),
    path("look/<str:token>/steps/<str:name>/<int:part>/", steps.step, name="step"),
    path("look/<str:token>/steps/<str:name>/<int:part>.svg", steps.drawing, name="drawing"),
    path("look/<str:token>/examples/<int:number>/<str:side>", steps.example, name="example"),
    path("trial/<str:token>/shown/", observer.shown, name="shown"),
    path("trial/<str:token>/vote/", observer.vote, name="vote"),
    path("seen/<str:token>/<int:level>/<int:column>/<int:row>", tiles.tile, name="tile"),
    # researchers
    path("", researcher.home, name="home"),
    path("login/", LoginView.as_view(template_name="studyapp/login.html"), name="login"),
    path("logout/", LogoutView.as_view(next_page="login"), name="logout"),
    path("password/", account.PasswordChange.as_view(), name="password_change"),
    path("password/forgotten/", account.PasswordForgotten.as_view(), name="password-forgotten"),
    path("password/<str:uidb64>/<str:token>/", account.PasswordSet.as_view(), name="password-set"),
    path("account/tokens/", tokens.tokens_page, name="tokens"),
    path("account/tokens/<int:pk>/take-back/", tokens.revoke, name="revoke-token"),
    path("studies/", researcher.studies, name="studies"),
    path("studies/<int:pk>/", researcher.study_page, name="study"),
    path("studies/<int:pk>/state/", researcher.change_state, name="study-state"),
    path("studies/<int:pk>/people/", sharing.people_page, name="study-people"),
    path("studies/<int:pk>/people/<int:person>/take-back/", sharing.unshare, name="study-unshare"),
    path("studies/<int:pk>/recruiting/", recruiting.recruiting_page, name="recruiting"),
    path("studies/<int:pk>/invitations/", recruiting.invitations_page, name="invitations"),
    path("studies/<int:pk>/invitations.csv", recruiting.invitations_csv, name="invitations-csv"),
    path("studies/<int:pk>/decisions/", decisions.decisions_page, name="decisions"),
    path("studies/<int:pk>/to-pay.csv", decisions.to_pay_csv, name="to-pay-csv"),
    path("studies/<int:pk>/forget-rehearsals/", researcher.forget, name="forget-rehearsals"),
    path("studies/<int:pk>/plan/", plans.plan_page, name="study-plan"),
    path("studies/<int:pk>/plan.json", plans.plan_json, name="study-plan-json"),
    path("studies/<int:pk>/live/", live.live_page, name="study-live"),
    path("studies/<int:pk>/live.json", live.live_json, name="study-live-json"),
    path("studies/<int:pk>/live/scores/", live.scores, name="study-live-scores"),
    path("studies/<int:pk>/live/screening/", live.screening, name="study-live-screening"),
    path("studies/<int:pk>/votes.csv", reports.votes_csv, name="votes-csv"),
    path("studies/<int:pk>/data/<str:name>", reports.data_file, name="data-file"),
    path("studies/<int:pk>/report/", reports.report_page, name="report"),
    path("studies/<int:pk>/report.json", reports.report_json, name="report-json"),
    path("studies/<int:pk>/figures/<str:name>.<str:suffix>", reports.figure, name="figure"),
    # the library and its jobs
    path("library/", library.library_page, name="library"),
    path("library/tiles/<str:token>/<int:level>/<int:column>/<int:row>", library.tile, name="library-tile"),
    path("testsets/<int:pk>/", library.testset_page, name="testset"),
    path("contents/<int:pk>/", library.content_page, name="content"),
    path("contents/<int:pk>/input", library.input_photo, name="input-photo"),
    path("contents/<int:pk>/reference", library.reference_photo, name="reference-photo"),
    path("contents/<int:pk>/thumbnail.jpg", library.content_thumbnail, name="content-thumbnail"),
    path("contents/<int:pk>/reference.jpg", library.reference_thumbnail, name="reference-thumbnail"),
    path("stimuli/<int:pk>.png", library.stimulus_png, name="stimulus-png"),
    path("stimuli/<int:pk>/thumbnail.jpg", library.stimulus_thumbnail, name="stimulus-thumbnail"),
    path("jobs/", jobs.jobs_page, name="jobs"),
    path("jobs/<int:pk>/", jobs.job_page, name="job"),
    path("jobs/<int:pk>/cancel/", jobs.cancel, name="cancel-job"),
    path("jobs/<int:pk>/retry/", jobs.retry, name="retry-job"),
    # programs
    path("api/v1/", include((patterns, "api"))),
    path("admin/", admin.site.urls),
]

handler400 = "studyapp.views.errors.bad_request"
handler403 = "studyapp.views.errors.forbidden"
handler404 = "studyapp.views.errors.not_found"
handler500 = "studyapp.views.errors.server_error"
