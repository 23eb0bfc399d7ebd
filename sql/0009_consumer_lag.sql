-- How far behind consumers are, told by whoever reads a partition, for people: nothing is decided by it.

-- When the first record was written that is in hand and not settled; null while there is none.
alter table :schema.consumer_partitions add column oldest timestamptz;
-- When its owner was last heard of: within some ten seconds while one reads.
alter table :schema.consumer_partitions add column heard_at timestamptz;
