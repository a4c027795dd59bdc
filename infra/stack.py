"""The stack: composes the parts, with the rights and triggers of each function."""

from __future__ import annotations

from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra import functions, triggers
from infra.api import Api
from infra.assets import Assets
from infra.configuration import Configuration
from infra.endpoints import EMBEDDING, RERANKING, REWRITING, endpoints
from infra.files import Files
from infra.first_key import FirstKey
from infra.functions import Functions, FunctionSpec
from infra.grants import Grants
from infra.index_kinds import made_index
from infra.monitoring.monitoring import monitor
from infra.monitoring.watched import Watched
from infra.network import Network
from infra.outgoing import SIGNING, TELLING, Outgoing
from infra.outputs import outputs
from infra.rollout import GUARDS, Rollout
from infra.tables import EventLog, Views
from infra.work_queues import WorkQueues
from vectorlog.defaults import ANSWERS
from vectorlog.domain.project_limits import LIMITS

LIMIT_SETTINGS = tuple(f"limit_{name}" for name in LIMITS)
"""Fields of `Configuration` and of `Environment`."""
TABLES = ("events_table", "views_table")
ANSWERING = (*TABLES, "bucket", "models", "embeddings_api", "cors_origins", "opensearch_form")
"""Fields of `Environment` for functions that answer requests."""
QUEUES = ("work_queue", "embed_queue", "erase_queue")
LAYOUT = ("opensearch_shards", "opensearch_partition", "opensearch_vectors", "opensearch_form")
EVERY_QUEUE = (*TABLES, "bucket", "opensearch_endpoint", *QUEUES)
"""Fields of `Environment` for functions that send messages of every kind."""


class VectorlogStack(Stack):
    """Everything of one stage. It names no account and no region, unless it looks up an existing network."""

    def __init__(self, scope: Construct, id: str, *, configuration: Configuration, assets: Assets, **rest: Any) -> None:  # noqa: ANN401
        super().__init__(scope, id, termination_protection=configuration.keeps, **rest)
        self._configuration = configuration
        self._log = EventLog(self, "EventLog", configuration=configuration)
        self._views = Views(self, "Views", configuration=configuration)
        self._files = Files(self, "Files", configuration=configuration)
        self._queues = WorkQueues(
            self,
            "WorkQueues",
            work_timeout=functions.WORK.timeout,
            embed_timeout=functions.embed(configuration).timeout,
            erase_timeout=functions.ERASE.timeout,
            deliver_timeout=functions.DELIVER.timeout,
            dead_timeout=functions.DEAD_LETTERS.timeout,
        )
        self._outgoing = Outgoing(
            self, "Outgoing", configuration=configuration, queue=self._queues.deliver, views=self._views.table
        )
        self._network = Network(self, "Network", configuration=configuration)
        vpc = self._network.vpc
        self._functions = Functions(self, "Functions", configuration=configuration, assets=assets, vpc=vpc)
        self._index = made_index(self, configuration, self._functions, vpc)
        self._rollout = Rollout(self, "Rollout", configuration=configuration)
        self._grants = Grants(configuration, self._log.table, self._views.tables, self._files.bucket)

        consumers = [self._projector(), self._work(), self._embed(), self._erase(), self._deliver(), self._sweep()]
        consumers += [self._dead_letters(), self._live_embed]
        writers = {"api": self._api(), "search": self._search()}
        for writer in writers.values():  # so that old code never receives an event or message of a new kind
            writer.node.add_dependency(*consumers)
        live = {name: self._rollout.live(name, writer) for name, writer in writers.items()}
        self._api_gateway = Api(self, "Api", configuration=configuration, api=live["api"], search=live["search"])
        self._first_key = FirstKey(
            self,
            "FirstKey",
            configuration=configuration,
            maker=self._make(functions.FIRST_KEY, "events_table", "views_table"),
            grants=self._grants,
        )
        for within in (self._index, self._first_key):  # even to answer CloudFormation they need the network's endpoints
            within.node.add_dependency(self._network)
        alarms = monitor(self, configuration, self._watched(), self._api_gateway.access_log)
        self._rollout.guard({name: alarms.of(*names) for name, names in GUARDS.items()})
        outputs(self, self._deployment(), self._api_gateway, self._first_key)

    def _api(self) -> lambda_.Function:
        function = self._make(functions.API, *ANSWERING, "duplicate_content", *SIGNING, *QUEUES, "deliver_queue")
        self._grants.append(function)
        self._grants.write_rows(function)
        self._grants.list_rows(function)
        self._grants.read_objects(function, "files", "manifests", "artefacts", "uploads")
        self._grants.put_objects(function, "files", "manifests", "uploads")
        self._grants.hand_out(function, ANSWERS)
        self._grants.name_models(function)
        self._outgoing.sign(function)
        self._index.grant_waking(function, self._queues.work)
        self._grants.count_messages(function, *self._queues.by_name.values())
        self._grants.send(function, self._queues.deliver)  # samples for webhook endpoints
        return function

    def _search(self) -> lambda_.Function:
        function = self._make(functions.SEARCH, *ANSWERING, "opensearch_endpoint", *REWRITING, *RERANKING)
        self._grants.append(function)
        self._grants.read_rows(function)
        self._grants.list_rows(function)  # MCP lists stores, and reads texts
        self._grants.read_objects(function, "manifests", "artefacts")
        self._grants.sign_links(function)
        self._grants.count_requests(function)
        self._grants.embed(function)
        self._grants.rewrite(function)
        self._grants.rerank(function)
        self._grants.hand_out(function, ANSWERS)
        self._index.grant_search(function)
        return function

    def _projector(self) -> lambda_.Function:
        function = self._make(
            functions.PROJECTOR, "events_table", "views_table", "work_queue", "embed_queue", "erase_queue", *TELLING
        )
        self._grants.fold(function)
        self._grants.write_rows(function)
        self._grants.send(function, self._queues.work, self._queues.embed, self._queues.erase)
        self._outgoing.announce(function)
        triggers.of_stream(function, self._log.table, given_up=self._queues.given_up)
        return function

    def _work(self) -> lambda_.Function:
        function = self._make(functions.WORK, *EVERY_QUEUE, "duplicate_content", "models", *TELLING)
        self._grants.append(function)
        self._grants.write_rows(function)
        self._grants.list_rows(function)
        self._grants.read_objects(function, "manifests", "artefacts")
        self._grants.delete_objects(function, "files", "manifests", "artefacts", "uploads")
        self._grants.send(function, self._queues.work, self._queues.embed, self._queues.erase)
        self._grants.put_off(function, self._queues.work)
        self._outgoing.announce(function)
        self._index.grant_write(function)
        triggers.of_queue(function, self._queues.work, concurrency=self._configuration.work_concurrency)
        return function

    def _embed(self) -> lambda_.Function:
        function = self._make(
            functions.embed(self._configuration),
            *("events_table", "views_table", "bucket", "embed_queue", "opensearch_endpoint", "models"),
            *("reader_cpu_seconds", "reader_cpu_seconds_per_mb"),
        )
        self._grants.append(function)
        self._grants.note_progress(function)
        self._grants.read_objects(function, "files", "artefacts")
        self._grants.put_objects(function, "artefacts")
        self._grants.delete_objects(function, "artefacts")
        self._grants.send(function, self._queues.embed)
        self._grants.put_off(function, self._queues.embed)
        self._grants.embed(function)
        self._index.grant_write(function)
        self._live_embed = self._rollout.live("embed", function)
        most = self._configuration.embed_concurrency
        triggers.of_queue(self._live_embed, self._queues.embed, messages=triggers.FILES, concurrency=most)
        return function

    def _erase(self) -> lambda_.Function:
        function = self._make(functions.ERASE, "events_table", "views_table", "bucket", "work_queue", "erase_queue")
        self._grants.erase(function)
        self._grants.send(function, self._queues.work, self._queues.erase)
        self._grants.put_off(function, self._queues.erase)
        triggers.of_queue(function, self._queues.erase)
        return function

    def _deliver(self) -> lambda_.Function:
        fields = ("events_table", "views_table", "work_queue", *TELLING, *SIGNING)
        function = self._make(functions.DELIVER, *fields)
        self._grants.append(function)
        self._grants.write_rows(function)
        self._outgoing.deliver(function)
        triggers.of_queue(function, self._queues.deliver, concurrency=triggers.DELIVERIES)
        return function

    def _dead_letters(self) -> lambda_.Function:
        function = self._make(functions.DEAD_LETTERS, *EVERY_QUEUE, "models", "deliver_queue")
        self._grants.append(function)
        self._grants.delete_objects(function, "artefacts")
        self._grants.send(function, self._queues.work, self._queues.erase, self._queues.deliver)
        self._grants.name_models(function)
        self._grants.read_stream(function)
        if self._network.streams_url:
            function.add_environment("AWS_ENDPOINT_URL_DYNAMODB_STREAMS", self._network.streams_url)
        self._index.grant_write(function)
        for queue in (*self._queues.dead_letters.values(), self._queues.given_up):
            triggers.of_queue(function, queue)
        return function

    def _sweep(self) -> lambda_.Function:
        function = self._make(functions.SWEEP, "events_table", "views_table", "work_queue", "embed_queue")
        self._grants.append(function)
        self._grants.find_overdue(function)
        self._grants.write_rows(function)
        self._grants.send(function, self._queues.work)
        triggers.of_clock(function, Duration.minutes(1))
        return function

    def _make(self, spec: FunctionSpec, *fields: str) -> lambda_.Function:
        """Creates a function with these fields of `Environment`, and those that belong to them."""
        values = {field: value for field, value in self._deployment().items() if value}
        with_them = [*fields, *(["views_also", "spread_counts"] if "views_table" in fields else ())]
        with_them += LIMIT_SETTINGS if "cors_origins" in fields else []  # of functions that answer requests
        with_them += LAYOUT if "opensearch_endpoint" in fields else []
        with_them += EMBEDDING if "models" in fields else []
        return self._functions.make(spec, {field: values[field] for field in with_them if field in values})

    def _deployment(self) -> dict[str, str]:
        """Values by field of `Environment`; empty ones keep their defaults there."""
        return {
            "events_table": self._log.table.table_name,
            "views_table": self._views.table.table_name,
            "views_also": ",".join(table.table_name for table in self._views.tables[1:]),
            "spread_counts": "" if self._configuration.spread_counts else str(False),
            "bucket": self._files.bucket.bucket_name,
            "work_queue": self._queues.work.queue_url,
            "embed_queue": self._queues.embed.queue_url,
            "erase_queue": self._queues.erase.queue_url,
            **self._outgoing.values,
            **self._index.values,
            "models": ",".join(self._configuration.models),
            **endpoints(self._configuration),
            "duplicate_content": self._configuration.duplicate_content,
            "embeddings_api": self._configuration.embeddings_api,
            "reader_cpu_seconds": str(self._configuration.reader_cpu_seconds),
            "reader_cpu_seconds_per_mb": str(self._configuration.reader_cpu_seconds_per_mb),
            "cors_origins": ",".join(self._configuration.cors_origins),
            **{name: str(getattr(self._configuration, name) or "") for name in LIMIT_SETTINGS},
        }

    def _watched(self) -> Watched:
        return Watched(
            configuration=self._configuration,
            functions=self._functions.made,
            queues=self._queues.by_name,
            dead_letters=self._queues.dead_letters,
            given_up=self._queues.given_up,
            tables={"events": self._log.table, "views": self._views.table, "outbox": self._outgoing.table},
            rest_api=self._api_gateway.rest_api,
            bucket=self._files.bucket,
            domain=self._index.domain,
            collection=self._index.collection,
        )
