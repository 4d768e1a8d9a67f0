"""A copy asks what its study asks, of observers of its own, for who may make studies."""

import tomllib

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from enhancement.models import Job, Method
from studyapp.definition import StudyProblemError
from studyapp.models import ConditionMethod, Panel, Study, StudyText, Vote
from studyapp.roles import Role
from studyapp.services.copying import LONGEST_NAME, NameTakenError, copy_study, free_name
from studyapp.services.definitions import definition_of, study_file
from studyapp.services.drafts import conditions_settled, prepare_draft, write_text, write_translations
from studyapp.services.invitations import make_invitations
from studyapp.services.recruiting import recruiting_of, set_recruiting
from studyapp.services.sharing import share_study
from studyapp.services.studies import close_study, has_votes, open_study
from studyapp.services.texts import texts_by_language
from tests.studyapp.factories import (
    answer_all,
    make_draft,
    make_study,
    make_testset,
    make_user,
    prefer,
    run_jobs,
    sit,
)

pytestmark = pytest.mark.django_db

ITS_OWN = {"id", "code", "name", "owner", "state", "seed", "created_at", "opened_at", "closed_at"}
PANEL = {
    "kind": "other",
    "parameters": ["uid"],
    "person_parameter": "uid",
    "group_parameter": "",
    "return_url": "https://panel.example/end?id={uid}",
    "outcomes": {"completed": {"code": "PAY-ME", "url": ""}},
}
RECRUITING = {
    "quota": 9, "group_quotas": {"DE": 5}, "invited_only": True, "lab_networks": ["192.0.2.0/24"],
    "keep_device_days": 30, "panel": PANEL,
}  # fmt: skip


@pytest.fixture(scope="module")
def made(made_once: None) -> Study:
    """A closed study with votes, in which nothing is as a new one would have it."""
    ada = make_user("ada")
    study = make_draft(
        ada, name="Pets", testset=make_testset(contents=6, cameras=("iphone", "blackberry")),
        gold={"degraded": "original"}, question="Which is nicer?", consent="I agree.", allow_tie=True,
        allow_not_sure=True, allow_correction=True, strata="camera", trials_per_session=5, gold_share=0.2,
        repeat_share=0.1, same_share=0.1, lease_minutes=30, seconds_per_trial=12.5, screen_check=True,
        screen_required=True, screen_min_width_px=500, colour_test=True, acuity_test=True, vision_required=True,
        ask_background=True, practice_contents=["photo-4", "photo-5"], examples=["photo-5"], practice_trials=1,
        break_every=2, minutes_left=False, closing_questions=["Why?"], lab_mode=True,
        completion_code="SHOWN-AT-THE-END", completion_url="https://panel.example/done",
    )  # fmt: skip
    ConditionMethod.objects.create(
        condition=study.conditions.get(name="auto"), camera="blackberry", method=Method.objects.get(name="original")
    )
    write_text(study, StudyText.Kind.INSTRUCTIONS, "Look well.")
    write_translations(study, {"de": {"instructions": "Schauen Sie genau hin.", "question": "Welches ist schöner?"}})
    run_jobs()
    open_study(study)
    answer_all(sit(study), prefer("auto", "original", "degraded"))
    set_recruiting(study, RECRUITING)
    make_invitations(study, 2, by=ada)
    share_study(study, make_user("vera", Role.VIEWER), "see", by=ada)
    close_study(study)
    return study


@pytest.fixture
def study(made: Study) -> Study:
    return Study.objects.get(pk=made.pk)


@pytest.fixture
def ada(made: Study) -> User:
    return made.owner


@pytest.fixture
def viewer(made: Study) -> User:
    return User.objects.get(username="vera")


def logged_in(person: User) -> Client:
    client = Client()
    client.force_login(person, backend="studyapp.roles.RoleBackend")
    return client


def said(client: Client, study: Study, place: str = "") -> str:
    answer = client.get(f"/studies/{study.pk}/{place}")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


class TestCopyStudy:
    def test_all_of_the_study_but_what_is_its_own_is_taken_over(self, study: Study, ada: User) -> None:
        copy = Study.objects.get(pk=copy_study(study, ada, "Pets again").pk)
        names = {field.name for field in Study._meta.concrete_fields} - ITS_OWN
        usual = Study()
        as_usual = [name for name in names - {"testset"} if getattr(study, name) == getattr(usual, name)]
        assert as_usual == ["language"], "what is as in any study shows nothing here"
        assert {name: getattr(copy, name) for name in names} == {name: getattr(study, name) for name in names}
        assert recruiting_of(copy) == recruiting_of(study)
        assert texts_by_language(copy) == texts_by_language(study)
        told, of_study = definition_of(copy), definition_of(study)
        assert told["conditions"]["auto"] == {"": "auto", "blackberry": "original"}
        own = {"name", "seed"}
        assert {key: told[key] for key in set(told) - own} == {key: of_study[key] for key in set(told) - own}

    def test_it_begins_anew(self, study: Study, ada: User) -> None:
        known = {job.pk for job in Job.objects.all()}
        copy = copy_study(study, ada, "Pets again")
        assert (copy.name, copy.owner, copy.state) == ("Pets again", ada, Study.State.DRAFT)
        assert copy.seed != study.seed
        assert copy.code != study.code
        assert (copy.opened_at, copy.closed_at) == (None, None)
        for rows in (copy.sessions, copy.slots, copy.invitations, copy.members, copy.rasters):
            assert not rows.exists(), rows.model
        assert not has_votes(copy)
        assert {job.pk for job in Job.objects.all()} == known, "the workers are asked for nothing"
        assert not conditions_settled(copy)

    def test_the_study_stays_as_it_is(self, study: Study, ada: User) -> None:
        before, votes = "".join(study_file(study)), Vote.objects.count()
        copy_study(study, ada, "Pets again")
        study.refresh_from_db()
        assert ("".join(study_file(study)), study.state, Vote.objects.count()) == (before, "closed", votes)

    def test_the_copy_is_asked_in_its_turn(self, study: Study, ada: User) -> None:
        Study.objects.filter(pk=study.pk).update(invited_only=False, lab_mode=False)
        study.refresh_from_db()
        copy = copy_study(study, ada, "Pets again")
        prepare_draft(copy, ada)
        run_jobs()
        open_study(copy)
        answer_all(sit(copy), prefer("auto", "original", "degraded"))
        assert has_votes(copy)

    def test_who_copies_owns_it_and_shares_it_with_nobody(self, study: Study, ada: User) -> None:
        grace = make_user("grace")
        share_study(study, grace, "change", by=ada)
        copy = copy_study(study, grace, "Pets")
        assert (copy.name, copy.owner) == ("Pets", grace), "a name is taken by its owner alone"
        assert not copy.members.exists()

    @pytest.mark.parametrize("may", ["see", "change"])
    def test_what_pays_people_comes_along_for_who_may_change_it(self, study: Study, ada: User, may: str) -> None:
        grace = make_user("grace")
        share_study(study, grace, may, by=ada)
        copy = copy_study(study, grace, "Pets")
        panel = Panel.objects.get(study=copy)
        paying = [copy.completion_code, copy.completion_url, panel.return_url, *panel.returns.values_list("code")]
        assert any(paying) == (may == "change")
        assert (panel.person_parameter, copy.quota) == ("uid", 9)

    def test_a_name_that_is_taken(self, study: Study, ada: User) -> None:
        copy_study(study, ada, "Pets (copy)")
        with pytest.raises(NameTakenError, match=r"called “Pets” already; “Pets \(copy 2\)” is free"):
            copy_study(study, ada, "Pets")
        assert Study.objects.count() == 2

    def test_a_draft_without_conditions_says_so_and_nothing_is_made(self, study: Study, ada: User) -> None:
        empty = Study.objects.create(name="Empty", owner=ada, testset=study.testset)
        with pytest.raises(StudyProblemError, match="compares at least two conditions"):
            copy_study(empty, ada, "Full")
        assert not Study.objects.filter(name="Full").exists()


class TestFreeName:
    def test_it_works(self, study: Study, ada: User) -> None:
        assert free_name("Pets", ada) == "Pets (copy)"
        for expected in ("Pets (copy)", "Pets (copy 2)", "Pets (copy 3)"):
            assert free_name("Pets", ada) == expected
            copy = copy_study(study, ada, expected)
        assert free_name(copy.name, ada) == "Pets (copy 4)", "a copy of a copy"
        assert free_name("Pets", make_user("grace")) == "Pets (copy)"

    def test_a_long_name_is_cut(self, ada: User) -> None:
        name = free_name("x" * LONGEST_NAME, ada)
        assert len(name) == LONGEST_NAME
        assert name.endswith("x (copy)")


class TestPage:
    def test_it_works(self, study: Study, ada: User) -> None:
        client = logged_in(ada)
        page = said(client, study, "copy/")
        assert 'value="Pets (copy)"' in page
        assert "by which observers go back come along too" in page
        answer = client.post(f"/studies/{study.pk}/copy/", {"name": " Pets, again "}, follow=True)
        copy = Study.objects.get(name="Pets, again")
        assert answer.redirect_chain == [(f"/studies/{copy.pk}/", 302)]
        assert "Pets, again is made" in answer.content.decode()
        assert "Prepare the pictures" in answer.content.decode()

    def test_a_name_that_is_taken_is_told_at_the_name(self, study: Study, ada: User) -> None:
        answer = logged_in(ada).post(f"/studies/{study.pk}/copy/", {"name": "Pets"})
        assert answer.status_code == 400
        assert "“Pets (copy)” is free" in answer.context["form"].errors["name"][0]
        assert Study.objects.count() == 1

    @pytest.mark.parametrize("name", ["", "x" * (LONGEST_NAME + 1)])
    def test_a_name_that_is_none(self, study: Study, ada: User, name: str) -> None:
        assert logged_in(ada).post(f"/studies/{study.pk}/copy/", {"name": name}).status_code == 400
        assert Study.objects.count() == 1

    def test_what_stands_in_the_way_is_told(self, study: Study, ada: User) -> None:
        empty = Study.objects.create(name="Empty", owner=ada, testset=study.testset)
        answer = logged_in(ada).post(f"/studies/{empty.pk}/copy/", {"name": "Full"})
        assert answer.status_code == 400
        assert "compares at least two conditions" in answer.content.decode()

    @pytest.mark.parametrize("state", Study.State.values)
    def test_it_is_offered_in_every_state(self, study: Study, ada: User, state: str) -> None:
        Study.objects.filter(pk=study.pk).update(state=state)
        client = logged_in(ada)
        assert f'href="/studies/{study.pk}/copy/">Copy the study</a>' in said(client, study)
        assert client.post(f"/studies/{study.pk}/copy/", {"name": "Again"}).status_code == 302

    def test_a_viewer_is_offered_none_and_makes_none(self, study: Study, viewer: User) -> None:
        client = logged_in(viewer)
        assert "/copy/" not in said(client, study)
        assert client.get(f"/studies/{study.pk}/copy/").status_code == 403
        assert client.post(f"/studies/{study.pk}/copy/", {"name": "Mine"}).status_code == 403
        assert Study.objects.count() == 1

    def test_a_researcher_who_may_only_see_it_copies_it_without_what_pays(self, study: Study, ada: User) -> None:
        grace = make_user("grace")
        share_study(study, grace, "see", by=ada)
        client = logged_in(grace)
        assert "Copy the study" in said(client, study)
        assert "are left out: they pay people" in said(client, study, "copy/")
        client.post(f"/studies/{study.pk}/copy/", {"name": "Mine"})
        copy = Study.objects.get(owner=grace)
        form = client.get(f"/admin/studyapp/study/{copy.pk}/change/").content.decode()
        pages = said(client, copy, "recruiting/") + form
        assert [word for word in ("PAY-ME", "SHOWN-AT-THE-END", "panel.example") if word in pages] == []


class TestAdmin:
    def test_the_button_leads_to_the_page(self, study: Study, ada: User) -> None:
        client = logged_in(ada)
        button = f"/admin/studyapp/study/{study.pk}/copy/"
        assert button in client.get(f"/admin/studyapp/study/{study.pk}/change/").content.decode()
        assert client.get(button)["Location"] == f"/studies/{study.pk}/copy/"
        assert Study.objects.count() == 1, "by a link alone nothing is made"


class TestCommand:
    def test_it_works(self, study: Study, ada: User, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("copy_study", study.code)
        copy = Study.objects.get(name="Pets (copy)")
        assert copy.owner == ada
        assert f"manage.py open_study {copy.code} --follow" in capsys.readouterr().out
        call_command("copy_study", "Pets", "--owner", make_user("grace").username, "--name", "Hers")
        assert Study.objects.get(name="Hers").owner.username == "grace"

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["Cats"], "0 studies are called 'Cats'"),
            (["Pets", "--owner", "nobody"], "Nobody's login is 'nobody'"),
            (["Pets", "--name", "Pets"], "is free"),
        ],
    )
    def test_what_is_wrong_is_said(self, study: Study, arguments: list[str], words: str) -> None:
        with pytest.raises(CommandError, match=words):
            call_command("copy_study", *arguments)
        assert Study.objects.count() == 1


def test_the_file_to_take_away_pays_nobody(study: Study, viewer: User) -> None:
    answer = logged_in(viewer).get(f"/studies/{study.pk}/data/study.toml")
    text = answer.getvalue().decode()
    assert answer["Content-Disposition"] == 'attachment; filename="pets-study.toml"'
    assert tomllib.loads(text) == definition_of(study)
    assert [word for word in ("PAY-ME", "SHOWN-AT-THE-END", "panel.example") if word in text] == []
    assert f'href="/studies/{study.pk}/data/study.toml"' in said(logged_in(viewer), study)


def test_an_open_study_is_copied_while_it_goes_on(ada: User) -> None:
    study = make_study(ada, testset=make_testset("other"), name="Going on")
    looking = sit(study)
    copy_study(study, ada, "Beside it")
    answer_all(looking, prefer("auto", "original", "degraded"))
    assert has_votes(study)
