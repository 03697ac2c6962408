include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "../../../modules//engine"
}

locals {
  # A node with a kubelet, whose pods start: images are unpacked and probes asked, on the cores that the engine runs on.
  real = get_env("PHOENIX_BOX_NODE_KIND", "none") == "real"
}

dependency "platform" {
  config_path = "../platform"

  mock_outputs = {
    cluster_id = "not-made-yet"
  }
  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan"]
}

inputs = {
  cluster_id = dependency.platform.outputs.cluster_id
  crds       = [{ source = "${get_env("PHOENIX_BOX_ASSETS_EXTERNAL_SECRETS")}/crds/external-secrets.yaml" }]
  node       = get_env("PHOENIX_BOX_NODE", "node")
  timeout    = local.real ? "4m" : "90s"
}
