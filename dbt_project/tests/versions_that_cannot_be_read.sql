-- They are null in user_logins; a person may find a rule for them, or a broken producer.
{{ config(severity='warn') }}

with

new_logins as (

    {{ logins_landed(window_read('raw_logins.landed_xid', 'user_logins', 'newest')) }}

)

select new_logins.message_id
from new_logins
where
    new_logins.app_version is null
    and (
        select {{ trimmed("raw_logins.body ->> 'app_version'") }} is not null
        from {{ source('raw', 'raw_logins') }} as raw_logins
        where raw_logins.message_id = new_logins.message_id
    )
