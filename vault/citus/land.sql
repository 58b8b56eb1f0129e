-- raw.land, with two differences. ON CONFLICT takes a connection for each shard here, and a plain
-- insert takes one for each node. So the plain insert is tried first, and succeeds unless a
-- message was delivered again. And raw.land runs with the rights of its owner, because the loader
-- has rights on columns only: a shard that moves to another node loses them, and the coordinator
-- sends defaults as values, so the nodes see an insert into all columns.
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
security definer
set search_path = pg_catalog, pg_temp as $$
declare
    messages constant integer := cardinality(message_ids);
    middle constant integer := messages / 2;
    insertion constant text :=
        'insert into raw.raw_logins ('
        ' message_id, body, sent_at, receive_count, attributes, body_md5, load_id)'
        ' select m.message_id, case when raw.login_of(m.body) is null then m.body else m.body end,'
        '  m.sent_at, m.receive_count, m.attributes::jsonb, m.body_md5, $7'
        ' from ('
        '  select u.message_id, u.body::jsonb, u.sent_at, u.receive_count, u.attributes, u.body_md5'
        '  from unnest($1, $2, $3, $4, $5, $6)'
        '   as u (message_id, body, sent_at, receive_count, attributes, body_md5) offset 0) as m';
    code text;
    problem text;
    half record;
    part record;
begin
    landed := 0;
    quarantined := 0;
    if (select l.groupid <> 0 from pg_dist_local_group as l) then
        raise insufficient_privilege using
            message = 'this node is not the coordinator, on which messages are landed';
    end if;
    begin
        begin
            execute insertion using
                message_ids, bodies, sent_ats, receive_counts, attribute_texts, body_md5s, load;
            get diagnostics landed = row_count;
            return;
        exception
            when integrity_constraint_violation or internal_error then -- a node reports either
                execute insertion || ' on conflict do nothing' using
                    message_ids, bodies, sent_ats, receive_counts, attribute_texts, body_md5s, load;
                get diagnostics landed = row_count;
                return;
        end;
    exception
        when data_exception or program_limit_exceeded or raise_exception then
            get stacked diagnostics code = returned_sqlstate, problem = message_text;
        when integrity_constraint_violation or internal_error then
            get stacked diagnostics code = returned_sqlstate, problem = message_text;
            raise exception using errcode = code, message = problem; -- without DETAIL: the row
    end;
    if messages = 1 then
        insert into raw.quarantined_messages (
            message_id, body, sent_at, receive_count, attributes, body_md5, load_id, sqlstate, reason
        )
        -- Not VALUES, which would be sent to the node in the text of a statement.
        select m.*, load, code, problem
        from unnest(message_ids, bodies, sent_ats, receive_counts, attribute_texts, body_md5s) as m
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

-- One connection to a node and lander, not one to a shard.
do $$
begin
    alter function raw.land(uuid, text[], text[], timestamptz[], integer[], text[], text[])
    set citus.max_adaptive_executor_pool_size = 1;
end
$$;

-- Where nothing can land, whatever the rights.
create or replace function raw.missing_rights(out is_read_only boolean, out denied text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp as $$
begin
    if (select l.groupid <> 0 from pg_dist_local_group as l) then
        raise insufficient_privilege using
            message = 'this node is not the coordinator, on which messages are landed';
    end if;
    is_read_only := current_setting('transaction_read_only') = 'on';
    if not has_function_privilege(
        'raw.land(uuid,text[],text[],timestamptz[],integer[],text[],text[])', 'execute'
    ) then
        denied := 'function land';
    end if;
    if not has_column_privilege('raw.loads', 'load_id', 'insert') then
        denied := 'table loads';
    end if;
end
$$;

reset role;
