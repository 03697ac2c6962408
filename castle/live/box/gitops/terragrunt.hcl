include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "../../../modules//gitops"
}

locals {
  # A node with a kubelet, whose pods start: images are unpacked and probes asked, on the cores that the engine runs on.
  real = get_env("PHOENIX_BOX_NODE_KIND", "none") == "real"

  # Where the pods of a real node find the backups' server, HOST:PORT, and the CA of its certificate.
  s3    = split(":", get_env("PHOENIX_BOX_S3", "192.0.2.1:443"))
  s3_ca = get_env("PHOENIX_BOX_S3_CA", "")

  # The bucket outlives the machine: once it has a backup, a castle is born again and no more for the first time. Of any
  # stanza: where the castle's own is not among them, that is to be told, and no empty database put in its place.
  kept  = length(fileset(get_env("PHOENIX_BOX_BUCKET", "/none"), "node/tazlab-db/repo1/backup/*/backup.info")) > 0
  birth = get_env("PHOENIX_BOX_DATABASE_BIRTH", local.kept ? "restored" : "first")
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
  entry      = get_env("PHOENIX_BOX_ENTRY", "./clusters/box")
  crds = [
    { source = "${get_env("PHOENIX_BOX_ASSETS_SOURCE_CONTROLLER")}/crds/source-controller.yaml" },
    { source = "${get_env("PHOENIX_BOX_ASSETS_KUSTOMIZE_CONTROLLER")}/crds/kustomize-controller.yaml" },
  ]
  node = get_env("PHOENIX_BOX_NODE", "node")

  # No cluster DNS on loopback: the artifacts are fetched from where the source-controller listens.
  storage_address = local.real ? "source-controller.$(RUNTIME_NAMESPACE).svc.cluster.local." : "$(BIND_ADDRESS):$(PORT_HTTP)"
  timeout         = local.real ? "4m" : "90s"

  # A dozen Kustomizations on an API server of their own: asking every second costs nothing here.
  requeue_dependency = "1s"

  # Names for documentation: nothing listens behind them, but for the database's backups on a real node.
  cluster_vars = merge({
    castle                = local.real ? "node" : "box"
    domain                = "box.invalid"
    blog_host             = "blog.box.invalid"
    load_balancer_address = local.real ? "10.99.0.100" : "192.0.2.10"
    backup_bucket         = "box-backups"
    backup_endpoint       = "s3.box.invalid"
    backup_region         = "eu-central-1"
    acme_server           = "https://acme.box.invalid/directory"
    acme_email            = "admin@box.invalid"
    }, {
    for name, value in {
      backup_address = local.s3[0]
      backup_port    = local.s3[1]
      backup_ca      = local.s3_ca == "" ? "" : filebase64(local.s3_ca)
      backup_stanza  = get_env("PHOENIX_BOX_STANZA", "db")
      blog_build     = get_env("PHOENIX_BOX_BLOG_BUILD", "unbuilt")
      database_birth = local.birth
      database_rows  = get_env("PHOENIX_BOX_DATABASE_ROWS", "20000")
    } : name => value if local.real
  })
}
