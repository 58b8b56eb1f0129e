-- One row, or none before the first build.
select * from pipeline_health
