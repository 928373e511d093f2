-- Why: what the operator charges for a second on a device of a class, from when on; a row never changes, so that
-- reports of the past stay as they were. Lock: none (new table). Duration: none.
create table device_price (
  class      text not null,
  valid_from timestamptz not null,
  price      numeric(18, 9) not null check (price >= 0),
  primary key (class, valid_from)
);
