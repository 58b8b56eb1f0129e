-- They are null in user_logins; a person may find a rule for them, or a broken producer.
{{ config(severity='warn') }}

select raw_logins.message_id
from {{ source('raw', 'raw_logins') }} as raw_logins
cross join lateral raw.login_of(raw_logins.body) as opened (login)
where
    {{ window_read('raw_logins.landed_xid', 'user_logins', 'newest') }}
    and {{ trimmed("opened.login ->> 'app_version'") }} is not null
    and (
        select logins.app_version is null from {{ ref('user_logins') }} as logins
        where logins.message_id = raw_logins.message_id
    )
