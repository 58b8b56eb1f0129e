-- The record of migrations itself.
set local role login_owner;

create table if not exists vault.migration (
    number integer primary key,
    name text not null,
    version text not null,
    applied_at timestamptz not null default now(),
    applied_by text not null default session_user
);

reset role;
