# What stateful workloads ask storage of: Longhorn, the StorageClass of the databases, and where backups go. The blog
# needs none of it, so nothing on its path depends on this layer.
#
# Nothing here has a provisioner for its destruction: what was applied, and every volume, ends with the machines and
# their disks; Longhorn's own uninstaller would wait for volumes that are in use. `tofu destroy` only forgets it. What is
# in the backups' bucket is meant to outlive the castle, and is left.

locals {
  apply = "sh '${path.module}/../manifest/apply.sh' phoenix-storage"
  gate  = "\"$NODE\" '${path.module}/../gate/gate.mjs' \"$WITHIN\""

  replicas = var.replicas != null ? var.replicas : min(3, var.nodes)
  class    = templatefile("${path.module}/class.yaml", { replicas = local.replicas })
  # In the nodeless box no Longhorn runs: the namespace and the StorageClass are real objects that nothing provisions
  # from.
  nodeless      = join("---\n", [file("${path.module}/namespace.yaml"), local.class])
  local         = templatefile("${path.module}/local.yaml", { volumes = var.volumes })
  base          = length(var.volumes) > 0 ? local.local : local.nodeless
  kustomization = templatefile("${path.module}/longhorn.yaml", { replicas = local.replicas })
  longhorn      = [for longhorn in [var.longhorn] : longhorn.sha256 != null ? longhorn.sha256 : filesha256(longhorn.source) if longhorn != null]

  backup = [for backup in [var.backup] : backup if backup != null]
  target = templatefile("${path.module}/target.yaml", {
    url    = one([for backup in local.backup : "s3://${backup.bucket}@${backup.region}/${backup.prefix}"])
    secret = length(local.backup) > 0 ? "longhorn-backup" : ""
  })
  credential = join("", [for backup in local.backup : templatefile("${path.module}/credential.yaml", backup)])
  objects    = join("---\n", [local.class, local.target])
}

resource "terraform_data" "storage" {
  count            = var.longhorn == null ? 1 : 0
  triggers_replace = [var.cluster_id, sha256(local.base)]

  provisioner "local-exec" {
    command     = local.apply
    environment = { MANIFEST = local.base }
  }
}

resource "terraform_data" "longhorn" {
  count            = length(local.longhorn)
  triggers_replace = [var.cluster_id, local.longhorn, sha256(local.kustomization)]

  provisioner "local-exec" {
    command = local.apply
    environment = {
      NODE             = var.node
      MANIFEST_SOURCES = jsonencode([var.longhorn])
      KUSTOMIZATION    = local.kustomization
    }
  }
}

# The bucket's keys come to the cluster by its own identity and never pass through OpenTofu. Asked for before the wait:
# they arrive while Longhorn starts.
resource "terraform_data" "credential" {
  count            = length(local.longhorn) * length(local.backup)
  triggers_replace = [var.cluster_id, sha256(local.credential)]
  depends_on       = [terraform_data.longhorn]

  provisioner "local-exec" {
    command     = local.apply
    environment = { MANIFEST = local.credential }
  }
}

# Longhorn writes its webhooks itself once it runs: before that a dry run would be admitted by nobody's word. So they are
# waited for by name, and then asked. The StorageClass follows, so that where it is, volumes can be had.
resource "terraform_data" "objects" {
  count            = length(local.longhorn)
  triggers_replace = [var.cluster_id, local.longhorn, sha256(local.objects)]
  depends_on       = [terraform_data.longhorn, terraform_data.credential]

  provisioner "local-exec" {
    command = <<-EOT
      ${local.gate} \
        crd/backuptargets.longhorn.io,settings.longhorn.io,volumes.longhorn.io \
        daemonset/longhorn-system/longhorn-manager \
        service/longhorn-system/longhorn-admission-webhook \
        webhook/longhorn-webhook-validator \
        deployment/longhorn-system/longhorn-driver-deployer
    EOT
    environment = {
      NODE         = var.node
      WITHIN       = var.timeout
      GATE_MANAGER = "phoenix-storage"
      GATE_OBJECTS = local.objects
    }
  }
}
