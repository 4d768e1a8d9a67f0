"""Every address, asked by everybody: who may, who is asked to log in, and for whom it isn't there.

An address without a row fails the test. A row is what each of WHO gets: anonymous, a viewer with whom the study is
shared, the researcher who owns it, another researcher, an admin.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from enhancement.models import Alignment, Job, Measurement, Method, Stimulus
from enhancement.services.uploads import begin_upload
from studyapp.headers import HEADERS
from studyapp.models import Observer, RejectedVote, Slot, Study, StudySession, Trial, Vote
from studyapp.models.observer import session_token
from studyapp.models.trial import opaque
from studyapp.roles import Role
from studyapp.services.made_reports import ask_for_report
from studyapp.services.people import password_path
from studyapp.services.picture_tiles import Seen
from studyapp.services.sharing import share_study
from studyapp.services.tokens import make_token
from tests.studyapp.factories import answer, answer_all, make_study, make_user, prefer, run_jobs, sit
from tests.training import make_run

pytestmark = pytest.mark.django_db

WHO = ("anonymous", "viewer", "owner", "other", "admin")
NAMES = {"anonymous": "", "viewer": "vera", "owner": "olga", "other": "otto", "admin": "root"}
LOGIN = 302

OPEN = (200, 200, 200, 200, 200)
LOGGED_IN = (LOGIN, 200, 200, 200, 200)
SEEN = (LOGIN, 200, 200, 404, 200)  # of a study: also by the viewer with whom it is shared
SHARED_OUT = (LOGIN, 403, 200, 404, 200)  # by who owns it
COPIED = (LOGIN, 403, 200, 404, 200)  # by who sees it and may make studies: test_copying.py has one who may only see it
IN_ADMIN = (LOGIN, 404, 200, 200, 200)  # the library, and lists that hold only what is theirs
IN_ADMIN_OWN = (LOGIN, 404, 200, 404, 200)
ADMINS = (LOGIN, 404, 403, 403, 200)
ADMINS_ALONE = (LOGIN, 404, 404, 404, 200)  # for others it isn't there
NOBODY = (LOGIN, 404, 403, 403, 403)
AWAY = (302, 302, 302, 302, 302)
POSTED = (405, 405, 405, 405, 405)


def pages_of(model: str, *, seen: tuple[int, ...], one: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """The admin's pages of what nobody writes by hand."""
    return {
        f"admin:{model}_changelist": seen,
        f"admin:{model}_add": NOBODY,
        f"admin:{model}_change": one,
        f"admin:{model}_history": one,
        f"admin:{model}_delete": NOBODY,
    }


TO_ALL = (401, 200, 200, 200, 200)
OF_STUDY = (401, 200, 200, 404, 200)

# Of the API, by whose token is sent; "anonymous" sends none.
API: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("studies", "testsets", "methods"), TO_ALL),
    **dict.fromkeys(("testset", "contents", "stimuli"), TO_ALL),  # of the shared study; others: test_api.py
    **dict.fromkeys(("study", "conditions", "sessions", "exposures", "file", "report", "study-stimuli"), OF_STUDY),
}

TABLE: dict[str, tuple[int, ...]] = {
    # observers need no login; who holds a token is the observer
    "welcome": OPEN,
    "look": OPEN,
    "place": OPEN,
    "lab": (404, 404, 404, 404, 404),  # only of a study in lab mode
    "step": AWAY,  # no step is due: to the pairs
    "drawing": OPEN,
    "example": (404, 404, 404, 404, 404),  # the study shows none
    "receipt": (404, 404, 404, 404, 404),  # the study asks for no consent
    "thanks": AWAY,  # not done yet: back to the pairs
    "decline": OPEN,
    "yours": OPEN,
    "own-data": OPEN,
    "withdraw": OPEN,
    "onward": POSTED,
    "shown": POSTED,
    "vote": POSTED,
    "tile": OPEN,
    # researchers
    "home": AWAY,
    "login": OPEN,
    "logout": POSTED,
    "password_change": LOGGED_IN,
    "password-forgotten": OPEN,
    "password-set": AWAY,  # the secret leaves the address
    "studies": LOGGED_IN,
    "study": SEEN,
    "study-state": (LOGIN, 405, 405, 405, 405),
    "study-prepare": (LOGIN, 405, 405, 405, 405),
    "study-copy": COPIED,
    "study-people": SHARED_OUT,
    "study-unshare": (LOGIN, 405, 405, 405, 405),
    "study-plan": SEEN,
    "study-plan-json": SEEN,
    "study-live": SEEN,
    "study-live-json": SEEN,
    "study-live-scores": SEEN,
    "study-live-screening": SEEN,
    "recruiting": SHARED_OUT,
    "invitations": SHARED_OUT,
    "invitations-csv": SHARED_OUT,
    "decisions": SEEN,
    "to-pay-csv": SHARED_OUT,
    "votes-csv": SEEN,
    "data-file": SEEN,
    "report": SEEN,
    "report-json": SEEN,
    "report-file": SEEN,
    "report-make": (LOGIN, 405, 405, 405, 405),
    "figure": SEEN,
    "forget-rehearsals": (LOGIN, 405, 405, 405, 405),
    # programs come with a token (BY_TOKEN below); a login opens nothing there
    "tokens": LOGGED_IN,
    "revoke-token": (LOGIN, 405, 405, 405, 405),
    "api:reference": OPEN,
    "api:openapi-json": OPEN,
    "api:api-root": (404,) * 5,
    **dict.fromkeys((f"api:{name}" for name in API), (401,) * 5),
    # the library, which researchers share; a viewer sees what the shared study uses
    "library": LOGGED_IN,
    "library-tile": LOGGED_IN,
    "testset": LOGGED_IN,
    "content": LOGGED_IN,
    "input-photo": LOGGED_IN,
    "reference-photo": LOGGED_IN,
    "stimulus-png": LOGGED_IN,
    "jobs": LOGGED_IN,
    "job": SEEN,
    "cancel-job": (LOGIN, 405, 405, 405, 405),
    "retry-job": (LOGIN, 405, 405, 405, 405),
    "content-thumbnail": LOGGED_IN,
    "reference-thumbnail": LOGGED_IN,
    "stimulus-thumbnail": LOGGED_IN,
    # training: admins' alone
    **dict.fromkeys(
        ("training", "training-new", "training-run", "training-checkpoint", "training-sample"), ADMINS_ALONE
    ),
    "training-method": (LOGIN, 405, 405, 405, 405),
    # the admin
    "admin:index": IN_ADMIN,
    "admin:search": IN_ADMIN,
    "admin:login": AWAY,
    "admin:logout": (LOGIN, 404, 307, 307, 307),
    "admin:password_change": (LOGIN, 404, 302, 302, 302),
    "admin:password_change_done": IN_ADMIN,
    "admin:autocomplete": NOBODY,
    "admin:jsi18n": IN_ADMIN,
    "admin:view_on_site": (LOGIN, 404, 404, 404, 404),
    "admin:app_list": IN_ADMIN,
    **pages_of("enhancement_testset", seen=IN_ADMIN, one=IN_ADMIN),
    "admin:enhancement_testset_add": ADMINS,
    "admin:enhancement_testset_load": ADMINS,
    "admin:enhancement_testset_add_photos": (LOGIN, 404, 403, 403, 302),  # to the upload page
    "admin:enhancement_upload_page": ADMINS,
    "admin:enhancement_upload_state": ADMINS,
    **dict.fromkeys(
        (
            f"admin:enhancement_upload_{what}"
            for what in ("begin", "files", "piece", "remove", "leave_out", "make", "stop", "cancel")
        ),
        (LOGIN, 404, 403, 403, 405),
    ),
    "admin:enhancement_testset_run_methods": ADMINS,
    **pages_of("enhancement_method", seen=IN_ADMIN, one=IN_ADMIN),
    "admin:enhancement_method_add": ADMINS,
    "admin:enhancement_method_import_released": ADMINS,
    "admin:enhancement_method_add_network": ADMINS,
    **pages_of("enhancement_stimulus", seen=IN_ADMIN, one=IN_ADMIN),
    **pages_of("enhancement_alignment", seen=IN_ADMIN, one=IN_ADMIN),
    **pages_of("enhancement_measurement", seen=IN_ADMIN, one=IN_ADMIN),
    **pages_of("enhancement_job", seen=IN_ADMIN, one=IN_ADMIN_OWN),
    "admin:enhancement_job_cancel": IN_ADMIN_OWN,
    "admin:enhancement_job_retry": IN_ADMIN_OWN,
    "admin:auth_user_changelist": ADMINS,
    "admin:auth_user_add": ADMINS,
    "admin:auth_user_change": ADMINS,
    "admin:auth_user_history": ADMINS,
    "admin:auth_user_delete": NOBODY,
    "admin:auth_user_password_link": ADMINS,
    "admin:auth_user_unlock": ADMINS,
    **pages_of("studyapp_observer", seen=IN_ADMIN, one=IN_ADMIN_OWN),
    **pages_of("studyapp_slot", seen=IN_ADMIN, one=IN_ADMIN_OWN),
    **pages_of("studyapp_studysession", seen=IN_ADMIN, one=IN_ADMIN_OWN),
    **pages_of("studyapp_trial", seen=IN_ADMIN, one=IN_ADMIN_OWN),
    **pages_of("studyapp_vote", seen=IN_ADMIN, one=IN_ADMIN_OWN),
    **pages_of("studyapp_rejectedvote", seen=IN_ADMIN, one=IN_ADMIN_OWN),
    **pages_of("studyapp_study", seen=IN_ADMIN, one=IN_ADMIN_OWN),
    "admin:studyapp_study_add": IN_ADMIN,
    "admin:studyapp_study_from_toml": IN_ADMIN,
    "admin:studyapp_study_prepare": IN_ADMIN_OWN,
    "admin:studyapp_study_open": IN_ADMIN_OWN,
    "admin:studyapp_study_pause": IN_ADMIN_OWN,
    "admin:studyapp_study_close": IN_ADMIN_OWN,
    "admin:studyapp_study_copy": (LOGIN, 404, 302, 404, 302),  # to the researchers' page
}

# What a POST does, where GET is refused: said once more, for it is the POST that changes.
POSTS: dict[str, tuple[int, ...]] = {
    "study-state": (LOGIN, 403, 302, 404, 302),
    "study-prepare": (LOGIN, 403, 302, 404, 302),
    "study-copy": (LOGIN, 403, 400, 404, 400),  # nothing is sent that names it
    "report-make": (LOGIN, 302, 302, 404, 302),  # it changes nothing that anybody made
    "study-people": (LOGIN, 403, 400, 404, 400),
    "recruiting": (LOGIN, 403, 302, 404, 302),
    "invitations": (LOGIN, 403, 400, 404, 400),
    "decisions": (LOGIN, 403, 302, 404, 302),
    "tokens": (LOGIN, 400, 400, 400, 400),
    "revoke-token": (LOGIN, 404, 302, 404, 404),  # the owner took it back
    "study-unshare": (LOGIN, 403, 302, 404, 404),  # the owner took it back; then there is nobody to take it from
    "training-new": (LOGIN, 404, 404, 404, 400),
    "training-method": (LOGIN, 404, 404, 404, 302),
    "admin:studyapp_study_pause": (LOGIN, 404, 302, 404, 302),
    "admin:studyapp_study_change": (LOGIN, 404, 200, 404, 200),
    "admin:enhancement_job_retry": (LOGIN, 404, 302, 404, 302),
    "admin:auth_user_password_link": ADMINS,
    "admin:enhancement_testset_add": ADMINS,
}

# The ends of names of admin pages that aren't about one row.
OF_NO_ROW = ("_changelist", "_add", "_load", "_add_photos", "_import_released", "_add_network", "_from_toml")


RECRUITING = ("recruiting", "invitations", "invitations-csv", "decisions", "to-pay-csv")


class World(NamedTuple):
    """A study of the owner, shared with the viewer, and who asks for it."""

    study: Study
    clients: dict[str, Client]
    rows: dict[str, Any]


@pytest.fixture(scope="module")
def made(made_once: None) -> World:
    people = {"owner": make_user("olga"), "other": make_user("otto"), "viewer": make_user("vera", Role.VIEWER)}
    people["admin"] = make_user("root", Role.ADMIN)
    study = make_study(people["owner"], contents=2, conditions=("original", "auto"), name="Of Olga")
    share_study(study, people["viewer"], "see", by=people["owner"])
    answer_all(sit(study), prefer("auto", "original"))
    trial = Trial.objects.earliest("pk")
    answer(trial, "left" if trial.vote.answer == "right" else "right")
    clients = {"anonymous": Client()}
    for who, person in people.items():
        clients[who] = Client()
        clients[who].force_login(person, backend="studyapp.roles.RoleBackend")
    ask_for_report(study)
    run_jobs()
    sat = sit(study)
    open_trial = sat.trials.earliest("position")
    rows = {
        "token": make_token(people["owner"], "of Olga")[0],
        "enhancement_testset": study.testset,
        "enhancement_job": Job.objects.get(kind="renderings"),
        "auth_user": people["other"],
        "studyapp_study": study,
        "uid": people["other"],
        "member": people["viewer"],
        "enhancement_upload": begin_upload(people["admin"]),
        "training": make_run(people["admin"]),
        "sitting": sat,
        "trial": open_trial,
    }
    for model in (Method, Stimulus, Alignment, Measurement, Observer, Slot, StudySession, Trial, Vote, RejectedVote):
        rows[model._meta.label_lower.replace(".", "_")] = model._default_manager.earliest("pk")
    return World(study, clients, rows)


def names(resolver: URLResolver, space: str = "") -> Iterator[str]:
    """The name of every address; the admin's two nameless ones lead on to named ones, or are a 404."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern, space + (f"{pattern.namespace}:" if pattern.namespace else ""))
        elif isinstance(pattern, URLPattern) and (pattern.name or not space):
            yield f"{space}{pattern.name}"


def tiles_of(stimulus: Stimulus) -> str:
    """The token under which researchers look at a stimulus."""
    return Seen(stimulus.file.name, stimulus.sha256, (stimulus.width_px, stimulus.height_px)).token


def address(name: str, world: World) -> str:  # noqa: PLR0911
    """An address of the owner's study, or of the library that it uses."""
    content = world.study.testset.contents.earliest("pk")
    sat, trial, run = world.rows["sitting"], world.rows["trial"], world.rows["training"]
    told: dict[str, dict[str, Any]] = {
        "welcome": {"code": world.study.code},
        "decline": {"code": world.study.code},
        **{name: {"token": sat.token} for name in ("yours", "own-data", "withdraw")},
        **{name: {"pk": world.study.pk} for name in RECRUITING},
        "look": {"token": sat.token},
        "place": {"token": sat.token},
        "onward": {"token": sat.token},
        "thanks": {"token": sat.token},
        "lab": {"code": world.study.code},
        "step": {"token": sat.token, "name": "screen", "part": 1},
        "drawing": {"token": sat.token, "name": "colour", "part": 1},
        "example": {"token": sat.token, "number": 0, "side": "left"},
        "receipt": {"token": sat.token},
        "shown": {"token": trial.token},
        "vote": {"token": trial.token},
        "tile": {"token": trial.left_token, "level": 0, "column": 0, "row": 0},
        "data-file": {"pk": world.study.pk, "name": "exposures.parquet"},
        "revoke-token": {"pk": world.rows["token"].pk},
        "api:file": {"study": world.study.pk, "name": "exposures.csv"},
        "figure": {"pk": world.study.pk, "name": "preferences", "suffix": "svg"},
        "report-file": {"pk": world.study.pk, "name": "report", "suffix": "pdf"},
        "testset": {"pk": world.study.testset_id},
        "content-thumbnail": {"pk": content.pk},
        "reference-thumbnail": {"pk": content.pk},
        "stimulus-thumbnail": {"pk": world.rows["enhancement_stimulus"].pk},
        "content": {"pk": content.pk},
        "input-photo": {"pk": content.pk},
        "reference-photo": {"pk": content.pk},
        "stimulus-png": {"pk": world.rows["enhancement_stimulus"].pk},
        "library-tile": {"token": tiles_of(world.rows["enhancement_stimulus"]), "level": 0, "column": 0, "row": 0},
        "job": {"pk": world.rows["enhancement_job"].pk},
        "cancel-job": {"pk": world.rows["enhancement_job"].pk},
        "retry-job": {"pk": world.rows["enhancement_job"].pk},
        "forget-rehearsals": {"pk": world.study.pk},
        **{name: {"pk": run.pk} for name in ("training-run", "training-method", "training-checkpoint")},
        "training-sample": {"pk": run.samples.get(step=20).pk},
        "admin:enhancement_upload_begin": {},
        "admin:enhancement_upload_piece": {"pk": world.rows["enhancement_upload"].pk, "file": 1},
        "study-unshare": {"pk": world.study.pk, "person": world.rows["member"].pk},
        "admin:view_on_site": {"content_type_id": 1, "object_id": 1},
        "admin:app_list": {"app_label": "studyapp"},
    }
    if name in ("api:testset", "api:contents", "api:stimuli"):
        return reverse(name, args=[world.study.testset_id])
    if name.startswith("api:") and API.get(name.removeprefix("api:")) == OF_STUDY and name not in told:
        return reverse(name, args=[world.study.pk])
    if name == "password-set":
        return password_path(world.rows["uid"])
    if name in told:
        return reverse(name, kwargs=told[name])
    if name.startswith(("study", "votes", "report")) and name != "studies":
        return reverse(name, args=[world.study.pk])
    model = next((model for model in world.rows if name.startswith(f"admin:{model}_")), None)
    if model and not name.endswith(
        ("_changelist", "_add", "_load", "_add_photos", "_import_released", "_add_network", "_from_toml")
    ):
        return reverse(name, args=[world.rows[model].pk])
    return reverse(name)


def test_every_address_has_a_row() -> None:
    there = set(names(get_resolver()))
    assert there - set(TABLE) == set(), "say in TABLE who may see these"
    assert set(TABLE) - there == set(), "these are gone"


def test_everybody_gets_what_the_table_says(made: World) -> None:
    wrong = []
    for name, expected in TABLE.items():
        url = address(name, made)
        for who, status in zip(WHO, expected, strict=True):
            response = made.clients[who].get(url)
            if response.status_code != status:
                wrong.append(f"{name} ({url}) for {who}: {response.status_code}, not {status}")
            if (
                who == "anonymous"
                and status == LOGIN
                and expected is not AWAY
                and "/login/" not in response["Location"]
            ):
                wrong.append(f"{name} sends a stranger to {response['Location']}")
            if who == "other" and status == 404 and made.study.name in response.content.decode():
                wrong.append(f"{name} tells {who} what isn't there")
    assert wrong == []


def test_a_token_opens_what_its_person_may_see(made: World) -> None:
    wrong = []
    people = {who: User.objects.filter(username=name).first() for who, name in NAMES.items()}
    for who, place in zip(WHO, range(len(WHO)), strict=True):
        person = people[who]
        headers = {"Authorization": f"Bearer {make_token(person, 'test')[1]}"} if person else {}
        program = Client(headers=headers)
        for name, expected in API.items():
            url = address(f"api:{name}", made)
            if (status := program.get(url).status_code) != expected[place]:
                wrong.append(f"{name} ({url}) for {who}: {status}, not {expected[place]}")
    assert wrong == []


def test_nothing_is_changed_by_who_may_not(made: World) -> None:
    wrong = []
    sent = {"to": "pause", "_form_submitted": "True"}
    for name, expected in POSTS.items():
        for who, status in zip(WHO, expected, strict=True):
            response = made.clients[who].post(address(name, made), sent)
            if response.status_code != status:
                wrong.append(f"{name} for {who}: {response.status_code}, not {status}")
    assert wrong == []


def test_lists_hold_nothing_of_others(made: World) -> None:
    for name in ("studies", *(name for name in TABLE if name.endswith("_changelist"))):
        page = made.clients["other"].get(reverse(name)).content.decode()
        assert made.study.name not in page, name


def test_what_is_not_there_looks_like_what_is_not_theirs(made: World) -> None:
    """A 404 doesn't tell whether a number is somebody's."""
    other = made.clients["other"]
    for name in ("study", "report-json", "votes-csv"):
        theirs, nowhere = (other.get(reverse(name, args=[pk])) for pk in (made.study.pk, 999_999))
        assert (theirs.status_code, theirs.content) == (nowhere.status_code, nowhere.content)


def test_a_viewer_reads_only_the_library_of_shared_studies(made: World) -> None:
    stranger = Client()
    stranger.force_login(make_user("vic", Role.VIEWER), backend="studyapp.roles.RoleBackend")
    for name in ("testset", "content-thumbnail", "reference-thumbnail", "stimulus-thumbnail"):
        assert stranger.get(address(name, made)).status_code == 404, name


def test_who_was_made_a_viewer_changes_nothing_of_their_own(made: World) -> None:
    User.objects.get(username="olga").groups.clear()
    assert made.clients["owner"].get(address("study", made)).status_code == 200
    assert made.clients["owner"].post(address("study-state", made), {"to": "pause"}).status_code == 403


def test_every_page_has_its_headers_and_nothing_inline(made: World) -> None:
    script = r"<script(?![^>]*(?:\bsrc=|application/json))[^>]*>"
    inline = re.compile(rf"{script}|\son\w+=\"|href=\"javascript:", re.IGNORECASE)
    for name in TABLE:
        response = made.clients["admin"].get(address(name, made))
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, name
        assert "'unsafe-inline'" not in policy.split("script-src")[-1].split(";")[0], name
        assert ("unsafe" in policy) <= (name.startswith("admin:") or name == "figure"), name
        for header, value in HEADERS.items():
            assert response.headers[header] == value, (name, header)
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "same-origin"
        assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert response.headers["X-Frame-Options"] == "DENY"
        if "text/html" in response.headers.get("Content-Type", "") and not response.streaming:
            assert not inline.findall(response.content.decode()), name


def test_tokens_are_of_128_bits_at_least() -> None:
    for make in (session_token, opaque):
        drawn = make()
        assert len(urlsafe_b64decode(drawn + "==")) * 8 >= 128
        assert drawn != make()
