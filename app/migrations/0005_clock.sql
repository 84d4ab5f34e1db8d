-- Whether the database's own clock is to be believed. While it is frozen no deadline falls due.
CREATE TABLE clock_trust (
    one        boolean          PRIMARY KEY DEFAULT true CHECK (one),
    state      text             NOT NULL DEFAULT 'trusted' CHECK (state IN (
                   'trusted',   -- it goes on as the clocks of our machines do
                   'frozen'     -- it jumped: until it is right again, or a person says it is right
               )),
    since      timestamptz      NOT NULL DEFAULT clock_timestamp(),
    drift_s    double precision NOT NULL DEFAULT 0,  -- how far it is ahead of what was expected
    decided_by text             NOT NULL DEFAULT ''  -- boot id of a machine, or a person
);
INSERT INTO clock_trust DEFAULT VALUES;

-- The last reading of each machine that fitted: it was database_at when the machine had run for
-- boottime_s. A machine that is started anew has another boot id.
CREATE TABLE clock_anchor (
    boot_id     text             PRIMARY KEY,
    boottime_s  double precision NOT NULL,
    database_at timestamptz      NOT NULL
);
