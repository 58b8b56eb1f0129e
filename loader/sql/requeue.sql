-- Land a page of quarantined messages again. What is still refused stays: it is there already.
with

page as (

    select q.*
    from raw.quarantined_messages as q
    where q.removed is null and q.message_id > %(after_id)s
    order by q.message_id
    limit %(page)s

),

tried as (

    select
        %(load_id)s::uuid as load_id,
        max(p.message_id) as last_id,
        count(*)::integer as messages,
        array_agg(p.message_id) as message_ids,
        array_agg(p.body) as bodies,
        array_agg(p.sent_at) as sent_ats,
        array_agg(p.receive_count) as receive_counts,
        array_agg(p.attributes) as attributes,
        array_agg(p.body_md5) as body_md5s
    from page as p

)

select
    t.last_id,
    t.messages,
    l.landed
from tried as t
cross join
    raw.land(
        t.load_id,
        t.message_ids,
        t.bodies,
        t.sent_ats,
        t.receive_counts,
        t.attributes,
        t.body_md5s
    ) as l
where t.messages > 0
