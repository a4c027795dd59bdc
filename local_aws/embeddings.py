"""The built-in models behind OpenAI's interface: loaded once, however many processes the functions have, and there for
functions in containers, which need no account to search by meaning.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from local_aws.process import HOST
from vectorlog.defaults import LOCAL_MODEL
from vectorlog.domain.vectors import Space, model_of
from vectorlog.embedding.embedder import Embedder
from vectorlog.embedding.offers import local_offers
from vectorlog.embedding.onnx import GRANITE

MODEL = f"openai:{GRANITE.name}"
"""Its name in `VECTORLOG_MODELS`."""


class UnknownModel(ValueError):
    """There is no built-in model of this name, or its package is not installed."""


@contextmanager
def embeddings(names: Sequence[str] = (LOCAL_MODEL,)) -> Iterator[str]:
    """Serves `POST /v1/embeddings` with these models, and gives its base URL. A text longer than a model's window gets
    the mean of its windows' vectors.

    Raises:
        UnknownModel: one of them is not there.
    """
    offers = {offer.name: offer for offer in local_offers()}
    if unknown := [name for name in names if name not in offers]:
        raise UnknownModel(f"There is no built-in model {', '.join(unknown)} here; there are {', '.join(offers)}.")
    embedders: dict[str, Embedder] = {}
    with ExitStack() as stack:
        for name in names:
            offer = offers[name]
            assert isinstance(offer.dimensions, int)
            embedders[name] = offer.connect(Space(model_of(offer.model, offer.revision), offer.dimensions))
            stack.callback(embedders[name].close)
        server = ThreadingHTTPServer((HOST, 0), type("Handler", (_Handler,), {"embedders": embedders}))
        stack.callback(server.server_close)
        thread = threading.Thread(target=server.serve_forever, name="embeddings")
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        yield f"http://{HOST}:{server.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # one packet for head and body
    embedders: Mapping[str, Embedder]

    def do_POST(self) -> None:  # the name that http.server calls
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        embedder = self.embedders.get(request["model"])
        if embedder is None:
            self._answer(404, {"error": {"message": f"There is no model {request['model']}.", "code": None}})
            return
        vectors = [embedder.query(text).tolist() for text in request["input"]]
        items = [{"object": "embedding", "index": place, "embedding": vector} for place, vector in enumerate(vectors)]
        self._answer(200, {"object": "list", "model": request["model"], "data": items})

    def _answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:  # no access log
        pass
