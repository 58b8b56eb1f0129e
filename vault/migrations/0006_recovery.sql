-- The function returned the columns ip and device_id. A function cannot be replaced by one that
-- returns other columns.
set local role login_owner;

drop function if exists vault.recover(bigint);

reset role;
