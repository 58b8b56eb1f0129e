select
    erased_at,
    erased_by,
    messages,
    user_hash
from vault.erasure
order by erased_at
