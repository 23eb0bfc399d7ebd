-- How many relays share one log, each publishing the keys that fall to it. One row per change of the number.
create table :schema.relay_shards (
  relay text collate "C" not null,
  generation integer not null,
  shards integer not null,
  -- Where each shard of the generation before stopped for good; null where it has not yet.
  stopped_at bigint[] not null,
  -- Whether the shards of this generation may publish: only once all of those before have stopped.
  active boolean not null,
  constraint relay_shards_pkey primary key (relay, generation),
  constraint relay_shards_shards check (shards between 1 and 64)
);
