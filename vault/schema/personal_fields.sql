-- What is personal in a login and is published as a mask only: the one list. Each field has a
-- masking key of its own, MASKING_KEY_… in the environment, and its mask is the column masked_… of
-- user_logins. docs/adapting.md says what a new field needs besides.
set local role login_owner;

with

listed (field) as (

    values
    ('ip'),
    ('device_id')

),

removed as (

    delete from vault.personal_field as p
    where p.field not in (select l.field from listed as l)

)

insert into vault.personal_field (field)
select l.field from listed as l
on conflict do nothing;

reset role;
