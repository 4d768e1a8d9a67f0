"""`manage.py simulate_observers`: rehearse a study with observers whose taste is known."""

import asyncio
import time
from argparse import ArgumentParser
from typing import Any

from asgiref.sync import sync_to_async
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from analysis.reporting.report import SIMULATED_STAMP
from studyapp.definition import StudyProblemError
from studyapp.links import HELP, site
from studyapp.models import Study
from studyapp.services.rehearsals import (
    Rehearsal,
    forget_rehearsals,
    make_overdue,
    start_rehearsal,
)
from studyapp.services.rehearsed import account_for, report_of_run, shown_in
from studyapp.simulation.asked import AskedWrongError, read_habits, read_truth
from studyapp.simulation.choice import Truth, expected_scores
from studyapp.simulation.diary import Diary
from studyapp.simulation.people import Population
from studyapp.simulation.rehearsal import Outcome, rehearse
from studyapp.simulation.sitting import Way
from studyapp.simulation.table import happened, recovery, recovery_lines

USUAL_TIE = 0.3
SHOWN_PROBLEMS = 10


class Command(BaseCommand):
    help = (
        "Let simulated observers with a known taste walk a study over HTTP, and compare what its votes say with that "
        "taste. Their sittings are marked, and left out of everything unless asked for."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", help="its code or its name; a draft will do, once its renderings are made")
        parser.add_argument("--observers", type=int, default=50, help="places to fill (default: 50)")
        parser.add_argument("--site", help=HELP)
        parser.add_argument("--truth", default="", help="name=log-odds,… or a TOML file; drawn from the seed otherwise")
        parser.add_argument("--tie", type=float, help="Davidson's ν (default: 0.3 where the study takes ties)")
        parser.add_argument("--side-bias", type=float, default=0.0, help="advantage of the left side, log-odds")
        parser.add_argument("--spread-between-observers", type=float, default=0.3, help="sd of tastes, log-odds")
        parser.add_argument("--content-effect", type=float, default=0.2, help="sd from photo to photo, log-odds")
        parser.add_argument("--dropout", type=float, default=0.1, help="share who leave half-way (default: 0.1)")
        parser.add_argument("--careless", type=float, default=0.05, help="share who don't look (default: 0.05)")
        parser.add_argument("--habits", default="", help="name=share,…, or none (docs/protocol.md lists them)")
        parser.add_argument("--seed", type=int, default=1, help="the same one gives the same answers (default: 1)")
        parser.add_argument("--side-by-side", type=int, default=8, help="who look at once (default: 8)")
        parser.add_argument("--fast", action="store_true", help="response times are told, not waited for")
        parser.add_argument("--pictures", action="store_true", help="fetch the tiles as well")
        parser.add_argument("--forget", action="store_true", help="take the study's simulated sittings away; no more")

    def handle(self, *args: Any, **options: Any) -> None:
        study = _study(options["study"])
        if options["forget"]:
            self.stdout.write(f"{forget_rehearsals(study)} simulated sittings of {study} are forgotten.")
            return
        try:
            population = _population(study, options)
            rehearsal = start_rehearsal(study)
        except (AskedWrongError, StudyProblemError) as error:
            raise CommandError(str(error)) from error
        site = _site(options["site"])
        self.stdout.write(f"{options['observers']} simulated observers ({rehearsal.run}) look at {study} at {site}.")
        began = time.monotonic()
        outcome = _run(rehearsal, population, f"{site}/s/{study.code}/", options)
        self._tell(rehearsal, population, outcome, time.monotonic() - began)

    def _tell(self, rehearsal: Rehearsal, population: Population, outcome: Outcome, seconds: float) -> None:
        """The tables; an error where the server promised what it doesn't hold, or broke a sitting off."""
        account = account_for(rehearsal, outcome.diaries)
        made = report_of_run(rehearsal).as_json()
        contents = list(rehearsal.study.testset.contents.values_list("name", flat=True))
        expected = expected_of(population, made["conditions"], contents, sure=not rehearsal.study.allow_not_sure)
        self.stdout.write(f"\n*** {SIMULATED_STAMP} ***\n")
        for line in recovery_lines(recovery(population.truth.scores, expected, made["scale"]["scores"])):
            self.stdout.write(f"  {line}")
        if made["scale"]["withheld"]:
            self.stdout.write(f"  Scores are withheld. {made['scale']['withheld']}")
        self.stdout.write(
            "  natural log-odds, mean zero; expected: what votes of such observers, pooled, tend to;\n"
            "  held: whether the interval holds it, as 95 of 100 should\n"
        )
        told = happened(
            outcome, votes=account.votes, unasked=account.unasked, rejected=account.rejected, seconds=seconds
        )
        for name, value in told:
            self.stdout.write(f"  {name:<24} {value}")
        (least, most), (fewest, highest) = account.balance.held, account.balance.answered
        self.stdout.write(f"  {'places of each pair':<24} {least} to {most} given out, {fewest} to {highest} answered")
        problems = [diary.problem for diary in outcome.diaries if diary.problem]
        if wrong := [*account.missing, *problems]:
            more = [f"… and {len(wrong) - SHOWN_PROBLEMS} more"] if len(wrong) > SHOWN_PROBLEMS else []
            raise CommandError("\n".join([*wrong[:SHOWN_PROBLEMS], *more]))
        self.stdout.write("  every vote that was acknowledged is stored, as it was given")


def expected_of(population: Population, names: list[str], contents: list[str], *, sure: bool) -> dict[str, float]:
    """What pooled votes of a population tend to; ``sure`` where the study takes no "not sure"."""
    return expected_scores(
        population.truth,
        names,
        contents,
        always_left=population.careless / 2,
        at_random=population.careless / 2,
        not_sure=0.0 if sure else population.habits.not_sure,
    )


def _study(name: str) -> Study:
    found = Study.objects.filter(code=name) or Study.objects.filter(name=name)
    if len(found) != 1:
        raise CommandError(f"{len(found)} studies are called {name!r}; give its code.")
    return found[0]


def _site(given: str | None) -> str:
    address = site(given)
    if address is None:
        raise CommandError("No server has been started here yet; start one (manage.py serve), or give --site.")
    return address


def _population(study: Study, options: dict[str, Any]) -> Population:
    """Whom the observers are drawn from.

    Raises:
        AskedWrongError: Something asked for makes no sense.
    """
    compared = list(study.conditions.filter(worse_than=None).values_list("name", flat=True))
    gold = dict(study.conditions.exclude(worse_than=None).values_list("name", "worse_than__name"))
    tie = options["tie"] if options["tie"] is not None else USUAL_TIE * study.allow_tie
    spreads = {name: options[name] for name in ("spread_between_observers", "content_effect")}
    wrong = [name for name, value in {"tie": tie, **spreads}.items() if value < 0]
    wrong += [name for name in ("observers", "side_by_side") if options[name] < 1]
    if wrong:
        raise AskedWrongError(f"--{wrong[0].replace('_', '-')} can't be {options[wrong[0]]}.")
    if tie and not study.allow_tie:
        raise AskedWrongError("--tie needs a study that takes ties.")
    if options["seed"] < 0:
        raise AskedWrongError(f"--seed is 0 or more, not {options['seed']}.")
    truth = Truth(
        read_truth(options["truth"], compared, gold, options["seed"]),
        nu=tie,
        side_bias=options["side_bias"],
        observer_sd=options["spread_between_observers"],
        content_sd=options["content_effect"],
        seed=options["seed"],
    )
    habits = read_habits(options["habits"])
    try:
        return Population(truth, options["dropout"], options["careless"], habits, options["seed"])
    except ValueError as error:
        raise AskedWrongError(str(error)) from error


def _run(rehearsal: Rehearsal, population: Population, link: str, options: dict[str, Any]) -> Outcome:
    way = Way(
        link=link,
        mark_of=rehearsal.mark_of,
        look_up=sync_to_async(shown_in),
        fast=options["fast"],
        pictures=options["pictures"],
    )
    with tqdm(total=options["observers"], desc="looking", unit="observer", disable=None) as bar:

        def seen(diary: Diary) -> None:
            bar.update(diary.finished)

        return asyncio.run(
            rehearse(
                population,
                options["observers"],
                way,
                side_by_side=options["side_by_side"],
                give_away=sync_to_async(make_overdue),
                seen=seen,
            )
        )
