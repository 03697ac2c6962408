# Proves, before anything is built, that what the castle on Proxmox will need is there and whole: the secrets of the
# layers, and those that only the cluster reads. All variables are ephemeral: OpenTofu itself refuses to write them into a
# plan or a state.

variable "proxmox_token_secret" {
  description = "Secret of Proxmox' API token."
  type        = string
  sensitive   = true
  ephemeral   = true
  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.proxmox_token_secret))
    error_message = "PROXMOX_TOKEN_SECRET is not the UUID that Proxmox shows once, when a token is made; its name does not belong to it."
  }
}

variable "machine_secrets_file" {
  description = "File with the cluster's secrets."
  type        = string
  ephemeral   = true
  validation {
    condition     = can(yamldecode(file(var.machine_secrets_file)).certs.os.key)
    error_message = "MACHINE_SECRETS is not what `talosctl gen secrets` writes: YAML with `certs.os.key`."
  }
}

variable "s3_access_key" {
  description = "Access key of the backups' bucket."
  type        = string
  sensitive   = true
  ephemeral   = true
  validation {
    condition     = can(regex("^\\S{3,}$", var.s3_access_key))
    error_message = "S3_ACCESS_KEY is empty, or has white space in it."
  }
}

variable "s3_secret_key" {
  description = "Secret key of the backups' bucket."
  type        = string
  sensitive   = true
  ephemeral   = true
  validation {
    condition     = can(regex("^\\S{8,}$", var.s3_secret_key))
    error_message = "S3_SECRET_KEY is empty, short, or has white space in it."
  }
}

variable "pgadmin_password" {
  description = "Password of pgAdmin's own login."
  type        = string
  sensitive   = true
  ephemeral   = true
  validation {
    condition     = length(var.pgadmin_password) >= 6
    error_message = "PGADMIN_PASSWORD is shorter than 6 characters: Phoenix does not mask so short a secret."
  }
}

variable "cloudflare_api_token" {
  description = "Token that may edit the zone's DNS, for certificates."
  type        = string
  sensitive   = true
  ephemeral   = true
  validation {
    condition     = can(regex("^\\S{8,}$", var.cloudflare_api_token))
    error_message = "CLOUDFLARE_API_TOKEN is empty, short, or has white space in it."
  }
}

variable "registry_auth_file" {
  description = "File with the registries' credentials, as Docker's config.json."
  type        = string
  ephemeral   = true
  validation {
    condition     = can(jsondecode(file(var.registry_auth_file)).auths)
    error_message = "REGISTRY_AUTH is not JSON with `auths`."
  }
}

resource "terraform_data" "received" {
  # Their names are all that is ever stored.
  input = [
    "PROXMOX_TOKEN_SECRET", "MACHINE_SECRETS", "S3_ACCESS_KEY", "S3_SECRET_KEY", "PGADMIN_PASSWORD", "CLOUDFLARE_API_TOKEN",
    "REGISTRY_AUTH",
  ]
}

output "received" {
  description = "Names of the secrets that reached this layer."
  value       = terraform_data.received.output
}
