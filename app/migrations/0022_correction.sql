-- Correction of category and place: a case is routed anew by it once, and never to a department that
-- has sent it back. What was sent back is counted when a city asks how sure its routing is.

ALTER TABLE cases
    ADD COLUMN rerouted_at timestamptz,               -- when a correction had it handed over by rule
    ADD COLUMN returned_by text[] NOT NULL DEFAULT '{}'; -- departments that sent it back, in order
CREATE INDEX cases_routed ON cases ((areas[1]), category, id);

-- What the histories tell of the cases so far: who had each case when it was sent back.
UPDATE cases c
   SET returned_by = told.departments
  FROM (SELECT back.case_id, array_agg(had.department ORDER BY back.seq) AS departments
          FROM case_event back
         CROSS JOIN LATERAL (
               SELECT e.canon::jsonb->>'department' AS department
                 FROM case_event e
                WHERE e.case_id = back.case_id
                  AND e.seq < back.seq
                  AND e.kind IN ('assigned', 'transferred')
                ORDER BY e.seq DESC
                LIMIT 1) had
         WHERE back.kind = 'sent_back'
         GROUP BY back.case_id) told
 WHERE c.id = told.case_id;
