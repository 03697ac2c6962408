# Flux: the two controllers that a castle is pulled and applied by, and the repository and path where they begin.

locals {
  kubectl = "sh '${path.module}/../kubectl/kubectl.sh'"
  apply   = "${local.kubectl} apply --server-side --force-conflicts --field-manager=phoenix-gitops"
  names = [
    "buckets.source.toolkit.fluxcd.io",
    "externalartifacts.source.toolkit.fluxcd.io",
    "gitrepositories.source.toolkit.fluxcd.io",
    "helmcharts.source.toolkit.fluxcd.io",
    "helmrepositories.source.toolkit.fluxcd.io",
    "ocirepositories.source.toolkit.fluxcd.io",
    "kustomizations.kustomize.toolkit.fluxcd.io",
  ]
  controllers = templatefile("${path.module}/controllers.yaml", {
    storage_address    = var.storage_address
    requeue_dependency = var.requeue_dependency
  })
  sync = templatefile("${path.module}/sync.yaml", {
    repository = var.repository
    branch     = var.branch
    entry      = var.entry
  })
}

resource "terraform_data" "crds" {
  triggers_replace = [
    var.cluster_id,
    [for folder in var.crds : [for file in fileset(folder, "crds/*.yaml") : filesha256("${folder}/${file}")]],
  ]

  provisioner "local-exec" {
    command = <<-EOT
      set -e
      ${local.apply} ${join(" ", formatlist("--filename='%s/crds'", var.crds))}
      ${local.kubectl} wait --for=condition=Established --timeout=${var.timeout} ${join(" ", formatlist("crd/%s", local.names))}
    EOT
  }
}

# The sync objects go in with the controllers, which find them when they start.
resource "terraform_data" "flux" {
  triggers_replace = [var.cluster_id, sha256(local.controllers), sha256(local.sync)]
  depends_on       = [terraform_data.crds]

  provisioner "local-exec" {
    command     = <<-EOT
      set -e
      printf '%s' "$MANIFEST" | ${local.apply} --filename=-
      ${local.kubectl} rollout status deployment/source-controller --namespace=flux-system --timeout=${var.timeout}
      ${local.kubectl} rollout status deployment/kustomize-controller --namespace=flux-system --timeout=${var.timeout}
    EOT
    environment = { MANIFEST = join("\n---\n", [local.controllers, local.sync]) }
  }
}
