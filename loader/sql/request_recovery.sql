select vault.request_recovery(%(kind)s, %(lookup)s, %(reason)s, %(ticket)s) as request
