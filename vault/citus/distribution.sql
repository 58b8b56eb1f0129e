-- Messages are on the shards, by message id. The keys are on every node, so that masking asks no
-- other node. Small tables, and those of transaction ids, stay on the coordinator.
set local role login_owner;

do $$
declare
    logins constant text := 'raw.raw_logins';
    table_name text;
    messages bigint;
begin
    foreach table_name in array array[logins, 'raw.quarantined_messages'] loop
        if not exists (select from pg_dist_partition where logicalrelid = table_name::regclass) then
            if pg_relation_size(table_name::regclass) > 0 then
                select greatest(c.reltuples, 0) into messages
                from pg_class as c where c.oid = table_name::regclass;
                raise info 'distributing %, about % rows: the loader and builds wait for it',
                    table_name, messages;
            end if;
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
end
$$;

reset role;
