"""The API's specification, made from the route table, the schemas of requests and those of answers."""
