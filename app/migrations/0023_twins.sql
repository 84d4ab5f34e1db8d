-- Cases that turned out to be one, and what makes a case severe beside its category. The new moves
-- and rules are for when no process of the release before runs any more: its books would count the
-- reports of a merged case twice.

ALTER TABLE cases
    -- The case that goes on for both; this one is void until it is taken out again.
    ADD COLUMN merged_into    bigint REFERENCES cases
               CHECK (merged_into IS NULL OR (state = 'void' AND merged_into <> id)),
    -- Where it stood when it was merged, and stands again when it is taken out.
    ADD COLUMN state_before   text CHECK (state_before IN ('reported', 'filed', 'assigned'))
               CHECK ((state_before IS NULL) = (merged_into IS NULL)),
    -- How many of *reports* are those of cases merged into this one.
    ADD COLUMN merged_reports integer NOT NULL DEFAULT 0
               CHECK (merged_reports >= 0 AND merged_reports < reports);
CREATE INDEX cases_merged_into ON cases (merged_into) WHERE merged_into IS NOT NULL;

-- The case that now stands for one that may have been merged, perhaps over several others.
CREATE FUNCTION standing_case(told bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    WITH RECURSIVE way AS (
        SELECT id, merged_into FROM cases WHERE id = told
         UNION ALL
        SELECT c.id, c.merged_into FROM cases c JOIN way w ON c.id = w.merged_into)
    SELECT id FROM way WHERE merged_into IS NULL
$$;

-- A case and every case merged into it, over several if need be: those it stands for.
CREATE FUNCTION cases_stood_for(told bigint) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
    WITH RECURSIVE below AS (
        SELECT told AS id
         UNION ALL
        SELECT c.id FROM cases c JOIN below b ON c.merged_into = b.id)
    SELECT id FROM below
$$;

-- What the city warns of (rainstorm, heat, an exercise of the fire brigade …), where and until when.
CREATE TABLE warning (
    id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind     text        NOT NULL CHECK (kind ~ '^[0-9A-Za-z][0-9A-Za-z._:/-]{0,63}$'),
    area     text        NOT NULL,             -- and everything within
    since    timestamptz NOT NULL,
    until    timestamptz NOT NULL,
    note     text        NOT NULL DEFAULT '',
    set_by   text        NOT NULL,
    ended_by text,                             -- who lifted it; *until* is then when
    CHECK (since <= until)
);
CREATE INDEX warning_until ON warning (until);
