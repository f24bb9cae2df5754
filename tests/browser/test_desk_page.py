"""`metalearn-lab serve` as its customers see it: two pages of one desk, in a real browser."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from torch import nn
from torch.nn import functional as F

from metalearn_lab.experiments.desk import Desk
from metalearn_lab.experiments.desk_file import save_desk
from metalearn_lab.learners.proto_net import ProtoNet
from metalearn_lab.models.sentence_encoder import encode_sentences
from tests.server_process import stop

WAIT = 60_000  # milliseconds: a busy machine is no failure
TOLD = re.compile(r"open (http://127\.0\.0\.1:\d+/\?token=[\w-]+)")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a desk whose projection is the identity."""
    model = nn.Linear(384, 384).requires_grad_(False)
    nn.init.eye_(model.weight)
    nn.init.zeros_(model.bias)
    rooms = {"room": ["kitchen", "living room"]}
    desk = Desk(encode_sentences, ProtoNet(model, F.cross_entropy, ways=1), -1.1, slots=rooms)
    lights = ("turn on the lights", "it is too dark in here")
    desk = desk.taught("lights on", lights, "I light the {room}.")
    file: Path = tmp_path_factory.mktemp("desk") / "desk.safetensors"
    save_desk(file, desk, {})
    command = [sys.executable, "-m", "metalearn_lab.cli", "serve", str(file)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    try:
        lines = iter(process.stdout.readline, b"")
        told = next(filter(None, (TOLD.search(line.decode()) for line in lines)), None)
        assert told, "the command ended without an address"
        yield told[1]
    finally:
        stop(process)
        process.stdout.close()


@pytest.fixture
def pages(browser: Browser, address: str) -> Iterator[tuple[Page, Page]]:
    """Of two customers; whatever goes wrong in a page is a failure."""
    with browser.new_context() as one, browser.new_context() as other:
        wrong: list[str] = []
        opened = one.new_page(), other.new_page()
        for page in opened:
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("dialog", lambda dialog: wrong.append(dialog.message))
            page.goto(address)
            expect(page.locator("#intents li")).to_have_count(1, timeout=WAIT)
        yield opened
        assert not wrong


def ask(page: Page, sentence: str) -> None:
    page.get_by_label("Your sentence").fill(sentence)
    page.get_by_role("button", name="Ask").click()


def teach(page: Page, name: str, sentences: str, reply: str = "") -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Sentences that say it").fill(sentences)
    page.get_by_label("Reply").fill(reply)
    page.get_by_role("button", name="Teach", exact=True).click()


def test_a_clerk_asks_teaches_and_forgets(pages):
    page, _ = pages
    ask(page, "please turn on the lights in the living room")
    expect(page.locator("#answer")).to_contain_text("I light the living room.", timeout=WAIT)
    ask(page, "book a flight to Rome")
    expect(page.locator("#answer")).to_contain_text("None of the intents fits", timeout=WAIT)
    teach(page, "travel", "book a flight\nI want to fly to Paris", "Where from?")
    expect(page.locator("#intents li")).to_have_count(2, timeout=WAIT)
    ask(page, "book a flight to Rome")
    expect(page.locator("#answer")).to_contain_text("Where from?", timeout=WAIT)
    page.get_by_role("button", name="Forget travel").click()
    expect(page.locator("#intents li")).to_have_count(1, timeout=WAIT)


def test_the_other_customer_sees_nothing_of_it(pages):
    page, other = pages
    teach(page, "secret", "my account number is 7")
    expect(page.locator("#intents li")).to_have_count(2, timeout=WAIT)
    ask(other, "my account number is 7")
    expect(other.locator("#answer")).to_contain_text("None of the intents fits", timeout=WAIT)
    expect(other.locator("body")).not_to_contain_text("account number")


def test_markup_is_text_and_what_is_refused_is_said(pages):
    page, _ = pages
    markup = '<img src=x onerror="alert(1)">'
    teach(page, markup, f"{markup}\n价格是多少", markup)
    expect(page.locator("#intents li").nth(1)).to_contain_text(markup, timeout=WAIT)
    assert page.locator("img").count() == 0
    ask(page, "价格是多少")
    expect(page.locator("#answer .intent")).to_have_text(markup, timeout=WAIT)
    teach(page, "again", "turn on the lights")
    expect(page.get_by_role("alert")).to_contain_text(
        "already a sentence of 'lights on'", timeout=WAIT
    )
    expect(page.locator("#intents li")).to_have_count(2, timeout=WAIT)
    ask(page, "x" * 500)
    expect(page.get_by_role("alert")).to_have_text("", timeout=WAIT)


def test_the_page_has_no_fault_that_shuts_anybody_out(pages):
    from axe_playwright_python.sync_playwright import Axe

    page, _ = pages
    ask(page, "book a flight to Rome")
    expect(page.locator("#answer")).to_contain_text("None of the intents fits", timeout=WAIT)
    page.evaluate("document.querySelector('#answer').focus()")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_a_file_that_is_no_desk_is_refused_in_one_line(tmp_path):
    (tmp_path / "desk").write_bytes(b"no desk")
    command = [sys.executable, "-m", "metalearn_lab.cli", "serve", str(tmp_path / "desk")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "cannot be read as a checkpoint" in done.stderr
    assert len(done.stderr.splitlines()) == 1
