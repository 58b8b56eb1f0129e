-- What the tables of schema raw hold. Raw personal data: login_transformer alone reads it.
set local role login_owner;

comment on table raw.raw_logins is
'One row per SQS message, body as sent. Personal data. Not partitioned: the primary key is what '
'makes redelivery harmless.';
comment on column raw.raw_logins.message_id is 'The MessageId that SQS gave the message';
comment on column raw.raw_logins.body is
'The message body; of duplicate keys jsonb keeps the last. Null in a tombstone';
comment on column raw.raw_logins.sent_at is 'SentTimestamp: when the producer sent the message';
comment on column raw.raw_logins.receive_count is 'ApproximateReceiveCount when it landed';
comment on column raw.raw_logins.attributes is
'System attributes, and message attributes under "message"';
comment on column raw.raw_logins.body_md5 is 'MD5OfBody as SQS computed it';
comment on column raw.raw_logins.load_id is 'The receipt in raw.loads of the round that landed it';
comment on column raw.raw_logins.landed_at is 'When the landing transaction began';
comment on column raw.raw_logins.landed_xid is
'The transaction that landed it: dbt reads windows of it, so that a slow commit is not skipped';
comment on column raw.raw_logins.removed is
'Null, or why the body is gone: erased (the masked row too), or purged (the masked row stays)';
comment on column raw.raw_logins.removed_at is 'When the body was removed';

comment on table raw.quarantined_messages is
'Messages whose body jsonb refuses, exact text kept. Personal data. Never read by a model.';
comment on column raw.quarantined_messages.body is
'The exact body; a character that no text can hold (NUL, lone surrogate) is a backslash escape';
comment on column raw.quarantined_messages.attributes is
'As in raw.raw_logins, as JSON text: text cannot be refused';
comment on column raw.quarantined_messages.removed is
'Null, or why the body is gone: erased, purged, or requeued (it has landed in raw_logins)';
comment on column raw.quarantined_messages.sqlstate is
'The SQLSTATE with which Postgres refused the body';
comment on column raw.quarantined_messages.reason is
'The error message that goes with it, without its detail';

comment on table raw.loads is 'One receipt per round, written in the transaction that landed it';
comment on column raw.loads.received is 'Messages in the round';
comment on column raw.loads.landed is 'New rows in raw.raw_logins';
comment on column raw.loads.already_there is
'Redelivered messages that had landed or been quarantined before';
comment on column raw.loads.quarantined is 'New rows in raw.quarantined_messages';
comment on column raw.loads.landed_xid is 'The transaction that landed the round, as in raw_logins';

comment on table raw.model_windows is
'How far each model has read: it holds all with landed_xid < last_xid';
comment on column raw.model_windows.key_chain is
'The masking keys that the model is published under, as domain:version, + for keys on top';
comment on column raw.model_windows.first_xid is
'Where the newest build began to read: it read [first_xid, last_xid)';
comment on column raw.model_windows.made_xid is
'The transaction that last made the whole table. For a model that follows user_logins: the one '
'that had made user_logins when it was read. If they differ, the model is made again';

reset role;
