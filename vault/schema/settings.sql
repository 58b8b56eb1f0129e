-- Settings. Each change of one is on record.
set local role login_owner;

comment on table vault.settings is
'published_schema: where dbt publishes; recoveries_per_hour: requests that a person may make';
comment on table vault.migration is
'The migrations of vault/migrations that were applied here, and by which version of the project';

create or replace trigger on_record after insert or update or delete on vault.settings
for each row execute function login_audit.record_setting();
alter table vault.settings enable always trigger on_record;

insert into vault.settings (name, value)
values
('published_schema', current_setting('loader.target_schema')),
('recoveries_per_hour', '10')
on conflict do nothing;

reset role;
