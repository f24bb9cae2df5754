"""`metalearn-lab serve`: a desk behind a small page, for this machine alone.

A request shows two secrets: the server's token, with which a page becomes a customer, and the
customer's key, with which it asks and teaches. Sentences are encoded by one thread, so a customer's
desk changes by one request at a time, and the shared weights by none.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError, RequestHandler

from metalearn_lab.experiments.desk import Desk, DeskError
from metalearn_lab.serving.customers import Customers, UnknownCustomerError

Result = TypeVar("Result")

PAGE = Path(__file__).parent / "page"
LARGEST_REQUEST = 64 * 1024  # bytes
MOST_WAITING = 200  # requests
KINDS = {"desk.js": "text/javascript", "desk.css": "text/css"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass
class Service:
    """What all requests share.

    Attributes:
        customers: touched by the one thread alone.
        token: that a page must show.
        hosts: by which the server may be called: a page elsewhere that gives its own name this
            machine's address is refused.
        thread: which works.
        waiting: requests that have not been answered.
    """

    customers: Customers
    token: str
    hosts: frozenset[str] = frozenset()
    thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    waiting: int = 0

    async def run(self, step: Callable[[], Result]) -> Result:
        """The result of a step in the one thread.

        Raises:
            HTTPError: 503, where too many wait already.
        """
        if self.waiting >= MOST_WAITING:
            raise HTTPError(503, "many ask at once: try again in a second")
        self.waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self.thread, step)
        finally:
            self.waiting -= 1


class Handler(RequestHandler):
    """Answers JSON by JSON, and says in words what was wrong."""

    service: Service

    def initialize(self, service: Service) -> None:
        """Take what all requests share."""
        self.service = service

    def set_default_headers(self) -> None:
        """Nothing from elsewhere runs in the page, and nothing of it is kept."""
        for name, value in HEADERS.items():
            self.set_header(name, value)

    def prepare(self) -> None:
        """Refuse a call by another name than this machine's."""
        if self.request.host not in self.service.hosts:
            raise HTTPError(403, "call this server by the address that it printed")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """The reason as JSON; of a fault of ours, none."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        said = (
            error.log_message % error.args
            if isinstance(error, HTTPError) and error.log_message
            else None
        )
        self.finish({"error": said or "the desk failed at this request"})

    def log_exception(self, kind: Any, error: Any, trace: Any) -> None:
        """Log a fault of ours; a refusal may quote the customer, and is not logged."""
        if not isinstance(error, HTTPError):
            super().log_exception(kind, error, trace)

    def check_token(self, shown: str) -> None:
        """Refuse a page that does not know the token."""
        if not secrets.compare_digest(shown.encode(), self.service.token.encode()):
            raise HTTPError(403, "open the address that the server printed, with its token")

    def body(self) -> dict[str, Any]:
        """What was sent."""
        try:
            sent = json.loads(self.request.body or b"null")
        except (ValueError, RecursionError):
            sent = None
        if not isinstance(sent, dict):
            raise HTTPError(400, "send a JSON object")
        return sent

    async def with_desk(self, step: Callable[[Customers, str], Result]) -> Result:
        """What a step makes of this customer's desk."""
        key = self.request.headers.get("X-Customer", "")
        try:
            return await self.service.run(lambda: step(self.service.customers, key))
        except UnknownCustomerError:
            raise HTTPError(401, "no such customer: open the page again") from None
        except DeskError as error:
            raise HTTPError(400, str(error)) from None


class Page(Handler):
    """The page, to whoever has the token."""

    def get(self) -> None:
        """Send it."""
        self.check_token(self.get_query_argument("token", ""))
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish((PAGE / "desk.html").read_bytes())


class Part(Handler):
    """The page's script and style, which hold no secret."""

    def get(self, name: str) -> None:
        """Send one."""
        self.set_header("Content-Type", f"{KINDS[name]}; charset=utf-8")
        self.finish((PAGE / name).read_bytes())


class NewCustomer(Handler):
    """A key, to whoever has the token."""

    async def post(self) -> None:
        """Send one."""
        self.check_token(self.request.headers.get("X-Token", ""))
        try:
            self.finish({"customer": await self.service.run(self.service.customers.new)})
        except DeskError as error:
            raise HTTPError(503, str(error)) from None


class Ask(Handler):
    """What the desk says to a sentence."""

    async def post(self) -> None:
        """Send it."""
        sentence = _text(self.body(), "sentence")
        answer = await self.with_desk(lambda all_, key: all_.desk(key).ask(sentence))
        self.finish(answer._asdict())


class Intents(Handler):
    """What a customer's desk knows."""

    async def get(self) -> None:
        """Send the intents."""
        self.finish(await self.with_desk(lambda all_, key: _described(all_.desk(key))))

    async def post(self) -> None:
        """Add an intent, or sentences to one."""
        sent = self.body()
        name, reply = _text(sent, "intent"), _text(sent, "reply", "")
        sentences = sent.get("sentences")
        if not isinstance(sentences, list) or not all(isinstance(s, str) for s in sentences):
            raise HTTPError(400, "sentences is a list of texts")
        self.finish(
            await self.with_desk(
                lambda all_, key: _described(
                    all_.change(key, lambda desk: desk.taught(name, sentences, reply))
                )
            )
        )

    async def delete(self) -> None:
        """Forget an intent."""
        name = self.get_query_argument("intent", "")
        self.finish(
            await self.with_desk(
                lambda all_, key: _described(all_.change(key, lambda desk: desk.forgotten(name)))
            )
        )


def application(service: Service) -> Application:
    """The addresses that are answered."""
    shared = {"service": service}
    return Application(
        [
            ("/", Page, shared),
            ("/(desk[.](?:js|css))", Part, shared),
            ("/customers", NewCustomer, shared),
            ("/ask", Ask, shared),
            ("/intents", Intents, shared),
        ],
        log_function=lambda handler: None,  # what customers write is nobody else's business
    )


async def serve(
    desk: Desk, port: int | None, announce: Callable[[str], None], token: str | None = None
) -> None:
    """Serve a desk until cancelled.

    Args:
        desk: what every customer begins with.
        port: to listen on; a free one if None.
        announce: called with the address to open, once it can be opened.
        token: of the server; a new one if None.

    Raises:
        OSError: the port is taken.
    """
    sockets = bind_sockets(port or 0, "127.0.0.1")
    number = sockets[0].getsockname()[1]
    hosts = frozenset(f"{name}:{number}" for name in ("127.0.0.1", "localhost"))
    service = Service(Customers(desk), token or secrets.token_urlsafe(24), hosts)
    server = HTTPServer(
        application(service), max_buffer_size=LARGEST_REQUEST, max_body_size=LARGEST_REQUEST
    )
    server.add_sockets(sockets)
    announce(f"http://127.0.0.1:{number}/?token={service.token}")
    try:
        await asyncio.Event().wait()
    finally:
        server.stop()
        service.thread.shutdown(wait=False, cancel_futures=True)


def _described(desk: Desk) -> dict[str, Any]:
    intents = [{"intent": name, **each._asdict()} for name, each in desk.intents.items()]
    return {"intents": intents, "slots": {name: list(v) for name, v in desk.slots.items()}}


def _text(sent: dict[str, Any], name: str, default: str | None = None) -> str:
    text = sent.get(name, default)
    if not isinstance(text, str):
        raise HTTPError(400, f"{name} is a text")
    return text
