select
    p.last_id,
    p.purged
from vault.purge(now() - %(older_than)s::interval, %(after_id)s, %(page)s) as p
