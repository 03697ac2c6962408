include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "../../../modules//networking"
}

locals {
  # Where the CRDs of MetalLB are; only a real node runs it.
  metallb = get_env("PHOENIX_BOX_METALLB", "")
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
  crds       = [for folder in compact([local.metallb]) : { source = "${folder}/crds/metallb-controller.yaml" }]
  addresses  = local.metallb == "" ? ["192.0.2.10-192.0.2.20"] : ["10.99.0.100-10.99.0.120"]
  node       = get_env("PHOENIX_BOX_NODE", "node")
  timeout    = "4m"
}
