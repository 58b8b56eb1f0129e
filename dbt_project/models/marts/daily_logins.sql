{{ config(pre_hook="{{ delete_touched('create_date', touched_days()) }}") }}

with

logins as (

    {% call logins_with('create_date') %} {{ touched_days() }} {% endcall %}

),

days as (

    select
        create_date,
        device_type,
        locale,
        count(*) as logins,
        count(distinct user_id) as users,
        count(*)
        - count(distinct row(
            {% for mask in masks_of('user_logins').values() -%}
                {{ mask }},
            {% endfor -%}
            user_id,
            app_version
        )) as repeats,
        count(*) filter (where app_version is null) as unreadable_versions
    from logins
    group by create_date, device_type, locale

)

select * from days
