-- Device id as sent, and the form that is masked. None of them is anybody's.
with

expected (device_id, canonical, rule) as (

    values
    ('000-12-3456', '000-12-3456', 'an id is itself'),
    (E'\n A1-b2 ', 'a1-b2', 'blanks around it and capitals do not count'),
    (E'\u00a0\ufeffA1-b2\u200b\u200d\u3000', 'a1-b2', 'nor do blanks of Unicode'),
    (
        'F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6',
        'f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
        'a UUID is in lower case (the example of RFC 4122)'
    ),
    ('IDFV', 'idfv', 'I is i, whatever the locale says'),
    ('I1', 'i1', 'also in an id with digits'),
    (E'\u0130\u00c41', E'\u0130\u00c41', 'beyond ASCII, case counts'),
    (E'A\u0308I', E'\u00c4i', 'composed and decomposed letters are equal'),
    (E'H\u0331', E'\u1e96', 'also those that compose in lower case only'),
    ('a 1', 'a 1', 'a blank inside it counts'),
    (E'a\\x41', E'a\\x41', 'a backslash is a backslash'),
    ('{a1}', '{a1}', 'braces count'),
    ('a,b', 'a,b', 'a comma counts'),
    ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000001', 'not nil'),
    ('fffffff0', 'fffffff0', 'zeros and f are an id'),
    ('effe', 'effe', 'other letters are an id'),
    ('00000000-0000-0000-0000-000000000000', null, 'the nil UUID is none'),
    ('{00000000-0000-0000-0000-000000000000}', null, 'also in braces'),
    ('00000000000000000000000000000000', null, 'also without dashes'),
    ('FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF', null, 'nor is the max UUID'),
    ('{ffffffffffffffffffffffffffffffff}', null, 'also in braces and without dashes'),
    ('"0000000000000000"', null, 'nor is another id of zeros, in quotes'),
    ('00:00:00:00:00:00', null, 'nor is a hardware address of zeros'),
    ('0', null, 'nor is a zero'),
    ('Unknown', null, 'a word for nothing is null'),
    ('-', null, 'so is a dash'),
    ('null', null, 'so is this'),
    (' None ', null, 'so is this with blanks'),
    ('undefined', null, 'so is this'),
    ('N/A', null, 'so is this'),
    ('unknown-1', 'unknown-1', 'a word with more to it is an id'),
    ('', null, 'nothing is null'),
    (' ', null, 'a blank is null'),
    (E'\u200b\u00a0\ufeff', null, 'so are blanks of Unicode'),
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
