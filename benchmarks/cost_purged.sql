-- Messages in all, those of them that are purged, and the bytes of one that is: the row with its
-- header, and the pointer to it.
select
    count(*) as messages,
    count(*) filter (where r.removed = 'purged') as purged,
    coalesce(avg(pg_column_size(r.*) + 4) filter (where r.removed = 'purged'), 0) as row_bytes
from raw.raw_logins as r
