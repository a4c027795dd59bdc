"""What requests carry: bodies, forms and queries, checked against their schemas; and how wrong ones are refused."""
