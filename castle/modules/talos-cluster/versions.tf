terraform {
  required_version = ">= 1.11"
  required_providers {
    # The newest release when this was written. 0.12, with `talos_cluster`, whose bootstrap can be repeated, is an alpha.
    talos = {
      source  = "siderolabs/talos"
      version = "0.11.0"
    }
  }
}
