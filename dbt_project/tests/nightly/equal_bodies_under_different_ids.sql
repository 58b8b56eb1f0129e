-- A message redriven from a dead-letter queue comes back under a new id; but two real logins may
-- be equal too. So nothing is dropped, and a person may look.
{{ config(severity='warn') }}

select
    array_agg(message_id order by sent_at) as message_ids,
    count(*) as messages
from {{ source('raw', 'raw_logins') }}
where body is not null
group by md5(body::text)
having count(*) > 1
