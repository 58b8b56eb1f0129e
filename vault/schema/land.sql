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
    -- On Citus ON CONFLICT takes a connection for each shard, a plain insert one for each node: so
    -- that is tried first, and is all there is to do unless a message is delivered again.
    may_be_there boolean := to_regclass('pg_dist_partition') is null;
    code text;
    problem text;
    half record;
    part record;
begin
    landed := 0;
    quarantined := 0;
    if not may_be_there then
        if (select l.groupid <> 0 from pg_dist_local_group as l) then
            raise insufficient_privilege using
                message = 'this node is not the coordinator, on which messages are landed';
        end if;
    end if;
    while code is null loop
        begin
            -- ON CONFLICT without a target needs no right to read the table.
            execute
                'insert into raw.raw_logins ('
                ' message_id, body, sent_at, receive_count, attributes, body_md5, load_id)'
                ' select m.message_id, m.body::jsonb, m.sent_at, m.receive_count,'
                '  m.attributes::jsonb, m.body_md5, $7'
                ' from unnest($1, $2, $3, $4, $5, $6)'
                '  as m (message_id, body, sent_at, receive_count, attributes, body_md5)'
                || case when may_be_there then ' on conflict do nothing' else '' end
            using
                message_ids, bodies, sent_ats, receive_counts, attribute_texts, body_md5s, load;
            get diagnostics landed = row_count;
            return;
        exception
            -- What jsonb cannot hold. An error that is caught here never reaches the server log,
            -- where its CONTEXT would quote the body.
            when data_exception or program_limit_exceeded then
                get stacked diagnostics code = returned_sqlstate, problem = message_text;
            when integrity_constraint_violation or internal_error then -- as Citus reports it
                get stacked diagnostics code = returned_sqlstate, problem = message_text;
                if may_be_there then
                    raise exception using errcode = code, message = problem; -- without DETAIL: the row
                end if;
                may_be_there := true;
                code := null;
        end;
    end loop;
    if messages = 1 then
        insert into raw.quarantined_messages (
            message_id, body, sent_at, receive_count, attributes, body_md5, load_id, sqlstate, reason
        )
        -- Not VALUES, which Citus would send to the node in the text of a statement.
        select m.*, load, code, problem
        from unnest(message_ids, bodies, sent_ats, receive_counts, attribute_texts, body_md5s) as m
        on conflict do nothing;
        get diagnostics quarantined = row_count;
        return;
    end if;
    -- Halve until what is refused stands alone, and its neighbours have landed.
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
'Land messages, each in raw_logins or, if jsonb refuses it, in quarantined_messages';

reset role;
