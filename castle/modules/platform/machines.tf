variable "castle" {
  description = "Name of the castle, and of its cluster."
  type        = string
}

variable "tag" {
  description = "`destroy.tag` of phoenix.yaml."
  type        = string
  default     = "phoenix"
}

variable "vmids" {
  description = "`destroy.vmids` of phoenix.yaml."
  type        = string
}

variable "node" {
  description = "The Proxmox node."
  type        = string
}

variable "machines" {
  description = "The machines by key: role (controlplane or worker), VM id, IPv4 address, cores, memory in MiB, disk in GiB; node where it is another one."
  type = map(object({
    role    = string
    vmid    = number
    address = string
    cores   = optional(number, 4)
    memory  = optional(number, 8192)
    disk    = optional(number, 40)
    node    = optional(string)
  }))
  validation {
    condition     = alltrue([for machine in var.machines : contains(["controlplane", "worker"], machine.role)])
    error_message = "A machine's role is controlplane or worker."
  }
  validation {
    condition     = contains([1, 3, 5], length([for machine in var.machines : machine if machine.role == "controlplane"]))
    error_message = "One, three or five control planes: etcd gains nothing from an even number."
  }
}

variable "network" {
  description = "What all machines share: length of the prefix, gateway, bridge, VLAN, resolvers."
  type = object({
    prefix    = number
    gateway   = string
    bridge    = optional(string, "vmbr0")
    vlan      = optional(number)
    resolvers = list(string)
  })
}

variable "source_of_disk" {
  description = "image = {url, sha512}, or template = VMID; see castle/modules/proxmox-vms."
  type = object({
    image    = optional(object({ url = string, sha512 = string }))
    template = optional(number)
  })
}

variable "storage" {
  description = "Storages of the disks, and of the image."
  type        = object({ disk = optional(string, "local-lvm"), image = optional(string, "local") })
  default     = {}
}

variable "agent" {
  description = "Whether the image has the guest agent."
  type        = bool
  default     = false
}

variable "timeouts" {
  description = "Seconds; see castle/modules/proxmox-vms."
  type        = object({ create = optional(number, 300), start = optional(number, 60), stop = optional(number, 60), agent = optional(number, 120) })
  default     = {}
}

module "machines" {
  source         = "../proxmox-vms"
  castle         = var.castle
  tag            = var.tag
  vmids          = var.vmids
  node           = var.node
  machines       = var.machines
  network        = var.network
  source_of_disk = var.source_of_disk
  storage        = var.storage
  agent          = var.agent
  timeouts       = var.timeouts
}

output "addresses" {
  description = "Addresses of the machines by key."
  value       = { for key, machine in module.machines.machines : key => machine.address }
}
