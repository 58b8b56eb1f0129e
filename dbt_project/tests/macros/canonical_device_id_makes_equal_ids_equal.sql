with

expected (device_id, canonical, rule) as (

    values
    ('593-47-5928', '593-47-5928', 'an id is itself'),
    (E'\n A1-b2 ', 'a1-b2', 'blanks around it and capitals do not count'),
    ('a 1', 'a 1', 'a blank inside it counts'),
    (E'a\\x41', E'a\\x41', 'a backslash is a backslash'),
    (' ', null, 'a blank is null'),
    (null, null, 'null is null')

),

compared as (

    select
        device_id,
        canonical,
        rule,
        {{ canonical_device_id('device_id') }} as actual
    from expected

)

select * from compared
where actual is distinct from canonical
