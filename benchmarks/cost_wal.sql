-- What was logged since an LSN: bytes of records, whole pages and their bytes; and how many
-- transaction ids were given out.
select
    coalesce(sum(s.record_size), 0) as wal_bytes,
    (select w.wal_fpi from pg_stat_wal as w) - %(images)s as images,
    coalesce(sum(s.fpi_size), 0) as image_bytes,
    (pg_snapshot_xmax(pg_current_snapshot())::text)::numeric - %(transaction)s::numeric
        as transactions
from pg_get_wal_stats(%(lsn)s::pg_lsn, pg_current_wal_flush_lsn()) as s
