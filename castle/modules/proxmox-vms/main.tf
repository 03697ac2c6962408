# The castle's VMs, and nothing but them: what runs in them is another module's.

locals {
  nodes = { for key, machine in var.machines : key => coalesce(machine.node, var.node) }
  image = var.source_of_disk.image
}

resource "proxmox_virtual_environment_download_file" "image" {
  for_each           = local.image == null ? toset([]) : toset(values(local.nodes))
  node_name          = each.value
  datastore_id       = var.storage.image
  content_type       = "import"
  url                = local.image.url
  checksum           = local.image.sha512
  checksum_algorithm = "sha512"
  # The name tells the content, so another image never overwrites the one that disks were made of.
  file_name = "${var.castle}-${substr(local.image.sha512, 0, 12)}.${reverse(split(".", local.image.url))[0]}"
  # So what lies there needs no look at where it came from at every plan; and where the state was lost or dropped, it is
  # downloaded again instead of being in the way. (The provider does not wait for the old one's end: where Proxmox is
  # slower, that download is refused with a 500, and the layer's retry passes.)
  overwrite           = false
  overwrite_unmanaged = true
}

resource "proxmox_virtual_environment_vm" "machine" {
  for_each  = var.machines
  node_name = local.nodes[each.key]
  vm_id     = each.value.vmid
  name      = "${var.castle}-${each.key}"
  # Proxmox shows them sorted.
  tags = sort(distinct([var.tag, var.castle]))

  description     = "A machine of the castle ${var.castle}, made by Phoenix."
  on_boot         = true
  stop_on_destroy = true
  scsi_hardware   = "virtio-scsi-single"
  # All at once, which etcd does not survive; and a machine that is adopted would be rebooted for settings of the
  # provider alone. What needs a reboot waits for one.
  reboot_after_update = false

  # The provider's own are half an hour each: a VM that says it started and did not would be waited for that long.
  timeout_create      = var.timeouts.create
  timeout_clone       = var.timeouts.create
  timeout_start_vm    = var.timeouts.start
  timeout_stop_vm     = var.timeouts.stop
  timeout_shutdown_vm = var.timeouts.stop

  dynamic "clone" {
    for_each = var.source_of_disk.template == null ? [] : [var.source_of_disk.template]
    content {
      vm_id = clone.value
      full  = false
    }
  }
  agent {
    enabled = var.agent
    timeout = "${var.timeouts.agent}s"
  }
  cpu {
    cores = each.value.cores
    type  = "host"
  }
  memory {
    dedicated = each.value.memory
  }
  disk {
    datastore_id = var.storage.disk
    interface    = "scsi0"
    import_from  = local.image == null ? null : proxmox_virtual_environment_download_file.image[local.nodes[each.key]].id
    size         = each.value.disk
    discard      = "on"
    iothread     = true
  }
  network_device {
    bridge  = var.network.bridge
    vlan_id = var.network.vlan
  }
  operating_system {
    type = "l26"
  }
  serial_device {}
  # The drive of cloud-init: Talos' nocloud image reads its address there, before it has any configuration.
  initialization {
    datastore_id = var.storage.disk
    ip_config {
      ipv4 {
        address = "${each.value.address}/${var.network.prefix}"
        gateway = var.network.gateway
      }
    }
    dns {
      servers = var.network.resolvers
    }
  }

  lifecycle {
    # What a disk was once made of. Another template or image is for machines that are yet to be made; and a machine that
    # was adopted does not know what it was made of.
    ignore_changes = [clone, disk[0].import_from]
    postcondition {
      condition     = !var.agent || length(flatten(self.ipv4_addresses)) > 0
      error_message = "VM ${self.vm_id} (${self.name}) has no guest agent that answers within ${var.timeouts.agent} s. Use a Talos image whose schematic has siderolabs/qemu-guest-agent, or set `agent = false`."
    }
  }
}
