-- What the loader lands. Raw personal data: read by login_transformer only.
set local role login_owner;

create table if not exists raw.raw_logins (
    message_id text primary key,
    body jsonb,
    sent_at timestamptz,
    receive_count integer,
    attributes jsonb,
    body_md5 text,
    load_id uuid not null,
    landed_at timestamptz not null default now(),
    landed_xid xid8 not null default pg_current_xact_id(),
    -- A tombstone keeps the message id, or a redelivery would bring the body back.
    removed text check (removed in ('erased', 'purged')),
    removed_at timestamptz,
    check ((body is null) = (removed is not null))
);
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
comment on column raw.raw_logins.load_id is 'The receipt in raw.loads of the chunk that landed it';
comment on column raw.raw_logins.landed_at is 'When the landing transaction began';
comment on column raw.raw_logins.landed_xid is
'The transaction that landed it: dbt reads windows of it, so that a slow commit is not skipped';

comment on column raw.raw_logins.removed is
'Null, or why the body is gone: erased (the masked row too), or purged (the masked row stays)';
comment on column raw.raw_logins.removed_at is 'When the body was removed';

-- New rows are found by landed_xid, whatever the size of the history.
create index if not exists raw_logins_landed_xid_idx on raw.raw_logins (landed_xid);
create index if not exists raw_logins_removed_idx on raw.raw_logins (removed)
where removed is not null;

create table if not exists raw.quarantined_messages (
    message_id text primary key,
    body text,
    sent_at timestamptz,
    receive_count integer,
    attributes text,
    body_md5 text,
    load_id uuid not null,
    landed_at timestamptz not null default now(),
    landed_xid xid8 not null default pg_current_xact_id(),
    sqlstate text not null,
    reason text not null,
    removed text,
    removed_at timestamptz,
    check ((body is null) = (removed is not null))
);
alter table raw.quarantined_messages
drop constraint if exists quarantined_messages_removed_check;
alter table raw.quarantined_messages
add constraint quarantined_messages_removed_check
check (removed in ('erased', 'purged', 'requeued'));
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

create table if not exists raw.loads (
    load_id uuid primary key,
    received integer not null,
    landed integer not null,
    already_there integer not null,
    quarantined integer not null,
    loaded_at timestamptz not null default now(),
    loaded_by text not null default session_user,
    landed_xid xid8 not null default pg_current_xact_id(),
    check (received = landed + already_there + quarantined)
);
alter table raw.loads
add column if not exists landed_xid xid8 not null default pg_current_xact_id();
create index if not exists loads_landed_xid_idx on raw.loads (landed_xid);
comment on table raw.loads is 'One receipt per chunk, written in the transaction that landed it';
comment on column raw.loads.received is 'Messages in the chunk';
comment on column raw.loads.landed is 'New rows in raw.raw_logins';
comment on column raw.loads.already_there is
'Redelivered messages that had landed or been quarantined before';
comment on column raw.loads.quarantined is 'New rows in raw.quarantined_messages';
comment on column raw.loads.landed_xid is 'The transaction that landed the chunk, as in raw_logins';

create table if not exists raw.model_windows (
    model text primary key,
    last_xid xid8 not null default '0',
    next_xid xid8 not null default '0',
    key_chain text,
    first_xid xid8 not null default '0',
    made_xid xid8 not null default '0'
);
alter table raw.model_windows
add column if not exists first_xid xid8 not null default '0',
add column if not exists made_xid xid8 not null default '0';
comment on table raw.model_windows is
'How far each incremental model has read raw.raw_logins: it holds all with landed_xid < last_xid, '
'and a build reads [last_xid, next_xid)';

comment on column raw.model_windows.key_chain is
'The masking keys that the model is published under, as domain:version, + for keys on top';
comment on column raw.model_windows.first_xid is
'Where the newest build began to read: it read [first_xid, last_xid)';
comment on column raw.model_windows.made_xid is
'The transaction that made the table anew; for a model that follows another, the one that made '
'that, when it was read: if they differ, it is made anew too';

create or replace function raw.land(
    load uuid,
    message_ids text[],
    bodies text[],
    sent_ats timestamptz[],
    receive_counts integer[],
    attribute_texts text[],
    body_md5s text[],
    out landed integer,
    out quarantined integer
)
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    messages constant integer := cardinality(message_ids);
    middle constant integer := messages / 2;
    -- On Citus ON CONFLICT takes a connection for each shard, a plain insert one for each node: so
    -- that is tried first, and is all there is to do unless a message is delivered again.
    may_be_there boolean := to_regclass('pg_dist_partition') is null;
    code text;
    problem text;
    half record;
    part record;
begin
    landed := 0;
    quarantined := 0;
    if not may_be_there then
        if (select l.groupid <> 0 from pg_dist_local_group as l) then
            raise insufficient_privilege using
                message = 'this node is not the coordinator, on which messages are landed';
        end if;
    end if;
    while code is null loop
        begin
            -- ON CONFLICT without a target needs no right to read the table.
            execute
                'insert into raw.raw_logins ('
                ' message_id, body, sent_at, receive_count, attributes, body_md5, load_id)'
                ' select m.message_id, m.body::jsonb, m.sent_at, m.receive_count,'
                '  m.attributes::jsonb, m.body_md5, $7'
                ' from unnest($1, $2, $3, $4, $5, $6)'
                '  as m (message_id, body, sent_at, receive_count, attributes, body_md5)'
                || case when may_be_there then ' on conflict do nothing' else '' end
            using
                message_ids, bodies, sent_ats, receive_counts, attribute_texts, body_md5s, load;
            get diagnostics landed = row_count;
            return;
        exception
            -- What jsonb cannot hold. An error that is caught here never reaches the server log,
            -- where its CONTEXT would quote the body.
            when data_exception or program_limit_exceeded then
                get stacked diagnostics code = returned_sqlstate, problem = message_text;
            when integrity_constraint_violation or internal_error then -- as Citus reports it
                get stacked diagnostics code = returned_sqlstate, problem = message_text;
                if may_be_there then
                    raise exception using errcode = code, message = problem; -- without DETAIL: the row
                end if;
                may_be_there := true;
                code := null;
        end;
    end loop;
    if messages = 1 then
        insert into raw.quarantined_messages (
            message_id, body, sent_at, receive_count, attributes, body_md5, load_id, sqlstate, reason
        )
        -- Not VALUES, which Citus would send to the node in the text of a statement.
        select m.*, load, code, problem
        from unnest(message_ids, bodies, sent_ats, receive_counts, attribute_texts, body_md5s) as m
        on conflict do nothing;
        get diagnostics quarantined = row_count;
        return;
    end if;
    -- Halve until what is refused stands alone, and its neighbours have landed.
    for half in select * from (values (1, middle), (middle + 1, messages)) as h (first, last) loop
        select * into part
        from raw.land(
            load,
            message_ids[half.first:half.last],
            bodies[half.first:half.last],
            sent_ats[half.first:half.last],
            receive_counts[half.first:half.last],
            attribute_texts[half.first:half.last],
            body_md5s[half.first:half.last]
        );
        landed := landed + part.landed;
        quarantined := quarantined + part.quarantined;
    end loop;
end
$$;
comment on function raw.land(uuid, text[], text[], timestamptz[], integer[], text[], text[]) is
'Land messages, each in raw_logins or, if jsonb refuses it, in quarantined_messages';

reset role;
