-- The tables of schema raw. Versions of the project that had no migrations have made some of them
-- already: a statement does nothing where its result is there.
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

-- The window of a build is found by landed_xid, whatever the size of the history.
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
-- Version 53734c2 did not know 'requeued'.
alter table raw.quarantined_messages
drop constraint if exists quarantined_messages_removed_check;
alter table raw.quarantined_messages
add constraint quarantined_messages_removed_check
check (removed in ('erased', 'purged', 'requeued'));

create table if not exists raw.loads (
    load_id uuid primary key,
    received integer not null,
    landed integer not null,
    already_there integer not null,
    quarantined integer not null,
    loaded_at timestamptz not null default now(),
    loaded_by text not null default session_user,
    check (received = landed + already_there + quarantined)
);
alter table raw.loads
add column if not exists landed_xid xid8 not null default pg_current_xact_id();
create index if not exists loads_landed_xid_idx on raw.loads (landed_xid);

create table if not exists raw.model_windows (
    model text primary key,
    last_xid xid8 not null default '0',
    next_xid xid8 not null default '0',
    key_chain text
);
alter table raw.model_windows
add column if not exists first_xid xid8 not null default '0',
add column if not exists made_xid xid8 not null default '0';

reset role;
