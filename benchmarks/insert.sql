-- Rows of raw.raw_logins from arrays, without any of the loader's care.
insert into raw.raw_logins (
    message_id, body, sent_at, receive_count, attributes, body_md5, load_id
)
select
    m.message_id,
    m.body::jsonb as body,
    to_timestamp(m.sent_ms / 1000.0) as sent_at,
    m.receive_count,
    m.attributes::jsonb as attributes,
    m.body_md5,
    gen_random_uuid() as load_id
from
    unnest(
        %(message_id)s::text[],
        %(body)s::text[],
        %(sent_ms)s::bigint[],
        %(receive_count)s::integer[],
        %(attributes)s::text[],
        %(body_md5)s::text[]
    ) as m (message_id, body, sent_ms, receive_count, attributes, body_md5)
on conflict do nothing
