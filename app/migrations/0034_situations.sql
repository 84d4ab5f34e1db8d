-- Situations: several cases and alarms that are one thing. The history is what is true; the row and
-- the members follow from it and are there to be looked up.

CREATE TABLE situation (
    id              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    family          text        NOT NULL,
    way             text        NOT NULL CHECK (way IN ('rule', 'scan')),
    rules           text[]      NOT NULL CHECK (cardinality(rules) > 0),
    plan            text,
    state           text        NOT NULL CHECK (state IN (
                        'open',      -- flagged (ended | dismissed → open, when it goes on)
                        'growing',   -- more came to it (open | stable → growing)
                        'stable',    -- nothing came for a while (open | growing → stable)
                        'ended',     -- nothing came for long (stable → ended)
                        'dismissed', -- a person says that it is none (any but merged → dismissed)
                        'merged'     -- an older one goes on for both (open | growing | stable →)
                    )),
    members         integer     NOT NULL CHECK (members >= 1),
    areas           text[]      NOT NULL,       -- all that it touches, of every level
    departments     text[]      NOT NULL,       -- of its cases
    zone            text[]      NOT NULL,       -- areas of the hot spot, where a scan found it
    outline         geometry(Geometry, 4326) NOT NULL,
    first_at        timestamptz NOT NULL,       -- when the first of it happened
    last_at         timestamptz NOT NULL,
    flagged_at      timestamptz NOT NULL,
    moved_at        timestamptz NOT NULL,       -- when something last came to it
    over_at         timestamptz,
    acknowledged_by text,
    acknowledged_at timestamptz,
    merged_into     bigint      REFERENCES situation,
    version         integer     NOT NULL CHECK (version >= 1),
    CHECK (first_at <= last_at),
    CHECK ((state IN ('ended', 'dismissed', 'merged')) = (over_at IS NOT NULL)),
    CHECK ((state = 'merged') = (merged_into IS NOT NULL)),
    CHECK ((acknowledged_by IS NULL) = (acknowledged_at IS NULL))
);
CREATE INDEX situation_going_on ON situation (flagged_at, id) WHERE over_at IS NULL;
CREATE INDEX situation_last ON situation (last_at);
CREATE INDEX situation_outline ON situation USING gist (outline);

-- Every change of a situation, numbered from 1 without a hole.
CREATE TABLE situation_event (
    situation bigint      NOT NULL REFERENCES situation,
    seq       integer     NOT NULL CHECK (seq >= 1),
    kind      text        NOT NULL,
    at        timestamptz NOT NULL,
    actor     text        NOT NULL,             -- `lookout`, or a login
    fields    jsonb       NOT NULL,
    PRIMARY KEY (situation, seq)
);
CREATE TRIGGER situation_event_append_only BEFORE UPDATE OR DELETE ON situation_event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER situation_event_no_truncate BEFORE TRUNCATE ON situation_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What belongs to it now. A case or alarm may belong to situations of several families.
CREATE TABLE situation_member (
    situation bigint      NOT NULL REFERENCES situation,
    kind      text        NOT NULL CHECK (kind IN ('case', 'alarm')),
    ref       text        NOT NULL,             -- id of the case, key of the alarm
    case_id   bigint,                           -- the case, or that which the alarm opened
    at        timestamptz NOT NULL,
    joined_at timestamptz NOT NULL,
    PRIMARY KEY (situation, kind, ref)
);
CREATE INDEX situation_member_ref ON situation_member (kind, ref);
CREATE INDEX situation_member_case ON situation_member (case_id) WHERE case_id IS NOT NULL;

-- How far the look-out has read the numbered log, and when each scan was last made. It begins with
-- what happens from its first look on.
CREATE TABLE situation_watch (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    position bigint,                            -- NULL: it has never looked
    looks    jsonb   NOT NULL DEFAULT '{}'      -- name of the scan → moment
);
INSERT INTO situation_watch DEFAULT VALUES;

-- What happened of late, and what happened in the areas of a hot spot.
CREATE INDEX cases_reported_at ON cases (reported_at);
