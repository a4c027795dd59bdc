"""The REST API: its routes, and API Gateway's own answers."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from infra.api import Api
from infra.configuration import Configuration
from infra.gateway_responses import OWN_MESSAGE
from vectorlog.api.dialect import DIALECTS
from vectorlog.api.routes import HEALTH, ROUTES
from vectorlog.api.unprefixed import MCP_ROUTES, PAGES
from vectorlog.defaults import GATEWAY_TOO_LARGE

pytestmark = pytest.mark.infra
Json = dict[str, Any]


def synthesized(**chosen: Any) -> Json:
    """The template of an API in front of two empty functions."""
    stack = Stack()
    api, search = (_function(stack, id) for id in ("ApiFunction", "SearchFunction"))
    Api(stack, "Api", configuration=Configuration(**chosen), api=api, search=search)
    template: Json = Template.from_stack(stack).to_json()
    return template


def _function(stack: Stack, id: str) -> lambda_.Function:
    return lambda_.Function(
        stack, id, runtime=lambda_.Runtime.PYTHON_3_13, handler="x.x", code=lambda_.Code.from_inline("x = 1")
    )


def of_type(template: Json, kind: str) -> dict[str, Json]:
    """The properties of the resources of a type, by their ids."""
    return {id: each["Properties"] for id, each in template["Resources"].items() if each["Type"] == f"AWS::{kind}"}


@pytest.fixture(scope="module")
def template() -> Json:
    """The API with default settings."""
    return synthesized()


@pytest.fixture(scope="module")
def public() -> Json:
    """The API with a custom domain and CORS."""
    return synthesized(
        domain_name="api.example.com",
        certificate_arn="arn:aws:acm:eu-central-1:123456789012:certificate/abc",
        hosted_zone="Z0123456789",
        cors_origins=("https://app.example.com",),
        throttle_rate=7,
        throttle_burst=9,
    )


def served(template: Json) -> dict[tuple[str, str], str]:
    """The function behind each path and method."""
    resources = of_type(template, "ApiGateway::Resource")

    def path(id: str) -> str:
        if id not in resources:
            return ""
        parent = resources[id]["ParentId"]
        return f"{path(parent.get('Ref', ''))}/{resources[id]['PathPart']}"

    return {
        (path(method["ResourceId"].get("Ref", "")), method["HttpMethod"]): _target(method)
        for method in of_type(template, "ApiGateway::Method").values()
    }


def _target(method: Json) -> str:
    [found] = [
        part["Fn::GetAtt"][0]
        for part in method["Integration"]["Uri"]["Fn::Join"][1]
        if isinstance(part, dict) and "Fn::GetAtt" in part
    ]
    return "search" if found.startswith("Search") else "api"


class TestRoutes:
    def test_every_other_path_is_explained(self, template: Json) -> None:
        """A path without a route reaches the api function, which says what is not offered and what to use instead."""
        assert served(template)["/{proxy+}", "ANY"] == "api"

    def test_are_the_route_table(self, template: Json) -> None:
        """Every path of both clients exists, with the function that serves it; so do the probes, and nothing else.
        Any method reaches that function. It knows which are served: a wrong one is its 405 with Allow, HEAD is like
        GET, and OPTIONS is for browsers.
        """
        paths = {
            f"{spoken.prefix}{route.path}".replace("<", "{").replace(">", "}"): route.function
            for spoken in DIALECTS
            for route in ROUTES
        }
        paths |= {route.path.replace("<", "{").replace(">", "}"): route.function for route in MCP_ROUTES}
        pages = (page.replace("<", "{").replace(">", "}") for page in PAGES)
        paths |= dict.fromkeys(("", *HEALTH, *pages, "/{proxy+}"), "api")  # "" is `/`, which leads to the console
        assert served(template) == {(path, "ANY"): function for path, function in paths.items()}

    def test_one_function_for_a_path(self) -> None:
        """All methods of a path have the same function, because API Gateway tells only paths apart."""
        functions: dict[str, set[str]] = {}
        for route in ROUTES:
            functions.setdefault(route.path, set()).add(route.function)
        assert [path for path, names in functions.items() if len(names) > 1] == []

    def test_keys_are_the_functions_business(self, template: Json) -> None:
        """API Gateway requires no signature and no key of its own; a client needs only the API's key."""
        methods = of_type(template, "ApiGateway::Method").values()
        assert {(each["AuthorizationType"], each.get("ApiKeyRequired", False)) for each in methods} == {("NONE", False)}

    def test_are_called_as_proxies(self, template: Json) -> None:
        """Handlers get the whole request, and all the time that API Gateway allows."""
        integrations = [each["Integration"] for each in of_type(template, "ApiGateway::Method").values()]
        assert {(each["Type"], each["TimeoutInMillis"]) for each in integrations} == {("AWS_PROXY", 29_000)}

    def test_take_few_resources(self, template: Json, public: Json) -> None:
        """CloudFormation allows 500 resources in a stack; each function has one permission, and CORS needs none."""
        assert len(of_type(template, "Lambda::Permission")) == 2
        assert len(template["Resources"]) <= 320
        assert Counter(served(public)) == Counter(served(template))

    def test_bytes_pass(self, template: Json) -> None:
        """Uploads and downloads keep their bytes, whatever types the client sends and accepts."""
        [api] = of_type(template, "ApiGateway::RestApi").values()
        assert api["BinaryMediaTypes"] == ["*/*"]


class TestGatewayResponses:
    def responses(self, template: Json) -> dict[str, Json]:
        return {each["ResponseType"]: each for each in of_type(template, "ApiGateway::GatewayResponse").values()}

    def error(self, response: Json) -> Json:
        body = response["ResponseTemplates"]["application/json"].replace(OWN_MESSAGE, '"said"')
        parsed: Json = json.loads(body)
        assert set(parsed) == {"error"}
        return dict(parsed["error"])

    def test_have_the_envelope(self, template: Json) -> None:
        """Every error has the four keys, even one that no function saw, with the id to quote in a header."""
        for response in self.responses(template).values():
            assert set(self.error(response)) == {"message", "type", "param", "code"}
            assert response["ResponseParameters"]["gatewayresponse.header.x-request-id"] == "context.requestId"

    @pytest.mark.parametrize("kind", ["MISSING_AUTHENTICATION_TOKEN", "INVALID_SIGNATURE", "RESOURCE_NOT_FOUND"])
    def test_unknown_path(self, template: Json, kind: str) -> None:
        """An unknown path is a 404, not a 403 about signatures, with and without a bearer token; it mentions the
        stage.
        """
        response = self.responses(template)[kind]
        error = self.error(response)
        assert response["StatusCode"] == "404"
        assert (error["type"], error["code"]) == ("invalid_request_error", None)
        assert error["message"].startswith("Invalid URL")
        assert "$context.stage" in error["message"]

    def test_throttled(self, template: Json) -> None:
        """A throttled client is told when to retry, in the form that clients understand."""
        response = self.responses(template)["THROTTLED"]
        assert response["StatusCode"] == "429"
        assert self.error(response)["code"] == "rate_limit_exceeded"
        assert response["ResponseParameters"]["gatewayresponse.header.retry-after"] == "'1'"

    def test_too_large(self, template: Json) -> None:
        """A body too large for Lambda is refused with the alternative, in the same words as in `./dev aws`."""
        response = self.responses(template)["REQUEST_TOO_LARGE"]
        assert response["StatusCode"] == "413"
        assert self.error(response)["code"] == "request_too_large"
        assert self.error(response)["message"] == GATEWAY_TOO_LARGE

    def test_nothing_is_repeated(self, template: Json) -> None:
        """No answer of the gateway repeats a key or a path; only messages about body and parameters are its own."""
        saying = {
            kind
            for kind, each in self.responses(template).items()
            if OWN_MESSAGE in each["ResponseTemplates"]["application/json"]
        }
        assert saying == {"UNSUPPORTED_MEDIA_TYPE"}
        assert "$context.path" not in json.dumps(self.responses(template))

    def test_browsers(self, template: Json, public: Json) -> None:
        """Pages can read the gateway's errors if CORS is on, and only then."""
        origin = "gatewayresponse.header.access-control-allow-origin"
        assert all(origin not in each["ResponseParameters"] for each in self.responses(template).values())
        assert all(each["ResponseParameters"][origin] == "'*'" for each in self.responses(public).values())

    def test_are_part_of_the_deployment(self, template: Json) -> None:
        """The first deployment already has them: API Gateway deploys what exists at that time."""
        [deployment] = [
            each for each in template["Resources"].values() if each["Type"] == "AWS::ApiGateway::Deployment"
        ]
        assert set(of_type(template, "ApiGateway::GatewayResponse")) <= set(deployment["DependsOn"])


class TestStage:
    def test_is_watched(self, template: Json) -> None:
        """There are no traces; the execution log never holds a request's data; no metrics of 72 methods are billed."""
        [stage] = of_type(template, "ApiGateway::Stage").values()
        [every] = stage["MethodSettings"]
        assert stage["StageName"] == "dev"
        assert "TracingEnabled" not in stage
        assert (every["LoggingLevel"], every["DataTraceEnabled"], every["MetricsEnabled"]) == ("ERROR", False, False)

    def test_access_log(self, template: Json) -> None:
        """Each request is a line of JSON with its id and the function call's, without header, query or body."""
        [stage] = of_type(template, "ApiGateway::Stage").values()
        line = json.loads(stage["AccessLogSetting"]["Format"])
        assert line["request"] == "$context.requestId"
        assert line["functionRequest"] == "$context.integration.requestId"
        assert not any(
            word in str(line) for word in ("header", "querystring", "messageString", "$context.path", "body")
        )

    def test_logs_end(self, template: Json) -> None:
        """Both logs have the configured retention; the stage waits for the group that API Gateway would otherwise
        create.
        """
        groups = of_type(template, "Logs::LogGroup")
        assert {each["RetentionInDays"] for each in groups.values()} == {30}
        [stage] = [each for each in template["Resources"].values() if each["Type"] == "AWS::ApiGateway::Stage"]
        assert {id for id in groups if "Execution" in id} <= set(stage["DependsOn"])

    def test_throttles(self, public: Json) -> None:
        """The API accepts as many requests as configured."""
        [stage] = of_type(public, "ApiGateway::Stage").values()
        assert [(each["ThrottlingRateLimit"], each["ThrottlingBurstLimit"]) for each in stage["MethodSettings"]] == [
            (7, 9)
        ]

    def test_is_regional_and_takes_tls_1_2(self, template: Json) -> None:
        """No key is sent by an old version of TLS."""
        [api] = of_type(template, "ApiGateway::RestApi").values()
        assert api["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
        assert "TLS13_1_2" in api["SecurityPolicy"]

    def test_log_role_stays(self, template: Json) -> None:
        """Destroying the stack does not end the logs of the account's other APIs."""
        kept = {each["Type"] for each in template["Resources"].values() if each.get("DeletionPolicy") == "Retain"}
        assert kept == {"AWS::ApiGateway::Account", "AWS::IAM::Role"}


class TestDomain:
    def test_none_by_default(self, template: Json) -> None:
        """Without a domain the address is the stage's, and no record is created."""
        assert not of_type(template, "ApiGateway::DomainName")
        assert not of_type(template, "Route53::RecordSet")

    def test_root_is_the_stage(self, public: Json) -> None:
        """A domain's paths begin with /v1, without the stage."""
        [domain] = of_type(public, "ApiGateway::DomainName").values()
        [mapping] = of_type(public, "ApiGateway::BasePathMapping").values()
        assert (domain["DomainName"], domain["SecurityPolicy"]) == ("api.example.com", "TLS_1_2")
        assert domain["RegionalCertificateArn"].startswith("arn:aws:acm:")
        assert "BasePath" not in mapping

    def test_record_in_a_zone(self, public: Json) -> None:
        """The record is created if the zone is given."""
        [record] = of_type(public, "Route53::RecordSet").values()
        assert (record["Name"], record["HostedZoneId"]) == ("api.example.com.", "Z0123456789")

    def test_one_way_in(self, template: Json, public: Json) -> None:
        """With a domain, the API has no other address, so nobody gets around what guards the domain."""
        (alone,), (guarded,) = (of_type(each, "ApiGateway::RestApi").values() for each in (template, public))
        assert "DisableExecuteApiEndpoint" not in alone
        assert guarded["DisableExecuteApiEndpoint"] is True

    def test_web_acl(self, template: Json) -> None:
        """A web ACL checks the requests of the stage, if one is given."""
        acl = "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/ours/abc"
        [made] = of_type(synthesized(web_acl_arn=acl), "WAFv2::WebACLAssociation").values()
        assert made["WebACLArn"] == acl
        assert "/stages/" in str(made["ResourceArn"])
        assert not of_type(template, "WAFv2::WebACLAssociation")

    def test_no_zone(self) -> None:
        """Without a zone, an output gives the target for the record."""
        template = synthesized(
            domain_name="api.example.com", certificate_arn="arn:aws:acm:eu-central-1:123456789012:certificate/abc"
        )
        assert not of_type(template, "Route53::RecordSet")
        assert template["Outputs"]["DomainTarget"]["Value"]["Fn::GetAtt"][1] == "RegionalDomainName"
