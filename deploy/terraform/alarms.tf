resource "aws_sns_topic" "alarms" {
  count             = var.alarm_topic_arn == "" ? 1 : 0
  name_prefix       = "${var.name}-alarms-"
  kms_master_key_id = aws_kms_key.key.arn
}

resource "aws_sns_topic_subscription" "alarms" {
  count     = var.alarm_topic_arn == "" ? 1 : 0
  topic_arn = aws_sns_topic.alarms[0].arn
  protocol  = "email"
  endpoint  = var.alarm_email
  lifecycle {
    precondition {
      condition     = var.alarm_email != ""
      error_message = "Set alarm_email or alarm_topic_arn."
    }
  }
}

resource "aws_cloudwatch_log_metric_filter" "loader_errors" {
  name           = "loader-errors"
  log_group_name = aws_cloudwatch_log_group.loader.name
  pattern        = "\"[ERROR]\""
  metric_transformation {
    namespace = var.name
    name      = "LoaderErrors"
    value     = "1"
  }
}

resource "aws_cloudwatch_log_metric_filter" "fresh_builds" {
  name           = "fresh-builds"
  log_group_name = aws_cloudwatch_log_group.tasks.name
  pattern        = "\"built and fresh\""
  metric_transformation {
    namespace = var.name
    name      = "FreshBuilds"
    value     = "1"
  }
}

locals {
  instance = var.own_database == null ? { DBInstanceIdentifier = aws_db_instance.database[0].identifier } : {}
  # text, where it is measured, how it is summed up, seconds, periods in a row, above or below what
  alarms = {
    messages_wait = {
      text       = "A message has waited for 15 minutes. Are loader and database up?"
      namespace  = "AWS/SQS"
      metric     = "ApproximateAgeOfOldestMessage"
      dimensions = { QueueName = element(split(":", local.queue_arn), 5) }
      statistic  = "Maximum"
      period     = 60
      periods    = 1
      limit      = 900
      above      = true
      wanted     = true
    }
    dead_letters = {
      text       = "Messages were given up. Find out why, then redrive them to the queue."
      namespace  = "AWS/SQS"
      metric     = "ApproximateNumberOfMessagesVisible"
      dimensions = { QueueName = "${var.name}-dead-letters" }
      statistic  = "Maximum"
      period     = 300
      periods    = 1
      limit      = 0
      above      = true
      wanted     = var.own_queue == null
    }
    loader_fails = {
      text       = "The loader crashes or runs out of time. See its log."
      namespace  = "AWS/Lambda"
      metric     = "Errors"
      dimensions = { FunctionName = aws_lambda_function.loader.function_name }
      statistic  = "Sum"
      period     = 300
      periods    = 1
      limit      = 0
      above      = true
      wanted     = true
    }
    cannot_land = {
      text       = "The loader gives messages back. Is the database up? See its log."
      namespace  = var.name
      metric     = "LoaderErrors"
      dimensions = {}
      statistic  = "Sum"
      period     = 60
      periods    = 5
      limit      = 0
      above      = true
      wanted     = true
    }
    loader_throttled = {
      text       = "Lambda starts fewer loaders than the queue asks for. Raise the quota of the account."
      namespace  = "AWS/Lambda"
      metric     = "Throttles"
      dimensions = { FunctionName = aws_lambda_function.loader.function_name }
      statistic  = "Sum"
      period     = 300
      periods    = 3
      limit      = 0
      above      = true
      wanted     = true
    }
    nothing_starts = {
      text       = "A schedule could not start its task. The reason is in the queue not-started."
      namespace  = "AWS/SQS"
      metric     = "ApproximateNumberOfMessagesVisible"
      dimensions = { QueueName = aws_sqs_queue.not_started.name }
      statistic  = "Maximum"
      period     = 300
      periods    = 1
      limit      = 0
      above      = true
      wanted     = true
    }
    disk_fills = {
      text       = "The disk of the database is nearly full. Purge, or raise max_allocated_storage."
      namespace  = "AWS/RDS"
      metric     = "FreeStorageSpace"
      dimensions = local.instance
      statistic  = "Minimum"
      period     = 300
      periods    = 1
      limit      = 10000000000
      above      = false
      wanted     = var.own_database == null
    }
    credits_end = {
      text       = "The database uses more CPU than its class earns. Take a larger database_class."
      namespace  = "AWS/RDS"
      metric     = "CPUCreditBalance"
      dimensions = local.instance
      statistic  = "Minimum"
      period     = 300
      periods    = 3
      limit      = 60
      above      = false
      wanted     = var.own_database == null
    }
    connections_fill = {
      text       = "Many connections to the database. Who holds them is in pg_stat_activity."
      namespace  = "AWS/RDS"
      metric     = "DatabaseConnections"
      dimensions = local.instance
      statistic  = "Maximum"
      period     = 300
      periods    = 2
      limit      = 300
      above      = true
      wanted     = var.own_database == null
    }
    no_fresh_build = {
      text       = "No build with fresh data has succeeded for 3 hours. See the build's log."
      namespace  = var.name
      metric     = "FreshBuilds"
      dimensions = {}
      statistic  = "Sum"
      period     = 3600
      periods    = 3
      limit      = 1
      above      = false
      wanted     = true
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "alarm" {
  for_each            = { for name, alarm in local.alarms : name => alarm if alarm.wanted }
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.text
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.key == "cannot_land" ? 3 : null
  threshold           = each.value.limit
  comparison_operator = each.value.above ? "GreaterThanThreshold" : "LessThanThreshold"
  treat_missing_data  = each.key == "no_fresh_build" ? "breaching" : "notBreaching"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
}
