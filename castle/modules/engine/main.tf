# The namespaces that an identity is claimed into, and the External Secrets Operator that serves the claim. The claim
# itself (Secret, ClusterSecretStore, ExternalSecret) is made by Phoenix from RAM and never passes through OpenTofu.

locals {
  kubectl    = "sh '${path.module}/../kubectl/kubectl.sh'"
  apply      = "${local.kubectl} apply --server-side --force-conflicts --field-manager=phoenix-engine --filename=-"
  bundle     = "${var.crds}/crds/external-secrets.yaml"
  namespaces = file("${path.module}/namespaces.yaml")
  operator   = templatefile("${path.module}/operator.yaml", { image = var.image })
}

resource "terraform_data" "namespaces" {
  triggers_replace = [var.cluster_id, sha256(local.namespaces)]

  provisioner "local-exec" {
    command     = "printf '%s' \"$MANIFEST\" | ${local.apply}"
    environment = { MANIFEST = local.namespaces }
  }
}

# Most of the bundle is generators that a bootstrap has no use for, and the API server takes seconds to establish all
# of it.
resource "terraform_data" "crds" {
  triggers_replace = [var.cluster_id, filesha256(local.bundle), join(",", var.kinds)]

  provisioner "local-exec" {
    command = <<-EOT
      set -e
      "$ENGINE_NODE" '${path.module}/crds.mjs' '${local.bundle}' ${join(" ", var.kinds)} | ${local.apply}
      ${local.kubectl} wait --for=condition=Established --timeout=${var.timeout} ${join(" ", formatlist("crd/%s", var.kinds))}
    EOT
    environment = {
      ENGINE_NODE = var.node
    }
  }
}

# After the CRDs: a controller that starts before them looks for them again only every ten seconds.
resource "terraform_data" "operator" {
  triggers_replace = [var.cluster_id, sha256(local.operator)]
  depends_on       = [terraform_data.namespaces, terraform_data.crds]

  provisioner "local-exec" {
    command     = <<-EOT
      set -e
      printf '%s' "$MANIFEST" | ${local.apply}
      ${local.kubectl} rollout status deployment/external-secrets --namespace=external-secrets --timeout=${var.timeout}
    EOT
    environment = { MANIFEST = local.operator }
  }
}

output "cluster_id" {
  description = "The cluster that this layer was applied to, for the layers after it."
  value       = var.cluster_id
  depends_on  = [terraform_data.operator]
}
