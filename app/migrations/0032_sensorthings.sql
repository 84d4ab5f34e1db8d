-- What sensors measured lately, and devices that were registered at /sta beside those of the pack.

-- A number for each device: a row of samples is half as long as with its code.
CREATE TABLE observing_device (
    number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code   text    NOT NULL UNIQUE
);

-- Partitioned by the day of *at* in UTC, so that what is too old goes by dropping a table. The
-- partitions are made by whoever stores the first sample of a day (dispatch.postgres.observations).
CREATE TABLE observation (
    device integer          NOT NULL,
    at     timestamptz      NOT NULL,
    value  double precision NOT NULL,
    PRIMARY KEY (device, at)
) PARTITION BY RANGE (at);

-- What a sample was told with beside its value. Few have any.
CREATE TABLE observation_note (
    device      text        NOT NULL,          -- code: it may be told before the sample is stored
    at          timestamptz NOT NULL,
    began_at    timestamptz CHECK (began_at <= at),  -- of a measurement that took a while
    result_at   timestamptz,
    feature     text,                          -- of a feature other than the place of the device
    more        jsonb       NOT NULL DEFAULT '{}',   -- validTime, resultQuality, parameters
    PRIMARY KEY (device, at)
);
CREATE INDEX observation_note_at ON observation_note (at);
CREATE INDEX observation_note_feature ON observation_note (feature, at) WHERE feature IS NOT NULL;

-- Things, places, instruments, properties and features as they were registered.
CREATE TABLE registered_entity (
    kind          text        NOT NULL CHECK (kind IN (
                      'Thing', 'Location', 'Sensor', 'ObservedProperty', 'FeatureOfInterest')),
    id            text        NOT NULL CHECK (id ~ '^[0-9A-Za-z][0-9A-Za-z._:/-]{0,63}$'),
    content       jsonb       NOT NULL,
    registered_by text        NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (kind, id)
);

-- Where a registered thing was, and since when: the last one is where it is.
CREATE TABLE registered_place (
    id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thing    text        NOT NULL,
    location text        NOT NULL,
    since    timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX registered_place_thing ON registered_place (thing, id);

-- A device beside those of sensors.csv: to the rules it is one of the city's sensors.
CREATE TABLE registered_device (
    code              text        PRIMARY KEY
                      CHECK (code ~ '^[0-9A-Za-z][0-9A-Za-z._:/-]{0,63}$'),
    thing             text        NOT NULL,
    sensor            text        NOT NULL,
    observed_property text        NOT NULL,
    unit              text        NOT NULL,
    lon               double precision NOT NULL CHECK (lon BETWEEN -180 AND 180),
    lat               double precision NOT NULL CHECK (lat BETWEEN -90 AND 90),
    area              text        NOT NULL,    -- right below the city; empty when not known
    source            text        NOT NULL,    -- the key that may send its samples
    content           jsonb       NOT NULL,    -- the datastream as it was told
    registered_by     text        NOT NULL,
    registered_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
