-- Who may do what in raw and vault: the whole list; that of the record is in record.sql. Taken away
-- first, so that applying it again also removes what somebody added.
set local role login_owner;

revoke all on all tables in schema raw, vault
from public, login_loader, login_transformer, login_analyst, login_recovery;
revoke all on all sequences in schema raw, vault
from public, login_loader, login_transformer, login_analyst, login_recovery;
revoke all on all functions in schema raw, vault
from public, login_loader, login_transformer, login_analyst, login_recovery;

-- The loader adds, and reads nothing back. It cannot choose landed_at or landed_xid.
grant insert (
    message_id, body, sent_at, receive_count, attributes, body_md5, load_id
) on raw.raw_logins to login_loader;
grant insert (
    message_id, body, sent_at, receive_count, attributes, body_md5, load_id, sqlstate, reason
) on raw.quarantined_messages to login_loader;
grant execute on function
raw.land(uuid, text[], text[], timestamptz[], integer[], text[], text[]), raw.missing_rights(),
raw.login_of(jsonb), raw.unwrapped(jsonb)
to login_loader;
grant insert (
    load_id, received, landed, already_there, quarantined
) on raw.loads to login_loader;

grant select on raw.raw_logins, raw.quarantined_messages, raw.loads to login_transformer;
grant select, insert, update on raw.model_windows to login_transformer;
grant execute on function
raw.finished_before(), raw.require_finished(text[]), raw.window_state(text, text),
raw.open_window(text, text, boolean, jsonb), raw.login_of(jsonb), raw.unwrapped(jsonb),
raw.login_of_or_null(jsonb), raw.unwrapped_or_body(jsonb)
to login_transformer;
grant select on vault.masking_key, vault.personal_field to login_transformer;
grant execute on function vault.key_chain() to login_transformer;

grant execute on function
vault.request_recovery(text, text, text, text), vault.recover(bigint), vault.recovery_log(),
vault.request_access(text, text, text), vault.access(bigint, text)
to login_recovery;

-- messages_of, erase, erase_hashes, purge and the keys: login_owner alone.

-- What is made tomorrow is nobody's until it is granted. Functions would be everyone's otherwise.
alter default privileges for role login_owner revoke all on functions from public;
alter default privileges for role login_owner revoke all on tables from public;
reset role;

set local role login_transformer;
alter default privileges for role login_transformer revoke all on functions from public;
alter default privileges for role login_transformer revoke all on tables from public;
reset role;

-- On a database of somebody else's, GRANT and REVOKE only warn.
do $$
begin
    if has_database_privilege('public', current_database(), 'connect')
    or not has_database_privilege('login_loader', current_database(), 'connect') then
        raise insufficient_privilege using
            message = 'only the owner of the database may say who connects to it';
    end if;
end
$$;
