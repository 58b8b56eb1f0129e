insert into raw.quarantined_messages (
    message_id, body, sent_at, receive_count, attributes, body_md5, load_id, sqlstate, reason
)
values (
    %(message_id)s,
    %(body)s,
    %(sent_at)s,
    %(receive_count)s,
    %(attributes)s,
    %(body_md5)s,
    %(load_id)s,
    %(sqlstate)s,
    %(reason)s
)
on conflict do nothing
