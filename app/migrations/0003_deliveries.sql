-- What leaves the city: who is told, and whether each of them has been told of each event.

CREATE TABLE destination (
    name        text        PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    url         text        NOT NULL CHECK (url ~ '^https?://'),
    secret      text,                              -- signs what is sent; NULL: unsigned
    kinds       text[]      NOT NULL DEFAULT '{}', -- kinds of events; none named: all
    added_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at    timestamptz,
    -- It is owed the events after the one and up to the other: ids of the outbox, not times, because
    -- clocks jump. Whoever sets them keeps writers of events out (see dispatch.postgres.destinations).
    after_event bigint      NOT NULL,
    last_event  bigint,
    CHECK ((ended_at IS NULL) = (last_event IS NULL)),
    CHECK (last_event >= after_event)
);

CREATE TABLE delivery (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    destination  text        NOT NULL REFERENCES destination,
    dedup        text        NOT NULL,             -- outbox.dedup: the Idempotency-Key on the wire
    event        bigint      NOT NULL REFERENCES outbox,
    state        text        NOT NULL DEFAULT 'pending'
                 CHECK (state IN (
                     'pending',  -- owed (or dead → pending, replayed by an administrator)
                     'sent',     -- the receiver said yes (pending | dead → sent)
                     'dead'      -- given up (pending → dead): tried for too long, or its destination ended
                 )),
    attempts     integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),  -- begun
    leased_until timestamptz,                      -- a notifier is at it
    next_at      timestamptz,                      -- not before; NULL: at once
    last_error   text,
    sent_at      timestamptz,
    UNIQUE (destination, dedup),
    CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    CHECK (state <> 'sent' OR attempts >= 1),
    CHECK (state <> 'dead' OR last_error IS NOT NULL),
    CHECK (state = 'pending' OR (leased_until IS NULL AND next_at IS NULL))
);
-- Those never tried come first, so that what fails again and again holds up nobody.
CREATE INDEX delivery_pending ON delivery (destination, next_at NULLS FIRST, id)
    WHERE state = 'pending';
CREATE INDEX delivery_dead ON delivery (id) WHERE state = 'dead';
