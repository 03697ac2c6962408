terraform {
  required_version = ">= 1.11"
  # Their versions stand with the modules that use them.
  required_providers {
    proxmox = { source = "bpg/proxmox" }
    talos   = { source = "siderolabs/talos" }
  }
}
