-- A row if the server may write the parameters of our statements to its log.
select true as logs_parameters
where
    current_setting('log_parameter_max_length') <> '0'
    and (
        current_setting('log_statement') in ('mod', 'all')
        or current_setting('log_min_duration_statement') <> '-1'
        or current_setting('log_min_duration_sample') <> '-1'
        or current_setting('log_transaction_sample_rate') <> '0'
        or current_setting('log_duration') = 'on' and current_setting('log_statement') <> 'none'
    )
