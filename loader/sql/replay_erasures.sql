-- Those on record here, and those that were kept elsewhere while a backup was restored.
select vault.erase_hashes(%(kept)s::text[] || array(select e.user_hash from vault.erasure as e))
