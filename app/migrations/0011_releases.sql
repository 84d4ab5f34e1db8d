-- Releases of the grid: drafted, compared, approved, and in force from a time on.
-- Draft the first release only when every process runs the release of citygrid that brought this:
-- the one before takes any version that is stored for the one in force.

CREATE TABLE grid_release (
    version     integer     PRIMARY KEY REFERENCES grid_version,
    note        text        NOT NULL DEFAULT '',
    drafted_by  text        NOT NULL,
    drafted_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    base        integer     REFERENCES grid_version,  -- what it was compared with last
    compared_at timestamptz,
    comparison  jsonb,
    approved_by text,
    approved_at timestamptz,
    CHECK ((base IS NULL) = (compared_at IS NULL)),
    CHECK ((base IS NULL) = (comparison IS NULL)),
    CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
    CHECK (approved_at IS NULL OR compared_at IS NOT NULL)
);

-- Who holds the ground of a cell of *base* under *version*. A cell of which nothing is said here
-- is its own successor, unless *version* has it no more: then its ground was given up.
CREATE TABLE cell_lineage (
    base      integer NOT NULL REFERENCES grid_version,
    version   integer NOT NULL REFERENCES grid_version,
    code      text    NOT NULL,
    successor text    NOT NULL,
    area_m2   double precision NOT NULL CHECK (area_m2 > 0),
    share     double precision NOT NULL CHECK (share > 0 AND share <= 1),
    PRIMARY KEY (version, base, code, successor)
);

-- An order is never changed: going back is the order to activate the old version again.
CREATE TABLE grid_activation (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version     integer     NOT NULL REFERENCES grid_version,
    active_from timestamptz NOT NULL,
    ordered_by  text        NOT NULL,
    ordered_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (active_from > ordered_at)
);
CREATE TRIGGER grid_activation_append_only BEFORE UPDATE OR DELETE ON grid_activation
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE FUNCTION refuse_unapproved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM grid_release WHERE version = NEW.version AND approved_at IS NULL) THEN
        RAISE EXCEPTION 'grid version % is not approved', NEW.version
              USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER grid_activation_approved BEFORE INSERT ON grid_activation
    FOR EACH ROW EXECUTE FUNCTION refuse_unapproved();

-- From when to when each version is in force. One that came with a city pack is at once; one that
-- was drafted when it was ordered. Of several from the same moment the one ordered last counts.
CREATE VIEW grid_reign AS
    SELECT version, active_from, active_until
      FROM (SELECT version, active_from,
                   lead(active_from) OVER (ORDER BY active_from, turn, version) AS active_until
              FROM (SELECT version, active_from, id AS turn
                      FROM grid_activation
                     UNION ALL
                    SELECT version, loaded_at, 0
                      FROM grid_version v
                     WHERE NOT EXISTS (SELECT FROM grid_release r WHERE r.version = v.version)
                   ) AS ordered
           ) AS begun
     WHERE active_until IS NULL OR active_until > active_from;

-- Before the first of all reigns, as seen when a clock was set back, the first one counts.
CREATE FUNCTION active_grid_version(asked_at timestamptz) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT version
      FROM grid_reign
     ORDER BY active_from <= asked_at DESC,
              greatest(asked_at - active_from, active_from - asked_at)
     LIMIT 1
$$;

-- When a cell was and was no longer: 初始日期, 终止日期. NULL at the end: it is, or will be again.
CREATE VIEW cell_life AS
    SELECT c.code, min(r.active_from) AS began_at,
           CASE WHEN bool_or(r.active_until IS NULL) THEN NULL ELSE max(r.active_until) END
               AS ended_at
      FROM cell c
      JOIN grid_reign r ON r.version = c.grid_version
     GROUP BY c.code;

CREATE INDEX cell_code ON cell (code);

-- The one cell of a version that a position belongs to: the one that holds it, or, where borders
-- were drawn again, the nearest within so many metres. `grid.versions.carrying` does the same.
CREATE FUNCTION cell_at(spot geometry, asked_version integer, within_m double precision DEFAULT 1)
RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT code
           FROM cell
          WHERE grid_version = asked_version
            AND ST_Intersects(geom, spot)
          ORDER BY code COLLATE "C"
          LIMIT 1),
        (SELECT code
           FROM cell
          WHERE grid_version = asked_version
            AND geom && ST_Expand(spot, within_m / (111000 * cos(radians(ST_Y(spot)))),
                                  within_m / 110000)
            AND ST_DWithin(geom::geography, spot::geography, within_m)
          ORDER BY ST_Distance(geom::geography, spot::geography), code COLLATE "C"
          LIMIT 1))
$$;
