"""The public API: API Gateway's routes, created from the handlers' route table."""

from __future__ import annotations

import json
import re
from typing import cast

from aws_cdk import Duration, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from infra import gateway_responses
from infra.configuration import Configuration
from infra.custom_domain import CustomDomain
from infra.retention import log_group
from vectorlog.api.dialect import DIALECTS
from vectorlog.api.routes import HEALTH, ROUTES
from vectorlog.api.unprefixed import MCP_ROUTES, PAGES
from vectorlog.defaults import GATEWAY_SECONDS

TLS = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"
"""TLS 1.2 or 1.3 with forward secrecy (API Gateway's guide, "Supported security policies"); the default accepts TLS
1.0.
"""
TIMEOUT = Duration.seconds(GATEWAY_SECONDS)
"""API Gateway's longest, unless AWS raises the account's quota."""
BINARY = ["*/*"]
"""Every body is binary: a request's body reaches the handler in base64, and a base64 answer is decoded. With a list of
types, API Gateway would decode only if the first type in the client's `Accept` is listed, and both clients send none
that would match.
"""
ACCESS = {
    "time": "$context.requestTime",
    "request": "$context.requestId",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "ms": "$context.responseLatency",
    "functionMs": "$context.integrationLatency",
    "functionRequest": "$context.integration.requestId",
    "functionError": "$context.integrationErrorMessage",
    "refusedAs": "$context.error.responseType",
    "ip": "$context.identity.sourceIp",
    "client": "$context.identity.userAgent",
}
"""A line of the access log. It holds no header, no path with ids and no sentence of API Gateway's, which may repeat the
caller's key. `request` is `correlation_id` in the functions' logs and, with `req_` before it and without dashes, the
`x-request-id` that the client got; `functionRequest` is their `function_request_id`. API Gateway does not know whose a
key is: the functions' own lines (`runtime/aws/trail.py`) name the project of each request that they answered.
"""


class Api(Construct):
    """A regional REST API with a stage of the configured name.

    Each path of a route is a resource, so the access log names the route. Its ANY goes to the path's function, which
    knows the methods: it answers 405 with `Allow`, HEAD, and a browser's OPTIONS. A method of each route would be a
    third of the 500 resources that a stack may have. Every other path goes to the api function, which says what is not
    offered, or what is wrong with the base URL.

    Access logs need a role that API Gateway has once per account and region. The stack creates it and leaves it behind,
    because other APIs may use it by then; an existing role is replaced by this one, which has the same rights.

    Attributes:
        rest_api: the API.
        access_log: a line for each request, also for those that no function saw.
        url: its address without a trailing slash: the custom domain's if there is one, otherwise with the stage.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        configuration: Configuration,
        api: lambda_.IFunction,
        search: lambda_.IFunction,
    ) -> None:
        super().__init__(scope, id)
        self.access_log = log_group(self, "AccessLog", configuration=configuration)
        self.rest_api = apigateway.RestApi(
            self,
            "RestApi",
            rest_api_name=f"vectorlog-{configuration.stage}",
            description="OpenAI's and MKA1's Files and Vector Stores API",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            disable_execute_api_endpoint=bool(configuration.domain_name) or None,  # a way around what guards the domain
            binary_media_types=BINARY,
            cloud_watch_role=True,
            deploy_options=self._stage(configuration),
        )
        made = cast("apigateway.CfnRestApi", self.rest_api.node.default_child)
        made.security_policy = TLS
        made.endpoint_access_mode = (
            "BASIC"  # has to be said with such a policy; STRICT takes a quarter of an hour to come into force
        )
        self.rest_api.node.try_remove_child("Endpoint")  # the stack has an output of its own
        self._add_routes(api=api, search=search)
        gateway_responses.add_to(self.rest_api, configuration=configuration)
        self._keep_execution_log(configuration)
        stack = Stack.of(self)
        self.url = (
            f"https://{self.rest_api.rest_api_id}.execute-api.{stack.region}.{stack.url_suffix}/{configuration.stage}"
        )
        if configuration.web_acl_arn:
            waf.CfnWebACLAssociation(
                self,
                "WebAcl",
                resource_arn=self.rest_api.deployment_stage.stage_arn,
                web_acl_arn=configuration.web_acl_arn,
            )
        if configuration.domain_name:
            self.url = CustomDomain(self, "Domain", configuration=configuration, rest_api=self.rest_api).url

    def _stage(self, configuration: Configuration) -> apigateway.StageOptions:
        """Only errors are in the execution log, and never a request's or an answer's data. The metrics of the stage
        cost nothing. Those of each of its methods are charged like an application's own, and the access log can be
        asked instead.
        """
        return apigateway.StageOptions(
            stage_name=configuration.stage,
            access_log_destination=apigateway.LogGroupLogDestination(self.access_log),
            access_log_format=apigateway.AccessLogFormat.custom(json.dumps(ACCESS)),
            logging_level=apigateway.MethodLoggingLevel.ERROR,
            data_trace_enabled=False,
            metrics_enabled=False,
            throttling_rate_limit=configuration.throttle_rate,
            throttling_burst_limit=configuration.throttle_burst,
        )

    def _keep_execution_log(self, configuration: Configuration) -> None:
        """Creates the log group that API Gateway would otherwise create itself and keep for ever."""
        name = f"API-Gateway-Execution-Logs_{self.rest_api.rest_api_id}/{configuration.stage}"
        self.rest_api.deployment_stage.node.add_dependency(
            log_group(self, "ExecutionLog", configuration=configuration, name=name)
        )

    def _add_routes(self, *, api: lambda_.IFunction, search: lambda_.IFunction) -> None:
        """One permission for each function: one for each method would double the stack's resources."""
        functions = {
            name: apigateway.LambdaIntegration(function, timeout=TIMEOUT, scope_permission_to_method=False)
            for name, function in (("api", api), ("search", search))
        }
        served = {spoken.prefix + route.path: route.function for spoken in DIALECTS for route in ROUTES}
        served |= {route.path: route.function for route in MCP_ROUTES}
        served |= dict.fromkeys(["/", *HEALTH, *PAGES, "/{proxy+}"], "api")
        for path, function in served.items():
            self._resource(path).add_method("ANY", functions[function])

    def _resource(self, path: str) -> apigateway.Resource:
        return self.rest_api.root.resource_for_path(re.sub(r"<(\w+)>", r"{\1}", path))
