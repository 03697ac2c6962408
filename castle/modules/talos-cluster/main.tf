# Talos on machines that wait for their configuration. Nothing of it is read at plan: a data source that asks the cluster
# (talos_cluster_health) hangs every plan, and every destroy, of a cluster that is down or grows.

locals {
  control_planes = { for key, machine in var.machines : key => machine if machine.role == "controlplane" }
  first          = local.control_planes[sort(keys(local.control_planes))[0]].address
  endpoint       = "https://${var.vip}:6443"
  addresses      = distinct(concat([var.vip], [for key in sort(keys(local.control_planes)) : local.control_planes[key].address]))
  seconds        = { for name, seconds in var.timeouts : name => "${seconds}s" }
  all_control    = length(local.control_planes) == length(var.machines)

  # Two lists of names in two certificates: machine.certSANs is for talosctl, cluster.apiServer.certSANs for kubectl. With
  # the VIP in one of them only, the other side refuses the cluster's own address.
  machine = {
    machine = {
      certSANs = local.addresses
      install  = { image = var.talos.installer, disk = "/dev/sda" }
      kubelet = var.longhorn ? {
        extraMounts = [{ source = "/var/lib/longhorn", destination = "/var/lib/longhorn", type = "bind", options = ["bind", "rshared", "rw"] }]
      } : null
    }
  }
  control_plane = {
    cluster = {
      apiServer                      = { certSANs = local.addresses }
      allowSchedulingOnControlPlanes = local.all_control
    }
  }
  # From 1.14 on Talos mounts /var with noexec, where Longhorn's engines cannot run; 1.12 refuses a configuration with `mount`.
  mounts_noexec = tonumber(split(".", var.talos.version)[1]) >= 14
  shared_documents = concat(
    [for registry, endpoints in var.registry_mirrors : { apiVersion = "v1alpha1", kind = "RegistryMirrorConfig", name = registry, endpoints = [for url in endpoints : { url = url }] }],
    var.longhorn && local.mounts_noexec ? [{ apiVersion = "v1alpha1", kind = "VolumeConfig", name = "EPHEMERAL", mount = { secure = false } }] : [],
  )
  # A VM has one network card, whatever the kernel calls it; its address is that of the cloud-init drive.
  vip_documents = [
    { apiVersion = "v1alpha1", kind = "LinkAliasConfig", name = "castle", selector = { match = "link.driver == \"virtio_net\"" } },
    { apiVersion = "v1alpha1", kind = "Layer2VIPConfig", name = var.vip, link = "castle" },
  ]
  # Terraform's `for` wants one type; documents of several kinds have none in common but text.
  documents = {
    worker       = [for document in local.shared_documents : yamlencode(document)]
    controlplane = [for document in concat(local.shared_documents, local.vip_documents) : yamlencode(document)]
  }
}

resource "talos_machine_secrets" "this" {
  talos_version = var.talos.version

  lifecycle {
    # The form that they were made in. To the provider another version, and every import, is an update that makes all of
    # them unknown to the plan; they stay the same.
    ignore_changes = [talos_version]
  }
}

data "talos_machine_configuration" "this" {
  for_each           = var.machines
  cluster_name       = var.name
  cluster_endpoint   = local.endpoint
  machine_type       = each.value.role
  machine_secrets    = talos_machine_secrets.this.machine_secrets
  talos_version      = var.talos.version
  kubernetes_version = var.kubernetes
  config_patches = concat(
    [yamlencode(local.machine)],
    each.value.role == "controlplane" ? [yamlencode(local.control_plane)] : [],
    [yamlencode({ apiVersion = "v1alpha1", kind = "HostnameConfig", hostname = each.value.name, auto = "off" })],
    local.documents[each.value.role],
    var.patches[each.value.role],
  )
}

data "talos_client_configuration" "this" {
  cluster_name         = var.name
  client_configuration = talos_machine_secrets.this.client_configuration
  endpoints            = slice(local.addresses, 1, length(local.addresses))
  nodes                = [for key in sort(keys(var.machines)) : var.machines[key].address]
}

resource "talos_machine_configuration_apply" "this" {
  for_each                    = var.machines
  node                        = each.value.address
  client_configuration        = talos_machine_secrets.this.client_configuration
  machine_configuration_input = data.talos_machine_configuration.this[each.key].machine_configuration
  timeouts                    = { create = local.seconds.apply, update = local.seconds.apply }
}

# Talos bootstraps etcd once in a cluster's life, and this provider asks again for all its time where that is done
# already: after a lost state it is imported (castle/modules/platform/adopt.tf).
resource "talos_machine_bootstrap" "this" {
  node                 = local.first
  client_configuration = talos_machine_secrets.this.client_configuration
  timeouts             = { create = local.seconds.bootstrap }
  depends_on           = [talos_machine_configuration_apply.this]
}

resource "talos_cluster_kubeconfig" "this" {
  node                 = local.first
  client_configuration = talos_machine_secrets.this.client_configuration
  timeouts             = { create = local.seconds.bootstrap, update = local.seconds.bootstrap }
  depends_on           = [talos_machine_bootstrap.this]
}

# The kubeconfig is there before its API server is. At apply only, and without a credential: an answer with a certificate
# of this cluster is enough for the layers after this one.
resource "terraform_data" "answers" {
  triggers_replace = [talos_machine_bootstrap.this.id, local.endpoint]

  provisioner "local-exec" {
    command = "sh '${path.module}/answers.sh'"
    environment = {
      ENDPOINT = local.endpoint
      WITHIN   = var.timeouts.answer
      # A certificate, which every client is shown.
      AUTHORITY = nonsensitive(talos_cluster_kubeconfig.this.kubernetes_client_configuration.ca_certificate)
    }
  }
}
