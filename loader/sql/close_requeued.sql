update raw.quarantined_messages as q
set body = null, attributes = null, body_md5 = null, removed = 'requeued', removed_at = now()
where
    q.removed is null
    and exists (
        select from raw.raw_logins as r
        where r.message_id = q.message_id
    )
