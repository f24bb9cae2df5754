"""The served desk: customers never see each other's sentences, and nothing that is sent harms."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Queue
from typing import Any

import pytest
import torch

from metalearn_lab.experiments.desk import Desk, DeskError
from metalearn_lab.serving import customers as customers_module
from metalearn_lab.serving import server as server_module
from metalearn_lab.serving.customers import Customers, UnknownCustomerError
from metalearn_lab.serving.server import serve
from tests.experiments.small_desk import a_desk, encode


@dataclass
class Served:
    """A running server, and what one asks it."""

    desk: Desk
    address: str
    token: str

    def call(self, method: str, path: str, sent: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and answer; bytes are sent as they are."""
        data = sent if sent is None or isinstance(sent, bytes) else json.dumps(sent).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.address + path, data, named, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                content, status = response.read(), response.status
        except urllib.error.HTTPError as error:
            content, status = error.read(), error.code
        try:
            return status, json.loads(content)
        except ValueError:
            return status, content.decode()

    def customer(self) -> str:
        """A new one's key."""
        status, answer = self.call("POST", "customers", b"", X_Token=self.token)
        assert status == 200, answer
        return answer["customer"]


@pytest.fixture
def served() -> Iterator[Served]:
    desk = a_desk(-9.0, room=["hall"]).taught("shared", ["what all know"], "In the {room}.")
    said: Queue[str] = Queue()
    loop = asyncio.new_event_loop()
    running = loop.create_task(serve(desk, None, said.put))

    def run() -> None:
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(running)
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    address, _, token = said.get(timeout=30).partition("?token=")
    yield Served(desk, address, token)
    loop.call_soon_threadsafe(running.cancel)
    thread.join()


def test_an_answer_is_the_desks_own(served):
    answer = served.call("POST", "ask", {"sentence": "hall nine"}, X_Customer=served.customer())
    wanted = json.loads(json.dumps(served.desk.ask("hall nine")._asdict()))
    assert answer == (200, wanted)


def test_many_customers_at_once_never_see_each_others_sentences(served):
    """12 customers in 12 threads, 10 intents each under the same names; then each asks."""
    weights = [weight.clone() for weight in served.desk.learner.parameters()]

    def work(number: int) -> None:
        key, numbers = served.customer(), random.Random(number)
        taught = {f"intent {i}": f"sentence {i} of customer {number}" for i in range(10)}
        for name in numbers.sample(sorted(taught), len(taught)):
            sent = {"intent": name, "sentences": [taught[name]], "reply": f"{number}"}
            assert served.call("POST", "intents", sent, X_Customer=key)[0] == 200
            status, answer = served.call("POST", "ask", {"sentence": taught[name]}, X_Customer=key)
            assert (status, answer["intent"], answer["reply"]) == (200, name, f"{number}")
            own = {*taught.values(), "what all know"}
            assert {text for text, _ in answer["similar"]} <= own
        status, known = served.call("GET", "intents", X_Customer=key)
        assert {each["intent"]: each["sentences"] for each in known["intents"]} == {
            "shared": ["what all know"],
            **{name: [sentence] for name, sentence in taught.items()},
        }

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(work, range(12)))
    fresh = served.call("GET", "intents", X_Customer=served.customer())[1]
    assert [each["intent"] for each in fresh["intents"]] == ["shared"]
    assert list(served.desk.intents) == ["shared"]
    assert all(map(torch.equal, weights, served.desk.learner.parameters()))


def test_one_customers_requests_at_once_lose_nothing(served):
    key = served.customer()

    def teach(i: int) -> int:
        sent = {"intent": "one", "sentences": [f"sentence {i}"]}
        return served.call("POST", "intents", sent, X_Customer=key)[0]

    with ThreadPoolExecutor(16) as threads:
        assert set(threads.map(teach, range(40))) == {200}
    known = served.call("GET", "intents", X_Customer=key)[1]["intents"][1]
    assert sorted(known["sentences"]) == sorted(f"sentence {i}" for i in range(40))


@pytest.mark.parametrize(
    ("path", "sent", "status", "said"),
    [
        ("ask", {"sentence": ""}, 400, "a sentence is empty"),
        ("ask", {"sentence": "x" * 501}, 400, "at most 500"),
        ("ask", {"sentence": "\ud800"}, 400, "half of one"),
        ("ask", {"sentence": 3}, 400, "sentence is a text"),
        ("ask", {}, 400, "sentence is a text"),
        ("ask", b"", 400, "send a JSON object"),
        ("ask", b"[" * 60_000, 400, "send a JSON object"),
        ("ask", b"\xff\xfe", 400, "send a JSON object"),
        ("intents", {"intent": "a", "sentences": "x"}, 400, "a list of texts"),
        ("intents", {"intent": "a", "sentences": [1]}, 400, "a list of texts"),
        ("intents", {"intent": "a", "sentences": ["x"], "reply": "{no %d}"}, 200, ""),
        ("intents", {"intent": "100 %d", "sentences": []}, 400, "the intent '100 %d' needs"),
    ],
)
def test_bad_input_gets_an_answer_and_harms_nothing(served, path, sent, status, said):
    key = served.customer()
    before = served.call("GET", "intents", X_Customer=key)
    got, answer = served.call("POST", path, sent, X_Customer=key)
    assert got == status, answer
    if said:
        assert said in answer["error"]
        assert served.call("GET", "intents", X_Customer=key) == before


def test_markup_and_other_scripts_come_back_as_they_were(served):
    key, texts = served.customer(), ["<script>alert(1)</script>", "价格是多少", "كم السعر", "😀"]
    sent = {"intent": texts[0], "sentences": texts}
    known = served.call("POST", "intents", sent, X_Customer=key)[1]["intents"][1]
    assert (known["intent"], known["sentences"]) == (texts[0], texts)
    path = "intents?intent=%3Cscript%3Ealert(1)%3C/script%3E"
    left = served.call("DELETE", path, X_Customer=key)[1]["intents"]
    assert [each["intent"] for each in left] == ["shared"]
    assert served.call("DELETE", path, X_Customer=key)[0] == 400


def test_a_huge_request_is_cut_off_and_the_server_goes_on(served):
    key = served.customer()
    try:
        status, _ = served.call("POST", "ask", b"x" * 70_000, X_Customer=key)
    except (ConnectionError, urllib.error.URLError):
        status = 400  # the server hung up before the client had sent everything
    assert status == 400
    assert served.call("GET", "intents", X_Customer=key)[0] == 200


def test_nobody_comes_in_without_the_token_the_key_or_by_another_name(served):
    assert served.call("GET", "")[0] == 403
    assert served.call("GET", "?token=guess")[0] == 403
    status, page = served.call("GET", f"?token={served.token}")
    assert status == 200
    assert "<h1>The desk</h1>" in page
    assert served.call("POST", "customers", b"")[0] == 403
    assert served.call("POST", "customers", b"", X_Token="é")[0] == 403
    assert served.call("GET", "intents")[0] == 401
    assert served.call("POST", "ask", {"sentence": "x"}, X_Customer="guess")[0] == 401
    there = {"X_Customer": served.customer(), "Host": "elsewhere.example"}
    assert served.call("GET", "intents", **there)[0] == 403


def test_a_fault_of_ours_says_nothing_of_the_customer(served, monkeypatch):
    def fail(*_):
        raise RuntimeError("secret")

    monkeypatch.setattr(Desk, "ask", fail)
    answer = served.call("POST", "ask", {"sentence": "x"}, X_Customer=served.customer())
    assert answer == (500, {"error": "the desk failed at this request"})


def test_too_many_requests_at_once_are_asked_to_come_again(served, monkeypatch):
    monkeypatch.setattr(server_module, "MOST_WAITING", 0)
    status, answer = served.call("POST", "customers", b"", X_Token=served.token)
    assert (status, answer["error"]) == (503, "many ask at once: try again in a second")


def test_there_are_only_so_many_customers(monkeypatch):
    monkeypatch.setattr(customers_module, "MOST_CUSTOMERS", 2)
    customers = Customers(a_desk())
    assert customers.new() != customers.new()
    with pytest.raises(DeskError, match="which is the most"):
        customers.new()
    with pytest.raises(UnknownCustomerError):
        customers.desk("guess")


def test_a_step_that_fails_leaves_the_desk_as_it_was():
    customers = Customers(a_desk())
    key = customers.new()
    desk = customers.change(key, lambda each: each.taught("a", ["one"]))
    with pytest.raises(DeskError):
        customers.change(key, lambda each: each.taught("a", [""]))
    assert customers.desk(key) is desk
    assert torch.equal(desk.vectors["a"], encode(["one"]))
