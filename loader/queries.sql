-- name: is_set_up
-- Everybody may read the catalogue, also those who may not read the table.
select count(*) = 1 as is_set_up
from pg_tables
where schemaname = 'raw' and tablename = 'raw_logins';

-- name: land
select
    landed,
    quarantined
from
    raw.land(
        %(load_id)s, %(message_id)s, %(body)s, %(sent_at)s::timestamptz[],
        %(receive_count)s::integer[], %(attributes)s, %(body_md5)s::text[]
    );

-- name: receipt
insert into raw.loads (load_id, received, landed, already_there, quarantined)
values (%(load_id)s, %(received)s, %(landed)s, %(already_there)s, %(quarantined)s);

-- name: missing_rights
select
    is_read_only,
    denied
from raw.missing_rights();
