"""The OpenSearch domain, and its logs."""

from __future__ import annotations

from typing import cast

from aws_cdk import Aws
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_opensearchservice as opensearch
from constructs import Construct

from infra.configuration import Configuration
from infra.retention import log_group, removal_policy

MASTERS = 3
"""Two of them decide, so one may fail (OpenSearch Service's guide, "Dedicated master nodes")."""
VERSION = opensearch.EngineVersion.OPENSEARCH_3_5
"""The version that the adapter's tests run on."""


class IndexDomain(Construct):
    """Encrypted at rest, between nodes and to clients (TLS 1.2 with forward secrecy), with fine-grained access. A
    change of version or size is made in place, so an update never replaces a domain.

    Several nodes are spread over two zones, or over three if their number is odd.

    Attributes:
        domain: the domain.
        allowed: its access policy; only principals that it or IAM allows reach fine-grained access.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        configuration: Configuration,
        master: iam.IRole,
        vpc: ec2.IVpc | None,
    ) -> None:
        super().__init__(scope, id)
        nodes = configuration.opensearch_nodes
        zones = 1 if nodes == 1 else 2 if nodes % 2 == 0 else 3
        self.domain = opensearch.Domain(
            self,
            "Domain",
            version=VERSION,
            capacity=opensearch.CapacityConfig(
                data_nodes=nodes,
                data_node_instance_type=configuration.opensearch_instance,
                master_nodes=MASTERS if configuration.opensearch_masters else None,
                master_node_instance_type=configuration.opensearch_masters or None,
                multi_az_with_standby_enabled=False,
            ),
            ebs=opensearch.EbsOptions(
                volume_size=configuration.opensearch_storage_gib, volume_type=ec2.EbsDeviceVolumeType.GP3
            ),
            zone_awareness=opensearch.ZoneAwarenessConfig(
                enabled=zones > 1, availability_zone_count=zones if zones > 1 else None
            ),
            vpc=vpc,
            vpc_subnets=[ec2.SubnetSelection(subnets=vpc.select_subnets().subnets[:zones])] if vpc else None,
            encryption_at_rest=opensearch.EncryptionAtRestOptions(enabled=True),
            node_to_node_encryption=True,
            enforce_https=True,
            tls_security_policy=opensearch.TLSSecurityPolicy.TLS_1_2_PFS,
            fine_grained_access_control=opensearch.AdvancedSecurityOptions(master_user_arn=master.role_arn),
            logging=self._logging(configuration),
            suppress_logs_resource_policy=True,
            enable_version_upgrade=True,
            enable_auto_software_update=True,
            off_peak_window_enabled=True,
            removal_policy=removal_policy(configuration),
        )
        self.domain.node.add_dependency(self._log_access)
        if vpc:
            for group in self.domain.connections.security_groups:
                group.apply_removal_policy(removal_policy(configuration))
        self.allowed = iam.PolicyDocument()
        # Not the construct's own argument, which would add a function of the CDK to set it after the domain is created.
        cast("opensearch.CfnDomain", self.domain.node.default_child).access_policies = self.allowed

    def _logging(self, configuration: Configuration) -> opensearch.LoggingOptions:
        """Slow logs hold queries, and stay empty until an operator sets a threshold on an index. An account may have
        ten log policies per region, so the groups share one; the construct's own way would add a function of the CDK.
        """
        slow_searches, slow_writes, errors = (
            log_group(self, id, configuration=configuration) for id in ("SlowSearchLog", "SlowWriteLog", "ErrorLog")
        )
        writing = iam.PolicyStatement(
            principals=[iam.ServicePrincipal("es.amazonaws.com")],
            actions=["logs:CreateLogStream", "logs:PutLogEvents", "logs:PutLogEventsBatch"],
            resources=[group.log_group_arn for group in (slow_searches, slow_writes, errors)],
            conditions={
                "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                "ArnLike": {"aws:SourceArn": f"arn:{Aws.PARTITION}:es:{Aws.REGION}:{Aws.ACCOUNT_ID}:domain/*"},
            },
        )
        self._log_access = logs.ResourcePolicy(self, "LogAccess", policy_statements=[writing])
        return opensearch.LoggingOptions(
            slow_search_log_enabled=True,
            slow_search_log_group=slow_searches,
            slow_index_log_enabled=True,
            slow_index_log_group=slow_writes,
            app_log_enabled=True,
            app_log_group=errors,
        )
