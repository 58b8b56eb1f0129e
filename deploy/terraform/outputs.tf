output "queue_arn" {
  value = local.queue_arn
}

output "queue_url" {
  description = "Where to send login events; null for a queue of your own"
  value       = one(aws_sqs_queue.queue[*].url)
}

output "dead_letter_queue_url" {
  description = "Null for a queue of your own"
  value       = one(aws_sqs_queue.dead_letters[*].url)
}

output "key_arn" {
  description = "Senders need kms:GenerateDataKey and kms:Decrypt on it"
  value       = aws_kms_key.key.arn
}

output "database_host" {
  value = local.database.host
}

output "administrator_secret_arn" {
  value = local.database.secret_arn
}

output "loader" {
  value = aws_lambda_function.loader.function_name
}

output "loader_logs" {
  value = aws_cloudwatch_log_group.loader.name
}

output "cluster" {
  value = aws_ecs_cluster.cluster.name
}

output "task_definitions" {
  description = "By name. Run set-up once, and after an update"
  value       = { for name, task in aws_ecs_task_definition.task : name => task.arn }
}

output "build_logs" {
  value = aws_cloudwatch_log_group.tasks.name
}

output "task_security_group" {
  value = aws_security_group.tasks.id
}

output "alarm_topic_arn" {
  value = local.topic_arn
}
