include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "../../../modules//platform"
}

locals {
  castle = read_terragrunt_config(find_in_parent_folders("castle.hcl")).locals
}

# The order alone: no output of the secrets layer is read, for reading one costs a run of the engine.
dependencies {
  paths = ["../secrets"]
}

inputs = {
  castle           = local.castle.castle
  proxmox          = { endpoint = local.castle.proxmox.endpoint, token_id = local.castle.proxmox.token_id }
  node             = local.castle.proxmox.node
  vmids            = local.castle.proxmox.vmids
  tag              = local.castle.proxmox.tag
  storage          = local.castle.proxmox.storage
  network          = local.castle.network
  machines         = local.castle.machines
  vip              = local.castle.vip
  source_of_disk   = { image = local.castle.image }
  agent            = local.castle.agent
  talos            = { version = local.castle.talos, installer = local.castle.installer }
  kubernetes       = local.castle.kubernetes
  registry_mirrors = local.castle.registry_mirrors
  adopt            = local.castle.adopt
}
