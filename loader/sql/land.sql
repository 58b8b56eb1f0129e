-- One statement for a chunk. ON CONFLICT without a target needs no right to read the table.
-- In order of message id, so that two loaders with the same messages cannot deadlock.
insert into raw.raw_logins (
    message_id, body, sent_at, receive_count, attributes, body_md5, load_id
)
select
    m.message_id,
    m.body::jsonb,
    m.sent_at,
    m.receive_count,
    m.attributes::jsonb,
    m.body_md5,
    %(load_id)s
from
    unnest(
        %(message_id)s::text[],
        %(body)s::text[],
        %(sent_at)s::timestamptz[],
        %(receive_count)s::integer[],
        %(attributes)s::text[],
        %(body_md5)s::text[]
    ) as m (message_id, body, sent_at, receive_count, attributes, body_md5)
order by m.message_id
on conflict do nothing
