update raw.quarantined_messages
set body = null, attributes = null, body_md5 = null, removed = 'purged', removed_at = now()
where removed is null and coalesce(sent_at, landed_at) < now() - %(older_than)s::interval
