select raw.lock_builds()
