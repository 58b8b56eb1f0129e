select count({expression}) from {{ source('raw', 'raw_logins') }}
