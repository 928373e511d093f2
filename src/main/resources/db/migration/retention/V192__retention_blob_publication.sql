-- Why: where several servers share a bucket, whether a blob may be removed is decided by its publications, which a
--      bucket does not tell apart: equal content is an equal object.
-- Lock: none, the table is new. Duration: milliseconds.
create sequence blob_publication_number;

create table blob_publication (
  digest    text primary key,
  -- of blob_publication_number, another with each publication; 0 while a blob that was never noted is removed
  published bigint not null
);
