-- Messages as the loader lands them, numbered from :first to :last, always the same, with a receipt.
-- 20,000 a day, the last of :total today; users come back some ten times, with devices and
-- addresses that they share now and then.
begin;
insert into raw.loads (load_id, received, landed, already_there, quarantined)
values (:'load', :last - :first + 1, :last - :first + 1, 0, 0);
insert into raw.raw_logins (message_id, body, sent_at, load_id)
select
    md5('message ' || m.number)::uuid::text,
    jsonb_build_object(
        'user_id', 'user-' || m.person,
        'app_version', format('%s.%s.%s', m.number % 4, m.number / 7 % 6, m.number / 3 % 4),
        'device_type', (array['android', 'ios', 'web'])[1 + m.number % 3],
        'ip', case m.number % 5
            when 0 then format('2001:db8:%s::%s', to_hex(m.home % 65536), to_hex(m.home / 65536))
            else host('10.0.0.0'::inet + m.home)
        end,
        'locale', (array['DE', 'FR', 'RU', null])[1 + m.person % 4],
        'device_id', format('%s-device-%s', m.person / 2, m.number % 3)
    ),
    date_trunc('hour', now()) - (:total - m.number) * interval '1 day' / 20000,
    :'load'
from (
    select
        n.number,
        hashint4(n.number) & 2147483647,
        (hashint4(n.number) & 2147483647) % (:total / 10) as person,
        (hashint4(n.number + 1) & 2147483647) % (:total / 5) as home
    from generate_series(:first, :last) as n (number)
) as m;
commit;
