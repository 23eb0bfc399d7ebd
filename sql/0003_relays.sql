-- What a source needs beside the position to go on, in its own words (JSON): where in the write-ahead log, say.
alter table :schema.checkpoints add column state text;

-- Every relay that ever led, as its last leader described it. Status and retention go by it: a relay that is listed
-- here holds back what it has not passed, also while nobody runs it.
create table :schema.relays (
  name text collate "C" not null,
  source text not null,
  delivery text not null,
  slot text,
  wal_budget bigint,
  shard integer not null default 0,
  shards integer not null default 1,
  owner text not null,
  led_at timestamptz not null default clock_timestamp(),
  constraint relays_pkey primary key (name)
);
