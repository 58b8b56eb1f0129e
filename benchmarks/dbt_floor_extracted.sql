-- The least that reading costs: fields taken out and cast, nothing masked, checked or judged.
create table bench_extracted as
select
    body ->> 'user_id' as user_id,
    body ->> 'device_type' as device_type,
    body ->> 'ip' as ip,
    body ->> 'device_id' as device_id,
    body ->> 'locale' as locale,
    split_part(body ->> 'app_version', '.', 1)::integer as app_version,
    (sent_at at time zone 'UTC')::date as create_date,
    message_id,
    sent_at
from raw.raw_logins;
