include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "../../../modules//gitops"
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
  repository = get_env("PHOENIX_BOX_GIT")
  entry      = "./clusters/box"
  crds = [
    { source = "${get_env("PHOENIX_BOX_ASSETS_SOURCE_CONTROLLER")}/crds/source-controller.yaml" },
    { source = "${get_env("PHOENIX_BOX_ASSETS_KUSTOMIZE_CONTROLLER")}/crds/kustomize-controller.yaml" },
  ]
  node = get_env("PHOENIX_BOX_NODE", "node")

  # No cluster DNS on loopback: the artifacts are fetched from where the source-controller listens.
  storage_address = "$(BIND_ADDRESS):$(PORT_HTTP)"

  # Six Kustomizations on an API server of their own: asking every second costs nothing here.
  requeue_dependency = "1s"
}
