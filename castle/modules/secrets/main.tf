# Proves that the secrets which later layers will need are there, before anything is built.

variable "proxmox_token_secret" {
  description = "Token secret of the Proxmox API."
  type        = string
  sensitive   = true
  # Ephemeral: OpenTofu itself refuses to write it into a plan or a state.
  ephemeral = true

  validation {
    condition     = length(trimspace(var.proxmox_token_secret)) > 0
    error_message = "PROXMOX_TOKEN_SECRET is empty: give it a value where the castle's secrets are kept."
  }
}

# Its name is all that is ever stored.
resource "terraform_data" "received" {
  input = ["PROXMOX_TOKEN_SECRET"]
}

output "received" {
  description = "Names of the secrets that reached this layer."
  value       = terraform_data.received.output
}
