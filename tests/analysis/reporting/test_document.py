"""The report as sections: what page, PDF, CSV and LaTeX have in common, and that no text in it is ever markup."""

import csv
import io
import json
import re
import zlib

import pytest

from analysis.reporting.document import Column, Document, Plot, Section, Table, Words, document
from analysis.reporting.figures.sheet import as_svg
from analysis.reporting.methods import cited, methods
from analysis.reporting.print.pdf import pages, printed
from analysis.reporting.references import REFERENCES
from analysis.reporting.sections.order import SECTIONS
from analysis.reporting.table_files import as_csv, as_latex
from tests.analysis.reporting.made import HOSTILE, told

WITHOUT_ADDRESS = ("Bell and McCaffrey 2002", "Holm 1979")
"""Their journals give articles none."""


@pytest.fixture(scope="module")
def made() -> Document:
    return document(told(), SECTIONS, title=HOSTILE[0])


@pytest.fixture(scope="module")
def drawn(made: Document) -> dict[str, bytes]:
    return {plot.name: as_svg(plot.draw()) for plot in made.plots}


def blocks(made: Document, kind: str) -> dict[str, dict[str, object]]:
    return {
        block["name"]: block
        for section in made.as_json()["sections"]
        for block in section["blocks"]
        if block["is"] == kind
    }


def test_sections_are_in_the_order_of_their_table_and_empty_ones_are_not_there(made: Document) -> None:
    assert [name for name, *_ in made.sections] == [one.name for one in SECTIONS]
    bare = {**told(), "metrics": [], "camera_metrics": [], "cameras": [], "devices": [], "sides": [], "notes": []}
    bare |= {"against_people": None, "by_content": [], "between_cameras": {"tests": [], "untested": []}}
    bare["scale"] = {**told()["scale"], "tests": [], "untested": []}
    names = [name for name, *_ in document(bare, SECTIONS, title="x").sections]
    assert not {"metrics", "cameras", "shown", "notes", "against-people", "photos", "tests"} & set(names)


def test_a_new_section_is_a_row(made: Document) -> None:
    more = Section("more", "More", lambda numbers: [Words(f"{numbers['counts']['votes']} votes")])
    whole = document(told(), (*SECTIONS, more), title="x").as_json()
    assert whole["sections"][-1]["blocks"] == [{"is": "plain", "text": "288 votes", "lead": ""}]


def test_two_figures_of_one_name_are_refused() -> None:
    twice = Section("a", "A", lambda _: [Table("t", "", (Column("x", "x"),), ())] * 2)
    with pytest.raises(ValueError, match="two are called t; each figure and table needs a name"):
        document(told(), [twice], title="x")


def test_figures_and_tables_are_numbered_each_from_one(made: Document) -> None:
    for kind in ("figure", "table"):
        numbers = [block["number"] for block in blocks(made, kind).values()]
        assert numbers == list(range(1, len(numbers) + 1))


def test_every_caption_says_n_and_what_the_intervals_are(made: Document) -> None:
    for plot in made.plots:
        assert re.search(r"\d+ (votes|observers?|sittings)", plot.caption), plot.name
        assert re.search(r"intervals? |no model|Plain counts", plot.caption), plot.name
    for name in ("scores", "differences"):
        caption = next(plot.caption for plot in made.plots if plot.name == name)
        assert (
            "288 votes by 12 observers on 5 contents; Davidson model, maximum likelihood; 95\u00a0% intervals"
            in caption
        )


def test_captions_say_the_level_and_the_question_of_the_intervals_that_are_shown() -> None:
    numbers = json.loads(json.dumps(told()))
    numbers["screening"] |= {"flagged": 1, "without_flagged": numbers["scale"]}
    whole = document(numbers, SECTIONS, title="x")
    captions = {table.name: table.caption for table in whole.tables} | {
        f"figure {plot.name}": plot.caption for plot in whole.plots
    }
    for name in ("cameras", "screened", "figure metrics"):
        assert "95\u00a0% intervals for these photos" in captions[name], name
        assert "photos like these" not in captions[name], name
    assert "and for photos like these" in captions["figure scores"]
    numbers["scale"]["intervals"] = None
    for part in numbers["cameras"]:
        part["scale"]["intervals"] = None
    bare = document(numbers, SECTIONS, title="x")
    assert "mean zero; no intervals. " in next(table.caption for table in bare.tables if table.name == "cameras")


def test_the_methods_say_what_a_p_value_is_the_largest_of() -> None:
    said = dict(methods(told()))
    assert (
        "each the largest over the standard errors and degrees of freedom that its interval is the longest of"
        in (said["Differences."])
    )
    assert "with the larger p of the two" in said["Tests between models."]


def test_an_agreement_that_was_counted_out_has_no_degrees_of_freedom() -> None:
    numbers = json.loads(json.dumps(told()))
    for exact, df, how in ((True, None, "counted out"), (False, 9.5, "by χ²")):
        numbers["quality"]["agreement"] |= {"counted_out": exact, "df": 9.5}
        table = next(one for one in document(numbers, SECTIONS, title="x").tables if one.name == "quality")
        row = dict(zip((column.key for column in table.columns), table.rows[0], strict=True))
        assert (row["what"], row.get("df")) == ("Kendall’s u", df)
        assert ("counted out" in str(row["says"])) is exact
        assert f"its p from coins’ chances, {how}" in dict(methods(numbers))["Quality of the votes."]
    del numbers["quality"]["agreement"]["counted_out"]  # as reports were made before
    assert "coins’ chances" not in dict(methods(numbers))["Quality of the votes."]


def test_the_table_of_the_paper_has_its_columns_per_camera_and_the_score(made: Document) -> None:
    table = next(table for table in made.tables if table.name == "paper")
    assert table.groups == [("", 1), ("iphone", 3), ("sony", 3)]
    assert [column.title for column in table.columns] == ["Condition", *["PSNR, dB", "SSIM", "Score"] * 2]
    rows = {row[0]: row for row in table.rows}
    scores = {row["condition"]: row["score"] for row in told()["cameras"][1]["scale"]["scores"]}
    assert {name: row[6] for name, row in rows.items()} == scores
    assert rows[HOSTILE[0]][1] == "∞"


def test_new_keys_of_a_scale_are_columns_and_thin_bars() -> None:
    numbers = json.loads(json.dumps(told()))
    for row in (*numbers["scale"]["scores"], *numbers["scale"]["differences"]):
        row |= {"low_contents": -2.0, "high_contents": 2.0, "p": 0.01, "p_holm": 0.03, "letters": "ab", "rank_low": 1}
    whole = document(numbers, SECTIONS, title="x")
    scores, differences = (
        next(table for table in whole.tables if table.name == name) for name in ("scores", "differences")
    )
    assert [column.title for column in scores.columns][3:] == [
        "photos like these", "Rank, best", "Rank, worst", "Not told apart",
    ]  # fmt: skip
    assert [column.title for column in differences.columns][4:] == ["photos like these", "p", "p (Holm)"]
    assert next(plot for plot in whole.plots if plot.name == "scores").draw().legends


def test_quality_and_metrics_against_people_are_tables_where_they_were_given() -> None:
    none = {"value": None, "low": None, "high": None}
    agreed = {"metric": "psnr_db", "content": None, "stimuli": 20, "kendall": none}
    mapped = {"pearson_logistic": {"value": 0.83, "low": 0.7, "high": 0.96}}
    within = {"scope": "within", "spearman": {"value": 0.81, "low": 0.6, "high": 0.92}}
    panel = {"gold": 10, "gold_passed": 7, "repeats": 4, "consistent": 3}
    broken = {"weak": 0.1, "strong": 0.4}
    numbers = {
        **told(),
        "quality": {
            "agreement": {"u": 0.31, "cells": 12, "df": 9.5, "p_value": 0.0004},
            "goodness": {"least_expected": 9.0, "small_cells": 0.0, "warning": None},
            "transitivity": {"triples": 4, "violated": broken, "p_values": {"weak": 0.5, "strong": 0.9}},
            "panel": [panel, {**panel, "gold": 0, "gold_passed": 0, "repeats_p": None}],
            "notes": ["Votes hang together."],
        },
        "against_people": {
            "agreed": [
                {**agreed, "scope": "pooled", "spearman": none, "picked": {"value": 0.6, "low": None, "high": None}},
                {**agreed, **within, **mapped, "picked": {"value": 0.6, "low": None, "high": None}},
            ],
            "less_is_better": ["ssim"],
            "level": 0.95, "replicates": 1000, "seed": 1, "notes": [],
            "disagreements": {"ssim": [{
                "metric": "ssim", "content": "c", "people": "a", "by_metric": "b", "votes_people": 9, "votes_metric": 1,
                "ties": 0, "value_people": 0.7, "value_metric": 0.8,
            }]},
        },
    }  # fmt: skip
    found = blocks(document(numbers, SECTIONS, title="x"), "table")
    assert found["agreement"]["rows"] == [
        ["PSNR", "within contents", "20", "+0.81", "+0.60 to +0.92", "–", "–", "0.83", "+0.70 to +0.96", "0.60", "–"],
        ["PSNR", "as they are", "20", *"––––––––"],
    ]
    assert "agreement_contents" not in found, "no number of any content was given"
    assert "Picks take less for better in SSIM; correlations keep their sign." in str(found["agreement"]["caption"])
    numbers["against_people"]["less_is_better"] = []
    plain = blocks(document(numbers, SECTIONS, title="x"), "table")["agreement"]
    assert "Picks take less" not in str(plain["caption"])
    assert found["disagreements"]["rows"] == [["SSIM", "c", "a", "b", "9", "1"]]
    assert [row[:4] for row in found["quality"]["rows"]] == [  # type: ignore[attr-defined]
        ["Kendall’s u", "0.31", "9.5", "< .001"],
        ["Weak transitivity broken", "0.10", "–", ".50"], ["Strong transitivity broken", "0.40", "–", ".90"],
        ["Gold pairs answered rightly", "0.70", "–", "–"], ["Repeated pairs answered alike", "0.75", "–", "–"],
    ]  # fmt: skip


def test_metrics_against_people_content_by_content(made: Document) -> None:
    table = next(table for table in made.tables if table.name == "agreement_contents")
    agreed = told()["against_people"]["agreed"]
    of = {(one["content"], one["metric"]): one for one in agreed if one["scope"] == "content"}
    rows = list(csv.DictReader(io.StringIO(as_csv(table))))
    assert [row["content"] for row in rows] == ["0", "1", "2", "3", "4"]
    for row in rows:
        for metric in ("psnr_db", "colour_deviation"):
            one = of[row["content"], metric]
            assert float(row[f"{metric}_spearman"]) == one["spearman"]["value"]
            assert float(row[f"{metric}_picked"]) == one["picked"]["value"]
    assert table.groups[0] == ("", 1)
    assert {"PSNR", "Colour deviation"} < {name for name, _ in table.groups}


def parted(metric: str, content: str, people: str, by_metric: str, **more: object) -> dict[str, object]:
    return {
        "metric": metric, "content": content, "people": people, "by_metric": by_metric, "votes_people": 9,
        "votes_metric": 3, "ties": 0, "value_people": 20.125, "value_metric": 30.0, "strength": 1.0, **more,
    }  # fmt: skip


def test_pairs_over_which_metrics_and_people_part_are_shown_once_people_s_choice_first() -> None:
    numbers = {**told(), "against_people": {**told()["against_people"], "disagreements": {
        "psnr_db": [parted("psnr_db", "c", "a", "b", ties=2), parted("psnr_db", "d", "b", "a", votes_people=1_000)],
        "noise_amplification": [
            parted("noise_amplification", "c", "a", "b", ties=2, value_people=2.5, value_metric=-1.0),
            parted("noise_amplification", "c", "b", "a"),
        ],
    }}}  # fmt: skip
    whole = document(numbers, SECTIONS, title="x").as_json()
    (pairs, table) = next(part["blocks"] for part in whole["sections"] if part["name"] == "disagreements")
    assert (pairs["is"], table["is"], len(table["rows"])) == ("pairs", "table", 4)
    first, second, third = pairs["pairs"]
    assert first == {
        "content": "c",
        "note": "2 ties besides",
        "sides": (
            {
                "condition": "a", "chosen_by": "people", "votes": "9 of 12 votes, 75\u00a0%",
                "values": (("PSNR, dB", "20.12"), ("Noise, dB", "+2.5")),
            },
            {
                "condition": "b", "chosen_by": "PSNR and noise amplification", "votes": "3 of 12 votes, 25\u00a0%",
                "values": (("PSNR, dB", "30.00"), ("Noise, dB", "−1.0")),
            },
        ),
    }  # fmt: skip
    assert [side["condition"] for side in third["sides"]] == ["b", "a"], "the same two, chosen the other way"
    assert (second["note"], second["sides"][0]["votes"]) == ("", "1,000 of 1,003 votes, 100\u00a0%")


def test_paper_leaves_pictures_out(made: Document, drawn: dict[str, bytes]) -> None:
    page = made.as_json()
    assert any(block["is"] == "pairs" for section in page["sections"] for block in section["blocks"])
    without = {
        **page,
        "sections": [
            {**section, "blocks": [block for block in section["blocks"] if block["is"] != "pairs"]}
            for section in page["sections"]
        ],
    }
    assert printed(page, drawn, made="today") == printed(without, drawn, made="today")


def test_csv_holds_whole_numbers_and_limits_apart(made: Document) -> None:
    table = next(table for table in made.tables if table.name == "scores")
    rows = list(csv.DictReader(io.StringIO(as_csv(table))))
    stored = told()["scale"]["scores"]
    assert [row["condition"] for row in rows] == [row["condition"] for row in stored]
    for row, of in zip(rows, stored, strict=True):
        assert (float(row["score"]), float(row["interval_low"]), float(row["interval_high"])) == (
            of["score"], of["low"], of["high"],
        )  # fmt: skip


def test_latex_has_every_row_and_no_sign_that_acts(made: Document) -> None:
    for table in made.tables:
        text = as_latex(table)
        body = text.split("\\midrule")[1].split("\\bottomrule")[0]
        rows = [line for line in body.splitlines() if line.strip()]
        assert len(rows) == len(table.rows)
        assert all(len(re.findall(r"(?<!\\)&", row)) == len(table.columns) - 1 for row in rows), table.name
        assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}"), table.name
        assert not re.search(r"(?<!\\)[#%_]", text.replace("\\label{tab:" + table.name, "")), table.name
    scores = as_latex(next(table for table in made.tables if table.name == "scores"))
    assert r"\$5\textasciicircum{}2\$ \{a\_b\} \textbackslash{}emph\{x\}" in scores
    assert scores.splitlines()[0] == r"\begin{table}"
    assert [line.strip() for line in scores.splitlines()].count(r"\toprule") == 1


def test_the_methods_say_the_report_s_numbers_and_cite_whom_they_name() -> None:
    text = " ".join(said for _, said in methods(told()))
    scale = told()["scale"]
    for number in (f"ν = {scale['model']['nu']:.3f}", f"{scale['model']['deviance']:.1f} on", "100 times (seed 1"):
        assert number in text
    assert "2 sittings (asleep & gone)" in text
    assert f"choix {told()['versions']['choix']}" in text
    named = {short for short in REFERENCES if short in text} | {"Ignatov et al. 2017"}
    assert cited(told()) == [full for short, full in REFERENCES.items() if short in named]
    assert all("doi:" in full or "arXiv:" in full or short in WITHOUT_ADDRESS for short, full in REFERENCES.items())


def texts_of(pdf: bytes) -> bytes:
    """What is in the PDF's compressed streams."""
    parts = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    found = []
    for part in parts:
        try:
            found.append(zlib.decompress(part))
        except zlib.error:
            continue
    return b"".join(found)


def test_the_pdf_is_a4_with_its_fonts_and_links_and_takes_no_text_for_markup(
    made: Document, drawn: dict[str, bytes]
) -> None:
    pdf = printed(made.as_json(), drawn, question="#panic(1) $x$", made="today", key="0123456789abcdef")
    whole = pdf + texts_of(pdf)
    assert pdf.startswith(b"%PDF-")
    assert re.search(rb"/MediaBox\s*\[0 0 595\.\d* 841\.\d*\]", whole)
    assert re.search(rb"/FontFile[23]", whole)
    assert b"https://doi.org/10.2307/2334029" in whole


def test_the_same_report_is_the_same_pdf(made: Document, drawn: dict[str, bytes]) -> None:
    assert printed(made.as_json(), drawn, made="today") == printed(made.as_json(), drawn, made="today")


def test_a_figure_that_is_missing_is_named(made: Document) -> None:
    with pytest.raises(KeyError, match="scores"):
        printed(made.as_json(), {})


def test_a_long_table_goes_on_over_the_page_with_its_head_again() -> None:
    table = Table("t", "Many rows.", (Column("Name", "name"), Column("Number", "number", "count")), ())
    long = Table("t", "Many rows.", table.columns, tuple((f"row {k}", k) for k in range(150)))
    short = Table("t", "Many rows.", table.columns, long.rows[:10])
    of = [
        pages(
            document(told(), [Section("a", "A", lambda _, one=one: [one])], title="x").as_json(), {}, dots_per_inch=30
        )
        for one in (short, long)
    ]
    assert [len(found) for found in of] == [1, 3]


def test_plots_draw_what_they_say(made: Document) -> None:
    assert all(isinstance(plot, Plot) and plot.heard and plot.draw().axes for plot in made.plots)
