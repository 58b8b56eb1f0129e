select true as is_on_citus
from pg_extension
where extname = 'citus'
