-- No checkpoint in the middle: whole pages go to the write-ahead log after each, and whoever is
-- measured next would pay for them.
alter system set max_wal_size = '32GB';
alter system set checkpoint_timeout = '1d';
select pg_reload_conf();
