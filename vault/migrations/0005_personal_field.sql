-- The list of what is masked. Until now it stood in two constraints.
set local role login_owner;

create table if not exists vault.personal_field (
    -- Of a login as raw.login_of gives it. `erasure` is a key that masks nothing.
    field text primary key check (field ~ '^[a-z][a-z0-9_]{0,50}$' and field <> 'erasure'),
    mask text not null generated always as ('masked_' || field) stored
);
comment on table vault.personal_field is 'The fields of a login that are published as masks only';
comment on column vault.personal_field.field is 'As raw.login_of names it';
comment on column vault.personal_field.mask is 'The column of the models that holds the pseudonym';

alter table vault.masking_key drop constraint if exists masking_key_domain_check;
alter table vault.recovery_request drop constraint if exists recovery_request_kind_check;

reset role;
