"""The monitor: what it counts, that the database is asked as often for many votes as for few, and its cover."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from studyapp.models import Study, StudySession, Trial, Vote
from studyapp.services.decisions import decide
from studyapp.services.live import live_of
from tests.studyapp.factories import answer, answer_all, make_study, make_user, prefer, sit, waver

pytestmark = pytest.mark.django_db

ORDER = ("auto", "original", "degraded")
LIKED = {"original": 0.0, "auto": 0.5, "degraded": -0.5}
State = StudySession.State


@pytest.fixture(scope="module")
def made(made_once: None) -> Study:
    return make_study(
        make_user(), gold={"degraded": "original"}, conditions=("original", "auto", "degraded", "reference")
    )


@pytest.fixture
def study(made: Study) -> Study:
    """Three compared conditions on four contents, six trials a sitting."""
    cache.clear()
    return Study.objects.get(pk=made.pk)


@pytest.fixture
def client(made: Study) -> Client:
    client = Client()
    client.force_login(made.owner)
    return client


def answer_some(session: StudySession, number: int) -> None:
    for trial in session.trials.order_by("position")[:number]:
        answer(trial, "left")


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, url
    return " ".join(response.content.decode().split())


class TestNumbers:
    def test_nothing_yet(self, study: Study) -> None:
        live = live_of(study, timezone.now())
        assert live["sittings"] == dict.fromkeys(
            ("begun", "looking", "active", "finished", "abandoned", "withdrawn"), 0
        )
        assert sum(votes for _, votes in live["minutes"]) == 0
        assert (live["balance"]["shown"], live["balance"]["pairs"]) == (0, 3)
        assert live["dropouts"] == []

    def test_sittings(self, study: Study) -> None:
        finished, looking, quiet, silent, given_up, withdrawn = (sit(study) for _ in range(6))
        sit(study, pilot=True)
        sit(study, simulated=True)
        answer_all(finished, waver(1, {**LIKED, "reference": 0.9}))
        now = timezone.now()
        set_seen(quiet, now - timedelta(minutes=5))
        set_seen(silent, now - timedelta(minutes=study.lease_minutes + 1))
        StudySession.objects.filter(pk=given_up.pk).update(state=State.ABANDONED)
        StudySession.objects.filter(pk=withdrawn.pk).update(state=State.WITHDRAWN)
        assert live_of(study, now)["sittings"] == {
            "begun": 6, "looking": 1, "active": 2, "finished": 1, "abandoned": 2, "withdrawn": 1,
        }  # fmt: skip
        assert looking.state == State.ACTIVE
        assert live_of(study, now, simulated=True)["sittings"]["begun"] == 1

    def test_votes_a_minute(self, study: Study) -> None:
        answer_some(sit(study), 4)
        answer_some(sit(study, pilot=True), 3)
        now = datetime(2026, 3, 1, 12, 30, 20, tzinfo=UTC)
        at = [timedelta(), timedelta(seconds=19), timedelta(seconds=21), timedelta(minutes=60)]
        Vote.objects.update(answered_at=now)
        for vote, ago in zip(Vote.objects.filter(trial__session__pilot=False), at, strict=True):
            Vote.objects.filter(pk=vote.pk).update(answered_at=now - ago)
        minutes = [votes for _, votes in live_of(study, now)["minutes"]]
        assert len(minutes) == 60
        assert minutes[-2:] == [1, 2], "the present minute last; what is an hour old has gone"
        assert sum(minutes) == 3

    def test_balance(self, study: Study) -> None:
        session = sit(study)
        answer_all(session, waver(1, {**LIKED, "reference": 0.9}))
        Trial.objects.filter(session=sit(study), position=1).update(shown_at=timezone.now())
        answer_some(sit(study, pilot=True), 2)
        answer_some(sit(study, simulated=True), 2)
        withdrawn = sit(study)
        answer_some(withdrawn, 3)
        StudySession.objects.filter(pk=withdrawn.pk).update(state=State.WITHDRAWN)
        people = Trial.objects.filter(session__pilot=False, session__simulated=False, kind="main")
        shown = people.filter(session__state__in=[State.FINISHED, State.ACTIVE], shown_at__isnull=False)
        balance = live_of(study, timezone.now())["balance"]
        assert balance["shown"] == shown.count() == 7
        assert balance["answered"] == 6
        assert (balance["least"]["shown"], balance["most"]["shown"]) == (2, 3)
        assert balance["most"]["pairs"] == 1
        for row in balance["conditions"]:
            assert row["left"] == shown.filter(left__condition__name=row["condition"]).count()
            assert row["right"] == shown.filter(right__condition__name=row["condition"]).count()
        assert [row["condition"] for row in balance["conditions"]] == ["original", "auto", "reference"]

    def test_where_people_leave(self, study: Study) -> None:
        for answers, state in ((2, State.ABANDONED), (2, State.WITHDRAWN), (0, State.ABANDONED), (3, State.ACTIVE)):
            session = sit(study)
            answer_some(session, answers)
            StudySession.objects.filter(pk=session.pk).update(state=state)
        answer_all(sit(study), waver(1, {**LIKED, "reference": 0.9}))
        assert live_of(study, timezone.now())["dropouts"] == [
            {"answered": 0, "sittings": 1}, {"answered": 2, "sittings": 2},
        ]  # fmt: skip
        later = timezone.now() + timedelta(minutes=study.lease_minutes + 1)
        assert {"answered": 3, "sittings": 1} in live_of(study, later)["dropouts"]

    def test_how_many_of_how_many(self, study: Study) -> None:
        assert live_of(study, timezone.now())["places"] == []
        study.quota, study.group_quotas = 3, {"experts": 1}
        study.save()
        answer_all(sit(study), waver(1, {**LIKED, "reference": 0.9}))
        sit(study)
        assert live_of(study, timezone.now())["places"] == [
            {"group": "", "quota": 3, "finished": 1, "under_way": 1, "to_come": 2},
            {"group": "experts", "quota": 1, "finished": 0, "under_way": 0, "to_come": 1},
        ]
        assert live_of(study, timezone.now(), simulated=True)["places"] == []

    def test_the_stamp_is_news_and_nothing_else(self, study: Study) -> None:
        now = timezone.now().replace(second=10)
        first = live_of(study, now)["stamp"]
        assert live_of(study, now + timedelta(seconds=20))["stamp"] == first
        answer_some(sit(study), 1)
        assert live_of(study, now)["stamp"] != first

    def test_as_many_queries_for_many_votes_as_for_few(self, study: Study) -> None:
        counts = []
        for sittings in (0, 1, 12):
            for number in range(sittings):
                answer_all(sit(study), waver(number, {**LIKED, "reference": 0.9}))
            StudySession.objects.filter(pk=sit(study).pk).update(state=State.ABANDONED)
            with CaptureQueriesContext(connection) as queries:
                live_of(study, timezone.now())
            counts.append(len(queries))
        assert counts == [5, 5, 5]


class TestPage:
    def test_it_works(self, client: Client, study: Study) -> None:
        answer_all(sit(study), waver(1, {**LIKED, "reference": 0.9}))
        shown = page(client, f"/studies/{study.pk}/live/")
        assert '<dd id="finished">1</dd>' in shown
        assert "6 votes within the hour" in shown
        assert "style=" not in shown

    def test_the_page_asks_as_often_for_many_votes_as_for_few(self, client: Client, study: Study) -> None:
        counts = []
        for sittings in (1, 8):
            for number in range(sittings):
                answer_all(sit(study), waver(number, {**LIKED, "reference": 0.9}))
            for url in (f"/studies/{study.pk}/live/", f"/studies/{study.pk}/live.json"):
                cache.clear()
                with CaptureQueriesContext(connection) as queries:
                    client.get(url)
                counts.append((url, len(queries)))
        assert counts[:2] == counts[2:]

    def test_the_number_that_was_set(self, client: Client, study: Study) -> None:
        answer_all(sit(study), waver(1, {**LIKED, "reference": 0.9}))
        assert "no number is set for this study" in page(client, f"/studies/{study.pk}/live/")
        cache.clear()
        Study.objects.filter(pk=study.pk).update(quota=2)
        shown = page(client, f"/studies/{study.pk}/live/")
        assert "1 of 2 finished, 0 under way" in shown
        assert "1 to come until the number that was set." in shown
        cache.clear()
        Study.objects.filter(pk=study.pk).update(quota=1)
        assert "the number that was set is reached." in page(client, f"/studies/{study.pk}/live/")

    def test_no_score_is_on_it(self, client: Client, study: Study) -> None:
        for number in range(6):
            answer_all(sit(study), waver(number, {**LIKED, "reference": 0.9}))
        shown = page(client, f"/studies/{study.pk}/live/")
        told = client.get(f"/studies/{study.pk}/live.json").json()
        assert "Scores, under a cover" in shown
        assert "interval" not in shown.split("Armitage")[0]
        assert set(told) == {
            "stamp",
            "at",
            "state",
            "simulated",
            "sittings",
            "minutes",
            "balance",
            "dropouts",
            "places",
        }
        lifted = page(client, f"/studies/{study.pk}/live/scores/")
        assert '<th scope="row">auto</th>' in lifted
        assert "36 votes of 6 observers" in lifted

    def test_scores_that_are_not_there_yet(self, client: Client, study: Study) -> None:
        answer_all(sit(study), prefer("reference", *ORDER))
        assert "No scores: No finite scores exist" in page(client, f"/studies/{study.pk}/live/scores/")

    def test_who_is_flagged(self, client: Client, study: Study) -> None:
        assert "Nobody to screen yet." in page(client, f"/studies/{study.pk}/live/screening/")
        for number in range(4):
            answer_all(sit(study), waver(number, {**LIKED, "reference": 0.9}))
        assert "None of 4 observers flagged." in page(client, f"/studies/{study.pk}/live/screening/")
        hasty, simulated = sit(study), sit(study, simulated=True)
        for trial in (*hasty.trials.order_by("position"), *simulated.trials.order_by("position")):
            answer(trial, "left", response_ms=250)
        shown = page(client, f"/studies/{study.pk}/live/screening/")
        assert "1 of 5 observers flagged." in shown
        assert f"<code>{hasty.observer.code}</code>" in shown
        assert "too fast to have looked" in shown
        assert simulated.observer.code not in shown
        asked = page(client, f"/studies/{study.pk}/live/screening/?simulated=yes")
        assert "1 of 1 observer flagged." in asked
        assert simulated.observer.code in asked

    def test_who_is_left_out_by_decision_is_no_yardstick(self, client: Client, study: Study) -> None:
        """As in the report: nobody is screened, nor held against anybody, whose votes aren't used."""
        for number in range(4):
            answer_all(sit(study), waver(number, {**LIKED, "reference": 0.9}))
        hasty = sit(study)
        for trial in hasty.trials.order_by("position"):
            answer(trial, "left", response_ms=250)
        assert "1 of 5 observers flagged." in page(client, f"/studies/{study.pk}/live/screening/")
        hasty.refresh_from_db()
        decide(hasty, pay="yes", use="no", reason="too fast", by=study.owner)
        assert "None of 4 observers flagged." in page(client, f"/studies/{study.pk}/live/screening/")

    def test_people_s_sittings_unless_a_rehearsal_is_asked_for(self, client: Client, study: Study) -> None:
        answer_all(sit(study, simulated=True), waver(1, {**LIKED, "reference": 0.9}))
        assert '<dd id="finished">0</dd>' in page(client, f"/studies/{study.pk}/live/")
        asked = page(client, f"/studies/{study.pk}/live/?simulated=yes")
        assert '<dd id="finished">1</dd>' in asked
        assert "Simulated sittings." in asked
        assert f'data-numbers="/studies/{study.pk}/live.json?simulated=yes"' in asked
        assert f'data-part="/studies/{study.pk}/live/scores/?simulated=yes"' in asked

    def test_the_study_s_page_leads_here(self, client: Client, study: Study) -> None:
        assert f'href="/studies/{study.pk}/live/"' in page(client, f"/studies/{study.pk}/")


def set_seen(session: StudySession, at: datetime) -> None:
    StudySession.objects.filter(pk=session.pk).update(last_seen_at=at)
