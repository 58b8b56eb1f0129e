select vault.erase(%(user_id)s)
