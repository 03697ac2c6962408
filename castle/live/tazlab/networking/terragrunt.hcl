include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "../../../modules//networking"
}

locals {
  castle = read_terragrunt_config(find_in_parent_folders("castle.hcl")).locals
}

dependency "engine" {
  config_path = "../engine"

  mock_outputs = {
    cluster_id = "not-made-yet"
  }
  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan"]
}

inputs = {
  cluster_id = dependency.engine.outputs.cluster_id
  addresses  = local.castle.load_balancer_addresses

  # The digest is that of the file in the Go module go.universe.tf/metallb of this release.
  metallb = {
    source = "https://raw.githubusercontent.com/metallb/metallb/v0.16.2/config/manifests/metallb-native.yaml"
    sha256 = "e5f7c268f114c446dc60aaad71b7cabf861f637743e033e354d7d48592807c6d"
  }
}
