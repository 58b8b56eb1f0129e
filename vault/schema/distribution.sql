-- On a Citus cluster: messages lie on the shards, by message id, and the keys on every node, so
-- that masking needs no other. What is small or counts transactions stays on the coordinator.
set local role login_owner;

do $$
declare
    logins constant text := 'raw.raw_logins';
    table_name text;
begin
    if not exists (select from pg_extension where extname = 'citus') then
        return;
    end if;
    foreach table_name in array array[logins, 'raw.quarantined_messages'] loop
        if not exists (select from pg_dist_partition where logicalrelid = table_name::regclass) then
            perform create_distributed_table(
                table_name, 'message_id',
                colocate_with => case when table_name = logins then 'none' else logins end
            );
            perform truncate_local_data_after_distributing_table(table_name::regclass);
        end if;
    end loop;
    if not exists (
        select from pg_dist_partition where logicalrelid = 'vault.masking_key'::regclass
    ) then
        perform create_reference_table('vault.masking_key');
        perform truncate_local_data_after_distributing_table('vault.masking_key');
    end if;
    -- The grants of grants.sql are on columns, which a shard that moves to another node does not
    -- take along, and the nodes see all columns given: defaults come from the coordinator. So the
    -- owner lands what the loader gives it. One connection to a node and lander, not one to a shard.
    alter function raw.land(uuid, text[], text[], timestamptz[], integer[], text[], text[])
    security definer
    set citus.max_adaptive_executor_pool_size = 1;
end
$$;

reset role;
