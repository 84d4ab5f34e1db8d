-- Keys by which devices sign what they send, answers they were given, and what was wrong with their
-- samples.

-- A source has at most two that live, so that a device can be given a new one while the old one works.
CREATE TABLE device_key (
    id         text        PRIMARY KEY CHECK (id ~ '^[0-9a-f]{16}$'),
    source     text        NOT NULL,
    sealed     bytea       NOT NULL,            -- the key, under the key file of the installation
    sealed_by  text        NOT NULL,            -- which key file: the beginning of its digest
    label      text        NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX device_key_source ON device_key (source, created_at);

-- What a signed request was answered, so that its repetition does nothing. The body of the answer is
-- there once the work was done; until then whoever claimed it is at it, or has died.
CREATE TABLE signed_request (
    source          text        NOT NULL,
    idempotency_key text        NOT NULL,
    digest          bytea       NOT NULL,       -- of method, path and body
    claimed_at      timestamptz NOT NULL,
    status          smallint,
    media_type      text,
    answer          bytea,
    PRIMARY KEY (source, idempotency_key),
    CHECK ((status IS NULL) = (answer IS NULL))
);
CREATE INDEX signed_request_claimed ON signed_request (claimed_at);

-- How many samples of a device did not come in as they were sent, by day in UTC. The device is what
-- a sample said it is, whether or not the city has it; empty where it said nothing that can be read.
CREATE TABLE sample_tally (
    device  text        NOT NULL,
    day     date        NOT NULL,
    reason  text        NOT NULL,
    door    text        NOT NULL,               -- http, mqtt …
    count   bigint      NOT NULL CHECK (count > 0),
    last_at timestamptz NOT NULL,
    words   text        NOT NULL DEFAULT '',    -- what was wrong with the last of them
    PRIMARY KEY (device, day, reason, door)
);
CREATE INDEX sample_tally_day ON sample_tally (day);
