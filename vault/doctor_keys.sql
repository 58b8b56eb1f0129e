select
    'keys: ' || wanted.domain as subject,
    coalesce(min(octet_length(masking_key.secret)) >= 32, false) as is_ok,
    max('run `python -m vault init`: there is no key, or a short one') as remedy
from (values ('ip'), ('device_id'), ('erasure')) as wanted (domain)
left join vault.masking_key on wanted.domain = masking_key.domain
group by wanted.domain
order by subject
