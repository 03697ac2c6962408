# What the load balancer of the castle needs in the API. In the nodeless box no MetalLB runs: the namespace, the
# address range and the IngressClass are real objects that nothing acts on there.

variable "cluster_id" {
  description = "Identity of the cluster: another one is applied to from the start."
  type        = string
}

variable "addresses" {
  description = "Range that the load balancer may give out."
  type        = string
  default     = "192.0.2.10-192.0.2.20"
}

locals {
  apply    = "sh '${path.module}/../kubectl/kubectl.sh' apply --server-side --force-conflicts --field-manager=phoenix-networking --filename=-"
  manifest = templatefile("${path.module}/networking.yaml", { addresses = var.addresses })
}

resource "terraform_data" "networking" {
  triggers_replace = [var.cluster_id, sha256(local.manifest)]

  provisioner "local-exec" {
    command     = "printf '%s' \"$MANIFEST\" | ${local.apply}"
    environment = { MANIFEST = local.manifest }
  }
}
