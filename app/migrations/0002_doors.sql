-- A link that opens one session once: how the first people get in without any default password.

CREATE TABLE one_time_login (
    token_sha256 bytea       PRIMARY KEY,
    login        text        NOT NULL REFERENCES person ON DELETE CASCADE,
    expires_at   timestamptz NOT NULL,
    used_at      timestamptz
);

-- A portal asks for its own requests, newest first; dead letters are counted at each scrape.
CREATE INDEX inbox_source_received ON inbox (source, received_at DESC);
CREATE INDEX inbox_dead ON inbox (id) WHERE state = 'dead';
