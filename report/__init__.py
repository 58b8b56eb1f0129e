"""The pages that people look at: dbt's documentation, and a report made from the public models.

`python -m report` writes both into the directory `site/`. It reads what dbt has left in its target
directory, and the models with the rights of an analyst.
"""
