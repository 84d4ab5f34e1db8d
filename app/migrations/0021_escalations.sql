-- Ladders: when the clock has to look at a case, which steps were taken, and what is told to whom.
-- Load a city pack with escalation.toml when no process of the release before runs any more: what
-- that one does to a case brings nothing onto the agenda.

ALTER TABLE person
    ADD COLUMN mail     text,
    ADD COLUMN phone    text,
    ADD COLUMN language text CHECK (language IN ('zh', 'en'));

-- Cases whose ladder is to be looked at, and when. Whatever happens to a case brings it here at
-- once, and the clock decides anew; so a moment that stands here may be too early, never too late.
-- No foreign key: its lock would come after that on the line, and who writes events takes them the
-- other way round.
CREATE TABLE agenda (
    case_id bigint      PRIMARY KEY,
    look_at timestamptz NOT NULL DEFAULT '-infinity'  -- at once
);
CREATE INDEX agenda_look_at ON agenda (look_at, case_id);

-- By which version of the ladders the agenda was made; another one brings all open cases there,
-- some thousands at a time in the order of their ids, so that nobody waits long for a line.
CREATE TABLE agenda_ladders (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    version integer NOT NULL DEFAULT 0,
    up_to   bigint                         -- cases up to this id were brought; NULL: all
);
INSERT INTO agenda_ladders DEFAULT VALUES;

-- A step that was taken: once for what it is about, however many clocks there are.
CREATE TABLE escalation (
    id              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id         bigint      NOT NULL REFERENCES cases,
    run             text        NOT NULL,  -- a milestone of the limit, or what is waited for
    since           integer     NOT NULL CHECK (since >= 1),  -- number of the event that began it
    step            text        NOT NULL,
    ladder          text        NOT NULL,
    due_at          timestamptz NOT NULL,
    times           integer     NOT NULL DEFAULT 1 CHECK (times >= 1),  -- told
    told_at         timestamptz NOT NULL,
    people          text[]      NOT NULL,  -- logins of all who were told
    acknowledged_by text,
    acknowledged_at timestamptz,
    UNIQUE (case_id, run, since, step),
    CHECK (told_at >= due_at),
    CHECK ((acknowledged_by IS NULL) = (acknowledged_at IS NULL))
);
CREATE INDEX escalation_people ON escalation USING gin (people) WHERE acknowledged_at IS NULL;

-- The ways out, set up by an administrator; `log` needs none. A secret signs, or is a password.
CREATE TABLE channel (
    name   text        PRIMARY KEY,
    url    text        NOT NULL,
    secret text,
    login  text,                           -- of a mail server
    sender text,                           -- who a mail is from
    set_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One message on one channel, written with the event it tells of, as deliveries are.
CREATE TABLE notice (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    escalation   bigint      NOT NULL REFERENCES escalation,
    dedup        text        NOT NULL UNIQUE,  -- the Idempotency-Key on the wire
    channel      text        NOT NULL,         -- pending until somebody sets it up
    person       text,                         -- NULL: one message for all who are told
    payload      text        NOT NULL,
    state        text        NOT NULL DEFAULT 'pending'
                 CHECK (state IN (
                     'pending',  -- to be sent (or dead → pending, sent again by an administrator)
                     'sent',     -- the other side said yes (pending | dead → sent)
                     'dead'      -- given up (pending → dead), or nobody said where to send it
                 )),
    attempts     integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    leased_until timestamptz,
    next_at      timestamptz,
    last_error   text,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    sent_at      timestamptz,
    CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    CHECK (state <> 'dead' OR last_error IS NOT NULL),
    CHECK (state = 'pending' OR (leased_until IS NULL AND next_at IS NULL))
);
CREATE INDEX notice_pending ON notice (channel, next_at NULLS FIRST, id) WHERE state = 'pending';
CREATE INDEX notice_escalation ON notice (escalation);
CREATE INDEX notice_dead ON notice (id) WHERE state = 'dead';
