delete from vault.masking_key as k
where k.domain = %(domain)s and k.version = %(version)s
