variable "name" {
  type        = string
  default     = "login-queue"
  description = "Name of the queue; the dead-letter queue gets -dead-letters after it"
}

variable "loader_bucket" {
  type        = string
  description = "Bucket with the archive that deploy/package.sh makes"
}

variable "loader_key" {
  type        = string
  description = "Key of that archive; a new one for every version"
}

variable "image" {
  type        = string
  description = "Image of the Dockerfile, by digest: ACCOUNT.dkr.ecr.REGION.amazonaws.com/login-pipeline@sha256:DIGEST"
}

variable "image_repository_arn" {
  type        = string
  description = "Repository of ECR with it"
}

variable "vpc_id" {
  type        = string
  description = "Where database, loader and tasks are"
}

variable "private_subnet_ids" {
  type        = list(string)
  description = "For database and loader, in two zones at least; no way out is needed"
}

variable "task_subnet_ids" {
  type        = list(string)
  description = "For the tasks, with a way to ECR, Secrets Manager and CloudWatch Logs"
}

variable "task_public_ip" {
  type        = bool
  default     = false
  description = "True where task_subnet_ids are public; nothing can connect to it from outside"
}

variable "build_schedule" {
  type        = string
  default     = "rate(1 hour)"
  description = "When to build; the alarm on missing builds expects at least one every 3 hours"
}

variable "build_time_limit" {
  type        = string
  default     = "50m"
  description = "After which a build is ended; less than the interval of build_schedule, so that builds never overlap"
}

variable "purge_older_than" {
  type        = string
  default     = ""
  description = "Age at which raw messages are emptied, every night, as 90d; empty keeps them"
}

variable "maximum_concurrency" {
  type        = number
  default     = 5
  description = "Batches landed at a time, and so connections of the loader to Postgres"
}

variable "alarm_topic_arn" {
  type        = string
  default     = ""
  description = "Topic of SNS for the alarms; empty makes one that mails to alarm_email"
}

variable "alarm_email" {
  type        = string
  default     = ""
  description = "Who gets the alarms"
}

variable "database_class" {
  type        = string
  default     = "db.t4g.medium"
  description = "Class of the database"
}

variable "database_multi_az" {
  type        = bool
  default     = false
  description = "A standby in another zone, at twice the price"
}

variable "database_backup_days" {
  type        = number
  default     = 7
  description = "How long backups are kept"
}

variable "database_insights" {
  type        = bool
  default     = true
  description = "Performance Insights; 7 days of it are free"
}

variable "own_queue" {
  type        = object({ arn = string, key_arn = optional(string) })
  default     = null
  description = "A queue of your own: then none is made"
}

variable "own_database" {
  type        = object({ host = string, name = string, resource_id = string, security_group_id = string, secret_arn = string })
  default     = null
  description = "A database of your own on RDS, with IAM authentication: then none is made"
}
