# The parts of deploy/template.yaml, which has the reasons for the numbers here: docs/deployment.md

data "aws_caller_identity" "here" {}
data "aws_partition" "here" {}
data "aws_region" "here" {}

locals {
  account   = data.aws_caller_identity.here.account_id
  arn       = "arn:${data.aws_partition.here.partition}"
  region    = data.aws_region.here.region
  queue_arn = var.own_queue == null ? aws_sqs_queue.queue[0].arn : var.own_queue.arn
  queue_key = try(coalesce(var.own_queue.key_arn), aws_kms_key.key.arn)
  topic_arn = var.alarm_topic_arn == "" ? aws_sns_topic.alarms[0].arn : var.alarm_topic_arn

  database = var.own_database != null ? var.own_database : {
    host              = aws_db_instance.database[0].address
    name              = aws_db_instance.database[0].db_name
    resource_id       = aws_db_instance.database[0].resource_id
    security_group_id = aws_security_group.database[0].id
    secret_arn        = aws_db_instance.database[0].master_user_secret[0].secret_arn
  }
}

resource "aws_kms_key" "key" {
  description         = "Login events"
  enable_key_rotation = true
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { AWS = "${local.arn}:iam::${local.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
    ]
  })
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_sqs_queue" "queue" {
  count                             = var.own_queue == null ? 1 : 0
  name                              = var.name
  kms_master_key_id                 = aws_kms_key.key.arn
  kms_data_key_reuse_period_seconds = 3600
  message_retention_seconds         = 604800
  visibility_timeout_seconds        = 360
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters[0].arn
    maxReceiveCount     = 100
  })
}

resource "aws_sqs_queue" "dead_letters" {
  count                     = var.own_queue == null ? 1 : 0
  name                      = "${var.name}-dead-letters"
  kms_master_key_id         = aws_kms_key.key.arn
  message_retention_seconds = 1209600
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  count     = var.own_queue == null ? 1 : 0
  queue_url = aws_sqs_queue.dead_letters[0].url
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.queue[0].arn]
  })
}

resource "aws_sqs_queue_policy" "encrypted_in_transit" {
  for_each = { for queue in concat(aws_sqs_queue.queue, aws_sqs_queue.dead_letters) : queue.name => queue }

  queue_url = each.value.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyEncryptedInTransit"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = each.value.arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
