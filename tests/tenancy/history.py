"""Random operations of several projects and end users, each answer compared with what its caller may see."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.simulation.world import World
from tests.support.callers import PREFIXES, Callers, Got
from tests.tenancy.model import NEEDED, File, Model, Store, secret_of
from vectorlog.domain.tenancy import Caller

PROJECTS = ("acme", "globex")
USERS = ("ann", "bob", "eve", None)
CALLERS = tuple(Caller(project, user) for project in PROJECTS for user in USERS)
GRANTEES = ("ann", "bob", "eve", None)
IDS = re.compile(rb"(?:vs_|vsfb_|file-)[0-9A-Za-z]{16,}")
MOST_STORES, MOST_FILES = 24, 60


class Foreign(AssertionError):
    """A caller saw, or did, what they may not; or was refused what they may."""


class History:
    """Makes random requests. `seen` counts operations by their name and status."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.model = Model()
        self.seen: Counter[tuple[str, int]] = Counter()
        self._random = Random(seed)
        self._callers = Callers(world.app, world.folder)
        self._number = 0
        self._operations: dict[Callable[[Caller], None], float] = {
            self._upload: 4,
            self._file: 5,
            self._files: 2,
            self._create: 2,
            self._stores: 6,
            self._store: 8,
            self._attach: 8,
            self._batch: 4,
            self._of_batch: 6,
            self._of_file: 9,
            self._search: 8,
            self._search_several: 2,
            self._assistant: 8,
            self._grant: 6,
            self._revoke: 4,
            self._permissions: 4,
        }

    def run(self, steps: int) -> None:
        """Makes this many requests, with some of the work that they ask for in between."""
        operations, weights = list(self._operations), list(self._operations.values())
        for _ in range(steps):
            self._number += 1
            self.world.clock.advance(self._random.choice((1, 1, 1, 500)))
            self._random.choices(operations, weights)[0](self._random.choice(CALLERS))
            for step in (self._project, self._work, self._ingest):
                if self._random.random() < 0.4:
                    step()

    def _project(self) -> None:
        self.world.project(20, self._random)

    def _work(self) -> None:
        self.world.work(self._random)

    def _ingest(self) -> None:
        self.world.ingest(4, self._random)

    # Requests about files

    def _upload(self, caller: Caller) -> None:
        if sum(not each.deleted for each in self.model.files.values()) >= MOST_FILES:
            return
        secret, number = secret_of(caller), self._number
        got = self._send(caller, "POST", "/files", upload=(f"{secret}{number}.txt", f"alpha beta {secret} {number}\n"))
        self._require(got.status == 200, got)
        self.model.files[got.body["id"]] = File(got.body["id"], caller)

    def _file(self, caller: Caller) -> None:
        file = self._pick(self.model.files)
        if file is None:
            return
        method, part = self._random.choice((("GET", ""), ("GET", "/content"), ("GET", "/content"), ("DELETE", "")))
        if method == "DELETE" and self._random.random() < 0.6:
            return
        got = self._send(caller, method, f"/files/{file.id}{part}", name="/files/<id>")
        self._require((got.status == 200) == (file.visible_to(caller) and not file.deleted), got)
        self._require(got.status in (200, 404), got)
        if method == "DELETE" and got.status == 200:
            file.deleted = True

    def _files(self, caller: Caller) -> None:
        own = [each.id for each in self.model.files.values() if each.visible_to(caller) and not each.deleted]
        cursor = self._pick(self.model.files)
        limit = self._random.choice((1, 3, 50))
        query: dict[str, Any] = {"order": "asc", "limit": limit}
        if cursor is not None and self._random.random() < 0.5:
            got = self._send(caller, "GET", "/files", query={**query, "after": cursor.id})
            self._require((got.status == 200) == cursor.visible_to(caller), got)
            return
        got = self._send(caller, "GET", "/files", query=query)
        self._require([each["id"] for each in got.body["data"]] == own[:limit], got)

    # Requests about stores

    def _create(self, caller: Caller) -> None:
        if sum(not each.deleted for each in self.model.stores.values()) >= MOST_STORES:
            return
        secret, files = secret_of(caller), self._some_files(caller)
        keyed = self._random.random() < 0.3
        body: dict[str, Any] = {"name": secret, "metadata": {"of": secret}, "description": secret}
        if files and not keyed:
            body["file_ids"] = [each.id for each in files]
        owned = [each for each in self.model.stores.values() if each.owner == caller]
        key = "one key for all" if keyed else None
        got = self._send(caller, "POST", "/vector_stores", body, key=key, about=owned)
        if keyed and got.status == 404:  # a repeated request, and the store is deleted
            return
        reachable = keyed or all(each.visible_to(caller) and not each.deleted for each in files)
        self._require(got.status == (200 if reachable else 404), got)
        if got.status == 200 and got.body["id"] not in self.model.stores:
            made = Store(got.body["id"], caller, self._number, writers={caller})
            made.writers |= set() if keyed else {each.owner for each in files}
            made.files |= set() if keyed else {each.id for each in files}
            self.model.stores[made.id] = made
        elif got.status == 200:
            self._require(self.model.stores[got.body["id"]].owner == caller, got)

    def _stores(self, caller: Caller) -> None:
        """Pages through the list, or asks for one page after or before any store."""
        order, limit = self._random.choice(("asc", "desc")), self._random.choice((1, 2, 5, 100))
        listed = self.model.listed(caller) if order == "asc" else self.model.listed(caller)[::-1]
        query: dict[str, Any] = {"order": order, "limit": limit}
        cursor = self._pick(self.model.stores)
        if cursor is not None and self._random.random() < 0.5:
            way = self._random.choice(("after", "before"))
            got = self._send(caller, "GET", "/vector_stores", query={**query, way: cursor.id}, about=listed)
            self._require(got.status == (200 if cursor.was_in_list_of(caller) else 400), got)
            if got.status == 200:
                later = (way == "after") == (order == "asc")
                part = [each for each in listed if each.place != cursor.place and (each.place > cursor.place) == later]
                page = part[:limit] if way == "after" else part[-limit:]
                self._require([each["id"] for each in got.body["data"]] == [each.id for each in page], got)
                self._require(got.body["has_more"] == (len(part) > limit), got)
            return
        found: list[str] = []
        while True:
            got = self._send(caller, "GET", "/vector_stores", query=query, about=listed)
            self._require(got.status == 200, got)
            found += [each["id"] for each in got.body["data"]]
            if not got.body["has_more"]:
                break
            query["after"] = found[-1]
        self._require(found == [each.id for each in listed], got)

    def _store(self, caller: Caller) -> None:
        store = self._any_store(caller)
        if store is None:
            return
        method = self._random.choice(("GET", "GET", "POST", "POST", "DELETE"))
        if method == "DELETE" and self._random.random() < 0.7:
            return
        secret = secret_of(caller)
        body = {"name": secret, "metadata": {"of": secret}} if method == "POST" else None
        right = "read" if method == "GET" else "write"
        got = self._on(store, caller, right, method, "", body)
        if got.status == 200 and method == "POST":
            store.writers = store.writers | {caller}
        if got.status == 200 and method == "DELETE":
            store.deleted = True

    def _attach(self, caller: Caller) -> None:
        store, files = self._any_store(caller), self._some_files(caller)
        if store is None or not files:
            return
        file = files[0]
        body: dict[str, Any] = {"file_id": file.id, "attributes": self._attributes(caller)}
        body["skip_duplicates"] = self._random.random() < 0.3
        reachable = file.visible_to(caller) and not file.deleted
        got = self._on(store, caller, "write", "POST", "/files", body, reachable=reachable)
        if got.status == 200:
            self._wrote(store, caller, [file])

    def _batch(self, caller: Caller) -> None:
        store, files = self._any_store(caller), self._some_files(caller)
        if store is None or not files:
            return
        body = {"file_ids": [each.id for each in files], "attributes": self._attributes(caller)}
        reachable = all(each.visible_to(caller) and not each.deleted for each in files)
        got = self._on(store, caller, "write", "POST", "/file_batches", body, reachable=reachable)
        if got.status == 200:
            self._wrote(store, caller, files)
            self.model.batches[got.body["id"]] = store.id

    def _of_batch(self, caller: Caller) -> None:
        """A batch, through its own store or through another one."""
        batch = self._random.choice(list(self.model.batches) or [""])
        if not batch:
            return
        own = self.model.stores[self.model.batches[batch]]
        store = own if self._random.random() < 0.8 else self._pick(self.model.stores)
        assert store is not None
        method, part = self._random.choice((("GET", ""), ("GET", "/files"), ("POST", "/cancel")))
        query = {"limit": self._random.choice((1, 100))} if part == "/files" else None
        self._on(
            store,
            caller,
            "read" if method == "GET" else "write",
            method,
            f"/file_batches/{batch}{part}",
            query=query,
            reachable=store is own,
        )

    def _of_file(self, caller: Caller) -> None:
        """A file in a store, in its list, its text, its attributes; or any other file through that store."""
        store, file = self._any_store(caller), self._pick(self.model.files)
        if store is None or file is None:
            return
        inside = [each for each in store.files if each in self.model.files]
        if inside and self._random.random() < 0.8:
            file = self.model.files[self._random.choice(sorted(inside))]
        kind = self._random.choice(("list", "get", "content", "chunks", "change", "detach"))
        at, caller_wrote = f"/files/{file.id}", kind == "change"
        body = {"attributes": self._attributes(caller)} if caller_wrote else None
        match kind:
            case "list":
                query: dict[str, Any] = {"limit": self._random.choice((1, 100))}
                if self._random.random() < 0.4:
                    query["after"] = file.id
                self._on(store, caller, "read", "GET", "/files", query=query, reachable=None)
            case "get":
                self._on(store, caller, "read", "GET", at, reachable=None)
            case "content" | "chunks":
                self._on(store, caller, "read", "GET", f"{at}/{kind}", reachable=None)
            case "change":
                got = self._on(store, caller, "write", "POST", at, body, reachable=None)
                if got.status == 200:
                    store.writers = store.writers | {caller}
            case _:
                self._on(store, caller, "write", "DELETE", at, reachable=None)

    def _search(self, caller: Caller) -> None:
        store, of = self._any_store(caller), secret_of(self._random.choice(CALLERS))
        if store is None:
            return
        body: dict[str, Any] = {"query": self._random.choice(("alpha", "beta alpha")), "max_num_results": 50}
        if self._random.random() < 0.3:
            body["filters"] = {"type": "eq", "key": "of", "value": of}
        got = self._on(store, caller, "read", "POST", "/search", body)
        if got.status == 200:
            found = {each["file_id"] for each in got.body["data"]}
            self._require(found <= store.files, got)

    def _search_several(self, caller: Caller) -> None:
        """Two stores at once: one that the caller may not read is a 404 for both."""
        found = [store for store in (self._any_store(caller), self._any_store(caller)) if store is not None]
        stores = list({store.id: store for store in found}.values())
        if not stores:
            return
        body = {"query": "alpha", "vector_store_ids": [store.id for store in stores], "max_num_results": 50}
        got = self._send(caller, "POST", "/vector_stores/search", body, about=stores, name="search of several")
        readable = all(store.rank(caller) > 0 and not store.deleted for store in stores)
        self._require(got.error == ((200, None) if readable else (404, "vector_store_ids")), got)

    def _assistant(self, caller: Caller) -> None:
        """A tool of MCP, at the endpoint for all stores or at that for one, and the page behind a url of its answer."""
        store, file = self._any_store(caller), self._pick(self.model.files)
        if store is None or file is None:
            return
        in_store = {"vector_store_id": store.id}
        tool, arguments = self._random.choice(
            (
                ("search", {"query": "alpha", "max_num_results": 50}),
                ("list_vector_stores", {"limit": 100}),
                ("search_vector_store", {**in_store, "query": "beta alpha"}),
                ("fetch", {"id": f"{store.id}/{file.id}"}),
                ("read_file", {**in_store, "file_id": file.id}),
            )
        )
        path = self._random.choice(("/mcp", f"/mcp/{store.id}"))
        about = [store] if store.id in f"{path}{arguments}" else self.model.listed(caller)
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
        got = self._send(caller, "POST", path, call, about=about, name=f"mcp {tool}", prefix="")
        self._require(got.status == 200, got)
        result, readable = got.body["result"], store.rank(caller) > 0 and not store.deleted
        self._require(readable or store not in about or result["isError"], got)
        self._require(not readable or not result["isError"] or tool in ("fetch", "read_file"), got)
        urls = re.findall(r'"url":"([^"#]+)', got.content.decode()) if not result["isError"] else []
        if urls:
            parts = urlsplit(self._random.choice(urls))
            page = self._send(
                caller, "GET", parts.path, about=about, name="view", prefix="", query=dict(parse_qsl(parts.query))
            )
            self._require(page.status == 200, page)

    # Requests about permissions

    def _grant(self, caller: Caller) -> None:
        store, user, role = self._any_store(caller), self._random.choice(GRANTEES), self._role()
        if store is None:
            return
        body: dict[str, Any] = {"grantee_type": "team", "role": role}
        if user is not None:
            body = {"user_id": user, "role": role}
        got = self._on(store, caller, "share", "POST", "/permissions", body, reachable=None)
        self._require(got.status != 200 or user != store.owner.user or user is None, got)
        if got.status == 200:
            store.roles[user] = role
            store.once = store.once | {user}

    def _revoke(self, caller: Caller) -> None:
        store, user = self._any_store(caller), self._random.choice(GRANTEES)
        if store is None:
            return
        got = self._on(store, caller, "share", "DELETE", f"/permissions/{user or 'team'}", reachable=None)
        if got.status == 200:
            self._require(user in store.roles, got)
            del store.roles[user]

    def _permissions(self, caller: Caller) -> None:
        store, user = self._any_store(caller), self._random.choice(("ann", "bob", "eve"))
        if store is None:
            return
        if self._random.random() < 0.5:
            got = self._on(store, caller, "read", "GET", "/permissions")
            if got.status == 200:
                roles = {each["user_id"]: each["role"] for each in got.body["data"][1:]}
                self._require(roles == store.roles, got)
            return
        got = self._on(store, caller, "read", "GET", f"/permissions/{user}")
        if got.status == 200:
            rank = store.rank(Caller(store.owner.project, user))
            self._require(got.body["role"] == (None, "reader", "writer", "owner")[rank], got)

    # Sending and judging

    def _on(
        self,
        store: Store,
        caller: Caller,
        right: str,
        method: str,
        part: str,
        body: Any = None,
        *,
        query: Any = None,
        reachable: bool | None = True,
    ) -> Got:
        """Sends a request about a store, and checks whether it was answered or refused as the caller's role asks.
        `reachable` says whether what else it names can be reached; None if that is not known.
        """
        rank = 0 if store.deleted else store.rank(caller)
        name = re.sub(r"(vsfb_|file-)\w+", "<id>", part)
        path = f"/vector_stores/{store.id}{part}"
        got = self._send(caller, method, path, body, query=query, about=[store], name=name)
        if rank == 0:
            self._require(got.error == (404, "vector_store_id") or (reachable is not True and got.status == 404), got)
        elif rank < NEEDED[right]:
            self._require(got.status == 403 or (reachable is False and got.status == 404), got)
        elif reachable is None:
            self._require(got.status != 403 and got.error != (404, "vector_store_id") and got.status < 500, got)
        else:
            self._require(got.status == (200 if reachable else 404), got)
            self._require(got.error != (404, "vector_store_id"), got)
        return got

    def _send(
        self,
        caller: Caller,
        method: str,
        path: str,
        body: Any = None,
        *,
        about: list[Store] | None = None,
        name: str = "",
        prefix: str | None = None,
        **more: Any,
    ) -> Got:
        prefix = self._random.choice(PREFIXES) if prefix is None else prefix
        got = self._callers.send(caller, method, path, body, prefix=prefix, **more)
        self.seen[f"{method} {name or path.split('/')[1]}", got.status] += 1
        everything = got.content + repr(sorted(got.headers.items())).encode()
        stores = about or []
        allowed = {caller} if caller.user else {each for each in CALLERS if each.project == caller.project}
        allowed |= self.model.allowed(caller, stores)
        for other in CALLERS:
            if other not in allowed and re.search(rf"{secret_of(other)}(?![a-z])".encode(), everything):
                raise Foreign(f"step {self._number}: {caller} sees {secret_of(other)}: {method} {path} {got}")
        sent = f"{path} {body} {more}".encode()
        for found in set(IDS.findall(everything)) - set(IDS.findall(sent)):
            self._require(self._knows(caller, found.decode(), stores), got)
        return got

    def _knows(self, caller: Caller, thing: str, stores: list[Store]) -> bool:
        """Whether an answer may tell a caller the id of a thing; that of a new one is unknown to the model."""
        readable = [each for each in stores if each.rank(caller) > 0 and not each.deleted]
        if thing in self.model.files:
            return self.model.files[thing].visible_to(caller) or any(thing in each.files for each in readable)
        if thing in self.model.stores:
            return self.model.stores[thing].rank(caller) > 0
        if thing in self.model.batches:
            return self.model.batches[thing] in {each.id for each in readable}
        return True

    def _wrote(self, store: Store, caller: Caller, files: list[File]) -> None:
        store.writers = store.writers | {caller} | {each.owner for each in files}
        store.files |= {each.id for each in files}

    def _require(self, condition: object, got: Got) -> None:
        if not condition:
            raise Foreign(f"step {self._number}: {got}")

    # Drawing

    def _pick(self, things: Mapping[str, Any]) -> Any:
        """Any thing; mostly one that is not deleted."""
        alive = [each for each in things.values() if not each.deleted]
        chosen = alive if alive and self._random.random() < 0.9 else list(things.values())
        return self._random.choice(chosen) if chosen else None

    def _any_store(self, caller: Caller) -> Store | None:
        """Any store, and half of the time one on which the caller has a role."""
        reachable = {each.id: each for each in self.model.stores.values() if each.rank(caller) > 0}
        chosen: Store | None = self._pick(reachable if reachable and self._random.random() < 0.5 else self.model.stores)
        return chosen

    def _some_files(self, caller: Caller) -> list[File]:
        """Some files, and mostly such as the caller may see."""
        visible = {each.id: each for each in self.model.files.values() if each.visible_to(caller)}
        things = visible if visible and self._random.random() < 0.7 else self.model.files
        drawn = (self._pick(things) for _ in range(self._random.choice((1, 1, 2, 3))))
        return list({each.id: each for each in drawn if each is not None}.values())

    def _attributes(self, caller: Caller) -> dict[str, Any]:
        return {"of": secret_of(caller), "n": self._random.randrange(3)}

    def _role(self) -> str:
        return self._random.choice(("reader", "writer"))
