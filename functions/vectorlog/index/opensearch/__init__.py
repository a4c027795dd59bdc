"""The chunk index of the AWS edition: one OpenSearch index per model, routed by store."""
