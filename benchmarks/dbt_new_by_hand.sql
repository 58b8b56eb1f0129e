-- New rows by hand, with a window as exact as the macro's.
begin;
set local role login_transformer;
select model from raw.model_windows where model = 'public.user_logins' for update;
update raw.model_windows
set first_xid = last_xid, last_xid = pg_snapshot_xmin(pg_current_snapshot())
where model = 'public.user_logins';
insert into user_logins
{query};
commit;
