# How Proxmox is reached. The token comes from the castle's secrets; as an ephemeral variable it is in no plan and no
# state. Where Proxmox' certificate is of an authority of its own, name that in SSL_CERT_FILE: there is no `insecure` here.

variable "proxmox" {
  description = "Address of Proxmox' API, such as https://pve.example.org:8006."
  type        = object({ endpoint = string })
  validation {
    condition     = can(regex("^https://[^/]+/?$", var.proxmox.endpoint))
    error_message = "An https address without a path; the provider adds /api2/json itself."
  }
}

variable "proxmox_token_id" {
  description = "Token of the API: USER@REALM!NAME."
  type        = string
  ephemeral   = true
  validation {
    condition     = can(regex("^[^@\\s]+@[^!\\s]+![^=\\s]+$", var.proxmox_token_id))
    error_message = "PROXMOX_TOKEN_ID is not USER@REALM!NAME, such as phoenix@pve!castle."
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
  api_token = "${var.proxmox_token_id}=${var.proxmox_token_secret}"
}
