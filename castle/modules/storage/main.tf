# What stateful workloads ask storage of. In the nodeless box no Longhorn runs: the namespace and the StorageClass are
# real objects that nothing provisions from there.

variable "cluster_id" {
  description = "Identity of the cluster: another one is applied to from the start."
  type        = string
}

variable "replicas" {
  description = "Copies of a volume: never more than there are nodes, or no volume becomes ready."
  type        = number
  default     = 1
}

locals {
  apply    = "sh '${path.module}/../kubectl/kubectl.sh' apply --server-side --force-conflicts --field-manager=phoenix-storage --filename=-"
  manifest = templatefile("${path.module}/storage.yaml", { replicas = var.replicas })
}

resource "terraform_data" "storage" {
  triggers_replace = [var.cluster_id, sha256(local.manifest)]

  provisioner "local-exec" {
    command     = "printf '%s' \"$MANIFEST\" | ${local.apply}"
    environment = { MANIFEST = local.manifest }
  }
}
