-- hmac() without a key is null: this is how a missing key would show.
select logins.message_id
from {{ ref('user_logins') }} as logins
inner join {{ source('raw', 'raw_logins') }} as raw_logins
    on logins.message_id = raw_logins.message_id
where
    raw_logins.body is not null
    and (
        (logins.masked_ip is null) <> ({{ trimmed("raw_logins.body ->> 'ip'") }} is null)
        or (logins.masked_device_id is null)
        <> ({{ trimmed("raw_logins.body ->> 'device_id'") }} is null)
    )
