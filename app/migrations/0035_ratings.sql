-- Who has taken a photo: of a move that must come with one, one of the reporter shows nothing.
ALTER TABLE photo ADD COLUMN added_by text;

-- What those who reported think of what was done (满意度). A rating that is changed is another row:
-- the newest of a report counts, and what was known of a month stays known. The words stay here.
CREATE TABLE rating (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    inbox_id   bigint      NOT NULL REFERENCES inbox,
    case_id    bigint      NOT NULL REFERENCES cases,  -- that stood for the report then
    department text,                                   -- that had the case then
    stars      smallint    NOT NULL CHECK (stars BETWEEN 1 AND 5),
    text       text        NOT NULL DEFAULT '' CHECK (length(text) <= 1000),
    at         timestamptz NOT NULL
);
CREATE INDEX rating_report ON rating (inbox_id, id);
CREATE INDEX rating_at ON rating (at);
CREATE TRIGGER rating_append_only BEFORE UPDATE OR DELETE ON rating
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
