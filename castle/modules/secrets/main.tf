# Proves that the secrets which later layers will need are there and whole, before anything is built. All variables are
# ephemeral: OpenTofu itself refuses to write them into a plan or a state.

variable "proxmox_token_secret" {
  description = "Token secret of the Proxmox API."
  type        = string
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = length(trimspace(var.proxmox_token_secret)) > 0
    error_message = "PROXMOX_TOKEN_SECRET is empty: give it a value where the castle's secrets are kept."
  }
}

variable "database_password" {
  description = "Password of the databases' owner."
  type        = string
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = length(trimspace(var.database_password)) > 0
    error_message = "DATABASE_PASSWORD is empty: give it a value where the castle's secrets are kept."
  }
}

variable "s3_secret_key" {
  description = "Secret key of the backups' bucket."
  type        = string
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = length(trimspace(var.s3_secret_key)) > 0
    error_message = "S3_SECRET_KEY is empty: give it a value where the castle's secrets are kept."
  }
}

variable "console_pin" {
  description = "PIN of the machines' consoles."
  type        = string
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = length(var.console_pin) >= 6
    error_message = "CONSOLE_PIN is shorter than 6 characters: Phoenix does not mask so short a secret."
  }
}

variable "age_key_file" {
  description = "File with the age key that decrypts the castle's SOPS files."
  type        = string
  ephemeral   = true

  validation {
    condition     = can(regex("^AGE-SECRET-KEY-1", file(var.age_key_file)))
    error_message = "AGE_KEY is not an age key: it begins with AGE-SECRET-KEY-1."
  }
}

variable "talos_ca_key_file" {
  description = "File with the private key of the machines' authority."
  type        = string
  ephemeral   = true

  validation {
    condition     = can(regex("^-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----\n", file(var.talos_ca_key_file)))
    error_message = "TALOS_CA_KEY is not a private key in PEM with its line breaks."
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

locals {
  # Their names are all that is ever stored.
  names = [
    "PROXMOX_TOKEN_SECRET", "DATABASE_PASSWORD", "S3_SECRET_KEY", "CONSOLE_PIN", "AGE_KEY", "TALOS_CA_KEY", "REGISTRY_AUTH",
  ]
}

resource "terraform_data" "received" {
  input = local.names
}

output "received" {
  description = "Names of the secrets that reached this layer."
  value       = terraform_data.received.output
}
