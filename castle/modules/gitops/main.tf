# Flux: the two controllers that a castle is pulled and applied by, what its tree is told about this castle, and the
# repository and path where they begin. The layer belongs after the claim (`claim: before: [gitops]` in phoenix.yaml):
# the Secret that opens the repository is what the claim brings, and a GitRepository that finds none backs off.
#
# Nothing here has a provisioner for its destruction: what was applied ends with the machines, and Flux would only fight
# its own end. `tofu destroy` only forgets it. What the tree makes outside the cluster (DNS names, devices of a tailnet,
# backups) is not this layer's and outlives it.

locals {
  apply = "sh '${path.module}/../manifest/apply.sh' phoenix-gitops"
  gate  = "\"$NODE\" '${path.module}/../gate/gate.mjs' \"$WITHIN\""
  names = [
    "buckets.source.toolkit.fluxcd.io",
    "externalartifacts.source.toolkit.fluxcd.io",
    "gitrepositories.source.toolkit.fluxcd.io",
    "helmcharts.source.toolkit.fluxcd.io",
    "helmrepositories.source.toolkit.fluxcd.io",
    "ocirepositories.source.toolkit.fluxcd.io",
    "kustomizations.kustomize.toolkit.fluxcd.io",
  ]
  # A local file changes under the same name.
  digests = [for crds in var.crds : crds.sha256 != null ? crds.sha256 : filesha256(crds.source)]
  controllers = templatefile("${path.module}/controllers.yaml", {
    storage_address    = var.storage_address
    requeue_dependency = var.requeue_dependency
    pull_secrets       = jsonencode([for name in compact([var.pull_secret]) : { name = name }])
  })
  vars = yamlencode({
    apiVersion = "v1"
    kind       = "ConfigMap"
    metadata   = { name = "cluster-vars", namespace = "flux-system" }
    data       = var.cluster_vars
  })
  sync = templatefile("${path.module}/sync.yaml", {
    repository = var.repository
    branch     = var.branch
    entry      = var.entry
  })
}

resource "terraform_data" "crds" {
  triggers_replace = [var.cluster_id, local.digests]

  provisioner "local-exec" {
    command = <<-EOT
      set -e
      ${local.apply}
      ${local.gate} "crd/$KINDS"
    EOT
    environment = {
      NODE             = var.node
      WITHIN           = var.timeout
      MANIFEST_SOURCES = jsonencode(var.crds)
      KINDS            = join(",", local.names)
    }
  }
}

# The sync objects go in with the controllers, which find them when they start; cluster-vars before them, since a
# Kustomization that substitutes from a ConfigMap that is not there fails.
resource "terraform_data" "flux" {
  triggers_replace = [var.cluster_id, sha256(local.controllers), sha256(local.vars), sha256(local.sync)]
  depends_on       = [terraform_data.crds]

  provisioner "local-exec" {
    command = <<-EOT
      set -e
      ${local.apply}
      ${local.gate} deployment/flux-system/source-controller deployment/flux-system/kustomize-controller
    EOT
    environment = {
      NODE     = var.node
      WITHIN   = var.timeout
      MANIFEST = join("\n---\n", [local.vars, local.controllers, local.sync])
    }
  }
}
