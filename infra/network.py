"""The network of the domain and the functions, if they have one."""

from __future__ import annotations

from aws_cdk import CfnResource, Fn
from aws_cdk import aws_ec2 as ec2
from constructs import Construct, IConstruct

from infra.configuration import Configuration
from infra.retention import removal_policy

ZONES = 2
"""Availability zones: as many as a domain of two nodes needs."""
SERVICES = {
    "Sqs": ec2.InterfaceVpcEndpointAwsService.SQS,
    "SecretsManager": ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
}
"""Services that functions call, besides DynamoDB's streams, and DynamoDB and S3, whose gateways are free. Logs and
traces do not pass through the network.
"""


class Network(Construct):
    """Nothing in the network can be reached from outside, and it reaches AWS only through endpoints. A NAT gateway is
    created only for a model outside of AWS (`openai:…`). Endpoints and gateways are billed by the hour, so only those
    that functions need are created.

    The owner of an existing network must provide routes to DynamoDB and its streams, S3, SQS, Secrets Manager and the
    models. Such a network is looked up when the stack is synthesized, which needs credentials.

    A retained domain keeps using its subnets, so these are retained with it.

    Attributes:
        vpc: None if the configuration asks for none. Resources that name no subnets are placed in the private ones.
        streams_url: address of DynamoDB's streams from within the network; None: their usual address.
    """

    def __init__(self, scope: Construct, id: str, *, configuration: Configuration) -> None:
        super().__init__(scope, id)
        self.vpc: ec2.IVpc | None = None
        self.streams_url: str | None = None
        if configuration.vpc == "new":
            self.vpc = self._new(configuration)
        elif configuration.vpc != "none":
            self.vpc = ec2.Vpc.from_lookup(self, "Vpc", vpc_id=configuration.vpc)

    def _new(self, configuration: Configuration) -> ec2.Vpc:
        sort = ec2.SubnetType.PRIVATE_WITH_EGRESS if _calls_outside(configuration) else ec2.SubnetType.PRIVATE_ISOLATED
        subnets = [ec2.SubnetConfiguration(name="private", subnet_type=sort, cidr_mask=20)]
        if _calls_outside(configuration):
            subnets.append(
                ec2.SubnetConfiguration(
                    name="public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24, map_public_ip_on_launch=False
                )
            )
        vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=ZONES,
            nat_gateways=1 if _calls_outside(configuration) else 0,
            subnet_configuration=subnets,
            restrict_default_security_group=False,  # True would need a function of the CDK; nothing of ours uses it
        )
        vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        vpc.add_gateway_endpoint("DynamoDb", service=ec2.GatewayVpcEndpointAwsService.DYNAMODB)
        called = dict(SERVICES)
        if any(model.startswith("bedrock:") for model in configuration.models):
            called["Bedrock"] = ec2.InterfaceVpcEndpointAwsService.BEDROCK_RUNTIME
        for name, service in called.items():
            vpc.add_interface_endpoint(name, service=service)
        self.streams_url = _streams_url(vpc)
        if configuration.makes_domain:
            for each in (vpc, *vpc.select_subnets().subnets):
                _resource(each).apply_removal_policy(removal_policy(configuration))
        return vpc


def _streams_url(vpc: ec2.Vpc) -> str:
    """DynamoDB's streams have no private DNS (its guide, "AWS PrivateLink for DynamoDB Streams"), so the endpoint's own
    name is used.
    """
    streams = ec2.InterfaceVpcEndpointAwsService.DYNAMODB_STREAMS
    endpoint = vpc.add_interface_endpoint("DynamoDbStreams", service=streams, private_dns_enabled=False)
    zone_and_name = Fn.select(0, endpoint.vpc_endpoint_dns_entries)
    return f"https://{Fn.select(1, Fn.split(':', zone_and_name))}"


def _resource(construct: IConstruct) -> CfnResource:
    return next(each for each in construct.node.find_all() if isinstance(each, (ec2.CfnVPC, ec2.CfnSubnet)))


def _calls_outside(configuration: Configuration) -> bool:
    return any(model.startswith("openai:") for model in configuration.models)
