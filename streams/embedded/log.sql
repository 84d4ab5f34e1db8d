-- The embedded log: records in partitions with dense offsets, and the groups that read them.
-- Idempotent: may be run again at any time.

CREATE SCHEMA IF NOT EXISTS streamlog;

CREATE TABLE IF NOT EXISTS streamlog.topic (
    name       text PRIMARY KEY,
    partitions integer NOT NULL CHECK (partitions BETWEEN 1 AND 1024),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One row per partition. Whoever appends holds its row until commit: that is what makes offsets
-- become visible in their order, so that no reader can pass a record that commits late.
CREATE TABLE IF NOT EXISTS streamlog.head (
    topic        text NOT NULL REFERENCES streamlog.topic (name),
    partition    integer NOT NULL,
    first_offset bigint NOT NULL DEFAULT 0,
    next_offset  bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, partition),
    CHECK (first_offset BETWEEN 0 AND next_offset)
) WITH (fillfactor = 50);

-- Without a foreign key to its topic: streamlog.append knows the topic exists, and the key would
-- lock the topic's row once for every record.
CREATE TABLE IF NOT EXISTS streamlog.record (
    topic         text NOT NULL,
    partition     integer NOT NULL,
    record_offset bigint NOT NULL,
    key           bytea CHECK (octet_length(key) <= 1048576),
    value         bytea NOT NULL CHECK (octet_length(value) <= 1048576),
    appended_at   timestamptz NOT NULL,
    PRIMARY KEY (topic, partition, record_offset)
);

-- The generation grows by one with every member that comes or goes, in the same transaction.
CREATE TABLE IF NOT EXISTS streamlog.consumer_group (
    name       text PRIMARY KEY,
    generation bigint NOT NULL DEFAULT 0,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE IF NOT EXISTS streamlog.member (
    group_name text NOT NULL REFERENCES streamlog.consumer_group (name) ON DELETE CASCADE,
    member     text NOT NULL,
    topics     text[] NOT NULL,
    lease_until timestamptz NOT NULL,
    noted      bigint NOT NULL DEFAULT 0,  -- the last generation this member took note of
    PRIMARY KEY (group_name, member)
);

-- The generation is that of the last claim: commits of an earlier one find no row.
CREATE TABLE IF NOT EXISTS streamlog.committed (
    group_name   text NOT NULL REFERENCES streamlog.consumer_group (name) ON DELETE CASCADE,
    topic        text NOT NULL,
    partition    integer NOT NULL,
    next_offset  bigint NOT NULL,
    generation   bigint NOT NULL,
    committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (group_name, topic, partition),
    FOREIGN KEY (topic, partition) REFERENCES streamlog.head (topic, partition)
) WITH (fillfactor = 50);

-- Append records in their order; gives the partition and offset of each, in the same order.
-- A function, so that each step sees what was committed while the one before waited for its locks.
CREATE OR REPLACE FUNCTION streamlog.append(
    a_topic text, slots bigint[], keys bytea[], record_values bytea[]
) RETURNS TABLE (at_partition integer, at_offset bigint)
LANGUAGE plpgsql AS $append$
DECLARE
    partition_count integer;
BEGIN
    SELECT t.partitions INTO partition_count FROM streamlog.topic t WHERE t.name = a_topic;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'topic % does not exist', a_topic USING ERRCODE = 'no_data_found';
    END IF;

    -- Always in the order of partitions, or two batches could wait for each other for ever.
    PERFORM
       FROM streamlog.head h
      WHERE h.topic = a_topic
        AND h.partition IN (SELECT (s % partition_count)::integer FROM unnest(slots) s)
      ORDER BY h.partition
        FOR UPDATE;

    PERFORM pg_notify('streamlog_appended', a_topic);

    RETURN QUERY
    WITH incoming AS (
        SELECT i.nr,
               (i.slot % partition_count)::integer AS partition,
               row_number() OVER (PARTITION BY i.slot % partition_count ORDER BY i.nr) AS place,
               i.key,
               i.value
          FROM unnest(slots, keys, record_values) WITH ORDINALITY AS i (slot, key, value, nr)
    ), moved AS (
        UPDATE streamlog.head h
           SET next_offset = h.next_offset + c.n
          FROM (SELECT i.partition, count(*) AS n FROM incoming i GROUP BY i.partition) c
         WHERE h.topic = a_topic
           AND h.partition = c.partition
     RETURNING h.partition, h.next_offset - c.n AS base
    ), placed AS (
        SELECT i.nr, i.partition, m.base + i.place - 1 AS record_offset, i.key, i.value
          FROM incoming i
          JOIN moved m USING (partition)
    ), written AS (
        INSERT INTO streamlog.record (topic, partition, record_offset, key, value, appended_at)
        SELECT a_topic, p.partition, p.record_offset, p.key, p.value, clock_timestamp()
          FROM placed p
    )
    SELECT p.partition, p.record_offset FROM placed p ORDER BY p.nr;
END
$append$;
