-- user_logins as one would fill it by hand: constraints that cost nothing from the start, keys and
-- indexes when the rows are in.
create table bench_user_logins (
    user_id varchar(128) not null,
    device_type varchar(32),
    masked_ip varchar(256) check (length(masked_ip) = 64),
    masked_device_id varchar(256) check (length(masked_device_id) = 64),
    locale varchar(32),
    app_version integer check (app_version >= 0 and app_version <= 2146999999),
    create_date date,
    message_id text,
    sent_at timestamptz,
    landed_xid xid8 not null
);
insert into bench_user_logins
{query};
alter table bench_user_logins add primary key (message_id);
create index on bench_user_logins using hash (masked_ip);
create index on bench_user_logins using hash (masked_device_id);
create index on bench_user_logins (create_date);
create index on bench_user_logins (landed_xid);
create index on bench_user_logins (user_id, app_version, create_date);
