# The load balancer of the castle: MetalLB, its address pool and the advertisement of it on the machines' own network,
# and the IngressClass of the castle.
#
# Nothing here has a provisioner for its destruction: what was applied ends with the machines, and an address that is
# announced by ARP is free as soon as nobody announces it. `tofu destroy` only forgets it. Names in DNS that point to such
# an address are not this layer's and outlive it.

locals {
  apply = "sh '${path.module}/../manifest/apply.sh' phoenix-networking"
  gate  = "\"$NODE\" '${path.module}/../gate/gate.mjs' \"$WITHIN\""

  class = file("${path.module}/class.yaml")
  # In the nodeless box no MetalLB runs, and none of its CRDs is there: the range is kept in a ConfigMap, a real object
  # that nothing acts on.
  range = templatefile("${path.module}/range.yaml", { addresses = join(",", var.addresses) })
  base  = length(local.sources) == 0 ? join("---\n", [local.range, local.class]) : local.class

  pool          = templatefile("${path.module}/pool.yaml", { addresses = jsonencode(var.addresses) })
  kustomization = file(var.metallb != null ? "${path.module}/metallb.yaml" : "${path.module}/metallb-controller.yaml")
  # The controller without speakers is this module's own, for upstream publishes them together.
  controller = [for crds in slice(var.crds, 0, min(1, length(var.crds))) : { source = "${path.module}/controller.yaml", sha256 = null }]
  sources    = var.metallb != null ? [var.metallb] : concat(var.crds, local.controller)
  metallb    = [for source in local.sources : source.sha256 != null ? source.sha256 : filesha256(source.source)]
}

resource "terraform_data" "networking" {
  triggers_replace = [var.cluster_id, sha256(local.base)]

  provisioner "local-exec" {
    command     = local.apply
    environment = { MANIFEST = local.base }
  }
}

resource "terraform_data" "metallb" {
  count            = min(1, length(local.sources))
  triggers_replace = [var.cluster_id, local.metallb, sha256(local.kustomization)]

  provisioner "local-exec" {
    command = local.apply
    environment = {
      NODE             = var.node
      MANIFEST_SOURCES = jsonencode(local.sources)
      KUSTOMIZATION    = local.kustomization
    }
  }
}

# MetalLB's webhook judges the pool, and the API server refuses what it cannot ask about. A pod that is Running, even an
# endpoint that is ready, is no answer yet: its certificate comes later. So the last condition is a dry run of the pool
# itself. The speakers are not waited for: the pool needs none.
resource "terraform_data" "pool" {
  count            = min(1, length(local.sources))
  triggers_replace = [var.cluster_id, local.metallb, sha256(local.pool)]
  depends_on       = [terraform_data.metallb]

  provisioner "local-exec" {
    command = <<-EOT
      ${local.gate} \
        crd/ipaddresspools.metallb.io,l2advertisements.metallb.io \
        deployment/metallb-system/controller \
        service/metallb-system/metallb-webhook-service
    EOT
    environment = {
      NODE         = var.node
      WITHIN       = var.timeout
      GATE_MANAGER = "phoenix-networking"
      GATE_OBJECTS = local.pool
    }
  }
}
