variable "vip" {
  description = "The address, shared by the control planes, at which the API server answers. No machine has it, and no DHCP gives it."
  type        = string
  validation {
    condition     = can(cidrhost("${var.vip}/32", 0)) && alltrue([for machine in var.machines : machine.address != var.vip]) && var.vip != var.network.gateway
    error_message = "An IPv4 address that is neither a machine's nor the gateway's."
  }
  validation {
    condition     = cidrhost("${var.vip}/${var.network.prefix}", 0) == cidrhost("${var.network.gateway}/${var.network.prefix}", 0)
    error_message = "The address must be of the machines' own network, ${cidrhost("${var.network.gateway}/${var.network.prefix}", 0)}/${var.network.prefix}: it is announced on their link."
  }
}

variable "talos" {
  description = "Version of Talos that the image or template has, and the installer image of its schematic; see castle/modules/talos-cluster."
  type        = object({ version = string, installer = string })
}

variable "kubernetes" {
  description = "Version of Kubernetes, such as 1.34.1."
  type        = string
}

variable "longhorn" {
  description = "Whether Longhorn keeps its volumes on these machines."
  type        = bool
  default     = true
}

variable "registry_mirrors" {
  description = "Mirrors by registry."
  type        = map(list(string))
  default     = {}
}

variable "patches" {
  description = "More patches of the machines' configuration, in YAML, by role."
  type        = object({ controlplane = optional(list(string), []), worker = optional(list(string), []) })
  default     = {}
}

variable "machine_secrets_file" {
  description = "File with the cluster's secrets, as `talosctl gen secrets` writes it; empty: they are made, and kept in the state alone. Only with such a file can a cluster be adopted whose state is lost."
  type        = string
  default     = ""
  validation {
    condition     = var.machine_secrets_file == "" || can(yamldecode(file(var.machine_secrets_file)).certs.os.key)
    error_message = "MACHINE_SECRETS is not what `talosctl gen secrets` writes: YAML with `certs.os.key`."
  }
  validation {
    condition     = var.machine_secrets_file != "" || length(var.adopt) == 0
    error_message = "`adopt` without MACHINE_SECRETS: new secrets would be made, and the machines that stand would take no configuration of a stranger."
  }
}

# Read once, when the state has none; another file later changes nothing.
import {
  for_each = var.machine_secrets_file == "" ? toset([]) : toset([var.machine_secrets_file])
  to       = module.cluster.talos_machine_secrets.this
  id       = each.value
}

# A cluster of which a control plane is adopted was bootstrapped long ago; one that lost them all was not.
import {
  for_each = toset(anytrue([for key in keys(var.adopt) : try(var.machines[key].role, "") == "controlplane"]) ? ["machine_bootstrap"] : [])
  to       = module.cluster.talos_machine_bootstrap.this
  id       = each.value
}

module "cluster" {
  source           = "../talos-cluster"
  name             = var.castle
  vip              = var.vip
  machines         = { for key, machine in module.machines.machines : key => merge(machine, { role = var.machines[key].role }) }
  talos            = var.talos
  kubernetes       = var.kubernetes
  longhorn         = var.longhorn
  registry_mirrors = var.registry_mirrors
  patches          = var.patches
}

output "kubeconfig" {
  description = "Administrator's kubeconfig, with its key: the state that keeps it must be encrypted."
  value       = module.cluster.kubeconfig
  sensitive   = true
}

output "talosconfig" {
  description = "Administrator's talosconfig, with its key."
  value       = module.cluster.talosconfig
  sensitive   = true
}

output "cluster_id" {
  description = "New with every cluster: what was applied to another one is applied anew."
  value       = module.cluster.cluster_id
}

output "endpoint" {
  description = "Address of the API server."
  value       = module.cluster.endpoint
}
