-- They are null in user_logins. Either the rule is incomplete, or the sender is broken.
{{ config(severity='warn') }}

select message_id
from ({{ logins_as_sent(ref('user_logins'), 'newest') }}) as logins
where {{ trimmed("sent ->> 'app_version'") }} is not null and app_version is null
