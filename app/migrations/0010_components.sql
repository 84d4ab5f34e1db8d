-- Components 部件 in all their versions, the component a case is about, and what stands in a cell.

CREATE TABLE component (
    id              text        NOT NULL,
    version         integer     NOT NULL CHECK (version > 0),
    category        text        NOT NULL,
    name            text        NOT NULL,
    manager_code    text        NOT NULL,
    manager_name    text        NOT NULL,
    owner_code      text        NOT NULL DEFAULT '',
    owner_name      text        NOT NULL DEFAULT '',
    maintainer_code text        NOT NULL DEFAULT '',
    maintainer_name text        NOT NULL DEFAULT '',
    cell            text        NOT NULL,
    state           text        NOT NULL CHECK (state IN (
                        'intact',   -- 完好
                        'broken',   -- 破损
                        'missing',  -- 丢失
                        'disused',  -- 废弃
                        'removed'   -- 移除: the line stays, the thing is gone
                    )),
    initial_on      date        NOT NULL,
    changed_on      date,
    origin          text        NOT NULL DEFAULT '',
    note            text        NOT NULL DEFAULT '',
    street_code     text        NOT NULL DEFAULT '',
    street_name     text        NOT NULL DEFAULT '',
    community_code  text        NOT NULL DEFAULT '',
    community_name  text        NOT NULL DEFAULT '',
    accuracy        text        NOT NULL DEFAULT '' CHECK (accuracy IN ('', 'A', 'B', 'C')),
    geom            geometry(Geometry, 4326) NOT NULL,
    sha256          bytea       NOT NULL,          -- of everything above
    loaded_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at        timestamptz,                   -- NULL: it stands in the newest survey
    PRIMARY KEY (id, version)
);
CREATE UNIQUE INDEX component_standing ON component (id) WHERE ended_at IS NULL;
CREATE INDEX component_near ON component USING gist ((geom::geography)) WHERE ended_at IS NULL;
CREATE INDEX component_geom ON component USING gist (geom) WHERE ended_at IS NULL;
CREATE INDEX component_cell ON component (cell) WHERE ended_at IS NULL;

-- As told by the report; a component may be removed, its cases stay.
ALTER TABLE cases ADD COLUMN component text;
CREATE INDEX cases_component ON cases (component, id) WHERE component IS NOT NULL;

-- What stands in a piece of ground and who is there, as sums. The version is that of the part
-- `profile`; the shape is kept as it was, so that later versions of the grid change no figure.
CREATE TABLE profile_place (
    version integer          NOT NULL CHECK (version > 0),
    target  text             NOT NULL,             -- code of a cell or area, or of a shape's own
    geom    geometry(MultiPolygon, 4326) NOT NULL,
    area_m2 double precision NOT NULL GENERATED ALWAYS AS (ST_Area(geom::geography)) STORED
            CHECK (area_m2 > 0),
    PRIMARY KEY (version, target)
);
CREATE INDEX profile_place_geom ON profile_place USING gist (geom);

CREATE TABLE profile_figure (
    version   integer          NOT NULL,
    attribute text             NOT NULL,
    target    text             NOT NULL,
    value     double precision NOT NULL CHECK (value >= 0),
    source    text             NOT NULL,
    as_of     date             NOT NULL,
    PRIMARY KEY (version, target, attribute),
    FOREIGN KEY (version, target) REFERENCES profile_place
);
