"""Every call to a port can meet a fault: which calls there are, which faults each can meet, and how often it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from tests.support.faults import Lost

Kind = Literal["dies before", "dies after", "lost answer", "refused", "overtaken", "meanwhile", "disk full", "in part"]
"""What a call can meet.

dies before, dies after: the process ends, before the call or after it took effect.
lost answer: the call takes effect and raises; the process lives.
refused: the call does nothing and raises, for now.
overtaken: the call does nothing and says that another writer was first.
meanwhile: another worker's step runs between the caller's decision and this call.
disk full: the call does nothing and raises as a full disk does.
in part: only some of the commits or messages of the call take effect; then it raises.
"""

READS: tuple[Kind, ...] = ("dies before", "refused", "meanwhile")
WRITES: tuple[Kind, ...] = ("dies before", "dies after", "lost answer", "refused", "meanwhile", "disk full")

PORTS: Mapping[str, Mapping[str, tuple[Kind, ...]]] = {
    "log": {"load": READS, "load_many": READS, "read": READS, "append": (*WRITES, "in part")},
    "feed": {"after": READS},
    "checkpoint": {"read": READS, "write": WRITES},
    "table": {
        "get": READS,
        "query": READS,
        "due": READS,
        "write": (*WRITES, "overtaken"),
    },
    "work": {
        "receive": WRITES,
        "send": (*WRITES, "in part"),
        "acknowledge": WRITES,
        "release": WRITES,
    },
    "embed": {
        "receive": WRITES,
        "send": (*WRITES, "in part"),
        "acknowledge": WRITES,
        "release": WRITES,
    },
    "outbox": {
        "get": READS,
        "query": READS,
        "write": (*WRITES, "overtaken"),
    },
    "deliver": {
        "receive": WRITES,
        "send": (*WRITES, "in part"),
        "acknowledge": WRITES,
        "release": WRITES,
    },
    "bus": {"put": ("dies before", "dies after", "lost answer", "refused", "meanwhile")},
    "blobs": {
        "put": WRITES,
        "read": READS,
        "local": READS,
        "list": READS,
        "delete": WRITES,
        "page": READS,
        "delete_unreplaced": WRITES,
    },
    "index": {
        "add": WRITES,
        "retag": WRITES,
        "remove": WRITES,
        "remove_store": WRITES,
        "search": READS,
    },
    "embedder": {"documents": READS, "query": READS},
    "reader": {"read": ("dies before", "refused", "meanwhile")},
}


class Fault(NamedTuple):
    """A fault of one step: at the `nth` call (of `call`, or of any port if that is empty) of the kind `pick`."""

    nth: int
    pick: int
    call: str = ""


class Faults:
    """Where the step's fault is, and how often each call met each fault.

    Attributes:
        matrix: how often (call, kind) happened.
        calls: how often each call was made while faults were possible.
        met: what the step met, for its line in the timeline.
        meanwhile: runs another worker's step.
        full: whether the disk is full for now, for every call that writes to it.
        errors: what a refused call of each port raises.
    """

    def __init__(self, errors: Mapping[str, Callable[[], Exception]], full: Callable[[str], Exception]) -> None:
        self.matrix: Counter[tuple[str, Kind]] = Counter()
        self.calls: Counter[str] = Counter()
        self.met = ""
        self.meanwhile: Callable[[], None] = lambda: None
        self.full = False
        self._full_error = full
        self._errors = errors
        self._armed: Fault | None = None
        self._count = 0

    def arm(self, fault: Fault | None) -> None:
        """Makes this fault happen in what follows; None for no fault."""
        self._armed, self._count, self.met = fault, 0, ""

    @property
    def armed(self) -> bool:
        """Whether a fault may still happen."""
        return self._armed is not None

    def run(
        self,
        name: str,
        kinds: tuple[Kind, ...],
        call: Callable[[], Any],
        part: Callable[[], Any] | None,
    ) -> Any:
        """Makes a call, with the fault if it is due."""
        self.calls[name] += 1
        if self.full and "disk full" in kinds:
            self.matrix[name, "disk full"] += 1
            raise self._full_error(name)
        fault = self._armed
        if fault is None or (fault.call and fault.call != name):
            return call()
        self._count += 1
        if self._count < fault.nth:
            return call()
        # Every third failed call is followed by a second fault at the next one, which often handles the failure.
        again = fault.pick % 3 == 0 and not self.met
        self._armed = Fault(1, fault.pick // 3) if again else None
        self._count = 0
        return self._meet(kinds[fault.pick % len(kinds)], name, call, part)

    def _meet(self, kind: Kind, name: str, call: Callable[[], Any], part: Callable[[], Any] | None) -> Any:
        self.matrix[name, kind] += 1
        self.met = f"{self.met}, {name} {kind}" if self.met else f"{name} {kind}"
        match kind:
            case "dies before":
                raise Lost(f"before {name}")
            case "dies after":
                call()
                raise Lost(f"after {name}")
            case "lost answer":
                call()
                raise self._error(name)
            case "refused":
                raise self._error(name)
            case "overtaken":
                from vectorlog.views.table import RowConflict

                raise RowConflict("another writer was first")
            case "disk full":
                raise self._full_error(name)
            case "in part":
                if part is not None:
                    part()
                raise self._error(name)
            case "meanwhile":
                self.meanwhile()
                return call()

    def _error(self, name: str) -> Exception:
        return self._errors[name.split(".")[0]]()


class Port:
    """A port whose calls can meet faults; everything else is passed through."""

    def __init__(self, name: str, target: Any, faults: Faults) -> None:
        self._target = target
        for method, kinds in PORTS[name].items():
            if hasattr(target, method):
                setattr(self, method, _wrapped(f"{name}.{method}", kinds, getattr(target, method), faults))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)


def _wrapped(name: str, kinds: tuple[Kind, ...], call: Callable[..., Any], faults: Faults) -> Callable[..., Any]:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        part = None
        if "in part" in kinds and args and isinstance(args[0], Sequence) and len(args[0]) > 1:
            half = args[0][: len(args[0]) // 2]
            part = lambda: call(half, *args[1:], **kwargs)  # noqa: E731
        return faults.run(name, kinds, lambda: call(*args, **kwargs), part)

    return wrapped
