-- Who leads, and how far each reader has come.

-- A lease is a row that is never deleted: its token must keep growing over all owners. It expires by the clock of this
-- database alone. A row rather than an advisory lock, because behind PgBouncer no session is ours to hold a lock with.
create table :schema.leases (
  name text collate "C" not null,
  owner text not null,
  token bigint not null,
  expires_at timestamptz not null,
  constraint leases_pkey primary key (name)
) with (fillfactor = 50);

-- The position up to which a reader has dealt with the log, `relay/orders` or `group/printer`. The token of the lease
-- under which it was saved keeps a former owner from moving it.
create table :schema.checkpoints (
  name text collate "C" not null,
  position bigint not null,
  fencing_token bigint not null,
  updated_at timestamptz not null default clock_timestamp(),
  constraint checkpoints_pkey primary key (name),
  constraint checkpoints_position check (position >= 0)
) with (fillfactor = 50);
