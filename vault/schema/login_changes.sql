-- What landed before raw.login_of was changed, or was there at all.
set local role login_owner;

create or replace function raw.unopened()
returns table (message_id text, code text, reason text)
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    page constant integer := 1000;
    last_id text := '';
    ids text[];
    one_body jsonb;
begin
    loop
        select array_agg(p.message_id) into ids
        from (
            select r.message_id from raw.raw_logins as r
            where r.message_id > last_id and r.body is not null
            order by r.message_id
            limit page
        ) as p;
        exit when ids is null;
        last_id := (select max(i.id) from unnest(ids) as i (id));
        begin
            perform count(raw.login_of(r.body)) from raw.raw_logins as r
            where r.message_id = any(ids);
            continue;
        exception when others then
            null; -- one by one, then
        end;
        for unopened.message_id, one_body in
            select r.message_id, r.body from raw.raw_logins as r where r.message_id = any(ids)
        loop
            begin
                perform raw.login_of(one_body);
            exception when others then
                get stacked diagnostics code = returned_sqlstate, reason = message_text;
                return next;
            end;
        end loop;
    end loop;
end
$$;
comment on function raw.unopened() is 'The messages on which raw.login_of fails, and why';

create or replace function vault.quarantine_unopened() returns integer
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    ids text[];
    codes text[];
    reasons text[];
begin
    select array_agg(u.message_id), array_agg(u.code), array_agg(u.reason)
    into ids, codes, reasons
    from raw.unopened() as u;
    if ids is null then
        return 0;
    end if;
    perform raw.lock_builds();
    insert into raw.quarantined_messages (
        message_id, body, sent_at, receive_count, attributes, body_md5, load_id, landed_at, landed_xid,
        sqlstate, reason
    )
    select
        r.message_id, r.body::text, r.sent_at, r.receive_count, r.attributes::text, r.body_md5,
        r.load_id, r.landed_at, r.landed_xid, u.code, u.reason
    from raw.raw_logins as r
    inner join unnest(ids, codes, reasons) as u (message_id, code, reason)
        on r.message_id = u.message_id;
    delete from raw.raw_logins as r where r.message_id = any(ids);
    update raw.loads as l
    set landed = l.landed - m.messages, quarantined = l.quarantined + m.messages
    from (
        select q.load_id, count(*)::integer as messages
        from raw.quarantined_messages as q
        where q.message_id = any(ids)
        group by q.load_id
    ) as m
    where l.load_id = m.load_id;
    perform vault.unpublish(ids);
    return cardinality(ids);
end
$$;
comment on function vault.quarantine_unopened() is
'Move messages on which raw.login_of fails to quarantine, as if it had been there when they '
'landed; returns how many';

-- For what looks into messages after they have landed, with parts of them taken away.
create or replace function raw.login_of_or_null(body jsonb) returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp as $$
begin
    return raw.login_of(body);
exception when others then
    return null;
end
$$;
comment on function raw.login_of_or_null(jsonb) is 'raw.login_of, or null where it fails';

create or replace function raw.unwrapped_or_body(body jsonb) returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp as $$
begin
    return raw.unwrapped(body);
exception when others then
    return body;
end
$$;
comment on function raw.unwrapped_or_body(jsonb) is 'raw.unwrapped, or the body where it fails';

reset role;
