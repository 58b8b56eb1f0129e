-- They are null in user_logins; a person may find a rule for them, or a broken producer.
{{ config(severity='warn') }}

select message_id
from ({{ logins_as_sent(ref('user_logins'), 'newest') }}) as logins
where {{ trimmed("sent ->> 'app_version'") }} is not null and app_version is null
