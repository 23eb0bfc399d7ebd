-- What the migrations in this folder add up to. Written by npm run db:dump; not run by anything.

create sequence onewrite.consumers_id_seq as integer start 1 increment 1 cache 1;
  -- owned by .

create sequence onewrite.dead_letter_audit_number_seq as bigint start 1 increment 1 cache 1;
  -- owned by .

create sequence onewrite.dead_letter_places as bigint start 1 increment 1 cache 1;
  -- owned by onewrite.dead_letters.place

create sequence onewrite.dead_letters_number_seq as bigint start 1 increment 1 cache 1;
  -- owned by .

create sequence onewrite.events_position as bigint start 1 increment 1 cache 1;
  -- owned by onewrite.events.position

create sequence onewrite.quarantines_number_seq as bigint start 1 increment 1 cache 1;
  -- owned by .

create sequence onewrite.refills_id_seq as bigint start 1 increment 1 cache 1;
  -- owned by .

create table onewrite.checkpoints (
  name text collate "C" not null,
  "position" bigint not null,
  fencing_token bigint not null,
  updated_at timestamp with time zone default clock_timestamp() not null,
  state text,
  constraint checkpoints_position CHECK (("position" >= 0)),
  constraint checkpoints_pkey PRIMARY KEY (name)
) with (fillfactor=50);

create table onewrite.consumer_partitions (
  consumer integer not null,
  name text collate "C" not null,
  owner text not null,
  token bigint not null,
  wanted bigint not null,
  origin text,
  settled bigint,
  log_end bigint,
  owned_at timestamp with time zone default clock_timestamp() not null,
  settled_at timestamp with time zone,
  oldest timestamp with time zone,
  heard_at timestamp with time zone,
  constraint consumer_partitions_pkey PRIMARY KEY (consumer, name),
  constraint consumer_partitions_token UNIQUE (consumer, name, token)
) with (fillfactor=50);

create table onewrite.consumer_retries (
  consumer integer not null,
  event uuid not null,
  id text not null,
  attempts integer not null,
  first_failed_at timestamp with time zone default clock_timestamp() not null,
  failed_at timestamp with time zone default clock_timestamp() not null,
  next_at timestamp with time zone not null,
  error_code text not null,
  cause text not null,
  constraint consumer_retries_pkey PRIMARY KEY (consumer, event)
);

create table onewrite.consumers (
  id integer not null,
  name text collate "C" not null,
  since timestamp with time zone default clock_timestamp() not null,
  constraint consumers_pkey PRIMARY KEY (id),
  constraint consumers_name UNIQUE (name)
);

create table onewrite.dead_letter_audit (
  number bigint not null,
  at timestamp with time zone default clock_timestamp() not null,
  actor text not null,
  operation text not null,
  filter jsonb not null,
  reason text,
  dead_letters bigint[] not null,
  constraint dead_letter_audit_operation CHECK ((operation = ANY (ARRAY['redrive'::text, 'discard'::text, 'edit'::text]))),
  constraint dead_letter_audit_pkey PRIMARY KEY (number)
);

create table onewrite.dead_letters (
  number bigint not null,
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
  "timestamp" bigint,
  "position" bigint not null,
  edited bytea,
  release bigint,
  error_code text,
  cause text,
  fingerprint text,
  attempts integer default 0 not null,
  set_aside_at timestamp with time zone default clock_timestamp() not null,
  parked_at timestamp with time zone,
  released_at timestamp with time zone,
  ended_at timestamp with time zone,
  actor text,
  reason text,
  constraint dead_letters_state CHECK ((state = ANY (ARRAY['parked'::text, 'held'::text, 'released'::text, 'discarded'::text, 'sent'::text]))),
  constraint dead_letters_pkey PRIMARY KEY (number),
  constraint dead_letters_record UNIQUE (reader, event_id)
);

create table onewrite.events (
  "position" bigint default nextval('onewrite.events_position'::regclass) not null,
  id uuid not null,
  aggregate_type text collate "C" not null,
  aggregate_id text collate "C" not null,
  sequence bigint not null,
  event_type text collate "C" not null,
  event_version integer not null,
  payload jsonb not null,
  metadata jsonb not null,
  occurred_at timestamp with time zone not null,
  tx_id xid8 not null,
  ordinal integer not null,
  count integer not null,
  constraint events_pkey PRIMARY KEY ("position")
) partition by RANGE ("position");

-- partition of onewrite.events FOR VALUES FROM ('1') TO ('10000001')
create table onewrite.events_0000000000000000001 (
  "position" bigint not null,
  id uuid not null,
  aggregate_type text collate "C" not null,
  aggregate_id text collate "C" not null,
  sequence bigint not null,
  event_type text collate "C" not null,
  event_version integer not null,
  payload jsonb not null,
  metadata jsonb not null,
  occurred_at timestamp with time zone not null,
  tx_id xid8 not null,
  ordinal integer not null,
  count integer not null,
  constraint events_0000000000000000001_pkey PRIMARY KEY ("position")
);

-- partition of onewrite.events FOR VALUES FROM ('10000001') TO ('20000001')
create table onewrite.events_0000000000010000001 (
  "position" bigint not null,
  id uuid not null,
  aggregate_type text collate "C" not null,
  aggregate_id text collate "C" not null,
  sequence bigint not null,
  event_type text collate "C" not null,
  event_version integer not null,
  payload jsonb not null,
  metadata jsonb not null,
  occurred_at timestamp with time zone not null,
  tx_id xid8 not null,
  ordinal integer not null,
  count integer not null,
  constraint events_0000000000010000001_pkey PRIMARY KEY ("position")
);

-- partition of onewrite.events DEFAULT
create table onewrite.events_overflow (
  "position" bigint default nextval('onewrite.events_position'::regclass) not null,
  id uuid not null,
  aggregate_type text collate "C" not null,
  aggregate_id text collate "C" not null,
  sequence bigint not null,
  event_type text collate "C" not null,
  event_version integer not null,
  payload jsonb not null,
  metadata jsonb not null,
  occurred_at timestamp with time zone not null,
  tx_id xid8 not null,
  ordinal integer not null,
  count integer not null,
  constraint events_overflow_pkey PRIMARY KEY ("position")
);

create table onewrite.inbox (
  consumer integer not null,
  slot integer not null,
  id uuid not null,
  constraint inbox_pkey PRIMARY KEY (consumer, id, slot)
) partition by LIST (slot);

-- partition of onewrite.inbox FOR VALUES IN (1)
create table onewrite.inbox_1 (
  consumer integer not null,
  slot integer not null,
  id uuid not null,
  constraint inbox_1_pkey PRIMARY KEY (consumer, id, slot)
);

create table onewrite.inbox_slots (
  slot integer not null,
  opens_at timestamp with time zone not null,
  constraint inbox_slots_pkey PRIMARY KEY (slot)
);

create table onewrite.inbox_windows (
  window_ms bigint not null,
  said_at timestamp with time zone default clock_timestamp() not null,
  constraint inbox_windows_pkey PRIMARY KEY (window_ms)
);

create table onewrite.leases (
  name text collate "C" not null,
  owner text not null,
  token bigint not null,
  expires_at timestamp with time zone not null,
  constraint leases_pkey PRIMARY KEY (name)
) with (fillfactor=50);

create table onewrite.migrations (
  version integer not null,
  name text not null,
  checksum text not null,
  applied_at timestamp with time zone default clock_timestamp() not null,
  constraint migrations_pkey PRIMARY KEY (version)
);

create table onewrite.notifications (
  consumer integer not null,
  event_id text collate "C" not null,
  status text not null,
  attempts integer not null,
  error_code text,
  cause text,
  event_type text,
  topic text collate "C" not null,
  partition integer not null,
  "position" bigint not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  updated_at timestamp with time zone default clock_timestamp() not null,
  constraint notifications_status CHECK ((status = ANY (ARRAY['PENDING'::text, 'RETRYING'::text, 'FAILED'::text, 'DEAD_LETTERED'::text, 'SKIPPED'::text, 'SUCCEEDED'::text]))),
  constraint notifications_pkey PRIMARY KEY (consumer, event_id)
);

create table onewrite.quarantines (
  number bigint not null,
  reader text collate "C" not null,
  scope text not null,
  topic text collate "C" not null,
  subject bytea not null,
  released boolean default false not null,
  since timestamp with time zone default clock_timestamp() not null,
  constraint quarantines_scope CHECK ((scope = ANY (ARRAY['key'::text, 'topic'::text, 'record'::text]))),
  constraint quarantines_pkey PRIMARY KEY (number),
  constraint quarantines_queue UNIQUE (reader, scope, topic, subject)
);

create table onewrite.refills (
  id bigint not null,
  relay text collate "C" not null,
  reason text not null,
  from_position bigint not null,
  from_lsn pg_lsn not null,
  to_position bigint not null,
  found_at timestamp with time zone default clock_timestamp() not null,
  to_lsn pg_lsn,
  finished_at timestamp with time zone,
  events bigint,
  constraint refills_pkey PRIMARY KEY (id)
);

create table onewrite.relay_shards (
  relay text collate "C" not null,
  generation integer not null,
  shards integer not null,
  stopped_at bigint[] not null,
  active boolean not null,
  constraint relay_shards_shards CHECK (((shards >= 1) AND (shards <= 64))),
  constraint relay_shards_pkey PRIMARY KEY (relay, generation)
);

create table onewrite.relays (
  name text collate "C" not null,
  source text not null,
  delivery text not null,
  slot text,
  wal_budget bigint,
  shard integer default 0 not null,
  shards integer default 1 not null,
  owner text not null,
  led_at timestamp with time zone default clock_timestamp() not null,
  constraint relays_pkey PRIMARY KEY (name)
);

create table onewrite.settings (
  only_row boolean default true not null,
  partition_size bigint not null,
  dropped_through bigint default 0 not null,
  constraint settings_dropped_through CHECK ((dropped_through >= 0)),
  constraint settings_only_row_check CHECK (only_row),
  constraint settings_partition_size_check CHECK ((partition_size >= 1000)),
  constraint settings_pkey PRIMARY KEY (only_row)
);

create table onewrite.streams (
  aggregate_type text collate "C" not null,
  aggregate_id text collate "C" not null,
  version bigint not null,
  constraint streams_pkey PRIMARY KEY (aggregate_type, aggregate_id)
) with (fillfactor=80);

CREATE INDEX consumer_retries_next ON onewrite.consumer_retries USING btree (next_at);

CREATE INDEX dead_letters_parked ON onewrite.dead_letters USING btree (reader, number) WHERE (state = 'parked'::text);

CREATE INDEX dead_letters_place ON onewrite.dead_letters USING btree (reader, place);

CREATE INDEX dead_letters_queue ON onewrite.dead_letters USING btree (quarantine, place) WHERE (state = ANY (ARRAY['parked'::text, 'held'::text, 'released'::text]));

CREATE INDEX dead_letters_release ON onewrite.dead_letters USING btree (reader, release) WHERE (release IS NOT NULL);

CREATE INDEX events_0000000000000000001_aggregate_type_aggregate_id_sequ_idx ON onewrite.events_0000000000000000001 USING btree (aggregate_type, aggregate_id, sequence);

CREATE UNIQUE INDEX events_0000000000000000001_id_idx ON onewrite.events_0000000000000000001 USING btree (id);

CREATE INDEX events_0000000000010000001_aggregate_type_aggregate_id_sequ_idx ON onewrite.events_0000000000010000001 USING btree (aggregate_type, aggregate_id, sequence);

CREATE UNIQUE INDEX events_0000000000010000001_id_idx ON onewrite.events_0000000000010000001 USING btree (id);

CREATE INDEX events_overflow_aggregate_type_aggregate_id_sequence_idx ON onewrite.events_overflow USING btree (aggregate_type, aggregate_id, sequence);

CREATE UNIQUE INDEX events_overflow_id ON onewrite.events_overflow USING btree (id);

CREATE INDEX events_stream ON ONLY onewrite.events USING btree (aggregate_type, aggregate_id, sequence);

CREATE INDEX notifications_updated ON onewrite.notifications USING btree (updated_at);

CREATE INDEX quarantines_released ON onewrite.quarantines USING btree (reader, number) WHERE released;

CREATE INDEX refills_relay ON onewrite.refills USING btree (relay, id);

CREATE OR REPLACE FUNCTION onewrite.advance_stream(p_type text, p_id text, p_added bigint, p_expected bigint)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
declare
  v_version bigint;
begin
  if p_expected is null then
    insert into "onewrite".streams as s (aggregate_type, aggregate_id, version) values (p_type, p_id, p_added)
    on conflict on constraint streams_pkey do update set version = s.version + excluded.version
    returning s.version into v_version;
  elsif p_expected = 0 then
    insert into "onewrite".streams as s (aggregate_type, aggregate_id, version) values (p_type, p_id, p_added)
    on conflict on constraint streams_pkey do nothing
    returning s.version into v_version;
  else
    update "onewrite".streams as s set version = s.version + p_added
    where s.aggregate_type = p_type and s.aggregate_id = p_id and (p_expected = -1 or s.version = p_expected)
    returning s.version into v_version;
  end if;
  if v_version is null then
    perform "onewrite".refuse_version(p_type, p_id, p_expected);
  end if;
  return v_version;
end $function$
;

CREATE OR REPLACE FUNCTION onewrite.append(p_streams jsonb, p_events jsonb, OUT last_position bigint, OUT transaction_id text, OUT versions bigint[])
 RETURNS record
 LANGUAGE plpgsql
AS $function$
declare
  v_tx xid8 := pg_current_xact_id();
  v_marker text := current_setting('onewrite.recorded', true);
  v_before integer := 0;
  v_after integer;
  v_types text[];
  v_ids text[];
  v_bases bigint[];
  v_total bigint := 0;
  v_stream record;
  v_one jsonb := p_streams -> 0;
  v_event jsonb := p_events -> 0;
  v_offset bigint;
begin
  if v_marker is not null and split_part(v_marker, ' ', 1) = v_tx::text then
    v_before := split_part(v_marker, ' ', 2)::integer;
  end if;
  v_after := v_before + jsonb_array_length(p_events);
  perform set_config('onewrite.recorded', v_tx || ' ' || v_after, true);
  transaction_id := v_tx::text;

  -- Most appends are one event of one stream. What follows below does the same, for a third more.
  if v_after = v_before + 1 and jsonb_array_length(p_streams) = 1 and v_one -> 'added' = '1' then
    versions := array["onewrite".advance_stream(v_one ->> 'type', v_one ->> 'id', 1, (v_one ->> 'expected')::bigint)];
    insert into "onewrite".events as e (id, aggregate_type, aggregate_id, sequence, event_type, event_version,
      payload, metadata, occurred_at, tx_id, ordinal, count)
    values ((v_event ->> 'id')::uuid, v_one ->> 'type', v_one ->> 'id', versions[1], v_event ->> 'type',
      (v_event ->> 'version')::integer, nullif(v_event -> 'payload', 'null'), nullif(v_event -> 'metadata', 'null'),
      (v_event ->> 'occurred_at')::timestamptz, v_tx, v_before, v_after)
    returning e.position, (e.position - 1) % (select s.partition_size from "onewrite".settings s)
    into last_position, v_offset;
    -- As refuse_duplicate would find by itself, which costs as much as a fifth of all this.
    if v_offset <= 100000 and last_position > v_offset + 1 then
      perform "onewrite".refuse_duplicate(p_events, last_position);
    end if;
    return;
  end if;

  for v_stream in
    select s.type, s.id, s.added, s.expected
    from jsonb_to_recordset(p_streams) as s(type text, id text, added bigint, expected bigint)
  loop
    v_types := v_types || v_stream.type;
    v_ids := v_ids || v_stream.id;
    versions := versions || "onewrite".advance_stream(v_stream.type, v_stream.id, v_stream.added, v_stream.expected);
    v_bases := v_bases || (versions[cardinality(versions)] - v_stream.added);
    v_total := v_total + v_stream.added;
  end loop;
  if v_total <> v_after - v_before then
    raise exception 'append: p_streams announces % events, p_events holds %', v_total, v_after - v_before
      using errcode = '22023';
  end if;

  insert into "onewrite".events (id, aggregate_type, aggregate_id, sequence, event_type, event_version,
    payload, metadata, occurred_at, tx_id, ordinal, count)
  select e.id, v_types[e.stream], v_ids[e.stream], v_bases[e.stream] + e.place, e.type, e.version,
    e.payload, e.metadata, e.occurred_at, v_tx, (v_before + e.ordinal - 1)::integer, v_after
  from rows from (jsonb_to_recordset(p_events) as (id uuid, stream integer, place bigint, type text,
      version integer, payload jsonb, metadata jsonb, occurred_at timestamptz)) with ordinality
    as e(id, stream, place, type, version, payload, metadata, occurred_at, ordinal);

  last_position := currval('"onewrite".events_position');
  perform "onewrite".refuse_duplicate(p_events, last_position);
end $function$
;

CREATE OR REPLACE FUNCTION onewrite.create_partition(p_position bigint, p_size bigint)
 RETURNS text
 LANGUAGE plpgsql
AS $function$
declare
  v_from bigint := (p_position - 1) / p_size * p_size + 1;
  v_name text := 'events_' || lpad(v_from::text, 19, '0');
begin
  if to_regclass(format('%I.%I', 'onewrite', v_name)) is not null then
    return null;
  end if;
  -- ATTACH would find them too, but only after it has locked and scanned the whole overflow partition.
  if exists (select from "onewrite".events_overflow e where e.position between v_from and v_from + p_size - 1) then
    raise exception 'events from position % on lie in the overflow partition', v_from using errcode = '23514';
  end if;
  execute format('create table %I.%I (like %I.events including constraints)',
    'onewrite', v_name, 'onewrite');
  execute format('create unique index on %I.%I (id)', 'onewrite', v_name);
  execute format('create trigger append_only before update or delete or truncate on %I.%I
    for each statement execute function %I.refuse_change()', 'onewrite', v_name, 'onewrite');
  execute format('alter table %I.events attach partition %I.%I for values from (%s) to (%s)',
    'onewrite', 'onewrite', v_name, v_from, v_from + p_size);
  return v_name;
end $function$
;

CREATE OR REPLACE FUNCTION onewrite.read_marks(OUT last_position bigint, OUT writers text[])
 RETURNS record
 LANGUAGE plpgsql
AS $function$
begin
  select case when s.is_called then s.last_value else 0 end into last_position from "onewrite".events_position s;
  select coalesce(array_agg(distinct l.virtualtransaction), '{}') into writers
  from pg_locks l
  where l.locktype = 'relation' and l.relation = '"onewrite".events'::regclass and l.granted
    and l.database = (select d.oid from pg_database d where d.datname = current_database())
    and l.mode = 'RowExclusiveLock';
end $function$
;

CREATE OR REPLACE FUNCTION onewrite.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'the log is append-only: % on %.% was refused', tg_op, tg_table_schema, tg_table_name
    using errcode = 'OW002', detail = tg_op;
end $function$
;

CREATE OR REPLACE FUNCTION onewrite.refuse_duplicate(p_events jsonb, p_position bigint)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  v_size bigint := (select partition_size from "onewrite".settings);
  v_border bigint := (p_position - 1) / v_size * v_size;
  v_id uuid;
begin
  if v_border = 0 or p_position - v_border > 100000 + jsonb_array_length(p_events) then
    return;
  end if;
  select e.id into v_id from "onewrite".events e
  where e.position > v_border - v_size and e.position <= p_position
    and e.id = any (array(select (n.event ->> 'id')::uuid from jsonb_array_elements(p_events) as n(event)))
  group by e.id having count(*) > 1
  limit 1;
  if found then
    raise exception 'event % is already recorded', v_id using errcode = '23505', detail = v_id::text;
  end if;
end $function$
;

CREATE OR REPLACE FUNCTION onewrite.refuse_version(p_type text, p_id text, p_expected bigint)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  v_actual bigint;
begin
  select s.version into v_actual from "onewrite".streams s where s.aggregate_type = p_type and s.aggregate_id = p_id;
  raise exception 'stream %/%: expected %, actual %', p_type, p_id, p_expected, coalesce(v_actual, 0)
    using errcode = 'OW001', detail = jsonb_build_object(
      'aggregate_type', p_type, 'aggregate_id', p_id, 'expected', p_expected, 'actual', coalesce(v_actual, 0))::text;
end $function$
;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON onewrite.events FOR EACH STATEMENT EXECUTE FUNCTION onewrite.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON onewrite.events_0000000000000000001 FOR EACH STATEMENT EXECUTE FUNCTION onewrite.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON onewrite.events_0000000000010000001 FOR EACH STATEMENT EXECUTE FUNCTION onewrite.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON onewrite.events_overflow FOR EACH STATEMENT EXECUTE FUNCTION onewrite.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON onewrite.streams FOR EACH STATEMENT EXECUTE FUNCTION onewrite.refuse_change();
