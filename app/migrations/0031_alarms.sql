-- Alarms with their lives, what the city knows of its sensors, and how far workers have got with
-- samples. Load a city pack with the new kinds of rules when no process of the release before runs
-- any more: a worker of that one reports alarms and writes none of these rows.

-- An episode in which a device broke a rule, as its last change tells it. The key is also that of its
-- report, where the rule asks for one.
CREATE TABLE alarm (
    key             text        PRIMARY KEY CHECK (key ~ '^[0-9a-f]{64}$'),
    device          text        NOT NULL,
    rule            text        NOT NULL,
    property        text        NOT NULL,
    unit            text        NOT NULL DEFAULT '',
    name            jsonb       NOT NULL,       -- of the device, zh and en
    area            text        NOT NULL,       -- right below the city
    areas           text[]      NOT NULL,       -- all that hold the device, the smallest first
    position        geometry(Point, 4326) NOT NULL,
    category        text,                       -- of the report, where the rule asks for one
    text            jsonb       NOT NULL,       -- of the rule, zh and en
    state           text        NOT NULL CHECK (state IN (
                        'raised',     -- the device is in alarm (cleared → raised, when it flaps)
                        'cleared',    -- it was, and is no more (raised → cleared)
                        'withdrawn'   -- it never was: late samples said so (raised | cleared →)
                    )),
    level           smallint    NOT NULL CHECK (level BETWEEN 1 AND 4),  -- 1 is the gravest
    highest         smallint    NOT NULL CHECK (highest BETWEEN 1 AND level),
    value           float8,                     -- that the last change was about
    started_at      timestamptz NOT NULL,       -- by the samples, as the next three
    changed_at      timestamptz NOT NULL,
    ended_at        timestamptz,
    flaps           integer     NOT NULL DEFAULT 0 CHECK (flaps >= 0),  -- how often it was reopened
    facts           jsonb       NOT NULL,       -- the numbers behind the last change
    report          bigint      REFERENCES inbox,
    acknowledged_by text,
    acknowledged_at timestamptz,
    told_at         timestamptz NOT NULL,       -- when the city knew of it, by its own clock
    version         integer     NOT NULL CHECK (version >= 1),
    CHECK (state <> 'raised' OR ended_at IS NULL),
    CHECK (state <> 'cleared' OR ended_at IS NOT NULL),
    CHECK ((acknowledged_by IS NULL) = (acknowledged_at IS NULL))
);
CREATE INDEX alarm_started ON alarm (started_at, key);
CREATE INDEX alarm_open ON alarm (level, key) WHERE state = 'raised';
CREATE INDEX alarm_device ON alarm (device);
CREATE INDEX alarm_areas ON alarm USING gin (areas);
CREATE INDEX alarm_position ON alarm USING gist (position);
CREATE INDEX alarm_report ON alarm (report) WHERE report IS NOT NULL;

-- Every change of an alarm, numbered from 1 without a hole.
CREATE TABLE alarm_event (
    alarm   text        NOT NULL REFERENCES alarm,
    seq     integer     NOT NULL CHECK (seq >= 1),
    kind    text        NOT NULL,
    at      timestamptz NOT NULL,               -- by the samples
    told_at timestamptz NOT NULL,               -- by the clock of the city
    level   smallint    NOT NULL,
    value   float8,
    actor   text        NOT NULL,               -- `sensing`, or a login
    facts   jsonb       NOT NULL,
    PRIMARY KEY (alarm, seq)
);
CREATE TRIGGER alarm_event_append_only BEFORE UPDATE OR DELETE ON alarm_event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER alarm_event_no_truncate BEFORE TRUNCATE ON alarm_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What the case of an alarm is yet to be told of. The report may not be decided, and the case may be
-- in somebody's hands: samples must wait for neither.
CREATE TABLE alarm_note (
    alarm   text        NOT NULL,
    seq     integer     NOT NULL,
    state   text        NOT NULL DEFAULT 'pending' CHECK (state IN (
                'pending',  -- the case is to be told
                'noted',    -- it stands in its history (pending → noted)
                'void'      -- there is no case that it could matter to (pending → void)
            )),
    PRIMARY KEY (alarm, seq),
    FOREIGN KEY (alarm, seq) REFERENCES alarm_event
);
CREATE INDEX alarm_note_pending ON alarm_note (alarm, seq) WHERE state = 'pending';

-- How far a group has got with a partition, and what it must remember of what it has read. Written
-- only by whoever knows the offset that stands here: another has lost the partition.
CREATE TABLE sensing_checkpoint (
    group_name  text        NOT NULL,
    topic       text        NOT NULL,
    partition   integer     NOT NULL,
    next_offset bigint      NOT NULL CHECK (next_offset >= 0),
    beginning   bytea,                          -- digest of record 0: a topic made anew has another
    state       bytea       NOT NULL,
    counts      jsonb       NOT NULL,           -- samples so far: judged, and by fault
    written_at  timestamptz NOT NULL,
    PRIMARY KEY (group_name, topic, partition)
);
ALTER TABLE sensing_checkpoint ALTER COLUMN state SET STORAGE EXTERNAL;

-- What is known of each device that has sent something; written with the checkpoints, now and then.
CREATE TABLE sensor_state (
    device  text        PRIMARY KEY,
    at      timestamptz,                        -- of the latest sample
    value   float8,
    seen_at timestamptz NOT NULL,               -- when that was judged, by the clock of the city
    samples bigint      NOT NULL CHECK (samples >= 0),
    faults  jsonb       NOT NULL                -- how many of them were at fault, by reason
) WITH (fillfactor = 70);
