"""Makes the chunk index that a configuration asks for."""

from __future__ import annotations

from typing import TypeAlias

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.chunk_index import ChunkIndex
from infra.configuration import Configuration
from infra.functions import INDEX_ACCESS, Functions
from infra.index_collection import IndexCollection

Index: TypeAlias = ChunkIndex | IndexCollection


def made_index(scope: Construct, configuration: Configuration, functions: Functions, vpc: ec2.IVpc | None) -> Index:
    """Returns a collection, or a domain of the stack or of somebody else."""
    if configuration.index == "serverless":
        return IndexCollection(scope, "IndexCollection", configuration=configuration, vpc=vpc)
    access = functions.make(INDEX_ACCESS, {}) if configuration.makes_domain else None
    return ChunkIndex(scope, "ChunkIndex", configuration=configuration, access=access, vpc=vpc)
