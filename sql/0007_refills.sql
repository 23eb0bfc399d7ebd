-- Every time a relay lost its place in the write-ahead log and was filled in from the table: which range, and whether
-- it is through. Records published for it carry the header onewrite-refill.
create table :schema.refills (
  id bigint generated always as identity,
  relay text collate "C" not null,
  reason text not null,
  -- Everything up to here had left, by the place in the write-ahead log that was lost.
  from_position bigint not null,
  from_lsn pg_lsn not null,
  -- The last position drawn when the loss was found: nothing beyond it can have left before.
  to_position bigint not null,
  found_at timestamptz not null default clock_timestamp(),
  -- From here on the write-ahead log is read again.
  to_lsn pg_lsn,
  finished_at timestamptz,
  events bigint,
  constraint refills_pkey primary key (id)
);

create index refills_relay on :schema.refills (relay, id);
