"""A bundle's report made again: bit for bit, to 1e-9, or not at all, and then where it differs."""

import argparse
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.commands import reproduce
from analysis.commands.reproduce import BundleError
from analysis.reporting.whole import whole_report
from analysis.votes import read_votes
from tests.analysis.reporting.made import metrics, votes

NAMES = ("auto", "dped", "original")
HEADER = (
    "observer,session,content,scene,camera,left,right,kind,pilot,simulated,abandoned,use,vote,response_ms,gold_passed,"
    "policy_version"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a bundle holds of it, written as an installation writes it."""
    place = tmp_path_factory.mktemp("bundle")
    table = votes(NAMES).assign(
        session=1, scene="s", kind="main", pilot="false", simulated="false", abandoned="false", use="undecided",
        gold_passed="", policy_version="balanced-1",
    )  # fmt: skip
    table[HEADER.split(",")].to_csv(place / "exposures.csv", index=False)
    metrics(NAMES).to_csv(place / "metrics.csv", index=False)
    told = whole_report(
        read_votes(place / "exposures.csv"), metrics=metrics(NAMES), conditions=NAMES, replicates=100, seed=1
    )
    facts = {"study": {"name": "Größe"}, "left_out_by_decision": [], "devices": []}
    write(place, {**facts, **told})
    return place


def write(place: Path, told: dict[str, Any]) -> None:
    (place / "report.json").write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n")


@pytest.fixture
def changed(folder: Path, tmp_path: Path) -> Callable[[Callable[[dict[str, Any]], object]], Path]:
    """The same folder with another report in it."""

    def change(how: Callable[[dict[str, Any]], object]) -> Path:
        for name in ("exposures.csv", "metrics.csv"):
            (tmp_path / name).write_bytes((folder / name).read_bytes())
        told = json.loads((folder / "report.json").read_text())
        how(told)
        write(tmp_path, told)
        return tmp_path

    return change


def redo(bundle: Path, output: Path | None = None) -> str:
    return reproduce.run(argparse.Namespace(bundle=bundle, output=output, json=False))


def zipped(folder: Path, to: Path, *names: str) -> Path:
    with zipfile.ZipFile(to, "w") as archive:
        for name in names:
            archive.write(folder / name, f"a-study/{name}")
    return to


def test_it_is_the_same_bit_for_bit(folder: Path, tmp_path: Path) -> None:
    bundle = zipped(folder, tmp_path / "bundle.zip", "report.json", "exposures.csv", "metrics.csv")
    made = tmp_path / "again.json"
    assert redo(bundle, made).startswith("The same report, bit for bit: phoropter ")
    assert made.read_bytes() == (folder / "report.json").read_bytes()


def test_other_versions_give_it_to_1e_9_and_that_is_said(
    changed: Callable[[Callable[[dict[str, Any]], object]], Path],
) -> None:
    def older(told: dict[str, Any]) -> None:
        told["versions"]["numpy"] = "1.0"
        told["scale"]["scores"][0]["score"] += 1e-12

    said = redo(changed(older))
    assert said.startswith("The same report to 1e-9, not bit for bit: then phoropter")
    assert "numpy 1.0" in said


def test_a_number_that_does_not_follow_is_named(
    changed: Callable[[Callable[[dict[str, Any]], object]], Path],
) -> None:
    def better(told: dict[str, Any]) -> None:
        told["scale"]["scores"][0]["score"] += 1e-6

    with pytest.raises(BundleError, match=r"doesn't follow from its votes: scale\.scores\.0\.score: "):
        redo(changed(better))


def test_a_vote_that_was_changed_is_found_out(folder: Path, tmp_path: Path) -> None:
    for name in ("report.json", "metrics.csv"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    head, rows = (folder / "exposures.csv").read_text().split("\n", 1)
    (tmp_path / "exposures.csv").write_text(f"{head}\n{rows.replace(',left,', ',right,', 1)}")
    with pytest.raises(BundleError, match="doesn't follow from its votes"):
        redo(tmp_path)


def test_what_is_no_bundle_is_refused(
    folder: Path, tmp_path: Path, changed: Callable[[Callable[[dict[str, Any]], object]], Path]
) -> None:
    (tmp_path / "no.zip").write_text("no zip")
    lacking = zipped(folder, tmp_path / "lacking.zip", "report.json")
    for bundle, said in (
        (tmp_path / "nowhere.zip", "not a zip file that can be read"),
        (tmp_path / "no.zip", "not a zip file that can be read"),
        (lacking, "no exposures.csv in it; give the bundle.zip of a study as it was downloaded"),
        (changed(lambda told: told.pop("seed")), "lacks seed; it is of a version that made no whole report"),
    ):
        with pytest.raises(BundleError, match=said):
            redo(bundle)


def test_metrics_that_are_no_numbers_are_named(folder: Path, tmp_path: Path) -> None:
    for name in ("report.json", "exposures.csv"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    text = (folder / "metrics.csv").read_text()
    (tmp_path / "metrics.csv").write_text(text.replace("inf", "many", 1))
    with pytest.raises(BundleError, match="'many' in column psnr_db is no number"):
        redo(tmp_path)
    (tmp_path / "metrics.csv").write_text(text.replace("psnr_db", "psnr", 1))
    with pytest.raises(BundleError, match="line 1: lacks psnr_db"):
        redo(tmp_path)
