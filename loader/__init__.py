"""Land SQS messages in Postgres exactly as they are, each exactly once.

The package knows SQS and Postgres and nothing about logins: what a message means is dbt's part.
`settings` → `sqs` → `drain` → `database` is the way of a message.
"""
