include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "../../../modules//storage"
}

locals {
  castle = read_terragrunt_config(find_in_parent_folders("castle.hcl")).locals
}

# On the engine alone, whose operator brings the bucket's keys: nothing of the blog's path waits for Longhorn, and
# Longhorn for nothing of it.
dependency "engine" {
  config_path = "../engine"

  mock_outputs = {
    cluster_id = "not-made-yet"
  }
  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan"]
}

inputs = {
  cluster_id = dependency.engine.outputs.cluster_id
  nodes      = local.castle.storage.nodes
  replicas   = local.castle.storage.replicas
  backup     = local.castle.storage.backup

  # Of the commit that the tag v1.12.1 names.
  longhorn = {
    source = "https://raw.githubusercontent.com/longhorn/longhorn/f349c091c50700cb6cb8a4df8aaa29ea214bdd48/deploy/longhorn.yaml"
    sha256 = "41648963af867ac1d0c85755fb53cf61cacd57c9bb22e1942e3fb0439eeb04fd"
  }
}
