include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "../../../modules//gitops"
}

locals {
  castle = read_terragrunt_config(find_in_parent_folders("castle.hcl")).locals

  # Of the commits that the tags v1.7.2 name.
  source_controller    = "https://raw.githubusercontent.com/fluxcd/source-controller/7a5b948bc3933cf61e9e84d77cb250f7c6d4f966/config/crd/bases/source.toolkit.fluxcd.io"
  kustomize_controller = "https://raw.githubusercontent.com/fluxcd/kustomize-controller/6d1974dcf80fb16dd80e7d8e9a830be27a17173b/config/crd/bases/kustomize.toolkit.fluxcd.io"
  crds = {
    "${local.source_controller}_buckets.yaml"              = "4ba2e5ae1c2232ae25f6765a31b65545ae41508bb292a7cb105299e8a84c4e3d"
    "${local.source_controller}_externalartifacts.yaml"    = "f9bf7d234ad05e5699f70b2ce8ed2ce9387d0b8543cfa27b516bdd1551bbd059"
    "${local.source_controller}_gitrepositories.yaml"      = "2a30ef3e41278a09aecdb038b7bc6b12916d22698542356a53a4f019ad66f02b"
    "${local.source_controller}_helmcharts.yaml"           = "ab3d1123c8d6a1ed6e751f2de9c0895cc9c446b0e8b1411ce8b4976e8f078832"
    "${local.source_controller}_helmrepositories.yaml"     = "7f2f4a82937278be427dbd7dc389981384198118d375bca24ca7d4dfb5935398"
    "${local.source_controller}_ocirepositories.yaml"      = "bce4bf685d7549b1c35e8ffb843be37ebe851a5940f267c2aa1c7e1134758475"
    "${local.kustomize_controller}_kustomizations.yaml"    = "cdc8286a3c88ed441b486288416c7c3090cfeb0595ec2f15730cd3dac7be7f98"
  }
}

dependency "engine" {
  config_path = "../engine"

  mock_outputs = {
    cluster_id = "not-made-yet"
  }
  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan"]
}

inputs = {
  cluster_id   = dependency.engine.outputs.cluster_id
  repository   = local.castle.gitops.repository
  branch       = local.castle.gitops.branch
  entry        = local.castle.gitops.entry
  cluster_vars = local.castle.cluster_vars
  crds         = [for source, sha256 in local.crds : { source = source, sha256 = sha256 }]
  timeout      = "3m"
}
