-- The newest versions, and how far they have come.
select
    version,
    users,
    first_seen,
    last_seen
from app_versions
order by app_version desc
limit 10
