select * from vault.recover(%(request)s)
