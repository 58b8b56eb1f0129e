-- They are null in user_logins; a person may find a rule for them, or a broken producer.
{{ config(severity='warn') }}

select logins.message_id
from {{ ref('user_logins') }} as logins
inner join {{ source('raw', 'raw_logins') }} as raw_logins
    on logins.message_id = raw_logins.message_id
where
    logins.app_version is null
    and {{ trimmed("raw_logins.body ->> 'app_version'") }} is not null
