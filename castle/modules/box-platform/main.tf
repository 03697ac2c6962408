# The machine of the box. Where the Proxmox castle clones VMs, this layer asks the host process of the rehearsal, over
# its unix socket, for a control plane on loopback.

variable "socket" {
  description = "Unix socket of the box's host process."
  type        = string
}

variable "node" {
  description = "The node executable that runs host.mjs."
  type        = string
  default     = "node"
}

variable "port" {
  description = "Port of the API server; 0 takes any free one."
  type        = number
  default     = 0
}

resource "terraform_data" "machine" {
  input = {
    socket = var.socket
    node   = var.node
  }
  # Another box is another machine, whatever an older state says.
  triggers_replace = [var.socket]

  provisioner "local-exec" {
    command = "\"$BOX_NODE\" '${path.module}/host.mjs' create"
    environment = {
      BOX_NODE     = self.input.node
      BOX_SOCKET   = self.input.socket
      MACHINE_ID   = self.id
      MACHINE_PORT = var.port
    }
  }

  provisioner "local-exec" {
    when    = destroy
    command = "\"$BOX_NODE\" '${path.module}/host.mjs' delete"
    environment = {
      BOX_NODE   = self.input.node
      BOX_SOCKET = self.input.socket
    }
  }
}

locals {
  # Unknown until the machine is made, so that this is read only when it is there.
  kubeconfig = file("${dirname(var.socket)}/machines/${terraform_data.machine.id}/kubeconfig")
}

output "kubeconfig" {
  description = "Administrator's kubeconfig, with its key: the state that keeps it must be encrypted."
  value       = local.kubeconfig
  sensitive   = true
}

output "server" {
  description = "Address of the API server."
  value       = yamldecode(local.kubeconfig).clusters[0].cluster.server
}

output "cluster_id" {
  description = "New with every machine: what was applied to another one is applied anew."
  value       = terraform_data.machine.id
}
