-- A build moves its window once, when it opens it, and needs no second end.
set local role login_owner;

alter table raw.model_windows drop column if exists next_xid;

reset role;
