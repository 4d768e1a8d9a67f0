"""Photos sent from a real browser to a server that dies meanwhile; a zip with a bad photo, mended into a test set."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Route

from tests.stack import Stack, new_stack, wait_until

pytestmark = pytest.mark.browser

PASSWORD = "only-for-this-test"
ADD = "/admin/enhancement/testset/add/"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with new_stack(tmp_path_factory.mktemp("installation"), "sqlite", "filesystem") as stack:
        stack.environment["UPLOAD_SPARE_MB"] = "0"
        stack.python(f"""
from django.contrib.auth.models import Permission, User
ada = User.objects.create_user("ada", password={PASSWORD!r}, is_staff=True)
for codename in ("add_testset", "view_testset", "add_stimulus"):
    ada.user_permissions.add(Permission.objects.get(codename=codename))
answer = True
""")
        stack.start("web", "cpu", "tend")
        yield stack


def photo(seed: int, size: tuple[int, int] = (300, 200)) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def log_in(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.site}/login/?next={ADD}")
    page.fill("[name=username]", "ada")
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_selector("#drop")


def counts(page: Page, said: str) -> None:
    page.wait_for_function("said => document.querySelector('#counts').textContent.startsWith(said)", arg=said)


def photos(folder: Path, count: int) -> list[Path]:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.png").write_bytes(photo(number, (1400, 1400)))  # of two pieces each
    return sorted(folder.iterdir())


def test_a_server_that_dies_and_a_page_that_is_reloaded_cost_nothing(page: Page, stack: Stack, tmp_path: Path) -> None:
    files = photos(tmp_path / "photos", 4)
    log_in(page, stack)
    pieces = Pieces(stay_after=3)
    page.route("**/uploads/*/files/*/?*", pieces.answer)
    page.set_input_files("#choose-files", files)
    page.wait_for_function("() => document.querySelectorAll('.is-sent').length >= 1")
    wait_until(lambda: page.evaluate("true") and pieces.held, "a piece that is on its way")  # evaluating lets it tell
    stack.kill("web")
    pieces.let_go()
    page.wait_for_selector(".is-waiting")
    stack.start("web")
    page.wait_for_function("() => document.querySelectorAll('.is-sent').length >= 2")

    page.on("dialog", lambda dialog: dialog.accept())  # “leave the page?”
    page.unroute("**/uploads/*/files/*/?*")
    pieces = Pieces(stay_after=0)
    page.route("**/uploads/*/files/*/?*", pieces.answer)
    page.reload()
    page.wait_for_selector("#missing:not([hidden])" if page.locator(".is-missing").count() else "#files")
    there = page.locator(".is-sent").count()
    assert there >= 2
    pieces.let_go()
    page.set_input_files("#choose-files", files)
    counts(page, "4 of 4 sent")
    page.fill("[name=name]", "noise")
    page.click("#make-button")
    page.wait_for_url("**/testset/*/change/")
    assert stack.rows("SELECT count(*) FROM enhancement_content") == [(4,)]
    assert stack.rows("SELECT count(*) FROM enhancement_uploadedfile") == [(0,)]
    assert not list((stack.folder / "uploads").glob("*/*")), "bytes were left behind"
    page.wait_for_selector("#next-step:has-text('run methods')")


def test_a_page_that_lost_its_log_in_while_it_waited_goes_on_by_hand(page: Page, stack: Stack, tmp_path: Path) -> None:
    files = photos(tmp_path / "photos", 1)
    log_in(page, stack)
    page.set_input_files("#choose-files", files)
    counts(page, "1 of 1 sent")
    page.fill("[name=name]", "logged-out")
    answers = [
        ("application/json", 200, '{"job": {"state": "runn'),
        ("text/html", 403, "log in"),
        ("text/html", 404, ""),
    ]
    page.route("**/state.json", lambda route: fulfil(route, *answers.pop(0)))
    page.click("#make-button")
    page.wait_for_selector("#stopped:not([hidden]) >> text=logged in")
    page.click("#again")
    page.wait_for_selector("#stopped:not([hidden]) >> text=no longer on the server")
    page.unroute("**/state.json")
    page.click("#again")
    page.wait_for_url("**/testset/*/change/")


def test_back_on_line_what_was_never_announced_is_sent(page: Page, stack: Stack, tmp_path: Path) -> None:
    log_in(page, stack)
    page.route("**/uploads/*/files/", lambda route: fulfil(route, "text/html", 403, "log in"))
    page.set_input_files("#choose-files", photos(tmp_path / "photos", 1))
    page.wait_for_selector("#stopped:not([hidden])")
    page.unroute("**/uploads/*/files/")
    page.evaluate("dispatchEvent(new Event('online'))")
    counts(page, "1 of 1 sent")


def fulfil(route: Route, kind: str, status: int, body: str) -> None:
    route.fulfill(status=status, content_type=kind, body=body)


class Pieces:
    """Lets so many pieces through and holds the others until it is told to let go."""

    def __init__(self, stay_after: int) -> None:
        self.left, self.held, self.open = stay_after, list[Route](), False

    def answer(self, route: Route) -> None:
        if self.open or self.left > 0:
            self.left -= 1
            route.continue_()
        else:
            self.held.append(route)

    def let_go(self) -> None:
        self.open = True
        for route in self.held:
            route.continue_()
        self.held.clear()


def test_a_zip_with_a_bad_photo_is_mended_into_a_test_set(page: Page, stack: Stack, tmp_path: Path) -> None:
    place = tmp_path / "summer trip.zip"
    with zipfile.ZipFile(place, "w") as archive:
        for name, data in (
            ("a.png", photo(1)),
            ("b.png", photo(2)[:500]),
            ("c.txt", b"no photo"),
            ("../d.png", photo(4)),
        ):
            archive.writestr(name, data)
    log_in(page, stack)
    page.set_input_files("#choose-files", place)
    counts(page, "1 of 1 sent")
    assert page.input_value("[name=name]") == "summer-trip"
    page.click("#make-button")
    page.wait_for_selector("#report:not([hidden])")
    lines = page.locator("#problems li").all_inner_texts()
    assert [name for name in ("b.png", "c.txt", "../d.png") if not any(name in line for line in lines)] == []
    assert page.is_disabled("#make-button")
    assert stack.rows("SELECT count(*) FROM enhancement_testset WHERE name = 'summer-trip'") == [(0,)]

    dialog = page.query_selector("#problems li:has-text('b.png') input")  # left open while other lines are dealt with
    page.click("#problems li:has-text('d.png') [data-do=leave-out]")
    page.click("#problems li:has-text('c.txt') [data-do=remove]")
    page.wait_for_function("() => document.querySelectorAll('#problems li').length === 1")
    mended = tmp_path / "b.png"
    mended.write_bytes(photo(2))
    assert dialog
    dialog.set_input_files(mended)
    page.wait_for_selector("#make-button:enabled")
    page.click("#make-button")
    page.wait_for_url("**/testset/*/change/")
    rows = stack.rows(
        "SELECT c.name FROM enhancement_content c JOIN enhancement_testset t ON t.id = c.testset_id "
        "WHERE t.name = 'summer-trip' ORDER BY c.name"
    )
    assert rows == [("a",), ("b",)]


def test_a_dropped_folder_keeps_its_structure(page: Page, stack: Stack, tmp_path: Path) -> None:
    """Real folders go through the same walk: a directory is dropped by the browser's own protocol."""
    folder = tmp_path / "pairs"
    for side in ("input", "reference"):
        (folder / side).mkdir(parents=True)
        (folder / side / "cat.png").write_bytes(photo(len(side)))
    (folder / "Thumbs.db").write_bytes(b"system")
    log_in(page, stack)
    drop(page, folder)
    counts(page, "2 of 2 sent")
    assert page.input_value("[name=name]") == "pairs"
    page.click("#make-button")
    page.wait_for_url("**/testset/*/change/")
    assert stack.rows("SELECT count(*) FROM enhancement_content WHERE name = 'cat' AND reference_sha256 != ''") == [
        (1,)
    ]


def test_what_can_not_be_read_of_a_drop_is_said(page: Page, stack: Stack) -> None:
    """No file of a real folder is unreadable for root, so the drop is made here."""
    log_in(page, stack)
    page.evaluate(
        """() => {
          const good = { name: 'a.png', isFile: true, file: (resolve) => resolve(new File(['no photo'], 'a.png')) };
          const bad = { name: 'b.png', isFile: true, file: (_, reject) => reject(new DOMException('gone')) };
          const items = [bad, good].map((entry) => ({ kind: 'file', webkitGetAsEntry: () => entry }));
          dispatchEvent(Object.assign(new Event('drop'), { dataTransfer: { items } }));
        }"""
    )
    counts(page, "1 of 1 sent")
    assert "1 file or folder could not be read" in page.inner_text("#unread")
    page.set_input_files("#choose-files", {"name": "c.png", "mimeType": "image/png", "buffer": photo(3)})
    counts(page, "2 of 2 sent")
    assert page.is_hidden("#unread")


def drop(page: Page, folder: Path) -> None:
    """Drag a folder over the page and let it go, as the system's file manager does."""
    box = page.locator("#drop").bounding_box()
    assert box
    hand = page.context.new_cdp_session(page)
    told = {
        "x": box["x"] + 50, "y": box["y"] + 50,
        "data": {"items": [], "files": [str(folder)], "dragOperationsMask": 1},
    }  # fmt: skip
    for kind in ("dragEnter", "dragOver", "drop"):
        hand.send("Input.dispatchDragEvent", {"type": kind, **told})
