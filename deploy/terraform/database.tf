resource "aws_db_instance" "database" {
  #checkov:skip=CKV2_AWS_69:rds.force_ssl is in its parameter group
  count                               = var.own_database == null ? 1 : 0
  identifier_prefix                   = "${var.name}-"
  engine                              = "postgres"
  engine_version                      = "17.11"
  instance_class                      = var.database_class
  db_name                             = "logins" # no variable: another name would be another, empty database
  username                            = "administrator"
  manage_master_user_password         = true
  master_user_secret_kms_key_id       = aws_kms_key.key.arn
  iam_database_authentication_enabled = true
  storage_type                        = "gp3"
  allocated_storage                   = 100
  max_allocated_storage               = 1000
  storage_encrypted                   = true
  kms_key_id                          = aws_kms_key.key.arn
  publicly_accessible                 = false
  db_subnet_group_name                = aws_db_subnet_group.database[0].name
  vpc_security_group_ids              = [aws_security_group.database[0].id]
  parameter_group_name                = aws_db_parameter_group.database[0].name
  multi_az                            = var.database_multi_az
  backup_retention_period             = var.database_backup_days
  performance_insights_enabled        = var.database_insights
  enabled_cloudwatch_logs_exports     = ["postgresql"]
  copy_tags_to_snapshot               = true
  deletion_protection                 = true
  auto_minor_version_upgrade          = true
  final_snapshot_identifier           = "${var.name}-final"
  lifecycle {
    prevent_destroy = true # a change that would replace it is refused
    ignore_changes  = [engine_version]
  }
}

resource "aws_db_subnet_group" "database" {
  count       = var.own_database == null ? 1 : 0
  name_prefix = "${var.name}-"
  subnet_ids  = var.private_subnet_ids
}

resource "aws_db_parameter_group" "database" {
  count       = var.own_database == null ? 1 : 0
  name_prefix = "${var.name}-"
  family      = "postgres17"
  dynamic "parameter" {
    for_each = {
      "rds.force_ssl"                   = "1"
      log_error_verbosity               = "terse"
      log_parameter_max_length          = "0"
      log_parameter_max_length_on_error = "0"
    }
    content {
      name  = parameter.key
      value = parameter.value
    }
  }
}

resource "aws_security_group" "database" {
  count       = var.own_database == null ? 1 : 0
  name_prefix = "${var.name}-database-"
  description = "Database of the login events"
  vpc_id      = var.vpc_id
}

resource "aws_security_group" "loader" {
  name_prefix = "${var.name}-loader-"
  description = "Loader of the login events"
  vpc_id      = var.vpc_id
}

resource "aws_security_group" "tasks" {
  #checkov:skip=CKV2_AWS_5:The tasks of the schedule are in it
  name_prefix = "${var.name}-tasks-"
  description = "Build and set-up of the login events"
  vpc_id      = var.vpc_id
}

locals {
  clients = { loader = aws_security_group.loader.id, tasks = aws_security_group.tasks.id }
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  for_each                     = local.clients
  description                  = each.key
  security_group_id            = local.database.security_group_id
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_vpc_security_group_egress_rule" "postgres" {
  for_each                     = local.clients
  description                  = "Postgres"
  security_group_id            = each.value
  referenced_security_group_id = local.database.security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_vpc_security_group_egress_rule" "https" {
  description       = "ECR, Secrets Manager, CloudWatch Logs"
  security_group_id = aws_security_group.tasks.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
