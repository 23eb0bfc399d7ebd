create table orders (
  id          uuid primary key default gen_random_uuid(),
  customer_id uuid not null,
  status      varchar(20) not null default 'CREATED' check (status in ('CREATED', 'CANCELLED')),
  total       numeric(10, 2) not null,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now()
);

create index orders_customer_id on orders (customer_id);

-- Two identical lines are two rows: the line number tells them apart and keeps the order they were given in.
create table order_items (
  id         uuid primary key default gen_random_uuid(),
  order_id   uuid not null references orders (id),
  line       int not null check (line > 0),
  product_id uuid not null,
  quantity   int not null check (quantity > 0),
  unit_price numeric(10, 2) not null check (unit_price > 0),
  unique (order_id, line)
);
