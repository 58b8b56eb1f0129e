-- Address as sent, and the form that is masked. Addresses of RFC 5737 and RFC 3849.
with

expected (address, canonical, rule) as (

    values
    ('192.0.2.1', '192.0.2.1', 'an address is itself'),
    (E'\t192.0.2.1 \r\n', '192.0.2.1', 'what surrounds it does not count'),
    ('192.000.002.001', '192.0.2.1', 'leading zeros do not count'),
    ('::ffff:192.0.2.1', '192.0.2.1', 'IPv4 mapped into IPv6 is IPv4'),
    ('::FFFF:c000:201', '192.0.2.1', 'also in hexadecimal'),
    ('0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1', 'also in full'),
    ('2001:DB8::1', '2001:db8::1', 'IPv6 is in lower case'),
    ('2001:db8:0:0:0:0:0:1', '2001:db8::1', 'zeros are folded'),
    ('2001:0db8:0000::0001', '2001:db8::1', 'leading zeros do not count in IPv6'),
    ('2001:db8::192.0.2.1', '2001:db8::c000:201', 'IPv4 in the last two groups'),
    ('::', '::', 'the unspecified address'),
    ('::1', '::1', 'the loopback address'),
    ('2001:db8:1:2:3:4:5::', '2001:db8:1:2:3:4:5:0', 'one group folded at the end'),
    ('::1:2:3:4:5:6:7', '0:1:2:3:4:5:6:7', 'one group folded at the start'),
    ('256.0.2.1', '256.0.2.1', 'an octet too large is text'),
    ('192.0.2', '192.0.2', 'three octets are text'),
    ('192.0.2.1.5', '192.0.2.1.5', 'five octets are text'),
    ('192.0.2.1/24', '192.0.2.1/24', 'a network is text'),
    ('192.0.2.1:443', '192.0.2.1:443', 'an address with a port is text'),
    ('1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8:9', 'nine groups are text'),
    ('1:2:3:4:5:6:7:8::', '1:2:3:4:5:6:7:8::', 'eight groups and a fold are text'),
    ('1:2:3:4:5:6::192.0.2.1', '1:2:3:4:5:6::192.0.2.1', 'so are six and IPv4'),
    ('2001:db8::1::2', '2001:db8::1::2', 'two folds are text'),
    (':::1', ':::1', 'three colons are text'),
    ('fe80::1%eth0', 'fe80::1%eth0', 'an address with a zone is text'),
    ('12345::1', '12345::1', 'five digits are text'),
    ('Unknown', 'unknown', 'text is in lower case'),
    ('', null, 'nothing is null'),
    (E' \t', null, 'a blank is null'),
    (null, null, 'null is null')

),

compared as (

    select
        address,
        canonical,
        rule,
        {{ canonical_address('address') }} as actual
    from expected

)

select * from compared
where actual is distinct from canonical
