-- Who may do what with the tables of raw and vault: the whole list. Taken away first,
-- so that applying it again also removes what somebody added.
set local role login_owner;

revoke all on all tables in schema raw, vault
from public, login_loader, login_transformer, login_analyst, login_recovery;

-- The loader adds, and reads nothing back. It cannot choose landed_at or landed_xid.
grant insert (
    message_id, body, sent_at, receive_count, attributes, body_md5, load_id
) on raw.raw_logins to login_loader;
grant insert (
    message_id, body, sent_at, receive_count, attributes, body_md5, load_id, sqlstate, reason
) on raw.quarantined_messages to login_loader;
grant insert (
    load_id, received, landed, already_there, quarantined
) on raw.loads to login_loader;

grant select on raw.raw_logins, raw.quarantined_messages, raw.loads to login_transformer;
grant select, insert, update on raw.model_windows to login_transformer;
grant select on vault.masking_key to login_transformer;

-- Functions are executable by everyone unless told otherwise.
alter default privileges for role login_owner revoke execute on functions from public;
reset role;
