"""What requests may hold, and the errors for anything else."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pydantic import BaseModel

from vectorlog.api.input import parse
from vectorlog.api.input.file_fields import FileForm
from vectorlog.api.input.queries import FileList, StoreFileList, StoreList
from vectorlog.api.input.schemas import AttributesChange, BatchCreation, FileAttachment, StoreChange, StoreCreation
from vectorlog.api.input.search_schemas import SearchOfStores, SearchRequest
from vectorlog.domain.chunking import AUTO, Chunking
from vectorlog.domain.errors import Invalid
from vectorlog.use_cases.pages import PageRequest

A, B = "file-aaaaaaaaaaaaaaaaaaaaaa", "file-bbbbbbbbbbbbbbbbbbbbbb"


def static(size: Any, overlap: Any) -> dict[str, Any]:
    return {"type": "static", "static": {"max_chunk_size_tokens": size, "chunk_overlap_tokens": overlap}}


def cut(strategy: Any) -> dict[str, Any]:
    return {"file_id": A, "chunking_strategy": strategy}


def expiring(anchor: Any, days: int) -> dict[str, Any]:
    return {"expires_after": {"anchor": anchor, "days": days}}


def ranked(options: Any) -> dict[str, Any]:
    return {"query": "a", "ranking_options": options}


def refusal(schema: type[BaseModel], body: Any) -> Invalid:
    with pytest.raises(Invalid) as caught:
        parse.json_body(schema, json.dumps(body).encode())
    return caught.value


WRONG: list[tuple[type[BaseModel], Any, str, str, str]] = [
    (
        StoreCreation,
        {"name": 5},
        "name",
        "invalid_type",
        "Invalid type for 'name': expected a string, but got an integer instead.",
    ),
    (StoreCreation, {"expires_after": 5}, "expires_after", "invalid_type", "expected an object, but got an integer"),
    (StoreCreation, {"file_ids": A}, "file_ids", "invalid_type", "expected an array, but got a string"),
    (StoreCreation, {"metadata": ["a"]}, "metadata", "invalid_type", "expected an object, but got an array"),
    (
        StoreCreation,
        {"embedding_dimensions": "5"},
        "embedding_dimensions",
        "invalid_type",
        "expected an integer, but got a string",
    ),
    (
        StoreCreation,
        {"embedding_dimensions": True},
        "embedding_dimensions",
        "invalid_type",
        "expected an integer, but got a boolean",
    ),
    (
        StoreCreation,
        {"embedding_dimensions": 1.5},
        "embedding_dimensions",
        "invalid_type",
        "expected an integer, but got a decimal",
    ),
    (
        StoreCreation,
        {"embedding_dimensions": 0},
        "embedding_dimensions",
        "integer_below_min_value",
        "Expected a value >= 1, but got 0",
    ),
    (StoreCreation, {"nmae": "x"}, "nmae", "unknown_parameter", "Unknown parameter: 'nmae'."),
    (
        StoreCreation,
        {"expires_after": {"days": 1}},
        "expires_after.anchor",
        "missing_required_parameter",
        "'expires_after.anchor'",
    ),
    (StoreCreation, expiring("now", 1), "expires_after.anchor", "invalid_value", "values are: 'last_active_at'."),
    (StoreCreation, expiring(1, 1), "expires_after.anchor", "invalid_type", "expected a string"),
    (
        StoreCreation,
        expiring("last_active_at", 366),
        "expires_after.days",
        "integer_above_max_value",
        "<= 365, but got 366",
    ),
    (StoreCreation, expiring("last_active_at", 0), "expires_after.days", "integer_below_min_value", ">= 1, but got 0"),
    (
        StoreCreation,
        {"file_ids": [A] * 501},
        "file_ids",
        "array_above_max_length",
        "maximum length 500, but got an array with length 501",
    ),
    (
        StoreCreation,
        {"file_ids": [A, "vs_1"]},
        "file_ids[1]",
        "invalid_value",
        "Invalid 'file_ids[1]': 'vs_1'. Expected an ID that begins with 'file-'.",
    ),
    (
        StoreCreation,
        {"file_ids": ["file-a/b"]},
        "file_ids[0]",
        "invalid_value",
        "After 'file-' an ID has 1 to 64 letters",
    ),
    (
        StoreCreation,
        {"name": "x" * 513},
        "name",
        "string_above_max_length",
        "maximum length 512, but got a string with length 513",
    ),
    (
        StoreCreation,
        {"metadata": {f"k{n}": "" for n in range(17)}},
        "metadata",
        "object_above_max_properties",
        "at most 16 properties, but got an object with 17",
    ),
    (
        StoreCreation,
        {"metadata": {"k" * 65: ""}},
        f"metadata.{'k' * 65}",
        "string_above_max_length",
        "maximum length 64",
    ),
    (StoreCreation, {"metadata": {"k": "x" * 513}}, "metadata.k", "string_above_max_length", "maximum length 512"),
    (
        StoreCreation,
        {"metadata": {"k": None}},
        "metadata.k",
        "invalid_type",
        "expected a string, a number or a boolean, but got null",
    ),
    (StoreCreation, {"metadata": {"k": []}}, "metadata.k", "invalid_type", "but got an array"),
    (StoreCreation, {"metadata": {"k": 2**63}}, "metadata.k", "integer_above_max_value", f"<= {2**63 - 1}"),
    (StoreCreation, {"metadata": {"k": -(2**63)}}, "metadata.k", "integer_below_min_value", f">= {1 - 2**63}"),
    (
        StoreCreation,
        {"retrieval_mode": "graph"},
        "retrieval_mode",
        "invalid_value",
        "Invalid value: 'graph'. Supported values are: 'vector'.",
    ),
    (StoreCreation, {"max_hops": 2}, "max_hops", "invalid_value", "needs retrieval_mode 'graph'"),
    (StoreCreation, {"extraction_model": "m"}, "extraction_model", "invalid_value", "needs retrieval_mode 'graph'"),
    (StoreChange, {"description": "x"}, "description", "unknown_parameter", "Unknown parameter"),
    (FileAttachment, {}, "file_id", "missing_required_parameter", "Missing required parameter: 'file_id'."),
    (FileAttachment, {"file_id": None}, "file_id", "invalid_type", "expected a string, but got null"),
    (
        FileAttachment,
        {"file_id": A, "skip_duplicates": "yes"},
        "skip_duplicates",
        "invalid_type",
        "expected a boolean, but got a string",
    ),
    (
        FileAttachment,
        cut({"type": "none"}),
        "chunking_strategy.type",
        "invalid_value",
        "Supported values are: 'auto' and 'static'.",
    ),
    (FileAttachment, cut({"type": "static"}), "chunking_strategy.static", "missing_required_parameter", "static"),
    (
        FileAttachment,
        cut({**static(800, 400), "type": "auto"}),
        "chunking_strategy.static",
        "unknown_parameter",
        "static",
    ),
    (
        FileAttachment,
        cut(static(99, 0)),
        "chunking_strategy.static.max_chunk_size_tokens",
        "integer_below_min_value",
        ">= 100",
    ),
    (
        FileAttachment,
        cut(static(4097, 0)),
        "chunking_strategy.static.max_chunk_size_tokens",
        "integer_above_max_value",
        "<= 4096",
    ),
    (
        FileAttachment,
        cut(static(100, -1)),
        "chunking_strategy.static.chunk_overlap_tokens",
        "integer_below_min_value",
        ">= 0",
    ),
    (
        FileAttachment,
        cut(static(101, 51)),
        "chunking_strategy.static.chunk_overlap_tokens",
        "integer_above_max_value",
        "<= 50, but got 51",
    ),
    (AttributesChange, {}, "attributes", "missing_required_parameter", "attributes"),
    (BatchCreation, {}, "file_ids", "missing_required_parameter", "'file_ids' or 'files'"),
    (
        BatchCreation,
        {"file_ids": [A], "files": [{"file_id": A}]},
        "files",
        "mutually_exclusive_parameters",
        "'file_ids' and 'files'",
    ),
    (BatchCreation, {"file_ids": []}, "file_ids", "empty_array", "Invalid 'file_ids': empty array."),
    (BatchCreation, {"files": []}, "files", "empty_array", "empty array"),
    (BatchCreation, {"file_ids": [A] * 2001}, "file_ids", "array_above_max_length", "2000"),
    (
        BatchCreation,
        {"files": [{"file_id": A}, {"file_id": "x"}]},
        "files[1].file_id",
        "invalid_value",
        "begins with 'file-'",
    ),
    (
        BatchCreation,
        {"files": [{"file_id": A, "attributes": {"k": {}}}]},
        "files[0].attributes.k",
        "invalid_type",
        "but got an object",
    ),
    (
        BatchCreation,
        {"files": [{"file_id": A}, {"file_id": A, "attributes": {"k": 1}}]},
        "files[1].file_id",
        "invalid_value",
        "other attributes",
    ),
    (
        BatchCreation,
        {"files": [{"file_id": A, "attributes": {"k": 1}}, {"file_id": A, "attributes": {"k": True}}]},
        "files[1].file_id",
        "invalid_value",
        "other attributes",
    ),
    (SearchRequest, {}, "query", "missing_required_parameter", "query"),
    (
        SearchRequest,
        {"query": 5},
        "query",
        "invalid_type",
        "expected a string or an array of strings, but got an integer",
    ),
    (SearchRequest, {"query": ["a", 5]}, "query[1]", "invalid_type", "expected a string, but got an integer"),
    (SearchRequest, {"query": " "}, "query", "string_below_min_length", "minimum length 1, but got an empty string"),
    (SearchRequest, {"query": ["a", ""]}, "query[1]", "string_below_min_length", "empty string"),
    (SearchRequest, {"query": "x" * 4097}, "query", "string_above_max_length", "4096"),
    (SearchRequest, {"query": []}, "query", "empty_array", "empty array"),
    (SearchRequest, {"query": ["a"] * 17}, "query", "array_above_max_length", "16"),
    (SearchRequest, {"query": "a", "max_num_results": 51}, "max_num_results", "integer_above_max_value", "<= 50"),
    (SearchRequest, {"query": "a", "max_num_results": 0}, "max_num_results", "integer_below_min_value", ">= 1"),
    (SearchRequest, {"query": "a", "max_num_results": 10**400}, "max_num_results", "integer_above_max_value", "<= 50"),
    (
        SearchRequest,
        {"query": "a", "max_results_per_file": 0},
        "max_results_per_file",
        "integer_below_min_value",
        ">= 1",
    ),
    (SearchRequest, ranked({"alpha": 0.5}), "ranking_options.alpha", "invalid_value", "the ranker 'weighted'"),
    (
        SearchRequest,
        ranked({"ranker": "weighted", "impact_factor": 60}),
        "ranking_options.impact_factor",
        "invalid_value",
        "the ranker 'rrf'",
    ),
    (
        SearchRequest,
        ranked({"ranker": "rrf", "impact_factor": 0}),
        "ranking_options.impact_factor",
        "decimal_below_min_value",
        ">= 0.01",
    ),
    (SearchOfStores, {"query": "a"}, "vector_store_ids", "missing_required_parameter", "vector_store_ids"),
    (SearchOfStores, {"query": "a", "vector_store_ids": []}, "vector_store_ids", "empty_array", "empty array"),
    (
        SearchOfStores,
        {"query": "a", "vector_store_ids": ["vs_1", "file-1"]},
        "vector_store_ids[1]",
        "invalid_value",
        "begins with 'vs_'",
    ),
    (
        SearchOfStores,
        {"query": "a", "vector_store_ids": [f"vs_{n}" for n in range(21)]},
        "vector_store_ids",
        "array_above_max_length",
        "20",
    ),
    (
        SearchRequest,
        ranked({"ranker": "x"}),
        "ranking_options.ranker",
        "invalid_value",
        "'none', 'auto', 'default-2024-11-15', 'rrf', 'weighted', and 'rerank'",
    ),
    (
        SearchRequest,
        ranked({"score_threshold": 1.5}),
        "ranking_options.score_threshold",
        "decimal_above_max_value",
        "<= 1.0",
    ),
    (
        SearchRequest,
        ranked({"score_threshold": True}),
        "ranking_options.score_threshold",
        "invalid_type",
        "expected a number",
    ),
    (
        SearchRequest,
        ranked({"hybrid_search": {"text_weight": 1}}),
        "ranking_options.hybrid_search.embedding_weight",
        "missing_required_parameter",
        "embedding_weight",
    ),
    (
        SearchRequest,
        ranked({"hybrid_search": {"text_weight": 0, "embedding_weight": 0}}),
        "ranking_options.hybrid_search",
        "invalid_value",
        "must be above 0",
    ),
    (
        SearchRequest,
        ranked({"hybrid_search": {"text_weight": -1, "embedding_weight": 1}}),
        "ranking_options.hybrid_search.text_weight",
        "decimal_below_min_value",
        ">= 0",
    ),
    (
        SearchRequest,
        ranked({"ranker": "none", "hybrid_search": {"text_weight": 1, "embedding_weight": 1}}),
        "ranking_options.hybrid_search",
        "mutually_exclusive_parameters",
        "ranking_options.ranker",
    ),
]


class TestBodies:
    @pytest.mark.parametrize(("schema", "body", "param", "code", "message"), WRONG)
    def test_what_is_wrong_is_named(
        self, schema: type[BaseModel], body: Any, param: str, code: str, message: str
    ) -> None:
        """The code is the contract's, `param` is the path of the field in OpenAI's form, and the message says what is
        expected.
        """
        error = refusal(schema, body)
        assert (error.param, error.code) == (param, code)
        assert message in error.message

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {
                "name": None,
                "description": None,
                "file_ids": None,
                "metadata": None,
                "expires_after": None,
                "chunking_strategy": None,
            },
            {"metadata": {"a": "x" * 512, "b": 1, "c": 1.5, "d": True, "k" * 64: ""}, "retrieval_mode": "vector"},
            {"file_ids": [A] * 500, "chunking_strategy": static(4096, 2048)},
        ],
    )
    def test_everything_up_to_the_limits_passes(self, body: Any) -> None:
        """The limits themselves are allowed, and null counts as not given."""
        parse.json_body(StoreCreation, json.dumps(body).encode())

    def test_no_body_is_an_empty_object(self) -> None:
        """A store can be created without a body."""
        assert parse.json_body(StoreCreation, b"").files == ()

    def test_a_change_knows_null_from_absent(self) -> None:
        """Null clears a field, a field that is not sent stays."""
        assert parse.json_body(StoreChange, b'{"name": null}').model_fields_set == {"name"}

    def test_ids_listed_twice_count_once(self) -> None:
        """Files keep the order of the request."""
        body = parse.json_body(BatchCreation, json.dumps({"file_ids": [B, A, B], "attributes": {"k": 1}}).encode())
        assert [(each.file, each.attributes) for each in body.items] == [(B, {"k": 1}), (A, {"k": 1})]
        assert body.param == "file_ids"

    def test_settings_of_a_batch_are_not_for_files(self) -> None:
        """With `files`, each has its own settings; the same file with the same settings counts once."""
        files = [{"file_id": A, "chunking_strategy": static(100, 50)}, {"file_id": B}, {"file_id": B, "attributes": {}}]
        body = parse.json_body(
            BatchCreation,
            json.dumps({"files": files, "attributes": {"k": 1}, "chunking_strategy": static(200, 0)}).encode(),
        )
        listed = [(each.file, each.attributes, each.chunking) for each in body.items]
        assert listed == [(A, {}, Chunking("static", 100, 50)), (B, {}, AUTO)]
        assert body.param == "files"

    def test_one_query_is_a_list_of_one(self) -> None:
        """A string and an array of one string are the same query."""
        asked = [parse.json_body(SearchRequest, json.dumps({"query": query}).encode()).query for query in ("a", ["a"])]
        assert asked == [["a"], ["a"]]


class TestJson:
    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b'{"name": "x",\n  oops}', "(line 2, column 3)"),
            (b'{"name": "x"', "(line 1, column 13)"),
            (b'{"name": "\xff"}', "not UTF-8 at byte 10"),
            (b'{"metadata": {"a": NaN}}', "NaN is no JSON number"),
            (b'{"metadata": {"a": -Infinity}}', "-Infinity is no JSON number"),
            (b'{"a":' * 100_000, "nested too deeply"),
            (b'{"embedding_dimensions": ' + b"9" * 5000 + b"}", "too many digits"),
        ],
    )
    def test_what_is_no_json_is_located(self, body: bytes, message: str) -> None:
        """The message says where the body stops being JSON."""
        with pytest.raises(Invalid, match=re.escape(message)) as caught:
            parse.json_body(StoreCreation, body)
        assert caught.value.message.startswith("We could not parse the JSON body of your request")
        assert (caught.value.code, caught.value.param) == (None, None)

    @pytest.mark.parametrize(
        ("body", "got"), [(b"[]", "an array"), (b'"x"', "a string"), (b"5", "an integer"), (b"null", "null")]
    )
    def test_a_body_is_an_object(self, body: bytes, got: str) -> None:
        """Any other JSON value is refused by its type."""
        with pytest.raises(Invalid, match=f"expected an object, but got {got}"):
            parse.json_body(StoreCreation, body)

    @pytest.mark.parametrize(
        ("body", "param"),
        [
            (rb'{"name": "a\u0000b"}', "name"),
            (rb'{"name": "\ud800"}', "name"),
            (rb'{"metadata": {"k": "\udfff!"}}', "metadata.k"),
            (rb'{"file_ids": ["x", "\u0000"]}', "file_ids[1]"),
            (rb'{"metadata": {"\u0000": 1}}', "metadata"),
        ],
    )
    def test_strings_that_cannot_be_stored_are_refused(self, body: bytes, param: str) -> None:
        """A NUL or half a surrogate pair is the client's error, not the server's."""
        with pytest.raises(Invalid, match="the string holds") as caught:
            parse.json_body(StoreCreation, body)
        assert (caught.value.param, caught.value.code) == (param, "invalid_value")

    def test_escapes_are_read(self) -> None:
        """Whole surrogate pairs and other escapes are ordinary text."""
        assert parse.json_body(StoreCreation, rb'{"name": "\ud83d\ude00 \u00e9"}').name == "\U0001f600 é"

    def test_numbers_beyond_a_double_are_refused(self) -> None:
        """1e999 is JSON, but no attribute can hold it."""
        with pytest.raises(Invalid, match="finite") as caught:
            parse.json_body(StoreCreation, b'{"metadata": {"a": 1e999}}')
        assert caught.value.param == "metadata.a"


class TestQueryStrings:
    @pytest.mark.parametrize(
        ("schema", "query", "param", "code"),
        [
            (StoreList, {"limit": ["101"]}, "limit", "integer_above_max_value"),
            (StoreList, {"limit": ["0"]}, "limit", "integer_below_min_value"),
            (StoreList, {"limit": ["ten"]}, "limit", "invalid_type"),
            (StoreList, {"limit": ["1.5"]}, "limit", "invalid_type"),
            (StoreList, {"limit": ["9" * 5000]}, "limit", "invalid_type"),
            (StoreList, {"limit": ["1", "2"]}, "limit", "duplicate_parameter"),
            (StoreList, {"order": ["up"]}, "order", "invalid_value"),
            (StoreList, {"page": ["2"]}, "page", "unknown_parameter"),
            (StoreList, {"page": [""]}, "page", "unknown_parameter"),
            (StoreList, {"after": ["file-1"]}, "after", "invalid_value"),
            (StoreList, {"before": ["vs_1/file-2"]}, "before", "invalid_value"),
            (StoreList, {"filter": ["failed"]}, "filter", "unknown_parameter"),
            (StoreFileList, {"filter": ["done"]}, "filter", "invalid_value"),
            (StoreFileList, {"after": ["vs_1"]}, "after", "invalid_value"),
            (FileList, {"limit": ["10001"]}, "limit", "integer_above_max_value"),
            (FileList, {"before": ["file-1"]}, "before", "unknown_parameter"),
        ],
    )
    def test_what_is_wrong_is_named(
        self, schema: type[BaseModel], query: dict[str, list[str]], param: str, code: str
    ) -> None:
        """Every parameter is checked, and there are no others."""
        with pytest.raises(Invalid) as caught:
            parse.query_string(schema, query)
        assert (caught.value.param, caught.value.code) == (param, code)

    def test_the_defaults_are_the_contracts(self) -> None:
        """Defaults are 20 stores or store files, 10,000 files, newest first; a parameter without a value counts as not
        given.
        """
        assert parse.query_string(StoreList, {"after": [""]}).page == PageRequest(20, "desc")
        assert parse.query_string(StoreFileList, {}).page == PageRequest(20, "desc")
        assert parse.query_string(FileList, {}).page == PageRequest(10_000, "desc")

    def test_pages_are_read(self) -> None:
        """Given values are used."""
        asked = parse.query_string(
            StoreFileList, {"limit": ["5"], "order": ["asc"], "after": [A], "before": [B], "filter": ["failed"]}
        )
        assert (asked.page, asked.filter) == (PageRequest(5, "asc", A, B), "failed")

    def test_form_fields_are_named_as_clients_send_them(self) -> None:
        """The SDKs send expiry in brackets, and errors name it in that form."""
        with pytest.raises(Invalid) as caught:
            parse.query_string(FileForm, {"purpose": ["assistants"], "expires_after[seconds]": ["3599"]})
        assert (caught.value.param, caught.value.code) == ("expires_after[seconds]", "integer_below_min_value")


@pytest.mark.parametrize("value", ["vs_" + "a" * 32, "vs_a-b_c"])
def test_ids_pass_as_they_are(value: str) -> None:
    """An id of the right kind is accepted."""
    assert parse.identifier("vs", value, "vector_store_id") == value


@pytest.mark.parametrize("value", ["", "vs_", "vs_" + "a" * 65, "vs_a b", "vs_ä", "vs_a/b", "file-a", "vs_\n"])
def test_ids_of_no_kind_are_refused(value: str) -> None:
    """An impossible id is named before anything is looked up."""
    with pytest.raises(Invalid) as caught:
        parse.identifier("vs", value, "vector_store_id")
    assert (caught.value.param, caught.value.code) == ("vector_store_id", "invalid_value")
