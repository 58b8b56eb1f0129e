select * from vault.recovery_log()
