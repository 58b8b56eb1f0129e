-- vault.erase is given the messages to erase since vault.messages_of finds them.
set local role login_owner;

drop function if exists vault.erase(text);

reset role;
