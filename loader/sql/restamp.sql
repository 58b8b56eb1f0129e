select raw.restamp()
