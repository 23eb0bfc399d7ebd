-- What consumers know: who they are, how far they are, what they have seen, what they try again.

create table :schema.consumers (
  id integer generated always as identity,
  name text collate "C" not null,
  since timestamptz not null default clock_timestamp(),
  constraint consumers_pkey primary key (id),
  constraint consumers_name unique (name)
);

-- A partition in the hands of an instance. The token grows with every owner, over all time, so a row is never deleted.
-- Whoever acts for the partition locks the row FOR KEY SHARE just before it commits. The token is part of a key, so
-- changing it waits for those that have locked the row, while `settled`, and what is wanted, change at any time.
create table :schema.consumer_partitions (
  consumer integer not null,
  name text collate "C" not null,
  owner text not null,
  token bigint not null,
  -- The last token that was asked for. Above the token while a new owner waits: nobody else may lock the row then.
  wanted bigint not null,
  -- Of what it is a partition: a topic of the same name that was made anew has another one, and other offsets.
  origin text,
  -- Everything below is dealt with for good; null while nothing is.
  settled bigint,
  -- One past the last record, as last heard.
  log_end bigint,
  owned_at timestamptz not null default clock_timestamp(),
  settled_at timestamptz,
  constraint consumer_partitions_pkey primary key (consumer, name),
  constraint consumer_partitions_token unique (consumer, name, token)
) with (fillfactor = 50);

-- Which events a consumer has dealt with. Partitioned by the time of the mark, in slots, because what is outside of the
-- window goes as whole partitions. `id` is the id of the event where that is a UUID, else one made of it.
create table :schema.inbox (
  consumer integer not null,
  slot integer not null,
  id uuid not null,
  constraint inbox_pkey primary key (consumer, id, slot)
) partition by list (slot);

-- The last slot that is open takes the marks: with no next one it goes on doing so. A mark made shortly before the next
-- slot opens is put into that, too, so that a second one made after it has opened finds it there (inbox/mark.ts).
create table :schema.inbox_slots (
  slot integer not null,
  opens_at timestamptz not null,
  constraint inbox_slots_pkey primary key (slot)
);

create table :schema.inbox_1 partition of :schema.inbox for values in (1);
insert into :schema.inbox_slots (slot, opens_at) values (1, clock_timestamp());

-- For how long marks are wanted, in milliseconds, as the services say that share the log: the longest counts, and goes
-- on counting for as long again after its service was last heard of.
create table :schema.inbox_windows (
  window_ms bigint not null,
  said_at timestamptz not null default clock_timestamp(),
  constraint inbox_windows_pkey primary key (window_ms)
);

-- Events that failed and are tried again. `event` is to `id` as in the inbox.
create table :schema.consumer_retries (
  consumer integer not null,
  event uuid not null,
  id text not null,
  attempts integer not null,
  first_failed_at timestamptz not null default clock_timestamp(),
  failed_at timestamptz not null default clock_timestamp(),
  next_at timestamptz not null,
  error_code text not null,
  cause text not null,
  constraint consumer_retries_pkey primary key (consumer, event)
);

create index consumer_retries_next on :schema.consumer_retries (next_at);

-- What became of an event at a consumer, for people: written after the effect, and nothing is decided by it.
create table :schema.notifications (
  consumer integer not null,
  event_id text collate "C" not null,
  status text not null,
  attempts integer not null,
  error_code text,
  cause text,
  event_type text,
  topic text collate "C" not null,
  partition integer not null,
  position bigint not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  constraint notifications_pkey primary key (consumer, event_id),
  constraint notifications_status
    check (status in ('PENDING', 'RETRYING', 'FAILED', 'DEAD_LETTERED', 'SKIPPED', 'SUCCEEDED'))
);

create index notifications_updated on :schema.notifications (updated_at);

-- Released queues in the order in which they are worked on; as it was before, but without a sort.
drop index :schema.quarantines_released;
create index quarantines_released on :schema.quarantines (reader, number) where released;

-- The order of dead letters of consumers. A reader with a checkpoint gives places itself; consumers are many writers.
create sequence :schema.dead_letter_places as bigint cache 1;
alter sequence :schema.dead_letter_places owned by :schema.dead_letters.place;
