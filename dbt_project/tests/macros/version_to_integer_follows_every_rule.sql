-- Version as sent, and the integer it stands for.
with

expected (version, as_integer, rule) as (

    values
    ('2.3.0', 2003000, 'three parts'),
    ('0.96', 96000, 'a missing patch is 0'),
    ('6.02', 6002000, 'leading zeros count for nothing'),
    ('7', 7000000, 'a missing minor is 0'),
    ('0', 0, 'zero is a version'),
    ('1.2.3.4', 1002003, 'a fourth part does not count'),
    ('1.2.3.RELEASE', 1002003, 'a fourth part in letters does not count'),
    ('v1.2.3', 1002003, 'a leading v does not count'),
    ('V1.2', 1002000, 'a leading V does not count'),
    ('1.2.3-beta.2', 1002003, 'a pre-release does not count'),
    ('1.2.3+build-7', 1002003, 'a build does not count'),
    ('1.2-rc.1+5.6', 1002000, 'neither of them counts'),
    (' 1.2.3' || chr(10), 1002003, 'what surrounds it does not count'),
    ('1.10.0', 1010000, 'ten is more than nine'),
    ('1.9.0', 1009000, 'nine is less than ten'),
    ('1.999.999', 1999999, 'the largest minor and patch'),
    ('2146.999.999', 2146999999, 'the largest version'),
    ('0002146.0.0', 2146000000, 'the largest major with leading zeros'),
    ('2147.0.0', null, 'a major too large'),
    ('10000', null, 'a major of five digits'),
    ('2.1000.0', null, 'a minor too large'),
    ('2.0.1000', null, 'a patch too large'),
    ('2.x', null, 'letters'),
    ('x', null, 'letters only'),
    ('2..3', null, 'an empty part'),
    ('.3', null, 'an empty major'),
    ('2.3.', null, 'a dot at the end'),
    ('1.2.3.4.5', null, 'five parts'),
    ('1.2.3-', null, 'an empty pre-release'),
    ('1.2.3 (45)', null, 'a remark'),
    ('-1.2', null, 'a sign'),
    ('1,2', null, 'a comma'),
    ('vv1', null, 'two leading letters'),
    (E'\u0661.\u0662', null, 'digits of another script'),
    ('1e3', null, 'an exponent'),
    ('', null, 'nothing'),
    (' ', null, 'a blank'),
    (null, null, 'null')

),

compared as (

    select
        version,
        as_integer,
        rule,
        {{ version_to_integer('version') }} as actual
    from expected

)

select * from compared
where actual is distinct from as_integer
