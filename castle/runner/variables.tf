variable "node" {
  description = "The Proxmox node that carries the runner host."
  type        = string
}

variable "vmid" {
  description = "VM id of the runner host; outside the range that the castle may delete."
  type        = number
  validation {
    condition     = var.vmid >= 100 && floor(var.vmid) == var.vmid
    error_message = "A VM id is a whole number from 100 up."
  }
}

variable "name" {
  description = "Host name; the runners are named after it."
  type        = string
  default     = "phoenix-runner"
  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$", var.name))
    error_message = "A host name of small letters, digits and hyphens, at most 32."
  }
}

variable "tag" {
  description = "Tag of the VM; not the one that the castle deletes by."
  type        = string
  default     = "phoenix-runner"
}

variable "castle" {
  description = "What the castle may delete: `destroy.vmids` and `destroy.tag` of phoenix.yaml. The module refuses to make the runner host within it."
  type        = object({ vmids = string, tag = string })
}

variable "network" {
  description = "Static address with its prefix, gateway, bridge, and the resolvers that are asked."
  type = object({
    address   = string
    gateway   = string
    bridge    = optional(string, "vmbr0")
    vlan      = optional(number)
    resolvers = list(string)
  })
  validation {
    condition     = can(cidrhost(var.network.address, 0)) && length(var.network.resolvers) > 0 && alltrue([for resolver in var.network.resolvers : can(regex("^[0-9.]+$", resolver))])
    error_message = "An address with its prefix, such as 10.0.0.20/24, and at least one resolver by its IPv4 address."
  }
}

variable "size" {
  description = "Cores, memory in MiB and disk in GiB."
  type        = object({ cores = optional(number, 4), memory = optional(number, 8192), disk = optional(number, 40) })
  default     = {}
}

variable "storage" {
  description = "Storages: of the disk, and of the image (content `import`)."
  type        = object({ disk = optional(string, "local-lvm"), image = optional(string, "local") })
  default     = {}
}

variable "image" {
  description = "A Debian cloud image (qcow2), downloaded by the node and held to its digest."
  type        = object({ url = string, sha512 = string })
  validation {
    condition     = can(regex("^[0-9a-f]{128}$", var.image.sha512)) && startswith(var.image.url, "https://")
    error_message = "An https address, and the sha512 that its publisher states for it."
  }
}

variable "snippet" {
  description = "Volume of the user-data, such as local:snippets/NAME.yaml, with NAME from the output `snippet`; empty: not there yet, and no VM is made."
  type        = string
  default     = ""
}

variable "ssh" {
  description = "Who may log in for maintenance, and from where. Without a key nobody can."
  type        = object({ keys = optional(list(string), []), from = optional(list(string), []) })
  default     = {}
}

variable "instances" {
  description = "How many jobs run side by side."
  type        = number
  default     = 2
  validation {
    condition     = var.instances >= 1 && var.instances <= 16 && floor(var.instances) == var.instances
    error_message = "A whole number from 1 to 16."
  }
}

variable "runner" {
  description = "GitHub's runner: version, and the sha256 of its linux-x64 archive as the release page states it."
  type        = object({ version = string, sha256 = string })
  validation {
    condition     = can(regex("^2\\.(33[6-9]|3[4-9][0-9]|[4-9][0-9]{2})\\.[0-9]+$", var.runner.version)) && can(regex("^[0-9a-f]{64}$", var.runner.sha256))
    error_message = "A version from 2.336.0 up, for `uses: $/` needs that, and a sha256 of 64 hexadecimal digits."
  }
}

variable "github" {
  description = "The GitHub App: its client id, the installation, and where runners are registered: orgs/NAME, or repos/OWNER/NAME."
  type = object({
    api          = optional(string, "https://api.github.com")
    client_id    = string
    installation = number
    scope        = string
    group        = optional(number, 1)
    labels       = optional(list(string), ["proxmox"])
  })
  validation {
    condition     = can(regex("^(orgs/[A-Za-z0-9-]+|repos/[A-Za-z0-9-]+/[A-Za-z0-9._-]+)$", var.github.scope)) && startswith(var.github.api, "https://")
    error_message = "A scope orgs/NAME or repos/OWNER/NAME, and an https address."
  }
}

variable "source_of_key" {
  description = "Where the key of the GitHub App is read before each job: one of infisical and vault."
  type = object({
    infisical = optional(object({ host = string, project_id = string, environment = string, path = optional(string, "/"), secret = string }))
    vault     = optional(object({ address = string, path = string, field = string }))
  })
  validation {
    condition     = (var.source_of_key.infisical == null) != (var.source_of_key.vault == null)
    error_message = "Exactly one of infisical and vault."
  }
}

variable "egress" {
  description = "What the host may reach by name (the domain and all below it, port 443): `domains`, and those of your castle, `more`; by address (any port of TCP), and its clocks."
  type = object({
    domains   = optional(list(string), ["github.com", "githubusercontent.com", "blob.core.windows.net", "debian.org", "registry.opentofu.org", "dl.k8s.io"])
    more      = optional(list(string), [])
    addresses = optional(list(string), [])
    clocks    = list(string)
  })
  validation {
    condition     = alltrue([for address in concat(var.egress.clocks, var.egress.addresses) : can(regex("^[0-9./]+$", address))])
    error_message = "Clocks and addresses are IPv4 addresses (addresses also with a prefix); names go into domains."
  }
}

variable "actions" {
  description = "Actions whose archives lie on the host, OWNER/REPO@COMMIT: the runner would download each of them for each job."
  type        = list(string)
  default     = ["actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8"]
  validation {
    condition     = alltrue([for action in var.actions : can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+@[0-9a-f]{40}$", action))])
    error_message = "Actions as OWNER/REPO@COMMIT, with the full commit."
  }
}
