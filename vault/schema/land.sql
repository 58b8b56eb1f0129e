-- A message becomes a row here. The loader calls raw.land for every round of messages.
set local role login_owner;

create or replace function raw.land(
    load uuid,
    message_ids text[],
    bodies text[],
    sent_ats timestamptz[],
    receive_counts integer[],
    attribute_texts text[],
    body_md5s text[],
    out landed integer,
    out quarantined integer
)
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    messages constant integer := cardinality(message_ids);
    middle constant integer := messages / 2;
    code text;
    problem text;
    half record;
    part record;
begin
    landed := 0;
    quarantined := 0;
    begin
        -- ON CONFLICT without a target needs no right to read the table.
        insert into raw.raw_logins (
            message_id, body, sent_at, receive_count, attributes, body_md5, load_id
        )
        select
            m.message_id,
            -- The body in either case. The login is asked for so that what cannot be opened fails here
            -- and is quarantined, and nothing that reads it later can fail.
            case when raw.login_of(m.body) is null then m.body else m.body end,
            m.sent_at, m.receive_count, m.attributes::jsonb, m.body_md5, load
        from (
            select
                u.message_id, u.body::jsonb, u.sent_at, u.receive_count, u.attributes, u.body_md5
            from unnest(message_ids, bodies, sent_ats, receive_counts, attribute_texts, body_md5s)
                as u (message_id, body, sent_at, receive_count, attributes, body_md5)
            offset 0 -- or the body would be read as JSON for each use
        ) as m
        on conflict do nothing;
        get diagnostics landed = row_count;
        return;
    exception
        -- What jsonb cannot hold or raw.login_of cannot open. An error that is caught here never
        -- reaches the server log, where its CONTEXT would quote the body.
        when data_exception or program_limit_exceeded or raise_exception then
            get stacked diagnostics code = returned_sqlstate, problem = message_text;
        when integrity_constraint_violation then
            get stacked diagnostics code = returned_sqlstate, problem = message_text;
            raise exception using errcode = code, message = problem; -- without DETAIL: the row
    end;
    if messages = 1 then
        insert into raw.quarantined_messages (
            message_id, body, sent_at, receive_count, attributes, body_md5, load_id, sqlstate, reason
        )
        values (
            message_ids[1], bodies[1], sent_ats[1], receive_counts[1], attribute_texts[1],
            body_md5s[1], load, code, problem
        )
        on conflict do nothing;
        get diagnostics quarantined = row_count;
        return;
    end if;
    -- Halve until a refused message stands alone, and its neighbours have landed.
    for half in select * from (values (1, middle), (middle + 1, messages)) as h (first, last) loop
        select * into part
        from raw.land(
            load,
            message_ids[half.first:half.last],
            bodies[half.first:half.last],
            sent_ats[half.first:half.last],
            receive_counts[half.first:half.last],
            attribute_texts[half.first:half.last],
            body_md5s[half.first:half.last]
        );
        landed := landed + part.landed;
        quarantined := quarantined + part.quarantined;
    end loop;
end
$$;
comment on function raw.land(uuid, text[], text[], timestamptz[], integer[], text[], text[]) is
'Land messages, each in raw_logins or, if it cannot be read, in quarantined_messages';

create or replace function raw.missing_rights(out is_read_only boolean, out denied text)
language sql
stable
set search_path = pg_catalog, pg_temp as $$
    select
        current_setting('transaction_read_only') = 'on',
        (
            select string_agg(r.subject, ', ')
            from (
                values
                (
                    'function land',
                    has_function_privilege(
                        'raw.land(uuid,text[],text[],timestamptz[],integer[],text[],text[])', 'execute'
                    )
                ),
                ('table raw_logins', has_column_privilege('raw.raw_logins', 'body', 'insert')),
                (
                    'table quarantined_messages',
                    has_column_privilege('raw.quarantined_messages', 'body', 'insert')
                ),
                ('table loads', has_column_privilege('raw.loads', 'load_id', 'insert'))
            ) as r (subject, is_granted)
            where not r.is_granted
        )
$$;
comment on function raw.missing_rights() is
'Which rights the caller lacks to land, and whether the server takes no changes; waits for no lock';

reset role;
