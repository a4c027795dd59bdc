"""The REST API: its routes, and what it answers itself."""

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
from infra.gateway_responses import SAID
from vectorlog.api.dialect import DIALECTS
from vectorlog.api.routes import HEALTH, ROUTES
from vectorlog.defaults import GATEWAY_TOO_LARGE

pytestmark = pytest.mark.infra
Json = dict[str, Any]


def synthesized(**chosen: Any) -> Json:
    """The template of an API before two empty functions."""
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
    """With what is configured by default."""
    return synthesized()


@pytest.fixture(scope="module")
def public() -> Json:
    """With a domain of its own and browsers."""
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
        """Every operation of both clients is there, with the function that serves it; so are the probes, and nothing
        else.
        """
        routes = {
            (f"{spoken.prefix}{route.path}".replace("<", "{").replace(">", "}"), route.method): route.function
            for spoken in DIALECTS
            for route in ROUTES
        }
        routes |= dict.fromkeys(((path, "GET") for path in HEALTH), "api")
        assert {route: function for route, function in served(template).items() if route[1] != "ANY"} == routes

    def test_other_methods_reach_the_function(self, template: Json) -> None:
        """A wrong method is answered 405 with Allow, HEAD as GET, OPTIONS for browsers: all by the function that serves
        the path.
        """
        found = served(template)
        paths = {path for path, _ in found}
        assert {path for path, method in found if method == "ANY"} == paths
        assert all(found[path, "ANY"] == function for (path, _), function in found.items())

    def test_keys_are_the_functions_business(self, template: Json) -> None:
        """API Gateway asks for no signature and no key of its own, so the key that the API gave out is all that a
        client needs.
        """
        methods = of_type(template, "ApiGateway::Method").values()
        assert {(each["AuthorizationType"], each.get("ApiKeyRequired", False)) for each in methods} == {("NONE", False)}

    def test_are_called_as_proxies(self, template: Json) -> None:
        """Handlers get the request whole, and have all the time that API Gateway has."""
        integrations = [each["Integration"] for each in of_type(template, "ApiGateway::Method").values()]
        assert {(each["Type"], each["TimeoutInMillis"]) for each in integrations} == {("AWS_PROXY", 29_000)}

    def test_take_few_resources(self, template: Json, public: Json) -> None:
        """CloudFormation takes 500 in a stack; one permission for each function, and browsers cost none."""
        assert len(of_type(template, "Lambda::Permission")) == 2
        assert len(template["Resources"]) <= 140
        assert Counter(served(public)) == Counter(served(template))

    def test_bytes_pass(self, template: Json) -> None:
        """What is uploaded and downloaded keeps its bytes, whatever types the client says that it sends and accepts."""
        [api] = of_type(template, "ApiGateway::RestApi").values()
        assert api["BinaryMediaTypes"] == ["*/*"]


class TestGatewayResponses:
    def responses(self, template: Json) -> dict[str, Json]:
        return {each["ResponseType"]: each for each in of_type(template, "ApiGateway::GatewayResponse").values()}

    def error(self, response: Json) -> Json:
        body = response["ResponseTemplates"]["application/json"].replace(SAID, '"said"')
        parsed: Json = json.loads(body)
        assert set(parsed) == {"error"}
        return dict(parsed["error"])

    def test_have_the_envelope(self, template: Json) -> None:
        """A client finds the four keys in every error, also in one that no function saw, with the id to quote in the
        header.
        """
        for response in self.responses(template).values():
            assert set(self.error(response)) == {"message", "type", "param", "code"}
            assert response["ResponseParameters"]["gatewayresponse.header.x-request-id"] == "context.requestId"

    @pytest.mark.parametrize("kind", ["MISSING_AUTHENTICATION_TOKEN", "INVALID_SIGNATURE", "RESOURCE_NOT_FOUND"])
    def test_unknown_path(self, template: Json, kind: str) -> None:
        """A path that is not there is a 404, not a 403 about signatures, with a bearer token as without; it tells of
        the stage.
        """
        response = self.responses(template)[kind]
        error = self.error(response)
        assert response["StatusCode"] == "404"
        assert (error["type"], error["code"]) == ("invalid_request_error", None)
        assert error["message"].startswith("Invalid URL")
        assert "$context.stage" in error["message"]

    def test_throttled(self, template: Json) -> None:
        """Who asks too often is told when to come again, as clients understand it."""
        response = self.responses(template)["THROTTLED"]
        assert response["StatusCode"] == "429"
        assert self.error(response)["code"] == "rate_limit_exceeded"
        assert response["ResponseParameters"]["gatewayresponse.header.retry-after"] == "'1'"

    def test_too_large(self, template: Json) -> None:
        """What is too large for Lambda is refused with the way that there is, in the words of `./dev aws`."""
        response = self.responses(template)["REQUEST_TOO_LARGE"]
        assert response["StatusCode"] == "413"
        assert self.error(response)["code"] == "request_too_large"
        assert self.error(response)["message"] == GATEWAY_TOO_LARGE

    def test_nothing_is_repeated(self, template: Json) -> None:
        """No answer of the gateway repeats a key or a path that a client sent: only sentences about body and parameters
        are its own.
        """
        saying = {
            kind
            for kind, each in self.responses(template).items()
            if SAID in each["ResponseTemplates"]["application/json"]
        }
        assert saying == {"BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS", "UNSUPPORTED_MEDIA_TYPE"}
        assert "$context.path" not in json.dumps(self.responses(template))

    def test_browsers(self, template: Json, public: Json) -> None:
        """A page can read the gateway's errors where browsers are let in, and nowhere else."""
        origin = "gatewayresponse.header.access-control-allow-origin"
        assert all(origin not in each["ResponseParameters"] for each in self.responses(template).values())
        assert all(each["ResponseParameters"][origin] == "'*'" for each in self.responses(public).values())

    def test_are_part_of_the_deployment(self, template: Json) -> None:
        """The first deployment has them already: API Gateway takes up what was there when it was made."""
        [deployment] = [
            each for each in template["Resources"].values() if each["Type"] == "AWS::ApiGateway::Deployment"
        ]
        assert set(of_type(template, "ApiGateway::GatewayResponse")) <= set(deployment["DependsOn"])


class TestStage:
    def test_is_watched(self, template: Json) -> None:
        """Requests are traced; the log of errors never holds the data of one; nobody pays for metrics of 72 methods."""
        [stage] = of_type(template, "ApiGateway::Stage").values()
        [every] = stage["MethodSettings"]
        assert stage["StageName"] == "dev"
        assert stage["TracingEnabled"] is True
        assert (every["LoggingLevel"], every["DataTraceEnabled"], every["MetricsEnabled"]) == ("ERROR", False, False)

    def test_access_log(self, template: Json) -> None:
        """Each request is a line of JSON with its id and that of the function's call, and no header, query or body in
        it.
        """
        [stage] = of_type(template, "ApiGateway::Stage").values()
        line = json.loads(stage["AccessLogSetting"]["Format"])
        assert line["request"] == "$context.requestId"
        assert line["functionRequest"] == "$context.integration.requestId"
        assert not any(
            word in str(line) for word in ("header", "querystring", "messageString", "$context.path", "body")
        )

    def test_logs_end(self, template: Json) -> None:
        """Both logs keep what they hold for as long as is configured; the stage waits for the group that API Gateway
        would make else.
        """
        groups = of_type(template, "Logs::LogGroup")
        assert {each["RetentionInDays"] for each in groups.values()} == {30}
        [stage] = [each for each in template["Resources"].values() if each["Type"] == "AWS::ApiGateway::Stage"]
        assert {id for id in groups if "Execution" in id} <= set(stage["DependsOn"])

    def test_throttles(self, public: Json) -> None:
        """The API takes as many requests as are configured."""
        [stage] = of_type(public, "ApiGateway::Stage").values()
        assert [(each["ThrottlingRateLimit"], each["ThrottlingBurstLimit"]) for each in stage["MethodSettings"]] == [
            (7, 9)
        ]

    def test_is_regional_and_takes_tls_1_2(self, template: Json) -> None:
        """Nobody's key travels by an old TLS."""
        [api] = of_type(template, "ApiGateway::RestApi").values()
        assert api["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
        assert "TLS13_1_2" in api["SecurityPolicy"]

    def test_log_role_stays(self, template: Json) -> None:
        """Taking the stack down does not end the logs of the account's other APIs."""
        kept = {each["Type"] for each in template["Resources"].values() if each.get("DeletionPolicy") == "Retain"}
        assert kept == {"AWS::ApiGateway::Account", "AWS::IAM::Role"}


class TestDomain:
    def test_none_by_default(self, template: Json) -> None:
        """Without a domain there is the stage's address, and no record anywhere."""
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
        """The record is made where the zone is given."""
        [record] = of_type(public, "Route53::RecordSet").values()
        assert (record["Name"], record["HostedZoneId"]) == ("api.example.com.", "Z0123456789")

    def test_no_zone(self) -> None:
        """Whoever keeps the zone elsewhere is told where to point."""
        template = synthesized(
            domain_name="api.example.com", certificate_arn="arn:aws:acm:eu-central-1:123456789012:certificate/abc"
        )
        assert not of_type(template, "Route53::RecordSet")
        assert template["Outputs"]["DomainTarget"]["Value"]["Fn::GetAtt"][1] == "RegionalDomainName"
