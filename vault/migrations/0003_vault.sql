-- The masking keys, and the records of recovery and erasure.
set local role login_owner;

create table if not exists vault.masking_key (
    domain text not null check (domain in ('ip', 'device_id', 'erasure')),
    version integer not null check (version > 0),
    -- HMAC keys shorter than the hash output weaken it (RFC 2104, section 3).
    secret bytea not null check (octet_length(secret) >= 32),
    -- What this version hashes: the value, or the mask that the version before it gives.
    is_chained boolean not null default false,
    created_at timestamptz not null default now(),
    primary key (domain, version),
    check (version > 1 or not is_chained)
);

create table if not exists vault.destroyed_key (
    domain text not null,
    version integer not null,
    destroyed_by text not null default session_user,
    destroyed_at timestamptz not null default now(),
    primary key (domain, version)
);

create table if not exists vault.settings (
    name text primary key,
    value text not null
);

create table if not exists vault.recovery_request (
    request_id bigint generated always as identity primary key,
    kind text not null check (kind in ('masked_ip', 'masked_device_id', 'message_id')),
    lookup text not null,
    reason text not null check (length(btrim(reason)) >= 10),
    ticket text,
    requested_by text not null,
    requested_from inet,
    requested_at timestamptz not null,
    requested_xid xid8 not null
);

create table if not exists vault.disclosure (
    request_id bigint not null references vault.recovery_request,
    messages integer not null,
    disclosed_to text not null,
    disclosed_from inet,
    disclosed_at timestamptz not null
);

create table if not exists vault.erasure (
    user_hash text not null,
    messages integer not null,
    erased_by text not null default session_user,
    erased_at timestamptz not null default now()
);

reset role;
