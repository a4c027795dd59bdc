"""The text of docs/prices.md, without its tables."""

from __future__ import annotations

TEXT = """# The cost of the AWS edition in money

This page is computed from the calls and units in [costs.md](costs.md) by `.venv/bin/python -m tools.cost_table --write`.
Prices, and everything that could not be measured, are **unverified assumptions** in [tools/prices.toml](../tools/prices.toml).
They are list prices of us-east-1 in US dollars, without free tiers, discounts and data transfer.
Change that file for your region, and generate this page again.

## A million operations

{operations}

- A line includes the work that follows from the request: the projector runs once more for each commit, as if it came alone.
- "One file, attached until completed" is a file of one chunk of {tokens} tokens.
  Each further chunk costs its tokens and some time of the function.
  A file of a batch costs the same, without its own request.
- OpenSearch has no price per request; its nodes are in the table below.
- The removal of chunks and objects after a delete is in no line.
- The run time of functions is estimated from round trips, on the high side.

## An idle month

{sizes}

- A vector of {dimensions:,} dimensions takes 1.1 × (4 × {dimensions:,} + 8 × {links}) bytes of memory.
- A node has a quarter of its memory for vectors: the heap takes half, up to 32 GiB, and OpenSearch gives half of the rest to vectors.
  These sums fill {full:.0%} of that.
- Shards have 10 to 30 GB, as OpenSearch's guide recommends, unless the whole index has less (`opensearch_shards`).
  Every node holds a copy, or a share of one that is as large.
- Of vectors on disk (`opensearch_vectors=disk`), memory holds a bit for each dimension, {compression} times less, and its links; searches find candidates by these, and score them by the whole vectors on the disk.
  Faiss does not run on the local OpenSearch, so recall and speed of that are unproved here; `./dev account-test` measures both in an account ([deploying.md](deploying.md)).
- Dedicated masters (`opensearch_masters`) keep the domain's state while data nodes are busy or replaced.
- The small size has no replica.
  If its node fails, searches fail until it is back; `vectorlog rebuild` can rebuild the index.
- With vectors in memory, the large size needs {in_memory} for its vectors, and nodes for {nodes_in_memory} a month.
  A model with fewer dimensions needs proportionally less.
- A VPC with NAT gateways, a custom domain, and retained logs are not included.

## Three kinds of index

{kinds}

- A collection (`index=serverless`, [serverless.md](serverless.md)) costs its storage alone while nobody uses it.
  It sleeps ten minutes after the last request, so a single search costs ten minutes.
  Searching and writing sleep separately; an ingest uses both.
- How large the workers are with which a collection wakes, and how much of their memory vectors may take, is a guess.
- `index_ocus` bounds what it may cost: with the default of 4, an hour costs {bound} at most.
  A collection of the large size needs a higher bound.
- The owner of an endpoint (`index=endpoint`) pays for the domain.
"""
