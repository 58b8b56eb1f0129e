"""Attacks on the raw data, the keys and the record, each with the role that tries it.

`ana`, `lotte`, `dora` and `rick` are logins in the roles login_analyst, login_loader,
login_transformer and login_recovery; `stan` is a stranger who may connect and nothing else;
`owner` and `postgres` work as login_owner and as the superuser.
"""

RAW = "(message_id, body, load_id"
VALUES = "('forged', '{}', gen_random_uuid()"
REQUEST = "vault.request_recovery('message_id', 'm', 'because I am curious')"
ACCESS = "vault.request_access('user-0001', 'because I am curious')"

# name -> (who, statements); the last statement must be refused.
ATTACKS: dict[str, tuple[str, str]] = {
    # A curious analyst, or a stolen analyst's password: reading
    "analyst reads raw messages": ("ana", "select body from raw.raw_logins"),
    "analyst counts raw messages": ("ana", "select count(*) from raw.raw_logins"),
    "analyst copies raw messages": ("ana", "copy raw.raw_logins to stdout"),
    "analyst copies a query": ("ana", "copy (select body from raw.raw_logins) to stdout"),
    "analyst reads the quarantine": ("ana", "select * from raw.quarantined_messages"),
    "analyst reads receipts": ("ana", "select * from raw.loads"),
    "analyst reads windows": ("ana", "select * from raw.model_windows"),
    "analyst reads the keys": ("ana", "select secret from vault.masking_key"),
    "analyst explains a query of the keys": (
        "ana",
        "explain (analyze, verbose) select secret from vault.masking_key",
    ),
    "analyst reads the requests": ("ana", "select * from login_audit.entry where kind = 'request'"),
    "analyst reads the disclosures": (
        "ana",
        "select * from login_audit.entry where kind = 'disclosure'",
    ),
    "analyst reads the erasures": ("ana", "select * from login_audit.entry where kind = 'erasure'"),
    "analyst asks for a recovery": ("ana", f"select {REQUEST}"),
    "analyst recovers": ("ana", "select * from vault.recover(1)"),
    "analyst asks for access": ("ana", f"select {ACCESS}"),
    "analyst has access": ("ana", "select vault.access(1, 'user-0001')"),
    "analyst lists recoveries": ("ana", "select * from vault.recovery_log()"),
    "analyst asks which keys mask": ("ana", "select vault.key_chain()"),
    "analyst masks with the key": (
        "ana",
        "select crypto.hmac('192.0.2.1', secret, 'sha256') from vault.masking_key",
    ),
    # … and writing
    "analyst erases": ("ana", "select vault.erase('user-0001', '{}', '{}')"),
    "analyst purges": ("ana", "select vault.purge(now(), '', 100)"),
    "analyst changes a login": ("ana", "update public.user_logins set user_id = 'x'"),
    "analyst deletes logins": ("ana", "delete from public.user_logins"),
    "analyst empties the table": ("ana", "truncate public.user_logins"),
    "analyst puts a trigger on the table": (
        "ana",
        "create trigger t before insert on public.user_logins"
        " for each row execute function suppress_redundant_updates_trigger()",
    ),
    "analyst puts a rule on the table": (
        "ana",
        "create rule r as on insert to public.user_logins do also select 1",
    ),
    "analyst makes a table": ("ana", "create table public.copied (x integer)"),
    "analyst makes a temporary table": ("ana", "create temporary table copied (x integer)"),
    "analyst makes a schema": ("ana", "create schema mine"),
    "analyst makes a function": (
        "ana",
        "create function public.f() returns integer language sql as 'select 1'",
    ),
    # … and becoming somebody else
    "analyst becomes the transformer": ("ana", "set role login_transformer"),
    "analyst becomes the loader": ("ana", "set role login_loader"),
    "analyst becomes the owner": ("ana", "set role login_owner"),
    "analyst becomes recovery": ("ana", "set role login_recovery"),
    "analyst becomes the superuser": ("ana", "set session authorization postgres"),
    "analyst grants herself a role": ("ana", "grant login_owner to ana"),
    "analyst makes herself superuser": ("ana", "alter role ana superuser"),
    "analyst takes the table": ("ana", "alter table public.user_logins owner to ana"),
    # … and going round the tables
    "analyst reads a file": ("ana", "select pg_read_file('/etc/passwd')"),
    "analyst lists a directory": ("ana", "select pg_ls_dir('.')"),
    "analyst copies from a program": ("ana", "copy public.user_logins from program 'id'"),
    "analyst copies to a file": ("ana", "copy public.user_logins to '/tmp/copied'"),
    "analyst imports a large object": ("ana", "select lo_import('/etc/passwd')"),
    "analyst loads dblink": ("ana", "create extension dblink"),
    "analyst loads file_fdw": ("ana", "create extension file_fdw"),
    "analyst makes a replication slot": (
        "ana",
        "select pg_create_physical_replication_slot('s')",
    ),
    "analyst decodes changes": (
        "ana",
        "select pg_create_logical_replication_slot('s', 'pgoutput')",
    ),
    "analyst publishes": ("ana", "create publication p for all tables"),
    "analyst changes the server": ("ana", "alter system set log_statement = 'all'"),
    "analyst logs everything": ("ana", "set log_statement = 'all'"),
    "analyst ends another session": (
        "ana",
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres'",
    ),
    "analyst reads a table made tomorrow": ("ana", "select * from public.made_tomorrow"),
    "analyst calls a function made tomorrow": ("ana", "select public.made_tomorrow_too()"),
    # Stolen loader credentials
    "loader reads bodies": ("lotte", "select body from raw.raw_logins"),
    "loader reads ids": ("lotte", "select message_id from raw.raw_logins"),
    "loader reads what it adds": (
        "lotte",
        f"insert into raw.raw_logins {RAW}) values {VALUES}) on conflict do nothing returning body",
    ),
    "loader probes for an id": (
        "lotte",
        f"insert into raw.raw_logins {RAW}) values {VALUES}) on conflict (message_id) do nothing",
    ),
    "loader overwrites": (
        "lotte",
        f"insert into raw.raw_logins {RAW}) values {VALUES})"
        " on conflict (message_id) do update set body = excluded.body",
    ),
    "loader changes bodies": ("lotte", "update raw.raw_logins set body = '{}'"),
    "loader deletes": ("lotte", "delete from raw.raw_logins"),
    "loader truncates": ("lotte", "truncate raw.raw_logins"),
    "loader forges landed_at": (
        "lotte",
        f"insert into raw.raw_logins {RAW}, landed_at) values {VALUES}, '2000-01-01')",
    ),
    "loader forges landed_xid": (
        "lotte",
        f"insert into raw.raw_logins {RAW}, landed_xid) values {VALUES}, '1')",
    ),
    "loader forges a tombstone": (
        "lotte",
        "insert into raw.raw_logins (message_id, load_id, removed)"
        " values ('forged', gen_random_uuid(), 'erased')",
    ),
    "loader lands no body": (
        "lotte",
        "insert into raw.raw_logins (message_id, body, load_id)"
        " values ('forged', null, gen_random_uuid())",
    ),
    "loader reads the quarantine": ("lotte", "select body from raw.quarantined_messages"),
    "loader reads the keys": ("lotte", "select secret from vault.masking_key"),
    "loader reads logins": ("lotte", "select * from public.user_logins"),
    "loader becomes the transformer": ("lotte", "set role login_transformer"),
    "loader makes a temporary table": ("lotte", "create temporary table copied (x integer)"),
    # A dbt developer, who reads raw messages by trade, and may not change them
    "transformer changes bodies": ("dora", "update raw.raw_logins set body = '{}'"),
    "transformer deletes messages": ("dora", "delete from raw.raw_logins"),
    "transformer adds a key": (
        "dora",
        "insert into vault.masking_key (domain, version, secret)"
        " values ('ip', 9, repeat('x', 32)::bytea)",
    ),
    "transformer deletes a key": ("dora", "delete from vault.masking_key"),
    "transformer drops the table": ("dora", "drop table raw.raw_logins"),
    "transformer makes a table in raw": ("dora", "create table raw.copied (x integer)"),
    "transformer asks for a recovery": ("dora", f"select {REQUEST}"),
    "transformer asks for access": ("dora", f"select {ACCESS}"),
    "transformer reads the requests": ("dora", "select * from login_audit.entry"),
    "transformer erases": ("dora", "select vault.erase('user-0001', '{}', '{}')"),
    "transformer becomes the owner": ("dora", "set role login_owner"),
    # Recovery, past the record
    "recovery reads raw messages": ("rick", "select body from raw.raw_logins"),
    "recovery reads the keys": ("rick", "select secret from vault.masking_key"),
    "recovery reads logins": ("rick", "select * from public.user_logins"),
    "recovery asks and sees in one transaction": (
        "rick",
        f"begin; select * from vault.recover((select {REQUEST}))",
    ),
    "recovery asks and sees after a savepoint": (
        "rick",
        f"begin; savepoint s; select {REQUEST}; release s; select vault.recover(max(request_id))"
        " from vault.recovery_log()",
    ),
    "recovery asks for access and has it in one transaction": (
        "rick",
        f"begin; select vault.access((select {ACCESS}), 'user-0001')",
    ),
    "recovery asks for access without a reason": (
        "rick",
        "select vault.request_access('user-0001', '   short   ')",
    ),
    "recovery has access by a request for a message": (
        "rick",
        "select vault.access(1, 'user-0001')",
    ),
    "recovery hashes a user id": ("rick", "select vault.user_hash('user-0001')"),
    "recovery finds a user's messages": ("rick", "select vault.messages_of('user-0001')"),
    "recovery reads the rows of a model": (
        "rick",
        "select vault.published_rows('public.user_logins', 'user-0001', '{}')",
    ),
    "recovery records a request past its limits": (
        "rick",
        "select vault.record_request('message_id', 'm', 'because I am curious', null)",
    ),
    "recovery records a disclosure": ("rick", "select vault.record_disclosure(1, 0)"),
    "recovery gives no reason": (
        "rick",
        "select vault.request_recovery('message_id', 'm', '   short   ')",
    ),
    "recovery uses another's request": ("rick", "select * from vault.recover(1)"),
    "recovery uses an old request": ("rick", "select * from vault.recover(2)"),
    "recovery counts in an old snapshot": (
        "rick",
        f"begin; set transaction isolation level repeatable read; select {REQUEST}",
    ),
    "recovery invents a request": ("rick", "select * from vault.recover(999)"),
    "recovery asks for a column": (
        "rick",
        "select vault.request_recovery('user_id', 'user-0001', 'because I am curious')",
    ),
    "recovery writes a request itself": (
        "rick",
        "insert into login_audit.entry values (99, now(), 'x', null, 'disclosure', '{}', '', '')",
    ),
    "recovery erases": ("rick", "select vault.erase('user-0001', '{}', '{}')"),
    "recovery reads the record": ("rick", "select * from login_audit.entry"),
    "recovery puts on record what it likes": ("rick", "select login_audit.add('request', '{}')"),
    "recovery keeps others off the record": ("rick", "select login_audit.lock()"),
    # Tampering with the record, as whoever
    **{
        f"{who} {verb} {kind}": (who, f"{statement} login_audit.entry{which}")
        for who in ("rick", "dora", "owner", "postgres")
        for kind, which in (
            ("recovery_request", " where kind = 'request'"),
            ("disclosure", " where kind = 'disclosure'"),
            ("erasure", " where kind = 'erasure'"),
        )
        for verb, statement in (("deletes from", "delete from"),)
    },
    **{
        f"{who} truncates the record": (who, "truncate login_audit.entry cascade")
        for who in ("rick", "dora", "owner", "postgres")
    },
    "owner rewrites a reason": ("owner", "update login_audit.entry set detail = '{}'"),
    "superuser rewrites a reason": ("postgres", "update login_audit.entry set detail = '{}'"),
    "superuser poses as a replica": (
        "postgres",
        "set session_replication_role = replica; delete from login_audit.entry",
    ),
    # A stranger with an account of the server
    "stranger reads logins": ("stan", "select * from public.user_logins"),
    "stranger reads raw messages": ("stan", "select * from raw.raw_logins"),
    "stranger makes a table": ("stan", "create table public.copied (x integer)"),
    "stranger makes a temporary table": ("stan", "create temporary table copied (x integer)"),
    "stranger recovers": ("stan", "select * from vault.recover(1)"),
}

# What an administrator may get wrong -> the attacks that then succeed.
WEAKENED: dict[str, set[str]] = {
    "grant usage on schema raw to login_analyst; grant select on raw.raw_logins to login_analyst": {
        "analyst reads raw messages",
        "analyst counts raw messages",
        "analyst copies raw messages",
        "analyst copies a query",
    },
    "grant usage on schema vault, crypto to public; grant select on vault.masking_key to public": {
        "analyst reads the keys",
        "analyst explains a query of the keys",
        "analyst masks with the key",
        "loader reads the keys",
        "recovery reads the keys",
    },
    "grant select (message_id, body) on raw.raw_logins to login_loader": {
        "loader reads bodies",
        "loader reads ids",
        "loader reads what it adds",
        "loader probes for an id",
    },
    "grant insert on raw.raw_logins to login_loader": {
        "loader forges landed_at",
        "loader forges landed_xid",
        "loader forges a tombstone",
    },
    "grant login_transformer, login_owner to ana": {
        "analyst becomes the transformer",
        "analyst becomes the owner",
        "analyst reads raw messages",
    },
    "grant temporary on database logins to public": {
        "analyst makes a temporary table",
        "loader makes a temporary table",
        "stranger makes a temporary table",
    },
    "grant create on schema public to public": {
        "analyst makes a table",
        "analyst makes a function",
        "stranger makes a table",
    },
    "alter default privileges for role login_transformer grant select on tables to public": {
        "analyst reads a table made tomorrow",
    },
    "alter default privileges for role login_transformer grant execute on functions to public": {
        "analyst calls a function made tomorrow",
    },
    "alter table login_audit.entry disable trigger append_only": {
        "postgres deletes from disclosure",
        "superuser poses as a replica",
    },
    "alter table login_audit.entry enable trigger append_only": {"superuser poses as a replica"},
    "grant execute on all functions in schema vault to login_recovery;"
    " alter function vault.erase(text, text[], text[]) security definer": {"recovery erases"},
    "alter function vault.request_recovery security invoker;"
    " grant all on all tables in schema vault, login_audit to login_recovery": {
        "recovery writes a request itself",
        "recovery reads the keys",
    },
}
