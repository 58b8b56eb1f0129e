# Set-up (by hand), build, rotation and purge: one image, four commands.
locals {
  build    = ["timeout", "--kill-after=60s", var.build_time_limit, "python", "-m", "deploy.in_turn", "dbt", "build", ",", "dbt", "source", "freshness", ",", "echo", "built and fresh"]
  password = { PGPASSWORD = aws_secretsmanager_secret.secret["dbt-password"].arn }
  administrator = {
    PGUSER     = "${local.database.secret_arn}:username::"
    PGPASSWORD = "${local.database.secret_arn}:password::"
  }
  tasks = merge(
    {
      set-up = {
        command  = ["timeout", "6h", "python", "-m", "deploy.in_turn", "python", "-m", "vault", "init", ",", "python", "-m", "deploy.logins"]
        settings = {}
        secrets = merge(local.administrator, {
          LOGINS_DBT_PASSWORD   = aws_secretsmanager_secret.secret["dbt-password"].arn
          MASKING_KEY_IP        = aws_secretsmanager_secret.secret["masking-key-ip"].arn
          MASKING_KEY_DEVICE_ID = aws_secretsmanager_secret.secret["masking-key-device-id"].arn
          MASKING_KEY_ERASURE   = aws_secretsmanager_secret.secret["masking-key-erasure"].arn
        })
        schedule = null
      }
      build = {
        command  = local.build
        settings = { PGUSER = "logins_dbt" }
        secrets  = local.password
        schedule = var.build_schedule
      }
      rotation = {
        command  = ["timeout", "5m", "python", "-m", "deploy.rotate"]
        settings = { PGUSER = "logins_dbt", SECRET_ID = aws_secretsmanager_secret.secret["dbt-password"].arn }
        secrets  = local.password
        schedule = "cron(40 3 1 * ? *)"
      }
    },
    var.purge_older_than == "" ? {} : {
      purge = {
        command  = ["timeout", "6h", "python", "-m", "vault", "purge", "--older-than", var.purge_older_than]
        settings = {}
        secrets  = local.administrator
        schedule = "cron(10 2 * * ? *)"
      }
    },
  )
  connection = {
    PGHOST        = local.database.host
    PGPORT        = "5432"
    PGDATABASE    = local.database.name
    PGSSLMODE     = "verify-full"
    PGSSLROOTCERT = "/app/deploy/rds-ca.pem"
  }
  # Bytes of each, as hex digits. The database holds the keys, too; a lost one is set up again from these.
  secrets = {
    dbt-password          = 20
    masking-key-ip        = 32
    masking-key-device-id = 32
    masking-key-erasure   = 32
  }
}

# The first values are in the state, too: encrypt it. A later rotation is not.
resource "random_bytes" "secret" {
  for_each = local.secrets
  length   = each.value
}

resource "aws_secretsmanager_secret" "secret" {
  #checkov:skip=CKV2_AWS_57:A task rotates dbt's password; keys are rotated in the database
  for_each    = local.secrets
  name_prefix = "${var.name}-${each.key}-"
  kms_key_id  = aws_kms_key.key.arn
}

resource "aws_secretsmanager_secret_version" "secret" {
  for_each      = local.secrets
  secret_id     = aws_secretsmanager_secret.secret[each.key].id
  secret_string = random_bytes.secret[each.key].hex
  lifecycle {
    ignore_changes = [secret_string, version_stages] # rotation
  }
}

resource "aws_ecs_cluster" "cluster" {
  #checkov:skip=CKV_AWS_65:Alarms watch what the tasks do
  name = var.name
}

resource "aws_cloudwatch_log_group" "tasks" {
  #checkov:skip=CKV_AWS_158:As the log of the loader
  #checkov:skip=CKV_AWS_338:As the log of the loader
  name              = "/logins/${var.name}/tasks"
  retention_in_days = 30
}

resource "aws_ecs_task_definition" "task" {
  for_each                 = local.tasks
  family                   = "${var.name}-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 1024
  execution_role_arn       = aws_iam_role.execution[each.key].arn
  task_role_arn            = each.key == "rotation" ? aws_iam_role.rotation.arn : null
  runtime_platform {
    cpu_architecture        = "ARM64"
    operating_system_family = "LINUX"
  }
  container_definitions = jsonencode([{
    name                   = each.key
    image                  = var.image
    essential              = true
    command                = each.value.command
    readonlyRootFilesystem = true
    linuxParameters        = { tmpfs = [{ containerPath = "/tmp", size = 256 }] }
    environment            = [for name, value in merge(local.connection, each.value.settings) : { name = name, value = value }]
    secrets                = [for name, arn in each.value.secrets : { name = name, valueFrom = arn }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.tasks.name
        awslogs-region        = local.region
        awslogs-stream-prefix = each.key
      }
    }
  }])
}

locals {
  assume = { for service in ["ecs-tasks", "scheduler"] : service => jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "${service}.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  }) }
}

resource "aws_iam_role" "execution" {
  for_each           = local.tasks
  name_prefix        = "${var.name}-${each.key}-"
  assume_role_policy = local.assume["ecs-tasks"]
}

resource "aws_iam_role_policy" "execution" {
  for_each = local.tasks
  name     = "start"
  role     = aws_iam_role.execution[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # An ARN has seven parts; after it come key and version of the value.
      { Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = distinct([for arn in values(each.value.secrets) : join(":", slice(split(":", arn), 0, 7))]) },
      { Effect = "Allow", Action = "kms:Decrypt", Resource = aws_kms_key.key.arn },
      { Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = "${aws_cloudwatch_log_group.tasks.arn}:*" },
      { Effect = "Allow", Action = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], Resource = var.image_repository_arn },
      { Effect = "Allow", Action = "ecr:GetAuthorizationToken", Resource = "*" },
    ]
  })
}

resource "aws_iam_role" "rotation" {
  name_prefix        = "${var.name}-rotate-"
  assume_role_policy = local.assume["ecs-tasks"]
}

resource "aws_iam_role_policy" "rotation" {
  name = "rotate"
  role = aws_iam_role.rotation.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "secretsmanager:PutSecretValue", Resource = aws_secretsmanager_secret.secret["dbt-password"].arn },
      { Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = aws_kms_key.key.arn },
    ]
  })
}

resource "aws_sqs_queue" "not_started" {
  name                      = "${var.name}-not-started"
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 1209600
}

resource "aws_scheduler_schedule" "schedule" {
  #checkov:skip=CKV_AWS_297:It holds names of tasks only
  for_each            = { for name, task in local.tasks : name => task if task.schedule != null }
  name                = "${var.name}-${each.key}"
  schedule_expression = each.value.schedule
  flexible_time_window {
    mode = "OFF"
  }
  target {
    arn      = aws_ecs_cluster.cluster.arn
    role_arn = aws_iam_role.schedule.arn
    ecs_parameters {
      task_definition_arn = aws_ecs_task_definition.task[each.key].arn
      launch_type         = "FARGATE"
      network_configuration {
        assign_public_ip = var.task_public_ip
        subnets          = var.task_subnet_ids
        security_groups  = [aws_security_group.tasks.id]
      }
    }
    retry_policy {
      maximum_retry_attempts       = 3
      maximum_event_age_in_seconds = 1800
    }
    dead_letter_config {
      arn = aws_sqs_queue.not_started.arn
    }
  }
}

resource "aws_iam_role" "schedule" {
  name_prefix        = "${var.name}-schedule-"
  assume_role_policy = local.assume["scheduler"]
}

resource "aws_iam_role_policy" "schedule" {
  name = "run"
  role = aws_iam_role.schedule.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Action    = "ecs:RunTask"
        Resource  = [for task in aws_ecs_task_definition.task : task.arn]
        Condition = { ArnEquals = { "ecs:cluster" = aws_ecs_cluster.cluster.arn } }
      },
      {
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = concat([for role in aws_iam_role.execution : role.arn], [aws_iam_role.rotation.arn])
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      },
      { Effect = "Allow", Action = "sqs:SendMessage", Resource = aws_sqs_queue.not_started.arn },
    ]
  })
}
