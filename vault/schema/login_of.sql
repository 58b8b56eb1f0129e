-- What a message says about a login. This file is the one place that knows the shape of a message:
-- docs/adapting.md says how to change it. `python -m vault init` applies a change, after it has
-- tried it on every message that has landed.
set local role login_owner;

create or replace function raw.unwrapped(body jsonb) returns jsonb
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp as $$
declare
    -- Each takes a copy of the body, so that a hostile one must not have thousands.
    most constant integer := 8;
    -- Reading a text of JSON takes stack for each level of nesting, and what reads it later may have
    -- less of it. The default of max_stack_depth is enough for 16,000 levels.
    most_brackets constant integer := 8000;
    inner_text text;
begin
    for _ in 1..most loop
        if jsonb_typeof(body) = 'string' and body #>> '{}' ~ '^[[:space:]]*[{["]' then
            inner_text := body #>> '{}'; -- a JSON document in a JSON string
        elsif body ->> 'Type' = 'Notification' and jsonb_typeof(body -> 'Message') = 'string' then
            -- SNS without raw message delivery:
            -- https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html
            inner_text := body ->> 'Message';
        elsif body ? 'detail-type' and body ? 'detail' then
            -- https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
            body := body -> 'detail';
            continue;
        else
            return body;
        end if;
        if regexp_count(inner_text, '[[{]') > most_brackets then
            raise program_limit_exceeded using
                message = format('more than %s lists and objects in an envelope', most_brackets);
        end if;
        body := inner_text;
    end loop;
    raise program_limit_exceeded using message = format('more than %s envelopes in each other', most);
end
$$;
comment on function raw.unwrapped(jsonb) is
'The document in the envelopes of a body: SNS, EventBridge, JSON in a JSON string. Fails if an '
'envelope holds no JSON; such a message is quarantined when it lands';

create or replace function raw.login_of(body jsonb) returns jsonb
language sql
immutable
parallel safe
-- A plain message is the login, under the names that the models use. It is asked for first, as the
-- usual case, and costs nothing.
return case when body ? 'user_id' then body else raw.unwrapped(body) end;
comment on function raw.login_of(jsonb) is
'The login in a message body, as an object with the fields user_id, app_version, device_type, ip, '
'locale and device_id, each text or null; null for a message that is meant to be no login';

reset role;
