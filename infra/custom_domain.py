"""A custom domain for the API."""

from __future__ import annotations

from aws_cdk import CfnOutput
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as targets
from constructs import Construct

from infra.configuration import Configuration


class CustomDomain(Construct):
    """A regional domain that maps to the stage at its root, because a prefix before `/v1` would be part of the paths
    that handlers see.

    With a hosted zone, its record is created; without one, the output `DomainTarget` is the target for a CNAME.

    Attributes:
        url: without a slash at the end.
    """

    def __init__(
        self, scope: Construct, id: str, *, configuration: Configuration, rest_api: apigateway.RestApi
    ) -> None:
        super().__init__(scope, id)
        self.url = f"https://{configuration.domain_name}"
        domain = apigateway.DomainName(
            self,
            "Name",
            domain_name=configuration.domain_name,
            certificate=acm.Certificate.from_certificate_arn(self, "Certificate", configuration.certificate_arn),
            endpoint_type=apigateway.EndpointType.REGIONAL,
            security_policy=apigateway.SecurityPolicy.TLS_1_2,
            mapping=rest_api,
        )
        if configuration.hosted_zone:
            self._add_record(domain, *configuration.hosted_zone.partition("/")[::2], name=configuration.domain_name)
        else:
            CfnOutput(self, "Target", value=domain.domain_name_alias_domain_name).override_logical_id("DomainTarget")

    def _add_record(self, domain: apigateway.DomainName, zone_id: str, zone_name: str, *, name: str) -> None:
        """Without a zone name, the zone is taken to be the domain without its first label."""
        zone = route53.HostedZone.from_hosted_zone_attributes(
            self, "Zone", hosted_zone_id=zone_id, zone_name=zone_name or name.partition(".")[2]
        )
        target = route53.RecordTarget.from_alias(targets.ApiGatewayDomain(domain))
        route53.ARecord(self, "Record", zone=zone, record_name=f"{name}.", target=target)
