"""Studies in the admin: made, steered, and left as they are once anything rests on them."""

import re
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Permission, User
from django.contrib.staticfiles import finders
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from enhancement.models import Job, TestSet
from studyapp.admin.conditions import ConditionsInline, SettledConditionsInline
from studyapp.admin.sittings import TrialsInline
from studyapp.admin.studies import TextsInline
from studyapp.definition import StudyProblemError
from studyapp.design.schedule import policy_of
from studyapp.models import Observer, RejectedVote, Slot, Study, StudySession, StudyText, Trial, Vote
from studyapp.services.drafts import conditions_settled, write_text
from studyapp.services.sharing import share_study
from studyapp.services.studies import close_study
from studyapp.services.texts import translations
from tests.admin_pages import ada, admin, listed, page
from tests.studyapp.factories import (
    answer,
    answer_all,
    make_draft,
    make_method,
    make_study,
    make_testset,
    make_user,
    prefer,
    run_jobs,
    sit,
)

__all__ = ["ada", "admin"]  # fixtures
pytestmark = pytest.mark.django_db

KEPT: list[Any] = [Observer, StudySession, Slot, Trial, Vote, RejectedVote]
ADD = "/admin/studyapp/study/add/"
TOML = "/admin/studyapp/study/from_toml/"


def press(client: Client, study: Study, button: str) -> str:
    """A button on a study's page, its dialog confirmed; what the next page says."""
    response = client.post(page(study).replace("change/", f"{button}/"), {"_form_submitted": "True"}, follow=True)
    study.refresh_from_db()
    return " ".join(str(message) for message in response.context["messages"]) if response.context else ""


def filled(ada: User, **changed: Any) -> dict[str, Any]:
    """The form of a study over the tiny test set: original against auto."""
    told = {
        "name": "Made here", "owner": ada.pk, "question": "Which photo looks better?", "language": "en",
        "instructions": "Look.",
        "consent": "", "seed": 7, "trials_per_session": 6, "gold_share": 0, "repeat_share": 0, "same_share": 0,
        "policy_version": "balanced-1",
        "lease_minutes": 60, "seconds_per_trial": 8, "screen_min_width_px": 320, "practice_trials": 0, "break_every": 0,
    }  # fmt: skip
    return {**told, **changed}


def rows(*conditions: dict[str, Any], there: int = 0) -> dict[str, Any]:
    """The table of conditions as the page sends it."""
    told: dict[str, Any] = {"conditions-TOTAL_FORMS": len(conditions), "conditions-INITIAL_FORMS": there}
    told |= {"texts-TOTAL_FORMS": 0, "texts-INITIAL_FORMS": 0}
    for number, condition in enumerate(conditions):
        told |= {f"conditions-{number}-{key}": value for key, value in condition.items()}
    return told


def make_here(admin: Client, ada: User, **changed: Any) -> Study:
    """A study made by filling in the admin's form."""
    testset = changed.pop("testset", None) or make_testset()
    two = rows(*({"name": kind, "method_0": make_method(kind).pk} for kind in ("original", "auto")))
    response = admin.post(ADD, filled(ada, testset=testset.pk, **changed) | two)
    assert response.status_code == 302, response.context["errors"]
    return Study.objects.get(name=changed.get("name", "Made here"))


def as_it_is(study: Study) -> dict[str, Any]:
    """A study's table of conditions unchanged, to be changed by a test."""
    conditions = [
        {"id": row.pk, "study": study.pk, "name": row.name, "method_0": row.methods.get(camera="").method_id}
        for row in study.conditions.all()
    ]
    return rows(*conditions, there=len(conditions))


class TestKept:
    @pytest.fixture
    def study(self, ada: User) -> Study:
        study = make_study(ada, contents=2, conditions=("original", "auto"))
        session = sit(study)
        answer_all(session, prefer("original", "auto"))
        trial = session.trials.first()
        assert trial is not None
        answer(trial, "left" if trial.vote.answer == "right" else "right")
        return study

    def test_it_works(self, admin: Client, study: Study) -> None:
        for model in (Study, *KEPT):
            row = model.objects.first()
            assert f'href="{page(row)}' in admin.get(listed(model)).content.decode()
            assert admin.get(page(row)).status_code == 200

    def test_nothing_is_added_changed_or_deleted(self, admin: Client, study: Study) -> None:
        for model in KEPT:
            row = model.objects.first()
            assert admin.get(listed(model) + "add/").status_code == 403
            assert admin.post(page(row), {}).status_code == 403
            assert admin.post(page(row).replace("change", "delete"), {"post": "yes"}).status_code == 403

    def test_a_study_is_not_deleted(self, admin: Client, study: Study) -> None:
        assert admin.post(page(study).replace("change", "delete"), {"post": "yes"}).status_code == 403

    def test_no_page_tells_a_secret_address(self, admin: Client, study: Study) -> None:
        session, trial = StudySession.objects.get(), Trial.objects.first()
        assert trial is not None
        pages = [page(session), page(trial), listed(StudySession), listed(Trial)]
        text = "".join(admin.get(url).content.decode() for url in pages)
        assert not [secret for secret in (session.token, trial.token, trial.left_token) if secret in text]

    def test_lists_ask_as_much_for_many_rows_as_for_few(
        self, admin: Client, study: Study, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for _ in range(6):
            answer_all(sit(study), prefer("auto", "original"))
        for model in (Study, *KEPT):
            with django_assert_max_num_queries(12):
                admin.get(listed(model))

    def test_question_conditions_design_and_texts_stay(self, admin: Client, ada: User, study: Study) -> None:
        changed = filled(ada, name="Other", question="Which is worse?", seed=8, instructions="Other.", lease_minutes=5)
        admin.post(page(study), changed | rows({"name": "more", "method_0": make_method("auto").pk}))
        study.refresh_from_db()
        assert (study.name, study.question, study.seed) == ("A tiny study", "Which photo looks better?", 7)
        assert study.conditions.count() == 2
        assert set(study.texts.values_list("version", flat=True)) == {1}
        assert study.lease_minutes == 5, "what changes no answer may change"

    def test_a_text_is_refused_even_where_the_page_was_older_than_the_vote(self, study: Study) -> None:
        with pytest.raises(StudyProblemError, match="has votes"):
            write_text(study, StudyText.Kind.INSTRUCTIONS, "Other.")

    def test_a_study_that_closes_while_its_page_is_saved_stays_closed(
        self, admin: Client, ada: User, study: Study, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever closes it, and whoever fills the last place of a quota, does so by an update of its own."""

        def close_first(strata: str, *told: Any) -> str:
            Study.objects.filter(pk=study.pk).update(state=Study.State.CLOSED)
            return policy_of(strata, *told)

        monkeypatch.setattr("studyapp.admin.studies.policy_of", close_first)
        admin.post(page(study), filled(ada, lease_minutes=5) | as_it_is(study))
        study.refresh_from_db()
        assert (study.state, study.lease_minutes) == (Study.State.CLOSED, 5)

    def test_a_closed_study_is_only_looked_at(self, admin: Client, study: Study) -> None:
        close_study(study)
        assert admin.get(page(study)).status_code == 200
        assert admin.post(page(study), {"lease_minutes": 5}).status_code == 403


class TestMake:
    def test_it_works(self, admin: Client, ada: User) -> None:
        assert admin.get(ADD).status_code == 200
        study = make_here(admin, ada, consent="I take part freely.")
        assert [(row.name, row.position) for row in study.conditions.all()] == [("original", 0), ("auto", 1)]
        assert [str(row) for row in study.conditions.get(name="auto").methods.all()] == ["auto: auto"]
        assert set(study.texts.filter(language="en").values_list("kind", "version", "text")) == {
            ("question", 1, "Which photo looks better?"),
            ("instructions", 1, "Look."),
            ("consent", 1, "I take part freely."),
        }
        assert not Job.objects.exists(), "a draft is prepared when asked"

    def test_strata_bring_their_policy(self, admin: Client, ada: User) -> None:
        study = make_here(admin, ada, strata="camera")
        assert (study.strata, study.policy_version) == ("camera", "balanced-2")

    def test_a_condition_needs_a_method(self, admin: Client, ada: User) -> None:
        told = filled(ada, testset=make_testset().pk) | rows({"name": "original"})
        assert "Choose a method." in admin.post(ADD, told).content.decode()
        assert not Study.objects.exists()

    def test_a_name_stands_for_one_condition(self, admin: Client, ada: User) -> None:
        method = make_method("original").pk
        twice = rows(*({"name": "same", "method_0": method} for _ in range(2)))
        response = admin.post(ADD, filled(ada, testset=make_testset().pk) | twice)
        assert response.status_code == 200
        assert not Study.objects.exists()

    def test_each_camera_has_a_column(self, admin: Client, ada: User) -> None:
        study = make_here(admin, ada, testset=make_testset(cameras=("iphone", "sony")))
        text = admin.get(page(study)).content.decode()
        assert "Method for iphone" in text
        assert "Method for sony" in text
        table = as_it_is(study) | {"conditions-1-method_2": make_method("degraded").pk}
        assert admin.post(page(study), filled(ada, testset=study.testset_id) | table).status_code == 302
        methods = study.conditions.get(name="auto").methods
        assert dict(methods.values_list("camera", "method__name")) == {"": "auto", "sony": "degraded"}

    def test_gold_is_chosen_among_the_compared(self, admin: Client, ada: User) -> None:
        study = make_here(admin, ada)
        original = study.conditions.get(name="original")
        table = as_it_is(study) | {"conditions-1-worse_than": original.pk}
        admin.post(page(study), filled(ada, testset=study.testset_id) | table)
        assert study.conditions.get(name="auto").worse_than == original

    def test_a_condition_is_removed_with_its_methods(self, admin: Client, ada: User) -> None:
        study = make_here(admin, ada)
        table = as_it_is(study) | {"conditions-0-DELETE": "on"}
        assert admin.post(page(study), filled(ada, testset=study.testset_id) | table).status_code == 302
        assert [row.name for row in study.conditions.all()] == ["auto"]

    def test_what_gold_must_lose_to_is_not_removed(self, admin: Client, ada: User) -> None:
        study = make_here(admin, ada)
        better = study.conditions.get(name="original").pk
        table = as_it_is(study) | {"conditions-0-DELETE": "on", "conditions-1-worse_than": better}
        response = admin.post(page(study), filled(ada, testset=study.testset_id) | table)
        assert "auto must lose to original" in response.content.decode()
        assert study.conditions.count() == 2

    def test_a_changed_text_is_a_new_version(self, admin: Client, ada: User) -> None:
        study = make_here(admin, ada)
        for text in ("Look.", "Look closely.", "Look closely."):
            admin.post(page(study), filled(ada, testset=study.testset_id, instructions=text) | as_it_is(study))
        told = study.texts.filter(kind="instructions").order_by("version").values_list("version", "text")
        assert list(told) == [(1, "Look."), (2, "Look closely.")]

    def test_a_consent_is_taken_back_while_nobody_saw_it(self, admin: Client, ada: User) -> None:
        study = make_here(admin, ada, consent="I agree.")
        admin.post(page(study), filled(ada, testset=study.testset_id) | as_it_is(study))
        assert not study.texts.filter(kind="consent").exists()

    def test_who_may_only_look_changes_nothing(self, admin: Client, ada: User) -> None:
        study = make_here(admin, ada)
        looker = make_user("grace")
        share_study(study, looker, "see", by=ada)
        client = Client()
        client.force_login(looker)
        assert "Look." in client.get(page(study)).content.decode()
        assert client.post(page(study), filled(ada)).status_code == 403
        press_url = page(study).replace("change/", "prepare/")
        assert client.post(press_url, {"_form_submitted": "True"}).status_code == 403
        study.refresh_from_db()
        assert (study.owner, study.state, Job.objects.count()) == (ada, "draft", 0)

    def test_who_may_change_it_too_does_and_gives_it_to_nobody(self, admin: Client, ada: User) -> None:
        study = make_here(admin, ada)
        grace = make_user("grace")
        share_study(study, grace, "change", by=ada)
        client = Client()
        client.force_login(grace)
        told = filled(grace, testset=study.testset_id, question="Which is sharper?") | as_it_is(study)
        assert client.post(page(study), told).status_code == 302
        study.refresh_from_db()
        assert (study.owner, study.question) == (ada, "Which is sharper?")
        assert "Asked for" in press(client, study, "prepare")


class TestOwners:
    """Grace may do everything that the admin lets be done, with her own studies."""

    @pytest.fixture
    def grace(self) -> User:
        grace = make_user("grace", is_staff=True)
        grace.user_permissions.set(Permission.objects.all())
        return grace

    @pytest.fixture
    def client(self, grace: User) -> Client:
        client = Client()
        client.force_login(grace)
        return client

    @pytest.fixture
    def theirs(self, ada: User) -> Study:
        """Ada's study, with a row of every kind."""
        study = make_study(ada, contents=2, conditions=("original", "auto"), name="Of Ada")
        session = sit(study)
        answer_all(session, prefer("original", "auto"))
        trial = session.trials.first()
        assert trial is not None
        answer(trial, "left" if trial.vote.answer == "right" else "right")
        return study

    @pytest.fixture
    def hers(self, theirs: Study, grace: User) -> Study:
        return make_draft(grace, testset=theirs.testset, conditions=("original", "auto"), name="Of Grace")

    def test_lists_hold_nothing_of_others(self, client: Client, theirs: Study) -> None:
        for model in (Study, *KEPT):
            response = client.get(listed(model))
            assert (model, response.context["cl"].result_count) == (model, 0)
            assert theirs.name not in response.content.decode(), "not even as a filter"

    def test_pages_of_others_are_not_there(self, client: Client, theirs: Study) -> None:
        for url in (page(model.objects.first()) for model in (Study, *KEPT)):
            for address in (url, url.replace("change", "history")):
                response = client.get(address, follow=True)
                assert response.status_code == 404 or response.redirect_chain[-1][0] == reverse("admin:index")
                assert theirs.name not in response.content.decode()

    def test_buttons_of_others_are_not_there(self, client: Client, theirs: Study) -> None:
        for button in ("prepare", "open", "pause", "close", "copy"):
            url = page(theirs).replace("change/", f"{button}/")
            assert client.get(url).status_code == 404
            assert client.post(url, {"_form_submitted": "True"}).status_code == 404
        theirs.refresh_from_db()
        assert theirs.state == "open"

    def test_a_study_of_others_is_not_changed(self, client: Client, grace: User, theirs: Study) -> None:
        assert client.post(page(theirs), filled(grace, lease_minutes=5) | rows()).status_code == 404
        theirs.refresh_from_db()
        assert (theirs.lease_minutes, theirs.owner.username) == (60, "ada")

    def test_tables_hold_nothing_of_others(self, rf: RequestFactory, grace: User, theirs: Study) -> None:
        request = rf.get("/")
        request.user = grace
        tables: list[Any] = [ConditionsInline, SettledConditionsInline, TextsInline, TrialsInline]
        for inline in tables:
            assert inline.model._default_manager.exists()
            assert not inline(Study, site).get_queryset(request).exists()

    def test_her_own_is_there(self, client: Client, hers: Study) -> None:
        assert [study.name for study in client.get(listed(Study)).context["cl"].result_list] == ["Of Grace"]
        assert client.get(page(hers)).status_code == 200
        run_jobs()
        assert "is open" in press(client, hers, "open")
        answer_all(sit(hers), prefer("auto", "original"))
        for model in (StudySession, Trial, Vote, Observer, Slot):
            assert client.get(listed(model)).context["cl"].result_count >= 1

    def test_what_she_makes_is_hers_whatever_the_page_sends(self, client: Client, ada: User, grace: User) -> None:
        assert make_here(client, ada).owner == grace

    def test_she_gives_no_study_away(self, client: Client, ada: User, grace: User) -> None:
        study = make_here(client, grace)
        assert client.post(page(study), filled(ada, testset=study.testset_id) | as_it_is(study)).status_code == 302
        study.refresh_from_db()
        assert study.owner == grace

    def test_a_name_of_hers_is_told_when_taken(self, client: Client, grace: User) -> None:
        made = make_here(client, grace)
        again = client.post(
            ADD, filled(grace, testset=made.testset_id) | as_it_is(made) | {"conditions-INITIAL_FORMS": 0}
        )
        assert again.status_code == 200
        assert Study.objects.count() == 1

    def test_a_superuser_sees_all_and_chooses_the_owner(self, admin: Client, grace: User, hers: Study) -> None:
        assert admin.get(listed(Study)).context["cl"].result_count == 2
        assert make_here(admin, grace, testset=hers.testset).owner == grace


class TestSteer:
    def test_the_whole_way(self, admin: Client, ada: User) -> None:
        study = make_here(admin, ada)
        assert "Asked for" in press(admin, study, "prepare")
        assert all(job.state == Job.State.DONE for job in run_jobs())
        assert "is open" in press(admin, study, "open")
        assert study.state == "open"
        press(admin, study, "pause")
        assert study.state == "paused"
        press(admin, study, "open")
        press(admin, study, "close")
        assert study.state == "closed"

    def test_a_link_alone_opens_nothing(self, admin: Client, ada: User) -> None:
        study = make_here(admin, ada)
        press(admin, study, "prepare")
        run_jobs()
        assert admin.get(page(study).replace("change/", "open/")).status_code == 200
        study.refresh_from_db()
        assert study.state == "draft"

    def test_what_is_missing_is_told(self, admin: Client, ada: User) -> None:
        study = make_here(admin, ada)
        assert "can't be shown yet" in press(admin, study, "open")
        assert study.state == "draft"

    def test_conditions_that_cover_nothing_are_not_prepared(self, admin: Client, ada: User) -> None:
        study = make_here(admin, ada)
        table = as_it_is(study) | {"conditions-0-DELETE": "on"}
        admin.post(page(study), filled(ada, testset=study.testset_id) | table)
        assert "at least two conditions" in press(admin, study, "prepare")
        assert not Job.objects.exists()

    def test_references_that_are_not_there_are_not_prepared(self, admin: Client, ada: User) -> None:
        """Their renderings would fail, and the conditions be settled for good."""
        study = make_here(admin, ada)
        study.testset.contents.filter(name="photo-0").update(reference_sha256="")
        table = as_it_is(study) | {"conditions-1-method_0": make_method("reference").pk}
        admin.post(page(study), filled(ada, testset=study.testset_id) | table)
        problem = "Condition auto shows the reference photo, and 1 of 4 contents of tiny have none"
        assert problem in press(admin, study, "prepare")
        assert problem in admin.get(page(study)).content.decode()
        assert not Job.objects.exists()
        assert not conditions_settled(study)

    def test_conditions_settle_once_prepared(self, admin: Client, ada: User) -> None:
        study = make_here(admin, ada)
        press(admin, study, "prepare")
        changed = filled(ada, testset=make_testset("other").pk, question="Which is sharper?")
        admin.post(page(study), changed | as_it_is(study) | {"conditions-0-DELETE": "on"})
        study.refresh_from_db()
        assert (study.testset.name, study.conditions.count()) == ("tiny", 2)
        assert study.question == "Which is sharper?", "nobody was asked yet"

    def test_only_buttons_that_can_do_something_are_offered(self, admin: Client, ada: User) -> None:
        text = admin.get(page(make_here(admin, ada))).content.decode()
        assert "/prepare/" in text
        assert "/pause/" not in text


class TestToml:
    definition = """
        name = "From a file"
        testset = "tiny"
        conditions = {original = "original", auto = "auto"}
    """

    def send(self, admin: Client, text: str) -> Any:
        return admin.post(TOML, {"definition": SimpleUploadedFile("study.toml", text.encode())})

    def test_it_works(self, admin: Client, ada: User) -> None:
        make_testset()
        for kind in ("original", "auto"):
            make_method(kind)
        assert admin.get(TOML).status_code == 200
        response = self.send(admin, self.definition)
        study = Study.objects.get()
        assert (response.headers["Location"], study.owner, study.name) == (page(study), ada, "From a file")
        assert Job.objects.filter(kind="renderings").exists()

    def test_everything_wrong_is_told_at_once(self, admin: Client) -> None:
        text = self.send(admin, self.definition).content.decode()
        assert "No test set is called &#x27;tiny&#x27;" in text
        assert "No method is called &#x27;auto&#x27;" in text
        assert not Study.objects.exists()

    def test_what_is_no_toml_is_refused(self, admin: Client) -> None:
        assert "This is not a TOML file" in self.send(admin, "name = ").content.decode()

    def test_unknown_keys_are_named_with_the_file(self, admin: Client) -> None:
        assert "study.toml: &#x27;colour&#x27; is not known" in self.send(admin, 'colour = "red"').content.decode()


class TestPeople:
    def test_it_works(self, admin: Client, ada: User) -> None:
        assert admin.get(listed(User)).status_code == 200
        assert admin.get(page(ada)).status_code == 200
        assert admin.get(listed(User) + "add/").status_code == 200


class TestLook:
    def test_the_way_back_and_every_list_stand_in_the_sidebar(self, admin: Client) -> None:
        text = admin.get(reverse("admin:index")).content.decode()
        assert all(f'href="{url}"' in text for url in [reverse("studies"), *map(listed, (User, Study, *KEPT))])

    def test_who_may_see_little_is_offered_little(self) -> None:
        looker = User.objects.create(username="grace", is_staff=True)
        looker.user_permissions.add(Permission.objects.get(codename="view_study"))
        client = Client()
        client.force_login(looker)
        text = client.get(reverse("admin:index")).content.decode()
        assert (f'href="{listed(Study)}"' in text, f'href="{listed(Vote)}"' in text) == (True, False)

    def test_its_mark_is_served(self, admin: Client) -> None:
        text = admin.get(reverse("admin:index")).content.decode()
        marks = set(re.findall(r'"(/static/studyapp/[^"]+[.]svg)"', text))
        assert len(marks) == 2
        assert all(finders.find(mark.removeprefix("/static/")) for mark in marks)

    def test_the_form_says_what_a_share_is(self, admin: Client) -> None:
        assert "0 to 0.5: pairs whose better side is known" in admin.get(ADD).content.decode()


class TestTexts:
    """What observers read in further languages, written on the study's form."""

    GERMAN = '[de]\r\ninstructions = "Schauen Sie genau hin."'

    def test_it_works(self, admin: Client, ada: User) -> None:
        study = make_here(admin, ada, translations=self.GERMAN)
        assert translations(study) == {"de": {"instructions": "Schauen Sie genau hin."}}
        assert b"Schauen Sie genau hin." in admin.get(page(study)).content

    def test_what_can_not_be_read_is_told(self, admin: Client, ada: User) -> None:
        make_testset()
        for wrong, words in (("[de", b"This can&#x27;t be read"), ("[tlh]", b"no page speaks")):
            told = filled(ada, translations=wrong, testset=TestSet.objects.get().pk)
            assert words in admin.post(ADD, told | rows()).content
        assert not Study.objects.exists()
