resource "aws_cloudwatch_log_group" "loader" {
  #checkov:skip=CKV_AWS_158:No value of a message is in it
  #checkov:skip=CKV_AWS_338:What is older than a month explains nothing
  name              = "/logins/${var.name}/loader"
  retention_in_days = 30
}

resource "aws_lambda_function" "loader" {
  #checkov:skip=CKV_AWS_116:SQS calls it and has the dead-letter queue
  #checkov:skip=CKV_AWS_115:maximum_concurrency limits it
  #checkov:skip=CKV_AWS_272:The archive is built from a lock with hashes, the same byte for byte
  #checkov:skip=CKV_AWS_173:They hold no secret
  #checkov:skip=CKV_AWS_50:The log has what a batch took
  function_name = "${var.name}-loader"
  description   = "Lands login events in Postgres"
  runtime       = "python3.13"
  architectures = ["arm64"]
  handler       = "deploy.lambda_entry.handler"
  s3_bucket     = var.loader_bucket
  s3_key        = var.loader_key
  role          = aws_iam_role.loader.arn
  memory_size   = 512
  timeout       = 60
  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.loader.name
  }
  vpc_config {
    subnet_ids         = var.private_subnet_ids
    security_group_ids = [aws_security_group.loader.id]
  }
  environment {
    variables = {
      PGHOST        = local.database.host
      PGPORT        = "5432"
      PGDATABASE    = local.database.name
      PGUSER        = "logins_loader"
      PGSSLMODE     = "verify-full"
      PGSSLROOTCERT = "/var/task/deploy/rds-ca.pem"
      PGOPTIONS     = "-c statement_timeout=20s"
    }
  }
}

resource "aws_lambda_event_source_mapping" "messages" {
  event_source_arn                   = local.queue_arn
  function_name                      = aws_lambda_function.loader.arn
  function_response_types            = ["ReportBatchItemFailures"]
  batch_size                         = 500
  maximum_batching_window_in_seconds = 30
  scaling_config {
    maximum_concurrency = var.maximum_concurrency
  }
}

resource "aws_iam_role" "loader" {
  name_prefix = "${var.name}-loader-"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "loader" {
  name = "land"
  role = aws_iam_role.loader.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], Resource = local.queue_arn },
      { Effect = "Allow", Action = "kms:Decrypt", Resource = local.queue_key },
      { Effect = "Allow", Action = "rds-db:connect", Resource = "${local.arn}:rds-db:${local.region}:${local.account}:dbuser:${local.database.resource_id}/logins_loader" },
      { Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = "${aws_cloudwatch_log_group.loader.arn}:*" },
      { Effect = "Allow", Action = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"], Resource = "*" },
    ]
  })
}
