-- Where a person is found, in logins and in what is none. Nothing here changes anything. Run as
-- login_owner; nobody else may.
set local role login_owner;

create or replace function vault.unescaped(escaped text) returns text
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp as $$
    -- From left to right, as JSON reads it: the escaped backslashes first, put aside as chr(1). Each
    -- step reads the text once, however many escapes it has. What no text can hold, or no person
    -- writes, is chr(65533), the sign of Unicode for that.
    with parts as (
        select
            s.part,
            s.number,
            case
                when s.number > 1 and s.part ~ '^[0-9a-fA-F]{4}'
                    then ('x' || left(s.part, 4))::bit(16)::integer
            end as code
        from string_to_table(
            regexp_replace(
                regexp_replace(replace(escaped, '\\', chr(1)), '\\(["/])', '\1', 'g'),
                '\\([bfnrt]|x00)', ' ', 'g'
            ), '\u'
        ) with ordinality as s (part, number)
    ),

    neighbours as (
        select
            p.part,
            p.number,
            p.code,
            case
                when length(p.part) = 4 and p.code between 55296 and 56319
                    then lead(p.code) over (order by p.number)
            end as low_half,
            lag(p.code) over (order by p.number) between 55296 and 56319
            and lag(length(p.part)) over (order by p.number) = 4 as is_second
        from parts as p
    )

    select replace(
        string_agg(
            case
                when n.number = 1 then n.part
                when n.code is null then '\u' || n.part
                when n.low_half between 56320 and 57343
                    then chr(65536 + (n.code - 55296) * 1024 + n.low_half - 56320)
                when n.code between 56320 and 57343 and n.is_second then substr(n.part, 5)
                when n.code < 32 or n.code between 55296 and 57343 then chr(65533) || substr(n.part, 5)
                else chr(n.code) || substr(n.part, 5)
            end, '' order by n.number
        ), chr(1), '\'
    )
    from neighbours as n
$$;
comment on function vault.unescaped(text) is
'A text with one layer of the escapes of JSON resolved; never fails, also for text that is no JSON';

create or replace function vault.layers(said text) returns setof text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp as $$
declare
    -- As many as raw.unwrapped opens envelopes.
    most_layers constant integer := 8;
    inner_text text;
begin
    for _ in 0..most_layers loop
        return next said;
        exit when position('\' in said) = 0;
        inner_text := vault.unescaped(said);
        exit when inner_text = said;
        said := inner_text;
    end loop;
end
$$;
comment on function vault.layers(text) is
'A text, and the same text with one layer of the escapes of JSON after the other resolved';

create or replace function vault.names(said text, wanted text) returns boolean
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp as $$
declare
    -- A dot ends a word, unless the word goes on after it.
    word constant text := '(?<![[:alnum:]_.@+-])'
        || regexp_replace(wanted, '([^[:alnum:]])', '\\\1', 'g')
        || '(?![[:alnum:]_@+-]|\.[[:alnum:]])';
begin
    return exists (
        select from vault.layers(said) as l (layer)
        where position(wanted in l.layer) > 0 and l.layer ~ word
    );
end
$$;
comment on function vault.names(text, text) is
'Whether a text has an id as a word of its own, with or without the escapes of JSON';

create or replace function vault.words(said text) returns text[]
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp as $$
    -- Words, and what stands between two quotation marks, which may have blanks.
    select array(
        select m.word[1]
        from vault.layers(said) as l (layer)
        cross join lateral regexp_matches(
            l.layer, '([[:alnum:]_@+-]+(?:\.[[:alnum:]_@+-]+)*)', 'g'
        ) as m (word)
        union
        select m.word[1]
        from vault.layers(said) as l (layer)
        cross join lateral regexp_matches(l.layer, '"([^"]+)(?=")', 'g') as m (word)
    )
$$;
comment on function vault.words(text) is
'What may be an id in a text: its words and quoted strings, with and without the escapes of JSON';

create or replace function vault.without_numbers(attributes text) returns text
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp as $$
    select regexp_replace(
        attributes,
        '"(SentTimestamp|Approximate(ReceiveCount|FirstReceiveTimestamp)|SequenceNumber)": *"?[0-9]+"?',
        '', 'g'
    )
$$;
comment on function vault.without_numbers(text) is
'Attributes of a message without the numbers of SQS, which may be equal to the id of somebody';

create or replace function vault.is_opaque(said text) returns boolean
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp as $$
    select
        -- Base64 in either alphabet has letters of both cases; 40 of them encode 30 bytes. Hashes
        -- and UUIDs in hex have one case, and the longest hash 128 digits.
        exists (
            select from regexp_matches(u.said, '[A-Za-z0-9+/_-]{40,}', 'g') as m (run)
            where m.run[1] ~ '[a-z]' and m.run[1] ~ '[A-Z]' or length(m.run[1]) > 128
        )
        -- Bytes that were read as text: control characters and the sign for what is no text.
        or regexp_count(u.said, '[\u0001-\u0008\u000e-\u001f\u007f-\u009f\ufffd]') >= 8
    from (select vault.unescaped(is_opaque.said) as said) as u
$$;
comment on function vault.is_opaque(text) is
'Whether a text has encoded or binary data in it, in which no id can be found';

create or replace function vault.models_with_users() returns setof regclass
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    model regclass;
begin
    for model in select * from vault.models() loop
        if (
            select count(*) = 2 from pg_attribute as a
            where a.attrelid = model and a.attname in ('message_id', 'user_id')
        ) then
            return next model;
        end if;
    end loop;
end
$$;
comment on function vault.models_with_users() is 'The models with a row for each message of a user';

create or replace function vault.messages_of(wanted text)
returns table (message_id text, place text, is_theirs boolean)
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    -- A number that is written as the id is the id. 7 is not the id 007.
    text_id constant jsonb := to_jsonb(wanted);
    number_id constant jsonb := case
        when wanted ~ '^(0|[1-9][0-9]{0,99})$' then to_jsonb(wanted::numeric)
    end;
    blanks constant text := E' \t\n\r\u00a0';
    folded constant text := lower(btrim(wanted, blanks));
    -- In a text without such an escape, the id stands as it is.
    escape constant text := case when wanted ~ '["\\/[:cntrl:]]' then '\' else '\u' end;
    rejected constant regclass := vault.model_table(
        (select s.value from vault.settings as s where s.name = 'published_schema')
        || '.rejected_logins'
    );
    one record;
    other text;
    is_named boolean;
    model regclass;
begin
    -- Row by row, so that the id is compared here and is in no query on a table: on a cluster that
    -- would be sent on in the text of a statement.
    for one in
        select
            r.message_id,
            raw.login_of(r.body) -> 'user_id' as owner,
            r.body::text as body,
            r.attributes::text as attributes
        from raw.raw_logins as r
        where r.body is not null
    loop
        message_id := one.message_id;
        if one.owner = text_id or one.owner = number_id then
            place := 'login';
            is_theirs := true;
            return next;
            continue;
        end if;
        is_named := (position(wanted in one.body) > 0 or position(escape in one.body) > 0)
            and vault.names(one.body, wanted);
        other := case
            when jsonb_typeof(one.owner) = 'string' then lower(btrim(one.owner #>> '{}', blanks))
        end;
        is_theirs := coalesce(other, '') = '';
        if is_named and not is_theirs and rejected is not null then
            execute format(
                'select exists (select from only %s as m where m.message_id = $1)', rejected
            ) into is_theirs using one.message_id;
        end if;
        place := case
            when is_named and is_theirs then 'rejected'
            when other = folded then 'other spelling'
            when is_named then 'mention'
            when is_theirs and vault.is_opaque(one.body) then 'not searched'
        end;
        if place is not null then
            is_theirs := is_theirs and is_named;
            return next;
        end if;
        if (position(wanted in one.attributes) > 0 or position(escape in one.attributes) > 0)
        and vault.names(vault.without_numbers(one.attributes), wanted) then
            is_theirs := coalesce(other, '') = '' or place = 'rejected';
            place := case when is_theirs then 'attributes' else 'mention in attributes' end;
            return next;
        end if;
    end loop;

    for one in
        select
            q.message_id,
            q.body,
            q.attributes
        from raw.quarantined_messages as q
        where q.removed is null
    loop
        message_id := one.message_id;
        is_theirs := vault.names(one.body, wanted);
        if is_theirs or vault.is_opaque(one.body) then
            place := case when is_theirs then 'quarantined' else 'not searched' end;
            return next;
        end if;
        if vault.names(vault.without_numbers(one.attributes), wanted) then
            place := 'attributes';
            is_theirs := true;
            return next;
        end if;
    end loop;

    -- Of purged messages only the models still know whose they are.
    for model in select * from vault.models_with_users() loop
        for one in execute format('select m.message_id, m.user_id from only %s as m', model) loop
            is_theirs := one.user_id = wanted;
            if is_theirs or lower(btrim(one.user_id, blanks)) = folded then
                message_id := one.message_id;
                place := case when is_theirs then 'row' else 'other spelling' end;
                return next;
            end if;
        end loop;
    end loop;
end
$$;
comment on function vault.messages_of(text) is
'Where a user id is found, one row for each message and place. Theirs: login, row (of a model), '
'rejected, quarantined, attributes. Of others: mention, mention in attributes. Not known: other '
'spelling (case or blanks), not searched (base64 or binary)';

reset role;
