-- The least that writing costs: as many rows of the same width, of constants.
create table bench_constants as
select
    'user-12345'::varchar(128) as user_id,
    'android'::varchar(32) as device_type,
    repeat('a', 64)::varchar(256) as masked_ip,
    repeat('b', 64)::varchar(256) as masked_device_id,
    'DE'::varchar(32) as locale,
    2003000 as app_version,
    '2026-03-01'::date as create_date,
    message_id,
    sent_at
from raw.raw_logins;
