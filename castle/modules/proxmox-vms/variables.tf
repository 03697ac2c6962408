variable "castle" {
  description = "Name of the castle. Its machines are called CASTLE-KEY, and carry it as a tag."
  type        = string
  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$", var.castle))
    error_message = "A castle's name is small letters, digits and hyphens, at most 32, for it is part of host names and a tag."
  }
}

variable "tag" {
  description = "Tag by which the castle's machines may be deleted: `destroy.tag` of phoenix.yaml."
  type        = string
  default     = "phoenix"
  validation {
    condition     = can(regex("^[a-z0-9_][a-z0-9_.+-]*$", var.tag))
    error_message = "A tag of Proxmox: small letters, digits, _ . + -"
  }
}

variable "vmids" {
  description = "VM ids that the castle may use: `destroy.vmids` of phoenix.yaml, such as 421-432."
  type        = string
  validation {
    condition     = can(regex("^[0-9]+(-[0-9]+)?(, ?[0-9]+(-[0-9]+)?)*$", var.vmids))
    error_message = "VM ids and ranges of them with commas between, such as 421-432."
  }
}

variable "node" {
  description = "The Proxmox node of every machine that does not name one."
  type        = string
}

variable "machines" {
  description = "The machines by key, such as cp-1: VM id, IPv4 address, cores, memory in MiB, disk in GiB; node where it is another one."
  type = map(object({
    vmid    = number
    address = string
    cores   = optional(number, 4)
    memory  = optional(number, 8192)
    disk    = optional(number, 40)
    node    = optional(string)
  }))
  validation {
    condition     = alltrue([for key in keys(var.machines) : can(regex("^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$", key))])
    error_message = "Keys are small letters, digits and hyphens, for they are part of host names."
  }
  validation {
    condition     = length(distinct(values(var.machines)[*].vmid)) == length(var.machines)
    error_message = "Two machines have the same VM id: ${join(", ", [for key, machine in var.machines : "${key} ${machine.vmid}"])}."
  }
  validation {
    condition     = length(distinct(values(var.machines)[*].address)) == length(var.machines)
    error_message = "Two machines have the same address: ${join(", ", [for key, machine in var.machines : "${key} ${machine.address}"])}."
  }
  validation {
    condition = alltrue([for machine in var.machines : anytrue([
      for range in split(",", replace(var.vmids, " ", "")) :
      machine.vmid >= tonumber(split("-", range)[0]) && machine.vmid <= tonumber(reverse(split("-", range))[0])
    ])])
    error_message = "Every VM id must lie within ${var.vmids}, or a destroy would leave its machine: ${join(", ", [for key, machine in var.machines : "${key} ${machine.vmid}"])}."
  }
  validation {
    condition     = alltrue([for machine in var.machines : can(regex("^[0-9.]+$", machine.address)) && can(cidrhost("${machine.address}/32", 0))])
    error_message = "Addresses are IPv4, without a prefix: that is the network's."
  }
  validation {
    condition     = alltrue([for machine in var.machines : machine.address != var.network.gateway])
    error_message = "A machine has the gateway's address, ${var.network.gateway}."
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
  validation {
    condition     = can(cidrhost("${var.network.gateway}/${var.network.prefix}", 0)) && length(var.network.resolvers) > 0
    error_message = "A prefix such as 24, the gateway's address, and at least one resolver."
  }
}

variable "source_of_disk" {
  description = "What the disks are made of, one of: an image that the node downloads and holds to its sha512; a template, by its VM id, that is cloned (linked: in a second, on the template's own storage)."
  type = object({
    image    = optional(object({ url = string, sha512 = string }))
    template = optional(number)
  })
  validation {
    condition     = (var.source_of_disk.image == null) != (var.source_of_disk.template == null)
    error_message = "Exactly one of image and template."
  }
  validation {
    condition     = var.source_of_disk.image == null ? true : can(regex("^[0-9a-f]{128}$", var.source_of_disk.image.sha512)) && can(regex("^https://.+\\.(qcow2|raw)$", var.source_of_disk.image.url))
    error_message = "The image is an https address that ends in .qcow2 or .raw, with the sha512 of what lies there (128 hexadecimal digits)."
  }
}

variable "storage" {
  description = "Storages: of the disks, and of the image (content `import`)."
  type        = object({ disk = optional(string, "local-lvm"), image = optional(string, "local") })
  default     = {}
}

variable "agent" {
  description = "Whether the image has the guest agent (Talos: the extension siderolabs/qemu-guest-agent). Said of one that has not, it costs its whole wait at every start."
  type        = bool
  default     = false
}

variable "timeouts" {
  description = "Seconds: to make or clone a machine, to start it, to stop it; and how long its agent may take to answer."
  type        = object({ create = optional(number, 300), start = optional(number, 60), stop = optional(number, 60), agent = optional(number, 120) })
  default     = {}
}
