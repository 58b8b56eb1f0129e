insert into vault.destroyed_key (domain, version)
values (%(domain)s, %(version)s)
