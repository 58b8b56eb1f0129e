insert into raw.loads (load_id, received, landed, already_there, quarantined)
values (%(load_id)s, %(received)s, %(landed)s, %(already_there)s, %(quarantined)s)
