"""Faust without a broker: a transport over an append-only log, in PostgreSQL or in memory.

`log` says what such a log is; `memory` and `postgres` are the two of them; `membership` shares
partitions out among the members of a group; `consumer`, `producer` and `transport` are the face
that Faust sees. Everything is delivered at least once and in order per partition.
"""
