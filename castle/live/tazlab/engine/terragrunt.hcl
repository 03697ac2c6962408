include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "../../../modules//engine"
}

# What is mocked is read by validate and plan of a castle that is not there, never by an apply.
dependency "platform" {
  config_path = "../platform"

  mock_outputs = {
    cluster_id = "not-made-yet"
  }
  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan"]
}

inputs = {
  cluster_id = dependency.platform.outputs.cluster_id

  # Of the commit that the tag v0.20.4 names.
  crds = [{
    source = "https://raw.githubusercontent.com/external-secrets/external-secrets/9ee12d535a01dda40a1ea0c7d4fd5c545baa6dba/deploy/crds/bundle.yaml"
    sha256 = "db2c51e928f25dd9b43f583e61b3deeba3fbdfa6286768b8c92aef94f862b4e3"
  }]
  # Of the CRDs, and then of the first pod that the cluster runs: nodes join, their network comes up, its image is pulled.
  timeout = "4m"
}
