-- Before any other statement of a transaction is parsed: whoever may create functions in a schema
-- of the path (login_transformer may in public) could put one in the place of a built-in.
set local search_path = pg_catalog, pg_temp
