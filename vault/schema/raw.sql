-- The tables of schema raw. They hold raw personal data; only login_transformer reads them.
set local role login_owner;

comment on table raw.raw_logins is
'One row per SQS message, body as sent. Personal data. Not partitioned, because the primary key '
'makes a redelivery harmless.';
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
'The transaction that landed the message. A build reads a window of these ids';
comment on column raw.raw_logins.removed is
'Null, or why the body is gone: erased (the masked row too), or purged (the masked row stays)';
comment on column raw.raw_logins.removed_at is 'When the body was removed';

comment on table raw.quarantined_messages is
'Messages whose body jsonb refuses, exact text kept. Personal data. Never read by a model.';
comment on column raw.quarantined_messages.body is
'The exact body. A character that text cannot hold (NUL, lone surrogate) is a backslash escape';
comment on column raw.quarantined_messages.attributes is
'As in raw.raw_logins, but as text, because jsonb could refuse it';
comment on column raw.quarantined_messages.removed is
'Null, or why the body is gone: erased, purged, or requeued (it has landed in raw_logins)';
comment on column raw.quarantined_messages.sqlstate is
'The SQLSTATE with which Postgres refused the body';
comment on column raw.quarantined_messages.reason is
'The error message of Postgres, without its detail';

comment on table raw.loads is 'One receipt per round, written in the transaction that landed it';
comment on column raw.loads.received is 'Messages in the round';
comment on column raw.loads.landed is 'New rows in raw.raw_logins';
comment on column raw.loads.already_there is
'Redelivered messages that have landed or were quarantined before';
comment on column raw.loads.quarantined is 'New rows in raw.quarantined_messages';
comment on column raw.loads.landed_xid is 'The transaction that landed the round, as in raw_logins';

comment on table raw.model_windows is
'How far each model has read: it has all messages with landed_xid < last_xid';
comment on column raw.model_windows.key_chain is
'The keys of the published masks, as domain:version; 1+2: key 2 masks the masks of key 1';
comment on column raw.model_windows.first_xid is
'The start of the newest window: the build read [first_xid, last_xid)';
comment on column raw.model_windows.made_xid is
'For user_logins: the last transaction that built the whole table. For a model on top of it: that '
'value when the model was built. If the two differ, the model is built from scratch';

reset role;
