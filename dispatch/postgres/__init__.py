"""Reports, cases, deadlines and the numbered log in PostgreSQL. The only I/O of this package.

Locks are waited for in one order, so that nobody waits for somebody who waits for them: the turn of
the categories, reports, cases by id, the table `destination`, lines of the agenda by id of the
case. Who takes something further back in this order and does not wait (SKIP LOCKED) may do so
before; but then nothing that stands before it may be waited for any more.
"""
