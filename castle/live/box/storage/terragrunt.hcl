include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "../../../modules//storage"
}

locals {
  # A node with a kubelet, whose pods start: images are unpacked and probes asked, on the cores that the engine runs on.
  real = get_env("PHOENIX_BOX_NODE_KIND", "none") == "real"
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

  # What the platform has mounted in its node.
  volumes = {
    for name, size in { castle-0 = "1Gi", castle-1 = "64Mi", castle-2 = "64Mi", castle-3 = "64Mi", castle-4 = "64Mi" } :
    name => { node = "castle-node", path = "/var/phoenix/volumes/${name}", size = size } if local.real
  }
}
