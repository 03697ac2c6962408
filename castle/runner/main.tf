locals {
  ranges = [
    for range in split(",", replace(var.castle.vmids, " ", "")) :
    { first = tonumber(split("-", range)[0]), last = tonumber(reverse(split("-", range))[0]) }
  ]
  doomed = anytrue([for range in local.ranges : var.vmid >= range.first && var.vmid <= range.last])

  # The host of each server that is asked besides those by name.
  key_host = split("/", try(var.source_of_key.infisical.host, var.source_of_key.vault.address))[2]
  api_host = split("/", var.github.api)[2]
  domains  = distinct(concat(var.egress.domains, var.egress.more, [split(":", local.key_host)[0], local.api_host]))

  settings = merge(
    {
      GITHUB_API          = var.github.api
      GITHUB_CLIENT_ID    = var.github.client_id
      GITHUB_INSTALLATION = var.github.installation
      GITHUB_SCOPE        = var.github.scope
      RUNNER_GROUP        = var.github.group
      RUNNER_LABELS       = join(",", concat(["self-hosted", "linux", "x64"], var.github.labels))
    },
    var.source_of_key.infisical == null ? {} : {
      KEY_SOURCE            = "infisical"
      INFISICAL_HOST        = var.source_of_key.infisical.host
      INFISICAL_PROJECT     = var.source_of_key.infisical.project_id
      INFISICAL_ENVIRONMENT = var.source_of_key.infisical.environment
      INFISICAL_PATH        = var.source_of_key.infisical.path
      INFISICAL_SECRET      = var.source_of_key.infisical.secret
    },
    var.source_of_key.vault == null ? {} : {
      KEY_SOURCE  = "vault"
      VAULT_ADDR  = var.source_of_key.vault.address
      VAULT_PATH  = var.source_of_key.vault.path
      VAULT_FIELD = var.source_of_key.vault.field
    },
  )

  user_data = templatefile("${path.module}/cloud-init.yaml.tftpl", {
    name      = var.name
    ssh_keys  = var.ssh.keys
    instances = range(1, var.instances + 1)
    runner    = var.runner
    actions = [
      for action in var.actions :
      { repository = split("@", action)[0], commit = split("@", action)[1], folder = replace(split("@", action)[0], "/", "_") }
    ]
    files = {
      "/etc/phoenix-runner/vm.json"                       = [jsonencode({ vmid = var.vmid, tags = [var.tag], node = var.node }), "0644"]
      "/etc/phoenix-runner/runner.env"                    = [join("", [for key, value in local.settings : "${key}=${value}\n"]), "0644"]
      "/usr/local/lib/phoenix-runner/jit"                 = [file("${path.module}/files/jit"), "0755"]
      "/usr/local/lib/phoenix-runner/start"               = [file("${path.module}/files/start"), "0755"]
      "/usr/local/lib/phoenix-runner/sweep"               = [file("${path.module}/files/sweep"), "0755"]
      "/usr/local/sbin/phoenix-runner-enrol"              = [file("${path.module}/files/enrol"), "0755"]
      "/etc/systemd/system/phoenix-runner@.service"       = [file("${path.module}/files/phoenix-runner@.service"), "0644"]
      "/etc/systemd/system/phoenix-runner-jit@.service"   = [file("${path.module}/files/phoenix-runner-jit@.service"), "0644"]
      "/etc/systemd/system/phoenix-runner-egress.service" = [file("${path.module}/files/phoenix-runner-egress.service"), "0644"]
      "/etc/phoenix-runner/egress.nft"                    = [local.rules, "0644"]
      "/etc/dnsmasq.d/phoenix-runner.conf"                = [local.resolver, "0644"]
      "/etc/chrony/sources.d/phoenix-runner.sources"      = [join("", [for clock in var.egress.clocks : "server ${clock} iburst\n"]), "0644"]
    }
  })
  rules = templatefile("${path.module}/egress.nft.tftpl", {
    resolvers = var.network.resolvers
    clocks    = var.egress.clocks
    addresses = var.egress.addresses
    ssh_from  = var.ssh.from
  })
  resolver = templatefile("${path.module}/resolver.conf.tftpl", {
    domains   = local.domains
    resolvers = var.network.resolvers
  })

  # The name tells the content: a snippet that is there is the one that was rendered, and another one is another VM.
  snippet = "${var.name}-${substr(sha256(local.user_data), 0, 12)}.yaml"
}

resource "proxmox_virtual_environment_download_file" "image" {
  count              = var.snippet == "" ? 0 : 1
  node_name          = var.node
  datastore_id       = var.storage.image
  content_type       = "import"
  file_name          = "${var.name}-${substr(var.image.sha512, 0, 12)}.qcow2"
  url                = var.image.url
  checksum           = var.image.sha512
  checksum_algorithm = "sha512"
}

# Cattle: another user-data is another machine, for cloud-init reads it once.
resource "terraform_data" "user_data" {
  input = sha256(local.user_data)
}

resource "proxmox_virtual_environment_vm" "runner" {
  count     = var.snippet == "" ? 0 : 1
  node_name = var.node
  vm_id     = var.vmid
  name      = var.name
  tags      = [var.tag]

  description     = "GitHub runners of Phoenix. Made by castle/runner; no castle may delete it."
  on_boot         = true
  stop_on_destroy = true
  scsi_hardware   = "virtio-scsi-single"
  timeout_create  = 600
  # A start that says OK while the VM stays off would else be waited for half an hour.
  timeout_start_vm = 300

  agent {
    enabled = true
    timeout = "5m"
  }
  cpu {
    cores = var.size.cores
    type  = "host"
  }
  memory {
    dedicated = var.size.memory
  }
  disk {
    datastore_id = var.storage.disk
    interface    = "scsi0"
    import_from  = proxmox_virtual_environment_download_file.image[0].id
    size         = var.size.disk
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
  initialization {
    datastore_id      = var.storage.disk
    user_data_file_id = var.snippet
    ip_config {
      ipv4 {
        address = var.network.address
        gateway = var.network.gateway
      }
    }
    # The first boot installs packages before the host's own resolver takes over.
    dns {
      servers = var.network.resolvers
    }
  }

  lifecycle {
    replace_triggered_by = [terraform_data.user_data]
    precondition {
      condition     = !local.doomed && var.tag != var.castle.tag
      error_message = "VM ${var.vmid} with the tag ${var.tag} lies within what the castle may delete (${var.castle.vmids}, ${var.castle.tag}): a rebirth would delete the machine it runs on."
    }
    precondition {
      condition     = endswith(var.snippet, ":snippets/${local.snippet}")
      error_message = "The snippet ${var.snippet} is not the user-data of these variables: that is ${local.snippet}. Put the output user_data there under that name."
    }
  }
}
