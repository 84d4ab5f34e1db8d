-- A dead report that a person has put right comes in again as another report; the dead one stays.

ALTER TABLE inbox ADD COLUMN replay_of bigint REFERENCES inbox;
CREATE UNIQUE INDEX inbox_replay_of ON inbox (replay_of) WHERE replay_of IS NOT NULL;
