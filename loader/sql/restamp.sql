-- Ids become their rank among the ends of all windows. What a window holds it still holds, and what
-- it does not hold it still has to read; and every id is below those that this cluster will give.
with

marks as (

    select coalesce(array_agg(distinct m.xid order by m.xid), '{0}') as xids
    from raw.model_windows as w
    cross join lateral unnest(
        array[w.first_xid, w.last_xid, w.next_xid, w.made_xid]
    ) as m (xid)

),

logins as (

    update raw.raw_logins as r
    set landed_xid = width_bucket(r.landed_xid, m.xids)::text::xid8
    from marks as m

),

quarantined as (

    update raw.quarantined_messages as q
    set landed_xid = width_bucket(q.landed_xid, m.xids)::text::xid8
    from marks as m

),

loads as (

    update raw.loads as l
    set landed_xid = width_bucket(l.landed_xid, m.xids)::text::xid8
    from marks as m

)

update raw.model_windows as w
set
    first_xid = width_bucket(w.first_xid, m.xids)::text::xid8,
    last_xid = width_bucket(w.last_xid, m.xids)::text::xid8,
    next_xid = width_bucket(w.next_xid, m.xids)::text::xid8,
    made_xid = width_bucket(w.made_xid, m.xids)::text::xid8
from marks as m
