select * from vault.unpublished_rotation()
