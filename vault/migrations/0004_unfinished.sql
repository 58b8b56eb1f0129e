-- Version 375fad3 made these everywhere. Only some databases need them, which make them again.
set local role login_owner;

drop function if exists raw.unfinished();
drop function if exists raw.with_epoch(xid);

reset role;
