-- The unique index makes a second order of one key wait for the first, then give way to it.
alter table orders
  add column idempotency_key varchar(255) unique,
  add column input_fingerprint bytea,
  add constraint orders_fingerprint_of_key check ((idempotency_key is null) = (input_fingerprint is null));
