-- Records that could not be delivered, and those that wait behind them so that nothing overtakes.
--
-- A quarantine is one queue: of a key of a topic, of a whole topic, or of one record where it has no key and so no
-- order to keep. `subject` is the key or the record's id. While a key has a queue, what follows of it is put there.
-- `released`: an operator has let something in it go, and the reader has not looked since.
create table :schema.quarantines (
  number bigint generated always as identity,
  reader text collate "C" not null,
  scope text not null,
  topic text collate "C" not null,
  subject bytea not null,
  released boolean not null default false,
  since timestamptz not null default clock_timestamp(),
  constraint quarantines_pkey primary key (number),
  constraint quarantines_queue unique (reader, scope, topic, subject),
  constraint quarantines_scope check (scope in ('key', 'topic', 'record'))
);

create index quarantines_released on :schema.quarantines (reader) where released;

-- `reader` is who could not deliver it, `relay/orders` for one. A record is here once for each reader, whatever it goes
-- through:
--   parked     refused; what is behind it in its queue waits
--   held       waits behind a parked one
--   released   may go, in order; so may held ones with no parked one before them
--   discarded  will not be delivered, by decision of a person
--   sent       was delivered after all
--
-- `place` is its order within the reader. It counts only up to the place that the reader's checkpoint names: what is
-- above was set aside by a session whose checkpoint did not move, and will be read, and placed, again.
-- `release` numbers the batch in which it was sent; the checkpoint names the last one that went out.
create table :schema.dead_letters (
  number bigint generated always as identity,
  reader text collate "C" not null,
  event_id text collate "C" not null,
  quarantine bigint not null,
  place bigint,
  state text not null,
  topic text collate "C" not null,
  key bytea,
  value bytea,
  headers json not null,
  partition integer,
  timestamp bigint,
  -- The log was read up to here when it was set aside.
  position bigint not null,
  -- Goes out instead of the value, which is kept.
  edited bytea,
  release bigint,
  error_code text,
  cause text,
  fingerprint text,
  attempts integer not null default 0,
  set_aside_at timestamptz not null default clock_timestamp(),
  parked_at timestamptz,
  released_at timestamptz,
  ended_at timestamptz,
  actor text,
  reason text,
  constraint dead_letters_pkey primary key (number),
  constraint dead_letters_record unique (reader, event_id),
  constraint dead_letters_state check (state in ('parked', 'held', 'released', 'discarded', 'sent'))
);

create index dead_letters_queue on :schema.dead_letters (quarantine, place)
  where state in ('parked', 'held', 'released');
create index dead_letters_place on :schema.dead_letters (reader, place);
create index dead_letters_release on :schema.dead_letters (reader, release) where release is not null;
create index dead_letters_parked on :schema.dead_letters (reader, number) where state = 'parked';

-- What operators did, written in the transaction that did it.
create table :schema.dead_letter_audit (
  number bigint generated always as identity,
  at timestamptz not null default clock_timestamp(),
  actor text not null,
  operation text not null,
  filter jsonb not null,
  reason text,
  dead_letters bigint[] not null,
  constraint dead_letter_audit_pkey primary key (number),
  constraint dead_letter_audit_operation check (operation in ('redrive', 'discard', 'edit'))
);
