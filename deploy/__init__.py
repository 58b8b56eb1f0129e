"""What a deployment needs besides loader and dbt."""
