terraform {
  required_version = ">= 1.11"
  required_providers {
    # Exactly the version that the tests run with; another one is another set of defaults and of words in errors.
    proxmox = {
      source  = "bpg/proxmox"
      version = "0.80.0"
    }
  }
}
