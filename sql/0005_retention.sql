-- How far retention has dropped the log: every partition up to here is gone. Readers that would begin below are told so
-- instead of being handed a log with a hole.
alter table :schema.settings add column dropped_through bigint not null default 0
  constraint settings_dropped_through check (dropped_through >= 0);
