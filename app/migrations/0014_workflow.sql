-- The life of a case beside the straight way: the door, more time, standing still, departments that
-- help, supervision, appeals. The states stay the seven they were, so that every reader of the log
-- goes on reading. Stage clocks begin with the next load of the city pack: load it when no process
-- of the release before runs any more, because its clock would call a slow post an overdue case.

ALTER TABLE cases
    ADD COLUMN round           integer NOT NULL DEFAULT 1 CHECK (round >= 1),
    ADD COLUMN accepted_by     text,
    ADD COLUMN report_check    text CHECK (report_check IN (
                                   'asked',      -- an inspector is to see whether the report is true
                                   'confirmed',  -- it is (asked → confirmed)
                                   'refuted'     -- it is not (asked → refuted)
                               )),
    ADD COLUMN taken_by        text,
    ADD COLUMN suspended_at    timestamptz,
    ADD COLUMN extension_until timestamptz,
    ADD COLUMN extension_by    text CHECK ((extension_by IS NULL) = (extension_until IS NULL)),
    ADD COLUMN supervised_at   timestamptz,
    ADD COLUMN appeal          text CHECK (appeal IN (
                                   'asked',      -- the department says that it is not to blame
                                   'excused',    -- so it is (asked → excused)
                                   'refused'     -- it is to blame (asked → refused)
                               )),
    ADD COLUMN appeal_by       text CHECK ((appeal_by IS NULL) = (appeal IS NULL)),
    -- Departments that help or helped, as case_part has them: who sees a case is asked of one row.
    ADD COLUMN helpers         text[] NOT NULL DEFAULT '{}';
CREATE INDEX cases_suspended ON cases (id) WHERE suspended_at IS NOT NULL;
CREATE INDEX cases_helpers ON cases USING gin (helpers) WHERE helpers <> '{}';

-- One case, one lead, and a task for each department that helps it.
CREATE TABLE case_part (
    case_id     bigint      NOT NULL REFERENCES cases,
    number      integer     NOT NULL CHECK (number >= 1),
    department  text        NOT NULL,
    state       text        NOT NULL CHECK (state IN (
                    'open',      -- asked for
                    'taken',     -- the department has taken notice (open → taken)
                    'finished',  -- its part is done (open | taken → finished)
                    'released'   -- it is not waited for any more (open | taken → released)
                )),
    involved_at timestamptz NOT NULL,
    taken_by    text,
    ended_by    text,
    ended_at    timestamptz,
    PRIMARY KEY (case_id, number),
    CHECK ((state IN ('finished', 'released')) = (ended_at IS NOT NULL)),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
    CHECK (state <> 'taken' OR taken_by IS NOT NULL)
);
CREATE UNIQUE INDEX case_part_waited_for ON case_part (case_id, department) WHERE ended_at IS NULL;
CREATE INDEX case_part_department ON case_part (department, case_id);

-- The task of the lead is the case itself.
CREATE VIEW case_task AS
    SELECT id AS case_id, 0 AS part, department, true AS lead,
           CASE WHEN state <> 'assigned' THEN 'finished'
                WHEN taken_by IS NULL THEN 'open'
                ELSE 'taken' END AS task_state,
           taken_by AS task_taken_by,
           CASE WHEN state <> 'assigned' THEN handled_by END AS task_ended_by
      FROM cases
     WHERE department IS NOT NULL AND state <> 'void'
     UNION ALL
    SELECT case_id, number, department, false, state, taken_by, ended_by
      FROM case_part;
