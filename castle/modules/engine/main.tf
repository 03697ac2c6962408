# The namespaces that an identity is claimed into, and the External Secrets Operator that serves the claim. The claim
# itself (Secret, ClusterSecretStore, ExternalSecret) is made by Phoenix from RAM and never passes through OpenTofu.
#
# Nothing here has a provisioner for its destruction: what was applied ends with the machines. To delete it through an
# API that is dying hangs on namespaces that stay Terminating while any APIService is unavailable. `tofu destroy` only
# forgets it. This layer leaves nothing outside the cluster.

locals {
  apply = "sh '${path.module}/../manifest/apply.sh' phoenix-engine"
  gate  = "\"$NODE\" '${path.module}/../gate/gate.mjs' \"$WITHIN\""
  # A local file changes under the same name.
  digests    = [for crds in var.crds : crds.sha256 != null ? crds.sha256 : filesha256(crds.source)]
  namespaces = file("${path.module}/namespaces.yaml")
  operator = templatefile("${path.module}/operator.yaml", {
    image        = var.image
    pull_secrets = jsonencode([for name in compact([var.pull_secret]) : { name = name }])
  })
}

resource "terraform_data" "namespaces" {
  triggers_replace = [var.cluster_id, sha256(local.namespaces)]

  provisioner "local-exec" {
    command     = local.apply
    environment = { MANIFEST = local.namespaces }
  }
}

# Most of the bundle is generators that a bootstrap has no use for, and the API server takes seconds to establish all
# of it.
resource "terraform_data" "crds" {
  triggers_replace = [var.cluster_id, local.digests, var.kinds]

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
      MANIFEST_CRDS    = join(" ", var.kinds)
      KINDS            = join(",", var.kinds)
    }
  }
}

# After the CRDs: a controller that starts before them looks for them again only every ten seconds.
resource "terraform_data" "operator" {
  triggers_replace = [var.cluster_id, sha256(local.operator)]
  depends_on       = [terraform_data.namespaces, terraform_data.crds]

  provisioner "local-exec" {
    command = <<-EOT
      set -e
      ${local.apply}
      ${local.gate} deployment/external-secrets/external-secrets
    EOT
    environment = {
      NODE     = var.node
      WITHIN   = var.timeout
      MANIFEST = local.operator
    }
  }
}

output "cluster_id" {
  description = "The cluster that this layer was applied to, for the layers after it."
  value       = var.cluster_id
  depends_on  = [terraform_data.operator]
}
