-- Settings, and the records of recovery, erasure and destroyed keys.
set local role login_owner;

comment on table vault.settings is
'published_schema: where dbt publishes; recoveries_per_hour: requests that a person may make';
comment on table vault.recovery_request is
'Who asked for which raw value, or for the data of which person, and why. Append-only';
comment on column vault.recovery_request.kind is
'The column of a mask, as masked_ip; message_id; or access';
comment on column vault.recovery_request.lookup is
'The mask or message id; for access HMAC-SHA-256 of the user id under the erasure key';
comment on table vault.disclosure is 'Which requests were answered. Append-only; holds no value';
comment on table vault.erasure is
'Whose data was erased, as HMAC-SHA-256 of the user id under the erasure key. Append-only';
comment on table vault.migration is
'The migrations of vault/migrations that were applied here, and by which version of the project';

insert into vault.settings (name, value)
values
('published_schema', current_setting('loader.target_schema')),
('recoveries_per_hour', '10')
on conflict do nothing;

-- Append-only for everyone, the owner included: ALWAYS also holds where a session says that it
-- applies a replica's changes.
create or replace function vault.refuse_change() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp as $$
begin
    raise exception '%.% is append-only', tg_table_schema, tg_table_name;
end
$$;
do $$
declare
    record_table text;
begin
    foreach record_table in array array['recovery_request', 'disclosure', 'erasure', 'destroyed_key'] loop
        execute format(
            'create or replace trigger append_only before update or delete or truncate on vault.%I '
            'for each statement execute function vault.refuse_change()', record_table
        );
        execute format('alter table vault.%I enable always trigger append_only', record_table);
    end loop;
end
$$;

reset role;
