# How Proxmox is reached. The token's secret comes from the castle's secrets; as an ephemeral variable it is in no plan and no
# state. Where Proxmox' certificate is of an authority of its own, name that in SSL_CERT_FILE: there is no `insecure` here.

variable "proxmox" {
  description = "Proxmox' API: its address, such as https://pve.example.org:8006, and the token's name, USER@REALM!NAME."
  type        = object({ endpoint = string, token_id = string })
  validation {
    condition     = can(regex("^https://[^/]+/?$", var.proxmox.endpoint))
    error_message = "An https address without a path; the provider adds /api2/json itself."
  }
  validation {
    condition     = can(regex("^[^@\\s]+@[^!\\s]+![^=\\s]+$", var.proxmox.token_id))
    error_message = "The token's name is USER@REALM!NAME, without its secret."
  }
}

variable "proxmox_token_secret" {
  description = "The secret of that token."
  type        = string
  sensitive   = true
  ephemeral   = true
}

provider "proxmox" {
  endpoint  = var.proxmox.endpoint
  api_token = "${var.proxmox.token_id}=${var.proxmox_token_secret}"
}
